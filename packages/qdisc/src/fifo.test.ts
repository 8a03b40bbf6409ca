import { describe, expect, it } from 'vitest';
import { Bfifo, Pfifo } from './fifo.ts';
import { bench, cutTest, superPacket } from './fixture.ts';
import { Noqueue } from './noqueue.ts';
import { PfifoFast } from './pfifo-fast.ts';
import { DROP, OK } from './ports.ts';
import { PRIOMAP, tosToPriority } from './priority.ts';

describe('pfifo', () => {
  it('gives packets in order and drops what exceeds its limit of packets', () => {
    const b = bench();
    const q = new Pfifo(b.ports, { limit: 3 });
    expect([1, 2, 3, 4].map((id) => q.enqueue(0, b.packet(id)))).toEqual([OK, OK, OK, DROP]);
    expect(b.drops).toEqual([[4, 'QDISC_DROP']]);
    expect(q.stats).toEqual({
      bytes: 0,
      packets: 0,
      drops: 1,
      overlimits: 0,
      requeues: 0,
      qlen: 3,
      backlog: 300,
    });
    expect(b.drain(0, q)).toEqual([1, 2, 3]);
    expect(q.stats).toMatchObject({ bytes: 300, packets: 3, qlen: 0, backlog: 0 });
    b.rest();
  });

  it('holds txqueuelen packets by default; a limit of 0 holds none', () => {
    const b = bench({ txQueueLen: 2 });
    expect(new Pfifo(b.ports).limit).toBe(2);
    expect(new Pfifo(bench().ports).limit).toBe(1000);
    const q = new Pfifo(b.ports, { limit: 0 });
    expect([q.bypass, new Pfifo(b.ports).bypass]).toEqual(['never', 'empty']);
    expect(q.enqueue(0, b.packet(1))).toBe(DROP);
    b.rest();
  });

  it('changes its limit and keeps what is in it; reset drops that uncounted', () => {
    const b = bench();
    const q = new Pfifo(b.ports, { limit: 3 });
    for (const id of [1, 2, 3]) q.enqueue(0, b.packet(id));
    q.change(0, { limit: 1 });
    expect([q.qlen, q.limit, q.enqueue(0, b.packet(4))]).toEqual([3, 1, DROP]);
    expect(() => q.change(0, { limit: -1 })).toThrow(
      new RangeError('pfifo: limit -1 is not a whole number within 0..4294967295'),
    );
    expect(q.limit).toBe(1);
    q.reset();
    expect(q.stats).toMatchObject({ qlen: 0, backlog: 0, drops: 1 });
    expect(b.drops.slice(1)).toEqual([1, 2, 3].map((id) => [id, 'QUEUE_PURGE']));
    b.rest();
  });
});

describe('bfifo', () => {
  it('counts bytes, the headers of the segments of a super-packet too', () => {
    const b = bench({ segment: cutTest });
    const q = new Bfifo(b.ports, { limit: 1000 });
    expect(q.enqueue(0, b.packet(1, 900))).toBe(OK);
    expect(q.enqueue(0, b.packet(2, 101))).toBe(DROP);
    expect(q.enqueue(0, b.packet(3, 100))).toBe(OK);
    expect(b.drain(0, q)).toEqual([1, 3]);
    expect(q.enqueue(0, superPacket(b, 4, 3, 200))).toBe(OK); // 654 bytes, 762 on the wire
    expect(q.backlog).toBe(762);
    b.drain(0, q);
    expect(q.stats).toMatchObject({ bytes: 1000 + 762, packets: 2 + 3 });
    b.rest();
  });

  it('holds txqueuelen frames by default', () => {
    expect(new Bfifo(bench({ txQueueLen: 10, mtu: 100 }).ports).limit).toBe(1000);
    expect(new Bfifo(bench({ mtu: 100 }).ports, { limit: 99 }).bypass).toBe('never');
  });
});

