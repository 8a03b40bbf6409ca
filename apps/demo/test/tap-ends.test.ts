/**
 * However `tap` ends, nothing of it is left: no interface, no namespace, no process. Runs the built command, for a process must end.
 */
import { type ChildProcess, execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Netns } from '@stack/tap';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folder } from './support.ts';
import { skipped } from './tap-machine.ts';

/** A machine of its own, as far as interfaces go: others have some, and come and go. */
let machine: Netns;
const ours = namespaceOf(process.pid);

const root = resolve(import.meta.dirname, '../../..');
const cli = join(root, 'apps/demo/dist/cli.js');
const files = folder();
/** How long the kernel may take to clean up behind a process, ms. */
const PATIENCE = 20_000;
/** In the environment of whatever a run starts. */
const MARK = 'STACK_TAP_TEST';

/** A run of the command, and where its namespace was. */
class Run {
  readonly #child: ChildProcess;
  readonly #mark: string = `${process.pid}.${Math.random()}`;
  #output = '';
  readonly ended: Promise<number | string>;

  constructor(args: readonly string[], env: Record<string, string> = {}) {
    this.#child = machine.spawn(process.execPath, [cli, 'tap', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, [MARK]: this.#mark, ...env },
    });
    const listen = (text: Buffer): void => {
      this.#output += String(text);
    };
    this.#child.stdout?.on('data', listen);
    this.#child.stderr?.on('data', listen);
    this.ended = new Promise((end) =>
      this.#child.once('close', (code, signal) => end(code ?? (signal as string))),
    );
  }

  get output(): string {
    return this.#output;
  }

  /** Waits until it has printed `pattern`; the test's own time limit ends it otherwise. */
  async printed(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#output)) await sleep(5);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Closes our end of its output. */
  look(): void {
    this.#child.stdout?.destroy();
  }

  /** Processes it started that are there, itself included. */
  processes(): number[] {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && environmentOf(pid).includes(`${MARK}=${this.#mark}`));
  }

  /** Its namespaces, those it was started in aside. */
  namespaces(): string[] {
    const here = namespaceOf(machine.pid);
    return this.processes()
      .map(namespaceOf)
      .filter((namespace) => namespace !== '' && namespace !== here && namespace !== ours);
  }
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return '';
  }
}

function namespaceOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return '';
  }
}

/** Interfaces where it was started. */
function links(): string[] {
  return machine.run('ip', '-o', 'link').trim().split('\n');
}

/** Waits until nothing is left of a run: no process in whichever namespace, no interface where it was started. */
async function isGone(run: Run): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const left = [...run.processes().map((pid) => `process ${pid}`), ...links().slice(1)];
    if (left.length === 0) return;
    if (Date.now() > deadline) expect(left).toEqual([]);
    await sleep(50);
  }
}

/** Runs it, ends it, and looks. */
async function endsClean(args: readonly string[], end: (run: Run) => unknown, env?: Record<string, string>) {
  const run = new Run(args, env);
  let namespaces: string[] = [];
  const seen = (async () => {
    while (namespaces.length === 0 && !run.output.includes('left when')) {
      namespaces = run.namespaces();
      await sleep(2);
    }
  })();
  await end(run);
  const status = await run.ended;
  await seen;
  await isGone(run);
  expect(namespaces.length).toBeGreaterThan(0);
  return { status, output: run.output };
}

describe.skipIf(skipped).concurrent('nothing is left', () => {
  beforeAll(async () => {
    machine = await Netns.open();
    if (existsSync(cli)) return; // as `npm test` has it: built before
    execFileSync('node', ['scripts/turbo.mjs', 'build', '--filter=@stack/demo...'], {
      cwd: root,
      stdio: 'ignore',
    });
  }, 300_000);
  afterAll(() => machine.close());

  it('when it is done', async () => {
    const { status, output } = await endsClean(
      ['sh', '-c', 'sleep 0.3; curl -sS http://10.0.0.2/'],
      () => undefined,
    );
    expect([status, output.trimEnd().split('\n').at(-1)]).toEqual([0, 'left when all is over: nothing']);
  });

  it('when a program failed', async () => {
    const { status } = await endsClean(['sh', '-c', 'sleep 0.3; exit 4'], () => undefined);
    expect(status).toBe(1);
  });

  it('when a file cannot be written, at the end', async () => {
    const { status, output } = await endsClean(
      ['--pcap', '/dev/full', 'sh', '-c', 'sleep 0.3; curl -sS http://10.0.0.2/'],
      () => undefined,
    );
    expect(status).toBe(1);
    expect(output).toMatch(/^\/dev\/full: no space left$/m);
  });

  it('when nobody reads what it prints', async () => {
    const { status } = await endsClean(
      ['-v', 'sh', '-c', 'sleep 0.3; curl -sS http://10.0.0.2/bytes/1000000'],
      async (run) => {
        await run.printed(/TCP_LISTEN/);
        while (run.namespaces().length === 0) await sleep(2);
        run.look();
      },
    );
    expect(status).toBe(0);
  });

  it('after an exception that nobody caught', async () => {
    const thrower = 'setTimeout(() => { throw new Error("crash") }, 2000)';
    const env = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(thrower)}` };
    const { status, output } = await endsClean(['--serve'], () => undefined, env);
    expect(status).not.toBe(0);
    expect(output).toMatch(/Error: crash/);
  });

  it.each<[NodeJS.Signals, number | string]>([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGKILL', 'SIGKILL'],
  ])('after %s', async (signal, expected) => {
    const modes: [string[], RegExp][] = [
      [['--serve'], /^serving /m],
      [['--connect', '10.0.0.1:8000'], /^waiting for a server on 10\.0\.0\.1:8000/m],
      // Programs have children that do not listen to anybody.
      [['sh', '-c', "trap '' INT TERM HUP; echo begun; sleep 1000 & sleep 1001"], /TCP_LISTEN/],
    ];
    const ends = modes.map(([args, ready]) =>
      endsClean(args, async (run) => {
        await run.printed(ready);
        while (run.namespaces().length === 0) await sleep(2);
        if (args[0] === 'sh') while (run.processes().length < 5) await sleep(5);
        run.kill(signal);
      }),
    );
    expect((await Promise.all(ends)).map(({ status }) => status)).toEqual([expected, expected, expected]);
  });

  it('while it begins', async () => {
    for (const delay of [100, 250, 400]) {
      const run = new Run(['--serve']);
      await sleep(delay);
      run.kill('SIGTERM');
      // As a signal, where there was no program yet to tell it from others.
      const status = await run.ended;
      expect({ status, output: run.output }).toMatchObject({ status: status === 'SIGTERM' ? status : 143 });
      await isGone(run);
    }
  });

  it('and what was captured until then is there', async () => {
    const pcap = join(files, 'serve.pcap');
    const { status } = await endsClean(['--serve', '--pcap', pcap], async (run) => {
      await run.printed(/^serving /m);
      const [, pid = ''] = /--target (\d+)/.exec(run.output) ?? [];
      const page = execFileSync('nsenter', [
        '--net',
        '--target',
        pid,
        'curl',
        '-sS',
        'http://10.0.0.2/bytes/5000',
      ]);
      expect(page.length).toBe(5000);
      await run.printed(/answered GET \/bytes\/5000 200 5000.*closed 1/s);
      run.kill('SIGINT');
    });
    expect(status).toBe(130);
    expect(readFileSync(pcap).length).toBeGreaterThan(5000);
    expect(existsSync(`${pcap}.part`)).toBe(false);
  });
});
