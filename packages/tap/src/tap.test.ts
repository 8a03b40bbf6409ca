import {
  CHECKSUM_PARTIAL,
  PACKET_BROADCAST,
  PACKET_HOST,
  PACKET_MULTICAST,
  PACKET_OTHERHOST,
  Pool,
  SKB_GSO_TCPV4,
  type SkBuff,
} from '@stack/skbuff';
import { BUSY, OK } from '@stack/skbuff/netdev';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Descriptor, type DescriptorEvents, ERRNO } from './descriptor.ts';
import type { IoVector } from './io-vector.ts';
import { Tap, type TapInit } from './tap.ts';

/** A descriptor whose answers are given beforehand. */
class Script implements Descriptor {
  /** What reads give, in turn: packets, or an errno below zero. */
  reads: (Uint8Array | number)[] = [];
  /** What writes give instead of taking a packet. */
  writes: number[] = [];
  readonly written: Uint8Array[] = [];
  /** [readable, writable] of the last {@link want}. */
  wanted: [boolean, boolean] = [false, false];
  events!: DescriptorEvents;
  held = true;
  closes = 0;

  readv(vector: IoVector): number {
    const next = this.reads.shift() ?? -ERRNO.EAGAIN;
    return typeof next === 'number' ? next : vector.scatter(next);
  }

  writev(vector: IoVector): number {
    const refusal = this.writes.shift();
    if (refusal !== undefined) return refusal;
    this.written.push(vector.gather());
    return vector.length;
  }

  want(events: DescriptorEvents, readable: boolean, writable: boolean): void {
    this.events = events;
    this.wanted = [readable, writable];
  }

  hold(on: boolean): void {
    this.held = on;
  }

  close(): void {
    this.closes++;
  }
}

/** A device on a script, with a host that looks. */
function bench(changes: Partial<TapInit> = {}) {
  const script = new Script();
  const pool = changes.pool ?? new Pool({ poison: true, chunkSize: 65_536 });
  const plain = {
    descriptor: script,
    pool,
    type: 'ether',
    name: 'tap0',
    mtu: 1500,
    address: 0x02_00_00_00_00_01,
  };
  const tap = new Tap({ ...plain, offloads: false, ...changes } as TapInit);
  const received: SkBuff[] = [];
  const told: string[] = [];
  const drops: string[] = [];
  tap.receive = (skb) => void received.push(skb);
  tap.interrupt = () => void told.push('interrupt');
  tap.wake = () => void told.push('wake');
  tap.linkChange = (_, up) => void told.push(up ? 'up' : 'down');
  tap.drop = (skb, reason) => {
    drops.push(reason);
    skb.free();
  };
  const packet = (length: number, fields: Partial<SkBuff> = {}): SkBuff => {
    const skb = pool.alloc(length, 32) as SkBuff;
    skb.bytes.fill(7, skb.put(length), skb.tail);
    return Object.assign(skb, fields);
  };
  /** Everything is given back. */
  const finish = () => {
    for (const skb of received.splice(0)) skb.free();
    tap.close();
    expect([pool.stats.inUse, pool.stats.skbs]).toEqual([0, 0]);
    expect(script.closes).toBe(1);
  };
  return { script, pool, tap, received, told, drops, packet, finish };
}

const counted = (length: number, first = 0) => Uint8Array.from({ length }, (_, i) => first + i);

