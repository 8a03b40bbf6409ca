/**
 * A host on a TUN device, and beyond it peers that are programs: each sees every segment that comes to it, and sends whatever it likes.
 * What the host spends on them is counted: packets, events of its clock.
 * @module
 */
import { Pool, type SkBuff } from '@stack/skbuff';
import { AF_INET, isSocketError, SOCK_STREAM, type Socket } from '@stack/socket';
import { ACK, FIN, RST, SYN } from '@stack/tcp';
import { LISTEN, TcpSock } from '@stack/tcp/engine';
import { expect } from 'vitest';
import { VirtualClock } from '../clock/virtual-clock.ts';
import { createHost, type Host } from '../host.ts';
import type { HostOptions } from '../options.ts';
import { join, packet, type SegmentFields, segment } from './craft.fixture.ts';
import { Tun } from './tun.fixture.ts';

/** The host, u32, and who its peers say they are. */
export const US = 0x0a00_0001;
export const THEM = 0x0a00_0002;
/** Where the host listens. */
export const PORT = 80;
/** µs to the peers and from them. */
const DELAY = 5000;

/** A segment that the host sent. */
export interface Seen {
  readonly time: number;
  readonly flags: number;
  readonly seq: number;
  readonly ack: number;
  readonly window: number;
  readonly data: Uint8Array;
  /** All of it. */
  readonly segment: Uint8Array;
}

/** Who is told of what the host sends to a port. */
export interface Receiver {
  readonly port: number;
  receive(seen: Seen): void;
}

/** See the module. */
export class Outside {
  readonly clock: VirtualClock = new VirtualClock();
  readonly host: Host;
  readonly listener: Socket;
  /** Segments that the host sent, and events that its clock had for it. */
  packets = 0;
  events = 0;
  readonly #pool: Pool = new Pool({ chunkSize: 65_536 });
  readonly #tun: Tun = new Tun();
  readonly #peers = new Map<number, Receiver>();
  #closed = false;

