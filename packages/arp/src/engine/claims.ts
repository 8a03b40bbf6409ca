/**
 * Asking for an address before it is used, and announcing it after: RFC 5227 §2.1 and §2.3.
 * @module
 */
import { ARPOP_REQUEST } from '../codes.ts';
import { announce } from './announce.ts';
import type { Arp } from './arp.ts';
import { BROADCAST_MAC } from './constants.ts';
import type { ArpDevice, Timer, Timers } from './ports.ts';
import {
  ANNOUNCE_INTERVAL,
  ANNOUNCE_NUM,
  ANNOUNCE_WAIT,
  MAX_CONFLICTS,
  PROBE_MAX,
  PROBE_MIN,
  PROBE_NUM,
  PROBE_WAIT,
  RATE_LIMIT_INTERVAL,
} from './timing.ts';
import { transmit } from './transmit.ts';

/** What came of probing. */
export type ProbeResult = 'free' | 'conflict';

/** Told once how probing ended; `mac`, u48, is whose the address is, 0 where it is free. */
export type ProbeDone = (now: number, result: ProbeResult, mac: number) => void;

/** One address that is probed for, or announced. */
class Claim<D extends ArpDevice> {
  readonly claims: Claims<D>;
  readonly device: D;
  readonly address: number;
  readonly timer: Timer;
  /** `undefined` = it is announced. */
  readonly done: ProbeDone | undefined;
  /** Probes or announcements sent. */
  sent = 0;

  constructor(claims: Claims<D>, device: D, address: number, done: ProbeDone | undefined) {
    this.claims = claims;
    this.device = device;
    this.address = address;
    this.done = done;
    this.timer = claims.timers.timer<Claim<D>>(fire, this);
  }
}

/** What a device went through, RFC 5227 §2.1.1. */
interface History {
  conflicts: number;
  lastAttempt: number;
}

/** The addresses that are probed for or announced. */
export class Claims<D extends ArpDevice> {
  readonly #arp: Arp<D>;
  /** Few, and for seconds: a list is enough. */
  #list: Claim<D>[] = [];
  readonly #histories: Map<number, History> = new Map();

  constructor(arp: Arp<D>) {
    this.#arp = arp;
  }

  /** @internal */
  get timers(): Timers {
    return this.#arp.ports.timers;
  }

  /** See {@link Arp.probeAddress}. */
  begin(now: number, device: D, address: number, done: ProbeDone): void {
    this.cancel(device, address);
    const history = this.#history(device);
    let first = now + (this.#arp.ports.random() % (PROBE_WAIT + 1));
    // "MUST limit the rate at which it probes for new addresses on this interface to no more than one … per RATE_LIMIT_INTERVAL."
    if (history.conflicts >= MAX_CONFLICTS) {
      first = Math.max(first, history.lastAttempt + RATE_LIMIT_INTERVAL);
    }
    history.lastAttempt = first;
    this.#add(device, address, done).timer.mod(first);
  }

  /** See {@link Arp.announceRepeatedly}. */
  announce(now: number, device: D, address: number): void {
    this.cancel(device, address);
    this.announceOnce(now, this.#add(device, address, undefined));
  }

  /** See {@link Arp.cancelProbe}. */
  cancel(device: D, address: number): boolean {
    const claim = this.#find(device, address);
    if (claim === undefined) return false;
    this.#end(claim);
    return true;
  }

  /** See {@link Arp.deviceDown}. */
  deviceDown(device: D): void {
    for (const claim of this.#list) if (claim.device.ifindex === device.ifindex) this.#end(claim);
    this.#histories.delete(device.ifindex);
  }

  /**
   * A packet came from `sip`, at `mac`; 0 = it is a probe, for `probed`. "any ARP packet … where the packet's 'sender IP address' is the
   * address being probed for", or "any ARP Probe where the packet's 'target IP address' is", unless it is our own.
   */
  heard(now: number, device: D, mac: number, sip: number, probed: number): void {
    if (this.#list.length === 0) return;
    const claim = this.#find(device, sip !== 0 ? sip : probed);
    if (claim?.done === undefined) return;
    if (sip === 0 && this.#arp.ports.isOwnMac(mac)) return;
    this.#history(device).conflicts++;
    this.#end(claim);
    claim.done(now, 'conflict', mac);
  }

  /** The timer of a claim fired. @internal */
  fire(now: number, claim: Claim<D>): void {
    if (claim.done === undefined) this.announceOnce(now, claim);
    else if (claim.sent < PROBE_NUM) this.#probe(now, claim);
    else {
      this.#history(claim.device).conflicts = 0;
      this.#end(claim);
      claim.done(now, 'free', 0);
    }
  }

  /** @internal */
  announceOnce(now: number, claim: Claim<D>): void {
    claim.sent++;
    if (claim.sent < ANNOUNCE_NUM) claim.timer.mod(now + ANNOUNCE_INTERVAL);
    else this.#end(claim);
    announce(now, this.#arp, claim.device, claim.address);
  }

  #probe(now: number, claim: Claim<D>): void {
    claim.sent++;
    const wait =
      claim.sent < PROBE_NUM
        ? PROBE_MIN + (this.#arp.ports.random() % (PROBE_MAX - PROBE_MIN + 1))
        : ANNOUNCE_WAIT;
    claim.timer.mod(now + wait);
    transmit(now, this.#arp, claim.device, BROADCAST_MAC, ARPOP_REQUEST, 0, 0, claim.address);
  }

  #add(device: D, address: number, done: ProbeDone | undefined): Claim<D> {
    const claim = new Claim<D>(this, device, address, done);
    this.#list.push(claim);
    return claim;
  }

  #find(device: D, address: number): Claim<D> | undefined {
    return this.#list.find((one) => one.address === address && one.device.ifindex === device.ifindex);
  }

  #end(claim: Claim<D>): void {
    claim.timer.del();
    this.#list = this.#list.filter((other) => other !== claim);
  }

  #history(device: D): History {
    let history = this.#histories.get(device.ifindex);
    if (history === undefined) {
      history = { conflicts: 0, lastAttempt: Number.NEGATIVE_INFINITY };
      this.#histories.set(device.ifindex, history);
    }
    return history;
  }
}

function fire<D extends ArpDevice>(now: number, claim: Claim<D>): void {
  claim.claims.fire(now, claim);
}
