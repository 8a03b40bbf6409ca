/**
 * What a wire does to frames, decided from a seed: loss, corruption, duplication, reordering, jitter.
 * @module
 */
import { type Clock, throwFrom } from './clock.ts';
import { FCS_LEN, type Frame } from './frame.ts';
import { below, rng, threshold } from './rng.ts';

/** One direction of a wire. Times are whole µs, probabilities 0..1. */
export interface Impairments {
  /** Bits per second; 0 = no limit: frames take no time. Default 1,000,000,000. */
  rate: number;
  /** Bytes each frame costs beyond its own and the FCS: preamble, start delimiter, gap (IEEE 802.3: 8 + 12). Default 20. */
  overhead: number;
  /** Propagation delay, µs. Default 0. */
  delay: number;
  /** Uniform variation of the delay by up to this much both ways, µs, at most 1,000,000; frames keep their order. Default 0. */
  jitter: number;
  /** Frames lost: a probability, a list of positions (0 = the direction's first frame), or a function. Default 0. */
  loss: number | readonly number[] | ((index: number, frame: Frame) => boolean);
  /** Probability that a frame arrives twice. Default 0. */
  duplicate: number;
  /** Probability that a frame is held back while others pass. Default 0. */
  reorder: number;
  /** How long it is held back, µs. Default 100. */
  reorderDelay: number;
  /** Probability that one bit of a frame, FCS included, is flipped. Default 0. */
  corrupt: number;
  /** Bytes that may wait for a wire with a `rate`; a frame beyond them is dropped. Default 1,000,000. */
  queueLimit: number;
  /** Frames under way at once, waiting ones included; a frame beyond them is dropped. At least 1. Default 65,536. */
  flightLimit: number;
}

/** A gigabit wire that does no harm. */
export const DEFAULTS: Impairments = {
  rate: 1_000_000_000,
  overhead: 20,
  delay: 0,
  jitter: 0,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  reorderDelay: 100,
  corrupt: 0,
  queueLimit: 1_000_000,
  flightLimit: 65_536,
};

const MAX_JITTER = 1_000_000;

// One generator per decision, and each moves on alike for every frame: what befalls a frame depends on the seed and on its place
// alone, not on what befell others or which other impairments are on.
const LOSS = 1;
const CORRUPT = 2;
const DUPLICATE = 3;
const REORDER = 4;
const JITTER = 5;
const REORDER_TWIN = 6;
const JITTER_TWIN = 7;
const STREAMS = 16;

/** How one copy of a frame travels. */
export interface Flight {
  /** Whether it is held back while others pass. */
  held: boolean;
  /** Propagation, µs. */
  delay: number;
}

/** What is to become of a frame. */
export interface Fate {
  lost: boolean;
  /** Whether one bit of it flips. */
  corrupted: boolean;
  /** Whether it arrives twice. */
  duplicated: boolean;
  first: Flight;
  /** Its copy, if it is duplicated. */
  second: Flight;
}

/** The decisions for one direction. */
export class Impairer {
  readonly settings: Impairments;
  readonly #clock: Clock;
  /** What {@link decide} decided last. */
  readonly fate: Fate = {
    lost: false,
    corrupted: false,
    duplicated: false,
    first: { held: false, delay: 0 },
    second: { held: false, delay: 0 },
  };
  readonly #loss: () => number;
  readonly #corrupt: () => number;
  readonly #duplicate: () => number;
  readonly #reorder: () => number;
  readonly #jitter: () => number;
  readonly #reorderTwin: () => number;
  readonly #jitterTwin: () => number;
  readonly #lossAt: number;
  readonly #lossList: ReadonlySet<number> | undefined;
  readonly #lossFunction: ((index: number, frame: Frame) => boolean) | undefined;
  readonly #corruptAt: number;
  readonly #duplicateAt: number;
  readonly #reorderAt: number;
  /** Chooses the bit that flips. */
  #where = 0;

