import { segmentGso } from '@stack/host';
import { Nic, OK, VirtualClock, Wire } from '@stack/nic-sim';
import { Pool, SKB_GSO_TCPV4, type SkBuff } from '@stack/skbuff';
import { build, shapeBytes } from '@stack/skbuff/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { down, type Received, up } from '../src/pipeline.ts';
import { headers, packets, sameHeaders } from './arbitraries.ts';

/** Two cards and a wire; what arrives is kept. */
function link(
  pools: [Pool, Pool],
  features: Record<string, boolean>,
): { clock: VirtualClock; a: Nic; arrived: SkBuff[]; close: () => void } {
  const clock = new VirtualClock();
  const arrived: SkBuff[] = [];
  const a = new Nic({
    clock,
    pool: pools[0],
    address: 0x02_00_00_00_00_0a,
    segment: segmentGso,
    receive: (skb) => skb.free(),
    features,
  });
  const b = new Nic({
    clock,
    pool: pools[1],
    address: 0x02_00_00_00_00_64,
    receive: (skb) => arrived.push(skb),
    features,
  });
  b.filter.promiscuous = true;
  new Wire({ clock, a, b, seed: 1 });
  return {
    clock,
    a,
    arrived,
    close: () => {
      a.close();
      b.close();
    },
  };
}

/** The out-of-band tag that a card stripped, put back in front. */
function withTag(received: Received, skb: SkBuff): Received {
  if (skb.vlanProto === 0) return received;
  const tag = { tpid: skb.vlanProto, tci: skb.vlanTci };
  return { ...received, ethernet: { ...received.ethernet, tags: [tag, ...received.ethernet.tags] } };
}

describe('down to the ring, over the wire, and up', () => {
  const features = fc.record(
    { tx: fc.boolean(), rx: fc.boolean(), tso: fc.boolean(), rxvlan: fc.boolean(), txvlan: fc.boolean() },
    { noNullPrototype: true },
  );

  it('any payload, any headers, any offloads: same headers, same bytes, nothing left in either pool', () => {
    fc.assert(
      fc.property(headers, packets, features, (sent, packet, switches) => {
        const pools: [Pool, Pool] = [new Pool({ poison: true }), new Pool({ poison: true })];
        const { clock, a, arrived, close } = link(pools, switches);
        const skb = build(pools[0], packet);
        down(skb, sent);
        expect(a.xmit(skb)).toBe(OK);
        clock.run();
        expect(arrived).toHaveLength(1);
        const [got] = arrived as [SkBuff];
        sameHeaders(withTag(up(got), got), sent);
        expect(got.toBytes()).toEqual(shapeBytes(packet));
        got.free();
        close();
        for (const { stats } of pools) expect(stats).toMatchObject({ inUse: 0, skbs: 0 });
      }),
    );
  });

  it('any super-packet: its segments arrive in order, verify, and carry the same bytes', () => {
    fc.assert(
      fc.property(
        headers,
        packets,
        features,
        fc.integer({ min: 8, max: 300 }),
        (sent, packet, switches, gsoSize) => {
          const pools: [Pool, Pool] = [new Pool({ poison: true }), new Pool({ poison: true })];
          const { clock, a, arrived, close } = link(pools, switches);
          const skb = build(pools[0], packet);
          skb.gsoSize = gsoSize;
          skb.gsoSegs = Math.ceil(skb.len / gsoSize);
          skb.gsoType = SKB_GSO_TCPV4;
          down(skb, sent);
          expect(a.xmit(skb)).toBe(OK);
          clock.run();
          const bytes: number[] = [];
          let next = sent.tcp.seq;
          for (const got of arrived) {
            const { tcp: segment } = withTag(up(got), got);
            expect(segment.seq).toBe(next);
            next = (next + got.len) >>> 0;
            bytes.push(...got.toBytes());
            got.free();
          }
          expect(bytes).toEqual([...shapeBytes(packet)]);
          close();
          for (const { stats } of pools) expect(stats).toMatchObject({ inUse: 0, skbs: 0 });
        },
      ),
    );
  });
});
