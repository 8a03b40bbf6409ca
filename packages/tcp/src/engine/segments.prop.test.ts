/**
 * Any bytes at all as segments: nothing is thrown, limits hold, and after the last close nothing is left.
 */

import type { SkBuff } from '@stack/skbuff';
import { pseudoIpv4 } from '@stack/skbuff/checksum';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checksumOf } from '../checksum.ts';
import { encode } from '../header.ts';
import type { Option } from '../option-kinds.ts';
import { header } from '../testing.ts';
import { endSeqOf, LOST, pcountOf, SACKED_ACKED, SACKED_RETRANS, sackedOf, seqOf } from './cb.ts';
import { Host, leftovers, seeded, World } from './fixture.ts';
import { RequestSock } from './request.ts';
import { stateName } from './state.ts';
import type { TcpSock } from './tcb.ts';

const PEER = 0x0a00_0009;
/** Fast open for everybody, without cookies. */
const FAST = 0x607;

/** What may happen to a host: a segment near a connection's numbers, a call, time. */
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record(
      {
        kind: fc.constant('segment' as const),
        header: header(),
        flags: fc.oneof(
          fc.integer({ min: 0, max: 0x1ff }),
          fc.constantFrom(0x10, 0x18, 0x11, 0x10, 0x18, 0x11, 0x12, 0x02, 0x14, 0x04, 0x30),
        ),
        seq: fc.integer({ min: -3000, max: 70_000 }),
        ack: fc.integer({ min: -3000, max: 30_000 }),
        exact: fc.boolean(),
        length: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3000 })),
        ours: fc.boolean(),
        /** Blocks of a SACK option: where they begin, counted from SND.UNA, and how long they are. */
        sacks: fc.array(
          fc.tuple(fc.integer({ min: -3000, max: 12_000 }), fc.integer({ min: -100, max: 4000 })),
          {
            maxLength: 4,
          },
        ),
      },
      { noNullPrototype: true },
    ),
  },
  {
    weight: 4,
    arbitrary: fc.record(
      {
        kind: fc.constant('sack' as const),
        at: fc.nat(0xffff),
        length: fc.nat(0xffff),
        behind: fc.nat(3000),
      },
      { noNullPrototype: true },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record(
      { kind: fc.constant('bytes' as const), bytes: fc.uint8Array({ maxLength: 100 }) },
      { noNullPrototype: true },
    ),
  },
  {
    weight: 3,
    arbitrary: fc.record(
      {
        kind: fc.constantFrom(
          'send' as const,
          'recv' as const,
          'shutdown' as const,
          'close' as const,
          'urgent' as const,
          'quote' as const,
          'mtu' as const,
          'options' as const,
        ),
        n: fc.integer({ min: 0, max: 5000 }),
      },
      { noNullPrototype: true },
    ),
  },
  {
    weight: 3,
    arbitrary: fc.record(
      {
        kind: fc.constant('time' as const),
        us: fc.oneof(fc.integer({ min: 0, max: 300_000 }), fc.integer({ min: 0, max: 100_000_000 })),
      },
      { noNullPrototype: true },
    ),
  },
);

/** What any run shall begin with: data in flight, and blocks that tell of it out of order, twice, and after a timeout. */
const SELECTIVE: (typeof step extends fc.Arbitrary<infer T> ? T : never)[] = [
  { kind: 'send', n: 5000 },
  { kind: 'sack', at: 2000, length: 600, behind: 100 },
  { kind: 'sack', at: 1000, length: 2600, behind: 2500 },
  { kind: 'time', us: 40_000 },
  { kind: 'send', n: 4000 },
  { kind: 'sack', at: 3000, length: 1700, behind: 0 },
  { kind: 'time', us: 3_000_000 },
  { kind: 'sack', at: 1, length: 4000, behind: 0 },
];

