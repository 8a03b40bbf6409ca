import type { SkBuff } from '@stack/skbuff';
import { describe, expect, it } from 'vitest';
import { OK } from './core.ts';
import { type Bench, bench, expectAtRest, frameBytes, packet, segmentTest, superPacket } from './fixture.ts';
import type { Frame } from './frame.ts';
import { Switch } from './switch.ts';
import { Wire } from './wire.ts';

const FLAT = { headroom: 16, linear: 4000, frags: [] };

/** Runs the clock dry and returns the errors that came out of it. */
function runAll(net: Pick<Bench, 'clock'>): unknown[] {
  const errors: unknown[] = [];
  for (;;) {
    try {
      net.clock.run();
      return errors;
    } catch (error) {
      errors.push(error);
    }
  }
}

describe('a callback that throws', () => {
  it.each(['post', 'doorbell', 'dma-read', 'wire', 'arrive', 'dma-write', 'write-back', 'interrupt', 'poll'])(
    'the trace of %s, at any time, on either side: the error comes out of the clock, and nothing else changes',
    (kind) => {
      for (const side of ['a', 'b'] as const) {
        for (let nth = 1; nth <= 12; nth++) {
          let seen = 0;
          let armed = false;
          let thrown = 0;
          const net = bench({
            both: {
              mtu: 9000,
              segment: segmentTest,
              trace(event) {
                if (!armed || event.kind !== kind || event.nic !== side || ++seen !== nth) return;
                thrown++;
                throw new Error('trace');
              },
            },
          });
          armed = true;
          expect(net.a.xmit(packet(net.poolA, frameBytes(8000)))).toBe(OK);
          expect(net.a.xmit(superPacket(net.poolA, new Uint8Array(6000), 1400, FLAT))).toBe(OK);
          expect(runAll(net).length).toBe(thrown);
          expect(net.received.length).toBe(6);
          net.close();
        }
      }
    },
  );

  it.each(['send', 'deliver'] as const)(
    'a capture of frames where they %s: frames arrive, other captures see them, and the error comes out of the clock',
    (at) => {
      const net = bench();
      const error = new Error('capture');
      const times: number[] = [];
      net.wire.onFrame(
        () => {
          throw error;
        },
        { at },
      );
      net.wire.onFrame(({ time }) => void times.push(time), { at });
      for (let i = 0; i < 3; i++) net.a.xmit(packet(net.poolA, frameBytes(46)));
      expect(runAll(net)).toEqual([error, error, error]);
      expect(net.received.length).toBe(3);
      expect(times.length).toBe(3);
      expect(net.wire.aToB.stats.delivered).toBe(3);
      net.close();
    },
  );

  it('a loss function: the frame is lost, and the error comes out of the clock', () => {
    const error = new Error('loss');
    const net = bench({
      wire: {
        loss(index: number, _frame: Frame) {
          if (index === 1) throw error;
          return false;
        },
      },
    });
    for (let i = 0; i < 3; i++) net.a.xmit(packet(net.poolA, frameBytes(46)));
    expect(runAll(net)).toEqual([error]);
    expect(net.received.length).toBe(2);
    expect(net.wire.aToB.stats.drops.WIRE_LOSS).toBe(1);
    net.close();
  });

  it('a capture behind a switch', () => {
    const one = bench();
    const hub = new Switch({ clock: one.clock, ports: 3 });
    const wires = [one.a, one.b].map((a, i) => new Wire({ clock: one.clock, a, b: hub.ports[i]! }));
    one.clock.run();
    wires[1]!.onFrame(() => {
      throw new Error('capture');
    });
    one.a.xmit(packet(one.poolA, frameBytes(46)));
    expect(runAll(one).length).toBe(1);
    expect(one.received.length).toBe(1);
    hub.close();
    one.close();
    expectAtRest(one.poolA);
  });

  it('a segment function: the super-packet is dropped and counted, and the error kept', () => {
    for (const tso of [true, false]) {
      const error = new RangeError('segment');
      let angry = true;
      const net = bench({
        a: {
          features: { tso },
          segment(skb: SkBuff) {
            if (angry) throw error;
            return segmentTest(skb);
          },
        },
      });
      expect(net.a.lastError).toBeUndefined();
      expect(net.a.xmit(superPacket(net.poolA, new Uint8Array(3000), 1000, FLAT))).toBe(OK);
      net.clock.run();
      expect(net.a.lastError).toBe(error);
      expect(net.a.drops.NIC_TX_SEGMENT).toBe(1);
      angry = false;
      net.a.xmit(superPacket(net.poolA, new Uint8Array(3000), 1000, FLAT));
      net.clock.run();
      expect(net.received.length).toBe(3);
      expect(net.a.lastError).toBe(error);
      net.close();
    }
  });
});
