/**
 * What the receiver tells about segments behind a gap: RFC 2018, and about what came twice: RFC 2883 (Linux `selective_acks`,
 * `duplicate_sack`).
 *
 * `sk.sackEdges` holds pairs of edges, int32: the D-SACK block first, then up to four blocks, the one that changed last in front. So
 * an option is written from one run of the array, with or without the D-SACK block.
 * @module
 */
import { accecnOptionLength, TCPOLEN_SACK_BASE_ALIGNED, TCPOLEN_SACK_PERBLOCK, writeSack } from '../write.ts';
import type { AccEcn } from './accecn.ts';
import { optionFields, wantsOption, writeOption } from './accecn-option.ts';
import { flushCompressed } from './comp-sack.ts';
import type { TcpSock } from './tcb.ts';

/** Blocks that are remembered. */
const TCP_NUM_SACKS = 4;
/** Blocks that fit into every ACK, and reach the peer although others are lost (Linux `TCP_SACK_BLOCKS_EXPECTED`). */
const SURE = 2;
/** Index of the first block behind the D-SACK block's two edges. */
const BLOCKS = 2;
/** Bytes of a header with all the options it can have. */
const MAX_HEADER = 60;

function edgesOf(sk: TcpSock): Int32Array {
  sk.sackEdges ??= new Int32Array(BLOCKS + TCP_NUM_SACKS * 2);
  return sk.sackEdges;
}

