/**
 * Options for engines: one pass over the bytes into a struct that is used again for every packet. Nothing is allocated.
 * @module
 */
import { HLEN, headerLength } from './fields.ts';
import {
  TCPOPT_ACCECN0,
  TCPOPT_ACCECN1,
  TCPOPT_AO,
  TCPOPT_EOL,
  TCPOPT_EXP,
  TCPOPT_FASTOPEN,
  TCPOPT_FASTOPEN_MAGIC,
  TCPOPT_MD5SIG,
  TCPOPT_MPTCP,
  TCPOPT_MSS,
  TCPOPT_NOP,
  TCPOPT_SACK,
  TCPOPT_SACK_PERM,
  TCPOPT_TIMESTAMP,
  TCPOPT_UTO,
  TCPOPT_WINDOW,
} from './option-kinds.ts';
import { isCookieLength, NOP_NOP_TIMESTAMPS, optionLengthAt } from './option-read.ts';

/** In {@link OptionScan.saw}: `mss` is set. */
export const SAW_MSS = 0x001;
/** `wscale` is set. */
export const SAW_WSCALE = 0x002;
/** SACK-permitted was there. */
export const SAW_SACK_PERM = 0x004;
/** `tsval` and `tsecr` are set. */
export const SAW_TIMESTAMPS = 0x008;
/** `sackCount` and `sackEdges` are set. */
export const SAW_SACK = 0x010;
/** `cookieAt`, `cookieLength` and `cookieExp` are set. */
export const SAW_FASTOPEN = 0x020;
/** `md5At` is set. */
export const SAW_MD5 = 0x040;
/** `aoAt` is set. */
export const SAW_AO = 0x080;
/** `accEcnAt` is set. */
export const SAW_ACCECN = 0x100;
/** `mptcpAt` is set. */
export const SAW_MPTCP = 0x200;
/** `userTimeout` is set. */
export const SAW_UTO = 0x400;
/** Reading stopped at a malformed option; what came before it counts. */
export const SAW_MALFORMED = 0x800;

/**
 * What {@link readOptions} fills. A field means something only while its bit is in `saw`; others keep what an earlier
 * packet left. 32-bit values are int32. Of an option that comes twice, the last counts.
 */
export interface OptionScan {
  /** `SAW_*` bits. */
  saw: number;
  /** Bytes, u16. */
  mss: number;
  /** Shift, u8, as on the wire: above 14 means 14. */
  wscale: number;
  /** int32. */
  tsval: number;
  /** int32. */
  tsecr: number;
  /** SACK blocks, 1..4. */
  sackCount: number;
  /** Left and right edge of each block in turn, int32. */
  readonly sackEdges: Int32Array;
  /** Where the fast open cookie starts, absolute in the view, in either encoding. */
  cookieAt: number;
  /** Bytes in the cookie; 0 asks for one. */
  cookieLength: number;
  /** Whether it came as an experiment (RFC 7413 appendix A). */
  cookieExp: boolean;
  /** Where the sixteen bytes of the MD5 digest start. */
  md5At: number;
  /** Where the TCP-AO option starts: kind, length, KeyID, RNextKeyID, MAC. */
  aoAt: number;
  /** Where the AccECN option starts: kind (its order), length (any), counters. */
  accEcnAt: number;
  /** Where the last MPTCP option starts: kind, length, subtype. */
  mptcpAt: number;
  /** Granularity (bit 15, 1 = minutes) and user timeout (15 bits). */
  userTimeout: number;
}

/** A struct for {@link readOptions}; make one and keep it. */
export function optionScan(): OptionScan {
  return {
    saw: 0,
    mss: 0,
    wscale: 0,
    tsval: 0,
    tsecr: 0,
    sackCount: 0,
    sackEdges: new Int32Array(8),
    cookieAt: 0,
    cookieLength: 0,
    cookieExp: false,
    md5At: 0,
    aoAt: 0,
    accEcnAt: 0,
    mptcpAt: 0,
    userTimeout: 0,
  };
}

/**
 * Reads the options of the header at `at`, after `check` passed, into `into`. Agrees with the `options` of `read` on every kind
 * but AccECN (172, 174): one of a length that is not its own, 2, 5, 8 or 11, is `TCPOPT_RAW` there; here it sets `SAW_ACCECN`,
 * for a host uses the whole counters that fit (RFC 9768 §3.2.3).
 */
export function readOptions(view: DataView, at: number, into: OptionScan): void {
  // Timestamps alone, as in most segments, are read here; all else by functions of their own, so that this one is small enough
  // for V8 to inline (9 ns a segment less).
  const length = headerLength(view, at);
  if (length === HLEN + 12 && view.getInt32(at + HLEN) === NOP_NOP_TIMESTAMPS) {
    into.tsval = view.getInt32(at + HLEN + 4);
    into.tsecr = view.getInt32(at + HLEN + 8);
    into.saw = SAW_TIMESTAMPS;
    return;
  }
  into.saw = scan(view, at + HLEN, at + length, into);
}

