/**
 * Whether a host can act on the options of a header, and where it cannot: RFC 791 §3.1, RFC 1122 §3.2.1.8. The verdicts and
 * pointers are those of Linux 6.18, observed by sending it such packets.
 * @module
 */
import { HLEN, headerLength } from './fields.ts';
import {
  IPOPT_END,
  IPOPT_LSRR,
  IPOPT_NOOP,
  IPOPT_RA,
  IPOPT_RR,
  IPOPT_SSRR,
  IPOPT_TIMESTAMP,
  IPOPT_TS_PRESPEC,
  IPOPT_TS_TSANDADDR,
} from './option-kinds.ts';

/** Why {@link checkOptions} refuses options. Stable API: counters and traces key on it. */
export type OptionDrop =
  /** No room for a length octet, or a length below 2, beyond the header, or too short for the kind. */
  | 'IPV4_OPT_BAD_LEN'
  /** A pointer into the fixed part, or at a slot that does not fit what is left of the option. */
  | 'IPV4_OPT_BAD_POINTER'
  /** A second record route, timestamp, or source route of either kind. */
  | 'IPV4_OPT_DUPLICATE'
  /** A full timestamp option whose overflow count is full too. */
  | 'IPV4_OPT_OVERFLOW';

/** What is wrong with options. */
export interface OptionFault {
  code: OptionDrop;
  /** Bytes from the start of the header to the octet at fault: the Pointer of an ICMP parameter problem, code 0 (RFC 792). */
  pointer: number;
}

/** Octet of the first slot, counted from 1: after kind, length, pointer; a timestamp has one octet more. */
const FIRST_SLOT = 4;
const FIRST_TIMESTAMP = 5;

// Which options were met: each may stand once.
const MET_RR = 1;
const MET_TIMESTAMP = 2;
const MET_SOURCE_ROUTE = 4;

/**
 * The first fault of the options, or `undefined` when there is none. Call after `check` passed. Total; allocates only for a
 * fault. The packet of a fault is dropped and answered with an ICMP parameter problem.
 */
export function checkOptions(view: DataView, at: number): OptionFault | undefined {
  const end = at + headerLength(view, at);
  let met = 0;
  let length = 0;
  for (let i = at + HLEN; i < end; i += length) {
    const kind = view.getUint8(i);
    if (kind === IPOPT_END) return undefined;
    length = 1;
    if (kind === IPOPT_NOOP) continue;
    length = i + 2 <= end ? view.getUint8(i + 1) : 0;
    if (length < 2 || i + length > end) return fault('IPV4_OPT_BAD_LEN', i - at);
    const once = onceOnly(kind);
    if (once === 0) {
      if (kind === IPOPT_RA && length < 4) return fault('IPV4_OPT_BAD_LEN', i + 1 - at);
      continue;
    }
    // RFC 791 §3.1: each appears at most once in a datagram; RFC 1812 §5.2.4.1: one source route of the two.
    const again = (met & once) !== 0;
    met |= once;
    if (again && once !== MET_SOURCE_ROUTE) return fault('IPV4_OPT_DUPLICATE', i - at);
    const first = once === MET_TIMESTAMP ? FIRST_TIMESTAMP : FIRST_SLOT;
    if (length < first - 1) return fault('IPV4_OPT_BAD_LEN', i + 1 - at);
    const pointer = view.getUint8(i + 2);
    if (pointer < first) return fault('IPV4_OPT_BAD_POINTER', i + 2 - at);
    if (once === MET_SOURCE_ROUTE) {
      // Linux: a second source route must be well-formed to be called one. Room is judged where a route is followed.
      if (again) return fault('IPV4_OPT_DUPLICATE', i - at);
      continue;
    }
    if (pointer <= length) {
      if (pointer - 1 + slotSize(view, i, once) > length) return fault('IPV4_OPT_BAD_POINTER', i + 2 - at);
    } else if (once === MET_TIMESTAMP && overflows(view.getUint8(i + 3))) {
      return fault('IPV4_OPT_OVERFLOW', i + 3 - at);
    }
  }
  return undefined;
}

/** The `MET_` bit of a kind that may stand once; 0 for the others. */
function onceOnly(kind: number): number {
  switch (kind) {
    case IPOPT_RR:
      return MET_RR;
    case IPOPT_TIMESTAMP:
      return MET_TIMESTAMP;
    case IPOPT_LSRR:
    case IPOPT_SSRR:
      return MET_SOURCE_ROUTE;
    default:
      return 0;
  }
}

/** Bytes that the host at the pointer would write: an address, a timestamp, or both. */
function slotSize(view: DataView, at: number, once: number): number {
  if (once === MET_RR) return 4;
  const flag = view.getUint8(at + 3) & 0x0f;
  return flag === IPOPT_TS_TSANDADDR || flag === IPOPT_TS_PRESPEC ? 8 : 4;
}

/** Whether one more host without room does not fit the overflow count; hosts the sender did not name are not counted. */
function overflows(octet: number): boolean {
  return octet >>> 4 === 0x0f && (octet & 0x0f) !== IPOPT_TS_PRESPEC;
}

function fault(code: OptionDrop, pointer: number): OptionFault {
  return { code, pointer };
}
