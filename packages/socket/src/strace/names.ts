/**
 * Names of numbers as strace prints them: Linux's, and where strace has its own, those.
 * @module
 */
import * as families from '../constants/families.ts';
import * as messages from '../constants/messages.ts';
import * as so from '../constants/so.ts';
import { invert, optionName } from '../names.ts';

/** `AF_*`. */
export const AF: ReadonlyMap<number, string> = /* @__PURE__ */ invert(families, 'AF_');
/** `SOCK_*` that are types. */
export const SOCK: ReadonlyMap<number, string> = /* @__PURE__ */ new Map([
  [families.SOCK_STREAM, 'SOCK_STREAM'],
  [families.SOCK_DGRAM, 'SOCK_DGRAM'],
  [families.SOCK_RAW, 'SOCK_RAW'],
]);
/** `SOCK_*` that are flags, in strace's order. */
export const SOCK_FLAGS: ReadonlyMap<number, string> = /* @__PURE__ */ new Map([
  [families.SOCK_CLOEXEC, 'SOCK_CLOEXEC'],
  [families.SOCK_NONBLOCK, 'SOCK_NONBLOCK'],
]);
/** `IPPROTO_*`. */
export const IPPROTO: ReadonlyMap<number, string> = /* @__PURE__ */ invert(families, 'IPPROTO_');
/** `SHUT_*`. */
export const SHUT: ReadonlyMap<number, string> = /* @__PURE__ */ invert(families, 'SHUT_');
/** `MSG_*`, by value. */
export const MSG: ReadonlyMap<number, string> = /* @__PURE__ */ invert(messages, 'MSG_');
/** `POLL*`, by value. */
export const POLL: ReadonlyMap<number, string> = /* @__PURE__ */ invert(messages, 'POLL');
/** `PACKET_*` of a packet's kind. */
export const PKTTYPE: ReadonlyMap<number, string> = /* @__PURE__ */ invert(messages, 'PACKET_');
/** `ETH_P_*`. */
export const ETH_P: ReadonlyMap<number, string> = /* @__PURE__ */ invert(messages, 'ETH_P_');
/** `SOL_*`. */
export const SOL: ReadonlyMap<number, string> = /* @__PURE__ */ invert(so, 'SOL_');
/** `ARPHRD_*` of the devices there are. 0 is NET/ROM's, and what a program that sets none has. */
export const ARPHRD: ReadonlyMap<number, string> = /* @__PURE__ */ new Map([
  [0, 'ARPHRD_NETROM'],
  [1, 'ARPHRD_ETHER'],
  [772, 'ARPHRD_LOOPBACK'],
  [0xfffe, 'ARPHRD_NONE'],
]);
/** Requests of ioctl. */
export const IOCTL: ReadonlyMap<number, string> = /* @__PURE__ */ new Map([
  [messages.FIONREAD, 'FIONREAD'],
  [messages.SIOCOUTQ, 'TIOCOUTQ'],
  [messages.SIOCOUTQNSD, 'SIOCOUTQNSD'],
  [messages.SIOCATMARK, 'SIOCATMARK'],
]);

/** Options that strace calls otherwise: those whose `struct timeval` has the old size, and one of two names of a number. */
const OTHERWISE: Record<string, string> = {
  SO_RCVTIMEO: 'SO_RCVTIMEO_OLD',
  SO_SNDTIMEO: 'SO_SNDTIMEO_OLD',
  SO_TIMESTAMP: 'SO_TIMESTAMP_OLD',
  SO_TIMESTAMPNS: 'SO_TIMESTAMPNS_OLD',
  SO_TIMESTAMPING: 'SO_TIMESTAMPING_OLD',
  IP_RECVORIGDSTADDR: 'IP_ORIGDSTADDR',
};

/** strace's name of an option or of a control message; `undefined` for one it does not know. */
export function straceName(level: number, option: number): string | undefined {
  const name = optionName(level, option);
  return name === undefined ? undefined : (OTHERWISE[name] ?? name);
}
