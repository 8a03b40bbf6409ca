import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import {
  appendRange,
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  checksumHelp,
  Pool,
  SKB_GSO_DODGY,
  SKB_GSO_TCP_ECN,
  SKB_GSO_TCP_FIXEDID,
  SKB_GSO_TCPV4,
  SKB_GSO_TCPV6,
  SKB_GSO_UDP_L4,
  type SkBuff,
} from '@stack/skbuff';
import { csumAdd, csumSkb, pseudoIpv4 } from '@stack/skbuff/checksum';
import * as tcp from '@stack/tcp';
import * as udp from '@stack/udp';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type GsoDevice, segmentGso, validateXmit } from './gso.ts';

const SADDR = 0x0a00_0001;
const DADDR = 0x0a00_0002;

interface Shape {
  payload: number;
  flags: number;
  isUdp: boolean;
  tags: ethernet.Tag[];
  ipOptions: ipv4.Option[];
  gsoSize: number;
  gsoType: number;
}

const SHAPE: Shape = {
  payload: 250,
  flags: tcp.ACK | tcp.PSH,
  isUdp: false,
  tags: [],
  ipOptions: [],
  gsoSize: 100,
  gsoType: SKB_GSO_TCPV4,
};

/** A super-packet as TCP or UDP sends it, its payload in frags behind the headers. */
function superPacket(pool: Pool, change: Partial<Shape> = {}): SkBuff {
  const shape = { ...SHAPE, ...change };
  const { payload } = shape;
  const skb = pool.alloc(0, 128) as SkBuff;
  const data = pool.alloc(payload) as SkBuff;
  const at = data.put(payload);
  for (let i = 0; i < payload; i++) data.bytes[at + i] = i * 3;
  skb.addFrag(data.page.hold(), at, payload);
  data.free();
  const protocol = shape.isUdp ? 17 : 6;
  const hlen = shape.isUdp ? udp.HLEN : tcp.HLEN;
  const sum = pseudoIpv4(SADDR, DADDR, protocol, hlen + payload);
  if (shape.isUdp) udp.push(skb, { source: 1, dest: 2 }, sum);
  else tcp.push(skb, { source: 1, dest: 2, seq: 77, ackSeq: 5, flags: shape.flags, window: 9 }, sum);
  const { ipOptions: options, tags } = shape;
  ipv4.push(skb, { id: 0xffff, flags: ipv4.FLAG_DF, protocol, saddr: SADDR, daddr: DADDR, options });
  ethernet.push(skb, { dest: 1, source: 2, tags, proto: ethernet.ETH_P_IP });
  skb.gsoSize = shape.gsoSize;
  skb.gsoType = shape.gsoType;
  skb.gsoSegs = Math.ceil(payload / shape.gsoSize);
  return skb;
}

const balanced = (pool: Pool): void => {
  expect(pool.stats).toMatchObject({ skbs: 0, inUse: 0 });
};

