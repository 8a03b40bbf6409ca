/**
 * Packetization layer path MTU discovery (RFC 4821; Linux `tcp_mtu_probing`): the path MTU without ICMP, found by segments that are larger
 * than the others.
 * @module
 */
import { CB_GSO_SIZE, CB_PCOUNT, endSeqOf, seqOf } from './cb.ts';
import { currentSsthresh, packetsInFlight } from './cwnd.ts';
import { simpleRetransmit } from './loss.ts';
import { currentMss, mssToMtu, mtuToMss, syncMss } from './mss.ts';
import { newDataSent, windowEnd } from './output.ts';
import { OK } from './ports.ts';
import { changingLength } from './sack.ts';
import { fragment, growSkb } from './send-queue.ts';
import type { TcpSock } from './tcb.ts';
import { CA_CWR, CA_OPEN } from './tcb-values.ts';
import { transmitSkb } from './transmit.ts';

/** The search for the path MTU (`icsk_mtup`); a socket has none until it probes. MTUs, bytes. */
export interface MtuProbing {
  /** Least that is taken for too large, less one. */
  searchHigh: number;
  /** Most that is known to pass. */
  searchLow: number;
  /** The probe in flight; 0 = none. */
  probeSize: number;
  /** When the search began last, µs. */
  probeTimestamp: number;
  /** Sequence numbers of the probe. */
  probeSeqStart: number;
  probeSeqEnd: number;
}

/** {@link probeMtu}: nothing is to be probed; send as ever. */
export const PROBE_NONE = 0;
/** {@link probeMtu}: a probe was sent. */
export const PROBE_SENT = 1;
/** {@link probeMtu}: it waits for room in a window, and so does what would take that room. */
export const PROBE_WAITS = 2;

/** Segments that a window has to have for probing: with fewer a lost probe would not be noticed by what follows it. */
const MIN_CWND = 11;

/** A connection begins: with `tcp_mtu_probing` 2 it searches from the start (Linux `tcp_mtup_init`). */
export function initMtuProbing(now: number, sk: TcpSock): void {
  sk.mtup = sk.tcp.sysctl.tcp_mtu_probing > 1 ? beginSearch(now, sk) : undefined;
}

function beginSearch(now: number, sk: TcpSock): MtuProbing {
  return {
    searchHigh: peersMtu(sk),
    searchLow: mssToMtu(sk, sk.tcp.sysctl.tcp_base_mss),
    probeSize: 0,
    probeTimestamp: now,
    probeSeqStart: 0,
    probeSeqEnd: 0,
  };
}

/** Bytes of a packet with the largest segment that the peer takes. The path may take more by now than it did. */
function peersMtu(sk: TcpSock): number {
  return sk.mssClamp + 20 + sk.family.headerLength;
}

/** R1 was reached: large segments may vanish in a black hole (RFC 4821 §7.7; Linux `tcp_mtu_probing`). From now on they are smaller. */
export function detectMtuBlackhole(now: number, sk: TcpSock): void {
  const { sysctl } = sk.tcp;
  const { mtup } = sk;
  if (mtup === undefined) sk.mtup = beginSearch(now, sk);
  else {
    const half = mtuToMss(sk, mtup.searchLow) >> 1;
    const mss = Math.min(sysctl.tcp_base_mss, half);
    mtup.searchLow = mssToMtu(sk, Math.max(mss, sysctl.tcp_mtu_probe_floor, sysctl.tcp_min_snd_mss));
  }
  syncMss(sk, sk.pmtuCookie);
}

