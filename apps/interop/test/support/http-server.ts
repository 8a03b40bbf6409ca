/**
 * As much of HTTP/1.1 as curl needs to fetch and to send files.
 * @module
 */
import { createHash } from 'node:crypto';
import type { Host } from '@stack/host';
import { AF_INET, isSocketError, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, type Socket } from '@stack/socket';
import { pieces } from './bytes.ts';

const CHUNK = 65_536;

/** A server that runs. */
export interface HttpServer {
  /** Requests answered. */
  readonly requests: number;
  close(): Promise<void>;
}

/** `GET /123` gives the first 123 bytes of `pieces`, `PUT` the SHA-256 of what was sent. */
export function serveHttp(host: Host, port = 80): HttpServer {
  const listener = host.socket(AF_INET, SOCK_STREAM);
  listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, true);
  listener.bind({ port });
  listener.listen(4096);
  const server = { requests: 0, close: () => listener.close() };
  const accepting = async (): Promise<void> => {
    for (;;) {
      const socket = await listener.accept();
      serve(socket, server).catch((error) => {
        if (!isSocketError(error)) throw error; // the client went away
      });
    }
  };
  accepting().catch((error) => {
    if (!isSocketError(error, 'EBADF')) throw error;
  });
  return server;
}

async function serve(socket: Socket, server: { requests: number }): Promise<void> {
  const input = new Input(socket);
  try {
    for (let head = await input.head(); head !== undefined; head = await input.head()) {
      await answer(socket, input, head);
      server.requests++;
    }
  } finally {
    if (!socket.closed) await socket.close();
  }
}

async function answer(socket: Socket, input: Input, head: string): Promise<void> {
  const [, method, path] = /^(\S+) \/(\S*) HTTP\/1\.1\r\n/.exec(head) ?? [];
  if (method === 'GET') {
    const length = Number.parseInt(path ?? '', 10);
    await socket.sendall(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`);
    for (const piece of pieces(length)) await socket.sendall(piece);
    return;
  }
  if (/^expect: 100-continue\r$/im.test(head)) await socket.sendall('HTTP/1.1 100 Continue\r\n\r\n');
  const length = Number(/^content-length: (\d+)\r$/im.exec(head)?.[1] ?? 0);
  const digest = await input.digest(length);
  await socket.sendall(`HTTP/1.1 200 OK\r\nContent-Length: ${digest.length}\r\n\r\n${digest}`);
}

/** A stream from which heads and bodies are read. */
class Input {
  readonly #socket: Socket;
  readonly #buffer: Uint8Array = new Uint8Array(CHUNK);
  #rest: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Up to the empty line; `undefined` where the stream ends. */
  async head(): Promise<string | undefined> {
    for (let end = -1; ; ) {
      end = this.#rest.indexOf('\r\n\r\n');
      if (end >= 0) {
        const head = this.#rest.toString('latin1', 0, end + 4);
        this.#rest = this.#rest.subarray(end + 4);
        return head;
      }
      const chunk = await this.#socket.recv(CHUNK);
      if (chunk.length === 0) return undefined;
      this.#rest = Buffer.concat([this.#rest, chunk]);
    }
  }

  async digest(length: number): Promise<string> {
    const hash = createHash('sha256').update(this.#rest.subarray(0, length));
    let left = length - Math.min(length, this.#rest.length);
    this.#rest = this.#rest.subarray(length - left);
    while (left > 0) {
      const count = await this.#socket.recvInto(this.#buffer.subarray(0, Math.min(left, CHUNK)));
      if (count === 0) return `ended ${left} bytes early`;
      hash.update(this.#buffer.subarray(0, count));
      left -= count;
    }
    return hash.digest('hex');
  }
}
