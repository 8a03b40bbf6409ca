/**
 * Headers for `push`, by what they say.
 * @module
 */
import { requireRange } from '@stack/skbuff';
import type { PushHeader } from './header.ts';
import {
  ICMP_DEST_UNREACH,
  ICMP_ECHO,
  ICMP_ECHOREPLY,
  ICMP_PARAMETERPROB,
  ICMP_REDIRECT,
  ICMP_TIME_EXCEEDED,
} from './types.ts';

/** An echo request; `id` and `sequence` u16. @throws RangeError if one is not. */
export function echo(id: number, sequence: number): PushHeader {
  return { type: ICMP_ECHO, code: 0, rest: pair(id, sequence) };
}

/** An echo reply. */
export function echoReply(id: number, sequence: number): PushHeader {
  return { type: ICMP_ECHOREPLY, code: 0, rest: pair(id, sequence) };
}

/** Destination unreachable with `code`; `mtu` u16, bytes, for `ICMP_FRAG_NEEDED`. What follows is the packet it is about. */
export function unreachable(code: number, mtu = 0): PushHeader {
  requireRange('icmp', 'mtu', mtu, 0xffff);
  return { type: ICMP_DEST_UNREACH, code, rest: mtu };
}

/** Time exceeded with `code`. */
export function timeExceeded(code: number): PushHeader {
  return { type: ICMP_TIME_EXCEEDED, code, rest: 0 };
}

/** Parameter problem at octet `pointer`, u8, of the quoted packet. */
export function parameterProblem(pointer: number, code = 0): PushHeader {
  requireRange('icmp', 'pointer', pointer, 0xff);
  return { type: ICMP_PARAMETERPROB, code, rest: pointer * 0x100_0000 };
}

/** Redirect with `code` to `gateway`, u32. */
export function redirect(code: number, gateway: number): PushHeader {
  return { type: ICMP_REDIRECT, code, rest: gateway };
}

function pair(id: number, sequence: number): number {
  requireRange('icmp', 'id', id, 0xffff);
  requireRange('icmp', 'sequence', sequence, 0xffff);
  return id * 0x1_0000 + sequence;
}
