/**
 * `lo`: what a host sends to itself. Packets pass by reference and whole: super-packets are not cut and checksums not computed, because no
 * wire could harm them.
 * @module
 */

import type { SkBuff } from '@stack/skbuff';
import {
  Backlog,
  type Device,
  type DeviceDrop,
  ETH_HLEN,
  freeDropped,
  GSO_MAX_SIZE,
  isTooLong,
  type LinkStats,
  linkStats,
  OK,
  unshared,
} from '@stack/skbuff/netdev';
import { within } from './within.ts';

/** How to make a {@link Loopback}. */
export interface LoopbackOptions {
  /** Default `lo`. */
  name?: string;
  /** Bytes behind the Ethernet header, 68..0x7fff_ffff. Default 65,536. */
  mtu?: number;
  /** Packets that may wait for a poll (`net.core.netdev_max_backlog`), at least 1. Default 1000. */
  backlog?: number;
  /** Takes over what does not fit (`CPU_BACKLOG`), is too long (`PKT_TOO_BIG`) or too short (`PKT_TOO_SMALL`). Default: frees it. */
  drop?: DeviceDrop;
}

/**
 * The loopback device. As in Linux its packets carry an Ethernet header, so that a capture of `lo` looks like any other; the addresses in it are
 * zero, and so is the device's. A packet is parted from its owner when it is sent: the send buffer is free again, the receiver is charged.
 */
export class Loopback implements Device {
  ifindex = 0;
  name: string;
  readonly type = 'loopback';
  mtu: number;
  readonly address = 0;
  readonly features: Readonly<Record<string, boolean>> = { rx: true, tx: true, tso: true, gso: true };
  readonly gsoMaxSize: number = GSO_MAX_SIZE;
  readonly gsoMaxSegs = 65_535;
  /** Never called: it is never busy. */
  wake: ((device: Loopback) => void) | undefined = undefined;
  receive: ((skb: SkBuff) => void) | undefined = undefined;
  interrupt: ((device: Loopback) => void) | undefined = undefined;
  readonly stats: LinkStats = linkStats();
  /** Packets that may wait for a poll (`net.core.netdev_max_backlog`). */
  maxBacklog: number;
  /** Takes over what is dropped. */
  drop: DeviceDrop;
  readonly #backlog: Backlog;
  #closed = false;

  /** @throws RangeError for an option out of its range. */
  constructor(options: LoopbackOptions = {}) {
    const { name = 'lo', mtu = 65_536, backlog = 1000, drop = freeDropped } = options;
    this.name = name;
    this.mtu = within('loopback', 'mtu', mtu, 68, 0x7fff_ffff);
    this.maxBacklog = within('loopback', 'backlog', backlog, 1, 0x7fff_ffff);
    this.drop = drop;
    this.#backlog = new Backlog(this, () => {
      this.interrupt?.(this);
      return this.interrupt !== undefined;
    });
  }

  xmit(skb: SkBuff): number {
    if (skb.users <= 0) throw new RangeError('loopback: an skb that was freed');
    const { stats } = this;
    if (this.#closed) {
      stats.txDropped++;
      this.drop(skb, 'DEV_READY');
    } else if (!skb.mayPull(ETH_HLEN)) {
      stats.txErrors++;
      this.drop(skb, skb.len < ETH_HLEN ? 'PKT_TOO_SMALL' : 'NOMEM');
    } else if (isTooLong(skb, this.mtu)) {
      stats.txErrors++;
      this.drop(skb, 'PKT_TOO_BIG');
    } else if (this.#backlog.length >= this.maxBacklog) {
      stats.rxDropped++;
      this.drop(skb, 'CPU_BACKLOG');
    } else {
      stats.txPackets++;
      stats.txBytes += skb.len;
      this.#backlog.push(unshared(skb));
    }
    return OK;
  }

  poll(budget: number): number {
    return this.#closed ? 0 : this.#backlog.poll(budget);
  }

  close(): void {
    this.#closed = true;
    this.#backlog.purge();
  }
}
