/**
 * What is counted about other hosts: how much they were told, how many of their datagrams came in fragments. Linux `struct inet_peer`.
 *
 * Bounded: {@link MAX_PEERS}; the one that was made first makes room.
 * @module
 */

/** Most peers; Linux has 65,664 and fewer on small machines. */
export const MAX_PEERS = 8192;

/** Counters about one host. Times are absolute µs. */
export interface Peer {
  /** Allowance for unreachable messages, µs. */
  tokens: number;
  /** When that was last added to, or a redirect was last sent; -1 = never. */
  last: number;
  /** Redirects that it ignored. */
  redirects: number;
  /** Datagrams of which a fragment came, int32. */
  rid: number;
}

/** The peers of one host, by address. */
export class Peers {
  readonly #peers = new Map<number, Peer>();

  /** The counters of a host, made where there are none. */
  get(address: number): Peer {
    const known = this.#peers.get(address);
    if (known !== undefined) return known;
    if (this.#peers.size >= MAX_PEERS) this.#peers.delete(this.#peers.keys().next().value as number);
    const peer = { tokens: 0, last: -1, redirects: 0, rid: 0 };
    this.#peers.set(address, peer);
    return peer;
  }
}
