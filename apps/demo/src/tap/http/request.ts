/**
 * HTTP/1.1 requests as they come out of a stream (RFC 9112): heads, and bodies of known or of chunked length.
 * @module
 */

/** Bytes of the longest head: request line and fields. */
export const MAX_HEAD = 16_384;
/** Bytes of the longest line that announces a chunk. */
const MAX_CHUNK_LINE = 256;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** A request that cannot be answered as it is: with which status, and why. The connection is closed behind the answer. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Request line and fields. */
export interface RequestHead {
  method: string;
  /** As it was sent. */
  target: string;
  /** Decoded, without the query. */
  path: string;
  /** Minor version: 0 or 1. */
  minor: number;
  /** By name in small letters; values of one name are joined by commas. */
  fields: ReadonlyMap<string, string>;
  /** Whether the connection stays open behind the answer. */
  keepAlive: boolean;
  /** Bytes of the body, or that it comes in chunks. */
  body: number | 'chunked';
}

/** Where bytes come from: a socket. No bytes = no more will come. */
export interface Source {
  recv(length: number): Promise<Uint8Array>;
}

/** Reads the requests of one connection, one after the other. */
export class RequestReader {
  readonly #source: Source;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(source: Source) {
    this.#source = source;
  }

  /** The next head; `undefined` where the peer ends between two requests. @throws RequestError */
  async head(): Promise<RequestHead | undefined> {
    for (;;) {
      // Empty lines in front are passed over (RFC 9112, 2.2).
      while (this.#bytes[0] === 0x0d || this.#bytes[0] === 0x0a) this.#bytes = this.#bytes.subarray(1);
      const end = this.#bytes.indexOf('\r\n\r\n');
      if (end > MAX_HEAD || (end < 0 && this.#bytes.length > MAX_HEAD)) {
        throw new RequestError(431, `more than ${MAX_HEAD} bytes of header`);
      }
      if (end >= 0) {
        const head = parseHead(this.#bytes.toString('latin1', 0, end));
        this.#bytes = this.#bytes.subarray(end + 4);
        return head;
      }
      if (await this.#more()) continue;
      if (this.#bytes.length === 0) return undefined;
      throw new RequestError(400, 'the request ends in its header');
    }
  }

  /** The pieces of the body of the head that was read last; they must be read to their end. @throws RequestError */
  async *body({ body }: RequestHead): AsyncGenerator<Uint8Array> {
    if (body !== 'chunked') {
      yield* this.#take(body);
      return;
    }
    for (;;) {
      const [size = ''] = (await this.#line()).split(';');
      if (!/^[0-9a-f]{1,12}$/i.test(size.trim())) throw new RequestError(400, 'a chunk without a size');
      const length = Number.parseInt(size, 16);
      if (length === 0) break;
      yield* this.#take(length);
      if ((await this.#line()) !== '') throw new RequestError(400, 'a chunk longer than its size');
    }
    while ((await this.#line()) !== ''); // trailers
  }

  async *#take(length: number): AsyncGenerator<Uint8Array> {
    let left = length;
    while (left > 0) {
      if (this.#bytes.length === 0 && !(await this.#more()))
        throw new RequestError(400, 'the request ends in its body');
      const piece = this.#bytes.subarray(0, left);
      this.#bytes = this.#bytes.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#bytes.indexOf('\r\n');
      if (end > MAX_CHUNK_LINE || (end < 0 && this.#bytes.length > MAX_CHUNK_LINE))
        throw new RequestError(400, 'a line too long in the body');
      if (end >= 0) {
        const line = this.#bytes.toString('latin1', 0, end);
        this.#bytes = this.#bytes.subarray(end + 2);
        return line;
      }
      if (!(await this.#more())) throw new RequestError(400, 'the request ends in its body');
    }
  }

  async #more(): Promise<boolean> {
    const bytes = await this.#source.recv(65_536);
    this.#bytes = this.#bytes.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#bytes, bytes]);
    return bytes.length > 0;
  }
}

/** The head in `text`, which is without the empty line. @throws RequestError */
export function parseHead(text: string): RequestHead {
  const [line = '', ...lines] = text.split('\r\n');
  const [, method = '', target = '', major = '', minor = ''] =
    /^(\S+) (\S+) HTTP\/(\d)\.(\d)$/.exec(line) ?? [];
  if (!TOKEN.test(method)) throw new RequestError(400, 'no request line');
  if (major !== '1') throw new RequestError(505, `HTTP/${major}.${minor} is not spoken here`);
  const fields = parseFields(lines);
  const hosts = lines.filter((field) => /^host:/i.test(field)).length;
  if (hosts > 1 || (hosts === 0 && minor !== '0')) throw new RequestError(400, `${hosts} Host fields`);
  return {
    method,
    target,
    path: pathOf(target),
    minor: Number(minor) > 0 ? 1 : 0,
    fields,
    keepAlive: staysOpen(fields.get('connection') ?? '', minor),
    body: bodyOf(fields),
  };
}

function parseFields(lines: readonly string[]): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of lines) {
    const at = line.indexOf(':');
    const name = line.slice(0, at).toLowerCase();
    if (at < 1 || !TOKEN.test(name)) throw new RequestError(400, 'a header field without a name');
    const value = line.slice(at + 1).trim();
    const before = fields.get(name);
    fields.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return fields;
}

/** The path of a target, which may be a whole URL (RFC 9112, 3.2.2). */
function pathOf(target: string): string {
  const path = target.replace(/^https?:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
  try {
    return decodeURIComponent(path === '' ? '/' : path);
  } catch {
    throw new RequestError(400, 'a target that is not well encoded');
  }
}

function staysOpen(connection: string, minor: string): boolean {
  const words = connection
    .toLowerCase()
    .split(',')
    .map((word) => word.trim());
  return minor === '0' ? words.includes('keep-alive') : !words.includes('close');
}

function bodyOf(fields: ReadonlyMap<string, string>): number | 'chunked' {
  const coding = fields.get('transfer-encoding');
  const length = fields.get('content-length');
  if (coding !== undefined) {
    if (length !== undefined) throw new RequestError(400, 'Content-Length and Transfer-Encoding');
    if (coding.toLowerCase() !== 'chunked') throw new RequestError(501, `Transfer-Encoding ${coding}`);
    return 'chunked';
  }
  if (length === undefined) return 0;
  if (!/^\d{1,15}$/.test(length)) throw new RequestError(400, 'a Content-Length that is no number');
  return Number(length);
}
