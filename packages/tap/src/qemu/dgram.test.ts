/** Datagram devices: one frame a datagram, from one peer, with nothing left behind. */
import { createSocket, type Socket } from 'node:dgram';
import { readdirSync } from 'node:fs';
import { Pool, type SkBuff } from '@stack/skbuff';
import { BUSY, OK } from '@stack/skbuff/netdev';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from './fixture.ts';
import { type DgramDevice, type DgramOptions, openDgram } from './open-dgram.ts';

const opened: { close(): unknown }[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

/** Open descriptors of this process, and how many there were before the first test. */
const descriptors = (): number => readdirSync('/proc/self/fd').length;
let before = 0;
beforeAll(() => {
  before = descriptors();
});

/** A plain UDP socket. */
async function plain(): Promise<{ socket: Socket; port: number; received: Buffer[] }> {
  const socket = createSocket('udp4');
  opened.push(socket);
  const received: Buffer[] = [];
  socket.on('message', (bytes) => received.push(bytes));
  socket.on('error', () => {});
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return { socket, port: socket.address().port, received };
}

async function device(pool: Pool, options: Omit<DgramOptions, 'pool'>): Promise<DgramDevice> {
  const made = await openDgram({ pool, ...options });
  opened.push(made);
  return made;
}

function frame(pool: Pool, length: number): SkBuff {
  const skb = pool.alloc(length) as SkBuff;
  skb.put(length);
  skb.bytes.fill(length & 0xff, skb.data, skb.tail);
  return skb;
}

/** Lengths that `device` delivers; it is polled when it asks for that. */
function attach(device: DgramDevice): number[] {
  const lengths: number[] = [];
  device.ifindex = 1;
  device.receive = (skb) => {
    lengths.push(skb.len);
    skb.free();
  };
  const poll = (): void => void (device.poll(64) === 64 && setImmediate(poll));
  device.interrupt = () => void setImmediate(poll);
  return lengths;
}

describe('a datagram', () => {
  it('is a frame, as it is, in both directions', async () => {
    const pool = new Pool({ poison: true, chunkSize: 65_536 });
    const peer = await plain();
    const tap = await device(pool, { remote: { port: peer.port } });
    const lengths = attach(tap);
    for (const length of [14, 60, 1514]) expect(tap.xmit(frame(pool, length))).toBe(OK);
    await until(() => peer.received.length === 3, 'three datagrams');
    expect(peer.received.map((bytes) => bytes.length)).toEqual([14, 60, 1514]);
    expect(peer.received.every((bytes) => bytes.every((byte) => byte === (bytes.length & 0xff)))).toBe(true);
    await until(() => tap.stats.txPackets === 3, 'three counted');
    expect(tap.stats).toMatchObject({ txBytes: 1588, txErrors: 0 });

    for (const length of [14, 1514]) peer.socket.send(Buffer.alloc(length), tap.local.port, '127.0.0.1');
    await until(() => lengths.length === 2, 'two frames');
    expect(lengths).toEqual([14, 1514]);
    expect(pool.stats.skbs).toBe(0);
  });

  it('too short, too long or from elsewhere is no frame', async () => {
    const pool = new Pool({ poison: true, chunkSize: 65_536 });
    const peer = await plain();
    const stranger = await plain();
    const tap = await device(pool, { mtu: 1000, remote: { port: peer.port } });
    const lengths = attach(tap);
    for (const length of [0, 13, 1015, 1019, 65_507, 1014]) {
      stranger.socket.send(Buffer.alloc(100), tap.local.port, '127.0.0.1');
      peer.socket.send(Buffer.alloc(length), tap.local.port, '127.0.0.1');
    }
    await until(() => lengths.length === 1, 'the one that fits');
    expect(lengths).toEqual([1014]);
    expect(tap.stats).toMatchObject({ rxErrors: 5, rxLengthErrors: 5, rxPackets: 1 });
  });

  it('is dropped, and counted, when too many wait', async () => {
    const pool = new Pool({ poison: true, chunkSize: 65_536 });
    const peer = await plain();
    const tap = await device(pool, { remote: { port: peer.port } });
    tap.maxBacklog = 3;
    for (let i = 0; i < 5; i++) peer.socket.send(Buffer.alloc(60 + i), tap.local.port, '127.0.0.1');
    await until(() => tap.stats.rxDropped === 2, 'two drops');
    const lengths = attach(tap);
    await until(() => lengths.length === 3, 'three frames');
    expect(lengths).toEqual([60, 61, 62]);
  });

  it('that nobody takes is an error of the device, not its end', async () => {
    const pool = new Pool({ poison: true, chunkSize: 65_536 });
    const peer = await plain();
    const tap = await device(pool, { name: 'vm0', remote: { port: peer.port } });
    const lengths = attach(tap);
    const { port } = peer;
    peer.socket.close();
    opened.splice(opened.indexOf(peer.socket), 1);
    for (let i = 0; i < 3 && tap.error === undefined; i++) {
      tap.xmit(frame(pool, 60));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(tap.error).toMatchObject({ name: 'TapError', code: 'ECONNREFUSED' });
    expect(tap.carrierUp).toBe(true);
    const back = createSocket('udp4');
    opened.push(back);
    await new Promise<void>((resolve) => back.bind(port, '127.0.0.1', resolve));
    await until(() => {
      back.send(Buffer.alloc(60), tap.local.port, '127.0.0.1');
      return lengths.length > 0;
    }, 'a frame of the peer that came back');
    expect(tap.error).toBe(undefined);
    expect(tap.txQueued).toBe(0);
  });
});

describe('an error of an earlier frame', () => {
  it('does not cost the next one', async () => {
    const pool = new Pool();
    const peer = await plain();
    const tap = await device(pool, { remote: { port: peer.port } });
    peer.socket.close();
    opened.splice(opened.indexOf(peer.socket), 1);
    await new Promise((resolve) => setTimeout(resolve, 10));
    tap.xmit(frame(pool, 60)); // its refusal is there at once, and is what the next send would give
    tap.xmit(frame(pool, 60));
    await until(() => tap.txQueued === 0, 'both are done with');
    expect(tap.stats).toMatchObject({ txPackets: 2, txErrors: 0 });
  });
});

describe('a device over datagrams', () => {
  it('is busy when the socket has enough, and wakes', async () => {
    const pool = new Pool({ chunkSize: 1 << 20 });
    const peer = await plain();
    const tap = await device(pool, { remote: { port: peer.port } });
    attach(tap);
    let woken = 0;
    tap.wake = () => void woken++;
    let sent = 0;
    for (;;) {
      const skb = frame(pool, 1514);
      if (tap.xmit(skb) === BUSY) {
        skb.free();
        break;
      }
      sent++;
    }
    expect(sent).toBeLessThan(200);
    await until(() => woken === 1, 'woken');
    expect(tap.xmit(frame(pool, 1514))).toBe(OK);
    await until(() => tap.stats.txPackets + tap.stats.txErrors === sent + 1, 'all counted');
  });

  it('says why it cannot be opened', async () => {
    const pool = new Pool();
    const { port } = await plain();
    const remote = { port: 9 };
    await expect(openDgram({ pool, local: { port }, remote })).rejects.toMatchObject({
      name: 'TapError',
      code: 'EADDRINUSE',
      message: `eth0: cannot bind 127.0.0.1:${port}: somebody listens there already`,
    });
    await expect(openDgram({ pool, local: { host: '192.0.2.1', port: 0 }, remote })).rejects.toMatchObject({
      code: 'EADDRNOTAVAIL',
    });
    await expect(
      openDgram({ pool, remote: { host: 'no.such.host.invalid', port: 9 } }),
    ).rejects.toMatchObject({
      name: 'TapError',
    });
    await expect(openDgram({ pool, remote: { port: 65_536 } })).rejects.toBeInstanceOf(RangeError);
    await expect(openDgram({ pool } as unknown as DgramOptions)).rejects.toBeInstanceOf(TypeError);
  });

  it('goes over IPv6', async () => {
    const pool = new Pool();
    const one = await device(pool, { remote: { host: '::1', port: 9 } });
    const port = one.local.port;
    one.close();
    const a = await device(pool, { remote: { host: '::1', port } });
    const b = await device(pool, { local: { host: '::1', port }, remote: a.local });
    const lengths = attach(b);
    a.xmit(frame(pool, 99));
    await until(() => lengths.length === 1, 'a frame');
    expect([a.local.host, lengths]).toEqual(['::1', [99]]);
  });

  it('leaves no descriptor and no packet behind', async () => {
    const pool = new Pool({ poison: true, chunkSize: 65_536 });
    const peer = createSocket('udp4');
    await new Promise<void>((resolve) => peer.bind(0, '127.0.0.1', resolve));
    const tap = await openDgram({ pool, remote: { port: peer.address().port } });
    for (let i = 0; i < 5; i++) peer.send(Buffer.alloc(60), tap.local.port, '127.0.0.1');
    await until(() => tap.rxQueued === 5, 'five frames wait');
    for (let i = 0; i < 5; i++) tap.xmit(frame(pool, 60));
    tap.close();
    tap.close();
    peer.close();
    await expect(
      openDgram({ pool, local: { host: '192.0.2.1', port: 0 }, remote: { port: 9 } }),
    ).rejects.toThrow();
    expect([tap.carrierUp, pool.stats.skbs, pool.stats.inUse]).toEqual([false, 0, 0]);
    await until(() => descriptors() === before, 'descriptors are closed');
  });
});
