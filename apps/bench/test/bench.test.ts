import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import { csumPartial, pseudoIpv4 } from '@stack/skbuff/checksum';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { takeHeaders } from '../src/decode/take-headers.ts';
import { verifyAll } from '../src/decode/verify.ts';
import { allWords, digest, Fields, networkWords } from '../src/fields.ts';
import { pcapDecoders } from '../src/peers.ts';
import { gateReport, report } from '../src/report.ts';
import { gatesOf, type Result, resultsOf } from '../src/results.ts';
import { type Cell, runRounds } from '../src/rounds.ts';
import { VARIANTS, type Variant } from '../src/variants.ts';
import { makeSet, SETS } from '../src/workload.ts';

describe('the workload', () => {
  it.each(SETS)('%s is the same each time', (name) => {
    const [a, b] = [makeSet(name), makeSet(name)];
    expect(digest(a.bytes)).toBe(digest(b.bytes));
    expect(a.fields.flatMap(allWords).join()).toBe(b.fields.flatMap(allWords).join());
  });

  it.each(SETS)('%s has good checksums and right lengths', (name) => {
    const { view, at, end, count } = makeSet(name);
    for (let i = 0; i < count; i++) {
      const ip = at[i]! + ethernet.HLEN;
      const length = end[i]! - ip;
      expect(ipv4.totLen(view, ip)).toBe(length);
      expect(ipv4.verify(view, ip)).toBe(true);
      const pseudo = pseudoIpv4(ipv4.saddr(view, ip), ipv4.daddr(view, ip), 6, length - 20);
      expect(csumPartial(view, ip + 20, length - 20, pseudo)).toBe(0xffff);
    }
  });

  it('has frames of the sizes it is named for', () => {
    const sizes = (name: (typeof SETS)[number]): Set<number> => {
      const { at, end } = makeSet(name);
      return new Set(Array.from(at, (start, i) => end[i]! - start));
    };
    expect([...sizes('64')]).toEqual([64]);
    expect([...sizes('1500')]).toEqual([1514]); // an Ethernet header more
    expect(sizes('mix').size).toBeGreaterThan(100);
  });
});

describe('variants', () => {
  const cases = VARIANTS.flatMap((variant) =>
    variant.sets.map((set) => [`${variant.group}, ${variant.subject}, ${set}`, variant, set] as const),
  );

  it.each(cases)('%s gives the right answer and can be run', async (_, variant, set) => {
    const pass = await variant.prepare(set); // throws where an answer is wrong
    if (pass === undefined) expect(variant.subject).toMatch(/npm pcap|zlib/);
    else pass.run();
  });

  it.skipIf(pcapDecoders() === undefined)('npm pcap is measured where it is installed', async () => {
    for (const { prepare } of VARIANTS.filter(({ subject }) => subject.startsWith('npm pcap'))) {
      expect(await prepare('mix')).toBeDefined();
    }
  });

  it('a decoder that says otherwise is not measured', () => {
    const set = makeSet('64');
    expect(() => verifyAll(set, () => new Fields())).toThrow(/packet 0 of 64/);
  });

  it('the digest depends on every field', () => {
    const { fields } = makeSet('mix');
    const f = fields.find((each) => each.sackBlocks > 0)!;
    const before = digest(allWords(f));
    for (const name of Object.keys(f) as (keyof Fields)[]) {
      if (name === 'edges' || name === 'clearOptions') continue;
      const value = f[name];
      f[name] = value + 1;
      expect(digest(allWords(f)), name).not.toBe(before);
      f[name] = value;
    }
    f.edges[0]! ^= 1;
    expect(digest(allWords(f))).not.toBe(before);
    expect(networkWords(f).length).toBeLessThan(allWords(f).length);
  });

  it('takes every option of a header object', () => {
    const eth = ethernet.read(makeSet('mix').view, 2);
    const ip = ipv4.read(makeSet('mix').view, 16);
    const blocks = [{ startSeq: 1, endSeq: 0xffff_ffff }];
    const segment = {
      ...{
        source: 1,
        dest: 2,
        seq: 3,
        ackSeq: 4,
        doff: 15,
        res1: 0,
        flags: 0,
        window: 0,
        check: 0,
        urgPtr: 0,
      },
      options: [
        { kind: 2 as const, mss: 1 },
        { kind: 3 as const, wscale: 2 },
        { kind: 4 as const },
        { kind: 8 as const, tsval: 0x8000_0000, tsecr: 4 },
        { kind: 5 as const, blocks },
      ],
    };
    const f = takeHeaders(eth, ip, segment);
    expect(f).toMatchObject({ mss: 1, wscale: 2, sackOk: 1, timestamps: 1, tsVal: -0x8000_0000, tsEcr: 4 });
    expect([f.sackBlocks, f.edges[0], f.edges[1]]).toEqual([1, 1, -1]);
  });
});

