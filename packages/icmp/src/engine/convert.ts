/**
 * What errors mean to sockets: RFC 1122 §3.2.2.1, as Linux answers them.
 * @module
 */
import { ICMP_DEST_UNREACH, ICMP_PARAMETERPROB, ICMP_TIME_EXCEEDED, NR_ICMP_UNREACH } from '../types.ts';
import type { Errno } from './ports.ts';

/** Errno of each code of destination unreachable. */
const UNREACHABLE: readonly Errno[] = [
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ENOPROTOOPT',
  'ECONNREFUSED',
  'EMSGSIZE',
  'EOPNOTSUPP',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENONET',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'EHOSTUNREACH',
  'EHOSTUNREACH',
  'EHOSTUNREACH',
];

/** Bit n: code n of destination unreachable is hard. Not: network, host, too big, source route, type of service. */
const FATAL = 0xe7cc;

/** What a socket is told of a message; empty = nothing. */
export function errnoOf(type: number, code: number): Errno {
  if (type === ICMP_DEST_UNREACH) return UNREACHABLE[code] ?? 'EHOSTUNREACH';
  if (type === ICMP_PARAMETERPROB) return 'EPROTO';
  return type === ICMP_TIME_EXCEEDED ? 'EHOSTUNREACH' : '';
}

/** Whether a connected socket hears of it although it did not ask for errors. */
export function isFatal(type: number, code: number): boolean {
  if (type === ICMP_PARAMETERPROB) return true;
  return type === ICMP_DEST_UNREACH && code <= NR_ICMP_UNREACH && ((FATAL >>> code) & 1) !== 0;
}
