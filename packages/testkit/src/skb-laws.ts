/**
 * The laws of `push` and `pull`. Each is a function that throws when it is broken; {@link skbLaws} registers them all.
 * @module
 */
import { type Pool, type SkBuff, viewOf } from '@stack/skbuff';
import fc from 'fast-check';
import type { TestApi } from './api.ts';
import { coded, contains, holds, rangeError, refusal, same, thrown } from './assert.ts';
import { hostile } from './hostile.ts';
import { addFrag, build, geometry, layouts, payloads, withPool } from './packets.ts';

/** What a codec package exports, as far as the skb laws use it. */
export interface PacketCodec<Pushed, Pulled> {
  push(skb: SkBuff, header: Pushed): void;
  pull(skb: SkBuff): Pulled;
  checkPacket?(view: DataView, at: number, end: number, len: number): string | undefined;
}

/** What differs between protocols, and how long to look. */
export interface SkbLawOptions<Pushed, Pulled> {
  /** Throws, or gives `false`, unless `pulled` is the header that was pushed. By default every pushed property must be in it. */
  equal?: (pulled: Pulled, pushed: Pushed) => unknown;
  /** Payloads to push on; up to 300 bytes of any kind by default. */
  payload?: fc.Arbitrary<Uint8Array>;
  /**
   * Whether a header pushed on `payload` says how long it is, so that padding after it is trimmed and a packet cut short is
   * refused. `false` by default.
   */
  trims?: boolean | ((header: Pushed, payload: Uint8Array) => boolean);
  /** Runs of each property; fast-check's own setting when absent. */
  runs?: number;
}

/** One law: throws when `codec` breaks it for a header of `headers`. */
export type SkbLaw = <Pushed extends object, Pulled extends object>(
  codec: PacketCodec<Pushed, Pulled>,
  headers: fc.Arbitrary<Pushed>,
  options?: SkbLawOptions<Pushed, Pulled>,
) => void;

/** Room before the payload, bytes: enough for the longest header here, an ARP header of 1,028. */
const HEADROOM = 1152;
/** Where a packet that is pulled starts: offsets counted from anything but `skb.data` are then wrong. */
const OFFSET = 301;

/** Every law of `push` and `pull`, by the sentence it stands under in a test report. */
export const SKB_LAWS: Readonly<Record<string, SkbLaw>> = {
  'pull undoes push and restores the skb': pullUndoesPush,
  'push without headroom, or on shared bytes, is a RangeError and changes nothing': pushRefused,
  'pull of a packet cut short is a WireError and changes nothing': pullRefused,
  'pull finds a header that lies across frags': splitHeader,
  'padding after the packet is trimmed': paddingTrimmed,
  'pull of any bytes gives a header or a WireError': pullTotal,
};

/** Registers {@link SKB_LAWS} for one codec under `name`. */
export function skbLaws<Pushed extends object, Pulled extends object>(
  api: TestApi,
  name: string,
  codec: PacketCodec<Pushed, Pulled>,
  headers: fc.Arbitrary<Pushed>,
  options: SkbLawOptions<Pushed, Pulled> = {},
): void {
  api.describe(`${name}: skb laws`, () => {
    for (const [sentence, law] of Object.entries(SKB_LAWS)) {
      if (law === paddingTrimmed && (options.trims ?? false) === false) continue;
      api.it(sentence, () => law(codec, headers, options));
    }
  });
}

/** `push` prepends without moving a byte of payload; `pull` gives the header back and the skb as it was. */
export function pullUndoesPush<Pushed extends object, Pulled extends object>(
  codec: PacketCodec<Pushed, Pulled>,
  headers: fc.Arbitrary<Pushed>,
  options: SkbLawOptions<Pushed, Pulled> = {},
): void {
  forAll(options, fc.tuple(headers, payloadOf(options), layouts()), ([header, payload, layout], pool) => {
    const skb = build(pool, payload, layout, HEADROOM);
    const [before, page] = [geometry(skb), skb.page];
    // Twice: the second header lands on the bytes of the first.
    for (let round = 0; round < 2; round++) {
      codec.push(skb, header);
      const pushed = geometry(skb);
      const size = before.data - pushed.data;
      holds(size > 0, 'push moves data down');
      same(
        pushed,
        { ...before, data: pushed.data, len: before.len + size },
        'push moves data and nothing else',
      );
      holds(skb.page === page, 'push keeps the head');
      same(skb.toBytes().slice(size), payload, 'push leaves the payload as it was');
      const pulled = codec.pull(skb);
      same(geometry(skb), before, 'pull restores the skb');
      holds(skb.page === page, 'pull keeps a head that holds the header');
      same(skb.toBytes(), payload, 'the payload after pull');
      compare(options, pulled, header);
    }
    skb.free();
  });
}

