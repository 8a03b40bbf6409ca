/**
 * The fragments of one datagram: Linux `struct ipq` and `inet_frag_queue`.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import type { Peer } from './peers.ts';
import type { Timer } from './ports.ts';

// ECN fields that were seen: a bit for each value.
const NOT_ECT = 1;
const CE = 8;

/** One datagram that is not whole yet. */
export class FragmentQueue {
  readonly hash: number;
  readonly saddr: number;
  readonly daddr: number;
  readonly id: number;
  readonly protocol: number;
  readonly peer: Peer;
  /** In order of offset, none overlapping, headers still on. An array: hostile orders cost a search of 13 steps and a move of pointers. */
  readonly fragments: SkBuff[] = [];
  /** Where the payload of each starts in the datagram, bytes. */
  readonly starts: number[] = [];
  /** And where it ends. */
  readonly #ends: number[] = [];
  /** Which run each is in: those that came one behind the other at the end, as most do. */
  readonly #runs: number[] = [];
  #run = 0;
  /** Another queue of the same hash. */
  next: FragmentQueue | undefined = undefined;
  timer: Timer | undefined = undefined;
  /** It left the table. */
  dead = false;
  /** Count of the sender's datagrams when the last fragment came. */
  rid = 0;
  /** Truesize charged, bytes. */
  memory = 0;
  /** Bytes of payload known: all, once the last fragment is there. */
  length = 0;
  /** Bytes of payload there. */
  meat = 0;
  firstSeen = false;
  lastSeen = false;
  /** Longest fragment, bytes with header, and the longest with DF. */
  largest = 0;
  largestDf = 0;
  #ecn = 0;

  constructor(hash: number, saddr: number, daddr: number, id: number, protocol: number, peer: Peer) {
    this.hash = hash;
    this.saddr = saddr;
    this.daddr = daddr;
    this.id = id;
    this.protocol = protocol;
    this.peer = peer;
  }

  /** Takes the last fragment out, for the caller; `undefined` = none is left. */
  pop(): SkBuff | undefined {
    this.starts.pop();
    this.#ends.pop();
    this.#runs.pop();
    return this.fragments.pop();
  }

  /** As new; the fragments are gone already. */
  restart(): void {
    this.length = 0;
    this.meat = 0;
    this.firstSeen = false;
    this.lastSeen = false;
    this.largest = 0;
    this.largestDf = 0;
    this.#ecn = 0;
  }

  /** Whether a fragment up to `end` agrees with what is known of the datagram's length. */
  admits(end: number, more: boolean): boolean {
    if (more) return !(this.lastSeen && end > this.length);
    return end >= this.length && (!this.lastSeen || end === this.length);
  }

  /**
   * Puts a fragment in its place; the queue then owns it. `DUP_FRAG`: all its bytes are there already, in fragments that came one
   * behind the other. `OVERLAP`: some are. In both cases it is still the caller's.
   */
  insert(skb: SkBuff, offset: number, end: number): 'DUP_FRAG' | 'OVERLAP' | undefined {
    const ends = this.#ends;
    const index = this.#firstEndingAfter(offset);
    const { starts } = this;
    if (index < starts.length && end > (starts[index] as number)) {
      if (offset < (starts[index] as number)) return 'OVERLAP';
      // It starts within that one: are all its bytes there?
      const runs = this.#runs;
      let covered = ends[index] as number;
      for (let i = index + 1; i < runs.length && runs[i] === runs[index]; i++) covered = ends[i] as number;
      return end <= covered ? 'DUP_FRAG' : 'OVERLAP';
    }
    if (index === starts.length) {
      if (index > 0 && ends[index - 1] !== offset) this.#run++;
      this.fragments.push(skb);
      starts.push(offset);
      ends.push(end);
      this.#runs.push(this.#run);
    } else {
      this.#runs.splice(index, 0, ++this.#run);
      this.fragments.splice(index, 0, skb);
      starts.splice(index, 0, offset);
      ends.splice(index, 0, end);
    }
    return undefined;
  }

  /** Index of the first fragment that ends behind `offset`; their number where none does. */
  #firstEndingAfter(offset: number): number {
    const ends = this.#ends;
    let high = ends.length;
    if (high === 0 || (ends[high - 1] as number) <= offset) return high; // in order, as most do
    let low = 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ends[middle] as number) > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Learns from a fragment that was inserted. */
  note(skb: SkBuff, offset: number, end: number, more: boolean, df: boolean, ecn: number): void {
    if (offset === 0) this.firstSeen = true;
    if (!more) this.lastSeen = true;
    if (end > this.length) this.length = end;
    this.meat += end - offset;
    this.#ecn |= 1 << ecn;
    if (skb.len > this.largest) this.largest = skb.len;
    if (df && skb.len > this.largestDf) this.largestDf = skb.len;
  }

  /** Whether every byte is there. */
  get complete(): boolean {
    return this.firstSeen && this.lastSeen && this.meat === this.length;
  }

  /** What the whole's ECN field gets besides the first fragment's (RFC 3168 §5.3): CE if one has it; -1 = they do not go together. */
  ecnOfWhole(): number {
    const seen = this.#ecn;
    if ((seen & NOT_ECT) !== 0) return seen === NOT_ECT ? 0 : -1;
    return (seen & CE) !== 0 ? 3 : 0;
  }
}
