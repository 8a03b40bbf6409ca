/**
 * Node's HTTP server on a host of ours, for curl to fetch files from and to send them to.
 * @module
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import type { Host } from '@stack/host';
import { type Listener, listen } from '@stack/socket';
import { SocketDuplex } from '@stack/socket/node';
import { pieces } from './bytes.ts';

/** A server that runs. */
export interface HttpServer {
  /** Requests answered. */
  readonly requests: number;
  close(): Promise<void>;
}

/** `GET /123` gives the first 123 bytes of `pieces`, `PUT` the SHA-256 of what was sent. */
export function serveHttp(host: Host, port = 80): HttpServer {
  const listener = listen(host.sockets, { port }, { backlog: 4096 });
  const server = { requests: 0, close: () => listener.close() };
  serve(listener, (request, response) => {
    response.once('finish', () => server.requests++);
    if (request.method === 'GET') give(request, response);
    else digest(request, response);
  });
  return server;
}

async function serve(
  listener: Listener,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<void> {
  const http = createServer(answer);
  for await (const socket of listener) http.emit('connection', new SocketDuplex(socket));
}

function give({ url = '' }: IncomingMessage, response: ServerResponse): void {
  const length = Number.parseInt(url.slice(1), 10);
  response.setHeader('Content-Length', length);
  pipeline(pieces(length), response, () => undefined); // the client may go away
}

function digest(request: IncomingMessage, response: ServerResponse): void {
  const hash = createHash('sha256');
  request.on('data', (piece: Uint8Array) => hash.update(piece));
  request.on('end', () => response.end(hash.digest('hex')));
}
