import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealClock } from '@stack/host';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gateReport } from '../src/report.ts';
import { makeNetwork } from '../src/streams/networks.ts';
import { checkCount } from '../src/streams/peers.ts';
import { streamReport } from '../src/streams/report.ts';
import { againstNet, type StreamCell, streamGates, streamResults } from '../src/streams/results.ts';
import { NET, STREAMS, sampleStream, VETH, VETH_PLAIN } from '../src/streams/streams.ts';

describe('streams', () => {
  let folder: string;
  let program: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'bench-'));
    program = join(folder, 'server.mjs');
    const server = join(import.meta.dirname, '..', 'src', 'streams', 'node-peers.ts');
    writeFileSync(program, `import { serveApart } from ${JSON.stringify(server)};\nawait serveApart();\n`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Node runs the server's TypeScript as it is. */
  const canFork = Boolean((process.features as { typescript?: unknown }).typescript);

  it.each(STREAMS.map((stream) => [`${stream.task}, ${stream.subject}`, stream] as const))(
    '%s works, and leaves nothing behind',
    async (_, stream) => {
      if (stream.subject === NET && !canFork) return;
      const part = stream.task === 'bulk' ? 1 / 512 : 1 / 100;
      const sample = await sampleStream(stream, part, program);
      const whole = { bulk: 2 ** 30, request: 40_000, connect: 8000 }[stream.task];
      expect(sample.count).toBe(whole * part);
      expect(sample.seconds).toBeGreaterThan(0);
      expect(sample.cpuSeconds).toBeGreaterThan(0);
    },
  );

  it('a missing byte is an error', () => {
    checkCount(3, 3);
    expect(() => checkCount(2, 3)).toThrow('2 of 3 bytes arrived');
  });

  it.each([
    ['veth', { tx: true, tso: true, gso: true }],
    ['veth plain', { tx: false, tso: false, gso: false, rx: false }],
    ['nic', { tx: true, tso: true, rx: true }],
  ] as const)('%s has the offloads that it is named for', (name, features) => {
    const clock = new RealClock();
    const { client, server } = makeNetwork(name, clock);
    for (const host of [client, server]) {
      expect([...host.devices].find((dev) => dev.name === 'eth0')).toMatchObject({ mtu: 1500, features });
    }
    clock.close();
  });
});

describe('results of streams', () => {
  const GBIT = 1e9 / 8;
  const cell = (subject: string, ...rates: [rate: number, cpu: number][]): StreamCell => ({
    ...{ task: 'bulk', subject },
    samples: rates.map(([rate, cpu]) => ({ count: GBIT, seconds: 1 / rate, cpuSeconds: 1 / cpu })),
  });
  const results = (veth: number, plain: number) =>
    streamResults([
      cell(VETH, [veth, 1], [veth + 1, 3], [veth - 1, 2]),
      cell(VETH_PLAIN, [1, plain], [1, plain]),
      cell(NET, [4, 2]),
    ]);

  it('are medians, with their spread', () => {
    const [veth, plain] = results(9, 3);
    expect(veth).toMatchObject({ task: 'bulk', subject: VETH });
    for (const [value, expected] of [
      [veth?.rate, 9],
      [veth?.least, 8],
      [veth?.most, 10],
      [veth?.perCpuSecond, 2],
      [plain?.rate, 1],
      [plain?.perCpuSecond, 3],
    ]) {
      expect(value).toBeCloseTo(expected as number, 9);
    }
    expect(streamResults([cell(VETH)])).toEqual([]);
  });

  it('pass where the clock or the CPU time says so', () => {
    expect(streamGates(results(8.01, 2.01)).map(({ pass }) => pass)).toEqual([true, true]);
    expect(streamGates(results(7.9, 1.9)).map(({ pass }) => pass)).toEqual([false, false]);
    expect(streamGates([]).map(({ pass, value }) => [pass, value])).toEqual([
      [false, undefined],
      [false, undefined],
    ]);
  });

  it('are printed beside those of Node', () => {
    const all = results(8, 3);
    expect(againstNet(all[0]!, all)?.map((ratio) => ratio.toFixed(3))).toEqual(['2.000', '1.000']);
    expect(againstNet(all[0]!, all.slice(0, 2))).toBeUndefined();
    const text = streamReport(all);
    expect(text).toMatch(/\n {2}veth, GSO, partial checksums +8\.00 +7\.00\.\.9\.00 +2\.00 +2\.00 +1\.00\n/);
    expect(streamReport(all.slice(0, 1))).toMatch(/ - +-$/);
    expect(gateReport(streamGates(all))).toMatch(/pass {2}1 GiB over veth, .* 8\.00 Gbit\/s +must 8/);
    const rare = streamResults([
      { task: 'connect', subject: NET, samples: [{ count: 5000, seconds: 0.5, cpuSeconds: 1 }] },
    ]);
    expect(streamReport(rare)).toMatch(/Node net, two processes +10,000 +10,000\.\.10,000 +5,000 +1\.00/);
  });
});
