/** Stream devices: links that come and go, peers that misbehave, nothing left behind. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { CHECKSUM_PARTIAL, Pool, type SkBuff } from '@stack/skbuff';
import { BUSY, OK } from '@stack/skbuff/netdev';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectStream } from './connect-stream.ts';
import { removeFolder, socketPath, streamPair, turn, until } from './fixture.ts';
import { listenStream } from './listen-stream.ts';
import type { StreamDevice } from './stream-device.ts';

const opened: { close(): unknown }[] = [];
const left: (() => boolean)[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) one.close();
  for (const gone of left.splice(0)) await until(gone, 'what a test made is gone');
});
afterAll(removeFolder);

/** {@link resources} before the first test. */
let before = '';
beforeAll(() => {
  before = resources();
});

/** Closes `device` at the test's end, and expects that nothing of it is left in its pool. */
function kept<D extends StreamDevice>(device: D, pool: Pool): D {
  opened.push(device);
  left.push(() => pool.stats.skbs === 0 && pool.stats.inUse === 0);
  return device;
}

function frame(pool: Pool, length: number, type = 0x0800): SkBuff {
  const skb = pool.alloc(length) as SkBuff;
  skb.put(length);
  skb.bytes.fill(length & 0xff, skb.data, skb.tail);
  if (length >= 14) skb.view.setUint16(skb.data + 12, type);
  return skb;
}

/** A frame with its length, as a peer writes it. */
function wire(length: number, fill = 1): Buffer {
  const bytes = Buffer.alloc(4 + length, fill);
  bytes.writeUInt32BE(length);
  return bytes;
}

/** Notes what `device` delivers and tells, and polls when it asks for that. */
function attach(device: StreamDevice): { lengths: number[]; links: boolean[] } {
  const seen = { lengths: [] as number[], links: [] as boolean[] };
  device.ifindex = 1;
  device.receive = (skb) => {
    seen.lengths.push(skb.len);
    skb.free();
  };
  device.linkChange = (_, up) => void seen.links.push(up);
  const poll = (): void => void (device.poll(64) === 64 && setImmediate(poll));
  device.interrupt = () => void setImmediate(poll);
  return seen;
}

/** Sockets that hold on to this process, and its descriptors. */
function resources(): string {
  const held = process.getActiveResourcesInfo().filter((name) => name.endsWith('Wrap'));
  return `${held.sort().join(' ')} ${readdirSync('/proc/self/fd').length}`;
}

/** A device that listens, and a plain socket connected to it. */
async function withPeer(
  options: { maxFrame?: number; mtu?: number } = {},
): Promise<{ device: StreamDevice; peer: Socket; pool: Pool; seen: ReturnType<typeof attach> }> {
  const pool = new Pool({ poison: true, chunkSize: 65_536 });
  const path = socketPath();
  const device = kept(await listenStream({ pool, path, ...options }), pool);
  const seen = attach(device);
  const peer = await dial(path);
  await until(() => device.carrierUp, 'a carrier');
  return { device, peer, pool, seen };
}

async function dial(path: string): Promise<Socket> {
  const peer = connect(path);
  opened.push({ close: () => peer.destroy() });
  peer.on('error', () => {});
  await new Promise((resolve) => peer.once('connect', resolve));
  return peer;
}

/** A plain server; what connects to it is in `sockets`. */
async function plainServer(path: string): Promise<{ server: Server; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    sockets.push(socket);
  });
  opened.push({ close: () => server.close() }, { close: () => sockets.map((socket) => socket.destroy()) });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { server, sockets };
}

