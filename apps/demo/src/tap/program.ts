/**
 * A program on the kernel's side, and what it prints.
 * @module
 */
import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import type { Netns } from '@stack/tap';

/** How long a program has to end by itself once it is asked to, ms. */
const PATIENCE = 1000;

/** What came of a program. */
export interface Printed {
  /** As a shell would take it. */
  command: string;
  /** Exit code; 128 + n where signal n ended it. */
  status: number;
  stdout: Uint8Array;
  stderr: Uint8Array;
}

/** A program that runs in a namespace; its input is empty. */
export class Program {
  readonly command: string;
  readonly #child: ChildProcess;
  readonly #stdout: Uint8Array[] = [];
  readonly #stderr: Uint8Array[] = [];
  readonly #ended: Promise<Printed>;
  #isOver = false;

  constructor(netns: Netns, [name = '', ...args]: readonly string[]) {
    this.command = [name, ...args].map(quoted).join(' ');
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([variable]) => !/_proxy$/i.test(variable)), // there is nobody but the two of us
    );
    const child = netns.spawn(name, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    this.#child = child;
    child.stdout?.on('data', (bytes: Uint8Array) => this.#stdout.push(bytes));
    child.stderr?.on('data', (bytes: Uint8Array) => this.#stderr.push(bytes));
    this.#ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        this.#isOver = true;
        resolve({
          command: this.command,
          status: code ?? 128 + signalNumber(signal),
          stdout: Buffer.concat(this.#stdout),
          stderr: Buffer.concat(this.#stderr),
        });
      });
    });
    this.#ended.catch(() => undefined); // whoever waits is told
  }

  /** Whether it has ended. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Waits for its end. */
  ended(): Promise<Printed> {
    return this.#ended;
  }

  /** Asks it to end, and ends it where it does not. */
  async stop(): Promise<Printed> {
    if (!this.#isOver) this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE);
    try {
      return await this.#ended;
    } finally {
      clearTimeout(timer);
    }
  }
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : (constants.signals[signal] ?? 0);
}
