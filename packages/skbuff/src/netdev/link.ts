/**
 * Questions that drivers ask of a frame.
 * @module
 */
import { PACKET_BROADCAST, PACKET_HOST, PACKET_MULTICAST, PACKET_OTHERHOST } from '../constants.ts';
import type { SkBuff } from '../skbuff.ts';

/** Bytes of an Ethernet header. */
export const ETH_HLEN = 14;
const VLAN_HLEN = 4;
const ETH_P_8021Q = 0x8100;
const ETH_P_8021AD = 0x88a8;

/** Takes over a packet that a device drops, with Linux's reason. */
export type DeviceDrop = (skb: SkBuff, reason: string) => void;

/** Frees a dropped packet; what devices do that were given nothing better. */
export function freeDropped(skb: SkBuff): void {
  skb.free();
}

/** Whether a packet is longer than the MTU allows; one VLAN tag may exceed it, and a super-packet is not one frame. */
export function isTooLong(skb: SkBuff, mtu: number): boolean {
  if (skb.gsoSize > 0 || skb.len <= mtu + ETH_HLEN) return false;
  const type = skb.headlen >= ETH_HLEN ? skb.view.getUint16(skb.data + 12) : 0;
  return (type !== ETH_P_8021Q && type !== ETH_P_8021AD) || skb.len > mtu + ETH_HLEN + VLAN_HLEN;
}

/** A packet that nobody else holds, with none of its sender's claims on it: owner, times, marks. Takes `skb` over. */
export function unshared(skb: SkBuff): SkBuff {
  skb.orphan();
  let own = skb;
  if (skb.users > 1) {
    own = skb.clone();
    skb.free();
  }
  own.tstamp = 0;
  return own;
}

/** Whom a frame is for, by its destination address. A frame of another host's is told by the device's own address, u48. */
export function packetType(skb: SkBuff, address: number): number {
  const { view, data } = skb;
  const high = view.getUint16(data);
  const low = view.getUint32(data + 2);
  if ((high & 0x0100) !== 0) {
    return high === 0xffff && low === 0xffff_ffff ? PACKET_BROADCAST : PACKET_MULTICAST;
  }
  return high * 0x1_0000_0000 + low === address ? PACKET_HOST : PACKET_OTHERHOST;
}
