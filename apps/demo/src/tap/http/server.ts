/**
 * A small HTTP/1.1 server on BSD sockets: keep-alive, requests in a row, HEAD, several connections at once.
 * @module
 */
import {
  AF_INET,
  type Ipv4SocketAddress,
  isSocketError,
  SHUT_WR,
  SO_RCVTIMEO,
  SO_REUSEADDR,
  SO_SNDTIMEO,
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
  type Sockets,
} from '@stack/socket';
import { RequestError, type RequestHead, RequestReader } from './request.ts';

/** How long a connection may wait for a request, or for the peer to take an answer, ms. */
const PATIENCE = 30_000;
/** How long, and for how many bytes more, the peer's end is waited for behind the last answer, ms. */
const LINGER = 1000;
const LINGER_BYTES = 1 << 20;
const BACKLOG = 128;

const REASONS: Readonly<Record<number, string>> = {
  100: 'Continue',
  200: 'OK',
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  505: 'HTTP Version Not Supported',
};

/** What a request is answered with. */
export interface Answer {
  status: number;
  fields?: Readonly<Record<string, string>>;
  /** Bytes of the body. */
  length: number;
  /** The body, in pieces of any size. */
  body(): Iterable<Uint8Array>;
}

/** One connection, for those who answer and those who watch. */
export interface Visit {
  readonly socket: Socket;
  readonly peer: Ipv4SocketAddress;
  /** Requests so far, the present one included. */
  requests: number;
}

/** A request with what may be read of it. */
export interface Request extends RequestHead {
  /** The pieces of its body. */
  read(): AsyncIterable<Uint8Array>;
}

/** How a {@link HttpServer} is made. */
export interface HttpServerOptions {
  sockets: Sockets;
  port: number;
  answer(request: Request, visit: Visit): Answer | Promise<Answer>;
  /** Told of connections as they begin and end; of an end with what broke the connection, if anything did. */
  opened?(visit: Visit): void;
  closed?(visit: Visit, error: string | undefined): void;
  /** Told of each request that was answered. */
  answered?(visit: Visit, request: string, answer: Answer): void;
}

/** A body of `text`. */
export function textAnswer(status: number, text: string, fields: Record<string, string> = {}): Answer {
  const bytes = new TextEncoder().encode(text);
  const type = { 'Content-Type': 'text/plain; charset=utf-8', ...fields };
  return { status, fields: type, length: bytes.length, body: () => [bytes] };
}

/** A server that listens from when it is made. */
export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #listener: Socket;
  readonly #visits = new Set<Promise<void>>();

  /** @throws SocketError EADDRINUSE, EACCES. */
  constructor(options: HttpServerOptions) {
    this.#options = options;
    const listener = options.sockets.socket(AF_INET, SOCK_STREAM);
    listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    listener.bind({ port: options.port });
    listener.listen(BACKLOG);
    this.#listener = listener;
  }

  /** Accepts connections and answers their requests until {@link close}. */
  async serve(): Promise<void> {
    for (;;) {
      try {
        const socket = await this.#listener.accept();
        const visit = this.#visit(socket).finally(() => this.#visits.delete(visit));
        this.#visits.add(visit);
      } catch (error) {
        // Closed, by us or with its host.
        if (this.#listener.closed || isSocketError(error, 'EINVAL')) break;
        if (!isSocketError(error, 'ECONNABORTED') && !isSocketError(error, 'EMFILE')) throw error;
      }
    }
    await Promise.all(this.#visits);
  }

  /** Takes no more connections. Those that are open end with their peers, or with the host. */
  async close(): Promise<void> {
    await this.#listener.close();
  }

  async #visit(socket: Socket): Promise<void> {
    let visit: Visit | undefined;
    let fault: string | undefined;
    try {
      visit = { socket, peer: socket.getpeername() as Ipv4SocketAddress, requests: 0 };
      this.#options.opened?.(visit);
      socket.setsockopt(SOL_SOCKET, SO_RCVTIMEO, PATIENCE);
      socket.setsockopt(SOL_SOCKET, SO_SNDTIMEO, PATIENCE);
      if (await this.#converse(visit)) await linger(socket);
    } catch (error) {
      // The peer reset it, or was silent for too long: its loss alone.
      if (!isSocketError(error)) throw error;
      if (error.code !== 'EAGAIN' || (visit?.requests ?? 0) === 0) fault = error.message;
    } finally {
      if (visit !== undefined) this.#options.closed?.(visit, fault);
      if (!socket.closed) await socket.close();
    }
  }

  /** Answers one request after the other. Returns whether it is we who end. */
  async #converse(visit: Visit): Promise<boolean> {
    const reader = new RequestReader(visit.socket);
    for (;;) {
      let head: RequestHead | undefined;
      try {
        head = await reader.head();
        if (head === undefined) return false;
        visit.requests++;
        await this.#answer(visit, head, reader);
        if (!head.keepAlive) return true;
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        if (head === undefined) visit.requests++;
        const answer = textAnswer(error.status, `${error.message}\n`);
        await this.#send(visit, answer, { isHead: false, keepAlive: false });
        this.#options.answered?.(visit, head === undefined ? '?' : lineOf(head), answer);
        return true;
      }
    }
  }

  async #answer(visit: Visit, head: RequestHead, reader: RequestReader): Promise<void> {
    if (head.fields.get('expect')?.toLowerCase() === '100-continue' && head.minor > 0) {
      await visit.socket.sendall('HTTP/1.1 100 Continue\r\n\r\n');
    }
    const body = reader.body(head);
    const answer = await this.#options.answer({ ...head, read: () => body }, visit);
    for await (const _ of body); // what nobody read stands before the next request
    const { method, keepAlive } = head;
    await this.#send(visit, answer, { isHead: method === 'HEAD', keepAlive });
    this.#options.answered?.(visit, lineOf(head), answer);
  }

  async #send(
    { socket }: Visit,
    { status, fields, length, body }: Answer,
    { isHead, keepAlive }: { isHead: boolean; keepAlive: boolean },
  ): Promise<void> {
    const lines = [
      `HTTP/1.1 ${status} ${REASONS[status] ?? ''}`,
      `Date: ${new Date().toUTCString()}`,
      ...Object.entries(fields ?? {}).map(([name, value]) => `${name}: ${value}`),
      `Content-Length: ${length}`,
      `Connection: ${keepAlive ? 'keep-alive' : 'close'}`,
    ];
    let waiting: Uint8Array = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
    if (!isHead) {
      for (const piece of body()) {
        // The head goes with the first piece: one segment, not two.
        await socket.sendall(waiting.length === 0 ? piece : Buffer.concat([waiting, piece]));
        waiting = new Uint8Array(0);
      }
    }
    if (waiting.length > 0) await socket.sendall(waiting);
  }
}

/** To close while bytes come that nobody read is to reset, and the peer may lose what it was answered (RFC 9112, 9.6). */
async function linger(socket: Socket): Promise<void> {
  socket.shutdown(SHUT_WR);
  socket.setsockopt(SOL_SOCKET, SO_RCVTIMEO, LINGER);
  for (let left = LINGER_BYTES; left > 0; ) {
    const { length } = await socket.recv(65_536);
    if (length === 0) return;
    left -= length;
  }
}

function lineOf({ method, target }: RequestHead): string {
  return `${method} ${target}`;
}
