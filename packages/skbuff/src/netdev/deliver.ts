/**
 * From a device to its host.
 * @module
 */
import { PACKET_HOST, PACKET_MULTICAST } from '../constants.ts';
import type { SkBuff } from '../skbuff.ts';
import { packetType } from './link.ts';
import type { LinkStats } from './link-stats.ts';

/** What {@link deliver} needs of a device. */
export interface Receiver {
  receive: ((skb: SkBuff) => void) | undefined;
  readonly ifindex: number;
  readonly type: 'ether' | 'none' | 'loopback';
  readonly address: number;
  readonly stats: LinkStats;
}

/** Hands a received packet, `data` at its link header, to `device.receive`, counted and with all that `Device.receive` promises. Takes it over. */
export function deliver(device: Receiver, skb: SkBuff): void {
  const { stats } = device;
  if (device.receive === undefined) {
    stats.rxNohandler++;
    stats.rxDropped++;
    skb.free();
    return;
  }
  stats.rxPackets++;
  stats.rxBytes += skb.len;
  skb.dev = device;
  skb.ifindex = device.ifindex;
  skb.macHeader = skb.data;
  skb.pktType = device.type === 'none' ? PACKET_HOST : packetType(skb, device.address);
  if (skb.pktType === PACKET_MULTICAST) stats.multicast++;
  device.receive(skb);
}
