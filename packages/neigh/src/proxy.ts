/**
 * Answering for others: the addresses (Linux `struct pneigh_entry`), and requests that are answered after a random wait.
 * @module
 */
import type { DeviceParms } from './device-parms.ts';
import type { AddressOps, NeighDevice, NeighPorts, QueuedSkb, Timer } from './ports.ts';

/** Chains of the table. Linux's number; these are set by hand. */
const CHAINS = 16;

/** An address that is answered for. */
export interface ProxyEntry<A, D> {
  readonly address: A;
  /** On this device; `undefined` = on all. */
  readonly device: D | undefined;
  /** Who made it: `RTPROT_*`. */
  readonly protocol: number;
}

/** The addresses that are answered for. */
export class ProxyTable<A, D extends NeighDevice> {
  readonly #ops: AddressOps<A>;
  readonly #chains: ProxyEntry<A, D>[][] = Array.from({ length: CHAINS }, () => []);

  constructor(ops: AddressOps<A>) {
    this.#ops = ops;
  }

  /** Whether `address` is answered for on `device`. */
  has(device: D, address: A): boolean {
    for (const entry of this.#chain(address)) {
      if (
        this.#ops.same(entry.address, address) &&
        (entry.device === undefined || isSame(entry.device, device))
      ) {
        return true;
      }
    }
    return false;
  }

  /** Adds one; replaces the one of the same address and device. */
  add(entry: ProxyEntry<A, D>): void {
    this.delete(entry.device, entry.address);
    this.#chain(entry.address).push(entry);
  }

  /** Deletes the one of exactly this address and device; whether there was one. */
  delete(device: D | undefined, address: A): boolean {
    const chain = this.#chain(address);
    const at = chain.findIndex(
      (entry) => this.#ops.same(entry.address, address) && isSame(entry.device, device),
    );
    if (at >= 0) chain.splice(at, 1);
    return at >= 0;
  }

  /** Deletes those of one device. */
  deviceDown(device: D): void {
    for (const chain of this.#chains) {
      for (let i = chain.length - 1; i >= 0; i--) {
        if (isSame(chain[i]?.device, device)) chain.splice(i, 1);
      }
    }
  }

  /** All. */
  list(): ProxyEntry<A, D>[] {
    return this.#chains.flat();
  }

  #chain(address: A): ProxyEntry<A, D>[] {
    return this.#chains[this.#ops.hash(address) & (CHAINS - 1)] as ProxyEntry<A, D>[];
  }
}

interface Waiting<S, D> {
  readonly skb: S;
  readonly device: D;
  readonly parms: DeviceParms;
  readonly due: number;
}

/** Requests that wait to be answered for others (Linux `pneigh_enqueue`), at most `proxy_qlen` and one of a device. */
export class ProxyQueue<A, S extends QueuedSkb, D extends NeighDevice> {
  readonly #ports: NeighPorts<A, S, D>;
  readonly #timer: Timer;
  #waiting: Waiting<S, D>[] = [];

  constructor(ports: NeighPorts<A, S, D>) {
    this.#ports = ports;
    this.#timer = ports.timers.timer<ProxyQueue<A, S, D>>(fire, this);
  }

  /** Takes a request over; {@link NeighPorts.proxyRedo} gets it within `proxy_delay`, RFC 4861 §7.2.8. */
  push(now: number, skb: S, device: D, parms: DeviceParms): void {
    const { proxy_qlen, proxy_delay } = parms.values;
    if (parms.proxyQlen > proxy_qlen) {
      this.#ports.drop(skb, 'NOT_SPECIFIED');
      return;
    }
    const longest = proxy_delay * 10_000;
    const due = now + (longest > 0 ? this.#ports.random() % longest : 0);
    parms.proxyQlen++;
    this.#waiting.push({ skb, device, parms, due });
    if (!this.#timer.pending || this.#timer.expires > due) this.#timer.mod(due);
  }

  /** Drops what came over one device, or all. */
  purge(device: D | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const request of waiting) {
      if (device !== undefined && !isSame(request.device, device)) {
        this.#waiting.push(request);
        continue;
      }
      request.parms.proxyQlen--;
      this.#ports.drop(request.skb, 'QUEUE_PURGE');
    }
    if (this.#waiting.length === 0) this.#timer.del();
  }

  /** Hands over what is due. @internal */
  run(now: number): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    let next = Number.POSITIVE_INFINITY;
    for (const request of waiting) {
      if (request.due > now) {
        this.#waiting.push(request);
        if (request.due < next) next = request.due;
        continue;
      }
      request.parms.proxyQlen--;
      if (this.#ports.proxyRedo === undefined) this.#ports.drop(request.skb, 'NOT_SPECIFIED');
      else this.#ports.proxyRedo(now, request.skb, request.device);
    }
    if (this.#waiting.length > 0) this.#timer.mod(next);
  }
}

function fire<A, S extends QueuedSkb, D extends NeighDevice>(now: number, queue: ProxyQueue<A, S, D>): void {
  queue.run(now);
}

function isSame(a: NeighDevice | undefined, b: NeighDevice | undefined): boolean {
  return a?.ifindex === b?.ifindex;
}
