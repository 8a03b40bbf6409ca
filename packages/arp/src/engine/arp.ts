/**
 * The ARP engine: Linux net/ipv4/arp.c, with the probing and the defence of RFC 5227. It owns no cache: `@stack/neigh` is that.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { announce, notifyPeers } from './announce.ts';
import { Claims, type ProbeDone } from './claims.ts';
import { type DefencePolicy, Guards } from './guards.ts';
import { process, receive } from './input.ts';
import { keyOf, mapped } from './map.ts';
import { type ArpMib, arpMib } from './mib.ts';
import type { ArpDevice, ArpNeigh, ArpPorts } from './ports.ts';
import { solicit } from './solicit.ts';

/** ARP of one host, for all its devices. */
export class Arp<D extends ArpDevice> {
  /** Counters by Linux's names. */
  readonly mib: ArpMib = arpMib();
  /** Called at the entry of what are landmark functions in Linux, by their names; `undefined` = off. */
  probe: ((fn: string, skb: SkBuff) => void) | undefined = undefined;
  /** @internal */
  readonly ports: ArpPorts<D>;
  /** @internal */
  readonly claims: Claims<D>;
  /** @internal */
  readonly guards: Guards<D>;

  constructor(ports: ArpPorts<D>) {
    this.ports = ports;
    this.claims = new Claims<D>(this);
    this.guards = new Guards<D>(this);
  }

  /** Takes over a packet from `device`, `data` at its ARP header and `pktType` set. */
  receive(now: number, skb: SkBuff, device: D): void {
    receive(now, this, skb, device);
  }

  /** The neighbour table's port `proxyRedo`: a request that was delayed is due. Takes it over. */
  proxyRedo(now: number, skb: SkBuff, device: D): void {
    process(now, this, skb, device, 0);
  }

  /**
   * The neighbour table's port `solicit`: asks who has `entry.address`. First the address that is known, by unicast; then a daemon;
   * then everybody. `skb`, if there is one, has `networkHeader` at an IPv4 header; it is lent.
   */
  solicit(now: number, entry: ArpNeigh<D>, skb: SkBuff | undefined): void {
    solicit(now, this, entry, skb);
  }

  /** The neighbour table's port `mapped`: the link-layer address that needs no asking, or -1. */
  mapped(device: D, address: number): number {
    return mapped(this, device, address);
  }

  /** The neighbour table's port `key`: one entry, 0.0.0.0, for a whole loopback or point-to-point device. */
  key(device: D, address: number): number {
    return keyOf(device, address);
  }

  /** The device came up, or its MAC address changed: announces its addresses where `arp_notify` says so. */
  deviceChanged(now: number, device: D): void {
    if (this.ports.conf(device).arp_notify !== 0) notifyPeers(now, this, device);
  }

  /** Announces all addresses of a device (Linux NETDEV_NOTIFY_PEERS). */
  notifyPeers(now: number, device: D): void {
    notifyPeers(now, this, device);
  }

  /** Announces one address, once: a request from it for it. RFC 5227 §2.3. */
  announce(now: number, device: D, address: number): void {
    announce(now, this, device, address);
  }

  /** Announces one address `ANNOUNCE_NUM` times, `ANNOUNCE_INTERVAL` apart. RFC 5227 §2.3. */
  announceRepeatedly(now: number, device: D, address: number): void {
    this.claims.announce(now, device, address);
  }

  /**
   * Asks whether anybody uses `address`, for four to seven seconds, and tells `done`. RFC 5227 §2.1. After ten conflicts on a device
   * an attempt waits until a minute after the one before. Another one for the same address takes its place. Linux leaves this to
   * programs, so it happens only where it is asked for.
   */
  probeAddress(now: number, device: D, address: number, done: ProbeDone): void {
    this.claims.begin(now, device, address, done);
  }

  /** Stops asking; `done` is not told. Whether there was something to stop. */
  cancelProbe(device: D, address: number): boolean {
    return this.claims.cancel(device, address);
  }

  /**
   * What to do when somebody else uses our `address`, RFC 5227 §2.4: `yield`, `defend` once in ten seconds and else lose it,
   * `insist` on it, or nothing (`undefined`, as in Linux). The port `conflict` tells in any case.
   */
  guard(device: D, address: number, policy: DefencePolicy | undefined): void {
    this.guards.set(device, address, policy);
  }

  /** The device went down or is gone: stops probing, announcing and guarding on it. */
  deviceDown(device: D): void {
    this.claims.deviceDown(device);
    this.guards.deviceDown(device);
  }
}
