/**
 * Packets to compare with tshark: UDP and ICMP as they are on the wire, and as they never should be. What they carry is quiet, so that
 * no dissector of tshark's takes it for a protocol of its own.
 */
import * as icmp from '@stack/icmp';
import * as icmpTesting from '@stack/icmp/testing';
import * as ipv4 from '@stack/ipv4';
import { LINKTYPE, PcapWriter } from '@stack/pcap';
import { viewOf } from '@stack/skbuff';
import { csumFold, csumPartial, pseudoIpv4 } from '@stack/skbuff/checksum';
import * as tcp from '@stack/tcp';
import * as udp from '@stack/udp';
import fc from 'fast-check';

const SADDR = 0x0a00_0001;
const DADDR = 0x0a00_0002;

/** `usual`, and one in `weight + 1` times something else. */
function seldom<T>(weight: number, usual: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight, arbitrary: fc.constant(usual) }, other);
}

const port = fc.oneof(fc.integer({ min: 50_000, max: 60_000 }), fc.constantFrom(0, 65_535));
const verdict = fc.constantFrom('right', 'right', 'none', 'wrong');

/** Datagrams, a few with a length that is another. */
const datagram: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    port,
    port,
    fc.uint8Array({ maxLength: 140 }),
    seldom(6, 0, fc.integer({ min: -12, max: 20 })),
    verdict,
  )
  .map(([source, dest, data, delta, check]) => {
    const len = Math.max(0, udp.HLEN + data.length + delta);
    const bytes = Uint8Array.from([...udp.encode({ source, dest, len, check: 0 }), ...data]);
    if (check === 'none' || len < udp.HLEN) return bytes;
    const summed = Math.min(len, bytes.length);
    const right = udp.checksumOf(viewOf(bytes), 0, summed, pseudoIpv4(SADDR, DADDR, ipv4.IPPROTO_UDP, len));
    viewOf(bytes).setUint16(6, check === 'right' ? right : right ^ 0x10);
    return bytes;
  });

const word: tcp.Option[][] = [
  [],
  [{ kind: tcp.TCPOPT_MSS, mss: 1460 }],
  [{ kind: tcp.TCPOPT_NOP }, { kind: tcp.TCPOPT_WINDOW, wscale: 7 }],
  [{ kind: tcp.TCPOPT_NOP }, { kind: tcp.TCPOPT_NOP }, { kind: tcp.TCPOPT_SACK_PERM }],
];
const segment: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    port,
    port,
    fc.nat(0xffff_ffff),
    fc.constantFrom(...word),
    fc.uint8Array({ maxLength: 20 }),
    fc.boolean(),
  )
  .map(([source, dest, seq, options, data, isRight]) => {
    const fields = {
      source,
      dest,
      seq,
      ackSeq: 1,
      res1: 0,
      flags: tcp.ACK,
      window: 9,
      check: 0,
      urgPtr: 0,
      options,
    };
    const bytes = Uint8Array.from([
      ...tcp.encode({ ...fields, doff: options.length === 0 ? 5 : 6 }),
      ...data,
    ]);
    const pseudo = pseudoIpv4(SADDR, DADDR, ipv4.IPPROTO_TCP, bytes.length);
    if (isRight) viewOf(bytes).setUint16(16, csumFold(csumPartial(viewOf(bytes), 0, bytes.length, pseudo)));
    return bytes;
  });

/** An IPv4 header in front: now and then with an option, a fragment, or a total length that is another. */
function packet(protocol: number, payload: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const alert: ipv4.Option = { kind: ipv4.IPOPT_RA, value: 0 };
  return fc
    .record({
      payload,
      options: seldom<ipv4.Option[]>(8, [], fc.constant([alert])),
      flags: seldom(8, 0, fc.constantFrom(ipv4.FLAG_MF, ipv4.FLAG_DF)),
      fragOff: seldom(14, 0, fc.constant(3)),
      delta: seldom(8, 0, fc.integer({ min: -12, max: 30 })),
    })
    .map(({ payload: bytes, options, flags, fragOff, delta }) => {
      const ihl = 5 + options.length;
      const header = ipv4.encode({
        ...{
          version: 4,
          ihl,
          tos: 0,
          totLen: Math.max(0, ihl * 4 + bytes.length + delta),
          id: 7,
          flags,
          fragOff,
        },
        ...{ ttl: 9, protocol, check: 0, saddr: SADDR, daddr: DADDR, options },
      });
      ipv4.sendCheck(viewOf(header), 0);
      return Uint8Array.from([...header, ...bytes]);
    });
}

/** Label stacks, and objects of classes that tshark does not know. */
const object: fc.Arbitrary<icmp.ExtensionObject> = fc.oneof(
  fc
    .array(fc.record({ label: fc.nat(0xf_ffff), tc: fc.nat(7), bottom: fc.nat(1), ttl: fc.nat(255) }), {
      minLength: 1,
      maxLength: 5,
    })
    .map(icmp.labelStack),
  icmpTesting.extensionObject().filter(({ classNum }) => classNum > 3),
);
const extensions: fc.Arbitrary<icmp.Extensions> = fc
  .tuple(
    fc.array(object, { maxLength: 3 }).map(icmp.extensionsOf),
    seldom(5, new Uint8Array(0), fc.uint8Array({ maxLength: 9 })),
    fc.constantFrom('right', 'none', 'wrong'),
  )
  .map(([structure, malformed, check]) => ({
    ...{ ...structure, malformed },
    check: check === 'none' ? 0 : check === 'right' ? structure.check : structure.check ^ 1,
  }));