describe('what the peer sends', () => {
  it('is delivered, in whatever pieces it comes', async () => {
    const { device, peer, seen } = await withPeer();
    const bytes = Buffer.concat([wire(60), wire(14), wire(1514)]);
    for (const [from, to] of [
      [0, 2],
      [2, 5],
      [5, 66],
      [66, 90],
      [90, bytes.length],
    ] as const) {
      peer.write(bytes.subarray(from, to));
      await turn();
      await turn();
    }
    await until(() => seen.lengths.length === 3, 'three frames');
    expect(seen.lengths).toEqual([60, 14, 1514]);
    expect(device.stats).toMatchObject({ rxPackets: 3, rxBytes: 1588, rxErrors: 0 });
  });

  it.each([
    [0, 'too short'],
    [13, 'too short'],
    [65_551, 'too long'],
    [0x4745_5420, 'HTTP'],
    [0xffff_ffff, 'too long'],
  ])('a length of %d ends the link: %s', async (length) => {
    const { device, peer, pool, seen } = await withPeer();
    const ended = new Promise((resolve) => peer.once('close', resolve));
    const header = Buffer.alloc(4);
    header.writeUInt32BE(length);
    peer.write(Buffer.concat([wire(60), header, wire(60)]));
    peer.resume();
    await until(() => !device.carrierUp, 'the carrier is gone');
    expect(device.error).toMatchObject({ name: 'TapError', code: 'ERR_FRAME_LENGTH' });
    expect(device.error?.message).toContain(`a frame length of ${length}: not within 14..65550`);
    await ended;
    await until(() => seen.lengths.length > 0, 'the good frame');
    expect(seen).toEqual({ lengths: [60], links: [true, false] });
    expect(device.stats).toMatchObject({ rxErrors: 1, rxLengthErrors: 1 });
    expect(device.xmit(frame(pool, 60))).toBe(OK);
    expect(device.stats).toMatchObject({ txErrors: 1, txCarrierErrors: 1, txPackets: 0 });
  });

  it('may be up to maxFrame long; what the MTU does not allow is dropped, and the link stays', async () => {
    const { device, peer, seen } = await withPeer({ maxFrame: 2000, mtu: 1000 });
    const tagged = wire(1018);
    tagged.writeUInt16BE(0x8100, 4 + 12);
    peer.write(Buffer.concat([wire(2000), wire(1015), wire(1014), wire(1018), tagged]));
    await until(() => seen.lengths.length === 2, 'two frames');
    expect(seen.lengths).toEqual([1014, 1018]);
    expect(device.stats).toMatchObject({ rxErrors: 3, rxLengthErrors: 3, rxPackets: 2 });
    expect(device.carrierUp).toBe(true);
    peer.write(wire(2001));
    await until(() => !device.carrierUp, 'the carrier is gone');
    expect(device.error?.code).toBe('ERR_FRAME_LENGTH');
  });

  it('that ends within a frame is told from an end', async () => {
    const { device, peer, seen } = await withPeer();
    peer.end(wire(100).subarray(0, 50));
    await until(() => !device.carrierUp, 'the carrier is gone');
    expect(device.error).toMatchObject({ code: 'ERR_FRAME_TRUNCATED' });
    expect(device.stats).toMatchObject({ rxErrors: 1, rxLengthErrors: 1 });

    const next = await dial((device.local as { path: string }).path);
    await until(() => device.carrierUp, 'the next carrier');
    expect(device.error).toBe(undefined);
    next.end(wire(100));
    await until(() => !device.carrierUp && seen.lengths.length > 0, 'the carrier is gone');
    expect(device.error).toMatchObject({ code: 'ERR_PEER_CLOSED' });
    expect(seen).toEqual({ lengths: [100], links: [true, false, true, false] });
  });

  it('is dropped and counted without memory, and the link stays', async () => {
    const pool = new Pool({ chunkSize: 65_536, limit: 65_536 });
    const path = socketPath();
    const device = kept(await listenStream({ pool, path }), pool);
    const seen = attach(device);
    const peer = await dial(path);
    const all: SkBuff[] = [];
    for (let skb = pool.alloc(2000); skb !== undefined; skb = pool.alloc(2000)) all.push(skb);
    peer.write(wire(1000));
    await until(() => device.stats.rxDropped === 1, 'a drop');
    for (const skb of all) skb.free();
    peer.write(wire(1001));
    await until(() => seen.lengths.length > 0, 'the next');
    expect(seen.lengths).toEqual([1001]);
  });

  it('is not read while nobody polls, and all there afterwards', async () => {
    const { device, peer, pool, seen } = await withPeer();
    const { interrupt } = device;
    device.interrupt = undefined;
    const count = 20_000;
    for (let i = 0; i < count; i++) peer.write(wire(100 + (i % 900)));
    await until(() => device.rxQueued >= 256, 'as many as it lets wait');
    const { rxQueued } = device;
    for (let i = 0; i < 100; i++) await turn();
    expect(device.rxQueued).toBe(rxQueued);
    expect(peer.writableLength).toBeGreaterThan(5_000_000);
    expect(pool.stats.bytes).toBeLessThan(4 << 20);
    device.interrupt = interrupt;
    await until(() => seen.lengths.length === count, 'all frames');
    expect(seen.lengths.every((length, i) => length === 100 + (i % 900))).toBe(true);
    expect(device.stats).toMatchObject({ rxPackets: count, rxDropped: 0, rxErrors: 0 });
  });
});

