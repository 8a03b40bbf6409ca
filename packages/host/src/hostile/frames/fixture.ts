/**
 * Arbitraries of what attackers send: frames of every protocol the host speaks, right in all but what is wrong with them.
 * @module
 */
import { encodeMessage } from '@stack/icmp';
import { message } from '@stack/icmp/testing';
import { encode as encodeIp } from '@stack/ipv4';
import { options as ipOptions } from '@stack/ipv4/testing';
import type { Pool, SkBuff } from '@stack/skbuff';
import { optionBytes } from '@stack/tcp/testing';
import { hostile } from '@stack/testkit';
import fc from 'fast-check';
import { arp, datagram, frame, icmp, packet, segment } from '../craft.ts';
import {
  type Door,
  ECHO,
  FRIEND,
  FRIEND_MAC,
  HOST,
  HOST_MAC,
  HOST_VETH,
  HOST_VETH_MAC,
  IDLE,
  linear,
} from '../fixture.ts';

/** What happens to a host: a frame, or time. */
export type Blow =
  | { readonly door: Door; readonly bytes: Uint8Array; readonly shape: Shape }
  | { readonly wait: number };

/** How bytes become a packet of a device that passes packets by reference. */
export interface Shape {
  /** Bytes of the linear part, and of each frag; the last frag has the rest. */
  readonly cuts: readonly number[];
  /** Fields of the packet that its sender sets, true or not. Offsets count from the first byte. */
  readonly claims: Claims | undefined;
}

/** See {@link Shape}. */
export interface Claims {
  readonly gsoSize: number;
  readonly gsoSegs: number;
  readonly gsoType: number;
  readonly ipSummed: number;
  readonly csumStart: number;
  readonly csumOffset: number;
  readonly csum: number;
  readonly networkHeader: number;
  readonly transportHeader: number;
  readonly vlanProto: number;
  readonly vlanTci: number;
  readonly protocol: number;
  readonly pktType: number;
}

const u8 = fc.nat(0xff);
const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffff_ffff);
const BROADCAST = 0xffff_ffff;
const ALL_HOSTS = 0xe000_0001;
const ROUTER = 0x0a00_0002;

const source = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(FRIEND, ROUTER) },
  { weight: 1, arbitrary: u32 },
  { weight: 1, arbitrary: fc.constantFrom(0, HOST, 0x7f00_0001, BROADCAST, ALL_HOSTS, 0xc0a8_01ff) },
);
const destination = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(HOST, HOST_VETH) },
  { weight: 1, arbitrary: u32 },
  // Broadcasts, groups, loopback; and to be forwarded: to the friend, to nobody on the link, to the default route.
  { weight: 2, arbitrary: fc.constantFrom(0, BROADCAST, 0xc0a8_01ff, ALL_HOSTS, 0xe000_0016, 0x7f00_0001) },
  { weight: 2, arbitrary: fc.constantFrom(FRIEND, 0x0a00_0009, 0x0808_0808) },
);
const port = fc.oneof(fc.constantFrom(ECHO, IDLE, 0, 53), u16);
const data = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 1000, maxLength: 1472 }));
const flags = fc.oneof(
  fc.constantFrom(0x02, 0x10, 0x12, 0x04, 0x14, 0x11, 0x18, 0x38, 0x29, 0),
  fc.nat(0xfff),
);

interface Ends {
  saddr: number;
  daddr: number;
}

/** A packet's protocol and what it carries, for its addresses. */
function payload({ saddr, daddr }: Ends): fc.Arbitrary<{ protocol: number; payload: Uint8Array }> {
  const of = (protocol: number, bytes: fc.Arbitrary<Uint8Array>) =>
    bytes.map((payload) => ({ protocol, payload }));
  const back = { saddr: daddr, daddr: saddr };
  return fc.oneof(
    {
      weight: 3,
      arbitrary: of(
        17,
        fc.tuple(port, port, data).map(([from, to, bytes]) => datagram({ saddr, daddr }, from, to, bytes)),
      ),
    },
    { weight: 3, arbitrary: of(6, tcpSegment({ saddr, daddr })) },
    {
      weight: 2,
      arbitrary: of(
        1,
        message().map((one) => encodeMessage(one)),
      ),
    },
    { weight: 2, arbitrary: of(1, icmpError(back)) },
    {
      weight: 1,
      arbitrary: of(
        2,
        fc
          .tuple(
            fc.constantFrom(0x11, 0x12, 0x16, 0x17, 0x22),
            fc.uint8Array({ minLength: 7, maxLength: 40 }),
          )
          .map(([type, rest]) => sealed(type, rest)),
      ),
    },
    { weight: 1, arbitrary: fc.tuple(u8, data).map(([protocol, bytes]) => ({ protocol, payload: bytes })) },
  );
}

