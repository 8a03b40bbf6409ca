/**
 * Noticing that somebody else uses an address of ours, and what is done about it: RFC 5227 §2.4.
 * @module
 */
import { hasAddress } from './addresses.ts';
import { announce } from './announce.ts';
import type { Arp } from './arp.ts';
import type { ArpDevice } from './ports.ts';
import { DEFEND_INTERVAL } from './timing.ts';

/** RFC 5227 §2.4 (a) cease to use the address, (b) defend it once in ten seconds and else cease, (c) never give up. */
export type DefencePolicy = 'yield' | 'defend' | 'insist';

interface Guard {
  readonly policy: DefencePolicy;
  /** When it was last defended, absolute µs. */
  defended: number;
}

/** Addresses by device and what is done for them. */
export class Guards<D extends ArpDevice> {
  readonly #arp: Arp<D>;
  readonly #guards: Map<number, Map<number, Guard>> = new Map();

  constructor(arp: Arp<D>) {
    this.#arp = arp;
  }

  /** See {@link Arp.guard}. */
  set(device: D, address: number, policy: DefencePolicy | undefined): void {
    let guards = this.#guards.get(device.ifindex);
    if (policy === undefined) {
      guards?.delete(address);
      return;
    }
    if (guards === undefined) {
      guards = new Map();
      this.#guards.set(device.ifindex, guards);
    }
    guards.set(address, { policy, defended: Number.NEGATIVE_INFINITY });
  }

  /** See {@link Arp.deviceDown}. */
  deviceDown(device: D): void {
    this.#guards.delete(device.ifindex);
  }

  /** A packet came from `sip` at `mac`: "the 'sender IP address' … is one of the host's own IP addresses … but the 'sender hardware address' does not match any of the host's own interface addresses". */
  heard(now: number, device: D, mac: number, sip: number): void {
    const { ports } = this.#arp;
    if (!hasAddress(this.#arp, device, sip) || ports.isOwnMac(mac)) return;
    const guard = this.#guards.get(device.ifindex)?.get(sip);
    if (guard === undefined) {
      ports.conflict?.(now, device, sip, mac, 'ignored');
      return;
    }
    if (guard.policy !== 'yield' && now >= guard.defended + DEFEND_INTERVAL) {
      guard.defended = now;
      announce(now, this.#arp, device, sip);
      ports.conflict?.(now, device, sip, mac, 'defended');
      return;
    }
    if (guard.policy !== 'insist') this.set(device, sip, undefined);
    ports.conflict?.(now, device, sip, mac, guard.policy === 'insist' ? 'ignored' : 'lost');
  }
}
