/**
 * A program on the kernel's sockets, in a process and a network namespace of its own: the other end of a TAP, or one of the two ends where the
 * kernel talks to itself. It is the same program in both.
 * @module
 */
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import type { Netns } from '@stack/tap';
import { CHUNK, ownCpu } from '../streams/peers.ts';
import { KernelSocket } from './libc.ts';

/** What it is told to do, one after the other. It blocks in each until that is done. */
export type PeerOrder =
  | { do: 'listen'; port: number }
  /** Accepts, reads to the end. */
  | { do: 'sink' }
  /** Accepts, and reads for so many seconds. */
  | { do: 'meter'; seconds: number }
  /** Connects, and writes until the end of the process. */
  | { do: 'flood'; address: string; port: number; congestion: string }
  /** Accepts, writes so many bytes, reads to the end. */
  | { do: 'source'; bytes: number }
  /** Accepts so many connections, one after the other, and gives back each byte they send. */
  | { do: 'echo'; connections: number }
  /** Connects, writes so many bytes, and waits for the end. */
  | { do: 'send'; address: string; port: number; bytes: number }
  /** One byte there and one byte back, so often, over one connection. */
  | { do: 'request'; address: string; port: number; count: number }
  /** Connects, sends a byte, gets it back and closes, so often. */
  | { do: 'connect'; address: string; port: number; count: number }
  | { do: 'cpu' };

/** Bytes it received, its CPU time since it began, µs, and how long it took, since it accepted where it did, s. */
export interface PeerAnswer {
  bytes: number;
  cpu: number;
  seconds: number;
  error?: string;
}

/** The process, seen from the one that started it. */
export class KernelPeer {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Starts it in a namespace: `program`, which becomes it when its first argument is `tap-peer`. */
  static start(namespace: Netns, program: string): KernelPeer {
    const options: SpawnOptions = { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] };
    return new KernelPeer(namespace.spawn(process.execPath, ['--no-warnings', program, 'tap-peer'], options));
  }

  /** What came of an order. */
  async do(order: PeerOrder): Promise<PeerAnswer> {
    const exit = once(this.#child, 'exit').then(([code]) => {
      throw new Error(`the kernel's peer ended with ${code}`);
    });
    const answer = once(this.#child, 'message');
    this.#child.send(order);
    const [message] = (await Promise.race([answer, exit])) as [PeerAnswer];
    exit.catch(() => undefined);
    if (message.error !== undefined) throw new Error(`the kernel's peer: ${message.error}`);
    return message;
  }

  /** CPU time so far, µs. */
  async cpu(): Promise<number> {
    return (await this.do({ do: 'cpu' })).cpu;
  }

  close(): void {
    this.#child.removeAllListeners();
    this.#child.disconnect();
  }
}

/** The life of the process. */
export function servePeer(): void {
  const peer = new Worker();
  process.on('message', (order: PeerOrder) => process.send?.(peer.answer(order)));
  process.on('disconnect', () => process.exit());
}

class Worker {
  readonly #chunk: Uint8Array = new Uint8Array(CHUNK).fill(7);
  readonly #byte: Uint8Array = new Uint8Array(1);
  #listener: KernelSocket | undefined = undefined;
  /** When the order came, or what it is about was accepted, ms. */
  #since = 0;

  answer(order: PeerOrder): PeerAnswer {
    const used = (): Omit<PeerAnswer, 'bytes'> => ({
      cpu: ownCpu(),
      seconds: (performance.now() - this.#since) / 1000,
    });
    this.#since = performance.now();
    try {
      return { bytes: this.#do(order), ...used() };
    } catch (error) {
      return { bytes: 0, ...used(), error: String(error) };
    }
  }

  #do(order: PeerOrder): number {
    switch (order.do) {
      case 'listen':
        this.#listener = KernelSocket.listening(order.port);
        return 0;
      case 'sink':
        return this.#use(this.#accept(), (socket) => socket.drain(this.#chunk));
      case 'meter':
        return this.#use(this.#accept(), (socket) => this.#meter(socket, order.seconds));
      case 'flood':
        return this.#use(KernelSocket.connected(order.address, order.port, order.congestion), (socket) =>
          this.#send(socket, Number.POSITIVE_INFINITY),
        );
      case 'source':
        return this.#use(this.#accept(), (socket) => this.#send(socket, order.bytes));
      case 'echo':
        return this.#echo(order.connections);
      case 'send':
        return this.#use(KernelSocket.connected(order.address, order.port), (socket) =>
          this.#send(socket, order.bytes),
        );
      case 'request':
        return this.#use(KernelSocket.connected(order.address, order.port), (socket) =>
          this.#request(socket, order.count),
        );
      case 'connect':
        return this.#connect(order.address, order.port, order.count);
      case 'cpu':
        return 0;
    }
  }

  #send(socket: KernelSocket, bytes: number): number {
    for (let sent = 0; sent < bytes; sent += CHUNK) socket.write(this.#chunk);
    socket.shutdown();
    return socket.drain(this.#byte);
  }

  #meter(socket: KernelSocket, seconds: number): number {
    const end = performance.now() + seconds * 1000;
    let bytes = 0;
    while (performance.now() < end) bytes += socket.read(this.#chunk);
    return bytes;
  }

  #echo(connections: number): number {
    let bytes = 0;
    for (let i = 0; i < connections; i++) {
      bytes += this.#use(this.#accept(), (socket) => {
        let count = 0;
        for (; socket.read(this.#byte) === 1; count++) socket.write(this.#byte);
        return count;
      });
    }
    return bytes;
  }

  #request(socket: KernelSocket, count: number): number {
    let bytes = 0;
    for (let i = 0; i < count; i++) {
      socket.write(this.#byte);
      bytes += socket.read(this.#byte);
    }
    return bytes;
  }

  #connect(address: string, port: number, count: number): number {
    let bytes = 0;
    for (let i = 0; i < count; i++) {
      bytes += this.#use(KernelSocket.connected(address, port), (socket) => this.#request(socket, 1));
    }
    return bytes;
  }

  #accept(): KernelSocket {
    if (this.#listener === undefined) throw new Error('does not listen');
    const socket = this.#listener.accept();
    this.#since = performance.now();
    return socket;
  }

  #use(socket: KernelSocket, body: (socket: KernelSocket) => number): number {
    try {
      return body(socket);
    } finally {
      socket.close();
    }
  }
}
