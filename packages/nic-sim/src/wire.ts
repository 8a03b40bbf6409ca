/**
 * A wire between two endpoints: full duplex, with a rate, a delay and whatever else befalls frames.
 *
 * ```text
 *            send                                               arrive
 *   NIC a ----->  | queue | serialise at `rate` |  `delay` ...  -----> NIC b
 *         <-----  ...      the same the other way       ...  <-----
 * ```
 * @module
 */
import { type Clock, throwFrom } from './clock.ts';
import { FCS_LEN, type Frame } from './frame.ts';
import { DEFAULTS, type Flight, Impairer, type Impairments } from './impair.ts';
import type { Endpoint, Link } from './link.ts';
import { need } from './options.ts';

/** Which way a frame goes. */
export type Heading = 'aToB' | 'bToA';

/** Why a wire drops a frame. */
export type WireDrop = 'WIRE_LOSS' | 'WIRE_QUEUE' | 'WIRE_DOWN' | 'WIRE_NOMEM';

/** What one direction counts, in frames unless said. */
export interface WireStats {
  /** Frames put on the wire. */
  frames: number;
  /** Their bytes, without FCS. */
  bytes: number;
  /** Frames handed to the other end; copies count. */
  delivered: number;
  duplicated: number;
  reordered: number;
  corrupted: number;
  drops: Record<WireDrop, number>;
}

/** A frame as a capture sees it. */
export interface Captured {
  /** When, µs. */
  time: number;
  direction: Heading;
  /** The frame, a copy. */
  bytes: Uint8Array;
}

/** What a capture wants. */
export interface TapOptions {
  /** Give the FCS, too. It is computed for that. Default false. */
  fcs?: boolean;
  /** Look at frames where they are sent, before anything befalls them, or where they arrive. Default `send`. */
  at?: 'send' | 'deliver';
}

/** How to make a {@link Wire}: impairments hold for both directions, `aToB` and `bToA` override them for one. */
export interface WireOptions extends Partial<Impairments> {
  clock: Clock;
  a: Endpoint;
  b: Endpoint;
  /** All that is random on the wire follows from it. Default 1. */
  seed?: number;
  aToB?: Partial<Impairments>;
  bToA?: Partial<Impairments>;
}

interface Tap {
  readonly listener: (captured: Captured) => void;
  readonly fcs: boolean;
  readonly at: 'send' | 'deliver';
}

/** One direction of a {@link Wire}, and the link its sender sees. */
export interface Direction extends Link {
  readonly stats: Readonly<WireStats>;
}

/** A wire; both ends are plugged in by the constructor. */
export class Wire {
  /** From `a` to `b`. */
  readonly aToB: Direction;
  /** From `b` to `a`. */
  readonly bToA: Direction;
  readonly #there: Half;
  readonly #back: Half;
  #up = true;
  #closed = false;
  readonly #clock: Clock;
  readonly #taps: Set<Tap> = new Set();

  /**
   * @throws RangeError for a setting out of its range, or where both ends are the same; TypeError for a missing clock, or an end
   * that is no endpoint.
   */
  constructor(options: WireOptions) {
    need('wire', options, ['clock', 'a', 'b']);
    const { clock, a, b, seed = 1, aToB, bToA, ...both } = options;
    checkEndpoint('a', a);
    checkEndpoint('b', b);
    if (a === b) throw new RangeError('wire: both ends are the same; give it two endpoints');
    this.#clock = clock;
    const common = { ...DEFAULTS, ...both };
    this.#there = new Half(this, 'aToB', clock, new Impairer(clock, { ...common, ...aToB }, seed, 0), b);
    this.#back = new Half(this, 'bToA', clock, new Impairer(clock, { ...common, ...bToA }, seed, 1), a);
    this.aToB = this.#there;
    this.bToA = this.#back;
    a.plug(this.aToB);
    b.plug(this.bToA);
    this.#tell(true);
  }

  /** Whether there is carrier. */
  get up(): boolean {
    return this.#up;
  }