describe('what is received', () => {
  it.each([
    ['an ACK, copied to the smallest page', 66, 256, [], []],
    ['the longest that is', 190, 256, [], []],
    ['the shortest that is not', 191, 2048, [], []],
    ['a frame of the usual MTU, as it was read', 1514, 2048, [], []],
    ['a jumbo frame', 9014, 2048, [7032], [7032]],
    ['a page but for too little', 67_000, 2048, [65_018], [65_018]],
    ['more than a page', 67_600, 2048, [65_536, 82], [65_454, 164]],
  ])('lies where it was read to: %s', (_, length, head, frags, next) => {
    const { script, tap, received, finish } = bench({ mtu: 80_000 });
    script.reads = [counted(length), counted(length, 3)];
    expect(tap.poll(64)).toBe(2);
    const [first, second] = received as [SkBuff, SkBuff];
    expect([first.page.size, second.page.size]).toEqual([head, head]);
    const lengths = (skb: SkBuff) => skb.frags.slice(0, skb.nrFrags).map((frag) => frag.length);
    expect([lengths(first), lengths(second)]).toEqual([frags, next]);
    expect(received.map((skb) => skb.toBytes())).toEqual([counted(length), counted(length, 3)]);
    expect((first.data + 14) % 16).toBe(0);
    finish();
  });

  it('shares pages, and holds none that has no packet in it', () => {
    const { script, pool, tap, received, finish } = bench({ mtu: 9000 });
    script.reads = Array.from({ length: 9 }, (_, i) => counted(9014, i));
    tap.poll(64);
    const pages = new Set(received.map((skb) => skb.frags[0]?.page));
    expect(pages.size).toBe(1);
    for (const skb of received.splice(0)) skb.free();
    expect(pool.stats.inUse).toBe(3); // what is ready for the next
    finish();
  });

  it('is what was sent, whatever the lengths', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 14, max: 66_000 }), { maxLength: 12 }), (lengths) => {
        const { script, tap, received, finish } = bench({ mtu: 80_000 });
        script.reads = lengths.map((length, i) => counted(length, i));
        while (tap.poll(5) === 5);
        expect(received.map((skb) => skb.toBytes())).toEqual(lengths.map((length, i) => counted(length, i)));
        finish();
      }),
      { numRuns: 15 },
    );
  });

  it.each([
    ['too short', 'ether', false, counted(13), { rxErrors: 1, rxLengthErrors: 1 }],
    ['too long', 'ether', false, counted(1515), { rxErrors: 1, rxLengthErrors: 1 }],
    ['too long for a TUN', 'none', false, counted(1501), { rxErrors: 1, rxLengthErrors: 1 }],
    ['shorter than the header in front', 'none', true, counted(9), { rxErrors: 1, rxLengthErrors: 1 }],
    ['nothing but that header', 'none', true, new Uint8Array(10), { rxErrors: 1, rxLengthErrors: 1 }],
    ['a header that makes no sense', 'ether', true, counted(100), { rxErrors: 1, rxFrameErrors: 1 }],
  ] as const)('is counted and dropped: %s', (_, type, offloads, bytes, counters) => {
    const { script, tap, received, finish } = bench({ type, offloads });
    const good = new Uint8Array(60);
    script.reads = [bytes, good];
    expect(tap.poll(64)).toBe(2);
    expect(tap.stats).toMatchObject({ ...counters, rxPackets: 1, rxDropped: 0 });
    expect(received).toHaveLength(1);
    finish();
  });

  it('is counted and dropped where it may have been longer', () => {
    const { script, tap, received, finish } = bench({ mtu: 200_000 });
    script.reads = [counted(140_000), counted(67_000)]; // all buffers together have 133,054
    expect(tap.poll(64)).toBe(2);
    expect(tap.stats).toMatchObject({ rxErrors: 1, rxLengthErrors: 1, rxPackets: 1 });
    expect(received.map((skb) => skb.len)).toEqual([67_000]);
    finish();
  });

  it.each([
    ['us', [0x02, 0, 0, 0, 0, 0x01], PACKET_HOST, 0],
    ['another', [0x02, 0, 0, 0, 0, 0x02], PACKET_OTHERHOST, 0],
    ['a group', [0x01, 0, 0x5e, 0, 0, 0x01], PACKET_MULTICAST, 1],
    ['everybody', new Array<number>(6).fill(0xff), PACKET_BROADCAST, 0],
  ])('is for %s', (_, address, type, multicast) => {
    const { script, tap, received, finish } = bench();
    script.reads = [Uint8Array.from({ length: 60 }, (_, i) => address[i] ?? 0)];
    tap.poll(64);
    expect([received[0]?.pktType, tap.stats.multicast]).toEqual([type, multicast]);
    finish();
  });

  it('may have one VLAN tag more than the MTU', () => {
    const { script, tap, received, finish } = bench();
    const tagged = counted(1518);
    tagged.set([0x81, 0x00], 12);
    script.reads = [tagged];
    tap.poll(64);
    expect(received).toHaveLength(1);
    finish();
  });

  it('is dropped while the pool has no memory, and comes again when it has', () => {
    const pool = new Pool({ chunkSize: 65_536, limit: 4 * 65_536 });
    const { script, tap, received, finish } = bench({ pool, mtu: 80_000 });
    script.reads = Array.from({ length: 5 }, () => counted(60_000));
    expect(tap.poll(64)).toBe(5);
    expect(tap.stats).toMatchObject({ rxPackets: 2, rxDropped: 3, rxErrors: 0 });
    for (const skb of received.splice(0)) skb.free();
    script.reads = [counted(60_000, 5)];
    tap.poll(64);
    expect(received.map((skb) => skb.toBytes())).toEqual([counted(60_000, 5)]);
    finish();
  });

  it('has room from the start, or there is no device', () => {
    const pool = new Pool({ chunkSize: 65_536, limit: 2 * 65_536 });
    expect(() => bench({ pool })).toThrow(expect.objectContaining({ code: 'ENOBUFS' }));
    expect(pool.stats.inUse).toBe(0);
  });
});

