import { CHECKSUM_COMPLETE, Pool, viewOf } from '@stack/skbuff';
import { csumPartial } from '@stack/skbuff/checksum';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from './clock.ts';
import type { Features } from './core.ts';
import {
  bench,
  expectAtRest,
  frameBytes,
  layout,
  packet,
  scattered,
  segmentTest,
  superPacket,
} from './fixture.ts';
import { Memory } from './memory.ts';
import { Nic } from './nic.ts';
import { pull, push } from './ring.ts';
import { impairments } from './testing.ts';
import { Wire } from './wire.ts';

const toggles = fc.record(
  {
    rx: fc.boolean(),
    tx: fc.boolean(),
    tso: fc.boolean(),
    rxvlan: fc.boolean(),
    txvlan: fc.boolean(),
    'rx-fcs': fc.boolean(),
  },
  { noNullPrototype: true },
);

function padded(bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength >= 60) return bytes;
  const all = new Uint8Array(60);
  all.set(bytes);
  return all;
}

describe('down one ring and up the other', () => {
  it('any geometry: the same bytes, padded, nothing left', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(1486), layout()), { minLength: 1, maxLength: 12 }),
        fc.boolean(),
        (packets, always) => {
          const net = bench({ both: { fcs: always ? 'always' : 'lazy' } });
          const sent: Uint8Array[] = [];
          for (const [payload, where] of packets) {
            const bytes = frameBytes(payload);
            sent.push(padded(bytes));
            expect(net.a.xmit(scattered(net.poolA, bytes, where))).toBe(0);
          }
          net.clock.run();
          expect(net.received).toEqual(sent);
          expect(net.a.ethtool.dmaGathers).toBe(sent.length);
          expect(net.b.ethtool.dmaScatters).toBe(sent.length);
          net.close();
        },
      ),
    );
  });

  it('jumbo frames span buffers and come up as frags', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1500, max: 9000 }), layout(3000), (payload, where) => {
        let frags = 0;
        const whole: Uint8Array[] = [];
        const net = bench({
          both: { mtu: 9000 },
          b: {
            receive(skb) {
              frags = skb.nrFrags;
              expect(skb.headlen).toBeLessThanOrEqual(1982);
              whole.push(skb.toBytes());
              expect(skb.csum).toBe(csumPartial(viewOf(skb.toBytes()), 0, skb.len));
              skb.free();
            },
          },
        });
        const bytes = frameBytes(payload);
        net.a.xmit(scattered(net.poolA, bytes, where));
        net.clock.run();
        expect(whole).toEqual([bytes]);
        expect(frags).toBe(Math.ceil(bytes.byteLength / 1982) - 1);
        net.close();
      }),
    );
  });

  it('the wire carries the same bytes whatever the host leaves to the device', () => {
    const everything = { rx: true, tx: true, tso: true, rxvlan: true, txvlan: true, 'rx-fcs': false };
    fc.assert(
      fc.property(
        toggles,
        toggles,
        fc.integer({ min: 1, max: 9000 }),
        fc.integer({ min: 100, max: 1460 }),
        layout(3000),
        fc.option(fc.tuple(fc.constantFrom(0x8100, 0x88a8), fc.nat(0xffff))),
        fc.boolean(),
        (on, rxOn, size, mss, where, tag, isSuper) => {
          const run = (features: Partial<Features>): Uint8Array[] => {
            const net = bench({ a: { features, segment: segmentTest }, b: { features: rxOn } });
            const wired: Uint8Array[] = [];
            net.wire.onFrame(({ bytes }) => wired.push(bytes), { fcs: true });
            const payload = frameBytes(isSuper ? size : size % 1460).subarray(14);
            const skb = superPacket(net.poolA, payload, isSuper ? mss : 0, where);
            if (tag !== null) [skb.vlanProto, skb.vlanTci] = tag;
            expect(net.a.xmit(skb)).toBe(0);
            net.clock.run();
            expect(net.received.length).toBe(wired.length);
            net.close();
            return wired;
          };
          const reference = run(everything);
          expect(reference.length).toBe(isSuper ? Math.max(1, Math.ceil(size / mss)) : 1);
          expect(run(on)).toEqual(reference);
          for (const bytes of reference) {
            const at = tag === null ? 34 : 38;
            // The sum over the segment, its own checksum and the (zero) seed included, is all ones: RFC 1071 §1.
            expect(csumPartial(viewOf(bytes), at, bytes.byteLength - 4 - at)).toBe(0xffff);
          }
        },
      ),
    );
  });

  it('CHECKSUM_COMPLETE is over what the host sees, with tags, FCS and padding', () => {
    fc.assert(
      fc.property(toggles, fc.nat(200), fc.option(fc.nat(0xffff)), (on, payload, tci) => {
        let seen = 0;
        const net = bench({
          b: {
            features: { ...on, rx: true },
            receive(skb) {
              seen++;
              expect(skb.ipSummed).toBe(CHECKSUM_COMPLETE);
              expect(skb.csum).toBe(csumPartial(viewOf(skb.toBytes()), 0, skb.len));
              skb.pull(14); // what is left may be all zeros, whose sum has two forms
              expect(skb.csum % 0xffff).toBe(csumPartial(viewOf(skb.toBytes()), 0, skb.len) % 0xffff);
              expect(skb.vlanProto).toBe(on.rxvlan && tci !== null ? 0x8100 : 0);
              expect(skb.vlanTci).toBe(on.rxvlan && tci !== null ? tci : 0);
              skb.free();
            },
          },
        });
        const skb = packet(net.poolA, frameBytes(payload));
        if (tci !== null) [skb.vlanProto, skb.vlanTci] = [0x8100, tci];
        net.a.xmit(skb);
        net.clock.run();
        expect(seen).toBe(1);
        net.close();
      }),
    );
  });
});