describe('any segments', () => {
  it('never throw, keep within the buffers, and leave nothing behind', () => {
    const reached = new Set<string>();
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        fc.array(step, { maxLength: 60 }),
        (active, handshake, fast, steps) => {
          const world = new World();
          const host = new Host(world, 0x0a00_0001, {}, seeded(5));
          const { tcp } = host;
          if (fast) host.sysctl.tcp_fastopen = FAST;
          tcp.stateChange = (_sk, _from, to) => reached.add(stateName(to));
          const listener = host.socket();
          tcp.bind(world.now, listener, 0, 80);
          tcp.listen(world.now, listener, 4);
          let sk: TcpSock = host.socket();
          sk.rcvbuf = 20_000;
          sk.userlocks = 2;
          const open = (): void => {
            if (active && fast) tcp.fastopen(world.now, sk, PEER, 9, new Uint8Array(3000), 0);
            else if (active) tcp.connect(world.now, sk, PEER, 9);
          };
          open();
          const send = (h: Parameters<typeof encode>[0], payload: number): void => {
            const at = encode({ ...h, doff: (20 + optionBytes(h)) >> 2 }).length;
            const whole = new Uint8Array(at + payload);
            whole.set(encode({ ...h, doff: at >> 2 }));
            const view = new DataView(whole.buffer);
            view.setUint16(
              16,
              checksumOf(view, 0, whole.length, pseudoIpv4(PEER, host.address, 6, whole.length)),
            );
            host.receive(whole, PEER);
          };
          if (handshake) shakeHands(world, host, sk, active, fast ? 700 : 0);
          for (const what of steps) {
            const child = tcp.accept(world.now, listener);
            if (typeof child !== 'string') {
              if (active) tcp.close(world.now, child);
              else {
                tcp.close(world.now, sk);
                sk = child;
              }
            }
            switch (what.kind) {
              case 'segment': {
                const source = active ? 9 : 4000;
                const seq = (sk.rcvNxt + (what.exact ? 0 : what.seq)) >>> 0;
                const all = what.sacks.length > 0 ? 0 : (sk.sndNxt - sk.sndUna) | 0;
                const ackSeq = (sk.sndUna + (what.exact ? all : what.ack)) >>> 0;
                const h = what.ours
                  ? {
                      ...what.header,
                      source,
                      dest: active ? sk.sport : 80,
                      seq,
                      ackSeq,
                      flags: what.flags,
                      options: what.sacks.length === 0 ? what.header.options : sackOption(sk, what.sacks),
                    }
                  : what.header;
                send(h, what.length);
                break;
              }
              case 'sack': {
                // A block within what is in flight, and one that may be a D-SACK.
                const out = (sk.sndNxt - sk.sndUna) | 0;
                if (out < 2) break;
                const at = 1 + (what.at % (out - 1));
                const sacks = [[at, 1 + (what.length % (out - at))] as const, [-what.behind, 500] as const];
                const options = sackOption(sk, what.behind > 2000 ? sacks.reverse() : sacks);
                const [source, dest] = active ? [9, sk.sport] : [4000, 80];
                const [seq, ackSeq] = [sk.rcvNxt >>> 0, sk.sndUna >>> 0];
                send(
                  {
                    source,
                    dest,
                    seq,
                    ackSeq,
                    doff: 10,
                    res1: 0,
                    flags: 0x10,
                    window: 20_000,
                    check: 0,
                    urgPtr: 0,
                    options,
                  },
                  0,
                );
                break;
              }
              case 'bytes':
                host.receive(what.bytes, PEER);
                break;
              case 'send':
                tcp.sendmsg(world.now, sk, new Uint8Array(what.n), 0, what.n, what.n & 1 ? 0x8000 : 0);
                break;
              case 'urgent':
                tcp.sendmsg(world.now, sk, new Uint8Array(3), 0, 3, 1);
                tcp.recvmsg(world.now, sk, new Uint8Array(3), 0, 3, 1);
                break;
              case 'recv':
                tcp.recvmsg(world.now, sk, new Uint8Array(what.n), 0, what.n, what.n % 3 === 0 ? 2 : 0);
                break;
              case 'shutdown':
                tcp.shutdown(world.now, sk, 1 + (what.n % 3));
                break;
              case 'close':
                tcp.close(world.now, sk);
                sk = host.socket();
                sk.rcvbuf = 20_000;
                open();
                break;
              case 'mtu':
                host.mtu = 100 + what.n;
                break;
              case 'options':
                tcp.setsockopt(world.now, sk, 'TCP_NODELAY', what.n & 1);
                tcp.setsockopt(world.now, sk, 'TCP_CORK', (what.n >> 1) & 1);
                tcp.setKeepalive(world.now, sk, (what.n & 4) !== 0);
                break;
              case 'quote': {
                const view = new DataView(new ArrayBuffer(8));
                view.setUint16(0, sk.sport);
                view.setUint16(2, sk.dport);
                view.setInt32(4, (sk.sndUna + (what.n % 3)) | 0);
                const errno = ['EHOSTUNREACH', 'EMSGSIZE', 'ECONNREFUSED', ''][what.n % 4] as string;
                tcp.error(world.now, host.family as never, {
                  view,
                  at: 0,
                  length: 8,
                  saddr: host.address,
                  daddr: PEER,
                  protocol: 6,
                  type: 3,
                  code: 1,
                  info: what.n,
                  errno,
                  fatal: false,
                  offender: 1,
                  payload: () => new Uint8Array(0),
                });
                break;
              }
              default:
                world.advance(what.us);
            }
            host.softirq();
            // A packet that is taken when one byte is free may overshoot; so may one when nothing waits at all.
            expect(sk.rmemAlloc).toBeLessThanOrEqual(sk.rcvbuf + 10_000);
            expect(sk.wmemQueued).toBeLessThanOrEqual(sk.sndbuf + 70_000);
            expect(sk.packetsOut).toBeGreaterThanOrEqual(0);
            expect(sk.sackedOut + sk.lostOut).toBeLessThanOrEqual(sk.packetsOut);
            expect(marks(sk)).toStrictEqual(counted(sk));
            if (sk.sackOk && sk.sackedOut > 0) reached.add('out of order');
            if (sk.fastopenRsk !== undefined) reached.add('open before the handshake is over');
            if (sk.synData && sk.synDataAcked) reached.add('data of the SYN is acknowledged');
            expect(sk.forwardAlloc).toBeGreaterThanOrEqual(0);
            expect(sum(sk)).toBe(sk.wmemQueued);
          }
          tcp.close(world.now, sk);
          tcp.close(world.now, listener);
          world.advance(10_000_000_000);
          world.run();
          expect(leftovers(world)).toStrictEqual([]);
        },
      ),
      {
        examples: [true, false].flatMap((active) =>
          [true, false].map((fast): [boolean, boolean, boolean, typeof SELECTIVE] => [
            active,
            true,
            fast,
            SELECTIVE,
          ]),
        ),
      },
    );
    expect(reached.size).toBeGreaterThanOrEqual(6);
    expect(reached).toContain('out of order');
    expect(reached).toContain('open before the handshake is over');
    expect(reached).toContain('data of the SYN is acknowledged');
  });
});

