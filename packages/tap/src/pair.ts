/**
 * Two devices back to back in memory, with all of a {@link Tap} but the descriptor: a TAP for tests, without root and without Linux.
 * @module
 */
import { type Pool, requireRange } from '@stack/skbuff';
import { type Descriptor, type DescriptorEvents, ERRNO } from './descriptor.ts';
import type { IoVector } from './io-vector.ts';
import { Tap } from './tap.ts';

/** How {@link tapPair} makes a pair. Where two values are given, the first is the first end's. */
export interface TapPairOptions {
  /** Where received packets live. */
  pools: readonly [Pool, Pool];
  /** `ether` for TAPs, `none` for TUNs. Default `ether`. */
  type?: 'ether' | 'none';
  /** Default `tap0` and `tap1`. */
  names?: readonly [string, string];
  /** MAC addresses, u48. Default 02:00:00:00:00:01 and 02:00:00:00:00:02. */
  addresses?: readonly [number, number];
  /** Bytes behind the link header. Default 1500. */
  mtu?: number;
  /** Default true. */
  offloads?: boolean;
  /** Packets that wait for an end before its peer is BUSY, 1..65535. Default 500, that of a TUN. */
  queue?: number;
}

/** One end: what the other wrote and nobody read yet. */
class PairEnd implements Descriptor {
  peer!: PairEnd;
  readonly #limit: number;
  #queue: Uint8Array[] = [];
  #events: DescriptorEvents | undefined = undefined;
  #readable = false;
  #writable = false;
  #closed = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  readv(vector: IoVector): number {
    const packet = this.#queue.shift();
    if (packet === undefined) return this.peer.#closed ? 0 : -ERRNO.EAGAIN;
    const done = vector.scatter(packet);
    this.peer.#tellWritable();
    return done;
  }

  writev(vector: IoVector): number {
    const { peer } = this;
    if (peer.#closed) return -ERRNO.EPIPE;
    if (peer.#queue.length >= peer.#limit) return -ERRNO.EAGAIN;
    const packet = vector.gather();
    peer.#queue.push(packet);
    peer.#tellReadable();
    return packet.length;
  }

  want(events: DescriptorEvents, readable: boolean, writable: boolean): void {
    this.#events = events;
    this.#readable = readable;
    this.#writable = writable;
    this.#tellReadable();
    this.#tellWritable();
  }

  hold(): void {
    // Nothing here holds a process.
  }

  close(): void {
    this.#closed = true;
    this.#events = undefined;
    this.#queue = [];
    this.peer.#tellReadable();
    this.peer.#tellWritable();
  }

  #tellReadable(): void {
    if (this.#readable && (this.#queue.length > 0 || this.peer.#closed)) this.#events?.readable();
  }

  /** Half of the room is enough to begin again. */
  #tellWritable(): void {
    const { peer } = this;
    if (!this.#writable) return;
    if (peer.#closed || peer.#queue.length * 2 <= peer.#limit) this.#events?.writable();
  }
}

/** Makes a pair of devices: what one sends the other receives. @throws RangeError for an option out of its range. */
export function tapPair(options: TapPairOptions): [Tap, Tap] {
  const {
    pools,
    type = 'ether',
    names = ['tap0', 'tap1'],
    mtu = 1500,
    offloads = true,
    queue = 500,
  } = options;
  const { addresses = [0x02_00_00_00_00_01, 0x02_00_00_00_00_02] } = options;
  requireRange('tap', 'queue', queue, 0xffff);
  if (queue < 1) throw new RangeError('tap: a queue of 0 takes no packet');
  const one = new PairEnd(queue);
  const two = new PairEnd(queue);
  one.peer = two;
  two.peer = one;
  const make = (descriptor: Descriptor, end: 0 | 1) =>
    new Tap({ descriptor, pool: pools[end], type, name: names[end], mtu, address: addresses[end], offloads });
  return [make(one, 0), make(two, 1)];
}
