/**
 * Who gets a datagram: sockets by port, by address and port, and by both ends (Linux `__udp4_lib_lookup`).
 *
 * A connected socket stands in the table of both ends, any other one in the table of addresses: so neither 10,000 sockets on
 * different ports nor 10,000 connected ones on one port make a lookup longer. All stand in the table of ports, which is for
 * binding.
 * @module
 */
import { Chains } from './chains.ts';
import type { Family } from './ports.ts';
import { selectSock } from './reuseport.ts';
import type { UdpSock } from './udp-sock.ts';

/** An unconnected socket's score is 0, an own address or device of it adds this. */
const MATCH = 4;

/** The tables of one engine. */
export class Tables {
  readonly byPort: Chains = new Chains();
  readonly #byAddress = new Chains();
  readonly #byPeer = new Chains();
  /** Secret of the hashes: who sends must not choose the chain. */
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Files a socket under its port and whatever else it has; one that was filed moves. */
  hash(sk: UdpSock): void {
    sk.portLink ??= this.byPort.add(sk.num, sk);
    this.#unlink(sk);
    if (isConnected(sk)) {
      const key = this.#flowHash(sk.family, sk.daddr, sk.dport, sk.rcvSaddr, sk.num);
      sk.peerLink = this.#byPeer.add(key, sk);
    } else sk.addressLink = this.#byAddress.add(this.#addressKey(sk.family, sk.rcvSaddr, sk.num), sk);
  }

  /** Takes a socket out. */
  unhash(sk: UdpSock): void {
    this.#unlink(sk);
    if (sk.portLink !== undefined) this.byPort.remove(sk.portLink);
    sk.portLink = undefined;
  }

  /**
   * The one socket for a datagram from `saddr`:`sport` to `daddr`:`dport` that came in by device `ifindex`: connected before
   * bound to the address before bound to any; within these, one bound to the device first, and then the one bound last.
   */
  lookup(
    family: Family<unknown>,
    saddr: unknown,
    sport: number,
    daddr: unknown,
    dport: number,
    ifindex: number,
  ): UdpSock | undefined {
    const hash = this.#flowHash(family, saddr, sport, daddr, dport);
    let best: UdpSock | undefined;
    for (let link = this.#byPeer.first(hash); link !== undefined; link = link.next) {
      const { sk } = link;
      if (!hasPeer(sk, family, saddr, sport, daddr, dport) || !onDevice(sk, ifindex)) continue;
      if (best === undefined || (best.boundDevIf === 0 && sk.boundDevIf !== 0)) best = sk;
    }
    if (best !== undefined) return best;
    best = this.#bound(family, saddr, sport, daddr, dport, ifindex, hash);
    return best ?? this.#bound(family, saddr, sport, family.any, dport, ifindex, hash);
  }

  /** Adds to `into` every socket that a datagram to a group or a broadcast address is for, memberships aside. */
  collect(
    family: Family<unknown>,
    saddr: unknown,
    sport: number,
    daddr: unknown,
    dport: number,
    ifindex: number,
    into: UdpSock[],
  ): void {
    let link = this.#byPeer.first(this.#flowHash(family, saddr, sport, daddr, dport));
    for (; link !== undefined; link = link.next) {
      const { sk } = link;
      if (hasPeer(sk, family, saddr, sport, daddr, dport) && onDevice(sk, ifindex)) into.push(sk);
    }
    this.#collectBound(family, saddr, sport, daddr, dport, ifindex, into);
    this.#collectBound(family, saddr, sport, family.any, dport, ifindex, into);
  }

  /** Every socket with a port. */
  all(): IterableIterator<UdpSock> {
    return this.byPort.all();
  }

  /** The best of those bound to `address`. */
  #bound(
    family: Family<unknown>,
    saddr: unknown,
    sport: number,
    address: unknown,
    dport: number,
    ifindex: number,
    hash: number,
  ): UdpSock | undefined {
    let best: UdpSock | undefined;
    let badness = -1;
    let link = this.#byAddress.first(this.#addressKey(family, address, dport));
    for (; link !== undefined; link = link.next) {
      const { sk } = link;
      if (sk.family !== family || sk.num !== dport || !family.same(sk.rcvSaddr, address)) continue;
      const score = scoreOf(sk, family, saddr, sport, ifindex);
      if (score <= badness) continue;
      badness = score;
      best = sk;
    }
    if (best === undefined || best.group === undefined || best.state === 'ESTABLISHED') return best;
    return selectSock(best.group, hash) ?? best;
  }

  #collectBound(
    family: Family<unknown>,
    saddr: unknown,
    sport: number,
    address: unknown,
    dport: number,
    ifindex: number,
    into: UdpSock[],
  ): void {
    let link = this.#byAddress.first(this.#addressKey(family, address, dport));
    for (; link !== undefined; link = link.next) {
      const { sk } = link;
      if (sk.family !== family || sk.num !== dport || !family.same(sk.rcvSaddr, address)) continue;
      if (scoreOf(sk, family, saddr, sport, ifindex) >= 0) into.push(sk);
    }
  }

  #unlink(sk: UdpSock): void {
    if (sk.addressLink !== undefined) this.#byAddress.remove(sk.addressLink);
    if (sk.peerLink !== undefined) this.#byPeer.remove(sk.peerLink);
    sk.addressLink = undefined;
    sk.peerLink = undefined;
  }

  #addressKey(family: Family<unknown>, address: unknown, port: number): number {
    return mix(mix(this.#seed, family.hash(address)), port);
  }

  #flowHash(family: Family<unknown>, saddr: unknown, sport: number, daddr: unknown, dport: number): number {
    return mix(mix(mix(this.#seed, family.hash(saddr)), family.hash(daddr)), (sport << 16) | dport);
  }
}

/** Whether both ends are known, so that its datagrams have one hash. Connecting to port 0 is legal, and is no such case. */
function isConnected(sk: UdpSock): boolean {
  return sk.state === 'ESTABLISHED' && sk.dport !== 0 && !sk.family.same(sk.rcvSaddr, sk.family.any);
}

function hasPeer(
  sk: UdpSock,
  family: Family<unknown>,
  saddr: unknown,
  sport: number,
  daddr: unknown,
  dport: number,
): boolean {
  return (
    sk.num === dport &&
    sk.dport === sport &&
    sk.family === family &&
    family.same(sk.daddr, saddr) &&
    family.same(sk.rcvSaddr, daddr)
  );
}

function onDevice(sk: UdpSock, ifindex: number): boolean {
  return sk.boundDevIf === 0 || sk.boundDevIf === ifindex;
}

/** How well a socket of the right address and port fits (Linux `compute_score`); -1 = not at all. */
function scoreOf(
  sk: UdpSock,
  family: Family<unknown>,
  saddr: unknown,
  sport: number,
  ifindex: number,
): number {
  let score = 0;
  if (sk.state === 'ESTABLISHED') {
    if (!family.same(sk.daddr, saddr)) return -1;
    score += MATCH;
    if (sk.dport !== 0) {
      if (sk.dport !== sport) return -1;
      score += MATCH;
    }
  }
  if (sk.boundDevIf !== 0) {
    if (sk.boundDevIf !== ifindex) return -1;
    score += MATCH;
  }
  return score;
}

/** One round of a multiplicative hash; int32. */
function mix(hash: number, word: number): number {
  const h = Math.imul(hash ^ word, 0x85eb_ca6b);
  return Math.imul(h ^ (h >>> 13), 0xc2b2_ae35) ^ (h >>> 16);
}
