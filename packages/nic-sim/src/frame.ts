/**
 * A frame on the wire: bytes that nobody else changes, in a page of the sender's pool.
 *
 * ```text
 *   start                                     start + length       + 4
 *     | destination | source | type | payload ... |  FCS (when stamped) |
 * ```
 *
 * The FCS is lazy: as long as nothing could have touched the bytes it is right by definition and nobody computes it. Who is
 * about to damage the frame, or wants to see the FCS, stamps it first: from then on it lies behind the frame, and the receiver
 * checks it.
 * @module
 */
import type { Page, Pool } from '@stack/skbuff';
import { CRC32_RESIDUE, crc32 } from '@stack/skbuff/crc32';
import { copyRun } from './dma.ts';

/** Bytes of the frame check sequence (IEEE 802.3 §3.2.9). */
export const FCS_LEN = 4;
/** Bytes of an Ethernet header. */
export const ETH_HLEN = 14;
/** Bytes of a frame without FCS, at least (IEEE 802.3 §4A.4.2: minFrameSize less the FCS). */
export const ETH_ZLEN = 60;
/** Bytes of a VLAN tag. */
export const VLAN_HLEN = 4;

/** A frame between two endpoints. Whoever has it frees it or gives it away. */
export class Frame {
  /** Its memory: `length` + 4 bytes at `start`. Shared by copies of the frame; private before anyone writes. */
  page: Page;
  /** First byte, absolute in the page's arena. */
  start: number;
  /** Bytes without the FCS. */
  readonly length: number;
  /** Whether the FCS lies behind the bytes and must be checked. */
  stamped: boolean;
  /** Whether a receiver found the FCS wrong and keeps the frame all the same. */
  damaged = false;
  /** Where a copy for one receiver gets its memory. */
  readonly pool: Pool;
  /** Position among the frames of its direction; set by the wire. */
  index = 0;
  /** What it flies on, and the event of its arrival. @internal */
  carrier: { arrive(frame: Frame): void } | undefined = undefined;
  /** See {@link carrier}. @internal */
  handle: object | undefined = undefined;
  /** Links of the wire's list of frames in flight. @internal */
  next: Frame | undefined = undefined;
  /** See {@link next}. @internal */
  prev: Frame | undefined = undefined;

  /** Takes over one reference of `page`, which must have `length` + 4 bytes. */
  constructor(pool: Pool, page: Page, start: number, length: number, stamped: boolean) {
    this.pool = pool;
    this.page = page;
    this.start = start;
    this.length = length;
    this.stamped = stamped;
  }

  /** Writes the FCS behind the frame, unless it is there. Least significant byte first (IEEE 802.3 §3.2.9). */
  stamp(): void {
    if (this.stamped) return;
    const { view } = this.page.arena;
    view.setUint32(this.start + this.length, crc32(view, this.start, this.length), true);
    this.stamped = true;
  }

  /** Whether the FCS is right: by definition for a frame nobody touched. */
  isIntact(): boolean {
    return !this.stamped || crc32(this.page.arena.view, this.start, this.length + FCS_LEN) === CRC32_RESIDUE;
  }

  /** The same frame once more, by reference. */
  share(): Frame {
    return new Frame(this.pool, this.page.hold(), this.start, this.length, this.stamped);
  }

  /** Makes the bytes this frame's own. False, and nothing changed, at the pool's limit. */
  unshare(): boolean {
    if (this.page.refs === 1) return true;
    const page = this.pool.page(this.length + FCS_LEN);
    if (page === undefined) return false;
    copyRun(this.page.arena.bytes, this.start, page.arena.bytes, page.start, this.length + FCS_LEN);
    this.page.put();
    this.page = page;
    this.start = page.start;
    return true;
  }

  /** Gives the memory back. */
  free(): void {
    this.page.put();
  }

  /** A copy of the frame without its FCS. For people and captures. */
  bytes(): Uint8Array {
    return this.page.arena.bytes.slice(this.start, this.start + this.length);
  }

  /** A copy of the frame and its FCS, which is computed if nobody did before. */
  bytesWithFcs(): Uint8Array {
    this.stamp();
    return this.page.arena.bytes.slice(this.start, this.start + this.length + FCS_LEN);
  }

  /** A frame holding a copy of `bytes`; `undefined` at the pool's limit. */
  static of(pool: Pool, bytes: Uint8Array): Frame | undefined {
    const page = pool.page(bytes.byteLength + FCS_LEN);
    if (page === undefined) return undefined;
    page.arena.bytes.set(bytes, page.start);
    return new Frame(pool, page, page.start, bytes.byteLength, false);
  }
}

/** The MAC address at `at`, a 48-bit integer. */
export function macAt(view: DataView, at: number): number {
  return view.getUint16(at) * 0x1_0000_0000 + view.getUint32(at + 2);
}

/** Whether the address at `at` is a group address: multicast or broadcast. */
export function isGroupAt(view: DataView, at: number): boolean {
  return (view.getUint8(at) & 1) !== 0;
}

/** ff:ff:ff:ff:ff:ff. */
export const BROADCAST = 0xffff_ffff_ffff;
