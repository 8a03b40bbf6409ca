/**
 * The greatest of the values of a time window, in constant space: three samples, each the greatest of what came after the one before it
 * (Kathleen Nichols's estimator, as Linux's lib/win_minmax.c keeps it). Time is whatever its owner counts.
 * @module
 */

/** A running maximum. */
export class WindowedMax {
  #time0 = 0;
  #value0 = 0;
  #time1 = 0;
  #value1 = 0;
  #time2 = 0;
  #value2 = 0;

  /** The greatest value of the window. */
  get value(): number {
    return this.#value0;
  }

  /** Forgets all but this sample. */
  reset(time: number, value: number): void {
    this.#time0 = time;
    this.#value0 = value;
    this.#second(time, value);
  }

  /** Takes in a sample; those older than `window` are forgotten. */
  update(window: number, time: number, value: number): void {
    if (value >= this.#value0 || time - this.#time2 > window) {
      this.reset(time, value);
      return;
    }
    if (value >= this.#value1) this.#second(time, value);
    else if (value >= this.#value2) this.#third(time, value);
    this.#expire(window, time, value);
  }

  /** The window moved on. Whoever is second has to be from its last three quarters, whoever is third from its second half. */
  #expire(window: number, time: number, value: number): void {
    const age = time - this.#time0;
    if (age > window) {
      this.#promote(time, value);
      if (time - this.#time0 > window) this.#promote(time, value);
    } else if (this.#time1 === this.#time0 && age > window / 4) this.#second(time, value);
    else if (this.#time2 === this.#time1 && age > window / 2) this.#third(time, value);
  }

  #promote(time: number, value: number): void {
    this.#time0 = this.#time1;
    this.#value0 = this.#value1;
    this.#time1 = this.#time2;
    this.#value1 = this.#value2;
    this.#third(time, value);
  }

  #second(time: number, value: number): void {
    this.#time1 = time;
    this.#value1 = value;
    this.#third(time, value);
  }

  #third(time: number, value: number): void {
    this.#time2 = time;
    this.#value2 = value;
  }
}
