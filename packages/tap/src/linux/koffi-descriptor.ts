/**
 * A descriptor read and written with `readv` and `writev` on the main thread, and watched by Node's event loop.
 * @module
 */
import { closeSync } from 'node:fs';
import { endianness } from 'node:os';
import { type Arena, wrapPage } from '@stack/skbuff';
import { type Descriptor, type DescriptorEvents, ERRNO } from '../descriptor.ts';
import { type IoVector, MAX_RUNS } from '../io-vector.ts';
import type { Libc, PollEvents, PollHandle } from './libc.ts';

const WORD = 0x1_0000_0000;
const LITTLE: boolean = /* @__PURE__ */ endianness() === 'LE';

/** See {@link Descriptor}. Takes `fd` over: {@link close} closes it. */
export class KoffiDescriptor implements Descriptor {
  readonly #fd: number;
  readonly #libc: Libc;
  /** `struct iovec[]`, for the one call that is under way. */
  readonly #iov: DataView;
  readonly #iovAddress: number;
  /** Addresses of arenas; of the one asked for last at hand, for packets come and go in few of them. */
  readonly #addresses: WeakMap<Arena, number> = new WeakMap();
  #lastArena: Arena | undefined = undefined;
  #lastAddress = 0;
  #events: DescriptorEvents | undefined = undefined;
  readonly #handle: PollHandle;
  /** What the handle waits for: 1 to read, 2 to write. */
  #wanted = 0;
  readonly #ready: (status: number, events: PollEvents) => void;

  constructor(libc: Libc, fd: number) {
    this.#libc = libc;
    this.#fd = fd;
    const arena = wrapPage(new Uint8Array(MAX_RUNS * 2 * libc.pointerSize)).arena;
    this.#iov = arena.view;
    this.#iovAddress = libc.address(arena);
    this.#ready = (status, events) => this.#tell(status, events);
    this.#handle = libc.poll(fd, { readable: true, writable: false }, this.#ready); // makes it non-blocking, too
    this.#handle.stop();
  }

  readv(vector: IoVector): number {
    if (!this.#describe(vector)) return -ERRNO.EFAULT;
    const length = this.#libc.readv(this.#fd, this.#iovAddress, vector.count);
    return length >= 0 ? length : -this.#libc.errno();
  }

  writev(vector: IoVector): number {
    if (!this.#describe(vector)) return -ERRNO.EFAULT;
    const length = this.#libc.writev(this.#fd, this.#iovAddress, vector.count);
    return length >= 0 ? length : -this.#libc.errno();
  }

  want(events: DescriptorEvents, readable: boolean, writable: boolean): void {
    this.#events = events;
    const wanted = (readable ? 1 : 0) | (writable ? 2 : 0);
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    if (wanted === 0) this.#handle.stop();
    else this.#handle.start({ readable, writable }, this.#ready);
  }

  hold(on: boolean): void {
    if (on) this.#handle.ref();
    else this.#handle.unref();
  }

  close(): void {
    this.#events = undefined;
    this.#handle.close(); // before the descriptor, whose number is free to be another's then
    this.#lastArena = undefined;
    closeSync(this.#fd);
  }

  /** Called by the event loop. What a listener throws becomes an uncaught error, as that of any other does. */
  #tell(status: number, { readable, writable }: PollEvents): void {
    const events = this.#events;
    if (status < 0) this.#wanted = 0; // the handle has stopped by itself; the next read tells why
    try {
      if (readable || status < 0) events?.readable();
      if (writable) this.#events?.writable();
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }

  /** Fills the `struct iovec[]`. False where memory is not there any more: its buffer was transferred or has shrunk. */
  #describe(vector: IoVector): boolean {
    const iov = this.#iov;
    const isWide = this.#libc.pointerSize === 8;
    const step = isWide ? 8 : 4;
    for (let i = 0, at = 0; i < vector.count; i++, at += 2 * step) {
      const arena = vector.arenas[i] as Arena;
      const offset = vector.offsets[i] as number;
      const length = vector.lengths[i] as number;
      if (offset + length > arena.bytes.length) return false;
      const address = (arena === this.#lastArena ? this.#lastAddress : this.#addressOf(arena)) + offset;
      if (isWide) {
        const high = LITTLE ? 4 : 0;
        iov.setUint32(at + high, address / WORD, LITTLE);
        iov.setUint32(at + 4 - high, address, LITTLE);
        iov.setUint32(at + 8 + high, 0, LITTLE);
        iov.setUint32(at + 12 - high, length, LITTLE);
      } else {
        iov.setUint32(at, address, LITTLE);
        iov.setUint32(at + 4, length, LITTLE);
      }
    }
    return true;
  }

  #addressOf(arena: Arena): number {
    let address = this.#addresses.get(arena);
    if (address === undefined) {
      address = this.#libc.address(arena);
      this.#addresses.set(arena, address);
    }
    this.#lastArena = arena;
    this.#lastAddress = address;
    return address;
  }
}
