/**
 * The IPv4 engine: routing decisions, input, output, fragments, groups, raw sockets and IP options of one host, as Linux 6.18 behaves;
 * without clock, threads or devices of its own.
 * @packageDocumentation
 */
export {
  CB_FLAGS,
  CB_FRAG_MAX_SIZE,
  IFA_F_NOPREFIXROUTE,
  IFA_F_SECONDARY,
  IP_PMTUDISC_DO,
  IP_PMTUDISC_DONT,
  IP_PMTUDISC_INTERFACE,
  IP_PMTUDISC_OMIT,
  IP_PMTUDISC_PROBE,
  IP_PMTUDISC_WANT,
  PACKET_LOOPBACK,
  RT_SCOPE_HOST,
  RT_SCOPE_LINK,
  RT_SCOPE_NOWHERE,
  RT_SCOPE_SITE,
  RT_SCOPE_UNIVERSE,
  RT_TABLE_LOCAL,
  RT_TABLE_MAIN,
  RTCF_BROADCAST,
  RTCF_LOCAL,
  RTCF_MULTICAST,
  RTPROT_KERNEL,
} from './constants.ts';
export type { NewAddress } from './devinet.ts';
export { Dst, type DstType, NO_METRICS } from './dst.ts';
export { type Exception, Exceptions, MAX_EXCEPTIONS } from './exceptions.ts';
export { MCAST_EXCLUDE, MCAST_INCLUDE, type MulticastGroup } from './igmp-group.ts';
export { type IfAddress, InDevice } from './in-device.ts';
export { type DatagramSock, InetSock, type XmitSock } from './inet-sock.ts';
export { Ipv4 } from './ipv4.ts';
export {
  MSG_DONTROUTE,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  RawMessage,
} from './message.ts';
export type { IpExtMib, IpMib, IpTcpExtMib, Ipv4Mib, RtCacheStat } from './mib.ts';
export type {
  FilterRequest,
  Membership,
  MulticastRequest,
  SourceRequest,
} from './multicast-sock.ts';
export type { SocketOptions } from './options-out.ts';
export {
  type AddressEvent,
  CN,
  DROP,
  type Errno,
  type FibFlow,
  type FibPort,
  type FibResult,
  type KernelRoute,
  type NetDevice,
  type Nexthop,
  OK,
  type Ports,
  type Protocol,
  type Quote,
  type Route,
  type RouteMetrics,
  type RouteType,
  type Timer,
  type Timers,
} from './ports.ts';
export { type QuotedHeader, readQuote } from './quote.ts';
export type { Raw } from './raw.ts';
export { IPPROTO_RAW, RawSock } from './raw-sock.ts';
export type { Reassembly } from './reassembly.ts';
export { routeFlags } from './receive.ts';
export { FLOWI_FLAG_ANYSRC, FLOWI_FLAG_ONLINK, type Flow } from './route-output.ts';
export type { OptionSock, OptionValue } from './sockopt.ts';
export type { InDeviceConf, Ipv4Sysctl, RouteSysctl } from './sysctl.ts';
