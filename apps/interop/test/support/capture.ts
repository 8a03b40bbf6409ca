/**
 * tcpdump in a namespace, and what others read in what it wrote.
 * @module
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect } from 'vitest';
import { DEV, type Lab } from './lab.ts';
import { start } from './programs.ts';

const execute = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../../../..');
/** What `npm run oracle` runs. */
const ORACLE = join(ROOT, 'apps/demo/dist/oracle-cli.js');

/** Captures of one file of tests. When its tests are over, the decoder of `npm run oracle` agrees with tshark about each of them. */
export class Captures {
  readonly #folder = mkdtempSync(join(tmpdir(), 'interop-captures-'));
  readonly #files: string[] = [];

  constructor() {
    afterAll(async () => {
      try {
        if (this.#files.length > 0) await this.#compare();
      } finally {
        rmSync(this.#folder, { recursive: true });
      }
    }, 300_000);
  }

  /** Captures what crosses the kernel's side of a lab while `body` runs; the file. */
  async during(lab: Lab, body: () => Promise<unknown>): Promise<string> {
    const file = join(this.#folder, `${this.#files.length}.pcap`);
    const dump = start(lab.ns, 'tcpdump', [
      '-i',
      DEV,
      '-w',
      file,
      '-U',
      '-s',
      '0',
      '-B',
      '32768',
      '-Z',
      'root',
    ]);
    await dump.printed(/listening on/);
    await body();
    dump.kill('SIGINT');
    const { stderr } = await dump.ended;
    expect(stderr).toMatch(/^0 packets dropped by kernel$/m);
    this.#files.push(file);
    return file;
  }

  async #compare(): Promise<void> {
    // `npm test` has built it, and from this tree.
    if (!existsSync(ORACLE)) await execute('npm', ['run', '-s', 'build'], { cwd: ROOT });
    const { stdout } = await execute(process.execPath, [ORACLE, ...this.#files], {
      maxBuffer: 0x400_0000,
    }).catch((error) => error as { stdout: string }); // it fails where they differ, and says how
    // Whole, so that a failure says which field of which packet it was.
    expect(stdout.trim()).toMatch(
      new RegExp(`^${this.#files.length} captures, [1-9]\\d* packets, .* 0 disagreements$`),
    );
    console.log(stdout.trim());
  }
}

/** What tshark has to say of a capture: warnings and errors, `frame: message`. */
export async function expertWarnings(file: string): Promise<string[]> {
  const fields = ['frame.number', '_ws.expert.severity', '_ws.expert.message'].flatMap((field) => [
    '-e',
    field,
  ]);
  const args = ['-r', file, '-T', 'fields', '-E', 'occurrence=a', '-E', 'aggregator=|', ...fields];
  const { stdout } = await execute('tshark', args, { maxBuffer: 0x400_0000 });
  return stdout.split('\n').flatMap((line) => {
    const [frame, severities = '', messages = ''] = line.split('\t');
    const texts = messages.split('|');
    return severities
      .split('|')
      .map((severity, index) => ({ severity: Number(severity), text: texts[index] }))
      .filter(({ severity }) => severity >= 0x60_0000)
      .map(({ text }) => `${frame}: ${text}`);
  });
}
