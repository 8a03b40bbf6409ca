/**
 * fast-check arbitraries for ICMP: legal headers and whole messages, to test what is built on them.
 * @packageDocumentation
 */
import fc from 'fast-check';
import { type ExtensionObject, type Extensions, extensionsOf } from './extensions.ts';
import type { Header, PushHeader } from './header.ts';
import type { Message } from './message-kinds.ts';
import { seal } from './message-write.ts';
import * as types from './types.ts';

/** The fields of a header that do not depend on what follows it. */
export type Fields = Omit<Header, 'check'>;

const u8 = fc.nat(0xff);
const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffff_ffff);
const plain = { noNullPrototype: true } as const;

/** Any type, u8; those that have a name often. */
export function type(): fc.Arbitrary<number> {
  return fc.oneof(u8, fc.constantFrom(0, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 42, 43));
}

/** A legal header: any is. `check` is any, not derived: nothing follows. */
export function header(): fc.Arbitrary<Header> {
  return fc.record({ type: type(), code: u8, check: u16, rest: u32 }, plain);
}

/** A legal header with the given fields. */
export function headerWith(part: Partial<Header>): fc.Arbitrary<Header> {
  return header().map((whole) => ({ ...whole, ...part }));
}

/** What `push` takes, with the checksum left to it. */
export function pushHeader(): fc.Arbitrary<PushHeader & Fields> {
  return fc.record({ type: type(), code: u8, rest: u32 }, plain);
}

/** An object of any class. */
export function extensionObject(): fc.Arbitrary<ExtensionObject> {
  const data = fc.uint8Array({ maxLength: 20 });
  return fc.record({ classNum: u8, cType: u8, data }, plain);
}

/** A well-formed extension structure, its checksum right. */
export function extensions(): fc.Arbitrary<Extensions> {
  return fc.array(extensionObject(), { maxLength: 4 }).map(extensionsOf);
}

/** A legal message of any kind but `raw`, its checksum right: `decodeMessage` undoes `encodeMessage`. */
export function message(): fc.Arbitrary<Message> {
  return fc
    .oneof(echo(), error(), redirect(), timestamp(), information(), mask(), router(), probe())
    .map((one) => seal(one));
}

function common(...known: number[]): {
  type: fc.Arbitrary<number>;
  code: fc.Arbitrary<number>;
  check: fc.Arbitrary<number>;
} {
  return { type: fc.constantFrom(...known), code: u8, check: fc.constant(0) };
}

function bytes(maxLength = 60): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ maxLength });
}

function echo(): fc.Arbitrary<Message> {
  return fc.record(
    {
      kind: fc.constant('echo' as const),
      ...common(types.ICMP_ECHO, types.ICMP_ECHOREPLY),
      id: u16,
      sequence: u16,
      data: bytes(),
    },
    plain,
  );
}

/** Errors without extensions, whose quote is too short to be taken for one with them, and errors with them. */
function error(): fc.Arbitrary<Message> {
  const kind = fc.constant('error' as const);
  const bare = fc.record(
    {
      kind,
      ...common(
        types.ICMP_DEST_UNREACH,
        types.ICMP_SOURCE_QUENCH,
        types.ICMP_TIME_EXCEEDED,
        types.ICMP_PARAMETERPROB,
      ),
      pointer: u8,
      length: fc.constant(0),
      mtu: u16,
      quote: bytes(100),
      extensions: fc.constant(undefined),
    },
    plain,
  );
  const extended = fc
    .tuple(
      fc.record(
        {
          kind,
          ...common(types.ICMP_DEST_UNREACH, types.ICMP_TIME_EXCEEDED, types.ICMP_PARAMETERPROB),
          pointer: u8,
          length: fc.integer({ min: 1, max: 40 }),
          mtu: u16,
        },
        plain,
      ),
      fc.uint8Array({ minLength: 160, maxLength: 160 }),
      extensions(),
    )
    .map(([fields, filler, structure]) => ({
      ...fields,
      quote: filler.slice(0, fields.length * 4),
      extensions: structure,
    }));
  return fc.oneof(bare, extended);
}

function redirect(): fc.Arbitrary<Message> {
  return fc.record(
    { kind: fc.constant('redirect' as const), ...common(types.ICMP_REDIRECT), gateway: u32, quote: bytes() },
    plain,
  );
}

function timestamp(): fc.Arbitrary<Message> {
  return fc.record(
    {
      kind: fc.constant('timestamp' as const),
      ...common(types.ICMP_TIMESTAMP, types.ICMP_TIMESTAMPREPLY),
      id: u16,
      sequence: u16,
      originate: u32,
      receive: u32,
      transmit: u32,
      data: bytes(4),
    },
    plain,
  );
}

function information(): fc.Arbitrary<Message> {
  return fc.record(
    {
      kind: fc.constant('information' as const),
      ...common(types.ICMP_INFO_REQUEST, types.ICMP_INFO_REPLY),
      id: u16,
      sequence: u16,
      data: bytes(4),
    },
    plain,
  );
}

function mask(): fc.Arbitrary<Message> {
  return fc.record(
    {
      kind: fc.constant('mask' as const),
      ...common(types.ICMP_ADDRESS, types.ICMP_ADDRESSREPLY),
      id: u16,
      sequence: u16,
      mask: u32,
      data: bytes(4),
    },
    plain,
  );
}

function router(): fc.Arbitrary<Message> {
  const routers = fc.array(
    fc.record({ address: u32, preference: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }) }, plain),
    { maxLength: 4 },
  );
  return fc.oneof(
    fc.record(
      {
        kind: fc.constant('advertisement' as const),
        ...common(types.ICMP_ROUTERADVERT),
        lifetime: u16,
        routers,
        data: bytes(4),
      },
      plain,
    ),
    fc.record(
      {
        kind: fc.constant('solicitation' as const),
        ...common(types.ICMP_ROUTERSOLICIT),
        reserved: u32,
        data: bytes(4),
      },
      plain,
    ),
  );
}

function probe(): fc.Arbitrary<Message> {
  return fc.oneof(
    fc.record(
      {
        kind: fc.constant('extended-echo' as const),
        ...common(types.ICMP_EXT_ECHO),
        id: u16,
        sequence: u8,
        reserved: fc.nat(0x7f),
        local: fc.nat(1),
        extensions: extensions(),
      },
      plain,
    ),
    fc.record(
      {
        kind: fc.constant('extended-echo-reply' as const),
        ...common(types.ICMP_EXT_ECHOREPLY),
        id: u16,
        sequence: u8,
        state: fc.nat(7),
        reserved: fc.nat(3),
        active: fc.nat(1),
        ipv4: fc.nat(1),
        ipv6: fc.nat(1),
        data: bytes(4),
      },
      plain,
    ),
  );
}
