/**
 * What becomes due, ordered by time: a binary heap.
 * @module
 */

/** Items by the moment they are due, µs and ns beyond it; those of the same moment come out in the order they went in. */
export class TimeHeap<T> {
  // One array a field: numbers lie in them unboxed, and no entry is an object of its own.
  readonly #time: number[] = [];
  readonly #ns: number[] = [];
  readonly #order: number[] = [];
  readonly #items: T[] = [];
  #count = 0;

  /** Items in it. */
  get size(): number {
    return this.#items.length;
  }

  /** The first whole µs at which the first item is due. */
  get whole(): number | undefined {
    const time = this.#time[0];
    return time !== undefined && (this.#ns[0] as number) > 0 ? time + 1 : time;
  }

  /** Whether the first item is due. */
  isDue(now: number): boolean {
    const time = this.#time[0];
    return time !== undefined && (time < now || (time === now && this.#ns[0] === 0));
  }

  /** Puts an item in. */
  push(time: number, ns: number, item: T): void {
    const order = this.#count++;
    let at = this.#items.length;
    this.#items.push(item);
    this.#time.push(time);
    this.#ns.push(ns);
    this.#order.push(order);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!this.#isAfter(parent, time, ns, order)) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#set(at, time, ns, order, item);
  }

  /** Takes the first item out. */
  pop(): T | undefined {
    const item = this.#items[0];
    if (item === undefined) return undefined;
    // The last item goes down from the top, where the first one was.
    const last = this.#items.pop() as T;
    const time = this.#time.pop() as number;
    const ns = this.#ns.pop() as number;
    const order = this.#order.pop() as number;
    const size = this.#items.length;
    if (size === 0) {
      this.#count = 0;
      return item;
    }
    let at = 0;
    for (let child = 1; child < size; child = 2 * at + 1) {
      const other = child + 1;
      if (other < size && this.#isBefore(other, child)) child = other;
      if (this.#isAfter(child, time, ns, order)) break;
      this.#move(child, at);
      at = child;
    }
    this.#set(at, time, ns, order, last);
    return item;
  }

  #set(at: number, time: number, ns: number, order: number, item: T): void {
    this.#time[at] = time;
    this.#ns[at] = ns;
    this.#order[at] = order;
    this.#items[at] = item;
  }

  #move(from: number, to: number): void {
    this.#set(
      to,
      this.#time[from] as number,
      this.#ns[from] as number,
      this.#order[from] as number,
      this.#items[from] as T,
    );
  }

  #isBefore(a: number, b: number): boolean {
    return this.#isAfter(b, this.#time[a] as number, this.#ns[a] as number, this.#order[a] as number);
  }

  /** Whether the item at `at` comes after one of that time and place in the order. */
  #isAfter(at: number, time: number, ns: number, order: number): boolean {
    const difference = (this.#time[at] as number) - time;
    if (difference !== 0) return difference > 0;
    const differenceNs = (this.#ns[at] as number) - ns;
    if (differenceNs !== 0) return differenceNs > 0;
    return (this.#order[at] as number) > order;
  }
}
