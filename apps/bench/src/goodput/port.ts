/**
 * A TAP as the end of a simulated wire: frames of the one are frames of the other.
 * @module
 */
import type { Clock } from '@stack/host';
import { type Endpoint, Frame, type Link } from '@stack/nic-sim';
import type { Pool } from '@stack/skbuff';
import { BUSY, type Device } from '@stack/skbuff/netdev';

/** Frames of one poll. */
const BUDGET = 64;

/** See the module. What the TAP has no room for is dropped and counted: a wire has nowhere to keep it. */
export class Port implements Endpoint {
  readonly name: string;
  /** Frames that the TAP had no room for. */
  dropped = 0;
  readonly #device: Device;
  readonly #pool: Pool;
  #link: Link | undefined = undefined;

  constructor(device: Device, pool: Pool, clock: Clock) {
    this.name = device.name;
    this.#device = device;
    this.#pool = pool;
    const poll = (): void => {
      if (device.poll(BUDGET) === BUDGET) clock.at(clock.now(), poll, undefined);
    };
    device.receive = (skb) => {
      const frame = Frame.of(pool, skb.toBytes());
      skb.free();
      if (frame !== undefined) this.#link?.send(frame);
    };
    device.interrupt = () => void clock.at(clock.now(), poll, undefined);
  }

  plug(link: Link | undefined): void {
    this.#link = link;
  }

  carrier(): void {
    // A TAP's is its own.
  }

  arrive(frame: Frame): void {
    const skb = this.#pool.alloc(frame.length);
    skb?.putData(frame.bytes());
    frame.free();
    if (skb !== undefined && this.#device.xmit(skb) !== BUSY) return;
    skb?.free();
    this.dropped++;
  }
}