/** `push` with too little headroom, and on a head that a clone shares, throws a RangeError before it changes anything. */
export function pushRefused<Pushed extends object, Pulled extends object>(
  codec: PacketCodec<Pushed, Pulled>,
  headers: fc.Arbitrary<Pushed>,
  options: SkbLawOptions<Pushed, Pulled> = {},
): void {
  forAll(
    options,
    fc.tuple(headers, payloadOf(options), layouts(), fc.nat()),
    ([header, payload, layout, draw], pool) => {
      const size = packetOf(codec, header, payload).length - payload.length;
      for (const headroom of [0, draw % size, size - 1]) {
        const skb = build(pool, payload, layout, headroom);
        // An allocator may round headroom up: what is left is taken away.
        if (skb.headroom >= size) skb.push(skb.headroom - headroom);
        unchanged(skb, () =>
          rangeError(() => codec.push(skb, header), `push with ${skb.headroom} of ${size} bytes`),
        );
        skb.free();
      }
      const skb = build(pool, payload, layout, HEADROOM);
      const clone = skb.clone();
      if (clone === undefined) throw new Error('the pool of a law has no limit');
      unchanged(clone, () =>
        unchanged(skb, () => rangeError(() => codec.push(skb, header), 'push on a shared head')),
      );
      skb.free();
      clone.free();
    },
  );
}

/**
 * `pull` of a packet that ends inside its header, or inside the payload the header promises, throws a WireError whose offset
 * lies within the packet; the skb keeps its length and bytes.
 */
export function pullRefused<Pushed extends object, Pulled extends object>(
  codec: PacketCodec<Pushed, Pulled>,
  headers: fc.Arbitrary<Pushed>,
  options: SkbLawOptions<Pushed, Pulled> = {},
): void {
  forAll(options, fc.tuple(headers, payloadOf(options), layouts()), ([header, payload, layout], pool) => {
    const packet = packetOf(codec, header, payload);
    const size = packet.length - payload.length;
    const lengths = Array.from({ length: size }, (_, length) => length);
    if (trims(options, header, payload) && payload.length > 0) lengths.push(size, packet.length - 1);
    for (const length of lengths) {
      const skb = build(pool, packet.subarray(0, length), layout, OFFSET);
      const what = `pull of ${length} of ${packet.length} bytes`;
      const error = unchangedContent(skb, () => refusal(() => codec.pull(skb), 0, length, what));
      agrees(codec, packet.subarray(0, length), error.code);
      skb.free();
    }
  });
}

/** `pull` brings a header that lies across the head and frags together, however it is cut. */
export function splitHeader<Pushed extends object, Pulled extends object>(
  codec: PacketCodec<Pushed, Pulled>,
  headers: fc.Arbitrary<Pushed>,
  options: SkbLawOptions<Pushed, Pulled> = {},
): void {
  const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 8 });
  forAll(
    options,
    fc.tuple(headers, payloadOf(options), fc.nat(), cuts),
    ([header, payload, draw, lengths], pool) => {
      const packet = packetOf(codec, header, payload);
      const linear = draw % (packet.length - payload.length);
      const skb = build(pool, packet, { linear, cuts: lengths }, OFFSET);
      const pulled = codec.pull(skb);
      same(skb.len, payload.length, 'length after pull');
      same(skb.toBytes(), payload, 'the payload after pull');
      compare(options, pulled, header);
      skb.free();
    },
  );
}

/** What follows the packet, in the head or in a frag, is gone after `pull` where the header says how long the packet is. */
export function paddingTrimmed<Pushed extends object, Pulled extends object>(
  codec: PacketCodec<Pushed, Pulled>,
  headers: fc.Arbitrary<Pushed>,
  options: SkbLawOptions<Pushed, Pulled> = {},
): void {
  const padding = fc.uint8Array({ minLength: 1, maxLength: 46 });
  forAll(
    options,
    fc.tuple(headers, payloadOf(options), layouts(), padding),
    ([header, payload, layout, more], pool) => {
      if (!trims(options, header, payload)) return;
      const skb = build(pool, payload, layout, HEADROOM);
      const before = geometry(skb);
      codec.push(skb, header);
      if (skb.nrFrags === 0 && skb.tailroom >= more.length) skb.putData(more);
      else addFrag(pool, skb, more, 1);
      const pulled = codec.pull(skb);
      same(geometry(skb), before, 'pull restores the skb');
      same(skb.toBytes(), payload, 'the payload after pull');
      compare(options, pulled, header);
      skb.free();
    },
  );
}

