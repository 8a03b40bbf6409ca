/**
 * The tasks between a host of ours on a TAP and a program on the kernel's sockets behind it.
 * @module
 */
import { AF_INET, SHUT_WR, SOCK_STREAM, SOL_TCP, type Socket, TCP_NODELAY } from '@stack/socket';
import { CHUNK, checkCount, ownCpu } from '../streams/peers.ts';
import { closeTapLink, KERNEL, OTHER, openTapLink, type TapKind, type TapLink } from './links.ts';
import type { TapTask } from './taps.ts';

const PORT = 5001;

/** A host, a program of the kernel's, and what they do with each other. */
export class Ours {
  readonly #link: TapLink;
  readonly #listener: Socket;
  readonly #chunk: Uint8Array = new Uint8Array(CHUNK).fill(7);

  private constructor(link: TapLink) {
    this.#link = link;
    this.#listener = link.host.socket(AF_INET, SOCK_STREAM);
    this.#listener.bind({ port: PORT });
    this.#listener.listen();
  }

  static async open(kind: TapKind, program: string): Promise<Ours> {
    const ours = new Ours(await openTapLink(kind, program));
    await ours.#link.peer.do({ do: 'listen', port: PORT });
    return ours;
  }

  /** Does a task with so many bytes, round trips or connections. @throws Error where a byte is missing. */
  run(task: TapTask, count: number): Promise<void> {
    return this.#tasks[task](count);
  }

  /** CPU time of both, µs. */
  async cpu(): Promise<number> {
    return ownCpu() + (await this.#link.peer.cpu());
  }

  close(): Promise<void> {
    return closeTapLink(this.#link);
  }

  readonly #tasks: Record<TapTask, (count: number) => Promise<void>> = {
    out: async (bytes) => {
      const answer = this.#link.peer.do({ do: 'sink' });
      const socket = await this.#connect();
      let sent = 0;
      for (; sent < bytes; sent += CHUNK) await socket.sendall(this.#chunk);
      socket.shutdown(SHUT_WR);
      await socket.recv(1);
      await socket.close();
      checkCount((await answer).bytes, sent);
    },
    in: async (bytes) => {
      const answer = this.#link.peer.do({ do: 'source', bytes });
      const socket = await this.#connect();
      const arrived = await drain(socket, this.#chunk);
      await socket.close();
      await answer;
      checkCount(arrived, Math.ceil(bytes / CHUNK) * CHUNK);
    },
    request: (count) => this.#serve({ do: 'request', address: OTHER, port: PORT, count }, 1),
    connect: (count) => this.#serve({ do: 'connect', address: OTHER, port: PORT, count }, count),
    'request out': async (count) => {
      const answer = this.#link.peer.do({ do: 'echo', connections: 1 });
      const socket = await this.#connect();
      socket.setsockopt(SOL_TCP, TCP_NODELAY, 1);
      for (let i = 0; i < count; i++) await exchange(socket);
      await socket.close();
      checkCount((await answer).bytes, count);
    },
    'connect out': async (count) => {
      const answer = this.#link.peer.do({ do: 'echo', connections: count });
      for (let i = 0; i < count; i++) {
        const socket = await this.#connect();
        await exchange(socket);
        await socket.close();
      }
      checkCount((await answer).bytes, count);
    },
  };

  /** Our server gives back what the kernel's client sends. */
  async #serve(
    order: { do: 'request' | 'connect'; address: string; port: number; count: number },
    connections: number,
  ): Promise<void> {
    const answer = this.#link.peer.do(order);
    for (let i = 0; i < connections; i++) {
      const socket = await this.#listener.accept();
      socket.setsockopt(SOL_TCP, TCP_NODELAY, 1);
      const byte = new Uint8Array(1);
      while ((await socket.recvInto(byte)) === 1) await socket.send(byte);
      await socket.close();
    }
    checkCount((await answer).bytes, order.count);
  }

  async #connect(): Promise<Socket> {
    const socket = this.#link.host.socket(AF_INET, SOCK_STREAM);
    await socket.connect({ address: KERNEL, port: PORT });
    return socket;
  }
}

async function exchange(socket: Socket): Promise<void> {
  const byte = new Uint8Array(1);
  await socket.send(byte);
  checkCount(await socket.recvInto(byte), 1);
}

/** Receives to the end; how many bytes. */
async function drain(socket: Socket, into: Uint8Array): Promise<number> {
  let count = 0;
  for (;;) {
    const n = await socket.recvInto(into);
    if (n === 0) return count;
    count += n;
  }
}
