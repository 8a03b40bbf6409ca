import type { SkBuff } from '@stack/skbuff';
import { describe, expect, it } from 'vitest';
import { Pfifo } from './fifo.ts';
import { type Bench, bench, cutTest, idOf, superPacket, TestTimers } from './fixture.ts';
import { Fq } from './fq/fq.ts';
import { Netem } from './netem/netem.ts';
import { Noqueue } from './noqueue.ts';
import { PfifoFast } from './pfifo-fast.ts';
import { BUSY, CN, DROP, OK } from './ports.ts';
import type { Qdisc } from './qdisc.ts';
import { TxQueue, type TxQueueOptions } from './tx-queue.ts';

interface Rig extends Bench {
  queue: TxQueue;
  timers: TestTimers;
  /** Packets the device took, and may take until it is busy. */
  sent: number[];
  device: {
    room: number;
    held: SkBuff[];
    xmit(skb: SkBuff): number;
    onXmit: ((skb: SkBuff) => void) | undefined;
  };
  /** Runs asked for. */
  asked: () => number;
  /** Runs as often as asked for. */
  settle(): void;
}

function rig(make: (b: Bench) => Qdisc, options: Partial<TxQueueOptions> = {}): Rig {
  const b = bench();
  const timers = new TestTimers();
  const sent: number[] = [];
  let asked = 0;
  const device: Rig['device'] = {
    room: Infinity,
    held: [],
    onXmit: undefined,
    xmit(skb) {
      expect(skb.next).toBe(undefined);
      if (this.room <= 0) return BUSY;
      this.room--;
      sent.push(idOf(skb));
      this.onXmit?.(skb);
      this.held.push(skb);
      return OK;
    },
  };
  const queue = new TxQueue({
    device,
    qdisc: make(b),
    timers,
    drop: b.ports.drop,
    reschedule: () => void asked++,
    ...options,
  });
  queue.activate();
  const rest = b.rest;
  return Object.assign(b, {
    queue,
    timers,
    sent,
    device,
    asked: () => asked,
    settle() {
      while (asked > 0) {
        asked--;
        queue.run(timers.now);
      }
    },
    rest() {
      queue.close(timers.now);
      for (const skb of device.held) skb.free();
      device.held = [];
      rest();
    },
  });
}

describe('xmit', () => {
  it('passes an empty fifo by, and counts the packet all the same', () => {
    const r = rig((b) => new PfifoFast(b.ports));
    expect(r.queue.xmit(0, r.packet(1))).toBe(OK);
    expect(r.sent).toEqual([1]);
    expect(r.queue.qdisc.stats).toMatchObject({ packets: 1, bytes: 100, qlen: 0 });
    r.rest();
  });

  it('goes through any other discipline', () => {
    const r = rig((b) => new Fq(b.ports));
    expect(r.queue.xmit(0, r.packet(1))).toBe(OK);
    expect(r.sent).toEqual([1]);
    r.rest();
  });

  it('tells what became of a packet: OK, DROP, CN', () => {
    const r = rig((b) => new Pfifo(b.ports, { limit: 1 }));
    r.device.room = 0;
    expect([1, 2].map((id) => r.queue.xmit(0, r.packet(id)))).toEqual([OK, DROP]);
    r.queue.deactivate();
    expect(r.queue.xmit(0, r.packet(3))).toBe(CN);
    expect(r.drops).toEqual([
      [2, 'QDISC_DROP'],
      [1, 'QUEUE_PURGE'],
      [3, 'QDISC_DROP'],
    ]);
    r.rest();
  });

  it('from within a run queues the packet for that run', () => {
    const r = rig((b) => new PfifoFast(b.ports));
    let depth = 0;
    let deepest = 0;
    r.device.onXmit = (skb) => {
      depth++;
      deepest = Math.max(deepest, depth);
      const id = idOf(skb);
      if (id < 3) expect(r.queue.xmit(0, r.packet(id + 1))).toBe(OK);
      depth--;
    };
    r.queue.xmit(0, r.packet(1));
    expect([r.sent, deepest]).toEqual([[1, 2, 3], 1]);
    r.rest();
  });
});