describe('what is sent', () => {
  it.each([
    ['a frame without an address', 13, {}, 'PKT_TOO_SMALL'],
    ['more than the MTU', 1515, {}, 'PKT_TOO_BIG'],
    ['a partial checksum', 60, { ipSummed: CHECKSUM_PARTIAL }, 'SKB_CSUM'],
    ['a super-packet', 3000, { gsoSize: 1000, gsoType: SKB_GSO_TCPV4 }, 'SKB_GSO_SEG'],
  ])('is dropped without offloads: %s', (_, length, fields, reason) => {
    const { script, tap, drops, packet, finish } = bench();
    expect(tap.xmit(packet(length, fields))).toBe(OK);
    expect(drops).toEqual([reason]);
    expect(tap.stats).toMatchObject({ txDropped: 1, txErrors: 0, txPackets: 0 });
    expect(script.written).toEqual([]);
    finish();
  });

  it.each([
    ['refused', ERRNO.EINVAL, 'DEV_HDR', { txErrors: 1, txCarrierErrors: 0, txFifoErrors: 0 }],
    ['the other side is down', ERRNO.EIO, 'DEV_READY', { txErrors: 1, txCarrierErrors: 1 }],
    ['no memory', ERRNO.ENOBUFS, 'DEV_HDR', { txErrors: 1, txFifoErrors: 1 }],
  ])('is counted where the system takes it not: %s', (_, errno, reason, counters) => {
    const { script, tap, drops, packet, finish } = bench();
    script.writes = [-errno];
    expect(tap.xmit(packet(60))).toBe(OK);
    expect(drops).toEqual([reason]);
    expect(tap.stats).toMatchObject({ ...counters, txPackets: 0, txDropped: 0 });
    expect(tap.carrierUp).toBe(true);
    finish();
  });

  it('waits where there is no room, and wakes out of a poll', () => {
    const { script, tap, told, packet, finish } = bench();
    const skb = packet(60);
    script.writes = [-ERRNO.EINTR, -ERRNO.EAGAIN];
    expect([tap.xmit(skb), tap.xmit(skb)]).toEqual([BUSY, BUSY]);
    expect(script.written).toEqual([]);
    expect(script.wanted).toEqual([true, true]);
    script.events.writable();
    expect(told).toEqual(['interrupt']);
    expect(script.wanted).toEqual([false, false]);
    tap.poll(64);
    expect(told).toEqual(['interrupt', 'wake']);
    expect(script.wanted).toEqual([true, false]);
    expect(tap.xmit(skb)).toBe(OK);
    expect(script.written).toHaveLength(1);
    finish();
  });

  it('frees a sender that waits when it is closed', () => {
    const { script, tap, told, packet, finish } = bench();
    const skb = packet(60);
    script.writes = [-ERRNO.EAGAIN];
    tap.xmit(skb);
    tap.close();
    expect(told).toEqual(['wake']);
    expect(tap.xmit(skb)).toBe(OK);
    finish();
  });
});

describe('what a host gathers', () => {
  /** A device that gathers, and what it asked to be called back for. */
  function gathering() {
    const tasks: (() => void)[] = [];
    const made = bench({ later: (run) => void tasks.push(run) });
    made.tap.gathers = true;
    const send = (count: number) =>
      Array.from({ length: count }, (_, i) => made.tap.xmit(made.packet(60 + i)));
    const lengths = () => made.script.written.map(({ length }) => length);
    return { ...made, tasks, send, lengths, flush: made.tap.flush as () => void };
  }

  it('is sent at the doorbell, in order, and freed when the task is over', () => {
    const { pool, tap, tasks, send, lengths, flush, finish } = gathering();
    const before = pool.stats.skbs;
    expect(send(3)).toEqual([OK, OK, OK]);
    expect([lengths(), tap.stats.txPackets]).toEqual([[], 0]);
    flush();
    expect([lengths(), tap.stats.txPackets]).toEqual([[60, 61, 62], 3]);
    expect([pool.stats.skbs - before, tasks.length]).toEqual([3, 1]);
    tasks[0]?.();
    expect(pool.stats.skbs - before).toBe(0);
    flush();
    expect(lengths()).toHaveLength(3);
    finish();
  });

  it('is sent at once by whoever does not gather, and freed as late', () => {
    const { pool, tap, tasks, send, lengths, finish } = gathering();
    tap.gathers = false;
    send(2);
    expect([lengths(), pool.stats.skbs, tasks.length]).toEqual([[60, 61], 2, 1]);
    finish();
  });

  it('rings by itself once there are many', () => {
    const { send, lengths, finish } = gathering();
    send(65);
    expect(lengths()).toHaveLength(64);
    finish();
    expect(lengths()).toHaveLength(65);
  });

  it('waits where there is no room, and goes on where it stopped', () => {
    const { script, tap, told, packet, send, lengths, flush, finish } = gathering();
    send(63);
    script.writes = [-ERRNO.EAGAIN];
    flush();
    expect([lengths(), script.wanted]).toEqual([[], [true, true]]);
    send(1);
    const refused = packet(60);
    expect(tap.xmit(refused)).toBe(BUSY);
    script.events.writable();
    expect(told).toEqual(['interrupt']);
    tap.poll(64);
    expect(told).toEqual(['interrupt', 'wake']);
    expect(lengths()).toEqual([...Array.from({ length: 63 }, (_, i) => 60 + i), 60]);
    expect(tap.xmit(refused)).toBe(OK);
    finish();
    expect(lengths()).toHaveLength(65);
  });

  it('is dropped with its reason where it cannot be sent, and the rest is not', () => {
    const { script, tap, drops, packet, send, lengths, flush, finish } = gathering();
    script.writes = [-ERRNO.EINVAL];
    send(1);
    tap.xmit(packet(1515));
    send(1);
    flush();
    expect([lengths(), drops]).toEqual([[60], ['DEV_HDR', 'PKT_TOO_BIG']]);
    finish();
  });

  it('is sent when the device is closed, in the midst of it too', () => {
    const { script, tap, drops, send, lengths, flush, finish } = gathering();
    tap.drop = (skb, reason) => {
      drops.push(reason);
      skb.free();
      tap.close();
    };
    script.writes = [-ERRNO.EINVAL];
    send(3);
    flush();
    expect([lengths(), drops]).toEqual([[61, 62], ['DEV_HDR']]);
    finish();
  });

  it('is given back where the device is gone', () => {
    const { script, tap, drops, send, flush, finish } = gathering();
    script.writes = [-ERRNO.EBADFD];
    send(1);
    flush();
    send(2);
    tap.poll(64);
    expect([tap.error?.code, drops]).toEqual(['EBADFD', ['DEV_HDR', 'DEV_READY', 'DEV_READY']]);
    finish();
  });
});

