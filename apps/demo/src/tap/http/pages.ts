/**
 * What the server has to show: a page about the connection, bytes without end, a file, and what became of bytes that were sent to it.
 * @module
 */
import { createHash } from 'node:crypto';
import { SOL_TCP, TCP_CONGESTION, TCP_INFO } from '@stack/socket';
import type { TcpInfo } from '@stack/tcp/engine';
import { formatInfo } from '../../ss.ts';
import { type Answer, type Request, textAnswer, type Visit } from './server.ts';

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
export function pages(file: ServedFile | undefined): (request: Request, visit: Visit) => Promise<Answer> {
  return async (request, visit) => {
    const { method, path } = request;
    if (method === 'GET' || method === 'HEAD') return get(path, request, visit, file);
    if (method !== 'POST' && method !== 'PUT')
      return textAnswer(405, `no ${method} here\n`, { Allow: 'GET, HEAD, POST, PUT' });
    return receipt(request);
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

function get(path: string, request: Request, visit: Visit, file: ServedFile | undefined): Answer {
  if (path === '/') return textAnswer(200, about(request, visit));
  if (path === file?.path) return binary(file.bytes.length, () => [file.bytes]);
  const [, digits] = /^\/bytes\/(\d{1,10})$/.exec(path) ?? [];
  if (digits !== undefined && Number(digits) <= MAX_BYTES) {
    const length = Number(digits);
    return binary(length, () => pieces(length));
  }
  return textAnswer(404, `nothing is called ${JSON.stringify(path)} here\n`);
}

/** What the two know of each other. */
function about({ method, target, minor, fields }: Request, { socket, peer, requests }: Visit): string {
  const own = socket.getsockname() as { address: string; port: number };
  const info = socket.getsockopt(SOL_TCP, TCP_INFO) as unknown as TcpInfo;
  const congestion = socket.getsockopt(SOL_TCP, TCP_CONGESTION);
  return [
    'This page comes out of a TCP/IP stack in user space.',
    '',
    `you      ${peer.address}:${peer.port}`,
    `here     ${own.address}:${own.port}`,
    `request  ${method} ${target} HTTP/1.${minor}, number ${requests} of this connection`,
    ...[...fields].map(([name, value]) => `         ${name}: ${value}`),
    `TCP_INFO ${formatInfo(info, congestion)
      .replace(/(.{1,90})(?: |$)/g, '$1\n         ')
      .trimEnd()}`,
    '',
    '/bytes/N has N bytes; POST and PUT say how many came, and their sha256.',
    '',
  ].join('\n');
}

function binary(length: number, body: () => Iterable<Uint8Array>): Answer {
  return { status: 200, fields: { 'Content-Type': 'application/octet-stream' }, length, body };
}

function* pieces(length: number): Generator<Uint8Array> {
  for (let at = 0; at < length; at += PIECE) yield numbered(at, Math.min(PIECE, length - at));
}

async function receipt(request: Request): Promise<Answer> {
  const hash = createHash('sha256');
  let length = 0;
  for await (const piece of request.read()) {
    hash.update(piece);
    length += piece.length;
  }
  return textAnswer(200, `${length} bytes, sha256 ${hash.digest('hex')}\n`);
}