function before(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

/** Lets the block at index `at` take in `[seq, endSeq)`. False, and nothing changed, where there is a gap between both. */
function extend(edges: Int32Array, at: number, seq: number, endSeq: number): boolean {
  const start = edges[at] as number;
  const end = edges[at + 1] as number;
  if (before(end, seq) || before(endSeq, start)) return false;
  if (before(seq, start)) edges[at] = seq;
  if (before(end, endSeq)) edges[at + 1] = endSeq;
  return true;
}

/** Puts a block in front, those up to index `last` move back by one. */
function toFront(edges: Int32Array, last: number, start: number, end: number): void {
  edges.copyWithin(BLOCKS + 2, BLOCKS, last);
  edges[BLOCKS] = start;
  edges[BLOCKS + 1] = end;
}

function removeBlock(sk: TcpSock, edges: Int32Array, at: number): void {
  edges.copyWithin(at, at + 2, BLOCKS + sk.numSacks * 2);
  sk.numSacks--;
}

/** `[seq, endSeq)` arrived behind a gap: the block with it goes in front (RFC 2018 §4). */
export function sackNewOfo(now: number, sk: TcpSock, seq: number, endSeq: number): void {
  const edges = edgesOf(sk);
  const stop = BLOCKS + sk.numSacks * 2;
  for (let at = BLOCKS; at < stop; at += 2) {
    if (!extend(edges, at, seq, endSeq)) continue;
    if (at >= BLOCKS + SURE * 2) flushCompressed(now, sk);
    toFront(edges, at, edges[at] as number, edges[at + 1] as number);
    mergeIntoFirst(sk, edges);
    return;
  }
  if (sk.numSacks >= SURE) flushCompressed(now, sk);
  if (sk.numSacks < TCP_NUM_SACKS) sk.numSacks++;
  toFront(edges, BLOCKS + (sk.numSacks - 1) * 2, seq, endSeq);
}

/** The first block grew: what it touches now becomes part of it. The others do not touch each other. */
function mergeIntoFirst(sk: TcpSock, edges: Int32Array): void {
  let at = BLOCKS + 2;
  while (at < BLOCKS + sk.numSacks * 2) {
    if (extend(edges, BLOCKS, edges[at] as number, edges[at + 1] as number)) {
      removeBlock(sk, edges, at);
    } else at += 2;
  }
}

/** RCV.NXT moved: blocks below it are out of date. */
export function sackRemove(sk: TcpSock): void {
  if (sk.numSacks === 0) return;
  if (sk.ofoQueue === undefined) {
    sk.numSacks = 0;
    return;
  }
  const edges = edgesOf(sk);
  let at = BLOCKS;
  while (at < BLOCKS + sk.numSacks * 2) {
    if (before(sk.rcvNxt, edges[at] as number)) at += 2;
    else removeBlock(sk, edges, at);
  }
}

/** `[seq, endSeq)` came twice: the next segment says so (RFC 2883 §4). */
export function dsackSet(sk: TcpSock, seq: number, endSeq: number): void {
  const { mib, sysctl } = sk.tcp;
  if (!sk.sackOk || sysctl.tcp_dsack === 0) return;
  if (before(seq, sk.rcvNxt)) mib.TcpExt.TCPDSACKOldSent++;
  else mib.TcpExt.TCPDSACKOfoSent++;
  const edges = edgesOf(sk);
  sk.dsack = true;
  edges[0] = seq;
  edges[1] = endSeq;
}

/** As {@link dsackSet}, but a D-SACK block that is due already and touches this one grows. */
export function dsackExtend(sk: TcpSock, seq: number, endSeq: number): void {
  if (sk.dsack) extend(edgesOf(sk), 0, seq, endSeq);
  else dsackSet(sk, seq, endSeq);
}

/** Out-of-order data was thrown away: what was told about it is void. */
export function sackReset(sk: TcpSock): void {
  sk.numSacks = 0;
}

/** End of the highest block; RCV.NXT where there is none. */
export function highestSacked(sk: TcpSock): number {
  let highest = sk.rcvNxt;
  for (let at = BLOCKS + 1; at < BLOCKS + sk.numSacks * 2; at += 2) {
    const end = edgesOf(sk)[at] as number;
    if (before(highest, end)) highest = end;
  }
  return highest;
}

/** Blocks the next segment has: all that are due, as far as its header has room, beside what Accurate ECN has to tell. */
export function sackBlocks(sk: TcpSock): number {
  const due = sk.numSacks + (sk.dsack ? 1 : 0);
  if (due === 0) return 0;
  const room = MAX_HEADER - sk.tcpHeaderLen - TCPOLEN_SACK_BASE_ALIGNED;
  const count = Math.min(due, Math.floor(room / TCPOLEN_SACK_PERBLOCK));
  return sk.accecn === undefined ? count : besideOption(sk, sk.accecn, count);
}

/** Linux: for the option of Accurate ECN blocks give way, but not below two. */
function besideOption(sk: TcpSock, accecn: AccEcn, count: number): number {
  if (!wantsOption(sk, accecn)) return count;
  for (let fewer = count; fewer >= 2; fewer--) {
    if (optionFields(sk, accecn, lengthOf(fewer)) > 0) return fewer;
  }
  return count;
}

function lengthOf(count: number): number {
  return count === 0 ? 0 : TCPOLEN_SACK_BASE_ALIGNED + count * TCPOLEN_SACK_PERBLOCK;
}

/** Bytes that SACK adds to the header of the next segment. */
export function sackLength(sk: TcpSock): number {
  return lengthOf(sackBlocks(sk));
}

/** Writes `count` blocks at `at`. A D-SACK block is told once. */
function writeSackOption(sk: TcpSock, view: DataView, at: number, count: number): void {
  writeSack(view, at, edgesOf(sk), count, sk.dsack ? 0 : BLOCKS);
  sk.dsack = false;
}

/** Bytes of the options that a segment has beyond those of all: SACK's and Accurate ECN's. */
export function changingLength(sk: TcpSock): number {
  const sack = sackLength(sk);
  if (sk.accecn === undefined) return sack;
  const fields = optionFields(sk, sk.accecn, sack);
  return fields === 0 ? sack : sack + accecnOptionLength(fields);
}

/** Writes them at `at`, where there is room for `length` bytes that {@link changingLength} gave. */
export function writeChanging(now: number, sk: TcpSock, view: DataView, at: number, length: number): void {
  const count = sackBlocks(sk);
  const sack = lengthOf(count);
  let next = at;
  if (length > sack && sk.accecn !== undefined) {
    next = writeOption(now, view, at, sk.accecn, optionFields(sk, sk.accecn, sack));
  }
  if (count > 0) writeSackOption(sk, view, next, count);
}