function tcpSegment(ends: Ends): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(
      port,
      port,
      u32,
      u32,
      flags,
      u16,
      u16,
      fc.oneof(fc.constant(new Uint8Array(0)), optionBytes()),
      data,
    )
    .map(([from, to, seq, ack, bits, window, urgent, options, bytes]) =>
      segment(ends, { source: from, dest: to, seq, ack, flags: bits, window, urgent, options }, bytes),
    );
}

/** An ICMP error that quotes a packet between `ends`, or something like it. */
function icmpError(ends: Ends): fc.Arbitrary<Uint8Array> {
  const quoted = fc
    .tuple(
      fc.constantFrom(6, 17, 1, 2, 47),
      port,
      port,
      u32,
      fc.constantFrom(8, 12, 20, 40),
      fc.constantFrom(0, 1, 0x2000, 0x4000),
    )
    .map(([protocol, from, to, seq, length, fragment]) => {
      const bytes = segment(
        ends,
        { source: from, dest: to, seq, ack: 0, flags: 0x10, window: 100 },
        new Uint8Array(20),
      );
      return packet({ ...ends, protocol, fragment }, bytes.slice(0, length));
    });
  return fc
    .tuple(
      fc.constantFrom(3, 3, 4, 5, 11, 12),
      fc.nat(16),
      fc.oneof(u32, fc.constantFrom(0, 1, 68, 552, 1400, 0x0a00_0003)),
      fc.oneof(hostile(quoted), quoted),
    )
    .map(([type, code, rest, quote]) => icmp(type, code, rest, quote));
}

/** IGMP: the sum of ICMP over a message that begins with its type. */
function sealed(type: number, rest: Uint8Array): Uint8Array {
  return icmp(
    type,
    rest[0] as number,
    new DataView(rest.buffer, rest.byteOffset).getUint32(1),
    rest.slice(5),
  );
}

/** IPv4 packets. */
export function ip(): fc.Arbitrary<Uint8Array> {
  return fc
    .record({ saddr: source, daddr: destination })
    .chain((ends) =>
      fc
        .tuple(
          payload(ends),
          u8,
          fc.constantFrom(64, 64, 64, 1, 0, 2, 255),
          fc.nat(3),
          fc.oneof(
            { weight: 4, arbitrary: fc.constantFrom(0, 0x4000) },
            { weight: 1, arbitrary: fc.constantFrom(0x2000, 0x2001, 1, 2, 0x1fff, 0x3fff) },
            { weight: 1, arbitrary: u16 },
          ),
          fc.oneof(
            { weight: 4, arbitrary: fc.constant(new Uint8Array(0)) },
            { weight: 1, arbitrary: options() },
          ),
        )
        .map(([inner, tos, ttl, id, fragment, option]) =>
          packet(
            { ...ends, protocol: inner.protocol, tos, ttl, id, fragment, options: option },
            inner.payload,
          ),
        ),
    );
}

function options(): fc.Arbitrary<Uint8Array> {
  const legal = ipOptions().map((list) => {
    const header = {
      version: 4,
      ihl: 5,
      tos: 0,
      totLen: 0,
      id: 0,
      flags: 0,
      fragOff: 0,
      ttl: 0,
      protocol: 0,
      check: 0,
    };
    return encodeIp({ ...header, saddr: 0, daddr: 0, options: list }).slice(20);
  });
  const any = fc.nat(10).chain((words) => fc.uint8Array({ minLength: 4 * words, maxLength: 4 * words }));
  return fc.oneof(legal, any);
}

function arpPacket(): fc.Arbitrary<Uint8Array> {
  const mac = fc.oneof(
    fc.constantFrom(HOST_MAC, HOST_VETH_MAC, FRIEND_MAC, 0, 0xffff_ffff_ffff),
    fc.nat(0xffff_ffff),
  );
  return fc
    .tuple(fc.constantFrom(1, 1, 2, 2, 3, 8, 9), mac, source, mac, destination)
    .map(([op, sha, spa, tha, tpa]) => arp(op, sha, spa, tha, tpa));
}

/** Where frames to a door are addressed to. */
function address(door: Door): fc.Arbitrary<number> {
  if (door === 'lo') return fc.constantFrom(0, 0, HOST_MAC);
  const own = door === 'eth0' ? HOST_MAC : HOST_VETH_MAC;
  return fc.constantFrom(own, own, own, 0xffff_ffff_ffff, 0x01_00_5e_00_00_01, FRIEND_MAC);
}

