/** A million SYNs from everywhere: what the host keeps of them is bounded, and clients come through all the same. RFC 4987. */
import { CHECKSUM_UNNECESSARY, Pool, type SkBuff } from '@stack/skbuff';
import { csumFold, csumPartial } from '@stack/skbuff/checksum';
import { AF_INET, isSocketError, SHUT_WR, SOCK_STREAM, type Socket } from '@stack/socket';
import { expect, it } from 'vitest';
import { type Lan, lan } from '../fixture.ts';
import type { Host } from '../host.ts';
import { packet, segment } from './craft.fixture.ts';
import { Tun } from './tun.fixture.ts';

const SYNS = 1_000_000;
const BACKLOG = 128;
const PORT = 80;
const HOST = 0xc0a8_0164;
/** SYNs that come at once, and how many of these a second. */
const BURST = 1000;
const BURSTS = 100;

/** SYNs of anybody to the host's service, by a device of their own. */
class Flood {
  readonly pool: Pool = new Pool({ chunkSize: 65_536 });
  /** What the host answered. */
  answers = 0;
  readonly #tun: Tun = new Tun();
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #count = 0;

  constructor(host: Host) {
    const ends = { saddr: 0, daddr: HOST };
    const options = Uint8Array.of(2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7);
    const fields = { source: 0, dest: PORT, seq: 0, ack: 0, flags: 2, window: 64_240, options, check: 0 };
    this.#bytes = packet({ ...ends, protocol: 6 }, segment(ends, fields, new Uint8Array(0)));
    this.#view = new DataView(this.#bytes.buffer);
    this.#tun.sent = () => {
      this.answers++;
    };
    host.link.add(this.#tun, { up: true });
    host.addr.add('172.16.0.1/24', { dev: 'tun0' });
    host.route.add('default', { dev: 'tun0' });
  }

  burst(): void {
    const view = this.#view;
    for (let i = 0; i < BURST; i++) {
      const random = Math.imul(++this.#count, 0x9e37_79b1) >>> 0;
      view.setUint16(10, 0);
      view.setUint32(12, 0x1000_0000 + (random % 0x3000_0000));
      view.setUint16(10, csumFold(csumPartial(view, 0, 20)));
      view.setUint16(20, 1024 + (random & 0x7fff));
      view.setUint32(24, random);
      const skb = this.pool.alloc(this.#bytes.length, 0) as SkBuff;
      skb.putData(this.#bytes);
      skb.ipSummed = CHECKSUM_UNNECESSARY; // the card has looked at it
      this.#tun.inject(skb);
    }
  }
}

function serve(network: Lan): Socket {
  const listener = network.b.socket(AF_INET, SOCK_STREAM);
  listener.bind({ port: PORT });
  listener.listen(BACKLOG);
  return listener;
}

async function echo(listener: Socket): Promise<void> {
  try {
    for (;;) {
      const connection = await listener.accept();
      for await (const chunk of connection) await connection.sendall(chunk);
      await connection.close();
    }
  } catch (error) {
    if (!isSocketError(error) || error.code !== 'EBADF') throw error;
  }
}

async function visit({ a }: Lan, bytes: Uint8Array): Promise<Uint8Array> {
  const socket = a.socket(AF_INET, SOCK_STREAM);
  await socket.connect({ address: '192.168.1.100', port: PORT });
  await socket.sendall(bytes);
  socket.shutdown(SHUT_WR);
  const got: number[] = [];
  for await (const chunk of socket) got.push(...chunk);
  await socket.close();
  return Uint8Array.from(got);
}

/** Objects that the host holds for connections, of any kind. */
const held = ({ tcp, timers, ipv4, pool }: Host) => ({
  entries: [...tcp.entries()].length,
  timers: timers.pending,
  exceptions: ipv4.exceptions.size,
  pages: pool.stats.inUse,
});

it('a SYN flood of a million costs bounded memory, and a client still connects and moves its data (SYN cookies)', async () => {
  const network = lan();
  const { clock, b } = network;
  const flood = new Flood(b);
  const listener = serve(network);
  const service = echo(listener);
  const bytes = Uint8Array.from({ length: 20_000 }, (_, i) => i * 7);
  const before = held(b);
  for (let round = 0; round < SYNS / BURST / BURSTS; round++) {
    const visited = visit(network, bytes);
    for (let i = 0; i < BURSTS; i++) {
      flood.burst();
      await clock.runFor(1_000_000 / BURSTS);
    }
    const now = held(b);
    expect(now.entries).toBeLessThanOrEqual(before.entries + BACKLOG + 1 + 1);
    expect(now.timers).toBeLessThanOrEqual(before.timers + BACKLOG + 1 + 10);
    expect(now.exceptions).toBe(0);
    expect(now.pages).toBeLessThanOrEqual(before.pages + 4);
    expect(await clock.run(visited)).toEqual(bytes);
  }
  const counters = b.nstat();
  expect(counters.TcpExtSyncookiesSent).toBeGreaterThan(SYNS * 0.99);
  expect(counters.TcpExtSyncookiesRecv).toBeGreaterThan(0);
  expect(counters).toMatchObject({
    TcpExtSyncookiesFailed: 0,
    TcpExtListenOverflows: 0,
    TcpExtTCPReqQFullDrop: 0,
  });
  expect(flood.answers).toBeGreaterThanOrEqual(SYNS);
  await listener.close();
  await clock.run(service);
  await clock.runFor(130_000_000);
  expect(held(b)).toMatchObject({ entries: 0, pages: before.pages });
  expect(flood.pool.stats).toMatchObject({ inUse: 0, skbs: 0 });
});

it('without SYN cookies it is as bounded, and nobody comes through', async () => {
  const network = lan({ sysctl: { 'net.ipv4.tcp_syncookies': 0 } });
  const { clock, b } = network;
  const flood = new Flood(b);
  const listener = serve(network);
  const service = echo(listener);
  const connected = network.a.socket(AF_INET, SOCK_STREAM);
  flood.burst();
  await clock.runFor(1000);
  const attempt = connected.connect({ address: '192.168.1.100', port: PORT }).then(() => 'connected');
  attempt.catch(() => undefined);
  for (let i = 0; i < 20; i++) {
    flood.burst();
    await clock.runFor(100_000);
  }
  expect([...b.tcp.entries()].length).toBe(1 + BACKLOG + 1);
  expect(await Promise.race([attempt, Promise.resolve('waiting')])).toBe('waiting');
  expect(b.nstat().TcpExtTCPReqQFullDrop).toBeGreaterThan(20 * BURST - BACKLOG);
  await connected.close();
  await listener.close();
  await clock.run(service);
});