/** `pull` of any bytes in any layout gives a header and a shorter packet, or a WireError and the packet as it was. */
export function pullTotal<Pushed extends object, Pulled extends object>(
  codec: PacketCodec<Pushed, Pulled>,
  headers: fc.Arbitrary<Pushed>,
  options: SkbLawOptions<Pushed, Pulled> = {},
): void {
  const valid = fc
    .tuple(headers, payloadOf(options))
    .map(([header, payload]) => packetOf(codec, header, payload));
  forAll(options, fc.tuple(hostile(valid), layouts()), ([bytes, layout], pool) => {
    const skb = build(pool, bytes, layout, OFFSET);
    const outcome = thrown(() => codec.pull(skb));
    if (outcome === undefined) {
      const left = skb.toBytes();
      same(left.length, skb.len, 'len is the number of bytes');
      const begins = bytes.some((_, at) => at > 0 && matches(bytes, left, at)) || left.length === 0;
      holds(begins && left.length < bytes.length, 'pull leaves a run of the bytes there were');
      agrees(codec, bytes, undefined);
    } else {
      const error = coded(outcome.error, 0, bytes.length, 'pull');
      same(skb.toBytes(), bytes, 'a refused packet keeps its bytes');
      agrees(codec, bytes, error.code);
    }
    skb.free();
  });
}

/** The bytes `push` makes of a header and a linear payload. */
function packetOf<Pushed, Pulled>(
  codec: PacketCodec<Pushed, Pulled>,
  header: Pushed,
  payload: Uint8Array,
): Uint8Array {
  let packet = payload;
  withPool((pool) => {
    const skb = build(pool, payload, { linear: payload.length, cuts: [] }, HEADROOM);
    codec.push(skb, header);
    packet = skb.toBytes();
    skb.free();
  });
  return packet;
}

/** Throws unless `checkPacket`, where there is one, gives `code` for a packet that lies wholly in the head. */
function agrees<Pushed, Pulled>(
  codec: PacketCodec<Pushed, Pulled>,
  bytes: Uint8Array,
  code: string | undefined,
): void {
  if (!codec.checkPacket) return;
  same(codec.checkPacket(viewOf(bytes), 0, bytes.length, bytes.length), code, 'checkPacket and pull agree');
}

function compare<Pushed extends object, Pulled extends object>(
  options: SkbLawOptions<Pushed, Pulled>,
  pulled: Pulled,
  pushed: Pushed,
): void {
  if (options.equal === undefined) contains(pulled, pushed, 'the pulled header');
  else if (options.equal(pulled, pushed) === false) same(pulled, pushed, 'the pulled header');
}

function trims<Pushed, Pulled>(
  options: SkbLawOptions<Pushed, Pulled>,
  header: Pushed,
  payload: Uint8Array,
): boolean {
  return typeof options.trims === 'function' ? options.trims(header, payload) : (options.trims ?? false);
}

function payloadOf<Pushed, Pulled>(options: SkbLawOptions<Pushed, Pulled>): fc.Arbitrary<Uint8Array> {
  return options.payload ?? payloads();
}

/** Runs `body` and throws unless the skb has the geometry, the bytes and the metadata it had. */
function unchanged<T>(skb: SkBuff, body: () => T): T {
  const before = [geometry(skb), metadata(skb)];
  const result = unchangedContent(skb, body);
  same([geometry(skb), metadata(skb)], before, 'a refused push leaves the skb as it was');
  return result;
}

/** Runs `body` and throws unless the skb holds the bytes it held; they may have moved into the head. */
function unchangedContent<T>(skb: SkBuff, body: () => T): T {
  const before = skb.toBytes();
  const marks = metadata(skb).slice(1);
  const result = body();
  same(skb.len, before.length, 'a refused packet keeps its length');
  same(skb.toBytes(), before, 'a refused packet keeps its bytes');
  same(metadata(skb).slice(1), marks, 'a refused packet keeps its protocol and checksum state');
  return result;
}

/** Header marks first: absolute, so they move with the head; then what no refusal may touch. */
function metadata(skb: SkBuff): unknown[] {
  const { macHeader, networkHeader, transportHeader, protocol, pktType, vlanProto, vlanTci, ipSummed, csum } =
    skb;
  return [[macHeader, networkHeader, transportHeader], protocol, pktType, vlanProto, vlanTci, ipSummed, csum];
}

function matches(bytes: Uint8Array, part: Uint8Array, at: number): boolean {
  return at + part.length <= bytes.length && part.every((byte, i) => bytes[at + i] === byte);
}

function forAll<T, Pushed, Pulled>(
  options: SkbLawOptions<Pushed, Pulled>,
  values: fc.Arbitrary<T>,
  body: (value: T, pool: Pool) => void,
): void {
  const property = fc.property(values, (value) => {
    withPool((pool) => {
      body(value, pool);
    });
  });
  fc.assert(property, options.runs === undefined ? {} : { numRuns: options.runs });
}
