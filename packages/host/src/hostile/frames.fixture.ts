/**
 * Arbitraries of what comes in at a device: frames, and for devices that pass packets by reference, packets of any geometry with fields that
 * their sender set, true or not.
 * @module
 */
import type { Pool, SkBuff } from '@stack/skbuff';
import { CHECKSUM_PARTIAL, SKB_GSO_TCPV4, SKB_GSO_UDP_L4 } from '@stack/skbuff';
import { hostile } from '@stack/testkit';
import fc from 'fast-check';
import { datagram, frame, join, packet, segment } from './craft.fixture.ts';
import { type Door, ECHO, FRIEND, FRIEND_MAC, HOST, HOST_MAC, HOST_VETH_MAC, linear } from './fixture.ts';
import { arpPacket, ip } from './packets.fixture.ts';

/** What happens to a host: a frame, a device that goes down and up, or time. */
export type Blow =
  | { readonly door: Door; readonly bytes: Uint8Array; readonly shape: Shape }
  | { readonly flap: string; readonly time: number }
  | { readonly wait: number };

/** How bytes become a packet of a device that passes packets by reference. */
export interface Shape {
  /** Bytes of the linear part, and of each frag; the last frag has the rest. */
  readonly cuts: readonly number[];
  /** Fields of the packet that its sender sets. Offsets count from the first byte. */
  readonly claims: Partial<Claims>;
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

const ALL_HOSTS_MAC = 0x01_00_5e_00_00_01;
const BROADCAST_MAC = 0xffff_ffff_ffff;
/** Longest payload of a super-packet here, bytes. */
const SUPER = 20_000;

/** Where frames to a door are addressed to. */
function address(door: Door): fc.Arbitrary<number> {
  const own = door === 'lo' ? 0 : door === 'eth0' ? HOST_MAC : HOST_VETH_MAC;
  const others = fc.constantFrom(BROADCAST_MAC, ALL_HOSTS_MAC, FRIEND_MAC);
  return fc.oneof({ weight: 6, arbitrary: fc.constant(own) }, { weight: 1, arbitrary: others });
}

/** Frames whose Ethernet header is right; without one, packets. */
function valid(door: Door): fc.Arbitrary<Uint8Array> {
  if (door === 'tun0')
    return fc.oneof({ weight: 3, arbitrary: ip() }, { weight: 1, arbitrary: hostile(ip()) });
  const from = fc.constantFrom(FRIEND_MAC, 0x02_00_00_00_00_02, BROADCAST_MAC, HOST_MAC);
  const inner = fc.oneof(
    { weight: 12, arbitrary: ip().map((bytes) => [0x0800, bytes] as const) },
    { weight: 2, arbitrary: hostile(ip()).map((bytes) => [0x0800, bytes] as const) },
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
    .tuple(address(door), from, inner)
    .map(([dest, source, [proto, bytes]]) => frame(dest, source, proto, bytes.subarray(0, 1500)));
}

/** What stands behind a tag's EtherType. */
function tagged(): fc.Arbitrary<Uint8Array> {
  return fc.tuple(fc.constantFrom(0, 1, 0xe000), ip()).map(([tci, bytes]) => {
    const tag = new Uint8Array(4);
    new DataView(tag.buffer).setUint32(0, tci * 0x1_0000 + 0x0800);
    return join(tag, bytes);
  });
}

const someOffset = fc.oneof(fc.integer({ min: -20, max: 80 }), fc.constantFrom(14, 34, 42, 1500, 70_000, -1));

/** Any value of any field. */
function lies(): fc.Arbitrary<Partial<Claims>> {
  return fc.record(
    {
      gsoSize: fc.oneof(fc.constantFrom(0, 1, 8, 536, 1448, 65_535), fc.nat(0xffff)),
      gsoSegs: fc.oneof(fc.constantFrom(0, 1, 2), fc.nat(0xffff)),
      gsoType: fc.oneof(fc.constantFrom(0, SKB_GSO_TCPV4, SKB_GSO_UDP_L4, 3), fc.nat(0xf_ffff)),
      ipSummed: fc.nat(3),
      csumStart: someOffset,
      csumOffset: fc.oneof(fc.constantFrom(6, 16, 2), fc.integer({ min: -4, max: 2000 })),
      csum: fc.nat(0xffff),
      networkHeader: fc.oneof(fc.constant(14), someOffset),
      transportHeader: fc.oneof(fc.constant(34), someOffset),
      vlanProto: fc.constantFrom(0x8100, 0x88a8, 0x1234),
      vlanTci: fc.constantFrom(0, 1, 0xffff),
      protocol: fc.constantFrom(0x0800, 0x0806, 0, 0x86dd),
      pktType: fc.nat(7),
    },
    { noNullPrototype: true, requiredKeys: [] },
  );
}

function cuts(): fc.Arbitrary<number[]> {
  return fc.oneof(fc.constant<number[]>([]), fc.array(fc.oneof(fc.nat(60), fc.nat(1000)), { maxLength: 12 }));
}

/** A super-packet to the echo service or through the host, as a sender with all offloads makes it, and then a lie or two. */
function superPacket(door: Door): fc.Arbitrary<Blow> {
  const daddr = fc.constantFrom(HOST, HOST, FRIEND, 0x0a00_0009);
  return fc
    .record({
      daddr,
      size: fc.nat(SUPER),
      isTcp: fc.boolean(),
      gsoSize: fc.constantFrom(1, 100, 536, 1448, 1460, 9000),
      seq: fc.nat(0xffff_ffff),
      cuts: cuts(),
      lies: fc.oneof(fc.constant({}), lies()),
    })
    .map(({ daddr, size, isTcp, gsoSize, seq, cuts, lies }) => {
      const ends = { saddr: FRIEND, daddr };
      // Each byte its own packet: not for all of them, a run would be about that alone.
      const data = new Uint8Array(gsoSize === 1 ? size % 300 : size).fill(seq);
      const fields = { source: 1000, dest: ECHO, seq, ack: 0, flags: 0x18, window: 500 };
      const bytes = isTcp ? segment(ends, fields, data) : datagram(ends, 1000, ECHO, data);
      const link = door === 'tun0' ? 0 : 14;
      const truth = {
        gsoSize,
        gsoSegs: Math.ceil(data.length / gsoSize),
        gsoType: isTcp ? SKB_GSO_TCPV4 : SKB_GSO_UDP_L4,
        ipSummed: CHECKSUM_PARTIAL,
        csumStart: link + 20,
        csumOffset: isTcp ? 16 : 6,
        networkHeader: link,
        transportHeader: link + 20,
      };
      const whole = packet({ ...ends, protocol: isTcp ? 6 : 17 }, bytes);
      const mac = door === 'lo' ? 0 : HOST_VETH_MAC;
      return {
        door,
        bytes: door === 'tun0' ? whole : frame(mac, FRIEND_MAC, 0x0800, whole),
        shape: { cuts, claims: { ...truth, ...lies } },
      };
    });
}

/** A frame at one of the doors, or a wait of up to some minutes. */
export function blow(doors: readonly Door[] = ['eth0', 'veth0', 'tun0', 'lo']): fc.Arbitrary<Blow> {
  const strike = fc.constantFrom(...doors).chain((door): fc.Arbitrary<Blow> => {
    const bytes = fc.oneof(
      { weight: 5, arbitrary: valid(door) },
      { weight: 2, arbitrary: hostile(valid(door)) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
    );
    if (door === 'eth0') return bytes.map((bytes) => ({ door, bytes, shape: { cuts: [], claims: {} } }));
    const claims = fc.oneof(fc.constant({}), lies());
    const small = fc
      .tuple(bytes, cuts(), claims)
      .map(([bytes, cuts, claims]) => ({ door, bytes, shape: { cuts, claims } }));
    return fc.oneof({ weight: 3, arbitrary: small }, { weight: 1, arbitrary: superPacket(door) });
  });
  const flap = fc
    .tuple(fc.constantFrom(...doors), fc.oneof(fc.nat(1000), fc.nat(10_000_000)))
    .map(([flap, time]): Blow => ({ flap, time }));
  const wait = fc.oneof(fc.nat(1000), fc.nat(2_000_000), fc.nat(120_000_000)).map((wait): Blow => ({ wait }));
  return fc.oneof(
    { weight: 18, arbitrary: strike },
    { weight: 2, arbitrary: wait },
    { weight: 1, arbitrary: flap },
  );
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
    const { data } = skb;
    const { csumStart, networkHeader, transportHeader, ...others } = claims;
    Object.assign(skb, others);
    if (csumStart !== undefined) skb.csumStart = data + csumStart;
    if (networkHeader !== undefined) skb.networkHeader = data + networkHeader;
    if (transportHeader !== undefined) skb.transportHeader = data + transportHeader;
    return skb;
  };
}
