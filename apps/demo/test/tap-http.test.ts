import { createHash } from 'node:crypto';
import { createHost, type Host, VirtualClock, vethPair } from '@stack/host';
import { AF_INET, SO_LINGER, SOCK_STREAM, SOL_SOCKET, type Socket } from '@stack/socket';
import { afterEach, describe, expect, it } from 'vitest';
import { numbered, pages, type ServedFile } from '../src/tap/http/pages.ts';
import { HttpServer } from '../src/tap/http/server.ts';

/** A server at 10.0.0.2:80 and a client at 10.0.0.1, with a cable between them. */
class Pair {
  readonly clock = new VirtualClock();
  readonly client: Host;
  readonly server: Host;
  readonly http: HttpServer;
  readonly log: string[] = [];
  readonly serving: Promise<void>;

  constructor(file?: ServedFile) {
    const [a, b] = vethPair({ names: ['eth0', 'eth0'] });
    this.client = createHost({ clock: this.clock, name: 'client' });
    this.server = createHost({ clock: this.clock, name: 'server' });
    this.client.link.add(a, { up: true });
    this.server.link.add(b, { up: true });
    this.client.addr.add('10.0.0.1/24', { dev: 'eth0' });
    this.server.addr.add('10.0.0.2/24', { dev: 'eth0' });
    this.http = new HttpServer({
      sockets: this.server.process(),
      port: 80,
      answer: pages(file),
      opened: ({ peer }) => void this.log.push(`open ${peer.address}`),
      answered: (_, { request, status }) => void this.log.push(`${request} ${status}`),
      closed: ({ requests }, error) => void this.log.push(`closed ${requests}${error ? ` ${error}` : ''}`),
    });
    this.serving = this.http.serve();
  }

  async open(): Promise<Socket> {
    const socket = this.client.socket(AF_INET, SOCK_STREAM);
    await socket.connect({ address: '10.0.0.2', port: 80 });
    return socket;
  }

  /** Sends `text` on a connection of its own, and reads until the server ends it. */
  async talk(text: string | Uint8Array): Promise<string> {
    const socket = await this.open();
    await socket.sendall(text);
    const reply = await readAll(socket);
    await socket.close();
    return reply;
  }

  async close(): Promise<void> {
    await this.clock.run(
      (async () => {
        await this.http.close();
        await this.client.close();
        await this.serving;
        await this.server.close();
      })(),
    );
    expect(this.server.pool.stats.skbs + this.client.pool.stats.skbs).toBe(0);
  }
}

async function readAll(socket: Socket): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}

let pair: Pair | undefined;
const start = (file?: ServedFile): Pair => {
  pair = new Pair(file);
  return pair;
};
afterEach(async () => {
  await pair?.close();
  pair = undefined;
});

/** Replies in a row: status, fields and body of each. */
function replies(text: string, isHead = false): { status: number; head: string; body: string }[] {
  const found: { status: number; head: string; body: string }[] = [];
  for (let rest = text; rest !== ''; ) {
    const end = rest.indexOf('\r\n\r\n');
    const head = rest.slice(0, end);
    const length = isHead ? 0 : Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    found.push({
      status: Number(/^HTTP\/1\.1 (\d{3}) \S/.exec(head)?.[1]),
      head,
      body: rest.slice(end + 4, end + 4 + length),
    });
    rest = rest.slice(end + 4 + length);
  }
  return found;
}

const host = 'Host: 10.0.0.2\r\n';
/** Of the last request of a connection. */
const last = `${host}Connection: close\r\n\r\n`;