  /** Cuts the wire, losing what is in flight, or mends it. Both ends hear of it. */
  setUp(up: boolean): void {
    if (this.#closed || up === this.#up) return;
    this.#up = up;
    if (!up) this.#lose();
    this.#tell(up);
  }

  /** Takes the wire away: as cut, and both ends are unplugged. */
  close(): void {
    if (this.#closed) return;
    this.setUp(false);
    this.#closed = true;
    this.#back.receiver.plug(undefined);
    this.#there.receiver.plug(undefined);
  }

  /**
   * Calls `listener` for every frame until the function returned is called. An error it throws comes out of the clock, at the same
   * moment; the frame goes its way.
   */
  onFrame(listener: (captured: Captured) => void, options: TapOptions = {}): () => void {
    const tap: Tap = { listener, fcs: options.fcs ?? false, at: options.at ?? 'send' };
    this.#taps.add(tap);
    return () => {
      this.#taps.delete(tap);
    };
  }

  /** Shows a frame to captures. @internal */
  capture(frame: Frame, direction: Heading, at: 'send' | 'deliver', time: number): void {
    if (this.#taps.size === 0) return;
    for (const tap of this.#taps) {
      if (tap.at !== at) continue;
      try {
        tap.listener({ time, direction, bytes: tap.fcs ? frame.bytesWithFcs() : frame.bytes() });
      } catch (error) {
        throwFrom(this.#clock, error);
      }
    }
  }

  #lose(): void {
    this.#there.lose();
    this.#back.lose();
  }

  #tell(up: boolean): void {
    this.#back.receiver.carrier(up);
    this.#there.receiver.carrier(up);
  }
}

/** @throws TypeError for what frames cannot arrive at. */
function checkEndpoint(name: string, end: Endpoint): void {
  if (typeof end.arrive !== 'function' || typeof end.plug !== 'function') {
    throw new TypeError(`wire: option ${name} is no endpoint: give it a NIC or a port of a switch`);
  }
}

/** See {@link Direction}. */
class Half implements Direction {
  readonly stats: WireStats = {
    frames: 0,
    bytes: 0,
    delivered: 0,
    duplicated: 0,
    reordered: 0,
    corrupted: 0,
    drops: { WIRE_LOSS: 0, WIRE_QUEUE: 0, WIRE_DOWN: 0, WIRE_NOMEM: 0 },
  };
  /** Where frames arrive. */
  readonly receiver: Endpoint;
  readonly #wire: Wire;
  readonly #heading: Heading;
  readonly #clock: Clock;
  readonly #impairer: Impairer;
  // When the last bit queued so far leaves, exact: µs, and a remainder in units of 1 µs / rate.
  #freeAt = Number.MIN_SAFE_INTEGER;
  #remainder = 0;
  /** No frame that keeps its order may arrive before this, µs. */
  #lastArrival = Number.MIN_SAFE_INTEGER;
  #index = 0;
  #flying: Frame | undefined = undefined;
  #inFlight = 0;

  constructor(wire: Wire, heading: Heading, clock: Clock, impairer: Impairer, receiver: Endpoint) {
    this.#wire = wire;
    this.#heading = heading;
    this.#clock = clock;
    this.#impairer = impairer;
    this.receiver = receiver;
  }

  /** See {@link Link.up}. */
  get up(): boolean {
    return this.#wire.up;
  }

  /** See {@link Link.readyAt}. */
  readyAt(): number {
    return this.#freeAt;
  }

  /** See {@link Link.unplug}. */
  unplug(): void {
    this.#wire.close();
  }

  /** See {@link Link.send}. */
  send(frame: Frame): void {
    const { stats } = this;
    const now = this.#clock.now();
    stats.frames++;
    stats.bytes += frame.length;
    const refusal = !this.#wire.up ? 'WIRE_DOWN' : this.#hasRoom(frame, now) ? undefined : 'WIRE_QUEUE';
    if (refusal !== undefined) {
      this.#drop(frame, refusal);
      return;
    }
    frame.index = this.#index++;
    this.#wire.capture(frame, this.#heading, 'send', now);
    const { fate } = this.#impairer;
    this.#impairer.decide(frame);
    if (!this.#wire.up) {
      this.#drop(frame, 'WIRE_DOWN'); // a capture or the loss function cut it
      return;
    }
    const sent = this.#serialise(frame, now);
    const fault = this.#impair(frame);
    if (fault !== undefined) {
      this.#drop(frame, fault);
      return;
    }
    const twin = fate.duplicated ? frame.share() : undefined;
    this.#fly(frame, sent, fate.first);
    if (twin === undefined) return;
    twin.index = frame.index;
    stats.duplicated++;
    this.#fly(twin, sent, fate.second);
  }

  /** Loses every frame in flight. @internal */
  lose(): void {
    for (let frame = this.#flying; frame !== undefined; frame = this.#flying) {
      this.#clock.cancel(frame.handle as object);
      this.#land(frame);
      this.#drop(frame, 'WIRE_DOWN');
    }
    this.#freeAt = Number.MIN_SAFE_INTEGER;
    this.#remainder = 0;
    this.#lastArrival = Number.MIN_SAFE_INTEGER;
  }

  /** A frame has come through. @internal */
  arrive(frame: Frame): void {
    this.#land(frame);
    this.stats.delivered++;
    this.#wire.capture(frame, this.#heading, 'deliver', this.#clock.now());
    this.receiver.arrive(frame);
  }

  #hasRoom(frame: Frame, now: number): boolean {
    const { rate, queueLimit, flightLimit } = this.#impairer.settings;
    if (this.#inFlight >= flightLimit) return false;
    if (rate === 0 || this.#freeAt <= now) return true;
    return ((this.#freeAt - now) * rate) / 8_000_000 + frame.length <= queueLimit;
  }

  /** Loses or damages the frame, if that is its fate. */
  #impair(frame: Frame): WireDrop | undefined {
    const { fate } = this.#impairer;
    if (fate.lost) return 'WIRE_LOSS';
    if (!fate.corrupted) return undefined;
    if (!frame.unshare()) return 'WIRE_NOMEM';
    frame.stamp();
    this.#impairer.damage(frame);
    this.stats.corrupted++;
    return undefined;
  }

  /** Puts the frame's bits behind those already queued and returns when the last one is out, µs rounded up. */
  #serialise(frame: Frame, now: number): number {
    const { rate, overhead } = this.#impairer.settings;
    if (rate === 0) return now;
    if (this.#freeAt < now) {
      this.#freeAt = now;
      this.#remainder = 0;
    }
    const ticks = this.#remainder + (frame.length + FCS_LEN + overhead) * 8_000_000;
    this.#remainder = ticks % rate;
    this.#freeAt += (ticks - this.#remainder) / rate;
    return this.#remainder === 0 ? this.#freeAt : this.#freeAt + 1;
  }

  #fly(frame: Frame, sent: number, flight: Flight): void {
    let time = sent + flight.delay;
    if (time < this.#lastArrival) time = this.#lastArrival;
    if (flight.held) {
      this.stats.reordered++;
      time += this.#impairer.settings.reorderDelay;
    } else this.#lastArrival = time;
    this.#inFlight++;
    frame.next = this.#flying;
    if (this.#flying !== undefined) this.#flying.prev = frame;
    this.#flying = frame;
    frame.carrier = this;
    frame.handle = this.#clock.at(time, arrive, frame);
  }

  #land(frame: Frame): void {
    this.#inFlight--;
    if (frame.prev === undefined) this.#flying = frame.next;
    else frame.prev.next = frame.next;
    if (frame.next !== undefined) frame.next.prev = frame.prev;
    frame.next = undefined;
    frame.prev = undefined;
    frame.handle = undefined;
    frame.carrier = undefined;
  }

  #drop(frame: Frame, drop: WireDrop): void {
    this.stats.drops[drop]++;
    frame.free();
  }
}

function arrive(frame: Frame): void {
  frame.carrier?.arrive(frame);
}
