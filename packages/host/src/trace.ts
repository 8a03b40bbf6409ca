/**
 * Tracepoints by the kernel's names. Off, each costs one branch: nothing is built for nobody.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';

/** What each tracepoint tells. Packets are lent for the call: look at them, keep nothing of them. */
export interface TraceEvents {
  /** A packet is given to the queue of a device. */
  'net:net_dev_queue': { dev: string; skb: SkBuff; len: number };
  /** The driver took a packet (rc 0) or was busy (rc 1). `skb` is gone by then where it took it. */
  'net:net_dev_xmit': { dev: string; len: number; rc: number };
  /** A packet came up from a device. */
  'net:netif_receive_skb': { dev: string; skb: SkBuff; len: number };
  /** A device was polled. */
  'napi:napi_poll': { dev: string; work: number; budget: number };
  /** A packet is dropped. `location` is the part of the stack that dropped it. */
  'skb:kfree_skb': { skb: SkBuff; protocol: number; location: string; reason: string };
  /** A connection changes its state. Addresses as text, ports as numbers. */
  'sock:inet_sock_set_state': {
    sk: object;
    saddr: string;
    sport: number;
    daddr: string;
    dport: number;
    oldstate: string;
    newstate: string;
  };
  /** A segment is sent again. */
  'tcp:tcp_retransmit_skb': {
    sk: object;
    saddr: string;
    sport: number;
    daddr: string;
    dport: number;
    len: number;
  };
  /** A neighbour's entry changes. */
  'neigh:neigh_update': { dev: string; address: string; lladdr: string; state: string };
  /** The entry of a function of Linux that has its like here; what a kprobe would see. */
  kprobe: { function: string; skb: SkBuff };
  /**
   * The same of functions that take a TCP socket and no packet: `sk_data_ready`, `sk_state_change`, `sk_stream_write_space`,
   * `sk_stream_wait_memory`, `tcp_recvmsg`.
   */
  'kprobe:sk': { function: string; sk: object };
}

/** The name of a tracepoint. */
export type TraceName = keyof TraceEvents;

/** Called with what happened and when, µs. */
export type TraceListener<N extends TraceName> = (event: TraceEvents[N], time: number) => void;

/** One tracepoint: whether anybody listens, and who. */
export class Tracepoint<N extends TraceName> {
  /** Who listens. Empty = off. */
  readonly listeners: Set<TraceListener<N>> = new Set();

  /** Whether anybody listens: ask before building an event. */
  get enabled(): boolean {
    return this.listeners.size > 0;
  }

  /** Tells all listeners. */
  emit(event: TraceEvents[N], time: number): void {
    for (const listener of this.listeners) listener(event, time);
  }
}

type Points = { readonly [N in TraceName]: Tracepoint<N> };

/** Tells of the entry of a function, to whoever set a kprobe. */
export function enter(point: Tracepoint<'kprobe'>, kernelFunction: string, skb: SkBuff, time: number): void {
  if (point.enabled) point.emit({ function: kernelFunction, skb }, time);
}

/** The tracepoints of one host. */
export class Tracing {
  readonly points: Points = {
    'net:net_dev_queue': new Tracepoint(),
    'net:net_dev_xmit': new Tracepoint(),
    'net:netif_receive_skb': new Tracepoint(),
    'napi:napi_poll': new Tracepoint(),
    'skb:kfree_skb': new Tracepoint(),
    'sock:inet_sock_set_state': new Tracepoint(),
    'tcp:tcp_retransmit_skb': new Tracepoint(),
    'neigh:neigh_update': new Tracepoint(),
    kprobe: new Tracepoint(),
    'kprobe:sk': new Tracepoint(),
  };
  readonly #changed: () => void;

  /** @param changed Called when somebody began or ceased to listen: hooks of engines are set and cleared then. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Calls `listener` at the tracepoint until the function returned is called. @throws RangeError for a name that is none. */
  on<N extends TraceName>(name: N, listener: TraceListener<N>): () => void {
    const point = this.points[name] as Tracepoint<N> | undefined;
    if (point === undefined) throw new RangeError(`host: no tracepoint ${JSON.stringify(name)}`);
    point.listeners.add(listener);
    this.#changed();
    return () => {
      point.listeners.delete(listener);
      this.#changed();
    };
  }
}
