import { appendRange, type Pool, type SkBuff } from '@stack/skbuff';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode } from '../header.ts';
import { options } from '../testing.ts';
import { IP_PMTUDISC_DONT } from './constants.ts';
import { ip4, packet, type Toy, type ToyDevice, World } from './fixture.ts';
import { InetSock } from './inet-sock.ts';

function pair(mtu: number): { world: World; a: Toy; b: Toy } {
  const world = new World();
  const lan = world.lan();
  const [a, b] = ['a', 'b'].map((name, i) => {
    const host = world.host(name);
    host.device('eth0', { lan, mtu }, { local: ip4(`10.0.0.${i + 1}`), prefixLength: 24 });
    return host;
  }) as [Toy, Toy];
  return { world, a, b };
}

const bytes = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff);

describe('fragmentation', () => {
  it('every packet fits, offsets are multiples of eight, and the other end has the datagram', () => {
    fc.assert(
      fc.property(fc.integer({ min: 68, max: 2000 }), fc.nat(20_000), fc.nat(3), (mtu, length, cuts) => {
        const { world, a, b } = pair(mtu);
        const inet = new InetSock(IP_PMTUDISC_DONT);
        const dst = a.route(ip4('10.0.0.2'));
        if (typeof dst === 'string') throw new Error(dst);
        const skb = scattered(a.pool, bytes(length), cuts);
        const sk = {
          saddr: dst.src,
          daddr: dst.daddr,
          protocol: 17,
          tos: 0,
          ttl: -1,
          mark: 0,
          priority: 0,
          inet,
        };
        expect(a.ip.sendSkb(world.now, skb, dst, sk)).toBe(0);
        world.settle();
        for (const { bytes: sent } of a.output) expect(sent.length).toBeLessThanOrEqual(mtu);
        const headers = a.output.map(({ bytes: sent }) => decode(sent));
        expect(new Set(headers.map(({ id }) => id)).size).toBe(1);
        expect(headers.filter(({ flags }) => (flags & 1) === 0)).toHaveLength(1);
        expect(b.delivered.map(({ payload }) => payload)).toEqual([bytes(length)]);
        if (length + 20 > mtu) {
          expect(a.ip.mib.Ip).toMatchObject({ FragOKs: 1, FragCreates: headers.length, FragFails: 0 });
        }
        world.finish();
      }),
    );
  });

  it('of a fragment again gives fragments of the same datagram', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 68, max: 900 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 4000 }),
        options({ maxOptions: 24 }),
        (mtus, length, list) => {
          const data = bytes(length);
          const world = new World();
          const last = mtus.reduce(
            (packets, mtu) => packets.flatMap((one) => forwardOver(world, one, mtu)),
            [packet({ saddr: '10.9.0.2', daddr: '10.1.0.2', id: 7, options: list }, data)],
          );
          const whole = new Uint8Array(length);
          for (const one of last) {
            const header = decode(one);
            whole.set(one.subarray(header.ihl * 4), header.fragOff * 8);
          }
          expect(whole).toEqual(data);
          expect(last.reduce((sum, one) => sum + one.length - decode(one).ihl * 4, 0)).toBe(length);
          world.finish();
        },
      ),
    );
  });
});

/** The packets that leave by a link of `mtu`. */
function forwardOver(world: World, one: Uint8Array, mtu: number): Uint8Array[] {
  const router = world.host('r');
  router.device('in', { mtu: 65_535 }, { local: ip4('10.0.0.1'), prefixLength: 24 });
  router.device('out', { mtu }, { local: ip4('10.1.0.1'), prefixLength: 24 });
  router.conf('in').forwarding = 1;
  router.ip.register(1, undefined);
  // Options that no router takes are refused before: those are not this law's.
  router.inject(one, 2);
  return router.output.length === 0 ? [one] : router.output.map(({ bytes: sent }) => sent);
}

/** A packet with `linear` bytes in its head and the others in `cuts + 1` frags. */
function apart(pool: Pool, data: Uint8Array, linear: number, cuts: number): SkBuff {
  const whole = pool.alloc(data.length) as SkBuff;
  whole.putData(data);
  const front = Math.min(linear, data.length);
  const skb = pool.alloc(front, 16) as SkBuff;
  skb.putData(data.subarray(0, front));
  const step = Math.ceil((data.length - front) / (cuts + 1)) || 1;
  for (let at = front; at < data.length; at += step) {
    appendRange(skb, whole, at, Math.min(step, data.length - at));
  }
  whole.free();
  return skb;
}

/** The same bytes in a head and some frags. */
function scattered(pool: Pool, data: Uint8Array, cuts: number): SkBuff {
  const skb = pool.alloc(64, 96) as SkBuff;
  const whole = pool.alloc(data.length) as SkBuff;
  whole.putData(data);
  const step = Math.ceil(data.length / (cuts + 1)) || 1;
  const front = Math.min(cuts === 0 ? 0 : 10, data.length);
  skb.putData(data.subarray(0, front));
  for (let at = front; at < data.length; at += step) {
    appendRange(skb, whole, at, Math.min(step, data.length - at));
  }
  whole.free();
  skb.transportHeader = skb.data;
  return skb;
}

