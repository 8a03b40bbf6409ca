import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { main } from './main.ts';

const GOOD =
  '`../common/defaults.sh`\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 %{ print(tcpi_state) }%\n';
const BAD = '0 socket(..., SOCK_STREAM, IPPROTO_TCP) = -1 EMFILE (x)\n';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'packetdrill-'));
  mkdirSync(join(folder, 'tests/inner'), { recursive: true });
  mkdirSync(join(folder, 'tests/common'));
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  write('tests/common/defaults.sh', 'sysctl -q net.ipv4.tcp_timestamps=0\n');
  write('tests/inner/good.pkt', GOOD);
  write('tests/inner/bad.pkt', BAD);
  write('tests/inner/other-v6.pkt', BAD);
  write('tests/inner/notes.txt', '');
  write('syntax.pkt', '+0 > P. 1:2(3)\n');
  write('known.txt', '# why\ninner/bad.pkt\tit wants no descriptor\n');
  write('cured.txt', 'inner/bad.pkt\ta\ninner/good.pkt\tb\n');
  write('broken.txt', 'inner/bad.pkt\n');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function packetdrill(...args: string[]) {
  let output = '';
  const code = await main(
    args.map((arg) => arg.replace('@', folder)),
    (text) => {
      output += text;
    },
  );
  return { code, output: output.replaceAll(folder, '@').replace(/in [\d.]+ s/, 'in T s') };
}

it('runs a file, and prints what it prints', async () => {
  expect(await packetdrill('@/tests/inner/good.pkt')).toEqual({ code: 0, output: '7\n' });
});

it('runs a folder in order, without those of other IP versions', async () => {
  expect(await packetdrill('@/tests')).toEqual({
    code: 1,
    output:
      'inner/bad.pkt:1:1: socket: it gave a descriptor; expected -1 EMFILE\n1 of 2 scripts passed in T s\n',
  });
});

it('knows what fails, and what does no more', async () => {
  expect(await packetdrill('--known', '@/known.txt', '@/tests')).toEqual({
    code: 0,
    output: '1 failed as known\n1 of 2 scripts passed in T s\n',
  });
  expect(await packetdrill('--known', '@/cured.txt', '@/tests')).toMatchObject({
    code: 1,
    output: expect.stringContaining('inner/good.pkt: passed, but is listed as known to fail\n'),
  });
});

it('tells line by line what happens', async () => {
  const { output } = await packetdrill('-v', '@/tests/inner/good.pkt');
  expect(output).toContain('0.000000 socket returned');
});

it('prints JSON', async () => {
  const { code, output } = await packetdrill('--json', '@/tests');
  expect(code).toBe(1);
  expect(
    output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toMatchObject([
    { file: 'inner/bad.pkt', ok: false, failure: { kind: 'call', line: 1, column: 1 } },
    { file: 'inner/good.pkt', ok: true, output: ['7'] },
  ]);
});

it('tells where a script cannot be read', async () => {
  expect(await packetdrill('@/syntax.pkt')).toEqual({
    code: 1,
    output: '@/syntax.pkt:1:9: 1:2 is not 3 bytes long\n',
  });
});

it('tells that there is no IPv6', async () => {
  const { code, output } = await packetdrill('--ip-version', '6', '@/tests/inner/good.pkt');
  expect(code).toBe(1);
  expect(output).toContain('the host speaks IPv4 alone');
});

it.each([
  [[], 'no script is named'],
  [['@/missing.pkt'], 'no such file or folder'],
  [['@/tests/common'], 'no scripts (*.pkt) are in it'],
  [['--ip-version', '5', 'x'], '--ip-version is 4, 6 or 4in6'],
  [['--tolerance', 'x', 'x'], '--tolerance takes microseconds'],
  [['--nonsense'], "Unknown option '--nonsense'"],
  [['-D', 'x', 'y'], '-D takes NAME=WORD'],
  [['--known', '@/broken.txt', '@/tests'], 'a name, a tab and a reason'],
  [['--known', '@/missing.txt', '@/tests'], 'cannot be read'],
])('%j makes no sense', async (args, message) => {
  const { code, output } = await packetdrill(...args);
  expect(code).toBe(2);
  expect(output).toContain(message);
  expect(output.trim().split('\n')).toHaveLength(1);
});

it('helps', async () => {
  expect(await packetdrill('--help')).toMatchObject({
    code: 0,
    output: expect.stringContaining('Usage: packetdrill'),
  });
});
