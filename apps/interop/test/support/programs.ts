/**
 * Programs on the kernel's side.
 * @module
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Netns } from '@stack/tap';
import { installPrograms } from '@stack/testkit/programs';

/** What the tests run, and the Debian package of each. */
const PROGRAMS = {
  ip: 'iproute2',
  ss: 'iproute2',
  ping: 'iputils-ping',
  arping: 'iputils-arping',
  curl: 'curl',
  iperf3: 'iperf3',
  nc: 'netcat-openbsd',
  python3: 'python3-minimal',
  strace: 'strace',
  tcpdump: 'tcpdump',
  tshark: 'tshark',
  nft: 'nftables',
  sysctl: 'procps',
};

/** Installs what is missing; what it resolves to could not be. */
export function installAll(): Promise<string[]> {
  return installPrograms(PROGRAMS);
}

/** How a program ended. */
export interface Ending {
  /** Exit status; `undefined` where a signal ended it. */
  status: number | undefined;
  stdout: string;
  stderr: string;
}

/** How {@link start} starts a program. */
export interface StartOptions {
  /** Its standard input; none by default. */
  input?: string | Uint8Array;
  /** Keeps its standard input open until {@link Running.end}. */
  open?: boolean;
  /** ms after which it is killed. Default 120 s: nothing hangs for ever. */
  timeout?: number;
}

/** A program that runs. */
export interface Running {
  readonly ended: Promise<Ending>;
  /** Resolves when what it printed matches. Rejects when it ended without. */
  printed(pattern: RegExp): Promise<void>;
  /** More of its standard input, where that is open. */
  write(input: string | Uint8Array): void;
  /** Ends its standard input. */
  end(): void;
  kill(signal?: NodeJS.Signals): void;
}

/** Starts a program in a namespace. */
export function start(
  ns: Netns,
  command: string,
  args: readonly string[],
  options: StartOptions = {},
): Running {
  const { input = '', open = false, timeout = 120_000 } = options;
  const child = ns.spawn(command, args, { stdio: 'pipe' });
  let stdout = '';
  let stderr = '';
  let look = (): void => undefined;
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('latin1');
    look();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += String(chunk);
    look();
  });
  child.stdin?.on('error', () => undefined); // it may not read it
  child.stdin?.write(input);
  if (!open) child.stdin?.end();
  const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
  const ended = new Promise<Ending>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      clearTimeout(timer);
      resolve({ status: status ?? undefined, stdout, stderr });
    });
  });
  ended.catch(() => undefined);
  return {
    ended,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        look = () => {
          if (pattern.test(stdout + stderr)) resolve();
        };
        look();
        ended.then(
          () => reject(new Error(`${command} ended without ${pattern}: ${stdout}${stderr}`)),
          reject,
        );
      }),
    write: (more) => void child.stdin?.write(more),
    end: () => void child.stdin?.end(),
    kill: (signal = 'SIGTERM') => void child.kill(signal),
  };
}

/** Runs a program in a namespace to its end, while our own side goes on. */
export function run(
  ns: Netns,
  command: string,
  args: readonly string[],
  options?: StartOptions,
): Promise<Ending> {
  return start(ns, command, args, options).ended;
}

/** {@link run} of what must succeed; what it printed. */
export async function output(
  ns: Netns,
  command: string,
  args: readonly string[],
  options?: StartOptions,
): Promise<string> {
  const { status, stdout, stderr } = await run(ns, command, args, options);
  if (status === 0) return stdout;
  throw new Error(
    `${command} ${args.join(' ')} ended with ${status}: ${stdout.slice(-2000)}${stderr.slice(-2000)}`,
  );
}

/**
 * Three pings of `size` bytes, one after another: each is answered. One process each, for ping waits long for the first reply alone, and on a
 * busy machine the next ones may take many times as long.
 */
export async function ping(ns: Netns, address: string, size: number): Promise<void> {
  for (let i = 0; i < 3; i++) {
    const text = await output(ns, 'ping', ['-c', '1', '-W', '30', '-s', String(size), address]);
    if (!text.includes('1 received, 0% packet loss') || text.includes('wrong data byte'))
      throw new Error(text);
  }
}

/** Until something in a namespace listens to a port. */
export async function listening(ns: Netns, port: number, protocol: 'tcp' | 'udp' = 'tcp'): Promise<void> {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const state = protocol === 'tcp' ? '0A' : '07';
  for (let i = 0; i < 3000; i++) {
    const lines = readFileSync(`/proc/${ns.pid}/net/${protocol}`, 'utf8').split('\n');
    const six = protocol === 'tcp' ? readFileSync(`/proc/${ns.pid}/net/tcp6`, 'utf8').split('\n') : [];
    for (const line of [...lines, ...six]) {
      const [, address, , is] = line.trim().split(/\s+/);
      if (address?.endsWith(local) && is === state) return;
    }
    await sleep(10);
  }
  throw new Error(`nobody listens to ${protocol} port ${port}`);
}