describe('results', () => {
  const sample = (ns: number, heap = 0, bytes = 0) => ({ ns, heap, bytes });
  const cell = (group: Cell['group'], subject: string, set: string, ...samples: Cell['samples']): Cell => ({
    ...{ group, subject, set, samples },
  });

  it('takes the median of the rounds, and their spread', () => {
    const odd = cell('decode', 'in place', 'mix', sample(9), sample(3), sample(4));
    const even = cell('crc32', 'crc32', '64', sample(30, 0, 64), sample(34, 0, 64));
    expect(resultsOf([odd, even])).toMatchObject([
      { ns: 4, least: 3, most: 9, gigabytes: 0 },
      { ns: 32, least: 30, most: 34, gigabytes: 2 },
    ]);
  });

  const all = (inPlace: number, heap: number): Result[] =>
    resultsOf([
      cell('decode', 'in place', 'mix', sample(inPlace, heap)),
      cell('decode', 'header objects', 'mix', sample(100, 500)),
      cell('decode', 'npm pcap', 'mix', sample(200, 900)),
      cell('decode', 'ether-frame+ip-packet', 'mix', sample(600, 900)),
      cell('checksum', 'csumPartial', '1500', sample(375, 0, 1500)),
      cell('crc32', 'crc32', '1500', sample(1500, 0, 1500)),
    ]);

  it('passes a gate that is just reached, and misses one that is not', () => {
    const gates = gatesOf(all(50, 0));
    expect(gates.map(({ value, pass }) => [value, pass])).toEqual([
      [4, true],
      [0, true],
      [2, true],
      [12, true],
      [4, true],
      [1, false],
    ]);
    expect(gatesOf(all(51, 0.1)).map(({ pass }) => pass)).toEqual([false, false, true, false, true, false]);
  });

  it('misses what was not measured', () => {
    expect(gatesOf([]).every(({ value, pass }) => value === undefined && !pass)).toBe(true);
  });

  it('prints one table a group, ratios and gates', () => {
    const text = report(all(50, 0)) + gateReport(gatesOf(all(50, 0)));
    expect(text).toMatch(/\n {2}in place +mix +50\.0 +50\.0\.\.50\.0 +0 +- +4\.00 +- +12\.0\n/);
    expect(text).toMatch(/x pcap/);
    expect(text).toMatch(/\n {2}pass {2}in place, against npm pcap +4\.00 x +must 4 +aim 8/);
    expect(text).toMatch(/MISS {2}CRC-32 over 1500 bytes +1\.00 GB\/s +must 1\.3/);
    expect(gateReport(gatesOf([]))).toContain('not measured');
  });
});

describe('rounds', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'bench-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const variants = ['a', 'b', 'c'].map((subject): Variant => {
    return { group: 'decode', subject, sets: ['x', 'y'], prepare: () => Promise.resolve(undefined) };
  });

  /** A program that notes its order and answers with `body`. */
  function program(body: string): string {
    const path = join(folder, `${Math.abs(body.length)}.mjs`);
    writeFileSync(
      path,
      `import { appendFileSync } from 'node:fs';
      const order = JSON.parse(process.argv[3]);
      appendFileSync(${JSON.stringify(join(folder, 'log'))}, order.variant + order.set + ' ');
      ${body}
      process.disconnect?.();`,
    );
    return path;
  }

  const options = { rounds: 2, milliseconds: 1, wanted: () => true, progress: () => {} };

  it('runs every wanted cell once a round, each in a process of its own', async () => {
    const answers = program('process.send({ sample: { ns: process.pid, heap: 0, bytes: 0 } })');
    const wanted = ({ subject }: Variant, set: string): boolean => subject !== 'b' || set !== 'y';
    const cells = await runRounds(variants, { ...options, wanted, program: answers });
    expect(cells.map(({ subject, set }) => subject + set)).toEqual(['ax', 'ay', 'bx', 'cx', 'cy']);
    const pids = cells.flatMap(({ samples }) => samples.map(({ ns }) => ns));
    expect(new Set(pids).size).toBe(10);
    expect(readFileSync(join(folder, 'log'), 'utf8').trim()).toBe('0x 0y 1x 2x 2y 0x 0y 1x 2x 2y');
  });

  it('leaves out what is not to be had', async () => {
    expect(await runRounds(variants, { ...options, program: program('process.send({})') })).toEqual([]);
  });

  it('fails with the error of a worker, and when one ends without an answer', async () => {
    const wrong = program(`process.send({ error: 'packet 3 of mix' })`);
    await expect(runRounds(variants, { ...options, program: wrong })).rejects.toThrow(/packet 3 of mix/);
    await expect(runRounds(variants, { ...options, program: program('process.exit(7)') })).rejects.toThrow(
      /7/,
    );
    const late = program('process.send({}); setInterval(() => {}, 1000);');
    await expect(runRounds(variants, { ...options, program: late, patience: 100 })).rejects.toThrow(
      /does not end/,
    );
  });
});
