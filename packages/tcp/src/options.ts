/**
 * What is more interesting than a field: questions asked of option objects.
 * @module
 */
import {
  type AccEcn,
  type Option,
  TCPOPT_ACCECN0,
  TCPOPT_EXP,
  TCPOPT_FASTOPEN,
  TCPOPT_FASTOPEN_MAGIC,
  TCPOPT_MALFORMED,
  TCPOPT_RAW,
} from './option-kinds.ts';
import { isCookieLength } from './option-read.ts';

/** The Accurate ECN byte counters (u24, wrapping) that an option carries; those it leaves out are `undefined`. */
export interface AccEcnCounters {
  /** Bytes received with ECT(0). */
  ee0b: number | undefined;
  /** Bytes received with CE. */
  eceb: number | undefined;
  /** Bytes received with ECT(1). */
  ee1b: number | undefined;
}

/** The counters by name: order 0 is ECT(0), CE, ECT(1); order 1 is ECT(1), CE, ECT(0) (RFC 9768 §3.2.3). */
export function accEcnCounters(option: AccEcn): AccEcnCounters {
  const [first, eceb, last] = option.counters;
  return option.kind === TCPOPT_ACCECN0
    ? { ee0b: first, eceb, ee1b: last }
    : { ee0b: last, eceb, ee1b: first };
}

/**
 * The fast open cookie of an option, in either encoding (RFC 7413 §4.1.1 and appendix A); empty when one is asked for,
 * `undefined` when this is no fast open option.
 */
export function fastOpenCookie(option: Option): Uint8Array | undefined {
  if (option.kind === TCPOPT_FASTOPEN) return option.cookie;
  if (option.kind !== TCPOPT_EXP || option.exid !== TCPOPT_FASTOPEN_MAGIC) return undefined;
  return isCookieLength(option.data.length) ? option.data : undefined;
}

/** The kind that stands on the wire for an option, u8; `undefined` for a malformed run without a byte. */
export function wireKind(option: Option): number | undefined {
  if (option.kind === TCPOPT_RAW) return option.code;
  return option.kind === TCPOPT_MALFORMED ? option.data[0] : option.kind;
}
