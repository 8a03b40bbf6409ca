import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packetsSync } from '@stack/pcap';
import { describe, expect, it } from 'vitest';
import { segmentInFrame } from '../src/inspect.ts';
import { tsharkVersion } from '../src/oracle-tshark.ts';
import { demo, fileOf, folder, json } from './support.ts';

const files = folder();
const tshark = await tsharkVersion();
if (tshark === undefined) console.log('skipped: no tshark');

/** What tshark has to say of a capture, from notes upward; `severity` of Wireshark's `PI_NOTE`. */
async function complaints(path: string): Promise<string[]> {
  const filter = '_ws.expert.severity >= 0x400000 or _ws.malformed';
  const { stdout } = await promisify(execFile)('tshark', [
    '-r',
    path,
    '-Y',
    filter,
    '-T',
    'fields',
    '-e',
    '_ws.expert.message',
  ]);
  return stdout
    .split(/[\n,]/)
    .map((text) => text.trim())
    .filter((text) => text !== '' && !USUAL.some((usual) => usual.test(text)));
}

/** What is in every connection. */
const USUAL = [
  /^Connection finish \(FIN\)$/,
  /^This frame (initiates|undergoes) the connection closing$/,
  /^(POST|GET|HTTP)\b/,
];
/** What loss, reordering and duplication cause. */
const HARM = [
  /^D-SACK Sequence$/,
  /^Duplicate ACK \(#\d+\)$/,
  /^This frame is a \(suspected\) (fast |spurious )?retransmission$/,
  /^This frame is a \(suspected\) out-of-order segment$/,
  /^Previous segment\(s\) not captured \(common at capture start\)$/,
  /^ACKed segment that wasn't captured \(common at capture start\)$/,
  /^TCP window update$/,
  /^TCP window specified by the receiver is now completely full$/,
  /^New fragment overlaps old data \(retransmission\?\)$/,
  // A late segment finds no connection any more.
  /^Connection reset \(RST\)$/,
];

describe('--pcap', () => {
  it('is what crossed the wire, each time the same', async () => {
    const paths = ['a.pcap', 'b.pcap'].map((name) => join(files, name)) as [string, string];
    for (const path of paths) await demo('--pcap', path);
    const [a, b] = paths.map((path) => readFileSync(path)) as [Buffer, Buffer];
    expect(a.equals(b)).toBe(true);
    const frames = [...packetsSync(a)];
    expect(frames.map(({ data }) => data.length).slice(0, 6)).toEqual([60, 60, 74, 74, 66, 103]);
    expect(frames).toHaveLength(12);
    const request = frames[5]?.data as Uint8Array;
    const segment = segmentInFrame(new DataView(request.buffer, request.byteOffset), 0);
    expect(Buffer.from(request).subarray(segment?.payload).toString()).toMatch(/^GET \/ HTTP/);
    expect(frames.map(({ timestamp }) => timestamp?.nanoseconds).slice(0, 3)).toEqual([0, 102_000, 102_000]);
  });

  it("of a router is what crossed the client's side", async () => {
    const path = join(files, 'routed.pcap');
    const { wires } = await json('--routed', '--pcap', path);
    expect([...packetsSync(readFileSync(path))]).toHaveLength(
      (wires[0]?.frames ?? 0) + (wires[1]?.delivered ?? 0),
    );
  });

  it("has only what arrived whole at the client's card", async () => {
    const path = join(files, 'harm.pcap');
    const { wires } = await json(
      '--loss',
      '5%',
      '--corrupt',
      '5%',
      '--pcap',
      path,
      '--data',
      fileOf(files, 100_000),
    );
    const [out, back] = wires as [(typeof wires)[0], (typeof wires)[0]];
    expect([...packetsSync(readFileSync(path))]).toHaveLength(out.frames + back.delivered - back.corrupted);
  });

  it('is never half a file', async () => {
    const path = join(files, 'kept.pcap');
    writeFileSync(path, 'before');
    const { code } = await demo('--pcap', path, '--sysctl', 'no=1');
    expect(code).toBe(1);
    expect(readFileSync(path, 'utf8')).toBe('before');
    const dir = join(files, 'empty');
    mkdirSync(dir);
    await demo('--pcap', join(dir, 'x.pcap'), '--sysctl', 'no=1');
    expect(readdirSync(dir)).toEqual([]);
    await demo('--pcap', join(dir, 'x.pcap'));
    expect(readdirSync(dir)).toEqual(['x.pcap']);
    expect(existsSync('/dev/null') && (await demo('--pcap', '/dev/null')).code).toBe(0);
  });

  it.skipIf(tshark === undefined).each([
    ['the classic request', []],
    ['a router', ['--routed']],
    ['lent bytes', ['--zerocopy']],
    ['a file of any bytes', ['--data', fileOf(files, 300_000)]],
    ['a small send buffer', ['--wmem', '4096']],
    ['a slow wire', ['--rate', '20mbit', '--data', fileOf(files, 300_000)]],
  ])('of %s has nothing that tshark complains of', async (name, args) => {
    const path = join(files, `${name}.pcap`);
    await demo('--pcap', path, ...args);
    expect(await complaints(path)).toEqual([]);
  });

  it.skipIf(tshark === undefined).each([
    ['loss', ['--loss', '5%', '--delay', '20ms', '--seed', '7']],
    ['reordering', ['--reorder', '20%', '--delay', '5ms']],
    ['duplication', ['--duplicate', '10%']],
    ['corruption', ['--corrupt', '3%']],
    [
      'all of it over a router',
      ['--routed', '--loss', '3%', '--reorder', '10%', '--duplicate', '3%', '--corrupt', '1%'],
    ],
  ])('with %s has only what that caused', async (name, args) => {
    const path = join(files, `${name}.pcap`);
    await demo('--pcap', path, ...args);
    const found = await complaints(path);
    expect(found.filter((text) => !HARM.some((harm) => harm.test(text)))).toEqual([]);
    expect(found.length).toBeGreaterThan(0);
  });
});
