/**
 * IPv4 as RFC 791 writes it: headers with every option kept, addresses, prefixes. Use it as a namespace:
 * `import * as ipv4 from '@stack/ipv4'`.
 * @packageDocumentation
 */
export {
  formatAddress,
  INADDR_ANY,
  INADDR_BROADCAST,
  INADDR_LOOPBACK,
  isBenchmarking,
  isDocumentation,
  isLimitedBroadcast,
  isLinkLocal,
  isLocalMulticast,
  isLoopback,
  isMulticast,
  isPrivate,
  isReserved,
  isShared,
  isThisNetwork,
  isUnspecified,
  multicastMac,
  parseAddress,
} from './address.ts';
export { checkOptions, type OptionDrop, type OptionFault } from './check-options.ts';
export {
  checksum,
  daddr,
  flags,
  fragOff,
  HLEN,
  headerLength,
  id,
  ihl,
  isFragment,
  MAX_HLEN,
  protocol,
  saddr,
  tos,
  totLen,
  ttl,
  version,
} from './fields.ts';
export { format, formatFlags, formatOption } from './format.ts';
export {
  GRO_COUNTS,
  GRO_FIXED,
  GRO_OTHER,
  groComplete,
  groFollows,
  groSame,
  groStarts,
} from './gro.ts';
export { gsoFixup } from './gso.ts';
export {
  check,
  checkPacket,
  type Drop,
  decode,
  ETH_P_IP,
  encode,
  FLAG_DF,
  FLAG_MF,
  FLAG_RF,
  type Header,
  IPDEFTTL,
  type PushHeader,
  pull,
  push,
  read,
  sendCheck,
  size,
  verify,
} from './header.ts';
export {
  type End,
  IPOPT_END,
  IPOPT_LSRR,
  IPOPT_MALFORMED,
  IPOPT_NOOP,
  IPOPT_RA,
  IPOPT_RAW,
  IPOPT_RR,
  IPOPT_SEC,
  IPOPT_SID,
  IPOPT_SSRR,
  IPOPT_TIMESTAMP,
  IPOPT_TS_PRESPEC,
  IPOPT_TS_TSANDADDR,
  IPOPT_TS_TSONLY,
  MAX_IPOPTLEN,
  type Malformed,
  type Noop,
  type Option,
  type Raw,
  type Route,
  type RouterAlert,
  type Security,
  type StreamId,
  type Timestamp,
} from './option-kinds.ts';
export { optionLength, optionsLength, readOptions, wireKind } from './options.ts';
export {
  broadcast,
  contains,
  formatPrefix,
  isBroadcastOf,
  mask,
  network,
  type Prefix,
  parsePrefix,
} from './prefix.ts';
export {
  IPPROTO,
  IPPROTO_ICMP,
  IPPROTO_IGMP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  type ProtocolName,
  protocolName,
  pseudoSum,
} from './protocol.ts';
export { decTtl, setCe, setDaddr, setSaddr, setTtl } from './set.ts';
export { dscp, ECN_CE, ECN_ECT_0, ECN_ECT_1, ECN_NOT_ECT, ecn, tosOf } from './tos.ts';
export { writeHeader } from './write.ts';
