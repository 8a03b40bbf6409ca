/**
 * Bits of neighbour entries and of what is said about them, by Linux's names.
 * @module
 */

/** {@link NeighTable.update}: another address replaces the one that is known. RFC 4861 §4.4 "Override flag". */
export const NEIGH_UPDATE_F_OVERRIDE = 0x01;
/** {@link NeighTable.update}: another address for a connected entry makes it stale and is else ignored. */
export const NEIGH_UPDATE_F_WEAK_OVERRIDE = 0x02;
/** {@link NeighTable.update}: {@link NEIGH_UPDATE_F_ISROUTER} is to be believed. */
export const NEIGH_UPDATE_F_OVERRIDE_ISROUTER = 0x04;
/** {@link NeighTable.update}: a daemon learned it; with {@link NEIGH_UPDATE_F_ADMIN}. */
export const NEIGH_UPDATE_F_EXT_LEARNED = 0x20;
/** {@link NeighTable.update}: the neighbour is a router. */
export const NEIGH_UPDATE_F_ISROUTER = 0x40;
/** {@link NeighTable.update}: by hand, so that it reaches permanent and NOARP entries too. */
export const NEIGH_UPDATE_F_ADMIN = 0x80;

/** {@link Neighbour.flags}, and in a {@link NeighSpec}: resolve it now. */
export const NTF_USE = 0x01;
/** {@link Neighbour.flags}: answered for others. */
export const NTF_PROXY = 0x08;
/** {@link Neighbour.flags}: a daemon learned it; it is never collected. */
export const NTF_EXT_LEARNED = 0x10;
/** {@link Neighbour.flags}: it is a router. */
export const NTF_ROUTER = 0x80;