/** Frames that are legal at all but one level, or at all. */
function valid(door: Door): fc.Arbitrary<Uint8Array> {
  const inner = fc.oneof(
    { weight: 8, arbitrary: fc.oneof(ip(), hostile(ip())).map((bytes) => [0x0800, bytes] as const) },
    {
      weight: 3,
      arbitrary: fc.oneof(arpPacket(), hostile(arpPacket())).map((bytes) => [0x0806, bytes] as const),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom(0x86dd, 0x8863, 3, 0x05dc), fc.uint8Array({ maxLength: 60 })),
    },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom(0x8100, 0x88a8), tagged()) },
  );
  return fc
    .tuple(address(door), fc.constantFrom(FRIEND_MAC, 0x02_00_00_00_00_02, 0xffff_ffff_ffff, HOST_MAC), inner)
    .map(([dest, from, [proto, bytes]]) => frame(dest, from, proto, bytes.subarray(0, 1500)));
}

function tagged(): fc.Arbitrary<Uint8Array> {
  return fc.tuple(fc.constantFrom(0, 1, 0xe000), ip()).map(([tci, bytes]) => {
    const tag = new Uint8Array(4);
    new DataView(tag.buffer).setUint32(0, tci * 0x1_0000 + 0x0800);
    return Uint8Array.from([...tag, ...bytes]);
  });
}

const someOffset = fc.oneof(fc.integer({ min: -20, max: 80 }), fc.constantFrom(14, 34, 42, 1500, 70_000, -1));

function claims(): fc.Arbitrary<Claims> {
  return fc.record(
    {
      gsoSize: fc.oneof(fc.constantFrom(0, 1, 8, 536, 1448, 65_535), u16),
      gsoSegs: fc.oneof(fc.constantFrom(0, 1, 2), u16),
      // SKB_GSO_TCPV4, _DODGY, _UDP_L4 and the like, and nonsense.
      gsoType: fc.oneof(fc.constantFrom(0, 1, 1 << 17, 2, 3), fc.nat(0xf_ffff)),
      ipSummed: fc.nat(3),
      csumStart: someOffset,
      csumOffset: fc.oneof(fc.constantFrom(6, 16, 2), fc.integer({ min: -4, max: 2000 })),
      csum: u16,
      networkHeader: fc.oneof(fc.constant(14), someOffset),
      transportHeader: fc.oneof(fc.constant(34), someOffset),
      vlanProto: fc.constantFrom(0, 0, 0, 0x8100, 0x88a8, 0x1234),
      vlanTci: fc.constantFrom(0, 1, 0xffff),
      protocol: fc.constantFrom(0x0800, 0x0806, 0, 0x86dd),
      pktType: fc.nat(7),
    },
    { noNullPrototype: true },
  );
}

function shape(): fc.Arbitrary<Shape> {
  return fc.record(
    {
      cuts: fc.oneof(fc.constant([]), fc.array(fc.oneof(fc.nat(60), fc.nat(1000)), { maxLength: 12 })),
      claims: fc.option(claims(), { nil: undefined, freq: 2 }),
    },
    { noNullPrototype: true },
  );
}

/** A frame at one of the doors, or a wait of up to some minutes. */
export function blow(doors: readonly Door[] = ['eth0', 'veth0', 'lo']): fc.Arbitrary<Blow> {
  const strike: fc.Arbitrary<Blow> = fc.constantFrom(...doors).chain((door) =>
    fc.record(
      {
        door: fc.constant(door),
        bytes: fc.oneof(
          { weight: 3, arbitrary: valid(door) },
          { weight: 2, arbitrary: hostile(valid(door)) },
          { weight: 1, arbitrary: fc.uint8Array({ maxLength: 1514 }) },
        ),
        shape: door === 'eth0' ? fc.constant({ cuts: [], claims: undefined }) : shape(),
      },
      { noNullPrototype: true },
    ),
  );
  const wait = fc.oneof(fc.nat(1000), fc.nat(2_000_000), fc.nat(120_000_000)).map((wait): Blow => ({ wait }));
  return fc.oneof({ weight: 9, arbitrary: strike }, { weight: 1, arbitrary: wait });
}

/** The packet that bytes and a {@link Shape} make. */
export function shaped({ cuts, claims }: Shape): (bytes: Uint8Array, pool: Pool) => SkBuff {
  return (bytes, pool) => {
    const [first = bytes.length, ...rest] = cuts;
    const skb = linear(bytes.subarray(0, first), pool);
    let at = skb.len;
    for (const cut of [...rest, bytes.length]) {
      const length = Math.min(cut, bytes.length - at);
      if (length <= 0) continue;
      const page = pool.page(length);
      if (page === undefined) break;
      page.arena.bytes.set(bytes.subarray(at, at + length), page.start);
      skb.addFrag(page, page.start, length);
      at += length;
    }
    if (claims === undefined) return skb;
    const { csumStart, networkHeader, transportHeader, ...others } = claims;
    const { data } = skb;
    return Object.assign(skb, others, {
      csumStart: data + csumStart,
      networkHeader: data + networkHeader,
      transportHeader: data + transportHeader,
    });
  };
}
