import { Pool, viewOf } from '@stack/skbuff';
import { CRC32_RESIDUE, crc32 } from '@stack/skbuff/crc32';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from './clock.ts';
import { bench, expectAtRest, frameBytes, packet } from './fixture.ts';
import { Frame } from './frame.ts';
import type { Endpoint, Link } from './link.ts';
import { Nic } from './nic.ts';
import { Wire, type WireOptions } from './wire.ts';

/** Notes when frames arrive, and their first payload byte. */
class Probe implements Endpoint {
  readonly name: string;
  readonly clock: VirtualClock;
  readonly log: [number, number][] = [];
  readonly carriers: boolean[] = [];
  link: Link | undefined = undefined;
  constructor(clock: VirtualClock, name: string) {
    this.clock = clock;
    this.name = name;
  }
  plug(link: Link | undefined): void {
    this.link = link;
  }
  carrier(up: boolean): void {
    this.carriers.push(up);
  }
  arrive(frame: Frame): void {
    this.log.push([this.clock.now(), frame.page.arena.view.getUint8(frame.start + 14)]);
    frame.free();
  }
}

function probes(options: Partial<WireOptions> = {}): {
  clock: VirtualClock;
  pool: Pool;
  a: Probe;
  b: Probe;
  wire: Wire;
  send(first: number, length?: number): void;
} {
  const clock = new VirtualClock();
  const pool = new Pool({ poison: true });
  const a = new Probe(clock, 'a');
  const b = new Probe(clock, 'b');
  const wire = new Wire({ clock, a, b, ...options });
  const send = (first: number, length = 60): void => {
    const bytes = new Uint8Array(length);
    bytes[14] = first;
    a.link?.send(Frame.of(pool, bytes) as Frame);
  };
  return { clock, pool, a, b, wire, send };
}

