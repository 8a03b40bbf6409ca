import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPrograms } from '@stack/testkit/programs';
import { afterAll, describe, expect, it } from 'vitest';
import type { StreamSample } from '../src/streams/streams.ts';
import { tapMissing } from '../src/tap/missing.ts';
import { tapReport } from '../src/tap/report.ts';
import { type TapCell, tapGates, tapResults } from '../src/tap/results.ts';
import { IPERF, IPERF_PLAIN, KERNELS, TAP, TAP_PLAIN, TAPS, type TapTask } from '../src/tap/taps.ts';

if (process.platform === 'linux') {
  await installPrograms({ ip: 'iproute2', ethtool: 'ethtool', iperf3: 'iperf3' });
}
const missing = await tapMissing();
/** The other process runs our TypeScript as it is. */
const canFork = Boolean((process.features as { typescript?: unknown }).typescript);
if (missing !== undefined) console.log(`skipped: ${missing}`);

describe.skipIf(missing !== undefined && process.env.CI !== 'true')('over a TAP', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-tap-'));
  const program = join(folder, 'peer.mjs');
  const peer = join(import.meta.dirname, '..', 'src', 'tap', 'kernel-peer.ts');
  writeFileSync(program, `import { servePeer } from ${JSON.stringify(peer)};\nservePeer();\n`);
  afterAll(() => rmSync(folder, { recursive: true }));

  it.skipIf(!canFork).each(TAPS.map((row) => [row.task, row.subject, row] as const))(
    '%s, %s works, and leaves nothing behind',
    async (task, _, row) => {
      const sample = await row.sample(task === 'in' || task === 'out' ? 2 ** -10 : 1 / 400, program);
      expect(sample.count).toBeGreaterThan(0);
      expect(sample.seconds).toBeGreaterThan(0);
      expect(sample.cpuSeconds).toBeGreaterThanOrEqual(0);
    },
    30_000,
  );
});

describe('results over a TAP', () => {
  const GBIT = 1e9 / 8;
  const bulk = (...rates: number[]): StreamSample[] =>
    rates.map((rate) => ({ count: GBIT, seconds: 1 / rate, cpuSeconds: 2 / rate }));
  const times = (...rates: number[]): StreamSample[] =>
    rates.map((rate) => ({ count: rate, seconds: 1, cpuSeconds: 2 }));
  const cell = (task: TapTask, subject: string, samples: StreamSample[]): TapCell => ({
    task,
    subject,
    samples,
  });
  /** A machine that is twice as fast in the second round. */
  const cells = (out: number, plain: number, connects: number, requests: number): TapCell[] => [
    cell('out', TAP, bulk(out, 2 * out, out)),
    cell('in', TAP, bulk(8, 16, 8)),
    cell('in', IPERF, bulk(10, 20, 10)),
    cell('out', TAP_PLAIN, bulk(plain, plain, plain)),
    cell('in', TAP_PLAIN, bulk(3, 3, 3)),
    cell('in', IPERF_PLAIN, bulk(6, 6, 6)),
    cell('connect', TAP, times(connects, connects, connects)),
    cell('connect', KERNELS, times(1000, 1000, 1000)),
    cell('request', TAP, times(requests, requests, requests)),
    cell('request', KERNELS, times(3000, 3000, 3000)),
  ];
  const passes = (...values: Parameters<typeof cells>): boolean[] =>
    tapGates(cells(...values)).map(({ pass }) => pass);

  it('are medians, and ratios within a round', () => {
    const [out, , iperf, plain] = tapResults(cells(5, 2, 400, 1500));
    expect(out).toMatchObject({ task: 'out', subject: TAP, least: 5, most: 10 });
    expect(out?.rate).toBeCloseTo(5, 9);
    expect(out?.perCpuSecond).toBeCloseTo(2.5, 9);
    for (const ratio of Object.values(out?.ratio ?? {})) expect(ratio).toBeCloseTo(0.5, 9);
    expect(iperf?.ratio).toBeUndefined();
    expect(plain?.ratio?.median).toBeCloseTo(2 / 6, 9);
    expect(tapResults([cell('in', TAP, [])])).toEqual([]);
  });

  it('pass where each limit is reached', () => {
    expect(passes(7.01, 2.01, 301, 1001)).toEqual([true, true, true, true, true, true]);
    expect(passes(6.99, 1.99, 299, 999)).toEqual([false, true, false, true, false, false]);
    expect(tapGates([]).map(({ pass, value }) => [pass, value])).toEqual(
      new Array(6).fill([false, undefined]),
    );
  });

  it('are printed beside those of the kernel', () => {
    const text = tapReport(cells(7, 2, 400, 1500));
    expect(text).toMatch(
      /TAP, offloads +to the kernel +7\.00 +7\.00\.\.14\.00 +3\.50 +0\.70 +0\.70\.\.0\.70\n/,
    );
    expect(text).toMatch(/kernel, iperf3 over veth +10\.00 +10\.00\.\.20\.00 +5\.00 +- +-\n/);
    expect(text).toMatch(/TAP, offloads +the kernel's client +400 +400\.\.400 +200 +0\.40 +0\.40\.\.0\.40\n/);
    expect(tapReport([])).toBe('');
  });
});
