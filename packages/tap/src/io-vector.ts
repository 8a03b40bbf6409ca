/**
 * `struct iovec[]`: runs of bytes in arenas that one system call reads into or writes from.
 * @module
 */
import { type Arena, MAX_SKB_FRAGS, type SkBuff, wrapPage } from '@stack/skbuff';

/** A device's header, a linear part, and as many frags as a packet can have: far below the 1024 of Linux's `IOV_MAX`. */
export const MAX_RUNS: number = 2 + MAX_SKB_FRAGS;

const NOTHING: Arena = /* @__PURE__ */ nothing();

/** A list of runs that is filled again for every packet, and allocates nothing. */
export class IoVector {
  /** Runs in use, up to {@link MAX_RUNS}. */
  count = 0;
  /** Bytes in all of them. */
  length = 0;
  /** Where run `i` is. */
  readonly arenas: Arena[] = new Array<Arena>(MAX_RUNS).fill(NOTHING);
  /** First byte of run `i`, absolute in its arena. */
  readonly offsets: Float64Array = new Float64Array(MAX_RUNS);
  /** Bytes of run `i`. */
  readonly lengths: Float64Array = new Float64Array(MAX_RUNS);

  /** Appends a run. */
  add(arena: Arena, offset: number, length: number): void {
    const i = this.count++;
    this.arenas[i] = arena;
    this.offsets[i] = offset;
    this.lengths[i] = length;
    this.length += length;
  }

  /** Appends a packet's bytes from where they lie. */
  addPacket(skb: SkBuff): void {
    if (skb.tail > skb.data) this.add(skb.page.arena, skb.data, skb.tail - skb.data);
    for (let i = 0; i < skb.nrFrags; i++) {
      const frag = skb.frags[i];
      if (frag !== undefined) this.add(frag.page.arena, frag.offset, frag.length);
    }
  }

  /** A copy of what the runs hold. */
  gather(): Uint8Array {
    const bytes = new Uint8Array(this.length);
    let done = 0;
    for (const run of this.views()) {
      bytes.set(run, done);
      done += run.length;
    }
    return bytes;
  }

  /** Copies `bytes` into the runs, as far as they reach; how many those are. */
  scatter(bytes: Uint8Array): number {
    let done = 0;
    for (const run of this.views()) {
      const part = bytes.subarray(done, done + run.length);
      run.set(part);
      done += part.length;
    }
    return done;
  }

  /** The runs as arrays. */
  views(): Uint8Array[] {
    return this.arenas.slice(0, this.count).map(({ bytes }, i) => {
      const offset = this.offsets[i] as number;
      return bytes.subarray(offset, offset + (this.lengths[i] as number));
    });
  }

  /** Takes all runs out, and keeps none of their memory alive. */
  clear(): void {
    for (let i = 0; i < this.count; i++) this.arenas[i] = NOTHING;
    this.count = 0;
    this.length = 0;
  }
}

function nothing(): Arena {
  return wrapPage(new Uint8Array(0)).arena;
}
