/**
 * The laws of a header codec. Each is a function that throws when it is broken; {@link codecLaws} registers them all.
 * @module
 */
import { viewOf } from '@stack/skbuff';
import fc from 'fast-check';
import type { TestApi } from './api.ts';
import { coded, holds, rangeError, refusal, same } from './assert.ts';
import { hostile } from './hostile.ts';

/** What a codec package exports, as far as the laws use it: `import * as udp` is one. What a header is, `decode` says. */
export interface Codec<Header> {
  readonly HLEN: number;
  size(header: NoInfer<Header>): number;
  check(view: DataView, at: number, end: number): string | undefined;
  checkPacket?(view: DataView, at: number, end: number, len: number): string | undefined;
  headerLength(view: DataView, at: number): number;
  read(view: DataView, at: number): Header;
  decode(bytes: Uint8Array, offset?: number): Header;
  encode(header: NoInfer<Header>, into?: Uint8Array, offset?: number): Uint8Array;
  format?(header: NoInfer<Header>): string;
}

/** Which laws a codec cannot keep, and how long to look. */
export interface CodecLawOptions {
  /** Re-encoding what any bytes decode to gives the bytes back; `false` where the header does not keep them all. */
  reencode?: boolean;
  /** Every strict prefix of an encoding is refused; `false` where the end of the bytes is the end of the header. */
  prefixes?: boolean;
  /** Field readers that must exist; those that do are compared with `read` in any case. */
  readers?: readonly string[];
  /** Runs of each property; fast-check's own setting when absent. */
  runs?: number;
}

/** One law: throws when `codec` breaks it for a header of `headers`. */
export type CodecLaw = <Header extends object>(
  codec: Codec<Header>,
  headers: fc.Arbitrary<Header>,
  options?: CodecLawOptions,
) => void;

/** Verbs that are also names of wire fields: `udp.check` is the function, not a reader of the field. */
const VERBS: ReadonlySet<string> = /* @__PURE__ */ new Set([
  ...[
    'check',
    'checkPacket',
    'headerLength',
    'size',
    'read',
    'decode',
    'encode',
    'push',
    'pull',
    'format',
    'verify',
  ],
]);

/** Every law of a codec, by the sentence it stands under in a test report. */
export const CODEC_LAWS: Readonly<Record<string, CodecLaw>> = {
  'decode undoes encode': roundTrip,
  'encode writes all of its bytes and no other, at any offset of any view': placement,
  'encode refuses a target that is too short and writes nothing': shortTarget,
  'every strict prefix is refused': prefixRefused,
  'any bytes give a header or a WireError': total,
  'check reads nothing outside its bounds': bounded,
  'readers agree with read': readersAgree,
  'a header is plain: one shape, unsigned integers': plain,
};

/** Registers {@link CODEC_LAWS} for one codec under `name`. */
export function codecLaws<Header extends object>(
  api: TestApi,
  name: string,
  codec: Codec<Header>,
  headers: fc.Arbitrary<Header>,
  options: CodecLawOptions = {},
): void {
  api.describe(`${name}: codec laws`, () => {
    for (const [sentence, law] of Object.entries(CODEC_LAWS)) {
      if (law === prefixRefused && options.prefixes === false) continue;
      api.it(sentence, () => law(codec, headers, options));
    }
  });
}

/** `decode` undoes `encode`; `size`, `check` and `headerLength` agree with it. */
export function roundTrip<Header extends object>(
  codec: Codec<Header>,
  headers: fc.Arbitrary<Header>,
  options: CodecLawOptions = {},
): void {
  forAll(options, fc.tuple(headers, fc.nat(9)), ([header, offset]) => {
    const bytes = codec.encode(header);
    const view = viewOf(bytes);
    same(bytes.length, codec.size(header), 'encode gives size(header) bytes');
    holds(bytes.length >= codec.HLEN, 'HLEN is a lower bound of size');
    same(codec.check(view, 0, bytes.length), undefined, 'check accepts what encode wrote');
    same(codec.decode(bytes), header, 'decode undoes encode');
    same(codec.headerLength(view, 0), bytes.length, 'headerLength is the size of the header');
    const later = codec.encode(header, undefined, offset);
    same(later.length, offset + bytes.length, 'encode at an offset gives offset + size bytes');
    same(later.slice(offset), bytes, 'encode at an offset writes the same bytes');
    if (codec.format) holds(/^[^\n\r]+$/.test(codec.format(header)), 'format gives one line');
  });
}

