import {
  CHECKSUM_COMPLETE,
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  PACKET_HOST,
  Pool,
  type SkBuff,
  wrap,
} from '@stack/skbuff';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from './clock.ts';
import { type Features, OK } from './core.ts';
import { bench, expectAtRest, frameBytes, MAC_A, packet } from './fixture.ts';
import { Frame } from './frame.ts';
import { Nic } from './nic.ts';
import type { NicOptions } from './nic-options.ts';
import type { TraceEvent } from './trace.ts';

describe('Nic', () => {
  it('has the shape of a device', () => {
    const net = bench({ a: { ifindex: 3, gsoMaxSegs: 44 } });
    expect(net.a).toMatchObject({
      ifindex: 3,
      name: 'a',
      type: 'ether',
      mtu: 1500,
      address: MAC_A,
      gsoMaxSize: 65_536,
      gsoMaxSegs: 44,
      wake: undefined,
      carrierUp: true,
    });
    expect(net.a.features).toEqual({
      rx: true,
      tx: true,
      tso: true,
      rxvlan: true,
      txvlan: true,
      'rx-fcs': false,
      'rx-all': false,
    });
    net.close();
  });

  it('hands a packet up with all that a host needs', () => {
    let seen: SkBuff | undefined;
    const net = bench({
      both: { ifindex: 7 },
      b: {
        receive(skb) {
          seen = skb;
        },
      },
      wire: { delay: 5 },
    });
    net.a.xmit(packet(net.poolA, frameBytes(100)));
    net.clock.run();
    const skb = seen as SkBuff;
    expect(skb.dev).toBe(net.b);
    expect(skb).toMatchObject({
      ifindex: 7,
      pktType: PACKET_HOST,
      ipSummed: CHECKSUM_COMPLETE,
      nrFrags: 0,
      headroom: 66,
      protocol: 0,
      vlanProto: 0,
    });
    expect(skb.macHeader).toBe(skb.data);
    expect(skb.tstamp).toBe(net.clock.now());
    expect(skb.page.size).toBe(2048); // the whole page is the packet's, no view into the ring
    skb.free();
    net.close();
  });

  it('a packet kept does not change when the ring goes round', () => {
    const kept: SkBuff[] = [];
    const net = bench({ both: { rxRing: 8 }, b: { receive: (skb) => void kept.push(skb) } });
    for (let i = 0; i < 40; i++) net.a.xmit(packet(net.poolA, frameBytes(60 + i)));
    net.clock.run();
    expect(kept.map((skb) => skb.toBytes())).toEqual(
      Array.from({ length: 40 }, (_, i) => frameBytes(60 + i)),
    );
    for (const skb of kept) skb.free();
    net.close();
  });

  it('counts packets and bytes as ip -s link does: padded, without FCS, tags included', () => {
    const net = bench();
    net.a.xmit(packet(net.poolA, frameBytes(1)));
    const tagged = packet(net.poolA, frameBytes(100));
    [tagged.vlanProto, tagged.vlanTci] = [0x8100, 5];
    net.a.xmit(tagged);
    net.clock.run();
    expect(net.a.stats).toMatchObject({ txPackets: 2, txBytes: 60 + 118, txErrors: 0, txDropped: 0 });
    expect(net.b.stats).toMatchObject({ rxPackets: 2, rxBytes: 60 + 118, rxErrors: 0, rxDropped: 0 });
    expect(net.b.stats.collisions).toBe(0);
    expect(net.a.ethtool).toMatchObject({ dmaGathers: 2, dmaGatherBytes: 15 + 118 });
    expect(net.b.ethtool).toMatchObject({
      dmaScatters: 2,
      dmaScatterBytes: 60 + 114,
      rx_csum_offload_good: 2,
    });
    net.close();
  });

  it("sends a user's own bytes by reference, mapped for the time of the transmission", () => {
    const net = bench();
    const rest = net.a.memory.mapped;
    const bytes = frameBytes(1000);
    expect(net.a.xmit(wrap(bytes))).toBe(OK);
    expect(net.a.memory.mapped).toBe(rest + 1);
    net.clock.run();
    expect(net.a.memory.mapped).toBe(rest);
    expect(net.received).toEqual([bytes]);
    net.close();
  });

  it.each([
    ['shorter than a header', frameBytes(0).subarray(0, 13), 'NIC_TX_SHORT'],
    ['longer than the MTU', frameBytes(1501), 'NIC_TX_LONG'],
    ['longer than the MTU with a tag in it', frameBytes(1505, 0x02_00_00_00_00_0b, 0x8100), 'NIC_TX_LONG'],
  ] as const)('counts a packet %s', (_name, bytes, drop) => {
    const net = bench();
    expect(net.a.xmit(packet(net.poolA, bytes))).toBe(OK);
    net.clock.run();
    expect(net.a.drops[drop]).toBe(1);
    expect(net.a.stats).toMatchObject({ txErrors: 1, txPackets: 0 });
    expect(net.received).toEqual([]);
    net.close();
  });

  it('a tag in the packet may exceed the MTU by its four bytes; the MTU can be changed', () => {
    const net = bench();
    net.a.xmit(packet(net.poolA, frameBytes(1504, 0x02_00_00_00_00_0b, 0x88a8)));
    net.a.mtu = 9000;
    net.b.mtu = 9000;
    net.a.xmit(packet(net.poolA, frameBytes(9000)));
    net.clock.run();
    expect(net.received.map((bytes) => bytes.byteLength)).toEqual([1518, 9014]);
    net.b.mtu = 1500;
    net.a.xmit(packet(net.poolA, frameBytes(2000)));
    net.clock.run();
    expect(net.b.stats).toMatchObject({ rxErrors: 1, rxLengthErrors: 1 });
    expect(net.b.ethtool.rx_long_length_errors).toBe(1);
    expect(net.b.drops.NIC_RX_LONG).toBe(1);
    for (const mtu of [67, 16_111, 1500.5, Number.NaN]) {
      expect(() => {
        net.a.mtu = mtu;
      }).toThrow(RangeError);
    }
    net.close();
  });

  it.each([true, false])(
    'one tag over the MTU, wherever it is, and both ends agree (txvlan %s)',
    (txvlan) => {
      const net = bench({ a: { features: { txvlan } } });
      const rows: [payload: number, inBand: number, outOfBand: number, sent: boolean][] = [
        [1500, 0, 0x8100, true],
        [1500, 0, 0x88a8, true],
        [1504, 0x8100, 0, true],
        [1500, 0x8100, 0x88a8, true], // the inner tag counts to the payload
        [1504, 0x8100, 0x8100, false],
        [1504, 0x8100, 0x88a8, false],
        [1504, 0x88a8, 0x8100, false],
        [1501, 0, 0x8100, false],
        [1508, 0x88a8, 0, false],
      ];
      for (const [payload, inBand, outOfBand] of rows) {
        const skb = packet(net.poolA, frameBytes(payload, undefined, inBand === 0 ? 0x0800 : inBand));
        if (outOfBand !== 0) [skb.vlanProto, skb.vlanTci] = [outOfBand, 5];
        net.a.xmit(skb);
      }
      net.clock.run();
      const sent = rows.filter((row) => row[3]).length;
      expect(net.a.drops.NIC_TX_LONG).toBe(rows.length - sent);
      expect(net.b.drops.NIC_RX_LONG).toBe(0);
      expect(net.received.length).toBe(sent);
      net.close();
    },
  );

  it('counts what a packet was stored as, whatever the features are when it is polled', () => {
    const net = bench({ both: { features: { 'rx-fcs': true } }, b: { interrupt: () => {} } });
    net.a.xmit(packet(net.poolA, frameBytes(100)));
    net.clock.run();
    net.b.setFeatures({ 'rx-fcs': false, rx: false });
    net.a.xmit(packet(net.poolA, frameBytes(100)));
    net.clock.run();
    net.b.setFeatures({ 'rx-fcs': true, rx: true });
    expect(net.b.poll(64)).toBe(2);
    expect(net.received.map((bytes) => bytes.byteLength)).toEqual([118, 114]);
    expect(net.b.stats).toMatchObject({ rxPackets: 2, rxBytes: 2 * 114 });
    expect(net.b.ethtool.rx_csum_offload_good).toBe(1);
    net.close();
  });

  it('rx-all: a bad frame is a packet, as it is delivered, and an error of its kind, as in Linux', () => {
    const net = bench({ b: { features: { 'rx-all': true } }, wire: { aToB: { corrupt: 1 } } });
    net.a.xmit(packet(net.poolA, frameBytes(100)));
    net.clock.run();
    net.b.arrive(Frame.of(net.poolA, frameBytes(20)) as Frame);
    net.b.arrive(Frame.of(net.poolA, frameBytes(1600)) as Frame);
    net.clock.run();
    expect(net.received.map((bytes) => bytes.byteLength)).toEqual([114, 34, 1614]);
    expect(net.b.stats).toMatchObject({
      rxPackets: 3,
      rxBytes: 114 + 34 + 1614,
      rxErrors: 3,
      rxCrcErrors: 1,
      rxLengthErrors: 2,
    });
    net.close();
  });

  it('counts a checksum that lies outside the packet', () => {
    const net = bench();
    for (const [start, offset] of [
      [-1, 0],
      [14, 99],
      [113, 0],
      [14, -1],
    ] as const) {
      const skb = packet(net.poolA, frameBytes(100));
      skb.ipSummed = CHECKSUM_PARTIAL;
      skb.csumStart = skb.data + start;
      skb.csumOffset = offset;
      expect(net.a.xmit(skb)).toBe(OK);
    }
    expect(net.a.drops.NIC_TX_CSUM_RANGE).toBe(4);
    net.close();
  });

  it('a checksum beyond the reach of a context is completed in software', () => {
    const net = bench();
    for (const offset of [200, 300]) {
      const skb = packet(net.poolA, frameBytes(1000));
      skb.ipSummed = CHECKSUM_PARTIAL;
      skb.csumStart = skb.data + offset;
      skb.csumOffset = 6;
      net.a.xmit(skb);
    }
    net.clock.run();
    expect(net.a.ethtool.swChecksummed).toBe(1);
    expect(net.received.length).toBe(2);
    net.close();
  });

  it('rx off: no sum; rx-fcs: the FCS stays; rx-all: damaged frames come up, too', () => {
    const states: number[] = [];
    const lengths: number[] = [];
    const net = bench({
      b: {
        receive(skb) {
          states.push(skb.ipSummed);
          lengths.push(skb.len);
          skb.free();
        },
      },
      wire: { corrupt: 1 },
    });
    const send = (features: Partial<Features>): void => {
      net.b.setFeatures(features);
      net.a.xmit(packet(net.poolA, frameBytes(100)));
      net.clock.run();
    };
    send({});
    expect(states).toEqual([]);
    send({ 'rx-all': true });
    expect(states).toEqual([CHECKSUM_NONE]);
    expect(lengths).toEqual([114]);
    expect(net.b.ethtool.rx_csum_offload_errors).toBe(1);
    send({ 'rx-fcs': true });
    expect(lengths).toEqual([114, 118]);
    expect(net.b.stats).toMatchObject({ rxCrcErrors: 3, rxErrors: 3, rxPackets: 2, rxBytes: 2 * 114 });
    net.close();

    const clean = bench({
      both: { features: { rx: false } },
      b: { receive: (skb) => void states.push(skb.ipSummed) },
    });
    clean.a.xmit(packet(clean.poolA, frameBytes(100)));
    clean.clock.run();
    expect(states[2]).toBe(CHECKSUM_NONE);
    expect(clean.b.ethtool.rx_csum_offload_good).toBe(0);
  });

  it('without a receiver packets are counted', () => {
    const clock = new VirtualClock();
    const pool = new Pool({ poison: true });
    const net = bench();
    net.close();
    const lonely = new Nic({ clock, pool, address: 2 });
    expect(lonely.xmit(packet(pool, frameBytes(60)))).toBe(OK);
    expect(lonely.drops.NIC_NO_CARRIER).toBe(1);
    expect(lonely.stats).toMatchObject({ txCarrierErrors: 1, txErrors: 1 });
    lonely.close();
    expect(lonely.xmit(packet(pool, frameBytes(60)))).toBe(OK);
    expect(lonely.drops.NIC_CLOSED).toBe(1);
    expect(lonely.stats.txDropped).toBe(1);
    expect(lonely.poll(64)).toBe(0);
    lonely.close();
    expectAtRest(pool);

    const deaf = bench({ b: { receive: undefined as never } });
    deaf.a.xmit(packet(deaf.poolA, frameBytes(60)));
    deaf.clock.run();
    expect(deaf.b.stats).toMatchObject({ rxDropped: 1, rxNohandler: 1, rxPackets: 1 });
    expect(deaf.b.drops.NIC_RX_NO_HANDLER).toBe(1);
    deaf.close();
  });

  it.each([
    { mtu: 10 },
    { rxRing: 7 },
    { txRing: 12 },
    { txRing: 8192 },
    { rxHeadroom: -1 },
    { rxHeadroom: 1025 },
    { itr: -1 },
    { address: -1 },
    { features: { gro: true } as never },
  ] satisfies Partial<NicOptions>[])('refuses %o', (options) => {
    expect(() => bench({ both: options })).toThrow(RangeError);
  });

  it('refuses a feature it does not know', () => {
    const net = bench();
    expect(() => net.a.setFeature('gro' as never, true)).toThrow(RangeError);
    net.a.setFeature('tso', false);
    expect(net.a.features.tso).toBe(false);
    net.close();
  });
});

describe('trace', () => {
  it('tells the path of one packet in order', () => {
    const events: TraceEvent[] = [];
    const trace = (event: TraceEvent): void => void events.push(event);
    const net = bench({ both: { trace }, wire: { delay: 5 } });
    events.length = 0;
    net.a.xmit(packet(net.poolA, frameBytes(46)));
    net.clock.run();
    expect(events.map((event) => `${event.time} ${event.nic} ${event.kind}`)).toEqual([
      '0 a post',
      '0 a doorbell',
      '0 a dma-read',
      '0 a write-back',
      '0 a wire',
      '0 a interrupt',
      '0 a poll',
      '6 b arrive',
      '6 b dma-write',
      '6 b write-back',
      '6 b interrupt',
      '6 b post',
      '6 b doorbell',
      '6 b poll',
    ]);
    net.close();
  });
});
