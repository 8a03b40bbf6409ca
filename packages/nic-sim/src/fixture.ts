/**
 * What the tests of this package share: two NICs on a wire, and packets of any geometry.
 * @module
 */
import { CHECKSUM_PARTIAL, Pool, SKB_GSO_TCPV4, type SkBuff, segment, wrapPage } from '@stack/skbuff';
import fc from 'fast-check';
import { expect } from 'vitest';
import { VirtualClock } from './clock.ts';
import { Nic } from './nic.ts';
import type { NicOptions } from './nic-options.ts';
import { Wire, type WireOptions } from './wire.ts';

export const MAC_A = 0x02_00_00_00_00_0a;
export const MAC_B = 0x02_00_00_00_00_0b;

export interface Bench {
  clock: VirtualClock;
  a: Nic;
  b: Nic;
  poolA: Pool;
  poolB: Pool;
  wire: Wire;
  /** Packets `b` received, as bytes; the skbs are freed. */
  received: Uint8Array[];
  /** Closes everything and expects that nothing is left. */
  close(): void;
}

/** Two NICs with poisoned pools of their own. What `b` gets is copied and freed unless `b.receive` says otherwise. */
export function bench(
  options: {
    a?: Partial<NicOptions>;
    b?: Partial<NicOptions>;
    both?: Partial<NicOptions>;
    wire?: Partial<WireOptions>;
    poolB?: Pool;
  } = {},
): Bench {
  const clock = new VirtualClock();
  const poolA = new Pool({ poison: true });
  const poolB = options.poolB ?? new Pool({ poison: true });
  const received: Uint8Array[] = [];
  const a = new Nic({
    clock,
    pool: poolA,
    address: MAC_A,
    name: 'a',
    receive: (skb) => skb.free(),
    ...options.both,
    ...options.a,
  });
  const b = new Nic({
    clock,
    pool: poolB,
    address: MAC_B,
    name: 'b',
    receive: (skb) => {
      received.push(skb.toBytes());
      skb.free();
    },
    ...options.both,
    ...options.b,
  });
  const wire = new Wire({ clock, a, b, ...options.wire });
  clock.run();
  const close = (): void => {
    clock.run();
    a.close();
    b.close();
    expectAtRest(poolA);
    expectAtRest(poolB);
    expect(a.memory.mapped).toBe(0);
    expect(b.memory.mapped).toBe(0);
  };
  return { clock, a, b, poolA, poolB, wire, received, close };
}

/** Nothing is out of the pool. */
export function expectAtRest(pool: Pool): void {
  expect({ inUse: pool.stats.inUse, skbs: pool.stats.skbs }).toEqual({ inUse: 0, skbs: 0 });
}

/** An Ethernet header to `b` from `a` and `payload` bytes 0, 1, 2 …; linear. */
export function frameBytes(payload: number, destination: number = MAC_B, type = 0x0800): Uint8Array {
  const bytes = new Uint8Array(14 + payload);
  putMac(bytes, 0, destination);
  putMac(bytes, 6, MAC_A);
  bytes[12] = type >> 8;
  bytes[13] = type & 0xff;
  for (let i = 0; i < payload; i++) bytes[14 + i] = i & 0xff;
  return bytes;
}

export function putMac(bytes: Uint8Array, at: number, address: number): void {
  let rest = address;
  for (let i = 5; i >= 0; i--) {
    bytes[at + i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

/** `bytes` as an skb of this pool with `headroom` in front. */
export function packet(pool: Pool, bytes: Uint8Array, headroom = 16): SkBuff {
  const skb = pool.alloc(bytes.byteLength, headroom) as SkBuff;
  skb.putData(bytes);
  return skb;
}

/** How the bytes of a packet lie in memory. */
export interface Layout {
  headroom: number;
  linear: number;
  /** Lengths of the frags; `user` ones lie in an arena of one. */
  frags: { length: number; user: boolean; skip: number }[];
}

export function layout(maxFrag = 400): fc.Arbitrary<Layout> {
  return fc.record(
    {
      headroom: fc.nat(40),
      linear: fc.oneof(fc.constant(14), fc.integer({ min: 0, max: 200 })),
      frags: fc.array(
        fc.record(
          { length: fc.nat(maxFrag), user: fc.boolean(), skip: fc.nat(20) },
          { noNullPrototype: true },
        ),
        { maxLength: 6 },
      ),
    },
    { noNullPrototype: true },
  );
}

/** `bytes` in that layout: what the linear part and the frags do not hold goes into one more frag. */
export function scattered(pool: Pool, bytes: Uint8Array, { headroom, linear, frags }: Layout): SkBuff {
  const skb = pool.alloc(Math.min(linear, bytes.byteLength), headroom) as SkBuff;
  let at = Math.min(linear, bytes.byteLength);
  skb.putData(bytes.subarray(0, at));
  for (const { length, user, skip } of [...frags, { length: Infinity, user: false, skip: 3 }]) {
    const n = Math.min(length, bytes.byteLength - at);
    if (n === 0 && length === Infinity) break;
    const page = user ? wrapPage(new Uint8Array(n + skip)) : pool.page(n + skip);
    if (page === undefined) throw new RangeError('no page');
    page.arena.bytes.set(bytes.subarray(at, at + n), page.start + skip);
    skb.addFrag(page, page.start + skip, n);
    at += n;
  }
  return skb;
}

/**
 * The test's own protocol over Ethernet, shaped like IPv4 and TCP where the hardware looks: 20 bytes of network header, 20 of transport
 * header with the data offset, a sequence number at its byte 4 and a checksum at its byte 16.
 */
export const HEADERS: number = 14 + 20 + 20;

export function superPacket(pool: Pool, payload: Uint8Array, mss: number, where: Layout): SkBuff {
  const header = frameBytes(40);
  header[14 + 20 + 12] = 0x50;
  header.fill(0, 14 + 20 + 16, 14 + 20 + 18);
  const all = new Uint8Array(header.byteLength + payload.byteLength);
  all.set(header);
  all.set(payload, header.byteLength);
  const skb = scattered(pool, all, { ...where, linear: Math.max(where.linear, HEADERS) });
  skb.macHeader = skb.data;
  skb.networkHeader = skb.data + 14;
  skb.transportHeader = skb.data + 34;
  skb.ipSummed = CHECKSUM_PARTIAL;
  skb.csumStart = skb.transportHeader;
  skb.csumOffset = 16;
  if (mss > 0) {
    skb.gsoSize = mss;
    skb.gsoSegs = Math.ceil(payload.byteLength / mss);
    skb.gsoType = SKB_GSO_TCPV4;
  }
  return skb;
}

/** Cuts the test's protocol: the sequence number moves on, and the network header's length field is set. */
export function segmentTest(skb: SkBuff): SkBuff[] | undefined {
  const hlen = skb.transportHeader + 20 - skb.data;
  return segment(skb, hlen, (part, index, _count, offset) => {
    const { view } = part;
    view.setUint16(part.networkHeader + 2, part.len - (part.networkHeader - part.data));
    view.setUint16(part.networkHeader + 4, index);
    view.setUint32(part.transportHeader + 4, (view.getUint32(part.transportHeader + 4) + offset) >>> 0);
  });
}
