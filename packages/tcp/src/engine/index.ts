/**
 * The TCP engine: RFC 9293 and what Linux adds, sans IO. {@link Tcp} takes packets and calls, each with the time, and gives packets to
 * the network it was built with.
 * @packageDocumentation
 */
export { TCP_AO_KEYF_EXCLUDE_OPT, TCP_AO_KEYF_IFINDEX } from './ao-info.ts';
export { type AoAdd, type AoDel, type AoInfoOption, type AoKeyInfo, TCP_AO_MAXKEYLEN } from './ao-option.ts';
export type { AoRepair } from './ao-repair.ts';
export { type CongestionEvent, type CongestionInfo, type CongestionOps, CongestionRegistry } from './cong.ts';
export { standardCongestion } from './congestion.ts';
export type { FastopenCookie } from './fastopen-cookie.ts';
export type { TcpInfo } from './info.ts';
export type { AuthAddresses, KeyedMac, Mac, MacAlgorithm } from './mac.ts';
export {
  type Md5Sig,
  TCP_MD5SIG_FLAG_IFINDEX,
  TCP_MD5SIG_FLAG_PREFIX,
  TCP_MD5SIG_MAXKEYLEN,
} from './md5-option.ts';
export {
  type Message,
  MSG_EOR,
  MSG_MORE,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  MSG_ZEROCOPY,
  type SendAttempt,
} from './messages.ts';
export type { FastopenMetrics, PathMetrics } from './metrics.ts';
export { MetricsCache } from './metrics.ts';
export { type TcpCounters, type TcpExtCounters, type TcpMib, tcpMib } from './mib.ts';
export { syncMss } from './mss.ts';
export {
  CN,
  DROP,
  type Dst,
  type DstMetrics,
  type Errno,
  type Family,
  type Flow,
  type Inet,
  OK,
  type PacketSource,
  type Quote,
  type TcpOptions,
  type Timer,
  type Timers,
} from './ports.ts';
export type { RateSample } from './rate.ts';
export type { ReceivedViews } from './recvmsg.ts';
export { isRepairing, type RepairOption, type RepairWindow } from './repair.ts';
export { RequestSock, type SynVerdict } from './request.ts';
export type { OptionResult, OptionValue } from './sockopt.ts';
export {
  CLOSE,
  CLOSE_WAIT,
  CLOSING,
  diagram,
  EDGES,
  type Edge,
  ESTABLISHED,
  FIN_WAIT1,
  FIN_WAIT2,
  LAST_ACK,
  LISTEN,
  mayGo,
  NEW_SYN_RECV,
  SYN_RECV,
  SYN_SENT,
  stateName,
  TIME_WAIT,
} from './state.ts';
export type { CoreSysctl, TcpSysctl } from './sysctl.ts';
export type { BindBucket, BindOwner, EhashEntry, ListenerExtra } from './tables.ts';
export { TcpSock } from './tcb.ts';
export { Tcp } from './tcp.ts';
export { TimewaitSock } from './timewait.ts';
