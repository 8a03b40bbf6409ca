import type { SkBuff } from '@stack/skbuff';
import { describe, expect, it } from 'vitest';
import { BUSY, OK } from './core.ts';
import { bench, expectAtRest, frameBytes, packet, segmentTest, superPacket } from './fixture.ts';
import { Frame } from './frame.ts';
import { Wire } from './wire.ts';

const FLAT = { headroom: 16, linear: 4000, frags: [] };

describe('going away', () => {
  it('a cut wire completes what is in the ring, unsent, and wakes the sender', () => {
    const net = bench({ both: { txRing: 8 }, wire: { rate: 1_000_000, delay: 1000 } });
    let woken = 0;
    net.a.wake = () => void woken++;
    let last: SkBuff | undefined;
    for (let i = 0; i < 20; i++) {
      last = packet(net.poolA, frameBytes(46));
      if (net.a.xmit(last) === BUSY) break;
    }
    net.clock.runUntil(100);
    net.wire.setUp(false);
    net.clock.run();
    expect(net.a.tx.used).toBe(0);
    expect(net.a.drops.NIC_NO_CARRIER).toBe(5);
    expect(net.wire.aToB.stats.drops.WIRE_DOWN).toBe(1);
    expect(woken).toBe(1);
    expect(net.a.xmit(last as SkBuff)).toBe(OK);
    expect(net.a.drops.NIC_NO_CARRIER).toBe(6);
    net.wire.setUp(true);
    net.a.xmit(packet(net.poolA, frameBytes(50)));
    net.clock.run();
    expect(net.received.length).toBe(1);
    net.close();
  });

  it('a super-packet cut off in its middle leaves nothing behind', () => {
    for (const tso of [true, false]) {
      const net = bench({
        a: { features: { tso }, segment: segmentTest, txRing: 8 },
        wire: { rate: 10_000_000 },
      });
      net.a.xmit(superPacket(net.poolA, new Uint8Array(30_000), 1400, FLAT));
      net.clock.runUntil(net.clock.now() + 5000);
      net.wire.setUp(false);
      net.clock.run();
      expect(net.received.length).toBeGreaterThan(0);
      const before = net.received.length;
      expect(before).toBeLessThan(22);
      expect(net.poolA.stats.skbs).toBe(255); // the buffers of the receive ring
      net.wire.setUp(true);
      net.clock.run();
      expect(net.received.length).toBe(before);
      net.close();
    }
  });

  it('close with everything in flight frees everything at once', () => {
    for (const tso of [true, false]) {
      const net = bench({
        a: { features: { tso }, segment: segmentTest, txRing: 8 },
        b: { rxRing: 8, interrupt: () => {} },
        wire: { rate: 100_000_000, delay: 300 },
      });
      net.a.xmit(superPacket(net.poolA, new Uint8Array(60_000), 1400, FLAT));
      net.clock.runUntil(net.clock.now() + 2000);
      expect(net.b.ethtool.rx_no_buffer_count).toBeGreaterThan(0);
      net.b.close(); // its FIFO holds frames of a's pool
      net.a.close();
      expectAtRest(net.poolA);
      expectAtRest(net.poolB);
      expect(net.clock.pending).toBe(0);
      net.close();
    }
  });

  it('close from within receive', () => {
    const net = bench({
      b: {
        receive(skb) {
          skb.free();
          net.b.close();
        },
      },
      wire: { rate: 0 },
    });
    for (let i = 0; i < 10; i++) net.a.xmit(packet(net.poolA, frameBytes(46)));
    net.clock.run();
    expect(net.b.stats.rxPackets).toBe(1);
    expect(net.a.carrierUp).toBe(false);
    net.close();
  });

  it('a NIC plugged into another wire leaves the first', () => {
    const net = bench();
    const other = bench();
    const wire = new Wire({ clock: net.clock, a: net.a, b: other.b });
    expect([net.wire.up, net.b.carrierUp, net.a.carrierUp, wire.up]).toEqual([false, false, true, true]);
    net.a.xmit(packet(net.poolA, frameBytes(46)));
    net.clock.run();
    other.clock.run();
    expect(other.received.length).toBe(1);
    net.close();
    other.close();
  });

  it('a frame for a closed NIC is counted and freed', () => {
    const net = bench();
    net.b.close(); // cuts the wire: nothing can come but by hand
    net.b.arrive(Frame.of(net.poolA, frameBytes(46)) as Frame);
    expect(net.b.drops.NIC_RX_CLOSED).toBe(1);
    net.close();
  });
});
