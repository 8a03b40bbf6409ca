/**
 * The law suite itself: a sound codec keeps every law, and each seeded bug is caught by the law aimed at it.
 */
import { type SkBuff, viewOf, WireError } from '@stack/skbuff';
import { describe, expect, it } from 'vitest';
import * as laws from './index.ts';
import * as sample from './sample.ts';

type Sample = laws.Codec<sample.Header>;
type Packets = laws.PacketCodec<sample.Pushed, sample.Header>;

const { HLEN, headers, pushed } = sample;

/** How long a law may look for a seeded bug, whatever the budget of the run is: most are found within twenty. */
const runs = 2000;

laws.codecLaws({ describe, it }, 'sample', sample, headers, { readers: ['kind', 'len', 'id'] });
laws.skbLaws({ describe, it }, 'sample', sample, pushed, { trims: true });

/** `encode` with `write` replaced. */
const encoding = (write: typeof sample.write): Partial<Sample> => ({
  encode(h, into, offset = 0) {
    const target = into ?? new Uint8Array(offset + sample.size(h));
    if (target.length - offset < sample.size(h)) throw new RangeError('sample: target too short');
    write(viewOf(target), offset, h, h.len);
    return target;
  },
});

/** `check` replaced, in `decode` and `checkPacket` too. */
const checking = (check: Sample['check']): Partial<Sample> => ({
  check,
  checkPacket: (view, at, end, len) => check(view, at, end) ?? sample.checkPacket(view, at, end, len),
  decode(bytes, offset = 0) {
    const code = check(viewOf(bytes), offset, bytes.length);
    if (code !== undefined) throw new WireError(code, offset);
    return sample.read(viewOf(bytes), offset);
  },
});

/** The whole array buffer, wherever the array begins in it. */
const careless = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer);

