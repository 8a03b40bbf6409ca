/**
 * fast-check arbitraries for IPv4: legal headers and their parts, to test what is built on them.
 * @packageDocumentation
 */
import fc from 'fast-check';
import type { Header, PushHeader } from './header.ts';
import {
  IPOPT_END,
  IPOPT_LSRR,
  IPOPT_MALFORMED,
  IPOPT_NOOP,
  IPOPT_RA,
  IPOPT_RAW,
  IPOPT_RR,
  IPOPT_SEC,
  IPOPT_SID,
  IPOPT_SSRR,
  IPOPT_TIMESTAMP,
  MAX_IPOPTLEN,
  type Option,
} from './option-kinds.ts';
import { optionLength, optionsLength } from './options.ts';
import type { Prefix } from './prefix.ts';

/** The fields of a header that do not depend on one another, all given: `push` derives the rest. */
export type Fields = Omit<Header, 'version' | 'ihl' | 'totLen' | 'check'>;

/** What {@link header} and {@link options} may make. */
export interface Constraints {
  /** Most bytes of options, a multiple of four, 0..40; default 40. */
  maxOptions?: number;
}

const u4 = fc.nat(0x0f);
const u8 = fc.nat(0xff);
const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffff_ffff);

/** Any address, u32; those with a meaning of their own come often. */
export function address(): fc.Arbitrary<number> {
  const special = [
    0, 0x7f00_0001, 0x0a00_0001, 0xc0a8_010a, 0xe000_0001, 0xa9fe_0001, 0xffff_ffff, 0x8000_0000,
  ];
  return fc.oneof({ weight: 3, arbitrary: u32 }, fc.constantFrom(...special));
}

/** Any prefix, host bits included. */
export function prefix(): fc.Arbitrary<Prefix> {
  return fc.record({ address: address(), length: fc.nat(32) }, { noNullPrototype: true });
}

/** Any protocol number, those of TCP, UDP and ICMP often. */
export function protocol(): fc.Arbitrary<number> {
  return fc.oneof(u8, fc.constantFrom(1, 6, 17));
}

/** One well-formed option of up to 40 bytes: every type but `End` and `Malformed`, which end a list. */
export function option(): fc.Arbitrary<Option> {
  return fc.oneof(noop(), route(), timestamp(), routerAlert(), streamId(), security(), raw());
}

/**
 * A list of options as `decode` gives it: aligned to four bytes by no-operations, by `End` with any padding, or by a
 * `Malformed`.
 */
export function options({ maxOptions = MAX_IPOPTLEN }: Constraints = {}): fc.Arbitrary<Option[]> {
  const list = fc.array(option(), { maxLength: 6 });
  const last = fc.constantFrom(IPOPT_NOOP, IPOPT_END, IPOPT_MALFORMED);
  const filler = fc.uint8Array({ minLength: 7, maxLength: 7 });
  return fc
    .tuple(list, last, filler, fc.boolean())
    .map(([all, kind, bytes, more]) => aligned(fitting(all, maxOptions), maxOptions, kind, bytes, more));
}

/** A legal header: `decode` undoes `encode`. `totLen` and `check` are any, not derived: nothing follows. */
export function header(constraints: Constraints = {}): fc.Arbitrary<Header> {
  return fc.tuple(fields(constraints), u16, u16).map(([part, totLen, check]) => {
    const ihl = 5 + optionsLength(part.options) / 4;
    return {
      version: 4,
      ihl,
      tos: part.tos,
      totLen: Math.max(totLen, ihl * 4),
      id: part.id,
      flags: part.flags,
      fragOff: part.fragOff,
      ttl: part.ttl,
      protocol: part.protocol,
      check,
      saddr: part.saddr,
      daddr: part.daddr,
      options: part.options,
    };
  });
}

/** A legal header with the given fields; `ihl` and `totLen` follow `options` where those are given alone. */
export function headerWith(part: Partial<Header>): fc.Arbitrary<Header> {
  return header().map((whole) => {
    const ihl = 5 + optionsLength(part.options ?? whole.options) / 4;
    return { ...whole, ihl, totLen: Math.max(whole.totLen, ihl * 4), ...part };
  });
}

