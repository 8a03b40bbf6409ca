/**
 * Tells when send() has to wait because the send buffer is full, and which ACK has it go on.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import * as tcp from '@stack/tcp';
import type { TcpSock } from '@stack/tcp/engine';
import type { Ears, Scene } from '../scene.ts';

/** Waits that are told one by one. */
const TOLD = 3;

/** What came of it. */
export interface Waits {
  /** How often send() waited for room. */
  count: number;
  /** How long in all, µs. */
  time: number;
  /** Most bytes that were charged to the socket (`sk_wmem_queued`) when it did. */
  most: number;
}

/** Lines for the first waits of the client; the others are only counted. */
export function tellBuffer(scene: Scene, ears: Ears): Waits {
  const { network } = scene;
  const buffer = new Buffering(scene);
  if (network.client === undefined) return buffer.waits;
  const { host, name } = network.client;
  ears.on(host, 'kprobe', ({ function: entered, skb }) => {
    if (entered === 'tcp_v4_rcv') buffer.acknowledged(skb);
  });
  ears.on(host, 'kprobe:sk', ({ function: entered, sk }, time) => {
    if (sk !== scene.sockets.connection(name)) return;
    if (entered === 'sk_stream_wait_memory') buffer.full(sk as TcpSock, time);
    else if (entered === 'sk_stream_write_space') buffer.room(sk as TcpSock, time);
  });
  ears.on(host, 'kprobe', ({ function: entered }, time) => {
    if (entered === 'tcp_sendmsg') buffer.resumed(time);
  });
  return buffer.waits;
}

class Buffering {
  readonly waits: Waits = { count: 0, time: 0, most: 0 };
  readonly #scene: Scene;
  #since = -1;
  #ack = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** A segment comes: perhaps the one that frees room. */
  acknowledged({ view, data }: SkBuff): void {
    this.#ack = tcp.ackSeq(view, data);
  }

  full(sk: TcpSock, time: number): void {
    if (this.#since >= 0) return;
    const { waits } = this;
    this.#since = time;
    waits.count++;
    waits.most = Math.max(waits.most, sk.wmemQueued);
    const written = this.#relative(sk, sk.writeSeq) - 1;
    const left = this.#scene.total - written;
    this.#line(
      time,
      `sk_stream_wait_memory send() waits: ${written} bytes taken, ${left} to go; sk_wmem_queued ${sk.wmemQueued} >= sk_sndbuf ${sk.sndbuf}, of that ${this.#relative(sk, sk.sndNxt) - this.#relative(sk, sk.sndUna)} bytes sent and not acknowledged, ${(sk.writeSeq - sk.sndNxt) | 0} not sent`,
    );
    if (waits.count === TOLD + 1)
      this.#tell(time, '… send() goes on to wait and to be woken like this; the sum is at the end');
  }

  room(sk: TcpSock, time: number): void {
    if (this.#since < 0) return;
    this.#line(
      time,
      `sk_stream_write_space ack ${this.#relative(sk, this.#ack)} freed room: sk_wmem_queued ${sk.wmemQueued} of ${sk.sndbuf}. send() is woken`,
    );
  }

  resumed(time: number): void {
    if (this.#since < 0) return;
    const waited = time - this.#since;
    this.#since = -1;
    this.waits.time += waited;
    this.#line(time, `tcp_sendmsg send() goes on after ${waited} µs`);
  }

  #relative(sk: TcpSock, seq: number): number {
    return this.#scene.lines.relative(sk.saddr as number, sk.sport, seq);
  }

  #line(time: number, text: string): void {
    if (this.waits.count <= TOLD) this.#tell(time, text);
  }

  #tell(time: number, text: string): void {
    this.#scene.tell({ kind: 'line', time, side: 'client', about: 'buffer', text });
  }
}