/** Makes a probe of what waits to be sent, where the search goes on and there is enough of it: `PROBE_*` (Linux `tcp_mtu_probe`). */
export function probeMtu(now: number, sk: TcpSock, mtup: MtuProbing): number {
  if (mtup.probeSize !== 0 || sk.caState !== CA_OPEN || sk.sndCwnd < MIN_CWND) return PROBE_NONE;
  if (changingLength(sk) > 0) return PROBE_NONE; // options that come and go disturb the measure
  const mss = currentMss(now, sk);
  const { searchHigh, searchLow } = mtup;
  const size = mtuToMss(sk, (searchHigh + searchLow) >> 1);
  const needed = size + (sk.reordering + 1) * sk.mssCache;
  if (size > mtuToMss(sk, searchHigh) || searchHigh - searchLow < sk.tcp.sysctl.tcp_probe_threshold) {
    checkReprobe(now, sk, mtup);
    return PROBE_NONE;
  }
  if (((sk.writeSeq - sk.sndNxt) | 0) < needed || sk.sndWnd < needed) return PROBE_NONE;
  if (((windowEnd(sk) - sk.sndNxt - needed) | 0) < 0) return PROBE_WAITS;
  const inFlight = packetsInFlight(sk);
  if (inFlight + 2 > sk.sndCwnd) return inFlight === 0 ? PROBE_NONE : PROBE_WAITS;
  return gather(sk, size, mss) && send(now, sk, mtup) ? PROBE_SENT : PROBE_NONE;
}

/** The search is over: after `tcp_probe_interval` it begins anew, for paths change. */
function checkReprobe(now: number, sk: TcpSock, mtup: MtuProbing): void {
  if (now - mtup.probeTimestamp < sk.tcp.sysctl.tcp_probe_interval * 1_000_000) return;
  mtup.probeSize = 0;
  mtup.searchHigh = peersMtu(sk);
  mtup.searchLow = mssToMtu(sk, currentMss(now, sk));
  mtup.probeTimestamp = now;
}

/** Brings `size` bytes into the first skb of the write queue. False where they have to stay apart. */
function gather(sk: TcpSock, size: number, mss: number): boolean {
  const { first } = sk.writeQueue;
  if (first === undefined) return false;
  while (first.len < size) {
    const before = first.len;
    if (first.next === undefined) return false;
    growSkb(sk, first, first.next, size - before);
    if (first.len === before) return false;
  }
  return fragment(sk, first, size, mss, false);
}

/** Sends the first skb as one segment. What fails is sent in smaller ones. */
function send(now: number, sk: TcpSock, mtup: MtuProbing): boolean {
  const { first } = sk.writeQueue;
  if (first === undefined) return false;
  first.cb[CB_GSO_SIZE] = 0;
  first.cb[CB_PCOUNT] = 1;
  if (transmitSkb(now, sk, first) !== OK) return false;
  sk.sndCwnd--; // it weighs as much as two
  newDataSent(now, sk, first);
  mtup.probeSize = mssToMtu(sk, first.len);
  mtup.probeSeqStart = seqOf(first);
  mtup.probeSeqEnd = endSeqOf(first);
  return true;
}

/** An ACK covers the probe: the path takes that much (RFC 4821 §7.6.1). The window keeps its bytes. */
export function mtuProbeAcked(now: number, sk: TcpSock, mtup: MtuProbing): void {
  if (mtup.probeSize === 0 || ((sk.sndUna - mtup.probeSeqEnd) | 0) < 0) return;
  sk.priorSsthresh = currentSsthresh(sk);
  sk.sndCwnd = Math.max(1, Math.floor((sk.sndCwnd * mssToMtu(sk, sk.mssCache)) / mtup.probeSize));
  sk.sndCwndCnt = 0;
  sk.sndCwndStamp = now;
  sk.sndSsthresh = currentSsthresh(sk);
  mtup.searchLow = mtup.probeSize;
  mtup.probeSize = 0;
  syncMss(sk, sk.pmtuCookie);
  sk.tcp.mib.TcpExt.TCPMTUPSuccess++;
}

/**
 * Something is lost. Where it is the probe, and that alone, it was too large, and that is no congestion (RFC 4821 §7.6.2): it is sent
 * again in smaller segments, and the window stays. Whether it is so.
 */
export function mtuProbeLost(now: number, sk: TcpSock, mtup: MtuProbing): boolean {
  if (mtup.probeSize === 0 || sk.caState >= CA_CWR || sk.sndUna !== mtup.probeSeqStart) return false;
  mtup.searchHigh = mtup.probeSize - 1;
  mtup.probeSize = 0;
  sk.tcp.mib.TcpExt.TCPMTUPFail++;
  sk.sndCwnd++;
  simpleRetransmit(now, sk);
  return true;
}
