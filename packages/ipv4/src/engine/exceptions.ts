/**
 * What was learned about single destinations, beside the routes: path MTUs (RFC 1191) and redirects (RFC 792). Linux's `struct
 * fib_nh_exception`.
 *
 * Bounded: {@link MAX_EXCEPTIONS} entries, the one not renewed for longest makes room.
 * @module
 */

/** Most entries: as many as a Linux nexthop has (2048 buckets of 5). */
export const MAX_EXCEPTIONS = 10_240;

/** What is known about the way to one destination over one next hop. */
export interface Exception {
  readonly daddr: number;
  readonly ifindex: number;
  /** The next hop of the route it departs from; 0 = on link. */
  readonly routeGateway: number;
  /** Next hop to use instead; 0 = the route's. */
  gateway: number;
  /** Path MTU, bytes; 0 = not known. */
  pmtu: number;
  /** The path MTU told was below `min_pmtu`: do not set DF. */
  locked: boolean;
  /** Until when both hold, absolute µs. */
  expires: number;
}

/** The exceptions of one host. */
export class Exceptions {
  /** Another number after every change. */
  genid = 0;
  /** By destination; a second next hop to the same destination has its entry in the same list. In order of renewal. */
  readonly #byDestination = new Map<number, Exception[]>();
  #size = 0;

  /** Entries kept. */
  get size(): number {
    return this.#size;
  }

  /** The entry for `daddr` over a next hop, `undefined` = none. Whether it expired is the caller's question. */
  find(daddr: number, ifindex: number, routeGateway: number): Exception | undefined {
    const list = this.#byDestination.get(daddr);
    if (list === undefined) return undefined;
    for (let i = 0; i < list.length; i++) {
      const entry = list[i] as Exception;
      if (entry.ifindex === ifindex && entry.routeGateway === routeGateway) return entry;
    }
    return undefined;
  }

  /** The entry for `daddr` over a next hop, made where there is none, as the one renewed last. The caller changes it. */
  renew(daddr: number, ifindex: number, routeGateway: number): Exception {
    this.genid++;
    const list = this.#byDestination.get(daddr) ?? [];
    this.#byDestination.delete(daddr); // to the end of the order
    this.#byDestination.set(daddr, list);
    let entry = this.find(daddr, ifindex, routeGateway);
    if (entry === undefined) {
      entry = { daddr, ifindex, routeGateway, gateway: 0, pmtu: 0, locked: false, expires: 0 };
      list.push(entry);
      this.#size++;
      this.#evict();
    }
    return entry;
  }

  /** Forgets one entry. */
  forget(entry: Exception): void {
    const list = this.#byDestination.get(entry.daddr);
    const index = list === undefined ? -1 : list.indexOf(entry);
    if (list === undefined || index < 0) return;
    list.splice(index, 1);
    if (list.length === 0) this.#byDestination.delete(entry.daddr);
    this.#size--;
    this.genid++;
  }

  /** Forgets all (`ip route flush cache`). */
  flush(): void {
    this.genid++;
    this.#byDestination.clear();
    this.#size = 0;
  }

  #evict(): void {
    while (this.#size > MAX_EXCEPTIONS) {
      const [daddr, list] = this.#byDestination.entries().next().value as [number, Exception[]];
      list.shift();
      this.#size--;
      if (list.length === 0) this.#byDestination.delete(daddr);
    }
  }
}
