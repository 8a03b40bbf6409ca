/**
 * Options to bytes, as given: nothing is sorted, aligned or made legal.
 * @module
 */
import { requireRange } from '@stack/skbuff';
import {
  type AccEcn,
  type Option,
  type Sack,
  TCPOPT_ACCECN0,
  TCPOPT_ACCECN1,
  TCPOPT_AO,
  TCPOPT_EOL,
  TCPOPT_EXP,
  TCPOPT_EXP1,
  TCPOPT_FASTOPEN,
  TCPOPT_MALFORMED,
  TCPOPT_MD5SIG,
  TCPOPT_MPTCP,
  TCPOPT_MSS,
  TCPOPT_NOP,
  TCPOPT_RAW,
  TCPOPT_SACK,
  TCPOPT_SACK_PERM,
  TCPOPT_TIMESTAMP,
  TCPOPT_UTO,
  TCPOPT_WINDOW,
} from './option-kinds.ts';

/**
 * Bytes that one option takes on the wire: its length byte where it has one.
 * @throws RangeError if a value in it is out of its range, or its `kind` is that of no option.
 */
export function optionLength(option: Option): number {
  switch (option.kind) {
    case TCPOPT_NOP:
      return 1;
    case TCPOPT_TIMESTAMP:
      requireRange('tcp', 'tsval', option.tsval, 0xffff_ffff);
      requireRange('tcp', 'tsecr', option.tsecr, 0xffff_ffff);
      return 10;
    case TCPOPT_SACK:
      for (const block of option.blocks) {
        requireRange('tcp', 'startSeq', block.startSeq, 0xffff_ffff);
        requireRange('tcp', 'endSeq', block.endSeq, 0xffff_ffff);
      }
      return 2 + option.blocks.length * 8;
    case TCPOPT_MSS:
      requireRange('tcp', 'mss', option.mss, 0xffff);
      return 4;
    case TCPOPT_WINDOW:
      requireRange('tcp', 'wscale', option.wscale, 0xff);
      return 3;
    case TCPOPT_SACK_PERM:
      return 2;
    case TCPOPT_MD5SIG:
      return 2 + option.digest.length;
    case TCPOPT_UTO:
      requireRange('tcp', 'granularity', option.granularity, 1);
      requireRange('tcp', 'timeout', option.timeout, 0x7fff);
      return 4;
    case TCPOPT_AO:
      requireRange('tcp', 'keyId', option.keyId, 0xff);
      requireRange('tcp', 'rNextKeyId', option.rNextKeyId, 0xff);
      return 4 + option.mac.length;
    case TCPOPT_FASTOPEN:
      return 2 + option.cookie.length;
    case TCPOPT_ACCECN0:
    case TCPOPT_ACCECN1:
      for (const counter of option.counters) requireRange('tcp', 'counters', counter, 0xff_ffff);
      return 2 + option.counters.length * 3;
    case TCPOPT_EXP1:
    case TCPOPT_EXP:
      requireRange('tcp', 'exid', option.exid, 0xffff);
      return 4 + option.data.length;
    case TCPOPT_MPTCP:
      return 2 + option.data.length;
    case TCPOPT_RAW:
      requireRange('tcp', 'code', option.code, 0xff);
      return 2 + option.data.length;
    case TCPOPT_EOL:
      return 1 + option.padding.length;
    case TCPOPT_MALFORMED:
      return option.data.length;
    default:
      throw new RangeError(
        `tcp: no option has kind ${(option satisfies never as Option).kind}; use TCPOPT_RAW`,
      );
  }
}

/**
 * Bytes that a list of options takes on the wire; the zeros that align it are not counted.
 * @throws RangeError where {@link optionLength} does.
 */
export function optionsLength(options: readonly Option[]): number {
  let length = 0;
  for (let i = 0; i < options.length; i++) length += optionLength(options[i]!);
  return length;
}

