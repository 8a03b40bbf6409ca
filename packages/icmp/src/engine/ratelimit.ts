/**
 * How often we speak: a token bucket for the host and one for each destination (Linux `icmp_global_allow`, `inet_peer_xrlim_allow`).
 * RFC 1812 §4.3.2.8 asks for it, RFC 1122 allows it.
 * @module
 */
import { ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, NR_ICMP_TYPES } from '../types.ts';
import type { IcmpSysctl } from './sysctl.ts';

/** Messages to one destination in a burst. */
const BURST_FACTOR = 6;
/** Destinations that are remembered; past it the one that was sent to longest ago is forgotten, and gets a full burst again. */
export const MAX_PEERS = 65_664;
/** µs in a second. */
const SECOND = 1_000_000;
/** The global bucket is filled in steps of this, µs. */
const STEP = SECOND / 50;

interface Peer {
  /** µs of credit, at most {@link BURST_FACTOR} intervals. */
  tokens: number;
  /** When that was, µs. */
  last: number;
}

/** The limits of one host. */
export class RateLimit {
  readonly #sysctl: IcmpSysctl;
  readonly #random: () => number;
  #credit = 0;
  #stamp = -SECOND;
  /** In the order they were last sent to. */
  readonly #peers = new Map<number, Peer>();

  constructor(sysctl: IcmpSysctl, random: () => number) {
    this.#sysctl = sysctl;
    this.#random = random;
  }

  /** Destinations remembered. */
  get peers(): number {
    return this.#peers.size;
  }

  /** Whether messages like this are limited at all: by `icmp_ratemask`, and never path MTUs. */
  limits(type: number, code: number): boolean {
    if (type > NR_ICMP_TYPES) return false;
    if (type === ICMP_DEST_UNREACH && code === ICMP_FRAG_NEEDED) return false;
    return ((this.#sysctl.icmp_ratemask >>> type) & 1) !== 0;
  }

  /** Whether the host may say one more; {@link consume} when it does. */
  allowGlobal(now: number): boolean {
    if (this.#credit > 0) return true;
    const { icmp_msgs_per_sec, icmp_msgs_burst } = this.#sysctl;
    const elapsed = Math.min(now - this.#stamp, SECOND);
    if (elapsed < STEP) return false;
    const more = Math.floor((icmp_msgs_per_sec * elapsed) / SECOND);
    if (more === 0) return false;
    this.#stamp = now;
    this.#credit = Math.min(this.#credit + more, icmp_msgs_burst);
    return this.#credit > 0;
  }

  /** One was sent: takes none, one or two credits, so that nobody can count who else was answered (CVE-2020-25705). */
  consume(): void {
    this.#credit -= this.#random() % 3;
  }

  /** Whether `daddr`, u32, may be told one more; if so it counts. */
  allowPeer(now: number, daddr: number): boolean {
    const interval = this.#sysctl.icmp_ratelimit * 1000;
    const most = BURST_FACTOR * interval;
    const peers = this.#peers;
    let peer = peers.get(daddr);
    if (peer === undefined) {
      if (peers.size >= MAX_PEERS) this.#forgetOldest();
      peer = { tokens: most, last: now };
    } else peers.delete(daddr); // comes back as the newest
    peers.set(daddr, peer);
    peer.tokens = Math.min(peer.tokens + now - peer.last, most);
    peer.last = now;
    if (peer.tokens < interval) return false;
    peer.tokens -= interval;
    return true;
  }

  #forgetOldest(): void {
    for (const daddr of this.#peers.keys()) {
      this.#peers.delete(daddr);
      return;
    }
  }
}
