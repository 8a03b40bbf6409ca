/**
 * Options of AF_PACKET and of raw sockets (levels SOL_PACKET, SOL_RAW). Linux's values.
 * @module
 */

/** `{ ifindex, type, address? }`: receive what the device would drop. */
export const PACKET_ADD_MEMBERSHIP = 1;
/** `{ ifindex, type, address? }`: no longer. */
export const PACKET_DROP_MEMBERSHIP = 2;
/** Read only: `{ packets, drops }` since it was read last. */
export const PACKET_STATISTICS = 6;

/** {@link PACKET_ADD_MEMBERSHIP}: packets of one group. */
export const PACKET_MR_MULTICAST = 0;
/** {@link PACKET_ADD_MEMBERSHIP}: all packets. */
export const PACKET_MR_PROMISC = 1;
/** {@link PACKET_ADD_MEMBERSHIP}: packets of all groups. */
export const PACKET_MR_ALLMULTI = 2;

/** Bits of ICMP types that a raw socket does not receive (level SOL_RAW). */
export const ICMP_FILTER = 1;