describe('what the peer does not read', () => {
  it.each(['unix', 'tcp'] as const)('makes a sender busy, and wakes it: %s', async (over) => {
    const { a, b, pool } = await streamPair(over);
    kept(a, pool);
    kept(b, pool);
    let woken = 0;
    a.wake = () => void woken++;
    a.interrupt = () => void setImmediate(() => a.poll(64));
    let sent = 0;
    /** Sends until the device is busy and stays so. */
    for (let quiet = 0; quiet < 20; quiet++) {
      for (;;) {
        const skb = frame(pool, 1514);
        if (a.xmit(skb) === BUSY) {
          skb.free();
          break;
        }
        sent++;
        quiet = 0;
      }
      await turn();
    }
    expect(a.txQueued).toBeLessThanOrEqual(2 * 86);
    const before = woken;
    const seen = attach(b);
    await until(() => woken > before, 'woken');
    await until(() => seen.lengths.length === sent, 'all that was taken has arrived');
    expect(a.stats).toMatchObject({ txPackets: sent, txBytes: sent * 1514, txErrors: 0, txDropped: 0 });
    expect(a.txQueued).toBe(0);
  });

  it('is lost with the link, counted, and the sender is woken', async () => {
    const { device, peer, pool, seen } = await withPeer();
    let woken = 0;
    device.wake = () => void woken++;
    let sent = 0;
    for (let rounds = 0; rounds < 5; rounds++) {
      for (;;) {
        const skb = frame(pool, 1514);
        if (device.xmit(skb) === OK) {
          sent++;
          continue;
        }
        skb.free();
        break;
      }
      await turn();
    }
    const before = woken;
    const { txPackets } = device.stats;
    peer.destroy();
    await until(() => seen.links.length === 2 && woken > before, 'link down');
    expect(device.stats).toMatchObject({
      txPackets,
      txErrors: sent - txPackets,
      txCarrierErrors: sent - txPackets,
    });
    expect(sent - txPackets).toBeGreaterThan(0);
    expect(pool.stats.skbs).toBe(0);
    expect(device.txQueued).toBe(0);
  });
});

describe('what cannot be sent', () => {
  it('is dropped with a reason', async () => {
    const { a, b, pool } = await streamPair('unix', { mtu: 1000 });
    kept(a, pool);
    kept(b, pool);
    const reasons: string[] = [];
    a.drop = (skb, reason) => {
      reasons.push(reason);
      skb.free();
    };
    a.xmit(frame(pool, 13));
    a.xmit(frame(pool, 1015));
    a.xmit(frame(pool, 1019, 0x8100));
    const partial = frame(pool, 100);
    partial.ipSummed = CHECKSUM_PARTIAL;
    a.xmit(partial);
    const large = frame(pool, 900);
    large.gsoSize = 100;
    a.xmit(large);
    expect(reasons).toEqual(['PKT_TOO_SMALL', 'PKT_TOO_BIG', 'PKT_TOO_BIG', 'SKB_CSUM', 'SKB_GSO_SEG']);
    expect(a.stats).toMatchObject({ txErrors: 5, txDropped: 0, txCarrierErrors: 0 });
    a.close();
    a.xmit(frame(pool, 100));
    expect(reasons[5]).toBe('DEV_READY');
    expect(a.stats).toMatchObject({ txErrors: 5, txDropped: 1 });
  });

  it('but for a frame of 65,535 bytes behind its header, which fits', async () => {
    const { a, b, pool } = await streamPair('tcp', { mtu: 65_535 });
    kept(a, pool);
    kept(b, pool);
    const seen = attach(b);
    for (let i = 0; i < 5; i++) {
      const skb = frame(pool, 65_549);
      while (a.xmit(skb) === BUSY) await turn();
    }
    await until(() => seen.lengths.length === 5, 'five frames');
    expect(new Set(seen.lengths)).toEqual(new Set([65_549]));
  });
});