/**
 * `encode` fills exactly [offset, offset + size) of a used buffer that starts inside another one, and `decode` and `read`
 * find the header there.
 */
export function placement<Header extends object>(
  codec: Codec<Header>,
  headers: fc.Arbitrary<Header>,
  options: CodecLawOptions = {},
): void {
  const fill = fc.oneof(fc.constant(Uint8Array.of(0xa5)), fc.uint8Array({ minLength: 1, maxLength: 64 }));
  const where = fc.record({ lead: fc.integer({ min: 1, max: 9 }), offset: fc.nat(9), rest: fc.nat(9) });
  forAll(options, fc.tuple(headers, where, fill), ([header, { lead, offset, rest }, pattern]) => {
    const clean = codec.encode(header);
    // A fill and its complement: a byte left unwritten cannot match both times.
    for (const flip of [0, 0xff]) {
      const backing = Uint8Array.from(
        { length: lead + offset + clean.length + rest },
        (_, i) => (pattern[i % pattern.length] ?? 0) ^ flip,
      );
      const expected = backing.slice();
      expected.set(clean, lead + offset);
      const into = backing.subarray(lead);
      holds(codec.encode(header, into, offset) === into, 'encode returns the array it was given');
      same(backing, expected, 'encode writes its bytes and no other');
      same(codec.decode(into, offset), header, 'decode at the offset');
      same(codec.read(viewOf(into), offset), header, 'read at the offset');
    }
  });
}

/** A target without room gives a RangeError and keeps every byte. */
export function shortTarget<Header extends object>(
  codec: Codec<Header>,
  headers: fc.Arbitrary<Header>,
  options: CodecLawOptions = {},
): void {
  forAll(options, fc.tuple(headers, fc.nat(9), fc.nat()), ([header, offset, draw]) => {
    const room = draw % codec.size(header);
    for (const length of [offset + room, offset + codec.size(header) - 1]) {
      const backing = new Uint8Array(length + 20).fill(0xa5);
      rangeError(
        () => codec.encode(header, backing.subarray(3, 3 + length), offset),
        `encode into ${length} bytes`,
      );
      holds(
        backing.every((byte) => byte === 0xa5),
        `encode wrote although ${length} bytes are too few`,
      );
    }
  });
}

/** Every strict prefix of an encoding is refused with a code, by `check` through its bound and by `decode`. */
export function prefixRefused<Header extends object>(
  codec: Codec<Header>,
  headers: fc.Arbitrary<Header>,
  options: CodecLawOptions = {},
): void {
  forAll(options, fc.tuple(headers, fc.nat(5)), ([header, offset]) => {
    const bytes = codec.encode(header, undefined, offset);
    const view = viewOf(bytes);
    for (let length = offset; length < bytes.length; length++) {
      const what = `a prefix of ${length - offset} of ${bytes.length - offset} bytes`;
      const error = refusal(() => codec.decode(bytes.subarray(0, length), offset), offset, length, what);
      same(codec.check(view, offset, length), error.code, `check and decode agree on ${what}`);
    }
  });
}

/** Any bytes give a header or a coded refusal; `check` says which; what decodes encodes to the same bytes again. */
export function total<Header extends object>(
  codec: Codec<Header>,
  headers: fc.Arbitrary<Header>,
  options: CodecLawOptions = {},
): void {
  const valid = headers.map((header) => codec.encode(header));
  forAll(options, fc.tuple(hostile(valid), fc.nat(3)), ([bytes, draw]) => {
    const offset = Math.min(draw, bytes.length);
    judgeBytes(codec, bytes, offset, options);
  });
}

