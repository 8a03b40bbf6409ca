/**
 * The flows of `fq` by socket or hash, the idle ones in the order they fell idle.
 * @module
 */
import { Flow, FlowList, IDLE } from './flow.ts';

/** How long a flow is remembered after its last packet, µs (Linux `FQ_GC_AGE`). */
const AGE = 3_000_000;
/** Flows forgotten at a time, at most. */
const GC_MAX = 8;

/** Which flow a packet belongs to. Bounded: idle flows are forgotten in time, the oldest at once where there are too many. */
export class FlowTable {
  /** Flows forgotten so far. */
  collected = 0;
  /** Idle flows that are remembered at most. */
  maxIdle: number;
  readonly #flows: Map<object | number, Flow> = new Map();
  readonly #idle: FlowList = new FlowList();
  #idleCount = 0;

  constructor(maxIdle: number) {
    this.maxIdle = maxIdle;
  }

  /** Flows known. */
  get size(): number {
    return this.#flows.size;
  }

  /** Those without packets. */
  get idleCount(): number {
    return this.#idleCount;
  }

  /** The flow of a socket or hash; a new one, idle, has `credit`. */
  find(now: number, key: object | number, credit: number): Flow {
    const known = this.#flows.get(key);
    if (known !== undefined) return known;
    this.#collect(now);
    const flow = new Flow(key, credit);
    this.#flows.set(key, flow);
    this.idle(flow, now);
    return flow;
  }

  /** A flow has nothing to send, and is remembered for a while. */
  idle(flow: Flow, now: number): void {
    flow.state = IDLE;
    flow.idleSince = now;
    this.#idle.push(flow);
    this.#idleCount++;
    if (this.#idleCount > this.maxIdle) this.#forget(this.#idle.first as Flow);
  }

  /** An idle flow has something to send. */
  rouse(flow: Flow): void {
    this.#idle.remove(flow);
    this.#idleCount--;
  }

  /** Forgets all flows, which must have no packets. */
  clear(): void {
    this.#flows.clear();
    this.#idle.first = undefined;
    this.#idle.last = undefined;
    this.#idleCount = 0;
  }

  #collect(now: number): void {
    for (let i = 0; i < GC_MAX; i++) {
      const flow = this.#idle.first;
      if (flow === undefined || flow.idleSince + AGE >= now) return;
      this.#forget(flow);
    }
  }

  #forget(flow: Flow): void {
    this.rouse(flow);
    this.#flows.delete(flow.key);
    this.collected++;
  }
}