describe('reassembly', () => {
  const world = new World();
  const host = world.host('a');
  const eth: ToyDevice = host.device('eth0', {}, { local: ip4('10.0.0.1'), prefixLength: 24 });
  let id = 0;

  /** Pieces of a datagram of `length` bytes, cut at multiples of eight. */
  const split = fc
    .tuple(fc.integer({ min: 2, max: 300 }), fc.array(fc.nat(298), { maxLength: 20 }), fc.nat(7))
    .map(([units, cuts, rest]) => {
      const length = units * 8 - rest;
      const at = [...new Set([0, ...cuts.map((cut) => (1 + (cut % (units - 1))) * 8)])].sort((a, b) => a - b);
      return { length, pieces: at.map((from, i) => [from, at[i + 1] ?? length] as const) };
    })
    .filter(({ pieces }) => pieces.length > 1);

  const inject = (length: number, [from, to]: readonly [number, number]): void => {
    const part = {
      saddr: '10.0.0.2',
      daddr: '10.0.0.1',
      id,
      flags: to === length ? 0 : 1,
      fragOff: from / 8,
    };
    host.inject(packet(part, bytes(length).subarray(from, to)), eth.ifindex);
  };

  it('any split, in any order, with any of them twice, is the datagram', () => {
    fc.assert(
      fc.property(
        split.chain((one) =>
          fc.tuple(
            fc.constant(one),
            fc.shuffledSubarray([...one.pieces], { minLength: one.pieces.length }),
            fc.nat(19),
          ),
        ),
        ([{ length }, order, twice]) => {
          id = (id + 1) & 0xffff;
          host.delivered.length = 0;
          const last = order.at(-1)!;
          const before = order.slice(0, -1);
          for (const piece of before) inject(length, piece);
          inject(length, before[twice % before.length]!);
          expect(host.delivered).toEqual([]);
          inject(length, last);
          expect(host.delivered.map(({ payload }) => payload)).toEqual([bytes(length)]);
          expect(host.ip.reassembly).toMatchObject({ count: 0, memory: 0 });
          expect(world.pending).toBe(0);
        },
      ),
    );
  });

  it('of packets that lie anywhere, and that others see too, is by reference or by copy', () => {
    const layout = fc.record({
      linear: fc.nat(60),
      cuts: fc.nat(4),
      shared: fc.boolean(),
      held: fc.boolean(),
    });
    fc.assert(
      fc.property(
        split,
        fc.array(layout, { minLength: 21, maxLength: 21 }),
        ({ length, pieces }, layouts) => {
          id = (id + 1) & 0xffff;
          host.delivered.length = 0;
          const others: SkBuff[] = [];
          pieces.forEach(([from, to], i) => {
            const { linear, cuts, shared, held } = layouts[i]!;
            const part = {
              saddr: '10.0.0.2',
              daddr: '10.0.0.1',
              id,
              flags: to === length ? 0 : 1,
              fragOff: from / 8,
            };
            const skb = apart(host.pool, packet(part, bytes(length).subarray(from, to)), linear, cuts);
            skb.ifindex = eth.ifindex;
            if (shared) others.push(skb.clone());
            host.ip.receive(world.now, skb);
            if (held && i < pieces.length - 1) others.push(skb.get());
          });
          const before = others.map((one) => one.toBytes());
          expect(host.delivered.map(({ payload }) => payload)).toEqual([bytes(length)]);
          for (const [i, one] of others.entries()) {
            expect(one.toBytes()).toEqual(before[i]);
            one.free();
          }
          expect(host.pool.stats).toMatchObject({ inUse: 0, skbs: 0 });
        },
      ),
    );
  });

  it('any overlap that is no repetition is refused with all of the datagram', () => {
    fc.assert(
      fc.property(split, fc.nat(19), fc.boolean(), ({ length, pieces }, which, front) => {
        id = (id + 1) & 0xffff;
        host.delivered.length = 0;
        const index = which % (pieces.length - 1);
        const [, middle] = pieces[index]!;
        // Across a border, and one end of it in a gap: no run has all its bytes.
        const end = Math.min(middle + 8, length);
        const across: readonly [number, number] = [middle - 8, end];
        fc.pre(middle > 8 || end < length); // that would be no fragment, but all of it
        const gap = front ? index + 1 : index;
        for (let i = 0; i < pieces.length; i++) if (i !== gap) inject(length, pieces[i]!);
        const { ReasmOverlaps } = host.ip.mib.IpExt;
        inject(length, across);
        expect(host.ip.mib.IpExt.ReasmOverlaps).toBe(ReasmOverlaps + 1);
        expect(host.ip.reassembly).toMatchObject({ count: 0, memory: 0 });
        inject(length, pieces[gap]!);
        expect(host.delivered).toEqual([]);
        host.ip.reassembly.purge();
      }),
    );
  });

  it('any fragments at all leave the books balanced', () => {
    const spec = fc.tuple(fc.nat(0x1fff), fc.nat(40), fc.nat(7), fc.nat(3));
    fc.assert(
      fc.property(fc.array(spec, { maxLength: 30 }), (specs) => {
        for (const [fragOff, length, flags, ident] of specs) {
          const part = { saddr: '10.0.0.2', daddr: '10.0.0.1', id: ident, flags, fragOff: fragOff & 7 };
          host.inject(packet(part, bytes(length)), eth.ifindex);
        }
        host.ip.reassembly.purge();
        expect(host.ip.reassembly).toMatchObject({ count: 0, memory: 0 });
        expect(host.pool.stats).toMatchObject({ inUse: 0, skbs: 0 });
      }),
    );
  });
});