describe('a wire with faults', () => {
  function trace(seed: number, settings: object, frames: number): string[] {
    const log: string[] = [];
    const net = bench({ wire: { ...settings, seed } });
    net.wire.onFrame(({ time, direction, bytes }) => log.push(`${time} ${direction} ${bytes.join('.')}`), {
      at: 'deliver',
      fcs: true,
    });
    for (let i = 0; i < frames; i++) net.a.xmit(packet(net.poolA, frameBytes(46 + i)));
    net.clock.run();
    log.push(JSON.stringify(net.wire.aToB.stats), JSON.stringify(net.b.stats));
    const { delivered, corrupted, duplicated, drops: lost } = net.wire.aToB.stats;
    expect(delivered).toBe(frames + duplicated - lost.WIRE_LOSS - lost.WIRE_QUEUE);
    expect(net.b.stats.rxCrcErrors).toBeGreaterThanOrEqual(corrupted - lost.WIRE_LOSS);
    expect(net.b.stats.rxPackets + net.b.stats.rxCrcErrors).toBe(delivered);
    net.close();
    return log;
  }

  it('any impairment: the same seed gives the same trace, frames are counted, nothing is left', () => {
    fc.assert(
      fc.property(fc.integer(), impairments(), (seed, settings) => {
        expect(trace(seed, settings, 30)).toEqual(trace(seed, settings, 30));
      }),
    );
  });

  it('another seed gives another trace', () => {
    const settings = { loss: 0.3, jitter: 50, corrupt: 0.2, duplicate: 0.2, reorder: 0.2 };
    expect(trace(1, settings, 50)).not.toEqual(trace(2, settings, 50));
  });
});

describe('rings by hand', () => {
  it('any geometry through push and pull alone', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(1000), layout()), { maxLength: 6 }), (packets) => {
        const clock = new VirtualClock();
        const pool = new Pool({ poison: true });
        const quiet = { clock, pool, interrupt: () => {}, memory: new Memory() };
        const a = new Nic({ ...quiet, address: 2 });
        const b = new Nic({ ...quiet, address: 2 });
        const wire = new Wire({ clock, a, b });
        const sent = packets.map(([payload]) => padded(frameBytes(payload, 2)));
        for (const [payload, where] of packets) {
          expect(push(a.tx, scattered(pool, frameBytes(payload, 2), where))).toBe(0);
        }
        clock.run();
        const got: Uint8Array[] = [];
        for (let skb = pull(b.rx); skb !== undefined; skb = pull(b.rx)) {
          got.push(skb.toBytes());
          skb.free();
        }
        let reaped = 0;
        for (let skb = pull(a.tx); skb !== undefined; skb = pull(a.tx)) {
          reaped++;
          skb.free();
        }
        expect(got).toEqual(sent);
        expect(reaped).toBe(sent.length);
        wire.close();
        a.close();
        b.close();
        expectAtRest(pool);
        expect(quiet.memory.mapped).toBe(0);
      }),
    );
  });
});

describe('hostile descriptors', () => {
  it('any bytes in both rings, any tails: no exception, no hang, no leak, and traffic goes on', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.nat(15), fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.boolean(), fc.nat(20)),
          { maxLength: 20 },
        ),
        (writes) => {
          const net = bench({ both: { txRing: 16, rxRing: 16 } });
          for (const [index, bytes, isTx, tail] of writes) {
            const ring = isTx ? net.a.tx : net.b.rx;
            ring.bytes.set(bytes, index * 16);
            ring.tail = tail;
            net.a.xmit(packet(net.poolA, frameBytes(100)));
            net.clock.run();
          }
          net.close();
        },
      ),
    );
  });
});