const codecBugs: [bug: string, law: laws.CodecLaw, broken: Partial<Sample>][] = [
  [
    'a field at the wrong offset',
    laws.roundTrip,
    encoding((view, at, h, len) => {
      sample.write(view, at, h, len);
      view.setUint16(at + sample.LEN + 1, len);
    }),
  ],
  [
    'a little-endian write',
    laws.roundTrip,
    encoding((view, at, h, len) => {
      sample.write(view, at, h, len);
      view.setUint32(at + sample.ID, h.id, true);
    }),
  ],
  ['a size that is not what encode writes', laws.roundTrip, { size: () => HLEN }],
  [
    'a headerLength in words',
    laws.roundTrip,
    { headerLength: (view, at) => sample.headerLength(view, at) >> 2 },
  ],
  ['a format of several lines', laws.roundTrip, { format: () => 'kind\nid' }],
  [
    'byteOffset ignored by encode',
    laws.placement,
    {
      encode(h, into, offset = 0) {
        if (into === undefined) return sample.encode(h, into, offset);
        sample.encode(h, careless(into), offset);
        return into;
      },
    },
  ],
  [
    'byteOffset ignored by decode',
    laws.placement,
    { decode: (bytes, offset) => sample.decode(careless(bytes), offset) },
  ],
  [
    'a write at 0',
    laws.placement,
    {
      encode(h, into, offset = 0) {
        return into === undefined ? sample.encode(h, into, offset) : sample.encode(h, into, 0);
      },
    },
  ],
  [
    'a field left unwritten',
    laws.placement,
    encoding((view, at, h, len) => {
      const kept = view.getUint16(at + sample.RESERVED);
      sample.write(view, at, h, len);
      view.setUint16(at + sample.RESERVED, kept);
    }),
  ],
  [
    'a byte too many',
    laws.placement,
    encoding((view, at, h, len) => {
      sample.write(view, at, h, len);
      if (at + sample.size(h) < view.byteLength) view.setUint8(at + sample.size(h), 0);
    }),
  ],
  [
    'writing before looking for room',
    laws.shortTarget,
    {
      encode(h, into, offset) {
        if (into && into.length > 0) into[0] = h.kind;
        return sample.encode(h, into, offset);
      },
    },
  ],
  [
    'a target cut short in silence',
    laws.shortTarget,
    {
      encode(h, into, offset = 0) {
        const whole = sample.encode(h, undefined, offset);
        into?.set(whole.subarray(offset, into.length), offset);
        return into ?? whole;
      },
    },
  ],
  [
    'a short bounds check',
    laws.prefixRefused,
    checking((view, at, end) =>
      end - at === HLEN - 1 && view.getUint8(at + 1) === HLEN ? undefined : sample.check(view, at, end),
    ),
  ],
  [
    'no upper bound on the header length',
    laws.prefixRefused,
    checking((view, at, end) => {
      const code = sample.check(view, at, end);
      return code === 'SAMPLE_TRUNCATED' && end - at >= HLEN ? undefined : code;
    }),
  ],
  [
    'a prefix accepted',
    laws.prefixRefused,
    {
      decode(bytes, offset = 0) {
        const padded = new Uint8Array(Math.max(bytes.length, offset + 64));
        padded.set(bytes);
        return sample.decode(padded, offset);
      },
    },
  ],
  [
    'an offset beyond the bytes',
    laws.prefixRefused,
    {
      decode(bytes, offset = 0) {
        const code = sample.check(viewOf(bytes), offset, bytes.length);
        if (code !== undefined) throw new WireError(code, offset + HLEN);
        return sample.read(viewOf(bytes), offset);
      },
    },
  ],
  [
    'no lower bound on the header length',
    laws.total,
    checking((view, at, end) => {
      const code = sample.check(view, at, end);
      return code === 'SAMPLE_BAD_HLEN' ? undefined : code;
    }),
  ],
  [
    'an error that is no WireError',
    laws.total,
    { decode: (bytes, offset = 0) => sample.read(viewOf(bytes), offset) },
  ],
  [
    'an error that only has the look of one',
    laws.total,
    {
      decode(bytes, offset = 0) {
        if (sample.check(viewOf(bytes), offset, bytes.length))
          throw Object.assign(new Error('no'), { code: 'SAMPLE_NO' });
        return sample.read(viewOf(bytes), offset);
      },
    },
  ],
  [
    'a check that is kinder than decode',
    laws.total,
    { check: () => undefined, checkPacket: sample.checkPacket },
  ],
  ['a checkPacket that is kinder than check', laws.total, { checkPacket: () => undefined }],
  [
    'bytes lost in decoding',
    laws.total,
    {
      decode(bytes, offset) {
        return { ...sample.decode(bytes, offset), reserved: 0 };
      },
    },
  ],
  [
    'a check that reads beyond its end',
    laws.bounded,
    checking((view, at, end) => {
      const next = end < view.byteLength ? view.getUint8(end) : 0;
      return sample.check(view, at, end) ?? (next > 0x7f ? 'SAMPLE_NEXT' : undefined);
    }),
  ],
  ['a reader of another field', laws.readersAgree, { len: sample.kind } as Partial<Sample>],
  [
    'a signed field',
    laws.plain,
    { decode: (bytes, offset) => ({ ...sample.decode(bytes, offset), id: -1 }) },
  ],
  [
    'a property that comes and goes',
    laws.plain,
    {
      decode(bytes, offset) {
        const { extra, ...rest } = sample.decode(bytes, offset);
        return (extra.length > 0 ? { ...rest, extra } : rest) as sample.Header;
      },
    },
  ],
];

/** `pull` that refuses, trims and strips as told. */
const pulling =
  (steps: {
    refused?: (skb: SkBuff) => string | undefined;
    before?: (skb: SkBuff) => void;
    trim?: boolean;
  }) =>
  (skb: SkBuff): sample.Header => {
    steps.before?.(skb);
    const code = (steps.refused ?? sample.refused)(skb);
    if (code !== undefined) throw new WireError(code, 0);
    const h = sample.read(skb.view, skb.data);
    if (steps.trim !== false) skb.trim(h.len);
    skb.pull(h.hlen);
    return h;
  };

/** Refusals of `sample.refused`, without those of `code`. */
const without = (code: string) => (skb: SkBuff) => {
  const found = sample.refused(skb);
  return found === code ? undefined : found;
};

const leaked: SkBuff[] = [];