/** Writes the options from `at`, and zeros behind them up to `end`. Call {@link optionsLength} first: it judges them. */
export function writeOptions(view: DataView, at: number, end: number, options: readonly Option[]): void {
  for (let i = 0; i < options.length; i++) at = writeOption(view, at, options[i]!);
  for (; at < end; at++) view.setUint8(at, 0);
}

/** Writes one option and returns where the next one goes. */
function writeOption(view: DataView, at: number, option: Option): number {
  switch (option.kind) {
    case TCPOPT_NOP:
      view.setUint8(at, TCPOPT_NOP);
      return at + 1;
    case TCPOPT_TIMESTAMP:
      head(view, at, TCPOPT_TIMESTAMP, 10);
      view.setUint32(at + 2, option.tsval);
      view.setUint32(at + 6, option.tsecr);
      return at + 10;
    case TCPOPT_SACK:
      return writeSack(view, at, option);
    case TCPOPT_MSS:
      head(view, at, TCPOPT_MSS, 4);
      view.setUint16(at + 2, option.mss);
      return at + 4;
    case TCPOPT_WINDOW:
      head(view, at, TCPOPT_WINDOW, 3);
      view.setUint8(at + 2, option.wscale);
      return at + 3;
    case TCPOPT_SACK_PERM:
      head(view, at, TCPOPT_SACK_PERM, 2);
      return at + 2;
    case TCPOPT_MD5SIG:
      head(view, at, TCPOPT_MD5SIG, 2 + option.digest.length);
      return put(view, at + 2, option.digest);
    case TCPOPT_UTO:
      head(view, at, TCPOPT_UTO, 4);
      view.setUint16(at + 2, (option.granularity << 15) | option.timeout);
      return at + 4;
    case TCPOPT_AO:
      head(view, at, TCPOPT_AO, 4 + option.mac.length);
      head(view, at + 2, option.keyId, option.rNextKeyId);
      return put(view, at + 4, option.mac);
    case TCPOPT_FASTOPEN:
      head(view, at, TCPOPT_FASTOPEN, 2 + option.cookie.length);
      return put(view, at + 2, option.cookie);
    case TCPOPT_ACCECN0:
    case TCPOPT_ACCECN1:
      return writeAccEcn(view, at, option);
    case TCPOPT_EXP1:
    case TCPOPT_EXP:
      head(view, at, option.kind, 4 + option.data.length);
      view.setUint16(at + 2, option.exid);
      return put(view, at + 4, option.data);
    case TCPOPT_MPTCP:
      head(view, at, TCPOPT_MPTCP, 2 + option.data.length);
      return put(view, at + 2, option.data);
    case TCPOPT_RAW:
      head(view, at, option.code, 2 + option.data.length);
      return put(view, at + 2, option.data);
    case TCPOPT_EOL:
      view.setUint8(at, TCPOPT_EOL);
      return put(view, at + 1, option.padding);
    case TCPOPT_MALFORMED:
      return put(view, at, option.data);
  }
}

function writeSack(view: DataView, at: number, { blocks }: Sack): number {
  head(view, at, TCPOPT_SACK, 2 + blocks.length * 8);
  let next = at + 2;
  for (const block of blocks) {
    view.setUint32(next, block.startSeq);
    view.setUint32(next + 4, block.endSeq);
    next += 8;
  }
  return next;
}

function writeAccEcn(view: DataView, at: number, { kind, counters }: AccEcn): number {
  head(view, at, kind, 2 + counters.length * 3);
  let next = at + 2;
  for (const counter of counters) {
    view.setUint8(next, counter >>> 16);
    view.setUint16(next + 1, counter & 0xffff);
    next += 3;
  }
  return next;
}

/** Two bytes: an option's kind and length. */
function head(view: DataView, at: number, kind: number, length: number): void {
  view.setUint8(at, kind);
  view.setUint8(at + 1, length);
}

/** Writes the bytes and returns the place behind them. */
function put(view: DataView, at: number, bytes: Uint8Array): number {
  for (let i = 0; i < bytes.length; i++) view.setUint8(at + i, bytes[i]!);
  return at + bytes.length;
}
