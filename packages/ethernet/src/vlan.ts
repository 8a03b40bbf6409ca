/**
 * VLAN tags: IEEE 802.1Q, stacked as 802.1ad does.
 * @module
 */
import { requireRange } from '@stack/skbuff';
import { ETH_P_8021AD, ETH_P_8021Q } from './ether-types.ts';

/** Bytes of a tag. */
export const VLAN_HLEN = 4;

/** Most tags in a frame; more are refused as `ETH_TAG_DEPTH`. Linux's `VLAN_MAX_DEPTH`. */
export const MAX_TAGS = 8;

/** One tag, as it stands on the wire. */
export interface Tag {
  /**
   * Tag Protocol Identifier, u16. Only {@link ETH_P_8021Q} and {@link ETH_P_8021AD} begin a tag, and `push` takes no other:
   * what `encode` writes with 0x9100, say, is read back as a frame of that EtherType.
   */
  tpid: number;
  /** Tag Control Information, u16: {@link pcp}, {@link dei}, {@link vid}. */
  tci: number;
}

/** Whether an EtherType begins a tag. */
export function isTpid(proto: number): boolean {
  return proto === ETH_P_8021Q || proto === ETH_P_8021AD;
}

/** Priority Code Point of a TCI, 0..7. */
export function pcp(tci: number): number {
  return (tci >> 13) & 7;
}

/** Drop Eligible Indicator of a TCI, 0 or 1. */
export function dei(tci: number): number {
  return (tci >> 12) & 1;
}

/** VLAN Identifier of a TCI, 0..4095; 0 is "priority only", 4095 is reserved. */
export function vid(tci: number): number {
  return tci & 0xfff;
}

/** The TCI of a VLAN id, a priority and a drop-eligible bit. @throws RangeError if one does not fit. */
export function tci(vlan: number, priority = 0, dropEligible = 0): number {
  requireRange('ethernet', 'vid', vlan, 0xfff);
  requireRange('ethernet', 'pcp', priority, 7);
  requireRange('ethernet', 'dei', dropEligible, 1);
  return (priority << 13) | (dropEligible << 12) | vlan;
}
