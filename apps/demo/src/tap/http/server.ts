/**
 * Node's HTTP server on BSD sockets of ours, with an eye on its connections.
 * @module
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Ipv4SocketAddress, type Listener, listen, type Socket, type Sockets } from '@stack/socket';
import { SocketDuplex } from '@stack/socket/node';

/** How long a connection may be without a byte either way, ms. */
const PATIENCE = 30_000;

/** One connection, for those who answer and those who watch. */
export interface Visit {
  readonly socket: Socket;
  readonly peer: Pick<Ipv4SocketAddress, 'address' | 'port'>;
  /** Requests so far, the present one included. */
  requests: number;
}

/** How a {@link HttpServer} is made. */
export interface HttpServerOptions {
  sockets: Sockets;
  port: number;
  /** Answers; the length of the body belongs into Content-Length. */
  answer(request: IncomingMessage, response: ServerResponse, visit: Visit): void;
  /** Told of connections as they begin and end; of an end with what broke the connection, if anything did. */
  opened?(visit: Visit): void;
  closed?(visit: Visit, error: string | undefined): void;
  /** Told of each request that was answered. */
  answered?(visit: Visit, about: Answered): void;
}

/** A request, and what it was answered with. */
export interface Answered {
  request: string;
  status: number;
  /** Bytes of the body. */
  length: number;
}

/** A server that listens from when it is made. */
export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #listener: Listener;
  readonly #server: Server;
  readonly #visits = new Map<Duplex, Visit>();

  /** @throws SocketError EADDRINUSE, EACCES. */
  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#listener = listen(options.sockets, { port: options.port });
    this.#server = createServer({ keepAliveTimeout: 0 }, (request, response) =>
      this.#answer(request, response),
    );
    this.#server.timeout = PATIENCE;
    this.#server.on('timeout', (socket) => {
      const hasAsked = this.#visits.get(socket)?.requests !== 0;
      socket.destroy(hasAsked ? undefined : new Error(`nothing came for ${PATIENCE / 1000} s`));
    });
  }

  /** Accepts connections and answers their requests until {@link close}, and until the last of them has ended. */
  async serve(): Promise<void> {
    for await (const socket of this.#listener) this.#visit(socket);
    await Promise.all([...this.#visits.keys()].map((one) => new Promise((end) => one.once('close', end))));
  }

  /** Takes no more connections. Those that are open end with their peers, or with the host. */
  async close(): Promise<void> {
    await this.#listener.close();
  }

  #visit(socket: Socket): void {
    const { opened, closed } = this.#options;
    const duplex = new SocketDuplex(socket);
    const { remoteAddress: address, remotePort: port } = duplex;
    if (address === undefined || port === undefined) {
      duplex.destroy(); // its peer has reset it already
      return;
    }
    const visit: Visit = { socket, peer: { address, port }, requests: 0 };
    this.#visits.set(duplex, visit);
    opened?.(visit);
    duplex.once('close', () => {
      this.#visits.delete(duplex);
      closed?.(visit, duplex.errored?.message);
    });
    this.#server.emit('connection', duplex);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { answer, answered } = this.#options;
    const visit = this.#visits.get(request.socket) as Visit;
    visit.requests++;
    response.once('finish', () =>
      answered?.(visit, {
        request: `${request.method} ${request.url}`,
        status: response.statusCode,
        length: Number(response.getHeader('Content-Length')),
      }),
    );
    answer(request, response, visit);
  }
}
