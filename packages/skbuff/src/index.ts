/**
 * `struct sk_buff` in TypeScript: one buffer that carries a packet from the socket to the wire and back. Layers add and strip
 * headers by moving its pointers; payload is shared by reference and never moved.
 * @packageDocumentation
 */
export { appendRange } from './append-range.ts';
export { checksumHelp } from './checksum-help.ts';
export {
  CHECKSUM_COMPLETE,
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  CHECKSUM_UNNECESSARY,
  MAX_SKB_FRAGS,
  PACKET_BROADCAST,
  PACKET_HOST,
  PACKET_MULTICAST,
  PACKET_OTHERHOST,
  PACKET_OUTGOING,
  SKB_GSO_DODGY,
  SKB_GSO_TCP_ACCECN,
  SKB_GSO_TCP_ECN,
  SKB_GSO_TCP_FIXEDID,
  SKB_GSO_TCPV4,
  SKB_GSO_TCPV6,
  SKB_GSO_UDP_L4,
} from './constants.ts';
export { COUNTER_ZERO } from './counter-zero.ts';
export { type Arena, type Frag, isBytes, Page, viewOf, wrapPage } from './page.ts';
export { alloc, Pool, type PoolOptions, type PoolStats, wrap } from './pool.ts';
export { SkbQueue } from './queue.ts';
export { requireRange } from './require-range.ts';
export { coalesce, type SegmentFixup, segment } from './segment.ts';
export { SkBuff } from './skbuff.ts';
export { decode, encode, pull, push } from './verbs.ts';
export { isWireError, WireError } from './wire-error.ts';