/** Messages of every type but errors. */
const query: fc.Arbitrary<icmp.Message> = fc.oneof(
  {
    weight: 6,
    arbitrary: icmpTesting
      .message()
      .filter(({ kind }) => kind !== 'extended-echo' && kind !== 'error' && kind !== 'redirect'),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(0xffff), fc.nat(0xff), fc.nat(0x7f), fc.nat(1), extensions).map(
      ([id, sequence, reserved, local, structure]): icmp.Message => ({
        ...{
          kind: 'extended-echo',
          type: icmp.ICMP_EXT_ECHO,
          code: 0,
          check: 0,
          id,
          sequence,
          reserved,
          local,
        },
        extensions: structure,
      }),
    ),
  },
);

const quoted: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 4, arbitrary: packet(ipv4.IPPROTO_UDP, datagram) },
  { weight: 4, arbitrary: packet(ipv4.IPPROTO_TCP, segment) },
  { weight: 4, arbitrary: packet(ipv4.IPPROTO_ICMP, query.map(icmp.encodeMessage)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }) },
);

const types = [icmp.ICMP_DEST_UNREACH, icmp.ICMP_TIME_EXCEEDED, icmp.ICMP_PARAMETERPROB];

/** Errors that quote all of a packet, or as much as RFC 792 wants, or less; with extensions as RFC 4884 has them, or as they were before. */
const error: fc.Arbitrary<icmp.Message> = fc
  .record({
    type: fc.constantFrom(...types, icmp.ICMP_SOURCE_QUENCH, icmp.ICMP_REDIRECT),
    code: fc.oneof(fc.nat(15), fc.nat(255)),
    quote: quoted,
    kept: fc.oneof(fc.constant(28), fc.nat(160), fc.constant(0xffff)),
    pointer: fc.nat(255),
    mtu: fc.nat(0xffff),
    gateway: fc.nat(0xffff_ffff),
    extensions: seldom<icmp.Extensions | undefined>(1, undefined, extensions),
    isTold: fc.boolean(),
  })
  .map(({ type, code, quote, kept, pointer, mtu, gateway, extensions: structure, isTold }): icmp.Message => {
    const bytes = quote.slice(0, kept);
    if (type === icmp.ICMP_REDIRECT) return { kind: 'redirect', type, code, check: 0, gateway, quote: bytes };
    const fields = {
      ...{ kind: 'error' as const, type, code, check: 0, length: 0 },
      pointer: type === icmp.ICMP_PARAMETERPROB ? pointer : 0,
      mtu: type === icmp.ICMP_DEST_UNREACH ? mtu : 0,
    };
    if (structure === undefined || !icmp.mayExtend(type))
      return { ...fields, quote: bytes, extensions: undefined };
    const words = Math.max(icmp.MIN_EXTENDED_QUOTE / 4, isTold ? Math.ceil(bytes.length / 4) : 0);
    const padded = new Uint8Array(words * 4);
    padded.set(bytes.subarray(0, padded.length));
    return { ...fields, length: isTold ? words : 0, quote: padded, extensions: structure };
  });

/** Messages, one in seven with a bit wrong. */
const message: fc.Arbitrary<Uint8Array> = fc
  .tuple(fc.oneof(query, error), seldom(6, 0, fc.constant(1)))
  .map(([one, flip]) => {
    const bytes = icmp.encodeMessage(icmp.seal(one));
    bytes[3]! ^= flip;
    return bytes;
  });

/** A capture of `count` packets, some of them cut, some with a trailer. */
function capture(seed: number, count: number, packets: fc.Arbitrary<Uint8Array>): Uint8Array {
  const writer = new PcapWriter({ linkType: LINKTYPE.IPV4 });
  const list = fc.sample(fc.tuple(packets, seldom(7, 0, fc.nat(60)), seldom(7, 0, fc.nat(20))), {
    seed,
    numRuns: count,
  });
  const records = list.map(([bytes, cut, trailer], i) => {
    const data = Uint8Array.from([...bytes, ...new Uint8Array(trailer)]);
    return writer.write({
      data: data.subarray(0, Math.max(1, data.length - cut)),
      originalLength: data.length,
      timestamp: { seconds: i, nanoseconds: 0 },
    });
  });
  return Buffer.concat([writer.header(), ...records]);
}

/** A capture of datagrams. */
export function udpCapture(seed: number, count: number): Uint8Array {
  return capture(seed, count, packet(ipv4.IPPROTO_UDP, datagram));
}

/** A capture of ICMP messages. */
export function icmpCapture(seed: number, count: number): Uint8Array {
  return capture(seed, count, packet(ipv4.IPPROTO_ICMP, message));
}
