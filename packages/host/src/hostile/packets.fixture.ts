/**
 * Arbitraries of packets that a host may meet: every protocol it speaks, to it, through it and past it; right at all levels, or broken at
 * one of them and right around it, so that what is broken gets as far as it can.
 * @module
 */
import { encodeMessage } from '@stack/icmp';
import { message } from '@stack/icmp/testing';
import { encode as encodeIp } from '@stack/ipv4';
import { options as ipOptions } from '@stack/ipv4/testing';
import { csumFold, csumPartial, pseudoIpv4 } from '@stack/skbuff/checksum';
import { optionBytes } from '@stack/tcp/testing';
import { hostile } from '@stack/testkit';
import fc from 'fast-check';
import { arp, datagram, icmp, packet, segment } from './craft.fixture.ts';
import { ECHO, FRIEND, FRIEND_MAC, HOST, HOST_MAC, HOST_VETH, HOST_VETH_MAC, IDLE } from './fixture.ts';

const BROADCAST = 0xffff_ffff;
const SUBNET_BROADCAST = 0xc0a8_01ff;
const ALL_HOSTS = 0xe000_0001;
const IGMP = 0xe000_0016;
const LOOPBACK = 0x7f00_0001;
const ROUTER = 0x0a00_0002;

const u8 = fc.nat(0xff);
const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffff_ffff);

const source = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(FRIEND, ROUTER) },
  { weight: 1, arbitrary: u32 },
  { weight: 1, arbitrary: fc.constantFrom(0, HOST, LOOPBACK, BROADCAST, ALL_HOSTS, SUBNET_BROADCAST) },
);
const destination = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom(HOST, HOST_VETH) },
  { weight: 1, arbitrary: u32 },
  { weight: 2, arbitrary: fc.constantFrom(0, BROADCAST, SUBNET_BROADCAST, ALL_HOSTS, IGMP, LOOPBACK) },
  // To be forwarded: to the friend, to nobody on the link, over the default route.
  { weight: 2, arbitrary: fc.constantFrom(FRIEND, 0x0a00_0009, 0x0808_0808) },
);
const port = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(ECHO, IDLE) }, fc.constantFrom(0, 53), u16);
/** What is in it hardly matters, and every byte of it would have to be shrunk. */
const data = fc
  .tuple(fc.oneof(fc.nat(40), fc.integer({ min: 1000, max: 1472 })), u8)
  .map(([length, value]) => new Uint8Array(length).fill(value));
const flags = fc.oneof(
  fc.constantFrom(0x02, 0x10, 0x12, 0x04, 0x14, 0x11, 0x18, 0x38, 0x29, 0),
  fc.nat(0xfff),
);

/** Addresses of a packet, u32. */
export interface Ends {
  saddr: number;
  daddr: number;
}

/** A transport's message, and its protocol number. */
export interface Carried {
  readonly protocol: number;
  readonly bytes: Uint8Array;
}

/** Where in a message its checksum is; undefined for a protocol without one. */
function checkAt(protocol: number): number | undefined {
  if (protocol === 17) return 6;
  if (protocol === 6) return 16;
  return protocol === 1 || protocol === 2 ? 2 : undefined;
}

/** The same with its checksum right, where there is room for one. */
function sealed({ saddr, daddr }: Ends, { protocol, bytes }: Carried): Carried {
  const at = checkAt(protocol);
  if (at === undefined || bytes.length < at + 2) return { protocol, bytes };
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  view.setUint16(at, 0);
  const pseudo = protocol === 17 || protocol === 6 ? pseudoIpv4(saddr, daddr, protocol, copy.length) : 0;
  view.setUint16(at, csumFold(csumPartial(view, 0, copy.length, pseudo)) || 0xffff);
  return { protocol, bytes: copy };
}

/** What a packet carries: whole, broken, or broken and with the checksum that belongs to it. */
export function carried(ends: Ends): fc.Arbitrary<Carried> {
  return fc.oneof(
    { weight: 3, arbitrary: variants(ends, 17, udp(ends)) },
    { weight: 4, arbitrary: variants(ends, 6, tcp(ends)) },
    { weight: 2, arbitrary: variants(ends, 1, icmpMessage()) },
    { weight: 3, arbitrary: variants(ends, 1, icmpError({ saddr: ends.daddr, daddr: ends.saddr })) },
    { weight: 1, arbitrary: variants(ends, 2, igmp()) },
    { weight: 1, arbitrary: fc.tuple(u8, data).map(([protocol, bytes]) => ({ protocol, bytes })) },
  );
}

