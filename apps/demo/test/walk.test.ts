import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packetsSync } from '@stack/pcap';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { CommandError } from '../src/errors.ts';
import { MSS, run } from '../src/scenario.ts';
import type { Step } from '../src/story.ts';
import { REQUEST, verdict, type WalkOptions, walk } from '../src/walk.ts';

const folder = mkdtempSync(join(tmpdir(), 'stack-demo-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file of `length` bytes that repeat nowhere soon. */
function file(length: number): string {
  const path = join(folder, `${length}.bin`);
  writeFileSync(
    path,
    Uint8Array.from({ length }, (_, i) => (i * 31 + (i >>> 8)) & 0xff),
  );
  return path;
}

function output(options: WalkOptions): { code: number; lines: string[] } {
  const lines: string[] = [];
  const code = walk(options, (line) => lines.push(line));
  return { code, lines };
}

describe('the classic request', () => {
  const { code, lines } = output({});

  it('is 37 bytes and arrives as it was sent', () => {
    expect(REQUEST).toHaveLength(37);
    expect([code, lines.at(-1)]).toEqual([0, 'identical: 37 bytes']);
  });

  it('names the functions of Linux on its way, in order', () => {
    const calls = ['tcp_sendmsg', '__tcp_transmit_skb', '__ip_queue_xmit', 'neigh_output', 'eth_header'];
    const more = [
      'dev_hard_start_xmit',
      'napi_schedule',
      'napi_gro_receive',
      'eth_type_trans',
      'ip_rcv',
      'tcp_v4_rcv',
    ];
    const text = lines.join('\n');
    const places = [...calls, ...more, 'tcp_recvmsg'].map((call) => text.indexOf(call));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  it('says what is scripted', () => {
    expect(lines.join('\n')).toMatch(/scripted: handshake and acknowledgements/);
  });

  it('is colourless unless asked', () => {
    expect(lines.join('')).not.toContain('\u001b');
    expect(output({ color: true }).lines.join('')).toContain('\u001b');
  });

  it('moves data, and nothing else, at each header', () => {
    const steps: Step[] = [];
    run({ data: new TextEncoder().encode(REQUEST), tell: (step) => steps.push(step) });
    const moves = steps.flatMap(({ geometry }) =>
      geometry ? [[geometry.data, geometry.tail, geometry.end]] : [],
    );
    expect(moves).toEqual([
      [160, 197, 256],
      [128, 197, 256],
      [108, 197, 256],
      [94, 197, 256],
      [66, 169, 2048],
      [80, 169, 2048],
      [100, 169, 2048],
      [132, 169, 2048],
      [132, 169, 2048],
    ]);
  });
});

describe('a file', () => {
  it.each([0, 1, MSS, MSS + 1, 65_160, 65_161, 1_000_003])(
    'of %i bytes arrives, copied in once and out once',
    (length) => {
      const { code, lines } = output({ data: file(length), json: true });
      expect([code, lines.length]).toEqual([0, 1]);
      const result = JSON.parse(lines[0] as string);
      expect(result).toMatchObject({ identical: true, bytes: length, arrived: length, leaked: 0 });
      expect(result.copies).toMatchObject({ send: { bytes: length }, recv: { bytes: length }, moved: 0 });
      expect(result.segments).toBe(Math.ceil(length / MSS));
    },
  );

  it('goes down without a copy when it is lent', () => {
    const { lines } = output({ data: file(100_000), zerocopy: true, json: true });
    expect(JSON.parse(lines[0] as string)).toMatchObject({
      identical: true,
      copies: { send: { times: 0, bytes: 0 }, recv: { bytes: 100_000 }, moved: 0 },
    });
  });

  it('any bytes arrive', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.boolean(), (data, zerocopy) => {
        const outcome = run({ data, zerocopy });
        expect(outcome.received).toEqual(data);
        expect(outcome.leaked).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  it('leaves a capture of what crossed the wire, the same each time', () => {
    const paths = ['a.pcap', 'b.pcap'].map((name) => join(folder, name)) as [string, string];
    for (const pcap of paths) output({ data: file(5000), pcap });
    const [a, b] = paths.map((path) => readFileSync(path)) as [Buffer, Buffer];
    expect(a.equals(b)).toBe(true);
    // ARP twice, the handshake's three, four segments, and their acknowledgements.
    const frames = [...packetsSync(a)];
    expect(frames.map(({ data }) => data.length).slice(0, 5)).toEqual([60, 60, 74, 74, 66]);
    expect(frames.filter(({ data }) => data.length > 74)).toHaveLength(4);
  });
});

describe('what goes wrong', () => {
  it.each([
    [{ data: join(folder, 'missing') }, /missing: no such file$/],
    [{ data: folder }, /is a directory$/],
    [{ pcap: join(folder, 'no', 'such', 'folder.pcap') }, /no such file$/],
  ])('%j is one clear line', (options, message) => {
    expect(() => output(options)).toThrow(CommandError);
    expect(() => output(options)).toThrow(message);
    expect(existsSync(join(folder, 'no'))).toBe(false);
  });

  it.each([
    [[1, 2, 3], [1, 2, 3], 'identical: 3 bytes'],
    [[1, 2, 3], [1, 9, 3], 'different: at byte 1 of 3, sent 0x02, received 0x09'],
    [[1, 2, 3], [1, 2], 'different: at byte 2 of 3, sent 0x03, received nothing'],
    [[1, 2], [1, 2, 255], 'different: at byte 2 of 2, sent nothing, received 0xff'],
    [[], [], 'identical: 0 bytes'],
  ])('%j sent, %j received: %s', (sent, received, line) => {
    expect(verdict(Uint8Array.from(sent), Uint8Array.from(received))).toBe(line);
  });
});
