/**
 * The UDP engine: RFC 768 and RFC 1122 §4.1 as Linux does them, sans IO, over any network family. {@link Udp} takes packets and
 * calls, each with the time, and gives packets to the family it was called with.
 * @packageDocumentation
 */
export {
  Message,
  MSG_CONFIRM,
  MSG_DONTROUTE,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_MORE,
  MSG_OOB,
  MSG_PEEK,
  MSG_PROBE,
  MSG_TRUNC,
  MSG_ZEROCOPY,
} from './message.ts';
export { type UdpMib, udpMib } from './mib.ts';
export {
  CN,
  DROP,
  type Dst,
  type Errno,
  type Family,
  type Flow,
  type Inet,
  OK,
  type PacketSource,
  type Quote,
  type UdpOptions,
} from './ports.ts';
export type { CoreSysctl, UdpSysctl } from './sysctl.ts';
export { Udp } from './udp.ts';
export { SOCK_BINDADDR_LOCK, SOCK_BINDPORT_LOCK, UdpSock } from './udp-sock.ts';
