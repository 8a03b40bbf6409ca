import { Pool, SKB_GSO_TCP_ECN, SKB_GSO_TCPV4, SKB_GSO_UDP_L4, type SkBuff } from '@stack/skbuff';
import { describe, expect, it } from 'vitest';
import { BUSY, type Features, OK } from './core.ts';
import { bench, expectAtRest, frameBytes, HEADERS, packet, segmentTest, superPacket } from './fixture.ts';

const FLAT = { headroom: 16, linear: 4000, frags: [] };

describe('segmentation', () => {
  function cut(
    features: Partial<Features>,
    change: (skb: SkBuff) => void = () => {},
  ): ReturnType<typeof bench> {
    const net = bench({ a: { features, segment: segmentTest } });
    const skb = superPacket(net.poolA, frameBytes(5000).subarray(14), 1400, FLAT);
    change(skb);
    expect(net.a.xmit(skb)).toBe(OK);
    net.clock.run();
    return net;
  }

  it('by the device: one context, the headers read once', () => {
    const net = cut({});
    expect(net.received.map((bytes) => bytes.byteLength)).toEqual([1454, 1454, 1454, HEADERS + 800]);
    expect(net.a.ethtool).toMatchObject({
      tx_tcp_seg_good: 1,
      swSegmented: 0,
      dmaGathers: 4,
      dmaHeaderBytes: 54,
    });
    expect(net.a.stats.txPackets).toBe(4);
    net.close();
  });

  it('in software without tso, without tx, and for what the device cannot', () => {
    for (const features of [{ tso: false }, { tx: false }]) {
      const net = cut(features);
      expect(net.a.ethtool).toMatchObject({ tx_tcp_seg_good: 0, swSegmented: 1 });
      expect(net.a.ethtool.swChecksummed).toBe('tx' in features ? 4 : 0);
      net.close();
    }
    for (const gsoType of [SKB_GSO_TCPV4 | SKB_GSO_TCP_ECN, SKB_GSO_UDP_L4]) {
      const net = cut({}, (skb) => {
        skb.gsoType = gsoType;
      });
      expect(net.a.ethtool).toMatchObject({ tx_tcp_seg_good: 0, swSegmented: 1 });
      expect(net.received.length).toBe(4);
      net.close();
    }
  });

  it('a super-packet nobody can cut is counted and freed', () => {
    for (const [segment, features] of [
      [undefined, {}],
      [() => undefined, {}],
      [() => [], {}],
      [() => undefined, { tso: false }],
      [
        () => {
          throw new RangeError('no');
        },
        {},
      ],
      [
        () => {
          throw new RangeError('no');
        },
        { tso: false },
      ],
    ] as const) {
      const net = bench({ a: { features, segment: segment as never } });
      net.a.xmit(superPacket(net.poolA, new Uint8Array(3000), 1000, FLAT));
      net.clock.run();
      expect(net.a.drops.NIC_TX_SEGMENT).toBe(1);
      expect(net.a.ethtool.tx_tcp_seg_failed).toBe(1);
      net.close();
    }
  });

  it('segments beyond the MTU are refused: by the device as a whole, in software one by one', () => {
    for (const tso of [true, false]) {
      const net = bench({ a: { features: { tso }, segment: segmentTest } });
      net.a.xmit(superPacket(net.poolA, new Uint8Array(5000), 2000, FLAT));
      net.clock.run();
      expect(net.a.drops.NIC_TX_LONG).toBe(tso ? 1 : 2);
      net.close();
    }
  });

  it('the owner hears of a super-packet once, when the last segment is done with', () => {
    for (const tso of [true, false]) {
      const net = bench({ a: { features: { tso }, segment: segmentTest } });
      const skb = superPacket(net.poolA, new Uint8Array(5000), 1400, FLAT);
      const { truesize } = skb;
      const heard: number[] = [];
      skb.destructor = (one) => heard.push(one.truesize);
      net.a.xmit(skb);
      expect(heard).toEqual([]);
      net.clock.run();
      expect(heard).toEqual([truesize]);
      net.close();
    }
  });

  it('headers longer than a context can say are cut in software', () => {
    const net = bench({ a: { segment: segmentTest } });
    const skb = superPacket(net.poolA, new Uint8Array(3000), 1000, FLAT);
    skb.transportHeader = skb.data + 234;
    skb.view.setUint8(skb.transportHeader + 12, 0x50);
    skb.csumStart = skb.transportHeader;
    net.a.xmit(skb);
    net.clock.run();
    expect(net.a.ethtool).toMatchObject({ tx_tcp_seg_good: 0, swSegmented: 1 });
    expect(net.received.map((bytes) => bytes.byteLength)).toEqual([1254, 1254, 254 + 800]);
    net.close();
  });

  it('nothing overtakes segments that wait for room', () => {
    const net = bench({ a: { features: { tso: false }, segment: segmentTest, txRing: 16 } });
    net.a.xmit(superPacket(net.poolA, new Uint8Array(30_000), 1400, FLAT));
    const small = packet(net.poolA, frameBytes(46));
    expect(net.a.xmit(small)).toBe(BUSY);
    net.a.wake = () => net.a.xmit(small);
    net.clock.run();
    expect(net.received.length).toBe(23);
    expect(net.received[22]).toEqual(frameBytes(46));
    net.close();
  });

  it('64 KiB through a ring of eight descriptors', () => {
    for (const tso of [true, false]) {
      const net = bench({ a: { features: { tso }, segment: segmentTest, txRing: 8 } });
      const frags = Array.from({ length: 9 }, () => ({ length: 6000, user: true, skip: 1 }));
      net.a.xmit(superPacket(net.poolA, new Uint8Array(60_000), 1400, { headroom: 0, linear: 100, frags }));
      net.clock.run();
      expect(net.received.length).toBe(43);
      expect(net.a.ethtool.txLinearized).toBe(tso ? 1 : 0);
      net.close();
    }
  });

  it('a segment whose checksum lies in front of it is sent without, and nothing in front of it is written', () => {
    const net = bench({
      a: {
        segment(skb) {
          const parts = segmentTest(skb);
          for (const part of parts ?? []) part.csumStart = part.data - 40;
          return parts;
        },
      },
    });
    net.a.xmit(superPacket(net.poolA, new Uint8Array(3000), 1000, FLAT));
    net.clock.run();
    expect(net.a.ethtool.badDescriptors).toBe(3);
    expect(net.received.length).toBe(3);
    net.close();
  });

  it('a super-packet of very many segments without memory for any of them', () => {
    const pool = new Pool();
    let starving = false;
    const { page } = pool;
    pool.page = (size) => (starving ? undefined : page.call(pool, size));
    const net = bench({
      a: {
        pool,
        segment(skb) {
          const parts = segmentTest(skb);
          starving = true;
          return parts;
        },
      },
    });
    net.a.xmit(superPacket(pool, new Uint8Array(40_000), 1, FLAT));
    net.clock.run();
    expect(net.a.drops.NIC_TX_NOMEM).toBe(40_000);
    net.close();
    expectAtRest(pool);
  });
});