describe('a client', () => {
  it.each([
    [
      { path: '/nonexistent/x.sock' },
      'ENOENT',
      'cannot connect to /nonexistent/x.sock: there is no such socket',
    ],
    [{ port: 1 }, 'ECONNREFUSED', 'cannot connect to 127.0.0.1:1: nobody listens there'],
    [{ host: '::1', port: 1 }, 'ECONNREFUSED', 'cannot connect to [::1]:1: nobody listens there'],
  ])('says why it cannot connect: %j', async (at, code, message) => {
    const attempt = connectStream({ pool: new Pool(), name: 'vm0', ...at });
    await expect(attempt).rejects.toMatchObject({ name: 'TapError', code, message: `vm0: ${message}` });
  });

  it.each([
    [{ port: 70_000 }, RangeError],
    [{ port: 1, mtu: 67 }, RangeError],
    [{ port: 1, maxFrame: 59 }, RangeError],
    [{ port: 1, reconnect: 0 }, RangeError],
    [{ port: 1, address: -1 }, RangeError],
    [{} as { port: number }, TypeError],
  ])('refuses %j', async (options, error) => {
    await expect(connectStream({ pool: new Pool(), ...options })).rejects.toBeInstanceOf(error);
  });

  it('has an address of its own unless told', async () => {
    const { a, b, pool } = await streamPair('unix');
    kept(a, pool);
    kept(b, pool);
    expect(a.address).not.toBe(b.address);
    for (const { address } of [a, b]) expect(Math.floor(address / 2 ** 40)).toBe(0x02);
  });

  it('stays without a link when the peer ends it', async () => {
    const pool = new Pool();
    const path = socketPath();
    const { sockets } = await plainServer(path);
    const device = kept(await connectStream({ pool, path }), pool);
    const seen = attach(device);
    await until(() => sockets.length === 1, 'connected');
    sockets[0]?.destroy();
    await until(() => !device.carrierUp, 'the carrier is gone');
    expect(device.error?.code).toBe('ERR_PEER_CLOSED');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([sockets.length, seen.links]).toEqual([1, [false]]);
  });

  it('connects again, with reconnect, after the link ended and after a peer that was not there', async () => {
    const pool = new Pool();
    const path = socketPath();
    const device = kept(await connectStream({ pool, path, reconnect: 20 }), pool);
    const seen = attach(device);
    expect([device.carrierUp, device.error?.code]).toEqual([false, 'ENOENT']);
    const { sockets } = await plainServer(path);
    await until(() => device.carrierUp, 'connected');
    expect(device.error).toBe(undefined);
    await until(() => sockets.length === 1, 'accepted');
    const start = performance.now();
    sockets[0]?.write(wire(10)); // garbage
    await until(() => !device.carrierUp, 'the carrier is gone');
    expect(device.error?.code).toBe('ERR_FRAME_LENGTH');
    device.xmit(frame(pool, 60));
    expect(device.stats.txCarrierErrors).toBe(1);
    await until(() => sockets.length === 2, 'connected again');
    expect(performance.now() - start).toBeGreaterThanOrEqual(19);
    sockets[1]?.write(wire(70));
    await until(() => seen.lengths.length === 1, 'a frame over the new link');
    expect(seen).toEqual({ lengths: [70], links: [true, false, true] });
    expect(device.connections).toBe(2);
  });

  it('that is closed while it waits, or while it connects, tries no more', async () => {
    const pool = new Pool();
    const path = socketPath();
    const waiting = await connectStream({ pool, path, reconnect: 10 });
    waiting.close();
    const { sockets } = await plainServer(path);
    const ended = await connectStream({ pool, path, reconnect: 1 });
    await until(() => sockets.length === 1, 'connected');
    sockets[0]?.destroy();
    await until(() => !ended.carrierUp, 'the carrier is gone');
    ended.close();
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(sockets.length).toBe(1);
    expect([waiting.carrierUp, ended.carrierUp]).toEqual([false, false]);
  });
});

