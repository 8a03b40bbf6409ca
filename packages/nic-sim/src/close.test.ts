import type { SkBuff } from '@stack/skbuff';
import { describe, expect, it } from 'vitest';
import { BUSY, OK } from './core.ts';
import { type Bench, bench, expectAtRest, frameBytes, packet, segmentTest, superPacket } from './fixture.ts';
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

  it('carrier lost while the wire is busy: the ring is emptied at once, not when the wire would have been free', () => {
    const net = bench({ wire: { rate: 9600 } }); // a frame takes 120 ms
    for (let i = 0; i < 5; i++) net.a.xmit(packet(net.poolA, frameBytes(1486)));
    net.clock.runUntil(10);
    net.wire.setUp(false);
    net.clock.runUntil(20);
    expect(net.a.tx.used).toBe(0);
    expect(net.a.drops.NIC_NO_CARRIER).toBe(4);
    net.wire.setUp(true);
    net.a.xmit(packet(net.poolA, frameBytes(46)));
    net.clock.runUntil(30);
    expect(net.wire.aToB.stats.frames).toBe(2);
    net.close();
  });

  it('a wire closed by whoever looks at a frame, or decides on it, does not deliver that frame', () => {
    for (const how of ['tap', 'loss']) {
      const net = bench({
        wire: {
          loss: () => {
            if (how === 'loss') net.wire.close();
            return false;
          },
        },
      });
      if (how === 'tap') net.wire.onFrame(() => net.wire.close());
      net.a.xmit(packet(net.poolA, frameBytes(46)));
      net.clock.run();
      expect(net.received.length).toBe(0);
      expect(net.wire.aToB.stats.drops.WIRE_DOWN).toBe(1);
      net.close();
    }
  });

  it.each(['post', 'doorbell', 'dma-read', 'wire', 'arrive', 'dma-write', 'write-back', 'interrupt', 'poll'])(
    'close from within the trace of %s, at any time, on either side: nothing is left',
    (kind) => {
      for (const side of ['a', 'b'] as const) {
        for (let nth = 1; nth <= 24; nth++) {
          let seen = 0;
          let armed = false;
          const net = bench({
            both: {
              txRing: 8,
              rxRing: 8,
              mtu: 9000,
              segment: segmentTest,
              trace(event) {
                if (armed && event.kind === kind && event.nic === side && ++seen === nth) net[side].close();
              },
            },
          });
          armed = true;
          for (let i = 0; i < 4; i++) {
            sendOrFree(net, packet(net.poolA, frameBytes(8000)));
            sendOrFree(net, superPacket(net.poolA, new Uint8Array(6000), 1400, FLAT));
            net.clock.run();
          }
          armed = false;
          net.close();
        }
      }
    },
  );

  it('a device that is taken away while it completes packets completes no more of them', () => {
    let armed = false;
    const net = bench({
      a: {
        trace(event) {
          if (armed && event.kind === 'write-back') net.a.close();
        },
      },
      wire: { rate: 9600 },
    });
    for (let i = 0; i < 5; i++) net.a.xmit(packet(net.poolA, frameBytes(46)));
    net.clock.runUntil(10); // the first is on the wire
    armed = true;
    net.wire.setUp(false);
    net.clock.run();
    expect(net.a.drops.NIC_NO_CARRIER).toBe(1);
    net.close();
  });

  it('close from within wake, interrupt, linkChange, a destructor and the segment function', () => {
    for (const where of ['wake', 'interrupt', 'linkChange', 'destructor', 'segment']) {
      for (const tso of [true, false]) {
        let armed = false;
        let later = 0;
        let nicClosed = false;
        const net = bench({
          a: {
            txRing: 8,
            features: { tso },
            segment(skb) {
              const parts = segmentTest(skb);
              if (where === 'segment') net.a.close();
              return parts;
            },
            interrupt(nic) {
              if (nicClosed) later++;
              if (armed && where === 'interrupt') shut();
              nic.poll(64);
            },
            linkChange() {
              if (armed && where === 'linkChange') shut();
            },
          },
        });
        const shut = (): void => {
          nicClosed = true;
          net.a.close();
        };
        armed = true;
        net.a.wake = () => {
          if (where === 'wake') shut();
        };
        for (let i = 0; i < 10; i++) {
          const skb = packet(net.poolA, frameBytes(46));
          if (where === 'destructor' && i === 2) skb.destructor = shut;
          sendOrFree(net, skb);
        }
        net.clock.run();
        sendOrFree(net, superPacket(net.poolA, new Uint8Array(9000), 1400, FLAT));
        net.wire.setUp(where !== 'linkChange');
        net.clock.run();
        expect(later).toBe(0);
        net.close();
      }
    }
  });
});

function sendOrFree(net: Bench, skb: SkBuff): void {
  if (net.a.xmit(skb) === BUSY) skb.free();
}
