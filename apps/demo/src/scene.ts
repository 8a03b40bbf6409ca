/**
 * What every narrator is given: the network, whom to tell, and what all of them want to know.
 * @module
 */
import { DeadlockError, type Host, type TraceListener, type TraceName, type VirtualClock } from '@stack/host';
import * as ipv4 from '@stack/ipv4';
import * as tcp from '@stack/tcp';
import type { TcpSock } from '@stack/tcp/engine';
import { portsAndNumbers, type Segment } from './inspect.ts';
import type { HostName, Network } from './network.ts';
import type { SegmentLines } from './segment-lines.ts';
import type { Teller } from './story.ts';
import type { Driver } from './tell/driver.ts';

/** States in which a connection is seen first. */
const BEGINNINGS = ['TCP_SYN_SENT', 'TCP_SYN_RECV', 'TCP_ESTABLISHED'];

/** See the module. */
export interface Scene {
  readonly network: Network;
  readonly tell: Teller;
  readonly lines: SegmentLines;
  readonly sockets: SocketsSeen;
  /** The client's first data, and how its way is told. */
  readonly first: FirstData;
  readonly driver: Driver;
  /** Bytes the client's program sends. */
  readonly total: number;
  /** Whether they are lent instead of copied. */
  readonly zerocopy: boolean;
  /** Whether there is so little to tell that each frame gets a line. */
  readonly everyFrame: boolean;
}

/** Calls `listener` at a tracepoint of one host until `ears` are closed. */
export class Ears {
  readonly #stops: (() => void)[] = [];

  on<N extends TraceName>(host: Host, name: N, listener: TraceListener<N>): void {
    this.#stops.push(host.trace.on(name, listener));
  }

  /** Adds to a set of listeners, for as long. */
  join<T>(set: Set<T>, listener: T): void {
    set.add(listener);
    this.#stops.push(() => set.delete(listener));
  }

  /** Calls `stop` in the end. */
  until(stop: () => void): void {
    this.#stops.push(stop);
  }

  /** Hears no more. */
  close(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }
}

/** The TCP sockets that `sock:inet_sock_set_state` told of, by host. */
export class SocketsSeen {
  readonly #connections = new Map<HostName, TcpSock>();
  readonly #open = new Set<object>();
  #closed: (() => void) | undefined;

  constructor({ stations }: Network, ears: Ears) {
    for (const { name, host } of stations) {
      ears.on(host, 'sock:inet_sock_set_state', ({ sk, newstate }) => {
        if (BEGINNINGS.includes(newstate)) this.#connections.set(name, sk as TcpSock);
        this.#count(sk, newstate);
      });
    }
  }

  /** A host's end of the connection; `undefined` before it has one. */
  connection(name: HostName): TcpSock | undefined {
    return this.#connections.get(name);
  }

  /** How many are not closed. */
  get open(): number {
    return this.#open.size;
  }

  /** Lets time pass until all of them are closed, or nothing will happen any more. */
  async allClosed(clock: VirtualClock): Promise<void> {
    if (this.#open.size === 0) return;
    const closed = new Promise<void>((resolve) => {
      this.#closed = () => {
        clock.woke();
        resolve();
      };
    });
    try {
      await clock.run(closed);
    } catch (error) {
      if (!(error instanceof DeadlockError)) throw error;
    }
  }

  #count(sk: object, state: string): void {
    if (state !== 'TCP_CLOSE') {
      this.#open.add(sk);
      return;
    }
    this.#open.delete(sk);
    if (this.#open.size === 0) this.#closed?.();
  }
}

/** Tells the segment with the first byte that a program sends from all others, whatever befalls it. */
export class FirstData {
  readonly #address: number;
  readonly #port: number;
  readonly #from: 'client' | 'server';
  #seq: number | undefined;

  /** @param from Whose program. */
  constructor({ target, stations }: Network, ears: Ears, from: 'client' | 'server' = 'client') {
    this.#address = ipv4.parseAddress(target.address);
    this.#port = target.port;
    this.#from = from;
    for (const { host } of stations) {
      ears.on(host, 'kprobe', ({ function: entered, skb }) => {
        if (this.#seq !== undefined) return;
        if (entered === 'ip_queue_xmit') this.#learn(portsAndNumbers(skb.view, skb.data));
        else if (entered === 'tcp_v4_rcv' && skb.headlen >= tcp.HLEN)
          this.#learn(portsAndNumbers(skb.view, skb.transportHeader));
      });
    }
  }

  /** Whether the first byte is in this segment. */
  isIn(
    segment:
      | (Pick<Segment, 'source' | 'dest' | 'seq' | 'length'> & { saddr?: number; daddr?: number })
      | undefined,
  ): boolean {
    if (segment === undefined || this.#seq === undefined) return false;
    const { source, dest, saddr, daddr, seq, length } = segment;
    const [port, address] = this.#from === 'client' ? [dest, daddr] : [source, saddr];
    if (port !== this.#port) return false;
    if (address !== undefined && address !== this.#address) return false;
    return (this.#seq - seq) >>> 0 < length;
  }

  /** A direction begins with a SYN; that of the server acknowledges. */
  #learn({ source, dest, seq, flags }: Pick<Segment, 'source' | 'dest' | 'seq' | 'flags'>): void {
    const isClient = this.#from === 'client';
    const begins = (flags & (tcp.SYN | tcp.ACK)) === (isClient ? tcp.SYN : tcp.SYN | tcp.ACK);
    if (begins && (isClient ? dest : source) === this.#port) this.#seq = (seq + 1) >>> 0;
  }
}