  constructor(sysctl: HostOptions['sysctl'] = {}, options: Partial<HostOptions> = {}) {
    const { clock } = this;
    this.host = createHost({
      clock,
      sysctl,
      ...options,
      pool: new Pool({ poison: true, chunkSize: 65_536 }),
    });
    this.#tun.features = { tx: true };
    this.#tun.sent = (skb) => this.#seen(skb);
    this.host.link.add(this.#tun, { up: true });
    this.host.addr.add('10.0.0.1/24', { dev: 'tun0' });
    this.listener = this.host.socket(AF_INET, SOCK_STREAM);
    this.listener.bind({ port: PORT });
    this.listener.listen(64);
    const at = clock.at.bind(clock);
    clock.at = (time, run, argument) => {
      this.events++;
      return at(time, run, argument);
    };
  }

  /** A segment comes in from `port`, now. */
  send(
    port: number,
    fields: Omit<SegmentFields, 'source' | 'dest'>,
    data: Uint8Array = new Uint8Array(0),
  ): void {
    this.packet(6, segment({ saddr: THEM, daddr: US }, { ...fields, source: port, dest: PORT }, data));
  }

  /** A packet comes in, now. */
  packet(protocol: number, payload: Uint8Array): void {
    if (this.#closed) return;
    const bytes = packet({ saddr: THEM, daddr: US, protocol }, payload);
    const skb = this.#pool.alloc(bytes.length, 0) as SkBuff;
    skb.putData(bytes);
    this.#tun.inject(skb);
  }

  /** A peer at `port`, which is told of the segments to it from now on. */
  add(peer: Receiver): void {
    this.#peers.set(peer.port, peer);
  }

  /** The connection of the peer at `port`, as the host has it. */
  sock(port: number): TcpSock | undefined {
    for (const entry of this.host.tcp.entries()) {
      if (entry instanceof TcpSock && entry.state !== LISTEN && entry.dport === port) return entry;
    }
    return undefined;
  }

  /** What the host spends in `seconds`: packets and events. */
  async spent(seconds: number): Promise<{ packets: number; events: number }> {
    const { events, packets } = this;
    await this.clock.runFor(seconds * 1_000_000);
    return { packets: this.packets - packets, events: this.events - events };
  }

  /** Ends the host, and sees that nothing is left. */
  async bury(): Promise<void> {
    const { clock, host } = this;
    this.#closed = true;
    await clock.run(host.close());
    await clock.run();
    expect(host.timers.pending).toBe(0);
    expect([...host.tcp.entries()]).toEqual([]);
    expect(host.pool.stats).toMatchObject({ inUse: 0, skbs: 0 });
    expect(host.tcp.memoryAllocated).toBe(0);
    expect(this.#pool.stats).toMatchObject({ inUse: 0, skbs: 0 });
  }

  #seen(skb: SkBuff): void {
    this.packets++;
    const bytes = skb.toBytes();
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const at = (view.getUint8(0) & 15) * 4;
    const peer = this.#peers.get(view.getUint16(at + 2));
    if (view.getUint8(9) !== 6 || peer === undefined) return;
    const seen: Seen = {
      time: this.clock.now(),
      flags: view.getUint16(at + 12) & 0x1ff,
      seq: view.getInt32(at + 4),
      ack: view.getInt32(at + 8),
      window: view.getUint16(at + 14),
      data: bytes.slice(at + (view.getUint8(at + 12) >>> 4) * 4),
      segment: bytes.slice(at),
    };
    this.clock.at(this.clock.now() + DELAY, (one: Seen) => peer.receive(one), seen);
  }
}

/** What a peer offers in its SYN. */
export interface PeerOptions {
  sack?: boolean;
  mss?: number;
}

/**
 * A peer that connects, keeps what it gets and acknowledges it, selectively too: an honest one, until {@link answer} is another. It has
 * no timestamps, which would only make its part harder.
 */
export class Peer {
  readonly outside: Outside;
  readonly port: number;
  /** The next number it expects, and the next it sends, int32. */
  rcvNxt = 0;
  sndNxt = 1000;
  /** What it says its window is. */
  window = 0xffff;
  /** What was received, from the first byte on; those of {@link rcvNxt} and below are whole. */
  readonly stream: number[] = [];
  /** Whether the host's FIN came, or a RST. */
  ended = false;
  reset = false;
  /** What it does about a segment with data or a FIN, or of the past, as probes are; by default acknowledge. */
  answer: (seen: Seen) => void = () => this.acknowledge();
  /** Whether a segment is lost on the way to it. */
  lose: (() => boolean) | undefined = undefined;
  readonly sack: boolean;
  readonly #mss: number;
  #irs = 0;
  #fin: number | undefined;

  constructor(outside: Outside, port: number, { sack = true, mss = 1460 }: PeerOptions = {}) {
    this.outside = outside;
    this.port = port;
    this.sack = sack;
    this.#mss = mss;
    outside.add(this);
  }

  /** Opens a connection; the host's socket for it. */
  async connect(): Promise<Socket> {
    const options = [2, 4, this.#mss >>> 8, this.#mss & 0xff, ...(this.sack ? [1, 1, 4, 2] : [])];
    const fields = { seq: this.sndNxt - 1, ack: 0, flags: SYN, window: this.window };
    this.outside.send(this.port, { ...fields, options: Uint8Array.from(options) });
    return this.outside.clock.run(this.outside.listener.accept());
  }

  /** A segment from the host. */
  receive(seen: Seen): void {
    if (this.lose?.() === true) return;
    if ((seen.flags & RST) !== 0) {
      this.reset = true;
      return;
    }
    if ((seen.flags & SYN) !== 0) {
      this.#irs = (seen.seq + 1) | 0;
      this.rcvNxt = this.#irs;
      this.acknowledge();
      return;
    }
    const offset = (seen.seq - this.#irs) | 0;
    for (let i = 0; i < seen.data.length; i++) this.stream[offset + i] ??= seen.data[i]!;
    if ((seen.flags & FIN) !== 0) this.#fin = offset + seen.data.length;
    const isPast = ((seen.seq - this.rcvNxt) | 0) < 0;
    if (seen.data.length > 0 || (seen.flags & FIN) !== 0 || isPast) this.answer(seen);
  }

  /** Bytes acknowledged. */
  get received(): number {
    return (this.rcvNxt - this.#irs) | 0;
  }

  /** Throws away what came behind a gap. */
  forget(): void {
    this.stream.length = Math.min(this.stream.length, this.received);
  }

  /** Takes in what is there in order, and says so. */
  acknowledge(): void {
    let at = this.received;
    while (this.stream[at] !== undefined) at++;
    if (at === this.#fin) {
      at++;
      this.ended = true;
    }
    this.rcvNxt = (this.#irs + at) | 0;
    this.send({ sacks: this.sack ? this.#blocks(at) : [] });
  }

  /** An ACK, as `part` differs from an honest one. `sacks`: edges relative to what was received, in pairs. */
  send(
    part: { seq?: number; ack?: number; window?: number; flags?: number; sacks?: readonly number[] } = {},
    data: Uint8Array = new Uint8Array(0),
  ): void {
    const { sacks = [] } = part;
    const options =
      sacks.length === 0 ? new Uint8Array(0) : sackOption(sacks.map((edge) => (this.rcvNxt + edge) | 0));
    const { ack = this.rcvNxt, flags = ACK, seq = this.sndNxt, window = this.window } = part;
    this.outside.send(this.port, { seq, ack, flags, window, options }, data);
  }

  /** Up to three runs of what came behind a gap. */
  #blocks(from: number): number[] {
    const edges: number[] = [];
    for (let at = from; at < this.stream.length && edges.length < 6; at++) {
      if (this.stream[at] === undefined) continue;
      const start = at;
      while (this.stream[at] !== undefined) at++;
      edges.push(start - from, at - from);
    }
    return edges;
  }
}

function sackOption(edges: readonly number[]): Uint8Array {
  const bytes = join(Uint8Array.of(1, 1, 5, 2 + 4 * edges.length), new Uint8Array(4 * edges.length));
  const view = new DataView(bytes.buffer);
  for (const [i, edge] of edges.entries()) view.setInt32(4 + 4 * i, edge);
  return bytes;
}

/** What became of a call: a value, or an errno. */
export async function outcome<T>(call: Promise<T>): Promise<T | string> {
  try {
    return await call;
  } catch (error) {
    if (!isSocketError(error)) throw error;
    return error.code;
  }
}
