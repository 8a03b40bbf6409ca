/**
 * The device of the host under test: packets without a link header go out into a list, and scripts put packets in.
 * @module
 */

import type { SkBuff } from '@stack/skbuff';
import { type Pool, SKB_GSO_TCPV4 } from '@stack/skbuff';
import { Backlog, type Device, type LinkStats, linkStats, OK } from '@stack/skbuff/netdev';

/** A packet that the host sent. */
export interface Sent {
  /** When, µs of the clock. */
  time: number;
  /** From its IP header on; a super-packet whole. */
  bytes: Uint8Array;
}

/** What a {@link Tun} is made with. */
export interface TunOptions {
  pool: Pool;
  mtu: number;
  now: () => number;
  /** Called when a packet went out. */
  sent: () => void;
}

/** See the module. */
export class Tun implements Device {
  ifindex = 0;
  name = 'tun0';
  readonly type = 'none';
  mtu: number;
  readonly address = 0;
  readonly features: Record<string, boolean> = { tx: true, rx: true, tso: true, gso: true };
  readonly gsoMaxSize = 65_536;
  readonly gsoMaxSegs = 65_535;
  wake: ((device: Tun) => void) | undefined = undefined;
  receive: ((skb: SkBuff) => void) | undefined = undefined;
  interrupt: ((device: Tun) => void) | undefined = undefined;
  readonly stats: LinkStats = linkStats();
  /** What went out and was not looked at. */
  readonly queue: Sent[] = [];
  readonly #options: TunOptions;
  readonly #backlog: Backlog = new Backlog(this, () => {
    this.interrupt?.(this);
    return this.interrupt !== undefined;
  });

  constructor(options: TunOptions) {
    this.#options = options;
    this.mtu = options.mtu;
  }

  /** Takes a packet of the host's. */
  xmit(skb: SkBuff): number {
    this.stats.txPackets++;
    this.stats.txBytes += skb.len;
    this.queue.push({ time: this.#options.now(), bytes: skb.toBytes() });
    skb.lentCopied();
    skb.free();
    this.#options.sent();
    return OK;
  }

  /** Puts a packet in; `gsoSize` says that it is several segments of that size, merged. False where there is no memory. */
  inject(bytes: Uint8Array, gsoSize = 0): boolean {
    const skb = this.#options.pool.alloc(bytes.length);
    if (skb === undefined) return false;
    skb.putData(bytes);
    if (gsoSize > 0) {
      skb.gsoSize = gsoSize;
      skb.gsoType = SKB_GSO_TCPV4;
      skb.gsoSegs = Math.ceil(bytes.length / gsoSize);
    }
    this.#backlog.push(skb);
    return true;
  }

  /** See {@link Device.poll}. */
  poll(budget: number): number {
    return this.#backlog.poll(budget);
  }

  /** Drops what waits. */
  close(): void {
    this.#backlog.purge();
  }
}
