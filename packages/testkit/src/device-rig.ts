/**
 * What the device laws stand on: a device as a law sees it, two of them with a way between, and a host that does nothing but look.
 * @module
 */
import { type Pool, type SkBuff, viewOf } from '@stack/skbuff';
import fc from 'fast-check';
import { holds, same } from './assert.ts';
import { build, type Layout } from './packets.ts';

/** A device, as far as the laws use it. */
export interface LawDevice {
  ifindex: number;
  readonly type: 'ether' | 'none' | 'loopback';
  mtu: number;
  address: number;
  readonly features: Readonly<Record<string, boolean>>;
  xmit(skb: SkBuff): number;
  wake: ((device: never) => void) | undefined;
  receive: ((skb: SkBuff) => void) | undefined;
  interrupt: ((device: never) => void) | undefined;
  poll(budget: number): number;
  completed?: ((packets: number, bytes: number) => void) | undefined;
  readonly stats: Readonly<{
    rxPackets: number;
    txPackets: number;
    rxBytes: number;
    txBytes: number;
    rxDropped: number;
    rxNohandler: number;
  }>;
  close(): void;
}

/** Two devices: what `a` sends arrives at `b`, and the other way. One that loops is both. */
export interface DeviceBench {
  readonly a: LawDevice;
  readonly b: LawDevice;
  /** Pools that `a` and `b` take memory from, the one of the laws' packets first; poisoned ones find more. */
  readonly pools: readonly [Pool, ...Pool[]];
  /** Lets time pass until nothing moves any more, but for polls. */
  pump(): void | Promise<void>;
  /** Makes a packet for `b` of a payload. Default: Ethernet addresses and type 0x88b5 in front of it, or nothing where there is no link header. */
  frame?(payload: Uint8Array): Uint8Array;
  /** TCP super-packets that `a` takes arrive whole, although it takes no others and so does not say `gso`. */
  readonly passesSuperPackets?: boolean;
}

/** How long to look. */
export interface DeviceLawOptions {
  /** Runs of each property; fast-check's own setting when absent. */
  runs?: number;
  /** Packets after which a device that was not polled is no longer expected to be busy. Default 2000. */
  flood?: number;
}

/** Makes fresh devices for a law; asynchronously where they must first be connected. */
export type MakeDevices = () => DeviceBench | Promise<DeviceBench>;

/** One law: throws, or rejects, when the devices of `make` break it. */
export type DeviceLaw = (make: MakeDevices, options?: DeviceLawOptions) => Promise<void>;

/** `xmit` took the packet. */
export const OK = 0;
/** `xmit` had no room. */
export const BUSY = 1;
/** Packets per poll. */
export const BUDGET = 64;
/** Shorter Ethernet frames are padded on a wire. */
const ETH_ZLEN = 60;
const ETH_HLEN = 14;

/** A device pair with hosts that note what they are told. */
export class Rig {
  readonly a: LawDevice;
  readonly b: LawDevice;
  readonly pool: Pool;
  readonly bench: DeviceBench;
  /** What `b` delivered, as bytes; the packets are freed unless {@link onReceive} takes them. */
  readonly received: Uint8Array[] = [];
  /** Takes a packet of `b` over. */
  onReceive: ((skb: SkBuff) => void) | undefined = undefined;
  /** Interrupts of `b`. */
  interrupts = 0;
  /** Times `a` was woken. */
  woken = 0;
  /** Whether a poll is under way. */
  polling = false;
  readonly #due: Set<LawDevice> = new Set();

  constructor(bench: DeviceBench) {
    this.bench = bench;
    this.a = bench.a;
    this.b = bench.b;
    this.pool = bench.pools[0];
    if (this.a.ifindex === 0) this.a.ifindex = 1;
    if (this.b.ifindex === 0) this.b.ifindex = 2;
    this.a.interrupt = () => void this.#due.add(this.a);
    this.a.receive = (skb) => skb.free();
    this.a.wake = () => void this.woken++;
    this.b.interrupt = () => {
      this.interrupts++;
      this.#due.add(this.b);
    };
    this.listen();
  }

  /** Bytes of the link header. */
  get headerLength(): number {
    return this.a.type === 'none' ? 0 : ETH_HLEN;
  }