describe('a busy device', () => {
  it('leaves the packet here; it goes first once the device woke us', () => {
    const r = rig((b) => new PfifoFast(b.ports));
    r.device.room = 1;
    for (const id of [1, 2, 3]) expect(r.queue.xmit(0, r.packet(id))).toBe(OK);
    r.queue.xmit(0, r.packet(4, 100, { priority: 6 })); // a better band, behind the one that was out already
    expect([r.sent, r.queue.stopped, r.queue.qlen]).toEqual([[1], true, 3]);
    expect(r.queue.qdisc.stats).toMatchObject({ requeues: 1, backlog: 300 });
    r.queue.run(0);
    expect(r.sent).toEqual([1]);
    r.device.room = 1;
    r.queue.wake();
    r.queue.wake();
    expect([r.asked(), r.sent]).toEqual([1, [1]]); // not from within the driver
    r.settle();
    expect(r.sent).toEqual([1, 2]);
    r.device.room = 9;
    r.queue.wake();
    r.settle();
    expect(r.sent).toEqual([1, 2, 4, 3]);
    expect(r.queue.qdisc.stats).toMatchObject({ requeues: 2, qlen: 0, backlog: 0, packets: 4 });
    r.rest();
  });

  it('that takes a part of a super-packet gets the rest later, in order', () => {
    const r = rig((b) => new PfifoFast(b.ports), { validate: cutToList });
    r.device.room = 2;
    const skb = superPacket(r, 7, 4, 100, 50);
    expect(r.queue.xmit(0, skb)).toBe(OK);
    r.queue.xmit(0, r.packet(8));
    expect([r.sent, r.queue.qlen, r.queue.qdisc.backlog]).toEqual([[7, 7], 3, 154 + 104 + 100]);
    for (const room of [0, 1, 0, 9]) {
      r.device.room = room; // busy again at first, and once more
      r.queue.wake();
      r.settle();
    }
    expect(r.device.held.map(({ len }) => len)).toEqual([154, 154, 154, 104, 100]);
    expect(r.queue.qdisc.stats).toMatchObject({ packets: 5, bytes: 404 + 3 * 54 + 100, backlog: 0 });
    r.rest();
  });

  it('without a queue loses the packet', () => {
    const r = rig((b) => new Noqueue(b.ports));
    r.device.room = 1;
    expect([1, 2, 3].map((id) => r.queue.xmit(0, r.packet(id)))).toEqual([OK, DROP, DROP]);
    r.device.room = 1;
    r.queue.wake();
    expect(r.queue.xmit(0, r.packet(4))).toBe(OK);
    expect(r.drops.map(([id]) => id)).toEqual([2, 3]);
    expect(r.queue.qdisc.stats).toMatchObject({ packets: 0, qlen: 0 });
    r.rest();
  });
});

it('noqueue refuses to go round for ever', () => {
  const r = rig((b) => new Noqueue(b.ports));
  const codes: number[] = [];
  r.device.onXmit = () => {
    if (r.sent.length < 100) codes.push(r.queue.xmit(0, r.packet(0)));
  };
  r.queue.xmit(0, r.packet(0));
  expect([r.sent.length, r.drops]).toEqual([8, [[0, 'RECURSION_LIMIT']]]);
  expect(codes[0]).toBe(DROP);
  r.device.onXmit = undefined;
  for (let i = 0; i < 20; i++) expect(r.queue.xmit(0, r.packet(0))).toBe(OK);
  r.rest();
});

