/**
 * A hierarchical timing wheel: a priority queue of times that inserts and removes in constant time and keeps the exact order, by
 * time, then by insertion.
 *
 * Times are digits to the base 64. An entry lies at the level of the highest digit in which its time differs from {@link Wheel.base},
 * in the slot of that digit; so all of a level come before all of the next one, the slots of a level in their order. Where `base`
 * enters a slot, what is in it moves down, in order. Entries of one time are always in one slot together: that keeps them in order.
 * @module
 */

/** Levels of 64 slots: 2^54 µs. The upper four hold the bits above 2^30, which no int32 operation reaches together with the others. */
const LEVELS = 9;
const LOW_LEVELS = 5;
const TWO_30 = 0x4000_0000;

/** What one slot of each level spans, µs. */
const UNITS = /* @__PURE__ */ [
  1,
  0x40,
  0x1000,
  0x4_0000,
  0x100_0000,
  TWO_30,
  TWO_30 * 0x40,
  TWO_30 * 0x1000,
  TWO_30 * 0x4_0000,
];

/** {@link WheelEntry.slot} of an entry that is in no list. */
export const UNLINKED = -1;
/** {@link WheelEntry.slot} of an entry in {@link Wheel.expired}. */
const EXPIRED = LEVELS * 64;

/** Entries {@link Wheel.next} looks through before a lower bound is good enough. */
const MAX_SCAN = 32;

/** What a wheel holds: extend it. Links and place are the wheel's. */
export class WheelEntry {
  /** When it is due, µs. Not to be changed while linked. */
  expires = 0;
  /** Place in the wheel; {@link UNLINKED} when it is in none. @internal */
  slot: number = UNLINKED;
  /** @internal */
  next: this | undefined = undefined;
  /** @internal */
  prev: this | undefined = undefined;
}

/** See the module. */
export class Wheel<E extends WheelEntry> {
  /** No entry is due before; moves on with what is taken out. What is inserted with an earlier time is due at once. */
  base = 0;
  /** Entries linked, expired ones included. */
  count = 0;
  /** Heads of circular lists; `head.prev` is the last. */
  readonly #slots: (E | undefined)[] = new Array<E | undefined>(EXPIRED + 1).fill(undefined);
  /** A bit for each slot that has entries: two words a level. */
  readonly #bits: Int32Array = new Int32Array(LEVELS * 2);

  /** @param base The earliest time there is, µs. */
  constructor(base = 0) {
    this.base = base;
  }

  /** Links an entry that is unlinked, behind those of its time. */
  add(entry: E): void {
    this.count++;
    this.#place(entry);
  }

  /** Unlinks an entry that is linked. */
  remove(entry: E): void {
    const { slot } = entry;
    const next = entry.next as E;
    if (next === entry) {
      this.#slots[slot] = undefined;
      if (slot < EXPIRED) {
        const word = slot >> 5;
        this.#bits[word] = (this.#bits[word] as number) & ~(1 << (slot & 31));
      }
    } else {
      const prev = entry.prev as E;
      prev.next = next;
      next.prev = prev;
      if (this.#slots[slot] === entry) this.#slots[slot] = next;
    }
    entry.next = undefined;
    entry.prev = undefined;
    entry.slot = UNLINKED;
    this.count--;
  }

  /**
   * Moves what is due at `time` or before to the end of the list of expired entries, and {@link base} to `time`. They stay linked: an
   * entry may still be removed.
   */
  expire(time: number): void {
    for (let slot = this.#first(); slot >= 0; slot = this.#first()) {
      const start = this.#start(slot);
      if (start > time) break;
      this.base = start;
      if (slot < 64) this.#append(slot, EXPIRED);
      else this.#cascade(slot);
    }
    if (time > this.base) this.base = time;
  }

  /** Whether {@link shift} has something to give. */
  get hasExpired(): boolean {
    return this.#slots[EXPIRED] !== undefined;
  }

  /** Takes the first of the expired entries out. */
  shift(): E | undefined {
    const entry = this.#slots[EXPIRED];
    if (entry !== undefined) this.remove(entry);
    return entry;
  }

  /**
   * When the next entry is due, µs; a time before that, where many lie close together and far away; Infinity for an empty wheel.
   * Something expired is due at {@link base}.
   */
  next(): number {
    if (this.#slots[EXPIRED] !== undefined) return this.base;
    const slot = this.#first();
    if (slot < 0) return Number.POSITIVE_INFINITY;
    const start = this.#start(slot);
    if (slot < 64) return start;
    const head = this.#slots[slot] as E;
    let earliest = head.expires;
    let scanned = 1;
    for (let entry = head.next as E; entry !== head; entry = entry.next as E) {
      if (++scanned > MAX_SCAN) return start;
      if (entry.expires < earliest) earliest = entry.expires;
    }
    return earliest;
  }

  /** The first slot that has entries; -1 where there is none. Levels in order, and slots in a level, are times in order. */
  #first(): number {
    for (let word = 0; word < LEVELS * 2; word++) {
      const bits = this.#bits[word] as number;
      if (bits !== 0) return (word << 5) + (31 - Math.clz32(bits & -bits));
    }
    return -1;
  }

  /** The earliest time that belongs to a slot, as `base` is now. */
  #start(slot: number): number {
    const unit = UNITS[slot >> 6] as number;
    return (Math.floor(this.base / (unit * 64)) * 64 + (slot & 63)) * unit;
  }

  #place(entry: E): void {
    const { base } = this;
    const time = Math.max(entry.expires, base);
    const high = Math.floor(time / TWO_30);
    const baseHigh = Math.floor(base / TWO_30);
    let slot: number;
    if (high === baseHigh) {
      const low = time - high * TWO_30;
      const level = levelOf(low ^ (base - baseHigh * TWO_30));
      slot = (level << 6) + ((low >> (6 * level)) & 63);
    } else {
      const level = levelOf(high ^ baseHigh);
      slot = ((LOW_LEVELS + level) << 6) + ((high >> (6 * level)) & 63);
    }
    this.#link(entry, slot);
  }

  #link(entry: E, slot: number): void {
    entry.slot = slot;
    const head = this.#slots[slot];
    if (head === undefined) {
      entry.next = entry;
      entry.prev = entry;
      this.#slots[slot] = entry;
      if (slot < EXPIRED) this.#bits[slot >> 5] = (this.#bits[slot >> 5] as number) | (1 << (slot & 31));
      return;
    }
    const last = head.prev as E;
    last.next = entry;
    entry.prev = last;
    entry.next = head;
    head.prev = entry;
  }

  /** Moves the entries of one slot behind those of another. */
  #append(from: number, to: number): void {
    for (let entry = this.#slots[from]; entry !== undefined; entry = this.#slots[from]) {
      this.remove(entry);
      this.count++;
      this.#link(entry, to);
    }
  }

  /** Spreads a slot that `base` entered over the levels below. */
  #cascade(slot: number): void {
    for (let entry = this.#slots[slot]; entry !== undefined; entry = this.#slots[slot]) {
      this.remove(entry);
      this.add(entry);
    }
  }
}

/** The place of the highest digit, to the base 64, that is not 0. */
function levelOf(difference: number): number {
  return ((31 - Math.clz32(difference | 1)) / 6) | 0;
}