describe('interrupts', () => {
  it('come once until a poll has done less than its budget', () => {
    const { script, tap, told, finish } = bench();
    script.reads = [counted(60), counted(60)];
    script.events.readable();
    script.events.readable();
    expect([told, script.wanted]).toEqual([['interrupt'], [false, false]]);
    expect(tap.poll(2)).toBe(2);
    expect(script.wanted).toEqual([false, false]);
    expect(tap.poll(2)).toBe(0);
    expect(script.wanted).toEqual([true, false]);
    finish();
  });

  it('wait for a host', () => {
    const { script, tap, told, finish } = bench();
    tap.interrupt = undefined;
    script.events.readable();
    expect([told, script.wanted]).toEqual([[], [false, false]]);
    tap.interrupt = () => void told.push('again');
    expect(script.wanted).toEqual([true, false]);
    finish();
  });

  it('hold the process, or do not', () => {
    const { script, tap, finish } = bench();
    tap.unref();
    expect(script.held).toBe(false);
    tap.ref();
    expect(script.held).toBe(true);
    finish();
    tap.unref();
    expect(script.held).toBe(true);
  });
});

describe('a device that is taken away', () => {
  it.each([
    ['deleted', -ERRNO.EBADFD, 'EBADFD'],
    ['its other end closed', 0, 'ENODEV'],
    ['in a way nobody knows', -133, 'errno 133'],
  ])('says so once, and gives everything back: %s', (_, result, code) => {
    const { script, pool, tap, told, drops, packet, finish } = bench();
    script.reads = [counted(60), result];
    expect(tap.poll(64)).toBe(1);
    expect(told).toEqual(['down']);
    expect(tap.error).toMatchObject({ name: 'TapError', code });
    expect(tap.error?.message).toBe(`tap0: the device is gone, deleted on the other side (${code})`);
    expect(tap.carrierUp).toBe(false);
    expect([script.closes, pool.stats.inUse]).toEqual([1, 1]); // the packet that was received
    expect(tap.xmit(packet(60))).toBe(OK);
    expect(drops).toEqual(['DEV_READY']);
    expect(tap.stats).toMatchObject({ txDropped: 1, txCarrierErrors: 1 });
    expect(tap.poll(64)).toBe(0);
    expect(told).toEqual(['down']);
    finish();
  });

  it('is found out by a write, and told by the next poll', () => {
    const { script, tap, told, packet, finish } = bench();
    script.writes = [-ERRNO.EBADFD];
    expect(tap.xmit(packet(60))).toBe(OK);
    expect([told, tap.error]).toEqual([['interrupt'], undefined]);
    expect(tap.poll(64)).toBe(0);
    expect([told, tap.error?.code]).toEqual([['interrupt', 'down'], 'EBADFD']);
    finish();
  });

  it('has no error when it was closed', () => {
    const { tap, told, finish } = bench();
    tap.close();
    expect([tap.error, tap.carrierUp, told]).toEqual([undefined, false, []]);
    finish();
  });
});
