/**
 * Which packets netem loses: at random, or as one of two Markov chains says.
 * @module
 */
import { Correlated, type Random, threshold } from '../rng.ts';

/** How packets are lost; probabilities 0..1. */
export type NetemLoss =
  /** Each by itself. */
  | number
  /** As likely as that, but the fate of a packet takes after the one before. */
  | { readonly random: number; readonly correlation?: number }
  /**
   * Four states: received in a gap (1), received in a burst (2), lost in a burst (3), lost by itself in a gap (4). The probabilities are those of
   * 1→3, 3→1, 3→2, 2→3 and 1→4. Default `[p13, 1 - p13, 0, 1, 0]`.
   */
  | { readonly state: readonly [number, number?, number?, number?, number?] }
  /** Gilbert and Elliott: good→bad, bad→good, loss while bad (1-h), loss while good (1-k). Default `[p, 1 - p, 1, 0]`. */
  | { readonly gemodel: readonly [number, number?, number?, number?] };

/** Decides of one packet after the other. */
export interface Loss {
  lost(): boolean;
}

/** The probabilities of a chain, its defaults filled in. */
export function stateOf(loss: readonly [number, number?, number?, number?, number?]): number[] {
  const [p13, p31 = 1 - p13, p32 = 0, p23 = 1, p14 = 0] = loss;
  return [p13, p31, p32, p23, p14];
}

/** The probabilities of a chain, its defaults filled in. */
export function gemodelOf(loss: readonly [number, number?, number?, number?]): number[] {
  const [p, r = 1 - p, bad = 1, good = 0] = loss;
  return [p, r, bad, good];
}

/** What decides; `undefined` where nothing is lost. */
export function lossOf(loss: NetemLoss, random: Random): Loss | undefined {
  if (typeof loss === 'number') return loss === 0 ? undefined : new RandomLoss(random, loss, 0);
  if ('random' in loss) {
    return loss.random === 0 ? undefined : new RandomLoss(random, loss.random, loss.correlation ?? 0);
  }
  if ('state' in loss) return new FourStates(random, stateOf(loss.state));
  return new GilbertElliott(random, gemodelOf(loss.gemodel));
}

class RandomLoss implements Loss {
  readonly #values: Correlated;
  readonly #threshold: number;

  constructor(random: Random, p: number, correlation: number) {
    this.#values = new Correlated(random);
    this.#values.correlation = correlation;
    this.#threshold = threshold(p);
  }

  lost(): boolean {
    return this.#values.next() < this.#threshold;
  }
}

const GAP = 1;
const BURST = 2;
const LOST_IN_BURST = 3;
const LOST_IN_GAP = 4;

class FourStates implements Loss {
  readonly #random: Random;
  readonly #p13: number;
  readonly #p31: number;
  readonly #p32: number;
  readonly #p23: number;
  readonly #p14: number;
  #state = GAP;

  constructor(random: Random, [p13, p31, p32, p23, p14]: number[]) {
    this.#random = random;
    this.#p13 = threshold(p13 as number);
    this.#p31 = threshold(p31 as number);
    this.#p32 = threshold(p32 as number);
    this.#p23 = threshold(p23 as number);
    this.#p14 = threshold(p14 as number);
  }

  lost(): boolean {
    this.#state = this.#next(this.#random());
    return this.#state === LOST_IN_BURST || this.#state === LOST_IN_GAP;
  }

  #next(value: number): number {
    switch (this.#state) {
      case GAP:
        if (value < this.#p14) return LOST_IN_GAP;
        return value < this.#p14 + this.#p13 ? LOST_IN_BURST : GAP;
      case BURST:
        return value < this.#p23 ? LOST_IN_BURST : BURST;
      case LOST_IN_BURST:
        if (value < this.#p32) return BURST;
        return value < this.#p32 + this.#p31 ? GAP : LOST_IN_BURST;
      default:
        return GAP; // one loss in a gap is never followed by another
    }
  }
}

class GilbertElliott implements Loss {
  readonly #random: Random;
  readonly #toBad: number;
  readonly #toGood: number;
  readonly #whileBad: number;
  readonly #whileGood: number;
  #bad = false;

  constructor(random: Random, [p, r, bad, good]: number[]) {
    this.#random = random;
    this.#toBad = threshold(p as number);
    this.#toGood = threshold(r as number);
    this.#whileBad = threshold(bad as number);
    this.#whileGood = threshold(good as number);
  }

  /** The packet's fate is that of the state it finds; then the state may change. */
  lost(): boolean {
    const bad = this.#bad;
    if (this.#random() < (bad ? this.#toGood : this.#toBad)) this.#bad = !bad;
    return this.#random() < (bad ? this.#whileBad : this.#whileGood);
  }
}