function variants(ends: Ends, protocol: number, valid: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Carried> {
  const whole = valid.map((bytes) => ({ protocol, bytes }));
  const broken = hostile(valid).map((bytes) => ({ protocol, bytes }));
  return fc.oneof(
    { weight: 3, arbitrary: whole },
    { weight: 2, arbitrary: broken.map((one) => sealed(ends, one)) },
    { weight: 1, arbitrary: broken },
  );
}

function udp(ends: Ends): fc.Arbitrary<Uint8Array> {
  return fc.tuple(port, port, data).map(([from, to, bytes]) => datagram(ends, from, to, bytes));
}

function tcp(ends: Ends): fc.Arbitrary<Uint8Array> {
  const options = fc.oneof(fc.constant(new Uint8Array(0)), optionBytes());
  return fc
    .tuple(port, port, u32, u32, flags, u16, u16, options, data)
    .map(([source, dest, seq, ack, flags, window, urgent, options, bytes]) =>
      segment(ends, { source, dest, seq, ack, flags, window, urgent, options }, bytes),
    );
}

function icmpMessage(): fc.Arbitrary<Uint8Array> {
  const any = message().map((one) => encodeMessage(one));
  const echo = fc.tuple(u32, data).map(([rest, bytes]) => icmp(8, 0, rest, bytes));
  return fc.oneof(any, echo);
}

/** An ICMP error that quotes a packet between `ends`, or something like it. */
function icmpError(ends: Ends): fc.Arbitrary<Uint8Array> {
  const length = fc.constantFrom(8, 12, 20, 40);
  const quoted = fc
    .tuple(fc.constantFrom(6, 17, 1, 2, 47), port, port, u32, length, fc.constantFrom(0, 1, 0x2000, 0x4000))
    .map(([protocol, source, dest, seq, length, fragment]) => {
      const fields = { source, dest, seq, ack: 0, flags: 0x10, window: 100 };
      const bytes = segment(ends, fields, new Uint8Array(20));
      return packet({ ...ends, protocol, fragment }, bytes.slice(0, length));
    });
  const rest = fc.oneof(u32, fc.constantFrom(0, 1, 68, 552, 1400, 0x0a00_0003));
  return fc
    .tuple(fc.constantFrom(3, 3, 4, 5, 11, 12), fc.nat(16), rest, fc.oneof(hostile(quoted), quoted))
    .map(([type, code, rest, quote]) => icmp(type, code, rest, quote));
}

function igmp(): fc.Arbitrary<Uint8Array> {
  const type = fc.constantFrom(0x11, 0x12, 0x16, 0x17, 0x22);
  return fc
    .tuple(
      type,
      u8,
      fc.oneof(fc.constantFrom(0, ALL_HOSTS, 0xe001_0203), u32),
      fc.uint8Array({ maxLength: 40 }),
    )
    .map(([type, code, group, rest]) => icmp(type, code, group, rest));
}

/** IPv4 packets that IPv4 has no fault to find in, but for an option at times. */
export function ip(): fc.Arbitrary<Uint8Array> {
  const fragment = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(0, 0x4000) },
    { weight: 1, arbitrary: fc.constantFrom(0x2000, 0x2001, 1, 2, 0x1fff, 0x3fff) },
    { weight: 1, arbitrary: u16 },
  );
  const ttl = fc.constantFrom(64, 64, 64, 64, 1, 0, 2, 255);
  return fc
    .record({ saddr: source, daddr: destination })
    .chain((ends) =>
      fc
        .tuple(carried(ends), u8, ttl, fc.nat(3), fragment, options())
        .map(([{ protocol, bytes }, tos, ttl, id, fragment, options]) =>
          packet({ ...ends, protocol, tos, ttl, id, fragment, options }, bytes),
        ),
    );
}

/** Bytes of IP options, mostly none. */
function options(): fc.Arbitrary<Uint8Array> {
  const legal = ipOptions().map((options) => encodeIp({ ...EMPTY_HEADER, options }).slice(20));
  const any = fc.nat(10).chain((words) => fc.uint8Array({ minLength: 4 * words, maxLength: 4 * words }));
  return fc.oneof(
    { weight: 6, arbitrary: fc.constant(new Uint8Array(0)) },
    { weight: 1, arbitrary: legal },
    { weight: 1, arbitrary: any },
  );
}

const EMPTY_HEADER = {
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
  saddr: 0,
  daddr: 0,
};

/** ARP: questions, answers, announcements and lies about everybody. */
export function arpPacket(): fc.Arbitrary<Uint8Array> {
  const known = fc.constantFrom(HOST_MAC, HOST_VETH_MAC, FRIEND_MAC, 0, 0xffff_ffff_ffff);
  const mac = fc.oneof(known, fc.nat(0xffff_ffff));
  return fc
    .tuple(fc.constantFrom(1, 1, 2, 2, 3, 8, 9), mac, source, mac, destination)
    .map(([op, sha, spa, tha, tpa]) => arp(op, sha, spa, tha, tpa));
}