/**
 * What `push` takes, with lengths and checksum left to it and no other field left out: `pull` gives the same fields back for
 * any payload that fits.
 */
export function pushHeader(constraints: Constraints = {}): fc.Arbitrary<PushHeader & Fields> {
  return fields(constraints);
}

function fields(constraints: Constraints): fc.Arbitrary<Fields> {
  return fc.record(
    {
      tos: u8,
      id: u16,
      flags: fc.nat(7),
      fragOff: fc.nat(0x1fff),
      ttl: u8,
      protocol: protocol(),
      saddr: address(),
      daddr: address(),
      options: options(constraints),
    },
    { noNullPrototype: true },
  );
}

function noop(): fc.Arbitrary<Option> {
  return fc.constant(null).map(() => ({ kind: IPOPT_NOOP }));
}

function route(): fc.Arbitrary<Option> {
  const kind = fc.constantFrom(IPOPT_RR, IPOPT_LSRR, IPOPT_SSRR);
  return fc.record(
    { kind, pointer: u8, route: fc.array(address(), { maxLength: 9 }) },
    { noNullPrototype: true },
  );
}

function timestamp(): fc.Arbitrary<Option> {
  const kind = fc.constant(IPOPT_TIMESTAMP);
  const words = fc.array(u32, { maxLength: 9 });
  return fc.record({ kind, pointer: u8, overflow: u4, flag: u4, words }, { noNullPrototype: true });
}

function routerAlert(): fc.Arbitrary<Option> {
  return u16.map((value) => ({ kind: IPOPT_RA, value }));
}

function streamId(): fc.Arbitrary<Option> {
  return u16.map((streamId) => ({ kind: IPOPT_SID, streamId }));
}

function security(): fc.Arbitrary<Option> {
  return fc.uint8Array({ maxLength: 9 }).map((data) => ({ kind: IPOPT_SEC, data }));
}

/** Kinds that have no type here, and kinds that have one with a length that is not theirs. */
function raw(): fc.Arbitrary<Option> {
  const known: number[] = [IPOPT_RR, IPOPT_TIMESTAMP, IPOPT_LSRR, IPOPT_SID, IPOPT_SSRR, IPOPT_RA];
  const unknown = fc.tuple(
    fc.integer({ min: 2, max: 0xff }).filter((code) => code !== IPOPT_SEC && !known.includes(code)),
    fc.uint8Array({ maxLength: 12 }),
  );
  const odd = fc.tuple(
    fc.constantFrom(...known),
    fc.uint8Array({ maxLength: 12 }).filter(({ length }) => length % 4 === 0 || length % 4 === 3),
  );
  return fc.oneof(unknown, odd).map(([code, data]) => ({ kind: IPOPT_RAW, code, data }));
}

/** The options that fit `room` bytes, in order. */
function fitting(list: readonly Option[], room: number): Option[] {
  let left = room;
  return list.filter((option) => {
    const length = optionLength(option);
    if (length > left) return false;
    left -= length;
    return true;
  });
}

/** The list and what fills its last word, or one word more where there is room for it. */
function aligned(
  list: Option[],
  room: number,
  kind: typeof IPOPT_NOOP | typeof IPOPT_END | typeof IPOPT_MALFORMED,
  filler: Uint8Array,
  more: boolean,
): Option[] {
  const length = optionsLength(list);
  const gap = (4 - (length % 4)) % 4;
  const fill = more && length + gap + 4 <= room ? gap + 4 : gap;
  if (fill === 0) return list;
  const bytes = filler.slice(0, fill);
  if (kind === IPOPT_END) return [...list, { kind, padding: bytes.slice(1) }];
  if (kind === IPOPT_MALFORMED) return [...list, { kind, data: unreadable(bytes) }];
  return [...list, ...Array.from(bytes, () => ({ kind }))];
}

/** Makes bytes begin with an option whose length is 0, 1, too long, or missing. */
function unreadable(bytes: Uint8Array): Uint8Array {
  bytes[0] = Math.max(bytes[0] as number, 2);
  if (bytes.length > 1 && (bytes[1] as number) >= 2) {
    bytes[1] = Math.max(bytes[1] as number, bytes.length + 1);
  }
  return bytes;
}