describe('Wire', () => {
  it('a gigabit wire takes 0.672 µs for the smallest frame, and keeps the remainder', () => {
    const net = probes({ delay: 5 });
    for (let i = 0; i < 125; i++) net.send(i);
    net.clock.run();
    // (60 + 4 + 20) * 8 bits = 672 ns each; the 125th is out after exactly 84 µs.
    expect(net.b.log.slice(0, 4)).toEqual([
      [6, 0],
      [7, 1],
      [8, 2],
      [8, 3],
    ]);
    expect(net.b.log[124]).toEqual([89, 124]);
    expectAtRest(net.pool);
  });

  it('an odd rate loses nothing to rounding: n frames take exactly n times their bits', () => {
    const rate = 999_999_937;
    const net = probes({ rate, queueLimit: 10_000_000 });
    for (let i = 0; i < 1000; i++) net.send(0, 1514);
    net.clock.run();
    const bits = (1514 + 4 + 20) * 8 * 1000;
    expect(net.b.log[999]?.[0]).toBe(Number((BigInt(bits) * 1_000_000n + BigInt(rate) - 1n) / BigInt(rate)));
  });

  it('a sender that waits for readyAt never waits for nothing', () => {
    const net = bench({ both: { mtu: 1500 } });
    for (let i = 0; i < 200; i++) expect(net.a.xmit(packet(net.poolA, frameBytes(46)))).toBe(0);
    const start = net.clock.now();
    net.clock.run();
    expect(net.received.length).toBe(200);
    expect(net.clock.now() - start).toBe(135); // 200 * 0.672 = 134.4
    net.close();
  });

  it('without a rate frames take no time', () => {
    const net = probes({ rate: 0, delay: 7 });
    for (let i = 0; i < 3; i++) net.send(i);
    net.clock.run();
    expect(net.b.log).toEqual([
      [7, 0],
      [7, 1],
      [7, 2],
    ]);
  });

  it('jitter varies the delay and keeps the order', () => {
    const net = probes({ rate: 0, delay: 100, jitter: 50 });
    for (let i = 0; i < 100; i++) net.clock.at(i * 10, (n: number) => net.send(n), i);
    net.clock.run();
    expect(net.b.log.map(([, n]) => n)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    const delays = net.b.log.map(([time, n]) => time - n * 10);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(50);
    expect(new Set(delays).size).toBeGreaterThan(10);
    expect(Math.min(...delays)).toBeLessThan(100);
    expect(Math.max(...delays)).toBeGreaterThan(100);
  });

  it('loses by list, by function and by chance', () => {
    const list = probes({ loss: [1, 3] });
    for (let i = 0; i < 5; i++) list.send(i);
    list.clock.run();
    expect(list.b.log.map(([, n]) => n)).toEqual([0, 2, 4]);
    expect(list.wire.aToB.stats.drops.WIRE_LOSS).toBe(2);
    expectAtRest(list.pool);

    const some = probes({ loss: (index, frame) => index > 2 && frame.length === 60 });
    for (let i = 0; i < 5; i++) some.send(i);
    some.clock.run();
    expect(some.b.log.map(([, n]) => n)).toEqual([0, 1, 2]);

    const chance = probes({ loss: 0.25, rate: 0 });
    for (let i = 0; i < 2000; i++) chance.send(0);
    chance.clock.run();
    expect(Math.abs(chance.wire.aToB.stats.drops.WIRE_LOSS - 500)).toBeLessThan(80);
    expectAtRest(chance.pool);

    const all = probes({ loss: 1 });
    all.send(0);
    all.clock.run();
    expect(all.b.log).toEqual([]);
  });

  it('duplicates, and reorders by holding back', () => {
    const twice = probes({ duplicate: 1 });
    twice.send(1);
    twice.clock.run();
    expect(twice.b.log.map(([, n]) => n)).toEqual([1, 1]);
    expect(twice.wire.aToB.stats).toMatchObject({ frames: 1, duplicated: 1, delivered: 2 });
    expectAtRest(twice.pool);

    const mixed = probes({ reorder: 0.3, reorderDelay: 20, rate: 0, seed: 5 });
    for (let i = 0; i < 20; i++) mixed.clock.at(i, (n: number) => mixed.send(n), i);
    mixed.clock.run();
    const order = mixed.b.log.map(([, n]) => n);
    expect(order).not.toEqual(order.slice().sort((x, y) => x - y));
    for (const [time, n] of mixed.b.log) expect([n, n + 20]).toContain(time);
    expect(mixed.b.log.filter(([time, n]) => time === n + 20).length).toBe(mixed.wire.aToB.stats.reordered);
  });

  it('switching one impairment on leaves the decisions of another alone', () => {
    const lost = (options: Partial<WireOptions>): number[] => {
      const net = probes({ loss: 0.3, seed: 9, ...options });
      for (let i = 0; i < 50; i++) net.send(i);
      net.clock.run();
      const arrived = new Set(net.b.log.map(([, n]) => n));
      return Array.from({ length: 50 }, (_, i) => i).filter((i) => !arrived.has(i));
    };
    expect(lost({ jitter: 10, duplicate: 0.5, reorder: 0.5 })).toEqual(lost({}));
  });

  it('what befalls a frame does not depend on what befell those before it', () => {
    const fates = (options: Partial<WireOptions>): Map<number, string> => {
      const net = probes({ rate: 0, seed: 9, delay: 1000, jitter: 400, corrupt: 0.3, ...options });
      const fate = new Map<number, string>();
      for (let i = 0; i < 50; i++) net.clock.at(i * 10_000, (n: number) => net.send(n), i);
      net.wire.onFrame(
        ({ time, bytes }) => {
          const n = Math.floor(time / 10_000);
          fate.set(n, `${fate.get(n) ?? ''}${time} ${bytes.join()}`);
        },
        { at: 'deliver' },
      );
      net.clock.run();
      return fate;
    };
    const all = fates({});
    expect(all.size).toBe(50);
    const some = fates({ loss: 0.5 });
    expect(some.size).toBeLessThan(50);
    for (const [n, fate] of some) expect([n, fate]).toEqual([n, all.get(n)]);
    const twice = fates({ duplicate: 0.5 });
    for (const [n, fate] of twice) expect(fate.startsWith(all.get(n) as string)).toBe(true);
  });

  it('a clock that starts before zero, or after 2^41 µs', () => {
    for (const start of [-1_000_000, 2 ** 41]) {
      const clock = new VirtualClock(start);
      const pool = new Pool();
      const times: number[] = [];
      const a = new Nic({ clock, pool, address: 2, itr: 10 });
      const b = new Nic({
        clock,
        pool,
        address: 4,
        itr: 10,
        receive(skb) {
          times.push(clock.now() - start);
          skb.free();
        },
      });
      new Wire({ clock, a, b, delay: 7 });
      for (let i = 0; i < 3; i++) a.xmit(packet(pool, frameBytes(1486, 4)));
      clock.run();
      expect(times).toEqual([20, 32, 44]);
      a.close();
      b.close();
    }
  });

  it('refuses to join a NIC to itself', () => {
    const clock = new VirtualClock();
    const nic = new Nic({ clock, pool: new Pool(), address: 2 });
    expect(() => new Wire({ clock, a: nic, b: nic })).toThrow(RangeError);
    expect(nic.carrierUp).toBe(false);
    nic.close();
  });

  it('a mended wire does not wait for what was lost when it was cut', () => {
    const net = probes({ rate: 0, delay: 1000, jitter: 1000, seed: 2 });
    for (let i = 0; i < 100; i++) net.send(i); // the last may not arrive before the slowest, near 2000
    net.wire.setUp(false);
    net.wire.setUp(true);
    net.send(100);
    net.clock.run();
    const alone = probes({
      rate: 0,
      delay: 1000,
      jitter: 1000,
      seed: 2,
      loss: Array.from({ length: 100 }, (_, i) => i),
    });
    for (let i = 0; i < 101; i++) alone.send(i);
    alone.clock.run();
    expect(net.b.log).toEqual(alone.b.log);
  });

  it('the directions have their own fates', () => {
    const net = probes({ loss: 0.5, rate: 0 });
    for (let i = 0; i < 64; i++) {
      net.send(i);
      const bytes = new Uint8Array(60);
      bytes[14] = i;
      net.b.link?.send(Frame.of(net.pool, bytes) as Frame);
    }
    net.clock.run();
    expect(net.a.log.map(([, n]) => n)).not.toEqual(net.b.log.map(([, n]) => n));
  });

  it('corrupts one bit, stamps the FCS before that, and the receiver drops the frame', () => {
    const net = bench({ wire: { corrupt: 1 } });
    const wired: Uint8Array[] = [];
    net.wire.onFrame(({ bytes }) => wired.push(bytes), { at: 'deliver', fcs: true });
    for (let i = 0; i < 50; i++) net.a.xmit(packet(net.poolA, frameBytes(46)));
    net.clock.run();
    expect(net.received).toEqual([]);
    expect(net.b.stats).toMatchObject({ rxCrcErrors: 50, rxErrors: 50, rxPackets: 0 });
    expect(net.b.drops.NIC_RX_CRC).toBe(50);
    expect(net.wire.aToB.stats).toMatchObject({ corrupted: 50, delivered: 50 });
    const good = new Uint8Array(64);
    good.set(frameBytes(46));
    viewOf(good).setUint32(60, crc32(viewOf(good), 0, 60), true);
    for (const bytes of wired) {
      let flipped = 0;
      for (let i = 0; i < 64; i++) {
        for (let bits = (bytes[i] as number) ^ (good[i] as number); bits !== 0; bits &= bits - 1) flipped++;
      }
      expect(flipped).toBe(1);
    }
    net.close();
  });

  it('a copy of a frame is not corrupted with it', () => {
    const net = probes({ corrupt: 1 });
    const frame = Frame.of(net.pool, new Uint8Array(60)) as Frame;
    const twin = frame.share();
    net.a.link?.send(frame);
    net.clock.run();
    expect(twin.bytes()).toEqual(new Uint8Array(60));
    expect(twin.isIntact()).toBe(true);
    twin.free();
    expectAtRest(net.pool);
  });

  it('counts a frame it has no memory to damage', () => {
    const clock = new VirtualClock();
    const pool = new Pool({ chunkSize: 65_536, limit: 65_536 });
    const b = new Probe(clock, 'b');
    const wire = new Wire({ clock, a: new Probe(clock, 'a'), b, corrupt: 1 });
    const frame = Frame.of(pool, new Uint8Array(60)) as Frame;
    const hoard = Array.from({ length: 255 }, () => pool.page(100));
    wire.aToB.send(frame.share());
    clock.run();
    expect(wire.aToB.stats.drops.WIRE_NOMEM).toBe(1);
    expect(b.log).toEqual([]);
    frame.free();
    for (const page of hoard) page?.put();
    expectAtRest(pool);
  });

  it('drops what its queue cannot hold', () => {
    const net = probes({ rate: 1_000_000, queueLimit: 600 });
    for (let i = 0; i < 20; i++) net.send(i);
    net.clock.run();
    const { WIRE_QUEUE } = net.wire.aToB.stats.drops;
    expect(WIRE_QUEUE).toBeGreaterThan(10);
    expect(net.b.log.length).toBe(20 - WIRE_QUEUE);
    expectAtRest(net.pool);
  });

  it('directions can differ', () => {
    const net = probes({ delay: 10, rate: 0, bToA: { delay: 3, loss: [0] } });
    net.send(1);
    for (const n of [2, 3]) {
      const bytes = new Uint8Array(60);
      bytes[14] = n;
      net.b.link?.send(Frame.of(net.pool, bytes) as Frame);
    }
    net.clock.run();
    expect(net.b.log).toEqual([[10, 1]]);
    expect(net.a.log).toEqual([[3, 3]]);
  });

  it('cutting it loses what is in flight, both ends hear of it, and it can be mended', () => {
    const net = probes({ delay: 100 });
    for (let i = 0; i < 3; i++) net.send(i);
    net.clock.runUntil(50);
    net.wire.setUp(false);
    expectAtRest(net.pool);
    expect(net.clock.pending).toBe(0);
    net.send(3);
    expect(net.wire.aToB.stats.drops.WIRE_DOWN).toBe(4);
    net.wire.setUp(false);
    net.wire.setUp(true);
    expect(net.a.carriers).toEqual([true, false, true]);
    expect(net.b.carriers).toEqual([true, false, true]);
    net.send(4);
    net.clock.run();
    expect(net.b.log).toEqual([[151, 4]]);
    net.wire.close();
    net.wire.close();
    net.wire.setUp(true);
    expect(net.wire.up).toBe(false);
    expect(net.a.carriers).toEqual([true, false, true, false]);
    expect(net.a.link).toBeUndefined();
  });

  it('shows captures the frame with its FCS, at the time and place they ask for', () => {
    const net = bench({ wire: { delay: 9, loss: [1] } });
    const sent: string[] = [];
    const arrived: string[] = [];
    const stop = net.wire.onFrame(({ time, direction, bytes }) => {
      sent.push(`${time} ${direction} ${bytes.byteLength}`);
    });
    net.wire.onFrame(
      ({ time, direction, bytes }) => {
        expect(crc32(viewOf(bytes), 0, bytes.byteLength)).toBe(CRC32_RESIDUE);
        arrived.push(`${time} ${direction} ${bytes.byteLength}`);
      },
      { at: 'deliver', fcs: true },
    );
    for (let i = 0; i < 3; i++) net.a.xmit(packet(net.poolA, frameBytes(100)));
    net.clock.run();
    expect(sent).toEqual(['0 aToB 114', '1 aToB 114', '2 aToB 114']);
    expect(arrived).toEqual(['11 aToB 118', '13 aToB 118']);
    stop();
    net.a.xmit(packet(net.poolA, frameBytes(100)));
    net.clock.run();
    expect(sent.length).toBe(3);
    expect(arrived.length).toBe(3);
    net.close();
  });

  it.each([
    { rate: -1 },
    { rate: 1.5 },
    { rate: 2e12 },
    { delay: -1 },
    { delay: Number.NaN },
    { jitter: 1_000_001 },
    { loss: 1.1 },
    { corrupt: -0.1 },
    { duplicate: Number.NaN },
    { reorder: 2 },
    { overhead: -1 },
    { queueLimit: -1 },
    { bToA: { rate: -1 } },
  ])('refuses %o', (options) => {
    expect(() => probes(options)).toThrow(RangeError);
  });
});

describe('Frame', () => {
  it('is right by definition until it is stamped, and checked after that', () => {
    const pool = new Pool({ poison: true });
    const frame = Frame.of(pool, frameBytes(46)) as Frame;
    const { bytes } = frame.page.arena;
    bytes[frame.start] = 0xff;
    expect(frame.isIntact()).toBe(true);
    frame.stamp();
    expect(frame.isIntact()).toBe(true);
    bytes[frame.start + frame.length + 3] = (bytes[frame.start + frame.length + 3] as number) ^ 1;
    expect(frame.isIntact()).toBe(false);
    frame.stamp();
    expect(frame.isIntact()).toBe(false);
    frame.free();
    expectAtRest(pool);
  });

  it('does without memory at the limit', () => {
    const dry = new Pool({ chunkSize: 65_536, limit: 65_536 });
    dry.page(65_536);
    expect(Frame.of(dry, new Uint8Array(60))).toBeUndefined();
  });
});
