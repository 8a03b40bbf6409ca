/**
 * What the transmit and the receive ring have in common: descriptors in shared memory, the registers, and the driver's place in both.
 * @module
 */
import { checkRingSize } from './core.ts';
import { HLEN } from './descriptor.ts';
import type { Memory, Region } from './memory.ts';
import type { TraceStep } from './trace.ts';

/** A ring of descriptors. One stays free, so that `head = tail` means that the device has none. */
export abstract class DescriptorRing {
  /** Which of the two. */
  abstract readonly kind: 'tx' | 'rx';
  /** Descriptors. */
  readonly count: number;
  /** The descriptors, 16 bytes each. */
  readonly view: DataView;
  /** The same bytes. */
  readonly bytes: Uint8Array;
  /** Values written to a register that lie outside the ring; they had no effect. */
  badWrites = 0;
  /** The device: called when tail was written. */
  onDoorbell: (() => void) | undefined = undefined;
  /** Told of posts and doorbells. */
  trace: ((step: TraceStep) => void) | undefined = undefined;

  protected readonly memory: Memory;
  /** Where the driver posts next. */
  protected use = 0;
  /** Where the driver reaps next. */
  protected clean = 0;
  readonly #region: Region;
  #head = 0;
  #tail = 0;

  /** @throws RangeError if `count` is not a multiple of 8 within 8..4096, or the memory has no window left. */
  constructor(memory: Memory, count: number) {
    checkRingSize(count);
    const region = memory.alloc(count * HLEN);
    if (region === undefined) throw new RangeError('nic: no window left for a ring');
    this.count = count;
    this.view = region.view;
    this.bytes = region.bytes;
    this.memory = memory;
    this.#region = region;
  }

  /** TDH or RDH: the next descriptor the device takes. */
  get head(): number {
    return this.#head;
  }

  /** A value outside the ring is counted and ignored. */
  set head(index: number) {
    if (this.#inRing(index)) this.#head = index;
  }

  /** TDT or RDT: one past the last descriptor the device may take. */
  get tail(): number {
    return this.#tail;
  }

  /** Rings the doorbell. A value outside the ring is counted and ignored. */
  set tail(index: number) {
    if (!this.#inRing(index)) return;
    this.#tail = index;
    this.trace?.({ kind: 'doorbell', ring: this.kind, head: this.#head, tail: index });
    this.onDoorbell?.();
  }

  /** Descriptors a ring holds at most: what the largest packet may take. */
  get capacity(): number {
    return this.count - 1;
  }

  /** Descriptors posted and not reaped. */
  get used(): number {
    return (this.use - this.clean + this.count) % this.count;
  }

  /** Descriptors free. */
  get room(): number {
    return this.capacity - this.used;
  }

  /** Shows everything posted to the device. */
  doorbell(): void {
    this.tail = this.use;
  }

  /** Takes the descriptors back from the device. */
  protected leave(): void {
    this.#head = this.#tail;
    this.memory.unmap(this.#region.window);
  }

  /** The index behind `index`. */
  protected next(index: number): number {
    return index + 1 === this.count ? 0 : index + 1;
  }

  /** The index before `index`. */
  protected previous(index: number): number {
    return index === 0 ? this.count - 1 : index - 1;
  }

  #inRing(index: number): boolean {
    if (Number.isInteger(index) && index >= 0 && index < this.count) return true;
    this.badWrites++;
    return false;
  }
}
