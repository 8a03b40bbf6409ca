/**
 * Where neighbours are found: a hash table with chains through the entries themselves, which doubles when it is full.
 * @module
 */
import type { Neighbour } from './neighbour.ts';
import type { AddressOps, NeighDevice, QueuedSkb } from './ports.ts';

/** Chains at the start: 1 << 3. */
const FIRST_SHIFT = 3;
/** Spreads consecutive device numbers over the bits of a hash: 2^32 divided by the golden ratio. */
const GOLDEN = 0x9e37_79b1 | 0;

/** The entries of a table by device and address. */
export class NeighHash<A, S extends QueuedSkb, D extends NeighDevice> {
  /** Entries in it. */
  size = 0;
  /** Times it grew. */
  grows = 0;
  readonly #ops: AddressOps<A>;
  readonly #random: () => number;
  #chains: (Neighbour<A, S, D> | undefined)[] = new Array(1 << FIRST_SHIFT).fill(undefined);
  #shift = FIRST_SHIFT;
  /** A factor that nobody outside knows, so that nobody can aim at one chain. */
  #secret: number;

  constructor(ops: AddressOps<A>, random: () => number) {
    this.#ops = ops;
    this.#random = random;
    this.#secret = secretOf(random());
  }

  /** The entry of an address on a device. */
  find(device: D, address: A): Neighbour<A, S, D> | undefined {
    const hash = this.hash(device, address);
    // Of one address on two devices the hashes differ: GOLDEN is odd, so the product tells the devices apart.
    let entry = this.#chains[this.#chainOf(hash)];
    while (entry !== undefined) {
      if (entry.hash === hash && this.#ops.same(entry.address, address)) break;
      entry = entry.next;
    }
    return entry;
  }

  /** What an entry for this address keeps as its hash. */
  hash(device: D, address: A): number {
    return this.#ops.hash(address) ^ Math.imul(device.ifindex, GOLDEN);
  }

  /** Adds an entry whose address is not in it. */
  insert(entry: Neighbour<A, S, D>): void {
    if (this.size >= this.#chains.length) this.#grow();
    this.#link(entry);
    this.size++;
  }

  /** Takes an entry of this table out. */
  remove(entry: Neighbour<A, S, D>): void {
    const chain = this.#chainOf(entry.hash);
    const first = this.#chains[chain];
    if (first === entry) this.#chains[chain] = entry.next;
    else {
      let before = first;
      while (before !== undefined && before.next !== entry) before = before.next;
      if (before !== undefined) before.next = entry.next;
    }
    entry.next = undefined;
    this.size--;
  }

  /** All entries, as they are now: what is done to them does not change the list. */
  all(): Neighbour<A, S, D>[] {
    const entries: Neighbour<A, S, D>[] = [];
    for (const first of this.#chains) {
      for (let entry = first; entry !== undefined; entry = entry.next) entries.push(entry);
    }
    return entries;
  }

  #chainOf(hash: number): number {
    return Math.imul(hash, this.#secret) >>> (32 - this.#shift);
  }

  #link(entry: Neighbour<A, S, D>): void {
    const chain = this.#chainOf(entry.hash);
    entry.next = this.#chains[chain];
    this.#chains[chain] = entry;
  }

  #grow(): void {
    const entries = this.all();
    this.#shift++;
    this.#secret = secretOf(this.#random());
    this.#chains = new Array(1 << this.#shift).fill(undefined);
    for (const entry of entries) this.#link(entry);
    this.grows++;
  }
}

/** Odd, and large even where `random` is small: only the high bits of a product choose a chain. */
function secretOf(random: number): number {
  return Math.imul(random | 1, GOLDEN);
}
