import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import * as tcp from '@stack/tcp';
import { describe, expect, it } from 'vitest';
import { attempt, fromHex, fuzz, toHex } from '../src/fuzz.ts';
import { Mutator } from '../src/mutator.ts';
import { ACCEPTED, type Target } from '../src/target.ts';
import { type HeaderCodec, headerTarget } from '../src/targets/header.ts';
import { CODECS, HOSTS } from '../src/targets/index.ts';
import { ethernetSeeds, ipv4Seeds, tcpSeeds } from '../src/targets/seeds.ts';

const RUNS = Number(process.env.FUZZ_RUNS ?? 20_000);

describe('every codec', () => {
  it.each(CODECS.map((target) => [target.name, target] as const))(
    '%s: a header or a coded refusal, nothing else',
    async (_, target) => {
      const report = await fuzz(target, { runs: RUNS, seed: 20 });
      expect(report.failure).toBeUndefined();
      // A fuzzer that reaches one outcome only tests nothing.
      expect(report.outcomes[ACCEPTED]).toBeGreaterThan(RUNS / 20);
      expect(Object.keys(report.outcomes).length).toBeGreaterThan(1);
    },
  );
});

describe('every network of hosts', () => {
  it.each(HOSTS.map((target) => [target.name, target] as const))(
    '%s: holds what it must',
    async (_, target) => {
      const report = await fuzz(target, { runs: RUNS / 10, seed: 20 });
      expect(report.failure).toBeUndefined();
      expect(report.runs).toBe(Math.ceil((RUNS / 10) * target.share!));
      expect(report.outcomes[ACCEPTED]).toBeGreaterThan(0);
    },
  );
});

describe('the fuzzer', () => {
  const target = CODECS[0]!;

  it('tries the same inputs for the same seed, others for another', async () => {
    const { outcomes } = await fuzz(target, { runs: 2000, seed: 7 });
    expect((await fuzz(target, { runs: 2000, seed: 7 })).outcomes).toStrictEqual(outcomes);
    expect((await fuzz(target, { runs: 2000, seed: 8 })).outcomes).not.toStrictEqual(outcomes);
  });

  it('makes inputs with buffers of exactly their size, empty and long, like the corpus and unlike it', () => {
    const base = Uint8Array.from({ length: 40 }, (_, i) => i);
    const mutator = new Mutator([base], 3);
    const inputs = Array.from({ length: 5000 }, () => mutator.next());
    expect(inputs.every((bytes) => bytes.buffer.byteLength === bytes.length)).toBe(true);
    const lengths = new Set(inputs.map((bytes) => bytes.length));
    expect(Math.min(...lengths)).toBe(0);
    expect(Math.max(...lengths)).toBeGreaterThan(100);
    const distinct = new Set(inputs.map(toHex));
    expect(distinct.has(toHex(base))).toBe(true);
    expect(distinct.size).toBeGreaterThan(3500);
  });

  it('replays a failure from its hex digits', async () => {
    const broken: Target = {
      name: 'broken',
      seeds: () => [Uint8Array.of(9, 9, 9, 9)],
      trial: (bytes) => {
        if (bytes.includes(0x7f)) throw new TypeError('seven bits');
        return ACCEPTED;
      },
    };
    const { failure, runs } = await fuzz(broken, { runs: 10_000, seed: 1 });
    expect(failure).toMatchObject({ message: 'TypeError: seven bits', smallest: '7f', index: runs - 1 });
    expect(await attempt(broken, fromHex(failure!.input))).toStrictEqual({
      message: 'TypeError: seven bits',
    });
    expect(await attempt(broken, fromHex('00'))).toBe(ACCEPTED);
  });

  it('finds what takes too long', async () => {
    const slow: Target = {
      name: 'slow',
      seeds: () => [Uint8Array.of(1)],
      trial: () => {
        for (const until = performance.now() + 5; performance.now() < until; );
        return ACCEPTED;
      },
    };
    expect((await fuzz(slow, { runs: 3, seed: 1, limit: 1 })).failure?.message).toMatch(
      /took more than 1 ms/,
    );
  });

  it.each(['0', '0g', 'abc'])('refuses %s as hex digits', (text) => {
    expect(() => fromHex(text)).toThrow(RangeError);
  });
});

// What the fuzzer is for: each of these mistakes has been made by somebody.
const BUGS: [string, Target][] = [
  [
    'the header length is not checked against the bytes',
    planted('ipv4', ipv4, ipv4Seeds, {
      check: (_, at, end) => (end - at < ipv4.HLEN ? 'IPV4_TRUNCATED' : undefined),
      decode: (bytes, offset = 0) =>
        ipv4.read(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), offset),
    }),
  ],
  [
    'a reserved bit is lost',
    planted('tcp', tcp, tcpSeeds, {
      decode: (bytes, offset = 0) => ({ ...tcp.decode(bytes, offset), res1: 0 }),
    }),
  ],
  [
    'an error without a code',
    planted('ethernet', ethernet, ethernetSeeds, {
      decode: (bytes, offset = 0) => {
        if (bytes.length === 13) throw new Error('too short');
        return ethernet.decode(bytes, offset);
      },
    }),
  ],
  [
    'check and decode disagree',
    planted('tcp', tcp, tcpSeeds, {
      check: (view, at, end) => (end - at < tcp.HLEN ? 'TCP_SHORT' : tcp.check(view, at, end)),
    }),
  ],
  [
    'the offset of a refusal lies outside the bytes',
    planted('ethernet', ethernet, ethernetSeeds, {
      decode: (bytes, offset = 0) => {
        try {
          return ethernet.decode(bytes, offset);
        } catch (error) {
          throw Object.assign(error as object, { offset: bytes.length + 1 });
        }
      },
    }),
  ],
];

function planted<Header>(
  name: string,
  codec: HeaderCodec<Header>,
  seeds: (seed: number) => Uint8Array[],
  bug: Partial<HeaderCodec<Header>>,
): Target {
  return headerTarget(name, { ...codec, ...bug }, seeds);
}

describe('a planted bug is found', () => {
  it.each(BUGS)('%s', async (_, target) => {
    const { failure } = await fuzz(target, { runs: 20_000, seed: 1 });
    expect(failure).toBeDefined();
    expect(await attempt(target, fromHex(failure!.smallest))).not.toBeTypeOf('string');
    expect(failure!.smallest.length).toBeLessThanOrEqual(failure!.input.length);
  });
});