describe('pfifo_fast', () => {
  it('serves band 0 first, each band in order, and counts each band for itself', () => {
    const b = bench({ txQueueLen: 2 });
    const q = new PfifoFast(b.ports);
    [0, 2, 6, 7, 0, 2, 6, 0].forEach((priority, id) => void q.enqueue(0, b.packet(id, 100, { priority })));
    expect(b.drops).toEqual([
      [6, 'QDISC_OVERLIMIT'],
      [7, 'QDISC_OVERLIMIT'],
    ]);
    expect(b.drain(0, q)).toEqual([2, 3, 0, 4, 1, 5]);
    b.rest();
  });

  it.each(PRIOMAP.map((band, priority) => [priority, band]))(
    'priority %i goes to band %i',
    (priority, band) => {
      const b = bench();
      const q = new PfifoFast(b.ports);
      // One packet before it in each band: what comes out behind it tells the band.
      [6, 0, 2].forEach((other, id) => void q.enqueue(0, b.packet(id, 100, { priority: other })));
      q.enqueue(0, b.packet(9, 100, { priority: (0xffff_fff0 | priority) >>> 0 }));
      expect(b.drain(0, q).indexOf(9)).toBe((band as number) + 1);
    },
  );

  it('has room for one packet where txqueuelen is 0', () => {
    const b = bench({ txQueueLen: 0 });
    const q = new PfifoFast(b.ports);
    expect([q.enqueue(0, b.packet(1)), q.enqueue(0, b.packet(2))]).toEqual([OK, DROP]);
    q.reset();
    expect(b.drops[1]).toEqual([1, 'QUEUE_PURGE']);
    b.rest();
  });
});

describe('noqueue', () => {
  it('holds nothing', () => {
    const b = bench();
    const q = new Noqueue(b.ports);
    expect(q.enqueue(0, b.packet(1))).toBe(DROP);
    q.reset();
    expect([q.dequeue(0), q.nextTime(0), q.bypass]).toEqual([undefined, undefined, 'always']);
    b.rest();
  });
});

describe('dump', () => {
  it('prints what tc -s qdisc show prints', () => {
    const b = bench();
    const q = new Pfifo(b.ports, { limit: 2 });
    for (let id = 0; id < 4; id++) q.enqueue(0, b.packet(id, 1024));
    q.dequeue(0)?.free();
    q.stats.requeues = 5;
    expect(q.dump({ handle: 0x8001 })).toBe(
      'qdisc pfifo 8001: root refcnt 2 limit 2p\n' +
        ' Sent 1024 bytes 1 pkt (dropped 2, overlimits 0 requeues 5)\n' +
        ' backlog 1Kb 1p requeues 5\n',
    );
    q.reset();
    b.rest();
  });

  it('prints the line without counters, and the device', () => {
    const { ports } = bench();
    expect(new Noqueue(ports).dump({ dev: 'lo', stats: false })).toBe(
      'qdisc noqueue 0: dev lo root refcnt 2\n',
    );
    expect(new PfifoFast(ports).dump({ stats: false })).toBe(
      'qdisc pfifo_fast 0: root refcnt 2 bands 3 priomap 1 2 2 2 1 2 0 0 1 1 1 1 1 1 1 1\n',
    );
    expect(new Bfifo(ports, { limit: 15_140 }).dump({ stats: false })).toContain('limit 15140b');
  });
});

describe('tosToPriority', () => {
  // tc-prio(8): TOS octet, its meaning there, Linux priority.
  it.each([
    [0x00, 0],
    [0x02, 0],
    [0x04, 0],
    [0x06, 0],
    [0x08, 2],
    [0x0a, 2],
    [0x0c, 2],
    [0x0e, 2],
    [0x10, 6],
    [0x12, 6],
    [0x14, 6],
    [0x16, 6],
    [0x18, 4],
    [0x1a, 4],
    [0x1c, 4],
    [0x1e, 4],
    [0xe1, 0], // precedence and the last bit do not matter
    [0xb9, 4],
  ])('%i is %i', (tos, priority) => {
    expect(tosToPriority(tos)).toBe(priority);
  });
});