/** The law of {@link total} for one run of bytes; the fuzzer calls it with its own. */
export function judgeBytes<Header extends object>(
  codec: Codec<Header>,
  bytes: Uint8Array,
  offset: number,
  options: CodecLawOptions = {},
): void {
  const view = viewOf(bytes);
  const code = codec.check(view, offset, bytes.length);
  const whole = codec.checkPacket?.(view, offset, bytes.length, bytes.length - offset);
  if (code !== undefined && codec.checkPacket) same(whole, code, 'checkPacket refuses what check refuses');
  let header: Header;
  try {
    header = codec.decode(bytes, offset);
  } catch (error) {
    same(coded(error, offset, bytes.length, 'decode').code, code, 'check and decode give the same code');
    return;
  }
  same(code, undefined, 'check accepts what decode accepts');
  const length = codec.headerLength(view, offset);
  holds(Number.isInteger(length) && length >= codec.HLEN, `headerLength ${length} is below HLEN`);
  holds(offset + length <= bytes.length, `headerLength ${length} is beyond the bytes there are`);
  if (codec.format) holds(/^[^\n\r]+$/.test(codec.format(header)), 'format gives one line');
  if (options.reencode === false) return;
  same(codec.size(header), length, 'size of what was decoded is headerLength');
  same(
    codec.encode(header),
    bytes.slice(offset, offset + length),
    'what was decoded encodes to the same bytes',
  );
}

/** `check` and `checkPacket` answer from the bytes [at, end) alone. */
export function bounded<Header extends object>(
  codec: Codec<Header>,
  headers: fc.Arbitrary<Header>,
  options: CodecLawOptions = {},
): void {
  const valid = headers.map((header) => codec.encode(header));
  const around = fc.tuple(fc.nat(5), fc.nat(9), fc.nat(255));
  forAll(options, fc.tuple(fc.oneof(valid, hostile(valid)), around), ([bytes, [before, after, fill]]) => {
    const alone = viewOf(bytes);
    const backing = new Uint8Array(before + bytes.length + after).fill(fill);
    backing.set(bytes, before);
    const inside = viewOf(backing);
    const end = before + bytes.length;
    same(
      codec.check(inside, before, end),
      codec.check(alone, 0, bytes.length),
      'check depends on bytes outside',
    );
    if (!codec.checkPacket) return;
    const expected = codec.checkPacket(alone, 0, bytes.length, bytes.length);
    same(
      codec.checkPacket(inside, before, end, bytes.length),
      expected,
      'checkPacket depends on bytes outside',
    );
  });
}

/** Each field reader gives what `read` gives; one of a 32-bit field may give it signed. */
export function readersAgree<Header extends object>(
  codec: Codec<Header>,
  headers: fc.Arbitrary<Header>,
  options: CodecLawOptions = {},
): void {
  const named = codec as unknown as Record<string, unknown>;
  for (const name of options.readers ?? [])
    holds(typeof named[name] === 'function', `there is no reader ${name}`);
  forAll(options, fc.tuple(headers, fc.nat(9)), ([header, offset]) => {
    const view = viewOf(codec.encode(header, undefined, offset));
    for (const [name, value] of Object.entries(codec.read(view, offset))) {
      const reader = named[name];
      if (typeof reader !== 'function' || typeof value !== 'number' || VERBS.has(name)) continue;
      const field: unknown = reader(view, offset);
      const unsigned = typeof field === 'number' && field < 0 ? field >>> 0 : field;
      same(unsigned, value, `the reader ${name} and read`);
    }
  });
}

/** Every decoded header has the same properties in the same order, and its numbers are unsigned. */
export function plain<Header extends object>(
  codec: Codec<Header>,
  headers: fc.Arbitrary<Header>,
  options: CodecLawOptions = {},
): void {
  let shape: string[] | undefined;
  forAll(options, headers, (header) => {
    const decoded = codec.decode(codec.encode(header));
    same(Object.getPrototypeOf(decoded), Object.prototype, 'a header is a plain object');
    shape ??= Object.keys(decoded);
    same(Object.keys(decoded), shape, 'headers differ in their properties or the order of them');
    for (const [name, value] of Object.entries(decoded)) {
      holds(value !== undefined, `${name} is undefined`);
      if (typeof value === 'number') holds(Number.isSafeInteger(value) && value >= 0, `${name} is ${value}`);
    }
  });
}

function forAll<T>(options: CodecLawOptions, values: fc.Arbitrary<T>, body: (value: T) => void): void {
  const property = fc.property(values, (value) => {
    body(value);
  });
  fc.assert(property, options.runs === undefined ? {} : { numRuns: options.runs });
}