describe('run', () => {
  it('sends weight packets, then asks to be called again', () => {
    const r = rig((b) => new Pfifo(b.ports), { weight: 4 });
    r.device.room = 0;
    for (let id = 0; id < 10; id++) r.queue.xmit(0, r.packet(id));
    r.device.room = Infinity;
    r.queue.wake();
    r.settle();
    expect(r.sent).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    r.rest();
    const s = rig((b) => new Pfifo(b.ports), { weight: 4 });
    s.device.room = 0;
    for (let id = 0; id < 10; id++) s.queue.xmit(0, s.packet(id));
    s.device.room = Infinity;
    s.queue.wake();
    s.queue.run(0);
    expect([s.sent.length, s.asked()]).toEqual([4, 2]);
    s.rest();
  });

  it('comes back when the discipline has something', () => {
    const r = rig((b) => new Netem(b.ports, { delay: 500 }));
    r.queue.xmit(0, r.packet(1));
    r.timers.now = 100;
    r.queue.xmit(100, r.packet(2));
    expect(r.timers.next).toBe(500);
    r.timers.advance(599);
    expect([r.sent, r.timers.next]).toEqual([[1], 600]);
    r.timers.advance(600);
    expect([r.sent, r.timers.next]).toEqual([[1, 2], undefined]);
    r.rest();
  });

  it('disarms the timer when somebody else sent what it was for', () => {
    const r = rig((b) => new Netem(b.ports, { delay: 500 }));
    r.queue.xmit(0, r.packet(1));
    expect(r.timers.next).toBe(500);
    r.queue.run(500);
    expect([r.sent, r.timers.next]).toEqual([[1], undefined]);
    r.rest();
  });

  it('leaves no timer behind', () => {
    for (const stop of ['deactivate', 'setQdisc', 'close'] as const) {
      const r = rig((b) => new Netem(b.ports, { delay: 500 }));
      r.queue.xmit(0, r.packet(1));
      if (stop === 'setQdisc') r.queue.setQdisc(new Noqueue(r.ports));
      else r.queue[stop](0);
      expect([r.timers.next, r.drops]).toEqual([undefined, [[1, 'QUEUE_PURGE']]]);
      r.rest();
    }
  });
});

describe('validate', () => {
  it('may drop a packet, and is asked once for each', () => {
    let asked = 0;
    const r = rig((b) => new Pfifo(b.ports), {
      validate(skb) {
        asked++;
        if (idOf(skb) !== 2) return skb;
        skb.free();
        return undefined;
      },
    });
    r.device.room = 0;
    for (const id of [1, 2, 3]) r.queue.xmit(0, r.packet(id));
    for (let i = 0; i < 3; i++) {
      r.device.room = i;
      r.queue.wake();
      r.settle();
    }
    expect([r.sent, asked]).toEqual([[1, 3], 3]);
    r.rest();
  });

  it('what it cut is dropped one by one without a queue', () => {
    const r = rig((b) => new Noqueue(b.ports), { validate: cutToList });
    r.device.room = 3;
    expect(r.queue.xmit(0, superPacket(r, 1, 4, 100))).toBe(DROP);
    expect([r.sent, r.drops]).toEqual([[1, 1, 1], [[1, 'QDISC_DROP']]]);
    r.rest();
  });
});

describe('change', () => {
  it('of the discipline drops what was in the old one, sent back packets too', () => {
    const r = rig((b) => new Pfifo(b.ports));
    r.device.room = 0;
    for (const id of [1, 2, 3]) r.queue.xmit(0, r.packet(id));
    const old = r.queue.qdisc;
    r.queue.setQdisc(new Fq(r.ports));
    expect(old.stats).toMatchObject({ qlen: 0, backlog: 0, drops: 0 });
    expect(r.drops).toEqual([1, 2, 3].map((id) => [id, 'QUEUE_PURGE']));
    r.device.room = 9;
    r.queue.wake();
    r.queue.xmit(0, r.packet(4));
    r.settle();
    expect(r.sent).toEqual([4]);
    r.rest();
  });

  it('of the link: nothing waits for better times', () => {
    const r = rig((b) => new Pfifo(b.ports));
    r.device.room = 0;
    r.queue.xmit(0, r.packet(1));
    r.queue.deactivate();
    expect([r.queue.active, r.queue.qlen, r.queue.stopped]).toEqual([false, 0, false]);
    r.queue.wake();
    expect(r.asked()).toBe(0);
    r.device.room = 9;
    r.queue.activate();
    r.queue.xmit(0, r.packet(2));
    expect(r.sent).toEqual([2]);
    r.rest();
  });

  it('from within the device stops the run', () => {
    const r = rig((b) => new Pfifo(b.ports));
    r.device.room = 0;
    for (const id of [1, 2, 3]) r.queue.xmit(0, r.packet(id));
    r.device.room = 9;
    r.device.onXmit = () => r.queue.deactivate();
    r.queue.wake();
    r.settle();
    expect([r.sent, r.drops.length]).toEqual([[1], 2]);
    r.rest();
  });
});