describe('a server', () => {
  it('takes one connection at a time, and the next when that has ended', async () => {
    const { device, peer, seen } = await withPeer();
    const path = (device.local as { path: string }).path;
    const second = await dial(path);
    await new Promise((resolve) => second.once('close', resolve));
    expect(device.connections).toBe(1);
    peer.destroy();
    await until(() => !device.carrierUp, 'the first is gone');
    const third = await dial(path);
    await until(() => device.carrierUp, 'the third is taken');
    third.write(wire(77));
    await until(() => seen.lengths.length === 1, 'a frame');
    expect(seen).toEqual({ lengths: [77], links: [true, false, true] });
  });

  it('tells its port where it was given none', async () => {
    const pool = new Pool();
    const device = kept(await listenStream({ pool, port: 0 }), pool);
    expect(device.local).toEqual({ host: '127.0.0.1', port: expect.any(Number) });
    expect(device.carrierUp).toBe(false);
  });

  it('says why it cannot listen', async () => {
    const pool = new Pool();
    const device = kept(await listenStream({ pool, port: 0 }), pool);
    const { port } = device.local as { port: number };
    const path = socketPath();
    kept(await listenStream({ pool, path }), pool);
    const taken = 'somebody listens there already';
    await expect(listenStream({ pool, port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      message: `eth0: cannot listen at 127.0.0.1:${port}: ${taken}`,
    });
    await expect(listenStream({ pool, path })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      message: `eth0: cannot listen at ${path}: ${taken}`,
    });
    expect(existsSync(path)).toBe(true);
    await expect(listenStream({ pool, host: '192.0.2.1', port: 0 })).rejects.toMatchObject({
      code: 'EADDRNOTAVAIL',
    });
  });

  it('takes the path of a socket whose process is gone, but no file that is none', async () => {
    const pool = new Pool();
    const path = socketPath();
    const script = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script, path]);
    expect(existsSync(path)).toBe(true);
    const device = kept(await listenStream({ pool, path }), pool);
    await dial(path);
    await until(() => device.carrierUp, 'a connection');

    const file = socketPath();
    writeFileSync(file, 'precious');
    await expect(listenStream({ pool, path: file })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(existsSync(file)).toBe(true);
  });
});

describe('close', () => {
  it('sends what it can, and leaves neither descriptors nor files', async () => {
    for (const over of ['unix', 'tcp'] as const) {
      const { a, b, pool } = await streamPair(over, { reconnect: 60_000 });
      const seen = attach(b);
      for (let i = 0; i < 10; i++) expect(a.xmit(frame(pool, 60 + i))).toBe(OK);
      a.close();
      a.close();
      expect(a.stats).toMatchObject({ txPackets: 10, txDropped: 0 });
      await until(() => !b.carrierUp && seen.lengths.length === 10, 'all, and the end');
      b.close();
      if (over === 'unix') expect(existsSync((b.local as { path: string }).path)).toBe(false);
      await until(() => pool.stats.skbs === 0, 'nothing in the pool');
      const lonely = await streamPair(over, { reconnect: 60_000 });
      lonely.b.close();
      await until(() => !lonely.a.carrierUp, 'the carrier is gone');
      lonely.a.close(); // while it waits for the next attempt
    }
    await until(() => resources() === before, 'all is as before');
  });

  it('gives frames that came before there was a host to the host that comes', async () => {
    const pool = new Pool();
    const path = socketPath();
    const device = kept(await listenStream({ pool, path }), pool);
    const peer = await dial(path);
    for (let i = 0; i < 400; i++) peer.write(wire(60));
    await until(() => device.rxQueued >= 256, 'frames wait');
    const seen = attach(device);
    await until(() => seen.lengths.length === 400, 'all frames');
  });
});
