/**
 * Interrupts: cause, mask and throttling, as the 8254x has them (ICR, IMS, IMC, ICS, ITR).
 * @module
 */
import type { Clock } from './clock.ts';

/** Nanoseconds in one unit of ITR (manual 13.4.18). */
const ITR_UNIT = 256;
/** The largest interval ITR holds, in its units. */
export const MAX_ITR = 0xffff;

/** The interrupt logic of one device. */
export class Interrupts {
  /** Interrupts raised so far. */
  count = 0;
  readonly #clock: Clock;
  readonly #assert: () => void;
  #cause = 0;
  #mask = 0;
  #itr = 0;
  #timer: object | undefined = undefined;
  // The earliest moment of the next interrupt, exact: µs and a remainder in ns.
  #next = Number.MIN_SAFE_INTEGER;
  #nextNs = 0;

  /** @param assert Called, from an event of the clock and never from within another call, when the line is raised. */
  constructor(clock: Clock, assert: () => void) {
    this.#clock = clock;
    this.#assert = assert;
  }

  /** Causes pending: what {@link take} would give. Reading this one clears nothing. */
  get icr(): number {
    return this.#cause;
  }

  /** Causes that are let through. */
  get ims(): number {
    return this.#mask;
  }

  /** Least time between two interrupts, in units of 256 ns; 0 = no throttling. */
  get itr(): number {
    return this.#itr;
  }

  /** @throws RangeError if it is not a u16. */
  set itr(units: number) {
    if (!Number.isInteger(units) || units < 0 || units > MAX_ITR) {
      throw new RangeError(`nic: itr ${units} is not within 0..${MAX_ITR}`);
    }
    this.#itr = units;
  }

  /** Adds causes, as the hardware does and as a write to ICS does. */
  raise(cause: number): void {
    this.#cause |= cause;
    this.#update();
  }

  /** Reads ICR: the causes pending, which are cleared by that. */
  take(): number {
    const cause = this.#cause;
    this.#cause = 0;
    return cause;
  }

  /** Writes IMS: lets causes through; pending ones interrupt. */
  enable(bits: number): void {
    this.#mask |= bits;
    this.#update();
  }

  /** Writes IMC: holds causes back. They stay pending. */
  disable(bits: number): void {
    this.#mask &= ~bits;
  }

  /** Forgets an interrupt that was about to come; for a device that goes away. */
  stop(): void {
    this.#mask = 0;
    this.#cause = 0;
    if (this.#timer !== undefined) this.#clock.cancel(this.#timer);
    this.#timer = undefined;
  }

  #update(): void {
    if ((this.#cause & this.#mask) === 0 || this.#timer !== undefined) return;
    const due = this.#nextNs === 0 ? this.#next : this.#next + 1;
    this.#timer = this.#clock.at(Math.max(due, this.#clock.now()), fire, this);
  }

  /** The line goes up, unless the causes were masked or read meanwhile. @internal */
  fire(): void {
    this.#timer = undefined;
    if ((this.#cause & this.#mask) === 0) return;
    const now = this.#clock.now();
    // One that waited for its turn counts from the exact moment it was due, so the rate is exact, too.
    const waited = this.#nextNs > 0 ? this.#next + 1 === now : this.#next === now;
    const interval = this.#itr * ITR_UNIT + (waited ? this.#nextNs : 0);
    const ns = interval % 1000;
    this.#next = (waited ? this.#next : now) + (interval - ns) / 1000;
    this.#nextNs = ns;
    this.count++;
    this.#assert();
  }
}

function fire(interrupts: Interrupts): void {
  interrupts.fire();
}
