import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Frame } from '@stack/nic-sim';
import { Pool } from '@stack/skbuff';
import { installPrograms } from '@stack/testkit/programs';
import { afterAll, describe, expect, it } from 'vitest';
import type { GoodputSample } from '../src/goodput/goodputs.ts';
import { segmentLoss } from '../src/goodput/loss.ts';
import { goodputReport } from '../src/goodput/report.ts';
import { goodputGates, goodputResults } from '../src/goodput/results.ts';
import { sampleGoodput } from '../src/goodput/sample.ts';
import { tapMissing } from '../src/tap/missing.ts';

if (process.platform === 'linux') {
  await installPrograms({ ip: 'iproute2', ethtool: 'ethtool', iperf3: 'iperf3' });
}
const missing = await tapMissing();
/** The other process runs our TypeScript as it is. */
const canFork = Boolean((process.features as { typescript?: unknown }).typescript);
if (missing !== undefined) console.log(`skipped: ${missing}`);

describe.skipIf(missing !== undefined && process.env.CI !== 'true')('over wires that lose segments', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-goodput-'));
  const program = join(folder, 'peer.mjs');
  const peer = join(import.meta.dirname, '..', 'src', 'tap', 'kernel-peer.ts');
  writeFileSync(program, `import { servePeer } from ${JSON.stringify(peer)};\nservePeer();\n`);
  afterAll(() => rmSync(folder, { recursive: true }));

  it.skipIf(!canFork)(
    'all senders get something through',
    async () => {
      const sample = await sampleGoodput(1, 1, 1 / 20, program);
      expect(Object.keys(sample).length).toBe(4);
      for (const rate of Object.values(sample)) expect(rate).toBeGreaterThan(0);
    },
    30_000,
  );
});

describe('what a wire loses', () => {
  /** A frame of IPv4 with so much behind the TCP header. */
  const frame = (flags: number, protocol = 6, type = 0x0800): Frame => {
    const bytes = new Uint8Array(154);
    new DataView(bytes.buffer).setUint16(12, type);
    bytes[14] = 0x45;
    bytes[23] = protocol;
    bytes[46] = 0x50;
    bytes[47] = flags;
    return Frame.of(new Pool(), bytes) as Frame;
  };
  const fates = (loses: ReturnType<typeof segmentLoss>, ...frames: Frame[]): string =>
    frames.map((each, index) => (loses(index, each) ? 'x' : '.')).join('');
  const data = frame(0x10);
  const many: Frame[] = new Array(4000).fill(data);

  it('follows from the seed and the direction, at the rate that was asked for', () => {
    const first = fates(segmentLoss(0.05, 1, 0), ...many);
    expect(fates(segmentLoss(0.05, 1, 0), ...many)).toBe(first);
    expect(fates(segmentLoss(0.05, 2, 0), ...many)).not.toBe(first);
    expect(fates(segmentLoss(0.05, 1, 1), ...many)).not.toBe(first);
    expect(first.split('x').length - 1).toBeGreaterThan(4000 * 0.04);
    expect(first.split('x').length - 1).toBeLessThan(4000 * 0.06);
  });

  it('spares what is no segment and SYNs, and they change no fate of what follows', () => {
    const others = [frame(0x02), frame(0x12), frame(0x10, 17), frame(0x10, 6, 0x0806)];
    expect(fates(segmentLoss(1, 1, 0), ...others, data)).toBe('....x');
    const alone = fates(segmentLoss(0.5, 1, 0), ...many);
    expect(fates(segmentLoss(0.5, 1, 0), ...others, ...many)).toBe(`....${alone}`);
  });
});

describe('results of goodput', () => {
  const sample = (kernel: number, cubic: number, reno: number): GoodputSample => ({
    "kernel's CUBIC": kernel * 1e6,
    'our CUBIC': cubic * 1e6,
    "kernel's Reno, no SACK": kernel * 1e6,
    'our Reno, no SACK': reno * 1e6,
  });
  const cells = (cubic: number, reno: number) => [
    { loss: 1, samples: [sample(10, cubic, reno), sample(20, 2 * cubic, 2 * reno), sample(10, cubic, reno)] },
  ];

  it('are medians, and ratios within a round', () => {
    const [kernel, ours] = goodputResults(cells(9, 8));
    expect(kernel).toMatchObject({ goodput: { median: 10, least: 10, most: 20 }, ratio: undefined });
    expect(ours).toMatchObject({ sender: 'our CUBIC', goodput: { median: 9 } });
    for (const ratio of Object.values(ours?.ratio ?? {})) expect(ratio).toBeCloseTo(0.9, 9);
  });

  it('pass where each limit is reached', () => {
    const passes = (cubic: number, reno: number) => goodputGates(cells(cubic, reno)).map(({ pass }) => pass);
    expect(passes(8.01, 8.01)).toEqual([true, true, true]);
    expect(passes(7.99, 7.98)).toEqual([false, false, true]);
    expect(passes(8.5, 8.6)).toEqual([true, true, false]);
    expect(goodputGates([{ loss: 5, samples: [] }]).map(({ pass }) => pass)).toEqual([false, false, false]);
  });

  it('are printed beside those of the kernel', () => {
    expect(goodputReport(cells(9, 8))).toMatch(
      /1 % +our CUBIC +9\.00 +9\.00\.\.18\.00 +0\.90 +0\.90\.\.0\.90\n/,
    );
    expect(goodputReport([])).toBe('');
  });
});
