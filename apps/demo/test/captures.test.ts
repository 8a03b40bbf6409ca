/**
 * Real captures: everything in `CAPTURES` (by default ../shared/captures beside the repository) decodes, re-encodes, and means
 * what tshark says; and so do generated packets, which are stranger. Where captures or tshark are missing the suite skips, and says so; under `CI=true` it fails.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { packetsSync } from '@stack/pcap';
import { installPrograms } from '@stack/testkit/programs';
import { afterAll, describe, expect, it } from 'vitest';
import { decodeCommand } from '../src/decode.ts';
import { type Comparison, compareCapture } from '../src/oracle.ts';
import { forEachFile } from '../src/oracle-files.ts';
import { tsharkVersion } from '../src/oracle-tshark.ts';
import { icmpCapture, udpCapture } from './generated.ts';

const folder = resolve(import.meta.dirname, '../../..', process.env.CAPTURES ?? '../shared/captures');
const captures = capturesIn(folder);
const tshark = captures.length === 0 ? await tsharkVersion() : await findTshark();
const needed = process.env.CI === 'true';

function capturesIn(path: string): string[] {
  try {
    return readdirSync(path, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(pcap|pcapng|cap)$/.test(name))
      .sort()
      .map((name) => join(path, name));
  } catch {
    return [];
  }
}

/** The version of tshark, installed first where there is none and we may. */
async function findTshark(): Promise<string | undefined> {
  await installPrograms({ tshark: 'tshark' });
  return tsharkVersion();
}

if (captures.length === 0) console.log(`skipped: no captures in ${folder}; set CAPTURES to a folder of them`);
else if (tshark === undefined) console.log('skipped: no tshark, and no way to install it');

describe('real captures', () => {
  it.runIf(needed)('are there, and tshark too', () => {
    expect(captures.length).toBeGreaterThan(0);
    expect(tshark).toBeDefined();
  });

  it.skipIf(captures.length === 0)('decode and re-encode to the same bytes', async () => {
    const lines: string[] = [];
    const faults: string[] = [];
    await decodeCommand(
      { captures, check: true },
      (line) => void lines.push(line),
      (line) => void faults.push(line),
    );
    // One line for each header that came out differently would stand before the summary.
    expect(lines.slice(0, -3)).toEqual([]);
    expect(lines.at(-3)).toMatch(
      /^[1-9]\d* packets: [1-9]\d* with headers understood, [1-9]\d* of them byte-identical, 0 not$/,
    );
    // Broken captures end in one of our codes, at a byte.
    for (const fault of faults) expect(fault).toMatch(/: (not a capture|.* PCAP_[A-Z_]+ at byte \d+)$/);
    console.log(lines.at(-3));
  });

  it.skipIf(captures.length === 0 || tshark === undefined)(
    'mean what tshark says, field by field',
    async () => {
      const results = await compareAll(captures);
      const sum = (of: (result: Comparison) => number): number =>
        results.reduce((total, each) => total + of(each), 0);
      const disagreements = results.flatMap((result) =>
        result.disagreements.map((one) => ({ ...one, file: relative(folder, one.file) })),
      );
      expect(disagreements).toEqual([]);
      // Every packet tshark calls well-formed came out of our codecs as it went in.
      expect(sum((result) => result.different)).toBe(0);
      expect(sum((result) => result.wellFormed)).toBeGreaterThan(0);
      expect(sum((result) => result.packets)).toBe(countPackets());
      const compared = `${sum((result) => result.compared)} packets, ${sum((result) => result.fields)} fields`;
      console.log(
        `${results.length} captures against ${tshark}: ${compared} compared, none read differently`,
      );
    },
    1_200_000,
  );
});

describe('generated packets', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'generated-'));
  afterAll(() => rmSync(scratch, { recursive: true }));

  it.skipIf(tshark === undefined).each([
    ['UDP', udpCapture],
    ['ICMP', icmpCapture],
  ])('of %s mean what tshark says', async (name, make) => {
    const file = join(scratch, `${name}.pcap`);
    writeFileSync(file, make(2, 10_000));
    const [result] = await compareAll([file]);
    expect(result?.disagreements).toEqual([]);
    expect(result).toMatchObject({ packets: 10_000, compared: 10_000, different: 0 });
  });
});

async function compareAll(files: readonly string[]): Promise<Comparison[]> {
  const results: Comparison[] = [];
  await forEachFile(files, availableParallelism(), async (file, reader) => {
    results.push(await compareCapture(file, reader));
  });
  return results;
}

/** Packets of all captures up to the fault, if any, of each: none was left out. */
function countPackets(): number {
  let count = 0;
  for (const file of captures) {
    try {
      for (const _ of packetsSync(readFileSync(file))) count++;
    } catch {}
  }
  return count;
}
