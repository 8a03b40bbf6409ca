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
    this.#set(at, time, ns, order, item);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!this.#isBefore(at, parent)) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  /** Takes the first item out. */
  pop(): T | undefined {
    const item = this.#items[0];
    if (item === undefined) return undefined;
    const last = this.#items.length - 1;
    this.#swap(0, last);
    this.#time.pop();
    this.#ns.pop();
    this.#order.pop();
    this.#items.pop();
    if (last === 0) this.#count = 0;
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      if (left >= last) return item;
      const child = left + 1 < last && this.#isBefore(left + 1, left) ? left + 1 : left;
      if (!this.#isBefore(child, at)) return item;
      this.#swap(child, at);
      at = child;
    }
  }

  #set(at: number, time: number, ns: number, order: number, item: T): void {
    this.#time[at] = time;
    this.#ns[at] = ns;
    this.#order[at] = order;
    this.#items[at] = item;
  }

  #isBefore(a: number, b: number): boolean {
    const time = (this.#time[a] as number) - (this.#time[b] as number);
    if (time !== 0) return time < 0;
    const ns = (this.#ns[a] as number) - (this.#ns[b] as number);
    if (ns !== 0) return ns < 0;
    return (this.#order[a] as number) < (this.#order[b] as number);
  }

  #swap(a: number, b: number): void {
    const time = this.#time[a] as number;
    const ns = this.#ns[a] as number;
    const order = this.#order[a] as number;
    const item = this.#items[a] as T;
    this.#set(
      a,
      this.#time[b] as number,
      this.#ns[b] as number,
      this.#order[b] as number,
      this.#items[b] as T,
    );
    this.#set(b, time, ns, order, item);
  }
}
