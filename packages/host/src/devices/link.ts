/**
 * What devices without hardware share: a packet passes from one end to the other by reference, and waits there for a poll.
 * @module
 */
import type { LinkStats } from '@stack/nic-sim';
import {
  PACKET_BROADCAST,
  PACKET_HOST,
  PACKET_MULTICAST,
  PACKET_OTHERHOST,
  type SkBuff,
  SkbQueue,
} from '@stack/skbuff';

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

/** @throws RangeError unless `value` is a whole number within the bounds. */
export function within(owner: string, name: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${owner}: ${name} ${String(value)} is not within ${min}..${max}`);
  }
  return value;
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

/** What a {@link Backlog} calls on its device. */
export interface Receiver {
  receive: ((skb: SkBuff) => void) | undefined;
  readonly ifindex: number;
  readonly address: number;
  readonly stats: LinkStats;
}

/** Packets that arrived and wait for a poll: Linux's per-CPU backlog, one for each device. */
export class Backlog {
  readonly #device: Receiver;
  readonly #interrupt: () => boolean;
  readonly #queue: SkbQueue = new SkbQueue();
  /** The host knows that there is something to poll. */
  #scheduled = false;
  #polling = false;

  /** @param interrupt Tells the host; false if there is nobody to tell. */
  constructor(device: Receiver, interrupt: () => boolean) {
    this.#device = device;
    this.#interrupt = interrupt;
  }

  /** Packets waiting. */
  get length(): number {
    return this.#queue.qlen;
  }

  /** Queues a packet, taking it over, and interrupts unless the host knows. */
  push(skb: SkBuff): void {
    this.#queue.push(skb);
    this.#raise();
  }

  /** Delivers up to `budget` packets; below it, the next one interrupts again. */
  poll(budget: number): number {
    if (this.#polling) return 0;
    this.#polling = true;
    let done = 0;
    try {
      while (done < budget) {
        const skb = this.#queue.shift();
        if (skb === undefined) break;
        done++;
        this.#deliver(skb);
      }
    } catch (error) {
      // A receiver threw: what is left comes with the next interrupt.
      this.#scheduled = false;
      this.#polling = false;
      if (this.#queue.qlen > 0) this.#raise();
      throw error;
    }
    this.#polling = false;
    if (done < budget) this.#scheduled = false;
    return done;
  }

  /** Drops what waits. */
  purge(): void {
    this.#queue.purge();
    this.#scheduled = false;
  }

  #raise(): void {
    if (!this.#scheduled) this.#scheduled = this.#interrupt();
  }

  #deliver(skb: SkBuff): void {
    const device = this.#device;
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
    skb.pktType = packetType(skb, device.address);
    if (skb.pktType === PACKET_MULTICAST) stats.multicast++;
    device.receive(skb);
  }
}