describe('the HTTP server', () => {
  it('goes on when a connection was reset before it was accepted', async () => {
    const one = start();
    await one.clock.run(
      (async () => {
        const socket = await one.open();
        socket.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: true, linger: 0 });
        await socket.close();
        expect(replies(await one.talk(`GET /no HTTP/1.1\r\n${last}`))[0]?.status).toBe(404);
      })(),
    );
    expect(one.log).toEqual(['open 10.0.0.1', 'GET /no 404']);
  });

  it('answers GET / with a page about the connection', async () => {
    const { clock, log } = start();
    const reply = await clock.run((pair as Pair).talk(`GET / HTTP/1.1\r\n${host}X-Odd: yes\r\n\r\n`));
    const [{ status, head, body } = { status: 0, head: '', body: '' }, ...more] = replies(reply);
    expect([status, more.length]).toEqual([200, 0]);
    expect(head).toMatch(/\r\nContent-Type: text\/plain; charset=utf-8\r\n/);
    expect(head).toMatch(/\r\nConnection: keep-alive$/);
    expect(body).toMatch(/^you {6}10\.0\.0\.1:\d+$/m);
    expect(body).toMatch(/^here {5}10\.0\.0\.2:80$/m);
    expect(body).toMatch(/GET \/ HTTP\/1\.1, number 1 of this connection/);
    expect(body).toMatch(/x-odd: yes/);
    expect(body).toMatch(/TCP_INFO ts sack cubic wscale:\d+,\d+ rto:/);
    expect(body).toMatch(/bytes_received:4[0-9]\b/);
    expect(log).toEqual(['open 10.0.0.1', 'GET / 200', 'closed 1']);
  });

  it('answers HEAD with the same fields and no body', async () => {
    const { clock } = start();
    const text = await clock.run((pair as Pair).talk(`HEAD /bytes/70000 HTTP/1.1\r\n${last}`));
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\nContent-Length: 70000\r\n.*\r\n\r\n$/s);
  });

  it.each([0, 1, 34, 65_535, 65_536, 65_537, 300_000])('has %i bytes at /bytes/N', async (length) => {
    const { clock } = start();
    const text = await clock.run((pair as Pair).talk(`GET /bytes/${length} HTTP/1.1\r\n${last}`));
    const [reply] = replies(text);
    expect(reply?.body).toHaveLength(length);
    expect(reply?.body).toBe(Buffer.from(numbered(0, length)).toString('latin1'));
  });

  it('keeps the connection, and answers requests that came in one piece in order', async () => {
    const { clock, log } = start();
    const text = ['/bytes/3', '/no', '/bytes/5']
      .map((path, index) => `GET ${path} HTTP/1.1\r\n${index < 2 ? `${host}\r\n` : last}`)
      .join('');
    const got = replies(await clock.run((pair as Pair).talk(text)));
    expect(got.map(({ status, body }) => [status, body.length])).toEqual([
      [200, 3],
      [404, '"nothing is called "/no" here'.length],
      [200, 5],
    ]);
    await clock.runFor(1000); // until the client's end is there
    expect(log).toEqual(['open 10.0.0.1', 'GET /bytes/3 200', 'GET /no 404', 'GET /bytes/5 200', 'closed 3']);
  });

  it('ends where it is asked to, and for HTTP/1.0', async () => {
    const { clock } = start();
    const one = replies(await clock.run((pair as Pair).talk('GET /bytes/1 HTTP/1.0\r\n\r\n')));
    expect(one.map(({ body }) => body.length)).toEqual([1]);
    expect(one[0]?.head).toMatch(/Connection: close/);
    expect(
      replies(await clock.run((pair as Pair).talk(`GET /bytes/1 HTTP/1.1\r\n${last}`)))[0]?.body,
    ).toHaveLength(1);
    expect(clock.now()).toBeLessThan(1_000_000);
    const kept = `GET /bytes/1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /bytes/2 HTTP/1.0\r\n\r\n`;
    expect(replies(await clock.run((pair as Pair).talk(kept)))).toHaveLength(2);
  });

  it('serves several connections at once', async () => {
    const { clock, log } = start();
    const talks = Array.from({ length: 50 }, (_, i) =>
      (pair as Pair).talk(`GET /bytes/${i * 1000} HTTP/1.1\r\n${last}`),
    );
    const got = await clock.run(Promise.all(talks));
    expect(got.map((text) => replies(text)[0]?.body.length)).toEqual(Array.from(got, (_, i) => i * 1000));
    expect(log.lastIndexOf('open 10.0.0.1')).toBeGreaterThan(25);
  });

  it('does not let one that says nothing hold up others, and ends it after a while', async () => {
    const { clock, log } = start();
    const silent = await clock.run((pair as Pair).open());
    expect(replies(await clock.run((pair as Pair).talk(`GET / HTTP/1.1\r\n${last}`)))).toHaveLength(1);
    expect(await clock.run(silent.recv(10))).toHaveLength(0);
    expect(log.at(-1)).toBe('closed 0 nothing came for 30 s');
    expect(clock.now()).toBeGreaterThanOrEqual(30_000_000);
  });

  it('goes on when a peer resets', async () => {
    const { clock, log } = start();
    await clock.run(
      (async () => {
        const socket = await (pair as Pair).open();
        await socket.sendall(`GET /bytes/10000000 HTTP/1.1\r\n${host}\r\n`);
        await socket.recv(100);
        socket.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 });
        await socket.close();
      })(),
    );
    expect(replies(await clock.run((pair as Pair).talk(`GET / HTTP/1.1\r\n${last}`)))).toHaveLength(1);
    expect(log.some((line) => /^closed 1 (send|recv) E(CONNRESET|PIPE)$/.test(line))).toBe(true);
  });

  it('says how much was sent to it, in one piece or in chunks, and asks for it where it is asked to', async () => {
    const { clock } = start();
    const body = Buffer.from(numbered(0, 100_000));
    const sha256 = createHash('sha256').update(body).digest('hex');
    const known = `PUT /x HTTP/1.1\r\n${host}Content-Length: ${body.length}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`;
    const text = await clock.run((pair as Pair).talk(Buffer.concat([Buffer.from(known), body])));
    expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
    expect(text).toContain(`100000 bytes, sha256 ${sha256}\n`);
    const chunks = [body.subarray(0, 1), body.subarray(1, 70_000), body.subarray(70_000)];
    const coded = chunks.flatMap((chunk) => [`${chunk.length.toString(16)};x=y\r\n`, chunk, '\r\n']);
    const chunked = Buffer.concat(
      [
        `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n`,
        ...coded,
        '0\r\nTrailer: 1\r\n\r\n',
      ].map((part) => Buffer.from(part as string)),
    );
    const get = Buffer.from(`GET /bytes/7 HTTP/1.1\r\n${last}`);
    const [receipt, next] = replies(await clock.run((pair as Pair).talk(Buffer.concat([chunked, get]))));
    expect(receipt?.body).toBe(`100000 bytes, sha256 ${sha256}\n`);
    expect(next?.body).toHaveLength(7);
  });

  it('passes over the body of a request that has none to want', async () => {
    const { clock } = start();
    const text = `GET /bytes/1 HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\nhelloGET /bytes/2 HTTP/1.1\r\n${last}`;
    const got = replies(await clock.run((pair as Pair).talk(text)));
    expect(got.map(({ body }) => body.length)).toEqual([1, 2]);
  });

  it('serves a file', async () => {
    const bytes = numbered(0, 5000);
    const { clock } = start({ path: '/my file', bytes });
    const text = await clock.run((pair as Pair).talk(`GET /my%20file?x HTTP/1.1\r\n${last}`));
    expect(replies(text)[0]?.body).toBe(Buffer.from(bytes).toString('latin1'));
  });

  it.each([
    ['bytes of another protocol', '\x16\x03\x01\r\n\r\n', 400],
    ['a bad escape', `GET /%zz HTTP/1.1\r\n${last}`, 400],
    ['a method that is not for this', `DELETE / HTTP/1.1\r\n${last}`, 405],
    ['more bytes than there are', `GET /bytes/1073741825 HTTP/1.1\r\n${last}`, 404],
    ['a long target', `GET /${'a'.repeat(200_000)} HTTP/1.1\r\n${last}`, 431],
  ])('answers %s with its status', async (_, text, status) => {
    const { clock } = start();
    expect(replies(await clock.run((pair as Pair).talk(text))).map((reply) => reply.status)).toEqual([
      status,
    ]);
  });

  it('takes a whole URL for a target', async () => {
    const { clock } = start();
    const text = await clock.run((pair as Pair).talk(`GET http://x:1/bytes/3?q HTTP/1.1\r\n${last}`));
    expect(replies(text)[0]?.body).toHaveLength(3);
  });
});