  /** Whether `b` asked to be polled and was not since. */
  get due(): boolean {
    return this.#due.has(this.b);
  }

  /** Sets `b.receive`. */
  listen(): void {
    this.b.receive = (skb) => {
      holds(this.polling, 'nothing is delivered outside of poll');
      this.received.push(skb.toBytes());
      if (this.onReceive === undefined) skb.free();
      else this.onReceive(skb);
    };
  }

  /** A packet for `b` of `payload`. */
  frame(payload: Uint8Array): Uint8Array {
    if (this.bench.frame !== undefined) return this.bench.frame(payload);
    const bytes = new Uint8Array(this.headerLength + payload.length);
    if (this.headerLength > 0) {
      writeMac(bytes, 0, this.b.address);
      writeMac(bytes, 6, this.a.address);
      viewOf(bytes).setUint16(12, 0x88b5);
    }
    bytes.set(payload, this.headerLength);
    return bytes;
  }

  /** `bytes` as a packet, in any layout. */
  packet(bytes: Uint8Array, layout: Layout = { linear: bytes.length, cuts: [] }): SkBuff {
    return build(this.pool, bytes, layout, 32);
  }

  /** Sends a packet, waiting as often as the device is busy. */
  async send(skb: SkBuff): Promise<void> {
    while (this.a.xmit(skb) === BUSY) {
      const { woken } = this;
      await this.settle();
      holds(this.woken > woken, 'a sender that got BUSY is woken');
    }
  }

  /** Lets everything happen, polls included. */
  async settle(): Promise<void> {
    for (let i = 0; i < 100_000; i++) {
      await this.bench.pump();
      if (this.#due.size === 0) return;
      for (const device of [...this.#due]) this.poll(BUDGET, device);
    }
    throw new Error('the device never comes to rest');
  }

  /** Polls as a host does: again and again until it does less than its budget. */
  poll(budget: number, device: LawDevice = this.b): number {
    this.#due.delete(device);
    this.polling = true;
    try {
      const done = device.poll(budget);
      holds(Number.isInteger(done) && done >= 0 && done <= budget, `poll(${budget}) gives ${done}`);
      if (done === budget) this.#due.add(device);
      return done;
    } finally {
      this.polling = false;
    }
  }

  /** Expects that what arrived is what was sent, in order. */
  expectReceived(sent: readonly Uint8Array[]): void {
    same(this.received.length, sent.length, 'packets received');
    sent.forEach(
      (bytes, i) => void same(unpadded(this.received[i] as Uint8Array, bytes.length), bytes, `packet ${i}`),
    );
  }

  /** Closes both and expects that nothing is left. */
  async finish(): Promise<void> {
    await this.settle();
    this.a.close();
    this.b.close();
    await this.bench.pump();
    for (const { stats } of this.bench.pools) {
      same({ skbs: stats.skbs, inUse: stats.inUse }, { skbs: 0, inUse: 0 }, 'left in the pool after close');
    }
  }
}

/** A frame without the zeros that a wire may have padded it with. */
function unpadded(bytes: Uint8Array, length: number): Uint8Array {
  const isPadding =
    bytes.length === ETH_ZLEN && length < ETH_ZLEN && bytes.subarray(length).every((byte) => byte === 0);
  return isPadding ? bytes.slice(0, length) : bytes;
}

function writeMac(bytes: Uint8Array, at: number, address: number): void {
  const view = viewOf(bytes);
  view.setUint16(at, Math.floor(address / 0x1_0000_0000));
  view.setUint32(at + 2, address % 0x1_0000_0000);
}

/** Runs `body` with fresh devices for each value, and expects that it leaves nothing. */
export async function forAll<T>(
  make: MakeDevices,
  options: DeviceLawOptions,
  values: fc.Arbitrary<T>,
  body: (rig: Rig, value: T) => Promise<void>,
): Promise<void> {
  const property = fc.asyncProperty(values, async (value) => {
    const rig = new Rig(await make());
    await body(rig, value);
    await rig.finish();
  });
  await fc.assert(property, options.runs === undefined ? {} : { numRuns: options.runs });
}