// What stacks that align their options, as all common ones do, begin a 32-bit word with.
const NOP_NOP = 0x0101;
const MSS = 0x0204;
const NOP_WINDOW = 0x0103;
const SACK_PERM = 0x0402;
const TIMESTAMPS = 0x080a;

/** A word at a time while options are aligned, as in nearly all headers; the rest by {@link scanAny}. */
function scan(view: DataView, at: number, end: number, into: OptionScan): number {
  let saw = 0;
  while (at < end) {
    const word = view.getInt32(at); // a header is whole words, and so is each step
    const low = word & 0xffff;
    const high = word >>> 16;
    if (high === NOP_NOP && low >>> 8 === TCPOPT_SACK) {
      const length = low & 0xff;
      if (length < 10 || (length & 7) !== 2 || length + 2 > end - at) break;
      saw |= scanSack(view, at + 4, length, into);
      at += length + 2;
    } else if (low === TIMESTAMPS && (high === NOP_NOP || high === SACK_PERM) && end - at >= 12) {
      into.tsval = view.getInt32(at + 4);
      into.tsecr = view.getInt32(at + 8);
      saw |= high === NOP_NOP ? SAW_TIMESTAMPS : SAW_TIMESTAMPS | SAW_SACK_PERM;
      at += 12;
    } else if (high === MSS) {
      into.mss = low;
      saw |= SAW_MSS;
      at += 4;
    } else if (high === NOP_WINDOW && low >>> 8 === 3) {
      into.wscale = low & 0xff;
      saw |= SAW_WSCALE;
      at += 4;
    } else if (high === NOP_NOP && low === SACK_PERM) {
      saw |= SAW_SACK_PERM;
      at += 4;
    } else {
      break;
    }
  }
  return at < end ? scanAny(view, at, end, into, saw) : saw;
}

function scanAny(view: DataView, at: number, end: number, into: OptionScan, saw: number): number {
  while (at < end) {
    const kind = view.getUint8(at);
    if (kind === TCPOPT_NOP) {
      at += 1;
      continue;
    }
    if (kind === TCPOPT_EOL) return saw;
    const length = optionLengthAt(view, at, end);
    if (length === 0) return saw | SAW_MALFORMED;
    saw |= scanOption(view, at, kind, length, into);
    at += length;
  }
  return saw;
}

/** The bit of the option; 0 when it is unknown or its length is not its own. */
function scanOption(view: DataView, at: number, kind: number, length: number, into: OptionScan): number {
  switch (kind) {
    case TCPOPT_MSS:
      if (length !== 4) return 0;
      into.mss = view.getUint16(at + 2);
      return SAW_MSS;
    case TCPOPT_WINDOW:
      if (length !== 3) return 0;
      into.wscale = view.getUint8(at + 2);
      return SAW_WSCALE;
    case TCPOPT_SACK_PERM:
      return length === 2 ? SAW_SACK_PERM : 0;
    case TCPOPT_SACK:
      return length >= 10 && (length & 7) === 2 ? scanSack(view, at + 2, length, into) : 0;
    case TCPOPT_TIMESTAMP:
      if (length !== 10) return 0;
      into.tsval = view.getInt32(at + 2);
      into.tsecr = view.getInt32(at + 6);
      return SAW_TIMESTAMPS;
    case TCPOPT_FASTOPEN:
      return scanCookie(at + 2, length - 2, false, into);
    case TCPOPT_EXP:
      return length >= 4 && view.getUint16(at + 2) === TCPOPT_FASTOPEN_MAGIC
        ? scanCookie(at + 4, length - 4, true, into)
        : 0;
    default:
      return scanRare(view, at, kind, length, into);
  }
}

/** Kinds that most connections never see; apart, so that the function above stays small enough to be inlined. */
function scanRare(view: DataView, at: number, kind: number, length: number, into: OptionScan): number {
  switch (kind) {
    case TCPOPT_MD5SIG:
      if (length !== 18) return 0;
      into.md5At = at + 2;
      return SAW_MD5;
    case TCPOPT_UTO:
      if (length !== 4) return 0;
      into.userTimeout = view.getUint16(at + 2);
      return SAW_UTO;
    case TCPOPT_AO:
      if (length < 4) return 0;
      into.aoAt = at;
      return SAW_AO;
    case TCPOPT_MPTCP:
      into.mptcpAt = at;
      return SAW_MPTCP;
    case TCPOPT_ACCECN0:
    case TCPOPT_ACCECN1:
      // RFC 9768 §3.2.3: of a length that is not its own, the whole counters that fit are used.
      into.accEcnAt = at;
      return SAW_ACCECN;
    default:
      return 0;
  }
}

function scanSack(view: DataView, at: number, length: number, into: OptionScan): number {
  const edges = into.sackEdges;
  const count = (length - 2) >>> 3;
  for (let i = 0; i < count * 2; i++) edges[i] = view.getInt32(at + i * 4);
  into.sackCount = count;
  return SAW_SACK;
}

function scanCookie(at: number, length: number, exp: boolean, into: OptionScan): number {
  if (!isCookieLength(length)) return 0;
  into.cookieAt = at;
  into.cookieLength = length;
  into.cookieExp = exp;
  return SAW_FASTOPEN;
}
