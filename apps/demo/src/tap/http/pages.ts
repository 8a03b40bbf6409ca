/**
 * What the server has to show: a page about the connection, bytes without end, a file, and what became of bytes that were sent to it.
 * @module
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { SOL_TCP, TCP_CONGESTION, TCP_INFO } from '@stack/socket';
import type { TcpInfo } from '@stack/tcp/engine';
import { formatInfo } from '../../ss.ts';
import type { HttpServerOptions, Visit } from './server.ts';

/** Bytes of the longest body that `/bytes/N` makes: 1 GiB. */
const MAX_BYTES = 2 ** 30;
/** Bytes of a piece of it. */
const PIECE = 65_536;
const LINE = 34;

/** A file to serve. */
export interface ServedFile {
  /** `/` and its name. */
  path: string;
  bytes: Uint8Array;
}

/** Makes what answers requests; `file` is served, too, if there is one. */
export function pages(file: ServedFile | undefined): HttpServerOptions['answer'] {
  return (request, response, visit) => {
    const { method = '' } = request;
    if (method === 'GET' || method === 'HEAD') get(request, response, visit, file);
    else if (method === 'POST' || method === 'PUT') receive(request, response);
    else text(response.setHeader('Allow', 'GET, HEAD, POST, PUT'), 405, `no ${method} here\n`);
  };
}

/** The bytes of `/bytes/N` from `from` on: numbered lines, so that whatever is missing shows. */
export function numbered(from: number, length: number): Uint8Array {
  const first = Math.floor(from / LINE);
  const count = Math.ceil((from + length) / LINE) - first;
  const lines = Array.from(
    { length: count },
    (_, i) => `${String((first + i) * LINE).padStart(10)} bytes were sent before\n`,
  );
  return Buffer.from(lines.join('')).subarray(from - first * LINE, from - first * LINE + length);
}

function get(
  request: IncomingMessage,
  response: ServerResponse,
  visit: Visit,
  file: ServedFile | undefined,
): void {
  const path = pathOf(request.url ?? '');
  const [, digits] = /^\/bytes\/(\d{1,10})$/.exec(path ?? '') ?? [];
  if (path === undefined) text(response, 400, 'a target that is not well encoded\n');
  else if (path === '/') text(response, 200, about(request, visit));
  else if (path === file?.path) binary(request, response, file.bytes.length, [file.bytes]);
  else if (digits !== undefined && Number(digits) <= MAX_BYTES)
    binary(request, response, Number(digits), pieces(Number(digits)));
  else text(response, 404, `nothing is called ${JSON.stringify(path)} here\n`);
}

/** The path of a target, which may be a whole URL (RFC 9112, 3.2.2), decoded; `undefined` where that cannot be done. */
function pathOf(target: string): string | undefined {
  try {
    return decodeURIComponent(new URL(target, 'http://here').pathname);
  } catch {
    return undefined;
  }
}

/** What the two know of each other. */
function about(request: IncomingMessage, { socket, peer, requests }: Visit): string {
  const { method, url, httpVersion, headers } = request;
  const own = socket.getsockname() as { address: string; port: number };
  const info = socket.getsockopt(SOL_TCP, TCP_INFO) as unknown as TcpInfo;
  const congestion = socket.getsockopt(SOL_TCP, TCP_CONGESTION);
  return [
    'This page comes out of a TCP/IP stack in user space.',
    '',
    `you      ${peer.address}:${peer.port}`,
    `here     ${own.address}:${own.port}`,
    `request  ${method} ${url} HTTP/${httpVersion}, number ${requests} of this connection`,
    ...Object.entries(headers).map(([name, value]) => `         ${name}: ${value}`),
    `TCP_INFO ${formatInfo(info, congestion)
      .replace(/(.{1,90})(?: |$)/g, '$1\n         ')
      .trimEnd()}`,
    '',
    '/bytes/N has N bytes; POST and PUT say how many came, and their sha256.',
    '',
  ].join('\n');
}

function text(response: ServerResponse, status: number, body: string): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(body);
}

function binary(
  { method }: IncomingMessage,
  response: ServerResponse,
  length: number,
  body: Iterable<Uint8Array>,
): void {
  response.setHeader('Content-Type', 'application/octet-stream');
  response.setHeader('Content-Length', length);
  // A connection that breaks is told of by its own end.
  pipeline(method === 'HEAD' ? [] : body, response, () => undefined);
}

function* pieces(length: number): Generator<Uint8Array> {
  for (let at = 0; at < length; at += PIECE) yield numbered(at, Math.min(PIECE, length - at));
}

/** Says how much came. */
function receive(request: IncomingMessage, response: ServerResponse): void {
  const hash = createHash('sha256');
  let length = 0;
  request.on('data', (piece: Uint8Array) => {
    hash.update(piece);
    length += piece.length;
  });
  request.on('end', () => text(response, 200, `${length} bytes, sha256 ${hash.digest('hex')}\n`));
}