describe('segmentGso', () => {
  const kinds = fc.record({
    isUdp: fc.boolean(),
    tags: fc.constantFrom<ethernet.Tag[]>(
      [],
      [{ tpid: 0x8100, tci: 5 }],
      [
        { tpid: 0x88a8, tci: 7 },
        { tpid: 0x8100, tci: 5 },
      ],
    ),
    ipOptions: fc.constantFrom<ipv4.Option[]>([], [{ kind: ipv4.IPOPT_RA, value: 0 }]),
    payload: fc.integer({ min: 1, max: 3000 }),
    gsoSize: fc.integer({ min: 1, max: 1500 }),
    isPartial: fc.boolean(),
  });

  it('cuts any super-packet into frames whose every checksum is right', () => {
    fc.assert(
      fc.property(kinds, (kind) => {
        const gsoSize = Math.max(kind.gsoSize, Math.ceil(kind.payload / 50));
        const gsoType = kind.isUdp ? SKB_GSO_UDP_L4 : SKB_GSO_TCPV4;
        const pool = new Pool({ poison: true });
        const skb = superPacket(pool, { ...kind, gsoSize, gsoType });
        if (!kind.isPartial) {
          checksumHelp(skb);
          Object.assign(skb, { csumStart: 0, csumOffset: 0 });
        }
        const whole = skb.toBytes();
        const parts = segmentGso(skb) as SkBuff[];
        expect(skb.toBytes()).toEqual(whole);
        expect(parts).toHaveLength(skb.gsoSegs);
        const payloads = parts.flatMap((part, index) => {
          expect(part).toMatchObject({ ipSummed: CHECKSUM_PARTIAL, gsoSize: 0 });
          expect(checksumHelp(part)).toBe(true);
          expect(ethernet.pull(part)).toMatchObject({ dest: 1, source: 2, tags: kind.tags });
          expect(ipv4.verify(part.view, part.data)).toBe(true);
          const ip = ipv4.pull(part);
          expect([ip.id, ip.totLen]).toEqual([(0xffff + index) & 0xffff, part.len + ip.ihl * 4]);
          expect(csumSkb(part, 0, part.len, ipv4.pseudoSum(ip, part.len))).toBe(0xffff);
          const payload = part.len;
          if (kind.isUdp) expect(udp.pull(part).len).toBe(payload);
          else expect(tcp.pull(part).seq).toBe(77 + index * gsoSize);
          return [...part.toBytes()];
        });
        expect(payloads).toEqual(Array.from({ length: kind.payload }, (_, i) => (i * 3) & 255));
        for (const part of parts) part.free();
        skb.free();
        balanced(pool);
      }),
    );
  });

  const headers = (change: Partial<Shape>): [number, number][] => {
    const pool = new Pool({ poison: true });
    const skb = superPacket(pool, change);
    const parts = segmentGso(skb) as SkBuff[];
    const seen = parts.map(({ view, data }): [number, number] => [
      ipv4.id(view, data + 14),
      tcp.flags(view, data + 34),
    ]);
    for (const part of parts) part.free();
    skb.free();
    balanced(pool);
    return seen;
  };

  it('says FIN and PSH last, CWR first', () => {
    const flags = tcp.ACK | tcp.PSH | tcp.FIN | tcp.CWR | tcp.ECE;
    const middle = tcp.ACK | tcp.ECE;
    expect(headers({ flags, gsoType: SKB_GSO_TCPV4 | SKB_GSO_TCP_ECN })).toEqual([
      [0xffff, middle | tcp.CWR],
      [0, middle],
      [1, middle | tcp.PSH | tcp.FIN],
    ]);
  });

  it('keeps ids where they are fixed', () => {
    const gsoType = SKB_GSO_TCPV4 | SKB_GSO_TCP_FIXEDID;
    expect(headers({ gsoType }).map(([id]) => id)).toEqual([0xffff, 0xffff, 0xffff]);
  });

  it('cuts what came without a link header', () => {
    const pool = new Pool({ poison: true });
    const skb = superPacket(pool);
    skb.pull(14);
    const parts = segmentGso(skb) as SkBuff[];
    expect(parts.map(({ len }) => len)).toEqual([140, 140, 90]);
    for (const part of parts) part.free();
    skb.free();
  });

  it('keeps a seed that is of another pseudo-header (a source route has the last hop)', () => {
    const pool = new Pool({ poison: true });
    const skb = superPacket(pool);
    skb.view.setUint16(skb.csumStart + 16, csumAdd(skb.view.getUint16(skb.csumStart + 16), 0x0101));
    const parts = segmentGso(skb) as SkBuff[];
    const seeds = parts.map(({ view, data }) => view.getUint16(data + 34 + 16));
    const sumOf = (payload: number): number => pseudoIpv4(SADDR, DADDR, 6, 20 + payload);
    expect(seeds).toEqual([100, 100, 50].map((payload) => csumAdd(sumOf(payload), 0x0101)));
    for (const part of [skb, ...parts]) part.free();
  });

  it('brings headers out of frags', () => {
    const pool = new Pool({ poison: true });
    const skb = superPacket(pool);
    const whole = skb.toBytes();
    const scattered = pool.alloc(0, 0) as SkBuff;
    appendRange(scattered, skb, 0, skb.len);
    const { gsoSize, gsoType } = skb;
    const at = scattered.data;
    Object.assign(scattered, { gsoSize, gsoType, networkHeader: at + 14, transportHeader: at + 34 });
    const lengths = (one: SkBuff): number[] => {
      const parts = segmentGso(one) as SkBuff[];
      for (const part of parts) part.free();
      return parts.map((_, i) => i);
    };
    expect(lengths(scattered)).toEqual([0, 1, 2]);
    expect(scattered.toBytes()).toEqual(whole);
    for (const one of [skb, scattered]) one.free();
    balanced(pool);
  });

  it.each<[string, (skb: SkBuff) => void]>([
    [
      'without gsoSize',
      (skb) => {
        skb.gsoSize = 0;
      },
    ],
    [
      'of half bytes',
      (skb) => {
        skb.gsoSize = 1.5;
      },
    ],
    [
      'of IPv6',
      (skb) => {
        skb.gsoType = SKB_GSO_TCPV6;
      },
    ],
    [
      'of no type',
      (skb) => {
        skb.gsoType = SKB_GSO_DODGY;
      },
    ],
    [
      'without network header',
      (skb) => {
        skb.networkHeader = -1;
      },
    ],
    [
      'without transport header',
      (skb) => {
        skb.transportHeader = -1;
      },
    ],
    [
      'with its headers in the wrong order',
      (skb) => {
        skb.transportHeader = skb.networkHeader;
      },
    ],
    [
      'pulled past its headers',
      (skb) => {
        skb.pull(34);
      },
    ],
    [
      'with an IHL that is another',
      (skb) => {
        skb.view.setUint8(skb.networkHeader, 0x46);
      },
    ],
    [
      'with a data offset below 5',
      (skb) => {
        skb.view.setUint8(skb.transportHeader + 12, 0x40);
      },
    ],
    [
      'with a data offset past the end',
      (skb) => {
        skb.view.setUint8(skb.transportHeader + 12, 0xf0);
        skb.trim(60);
      },
    ],
    [
      'with half a header',
      (skb) => {
        skb.trim(50);
      },
    ],
    [
      'far too long in front',
      (skb) => {
        skb.networkHeader = skb.data;
      },
    ],
  ])('refuses a packet %s', (_name, spoil) => {
    const pool = new Pool({ poison: true });
    const skb = superPacket(pool);
    spoil(skb);
    expect(segmentGso(skb)).toBeUndefined();
    expect(validateXmit(skb, NOTHING)).toBe(skb.gsoSize > 0 ? undefined : skb);
    skb.free();
    balanced(pool);
  });

  it('never throws, whatever the fields say', () => {
    const place = fc.integer({ min: -2, max: 120 });
    const spoilt = fc.record({
      bytes: fc.array(fc.tuple(fc.nat(70), fc.nat(255)), { maxLength: 4 }),
      network: place,
      transport: place,
      gsoSize: fc.integer({ min: -1, max: 300 }),
      gsoType: fc.constantFrom(SKB_GSO_TCPV4, SKB_GSO_UDP_L4, SKB_GSO_TCPV4 | SKB_GSO_UDP_L4, 0),
      start: place,
      offset: place,
      len: fc.nat(304),
      vlanProto: fc.constantFrom(0, 0x8100),
    });
    fc.assert(
      fc.property(spoilt, (s) => {
        const pool = new Pool({ poison: true });
        const skb = superPacket(pool);
        for (const [at, value] of s.bytes) skb.bytes[skb.data + at] = value;
        skb.trim(s.len);
        const { gsoSize, gsoType, vlanProto } = s;
        const { data } = skb;
        Object.assign(skb, { gsoSize, gsoType, vlanProto, csumStart: data + s.start, csumOffset: s.offset });
        skb.networkHeader = data + s.network;
        skb.transportHeader = data + s.transport;
        for (const part of segmentGso(skb) ?? []) part.free();
        let next = validateXmit(skb, NOTHING);
        if (next === undefined) skb.free();
        while (next !== undefined) {
          const part: SkBuff = next;
          next = part.next;
          part.free();
        }
        balanced(pool);
      }),
    );
  });
});

