/**
 * The least that is a device: packets without a link header, as TUN has them. What the host sends is gone, once it was looked at.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { type Device, type LinkStats, linkStats, OK } from '@stack/skbuff/netdev';

/** See the module. */
export class Tun implements Device {
  ifindex = 0;
  name = 'tun0';
  readonly type = 'none';
  mtu = 1500;
  readonly address = 0;
  features: Readonly<Record<string, boolean>> = { tx: true, tso: true, gso: true };
  /** Sees what the host sends; it is only lent. */
  sent: ((skb: SkBuff) => void) | undefined = undefined;
  readonly gsoMaxSize = 65_536;
  readonly gsoMaxSegs = 65_535;
  wake: ((device: Tun) => void) | undefined = undefined;
  receive: ((skb: SkBuff) => void) | undefined = undefined;
  interrupt: ((device: Tun) => void) | undefined = undefined;
  readonly stats: LinkStats = linkStats();
  readonly #waiting: SkBuff[] = [];

  xmit(skb: SkBuff): number {
    this.sent?.(skb);
    skb.free();
    return OK;
  }

  /** A packet comes in. */
  inject(skb: SkBuff): void {
    this.#waiting.push(skb);
    if (this.#waiting.length === 1) this.interrupt?.(this);
  }

  poll(budget: number): number {
    const packets = this.#waiting.splice(0, budget);
    for (const skb of packets) this.receive?.(skb);
    return packets.length;
  }

  close(): void {
    for (const skb of this.#waiting.splice(0)) skb.free();
  }
}