const packetBugs: [bug: string, law: laws.SkbLaw, broken: Partial<Packets>][] = [
  [
    'a header pushed at the head',
    laws.pullUndoesPush,
    {
      push(skb, h) {
        const length = skb.len + sample.size(h);
        skb.push(sample.size(h));
        sample.write(skb.view, skb.head, h, length);
      },
    },
  ],
  [
    'a header pulled from the head',
    laws.pullUndoesPush,
    {
      pull(skb) {
        const h = sample.pull(skb);
        return { ...h, kind: sample.kind(skb.view, skb.head) };
      },
    },
  ],
  [
    'a reference leaked in pull',
    laws.pullUndoesPush,
    {
      pull(skb) {
        const h = sample.pull(skb);
        const clone = skb.clone();
        if (clone) leaked.push(clone);
        return h;
      },
    },
  ],
  [
    'a payload gathered into the head',
    laws.pullUndoesPush,
    {
      push(skb, h) {
        skb.linearize();
        sample.push(skb, h);
      },
    },
  ],
  [
    'a payload moved to another head',
    laws.pullUndoesPush,
    {
      push(skb, h) {
        skb.expandHead(64, 0);
        sample.push(skb, h);
      },
    },
  ],
  [
    'a payload byte overwritten',
    laws.pullUndoesPush,
    {
      push(skb, h) {
        sample.push(skb, h);
        const at = skb.data + sample.size(h);
        if (at < skb.tail) skb.bytes.fill((skb.bytes[at] ?? 0) ^ 1, at, at + 1);
      },
    },
  ],
  ['a header that is not stripped', laws.pullUndoesPush, { pull: (skb) => sample.read(skb.view, skb.data) }],
  [
    'a push that finds its own room',
    laws.pushRefused,
    {
      push(skb, h) {
        if (!skb.cloned && skb.headroom < sample.size(h)) skb.expandHead(sample.size(h), 0);
        sample.push(skb, h);
      },
    },
  ],
  [
    'a push that unshares',
    laws.pushRefused,
    {
      push(skb, h) {
        if (skb.headroom >= sample.size(h)) skb.cow(sample.size(h));
        sample.push(skb, h);
      },
    },
  ],
  [
    'a push that changes the skb and then refuses',
    laws.pushRefused,
    {
      push(skb, h) {
        skb.protocol = 0x88b5;
        sample.push(skb, h);
      },
    },
  ],
  ['no upper bound on the length', laws.pullRefused, { pull: pulling({ refused: without('SAMPLE_CUT') }) }],
  [
    'an offset that counts from the head',
    laws.pullRefused,
    {
      pull(skb) {
        const code = sample.refused(skb);
        if (code !== undefined) throw new WireError(code, skb.data - skb.head);
        return sample.pull(skb);
      },
    },
  ],
  [
    'a pull that strips and then refuses',
    laws.pullRefused,
    {
      pull(skb) {
        if (skb.headlen > HLEN) skb.trim(HLEN);
        return sample.pull(skb);
      },
    },
  ],
  [
    'a header read without mayPull',
    laws.splitHeader,
    {
      pull: pulling({
        refused: (skb) => (skb.len < HLEN ? 'SAMPLE_TRUNCATED' : undefined),
        trim: false,
      }),
    },
  ],
  [
    'a header refused because it is not linear',
    laws.splitHeader,
    { pull: pulling({ refused: (skb) => (skb.headlen < HLEN ? 'SAMPLE_TRUNCATED' : sample.refused(skb)) }) },
  ],
  ['no tail trim', laws.paddingTrimmed, { pull: pulling({ trim: false }) }],
  ['no lower bound on the length', laws.pullTotal, { pull: pulling({ refused: without('SAMPLE_BAD_LEN') }) }],
  ['a pull that lets any error out', laws.pullTotal, { pull: pulling({ refused: () => undefined }) }],
  ['a checkPacket that is stricter than pull', laws.pullTotal, { checkPacket: () => 'SAMPLE_NEVER' }],
];

describe('codec laws catch', () => {
  it.each(codecBugs)('%s', (_, law, broken) => {
    law(sample, headers);
    expect(() => law({ ...sample, ...broken }, headers, { runs })).toThrow(/Property failed/);
  });

  it('a reader that is missing', () => {
    expect(() => laws.readersAgree(sample, headers, { readers: ['source'] })).toThrow(/no reader source/);
  });
});

describe('skb laws catch', () => {
  it.each(packetBugs)('%s', (_, law, broken) => {
    law(sample, pushed, { trims: true });
    expect(() => law({ ...sample, ...broken }, pushed, { trims: true, runs })).toThrow(/Property failed/);
  });
});

describe('every law', () => {
  it('has a bug it catches', () => {
    expect(new Set(codecBugs.map(([, law]) => law))).toEqual(new Set(Object.values(laws.CODEC_LAWS)));
    expect(new Set(packetBugs.map(([, law]) => law))).toEqual(new Set(Object.values(laws.SKB_LAWS)));
  });
});