  /**
   * @param side Which direction of the seed's wire. @throws RangeError for a setting out of its range, TypeError for a `loss`
   * that is none of the three.
   */
  constructor(clock: Clock, settings: Impairments, seed: number, side: number) {
    this.#clock = clock;
    this.settings = checked(settings);
    const { loss } = settings;
    this.#loss = rng(seed, side * STREAMS + LOSS);
    this.#corrupt = rng(seed, side * STREAMS + CORRUPT);
    this.#duplicate = rng(seed, side * STREAMS + DUPLICATE);
    this.#reorder = rng(seed, side * STREAMS + REORDER);
    this.#jitter = rng(seed, side * STREAMS + JITTER);
    this.#reorderTwin = rng(seed, side * STREAMS + REORDER_TWIN);
    this.#jitterTwin = rng(seed, side * STREAMS + JITTER_TWIN);
    this.#lossAt = typeof loss === 'number' ? threshold(loss, 'wire: loss') : 0;
    this.#lossList = typeof loss === 'object' ? new Set(loss) : undefined;
    this.#lossFunction = typeof loss === 'function' ? loss : undefined;
    this.#corruptAt = threshold(settings.corrupt, 'wire: corrupt');
    this.#duplicateAt = threshold(settings.duplicate, 'wire: duplicate');
    this.#reorderAt = threshold(settings.reorder, 'wire: reorder');
  }

  /** Decides what becomes of the next frame: {@link fate}. */
  decide(frame: Frame): void {
    const lost = this.#loses(frame);
    const { fate } = this;
    fate.lost = lost;
    fate.corrupted = this.#corruptAt > 0 && this.#corrupt() < this.#corruptAt;
    if (this.#corruptAt > 0) this.#where = this.#corrupt();
    fate.duplicated = this.#duplicateAt > 0 && this.#duplicate() < this.#duplicateAt;
    this.#send(fate.first, this.#reorder, this.#jitter);
    if (this.#duplicateAt > 0) this.#send(fate.second, this.#reorderTwin, this.#jitterTwin);
  }

  /** Flips one bit of the frame, which is stamped and not shared. */
  damage(frame: Frame): void {
    const bit = below(this.#where, (frame.length + FCS_LEN) * 8);
    const { bytes } = frame.page.arena;
    const at = frame.start + (bit >> 3);
    bytes[at] = (bytes[at] as number) ^ (1 << (bit & 7));
  }

  #loses(frame: Frame): boolean {
    if (this.#lossList !== undefined) return this.#lossList.has(frame.index);
    if (this.#lossFunction !== undefined) {
      try {
        return this.#lossFunction(frame.index, frame);
      } catch (error) {
        throwFrom(this.#clock, error);
        return true;
      }
    }
    return this.#lossAt > 0 && this.#loss() < this.#lossAt;
  }

  #send(flight: Flight, reorder: () => number, jitter: () => number): void {
    const { delay, jitter: most } = this.settings;
    flight.held = this.#reorderAt > 0 && reorder() < this.#reorderAt;
    flight.delay = most === 0 ? delay : Math.max(0, delay - most + below(jitter(), 2 * most + 1));
  }
}

function checked(settings: Impairments): Impairments {
  const { rate, overhead, delay, jitter, loss, reorderDelay, queueLimit, flightLimit } = settings;
  for (const [name, value, most, least = 0] of [
    ['rate', rate, 1_000_000_000_000],
    ['overhead', overhead, 0xffff],
    ['delay', delay, Number.MAX_SAFE_INTEGER / 4],
    ['jitter', jitter, MAX_JITTER],
    ['reorderDelay', reorderDelay, Number.MAX_SAFE_INTEGER / 4],
    ['queueLimit', queueLimit, Number.MAX_SAFE_INTEGER],
    ['flightLimit', flightLimit, Number.MAX_SAFE_INTEGER, 1],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      throw new RangeError(`wire: ${name} ${value} is not a whole number within ${least}..${most}`);
    }
  }
  if (typeof loss !== 'number' && typeof loss !== 'function' && !Array.isArray(loss)) {
    throw new TypeError('wire: loss is no probability, list of positions or function');
  }
  return settings;
}