/**
 * Completes the handshake that was begun, or opens a connection to port 80; with `data` in the SYN of the peer, which is answered before
 * the handshake is over, and stays so.
 */
function shakeHands(world: World, host: Host, sk: TcpSock, active: boolean, data: number): void {
  const whole = (flags: number, seq: number, ackSeq: number, length = 0): void => {
    const header = encode({
      source: active ? 9 : 4000,
      dest: active ? sk.sport : 80,
      seq,
      ackSeq: ackSeq >>> 0,
      doff: 6,
      res1: 0,
      flags,
      window: 20_000,
      check: 0,
      urgPtr: 0,
      options: [{ kind: 1 }, { kind: 1 }, { kind: 4 }],
    });
    const bytes = new Uint8Array(header.length + length);
    bytes.set(header);
    const view = new DataView(bytes.buffer);
    view.setUint16(16, checksumOf(view, 0, bytes.length, pseudoIpv4(PEER, host.address, 6, bytes.length)));
    host.receive(bytes, PEER);
  };
  world.advance(10);
  if (active) {
    whole(0x12, 100, sk.sndNxt);
    return;
  }
  whole(0x02, 100, 0, data);
  for (const entry of host.tcp.entries()) {
    if (entry instanceof RequestSock) whole(0x10, 101, entry.sntIsn + 1);
  }
}

