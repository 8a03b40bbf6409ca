/**
 * Packets up: what Linux does between a device's interrupt and the protocol's handler (net/core/dev.c, the receiving half).
 * @module
 */
import { PACKET_HOST, PACKET_OTHERHOST, type SkBuff } from '@stack/skbuff';
import type { Drop } from './drops.ts';
import type { Kernel, Softirq } from './kernel.ts';
import type { NetDevice } from './net-device.ts';
import { enter, type Tracing } from './trace.ts';

/** Takes over a packet, `data` behind the link-layer header. */
export type PacketHandler = (now: number, skb: SkBuff, dev: NetDevice) => void;

/** Sees every packet before its handler does; it is only lent. `data` at the link-layer header. */
export type PacketTap = (skb: SkBuff, dev: NetDevice) => void;

/** What {@link Receiver} reads of `net.core`. */
export interface RxSysctl {
  /** Packets one round of polls takes, over all devices. */
  readonly netdev_budget: number;
  /** How long one round may take, µs. */
  readonly netdev_budget_usecs: number;
  /** Packets one poll of one device takes. */
  readonly dev_weight: number;
}

const ETH_HLEN = 14;
const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;
const ETH_P_8021Q = 0x8100;
const ETH_P_8021AD = 0x88a8;
/** Smallest type/length value that is a type (Linux `ETH_P_802_3_MIN`). */
const ETH_P_802_3_MIN = 0x0600;
const ETH_P_802_2 = 0x0004;
const VLAN_HLEN = 4;
const VLAN_VID_MASK = 0x0fff;

/** NAPI and the way from a device to the handlers. */
export class Receiver implements Softirq {
  raised = false;
  /** Who takes what, by EtherType. */
  readonly handlers: Map<number, PacketHandler> = new Map();
  /** Packet sockets; `undefined` while there are none. */
  tap: PacketTap | undefined = undefined;
  readonly #kernel: Kernel;
  readonly #sysctl: RxSysctl;
  readonly #drop: Drop;
  readonly #tracing: Tracing;
  #polls: NetDevice[] = [];
  #now = 0;

  constructor(kernel: Kernel, sysctl: RxSysctl, drop: Drop, tracing: Tracing) {
    this.#kernel = kernel;
    this.#sysctl = sysctl;
    this.#drop = drop;
    this.#tracing = tracing;
  }

  /** A device has something: it is polled soon (Linux `napi_schedule`). */
  schedule(dev: NetDevice): void {
    if (dev.scheduled) return;
    dev.scheduled = true;
    this.#polls.push(dev);
    this.#kernel.raise(this);
  }

  /** Polls the devices that asked for it, up to the budget (Linux `net_rx_action`). */
  run(now: number): void {
    this.#now = now;
    const list = this.#polls;
    this.#polls = [];
    let budget = this.#sysctl.netdev_budget;
    const end = now + this.#sysctl.netdev_budget_usecs;
    for (let i = 0; i < list.length; i++) {
      const dev = list[i] as NetDevice;
      dev.scheduled = false;
      if (budget <= 0 || this.#kernel.clock.update() > end) {
        this.schedule(dev);
        continue;
      }
      const weight = Math.min(this.#sysctl.dev_weight, budget);
      const work = dev.device.poll(weight);
      dev.gro.flush();
      budget -= work;
      const point = this.#tracing.points['napi:napi_poll'];
      if (point.enabled) point.emit({ dev: dev.name, work, budget: weight }, now);
      if (work >= weight) this.schedule(dev);
    }
  }

  /** Hands a packet to its handler, taking it over: `data` at the link-layer header (Linux `netif_receive_skb`). */
  receive(skb: SkBuff, dev: NetDevice): void {
    const point = this.#tracing.points['net:netif_receive_skb'];
    if (point.enabled) point.emit({ dev: dev.name, skb, len: skb.len }, this.#now);
    enter(this.#tracing.points.kprobe, '__netif_receive_skb', skb, this.#now);
    if (!dev.up) {
      this.#drop(skb, 'DEV_READY');
      return;
    }
    skb.dev = dev;
    skb.ifindex = dev.ifindex;
    if (skb.tstamp === 0) skb.tstamp = this.#now; // the device did not say when it came
    if (dev.hardHeaderLen === 0) {
      if (!this.#bareType(skb)) return;
    } else if (!skb.mayPull(ETH_HLEN)) {
      this.#drop(skb, 'PKT_TOO_SMALL');
      return;
    } else {
      skb.macHeader = skb.data;
      skb.protocol = skb.view.getUint16(skb.data + 12);
    }
    this.tap?.(skb, dev);
    if (dev.hardHeaderLen !== 0) skb.pull(ETH_HLEN);
    skb.networkHeader = skb.data;
    if (skb.protocol === ETH_P_IP) this.#deliver(skb, dev);
    else this.#uncommon(skb, dev);
  }

  /** A device without link-layer header: the packet says by itself what it is. */
  #bareType(skb: SkBuff): boolean {
    if (!skb.mayPull(1)) {
      this.#drop(skb, 'PKT_TOO_SMALL');
      return false;
    }
    skb.macHeader = skb.data;
    skb.pktType = PACKET_HOST;
    skb.protocol = skb.view.getUint8(skb.data) >>> 4 === 6 ? ETH_P_IPV6 : ETH_P_IP;
    return true;
  }

  /** VLAN tags and IEEE 802.3. There are no VLAN devices: a tagged packet is somebody else's, unless its VLAN is 0 (802.1p). */
  #uncommon(skb: SkBuff, dev: NetDevice): void {
    if (skb.vlanProto !== 0) {
      if ((skb.vlanTci & VLAN_VID_MASK) !== 0) skb.pktType = PACKET_OTHERHOST;
      skb.vlanProto = 0;
    }
    while (skb.protocol === ETH_P_8021Q || skb.protocol === ETH_P_8021AD) {
      if (!skb.mayPull(VLAN_HLEN)) {
        this.#drop(skb, 'PKT_TOO_SMALL');
        return;
      }
      if ((skb.view.getUint16(skb.data) & VLAN_VID_MASK) !== 0) skb.pktType = PACKET_OTHERHOST;
      skb.protocol = skb.view.getUint16(skb.data + 2);
      skb.pull(VLAN_HLEN);
      skb.networkHeader = skb.data;
    }
    if (skb.protocol < ETH_P_802_3_MIN) skb.protocol = ETH_P_802_2;
    this.#deliver(skb, dev);
  }

  #deliver(skb: SkBuff, dev: NetDevice): void {
    const handler = this.handlers.get(skb.protocol);
    if (handler !== undefined) {
      handler(this.#now, skb, dev);
      return;
    }
    dev.rxNohandler++;
    this.#drop(skb, 'UNHANDLED_PROTO');
  }
}
