/**
 * A hash table of sockets whose entries leave in constant time: chains linked both ways, newest first.
 * @module
 */
import type { UdpSock } from './udp-sock.ts';

/** A socket's place in one table. */
export interface Link {
  readonly sk: UdpSock;
  readonly key: number;
  next: Link | undefined;
  prev: Link | undefined;
}

/** Chains by int32 key. Different things may have the same key: who walks a chain compares. */
export class Chains {
  readonly #heads = new Map<number, Link>();

  /** The newest entry; follow `next`. */
  first(key: number): Link | undefined {
    return this.#heads.get(key);
  }

  /** Puts a socket in front of its chain, as Linux does: of two that score alike the one bound last gets the datagram. */
  add(key: number, sk: UdpSock): Link {
    const next = this.#heads.get(key);
    const link: Link = { sk, key, next, prev: undefined };
    if (next !== undefined) next.prev = link;
    this.#heads.set(key, link);
    return link;
  }

  /** Takes an entry of this table out. */
  remove(link: Link): void {
    const { key, next, prev } = link;
    if (next !== undefined) next.prev = prev;
    if (prev !== undefined) prev.next = next;
    else if (next !== undefined) this.#heads.set(key, next);
    else this.#heads.delete(key);
    link.next = undefined;
    link.prev = undefined;
  }

  /** Every socket in it. */
  *all(): Generator<UdpSock, void, undefined> {
    for (const head of this.#heads.values()) {
      for (let link: Link | undefined = head; link !== undefined; link = link.next) yield link.sk;
    }
  }
}