function optionBytes(h: Parameters<typeof encode>[0]): number {
  return encode({ ...h, options: h.options }).length - 20;
}

/** NOPs and blocks relative to SND.UNA. */
function sackOption(sk: TcpSock, sacks: readonly (readonly [number, number])[]): Option[] {
  const blocks = sacks.map(([at, length]) => ({
    startSeq: (sk.sndUna + at) >>> 0,
    endSeq: (sk.sndUna + at + length) >>> 0,
  }));
  return [{ kind: 1 }, { kind: 1 }, { kind: 5, blocks }];
}

/** What the counters say. */
function counted(sk: TcpSock): Record<string, unknown> {
  const { lostOut, packetsOut, retransOut, sackOk, sackedOut, sackRuns } = sk;
  const runs: number[] = [];
  for (let i = 0; i < (sackRuns?.length ?? 0); i++) {
    // The first may reach below SND.UNA: it is cut when all of it is acknowledged.
    runs.push(
      Math.max(((sackRuns?.start(i) ?? 0) - sk.sndUna) | 0, 0),
      ((sackRuns?.end(i) ?? 0) - sk.sndUna) | 0,
    );
  }
  return { packetsOut, lostOut, retransOut, sackedOut: sackOk ? sackedOut : 0, runs };
}

/** What the marks of the retransmit queue say; and that the list by time has what is in flight, once and in order. */
function marks(sk: TcpSock): Record<string, unknown> {
  const sum = { packetsOut: 0, lostOut: 0, retransOut: 0, sackedOut: 0 };
  const runs: number[] = [];
  const sent = new Set<SkBuff>();
  for (let skb = sk.sentFirst; skb !== undefined; skb = skb.anchorNext) {
    expect(sent.has(skb)).toBe(false);
    expect(skb.tstamp).toBeGreaterThanOrEqual(skb.anchorPrev?.tstamp ?? 0);
    if (skb.anchorNext === undefined) expect(sk.sentLast).toBe(skb);
    sent.add(skb);
  }
  if (sk.rackEdge !== undefined) expect(sent.has(sk.rackEdge)).toBe(true);
  for (let skb = sk.rtxQueue.first; skb !== undefined; skb = skb.next) {
    const sacked = sackedOf(skb);
    const count = pcountOf(skb);
    sum.packetsOut += count;
    if ((sacked & LOST) !== 0) sum.lostOut += count;
    if ((sacked & SACKED_RETRANS) !== 0) sum.retransOut += count;
    expect(sk.rtxQueue.find(seqOf(skb))).toBe(skb);
    if ((sacked & SACKED_ACKED) !== 0) {
      expect(sent.has(skb)).toBe(false);
      sum.sackedOut += count;
      const [start, end] = [Math.max((seqOf(skb) - sk.sndUna) | 0, 0), (endSeqOf(skb) - sk.sndUna) | 0];
      if (runs.at(-1) === start) runs[runs.length - 1] = end;
      else runs.push(start, end);
    }
    sent.delete(skb);
  }
  expect(sent.size).toBe(0);
  return { ...sum, runs };
}

/** Truesize in both send queues. */
function sum(sk: TcpSock): number {
  let total = 0;
  for (const queue of [sk.writeQueue, sk.rtxQueue]) {
    for (let skb = queue.first; skb !== undefined; skb = skb.next) total += skb.truesize;
  }
  return total;
}