const NOTHING: GsoDevice = { features: {}, gsoMaxSize: 65_536, gsoMaxSegs: 65_535 };
const ALL: GsoDevice = { ...NOTHING, features: { tx: true, tso: true, txvlan: true } };

describe('validateXmit', () => {
  const chain = (first: SkBuff | undefined): SkBuff[] => {
    const list: SkBuff[] = [];
    for (let skb = first; skb !== undefined; skb = skb.next) list.push(skb);
    return list;
  };

  /** What comes out of it: how many, of which state, and whether it is the packet itself. */
  const result = (change: Partial<Shape>, device: GsoDevice): [number, number, boolean] => {
    const pool = new Pool({ poison: true });
    const skb = superPacket(pool, change);
    if (change.gsoSize === 0) skb.gsoSegs = 0;
    const list = chain(validateXmit(skb, device));
    const answer: [number, number, boolean] = [list.length, list[0]!.ipSummed, list[0] === skb];
    for (const part of list) part.free();
    balanced(pool);
    return answer;
  };

  const device = (features: Record<string, boolean>, more: Partial<GsoDevice> = {}): GsoDevice => ({
    ...NOTHING,
    ...more,
    features,
  });
  const ecn = { gsoType: SKB_GSO_TCPV4 | SKB_GSO_TCP_ECN };
  const asUdp = { isUdp: true, gsoType: SKB_GSO_UDP_L4 };

  it.each<[string, Partial<Shape>, GsoDevice, [number, number, boolean]]>([
    ['passes what the device cuts', {}, ALL, [1, CHECKSUM_PARTIAL, true]],
    ['passes what the device sums', { gsoSize: 0 }, ALL, [1, CHECKSUM_PARTIAL, true]],
    ['sums where the device does not', { gsoSize: 0 }, NOTHING, [1, CHECKSUM_NONE, true]],
    ['cuts and sums where the device does neither', {}, NOTHING, [3, CHECKSUM_NONE, false]],
    ['cuts where the device only sums', {}, device({ tx: true }), [3, CHECKSUM_PARTIAL, false]],
    ['cuts where the device cuts but does not sum', {}, device({ tso: true }), [3, CHECKSUM_NONE, false]],
    ['cuts what the device could not', ecn, ALL, [3, CHECKSUM_PARTIAL, false]],
    ['cuts UDP', asUdp, ALL, [3, CHECKSUM_PARTIAL, false]],
    ['cuts what is too long', {}, { ...ALL, gsoMaxSize: 303 }, [3, CHECKSUM_PARTIAL, false]],
    ['cuts what is just not too long', {}, { ...ALL, gsoMaxSize: 304 }, [1, CHECKSUM_PARTIAL, true]],
    ['cuts what has too many segments', {}, { ...ALL, gsoMaxSegs: 2 }, [3, CHECKSUM_PARTIAL, false]],
    [
      'passes all where there is no wire',
      asUdp,
      device({ gso: true, tx: true }),
      [1, CHECKSUM_PARTIAL, true],
    ],
  ])('%s', (_name, change, dev, expected) => {
    expect(result(change, dev)).toEqual(expected);
  });

  it('puts the tag into each frame', () => {
    const pool = new Pool({ poison: true });
    const skb = superPacket(pool);
    Object.assign(skb, { vlanProto: ethernet.ETH_P_8021Q, vlanTci: 0x2005 });
    const list = chain(validateXmit(skb, NOTHING));
    for (const part of list) {
      expect([part.vlanProto, part.vlanTci, part.macHeader]).toEqual([0, 0, part.data]);
      expect(ethernet.pull(part)).toMatchObject({
        dest: 1,
        source: 2,
        tags: [{ tpid: 0x8100, tci: 0x2005 }],
        proto: 0x800,
      });
      const ip = ipv4.pull(part);
      expect(csumSkb(part, 0, part.len, ipv4.pseudoSum(ip, part.len))).toBe(0xffff);
      part.free();
    }
    expect(list).toHaveLength(3);
    balanced(pool);
  });

  it('leaves the tag to a device that knows it', () => {
    const pool = new Pool({ poison: true });
    const skb = superPacket(pool);
    Object.assign(skb, { vlanProto: ethernet.ETH_P_8021Q, vlanTci: 1 });
    expect(chain(validateXmit(skb, ALL)).map(({ vlanTci }) => vlanTci)).toEqual([1]);
    skb.free();
  });

  it('tells the owner when the last segment is gone', () => {
    const pool = new Pool({ poison: true });
    const skb = superPacket(pool);
    const gone: [object | undefined, number][] = [];
    const owner = {};
    const { truesize } = skb;
    skb.sk = owner;
    skb.destructor = (one) => gone.push([one.sk, one.truesize]);
    const list = chain(validateXmit(skb, NOTHING));
    for (const part of list.slice(0, 2)) part.free();
    expect(gone).toEqual([]);
    list[2]?.free();
    expect(gone).toEqual([[owner, truesize]]);
    balanced(pool);
  });

  it('leaves a packet that cannot be sent to the caller, and nothing else', () => {
    const pool = new Pool({ chunkSize: 65_536, limit: 65_536 });
    const skb = superPacket(pool, { payload: 200, gsoSize: 1 });
    const others = Array.from({ length: 100 }, () => pool.alloc(0) as SkBuff); // of the chunk's 256 heads
    const { stats } = pool;
    const before = { ...stats };
    expect(validateXmit(skb, NOTHING)).toBeUndefined();
    expect([skb.users, stats.skbs, stats.inUse]).toEqual([1, before.skbs, before.inUse]);
    for (const one of [skb, ...others]) one.free();
    expect(stats).toMatchObject({ skbs: 0, inUse: 0 });
  });

  it('frees what it cut where the tag has no room', () => {
    const pool = new Pool({ chunkSize: 65_536, limit: 65_536 });
    const skb = superPacket(pool, { payload: 200, gsoSize: 100 });
    skb.expandHead(0, 0);
    const bare = pool.alloc(skb.headlen, 0) as SkBuff; // no headroom: each segment needs a larger head for its tag
    appendRange(bare, skb, 0, skb.len);
    const { gsoSize, gsoType } = skb;
    const at = bare.data;
    Object.assign(bare, {
      gsoSize,
      gsoType,
      networkHeader: at + 14,
      transportHeader: at + 34,
      vlanProto: 0x8100,
    });
    bare.mayPull(54);
    const others: SkBuff[] = [];
    while (pool.stats.inUse < 254) others.push(pool.alloc(0) as SkBuff); // two heads are left, for the segments
    const before = { ...pool.stats };
    expect(validateXmit(bare, NOTHING)).toBeUndefined();
    expect(pool.stats).toMatchObject({ skbs: before.skbs, inUse: before.inUse });
    for (const one of [skb, bare, ...others]) one.free();
    balanced(pool);
  });

  it('refuses a checksum outside the packet', () => {
    const pool = new Pool({ poison: true });
    const skb = superPacket(pool, { gsoSize: 0 });
    skb.csumStart = skb.data - 1;
    expect(validateXmit(skb, NOTHING)).toBeUndefined();
    skb.csumStart = skb.data + skb.len - 17;
    expect(validateXmit(skb, NOTHING)).toBeUndefined();
    skb.csumStart--;
    expect(validateXmit(skb, NOTHING)).toBe(skb);
    skb.free();
    balanced(pool);
  });
});
