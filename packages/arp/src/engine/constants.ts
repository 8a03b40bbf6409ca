/**
 * Numbers of Linux and of other layers that ARP needs.
 * @module
 */

/** The link's broadcast address. */
export const BROADCAST_MAC = 0xffff_ffff_ffff;
/** EtherType of IPv4. */
export const ETH_P_IP = 0x0800;
/** ARP hardware type of IEEE 802 networks; Linux takes it for Ethernet's on an Ethernet device. */
export const ARPHRD_IEEE802 = 6;
/** `RT_SCOPE_LINK`: an address with a higher number is the host's own business. */
export const RT_SCOPE_LINK = 253;
/** `IFA_F_SECONDARY`. */
export const IFA_F_SECONDARY = 0x01;
/** Neighbour states, `NUD_REACHABLE`. */
export const NUD_REACHABLE = 0x02;
/** `NUD_STALE`. */
export const NUD_STALE = 0x04;
/** `NUD_VALID`: all states in which the link-layer address may be used. */
export const NUD_VALID = 0xde;
/** `NEIGH_UPDATE_F_OVERRIDE`. */
export const NEIGH_UPDATE_F_OVERRIDE = 0x01;