describe('byte queue limits', () => {
  it('hold packets back that the device has not asked for', () => {
    const r = rig((b) => new PfifoFast(b.ports), { bql: true });
    for (let id = 0; id < 5; id++) r.queue.xmit(0, r.packet(id, 1000));
    expect([r.sent, r.queue.stopped]).toEqual([[0], true]); // the limit is 0 at first
    expect(r.queue.qdisc.stats.requeues).toBe(0);
    r.queue.completed(10, 1, 1000);
    expect(r.asked()).toBe(1);
    r.settle();
    expect([r.sent, r.queue.dql?.limit, r.queue.dql?.inflight]).toEqual([[0, 1, 2], 1000, 2000]);
    r.queue.completed(20, 2, 2000);
    r.settle();
    expect([r.sent, r.queue.dql?.limit]).toEqual([[0, 1, 2, 3, 4], 3000]);
    r.queue.completed(30, 2, 2000);
    expect(r.asked()).toBe(0);
    r.rest();
  });

  it('take a device that is done at once, and one that was busy', () => {
    const r = rig((b) => new PfifoFast(b.ports), { bql: true });
    r.device.onXmit = (skb) => r.queue.completed(0, 1, skb.len);
    for (let id = 0; id < 5; id++) r.queue.xmit(0, r.packet(id));
    r.settle();
    expect([r.sent.length, r.queue.dql?.inflight]).toEqual([5, 0]);
    r.device.room = 0;
    r.queue.xmit(0, r.packet(5));
    expect(r.queue.dql?.inflight).toBe(0);
    r.rest();
  });

  it('are off where the device does not report', () => {
    const r = rig((b) => new PfifoFast(b.ports));
    r.queue.completed(0, 1, 100);
    expect(r.queue.dql).toBe(undefined);
    r.rest();
  });
});

describe('hooks', () => {
  it('see each packet queued, started once, and each try', () => {
    const r = rig((b) => new Pfifo(b.ports));
    const seen: unknown[] = [];
    r.queue.queued = (skb) => void seen.push(`queued ${idOf(skb)}`);
    r.queue.started = (skb) => void seen.push(`started ${idOf(skb)}`);
    r.queue.xmitted = (length, rc) => void seen.push(`xmit ${length} ${rc}`);
    r.device.room = 0;
    r.queue.xmit(0, r.packet(1));
    r.device.room = 1;
    r.queue.wake();
    r.settle();
    expect(seen).toEqual(['queued 1', 'started 1', 'xmit 100 1', 'xmit 100 0']);
    r.rest();
  });

  it('see segments that waited while the queue was stopped', () => {
    const r = rig((b) => new Pfifo(b.ports), { validate: cutToList });
    const started: number[] = [];
    r.queue.started = (skb) => void started.push(skb.len);
    r.device.room = 1;
    r.queue.xmit(0, superPacket(r, 1, 3, 100));
    expect(started.length).toBe(2);
    r.device.room = 9;
    r.queue.wake();
    r.settle();
    expect(started.length).toBe(3);
    r.rest();
  });
});

it('refuses a weight below 1', () => {
  expect(() => rig((b) => new Pfifo(b.ports), { weight: 0 })).toThrow(
    new RangeError('txqueue: weight 0 is below 1'),
  );
});

/** Cuts super-packets into lists, as a host does. */
function cutToList(skb: SkBuff): SkBuff | undefined {
  if (skb.gsoSize === 0) return skb;
  const segments = cutTest(skb) as SkBuff[];
  skb.free();
  segments.forEach((segment, i) => {
    segment.next = segments[i + 1];
  });
  return segments[0];
}
