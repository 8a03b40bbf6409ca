/**
 * sharkd, tshark as a daemon: one start for many captures, where most of what tshark takes for a small one is its start.
 * @module
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CommandError } from './errors.ts';
import { PREFERENCES, type Reader, type Reading, type Row } from './oracle-tshark.ts';

/** An answer of JSON-RPC. */
interface Answer {
  id: number;
  result?: unknown;
  error?: { message: string };
}

/** Longest start, ms; releases before 3.6 speak another language and never answer. */
const PATIENCE = 30_000;
/** What tshark's option `-n` is. */
const NO_NAMES = ['mac_name', 'network_name', 'transport_name'].map((name) => `nameres.${name}:FALSE`);

/** Captures that a process reads: each leaves some 9 MB behind in it. */
const LOADS = 50;

/** Reads these fields of each packet with sharkd; undefined where there is none that answers. */
export async function sharkdReader(fields: readonly string[]): Promise<Reader | undefined> {
  let sharkd = await start(fields);
  if (sharkd === undefined) return undefined;
  let loads = 0;
  return {
    read: async (file) => {
      if (++loads % LOADS === 0) {
        sharkd?.close();
        sharkd = await start(fields);
      }
      if (sharkd === undefined) throw new CommandError('sharkd does not start again');
      return sharkd.read(file);
    },
    close: () => sharkd?.close(),
  };
}

async function start(fields: readonly string[]): Promise<Sharkd | undefined> {
  const config = mkdtempSync(join(tmpdir(), 'sharkd-'));
  try {
    mkdirSync(join(config, 'wireshark'));
    writeFileSync(join(config, 'wireshark/preferences'), preferences([...fields, IPV6_VERSION]));
    const sharkd = new Sharkd(fields, config);
    return (await sharkd.answers()) ? sharkd : undefined;
  } finally {
    rmSync(config, { recursive: true });
  }
}

/** A column for each field: all its occurrences (0), as values and not as names (U). */
function preferences(fields: readonly string[]): string {
  const columns = fields.map((field) => `"${field}", "%Cus:${field}:0:U"`);
  const settings = [...PREFERENCES, ...NO_NAMES, `gui.column.format:${columns.join(', ')}`];
  return settings.map((setting) => `${setting.replace(':', ': ')}\n`).join('');
}

class Sharkd implements Reader {
  readonly #fields: readonly string[];
  readonly #child: ChildProcessWithoutNullStreams;
  /** Who waits for which answer. */
  readonly #waiting = new Map<number, { resolve(answer: Answer): void; reject(fault: CommandError): void }>();
  #requests = 0;
  /** Why it answers no more. */
  #ended: CommandError | undefined;

  /** @param config What it takes for the user's folder of configurations. */
  constructor(fields: readonly string[], config: string) {
    this.#fields = fields;
    this.#child = spawn('sharkd', ['-'], { env: { ...process.env, XDG_CONFIG_HOME: config } });
    this.#child.stderr.resume();
    this.#child.stdin.on('error', () => {}); // it has ended, which is told below
    this.#child.on('error', () => this.#giveUp('sharkd is not installed'));
    this.#child.on('close', (code) => this.#giveUp(`sharkd ended with exit code ${code}`));
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const answer = JSON.parse(line) as Answer;
      this.#waiting.get(answer.id)?.resolve(answer);
      this.#waiting.delete(answer.id);
    });
  }

  #giveUp(reason: string): void {
    const fault = new CommandError(reason);
    this.#ended ??= fault;
    for (const { reject } of this.#waiting.values()) reject(fault);
    this.#waiting.clear();
  }

  #request(method: string, params?: object): Promise<Answer> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = ++this.#requests;
    this.#child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
  }

  /** Whether it is there and understands us. */
  async answers(): Promise<boolean> {
    const timeout = setTimeout(() => this.#child.kill(), PATIENCE);
    try {
      return (await this.#request('status')).result !== undefined;
    } catch {
      return false;
    } finally {
      clearTimeout(timeout);
    }
  }

  async read(file: string): Promise<Reading> {
    // A file that it reads up to a fault gets no answer at all; the next request does.
    let loaded: Answer | undefined;
    this.#request('load', { file }).then(
      (answer) => {
        loaded = answer;
      },
      () => {},
    );
    await this.#request('status');
    // What it cannot begin to read it does not open: the frames are still those of the file before.
    if (loaded?.error !== undefined) return { rows: [], isWhole: false };
    const { result } = await this.#request('frames');
    const frames = result as { c: string[] }[];
    return { rows: frames.map(({ c }) => rowOf(c, this.#fields)), isWhole: loaded !== undefined };
  }

  close(): void {
    this.#child.stdin.end();
  }
}

/** The field that tells how many of a packet's `ip.version` are of IPv6. */
const IPV6_VERSION = 'ipv6.version';
/** Values it gives by name even so: of a checksum's status. */
const STATUS = ['"Bad"', '"Good"', '"Unverified"', '"Not present"', '"Illegal"'];

/** A row of columns: `fields`, and then {@link IPV6_VERSION}. */
function rowOf(columns: readonly string[], fields: readonly string[]): Row {
  const valuesIn = (column: string | undefined): string[] => (column ? column.split(',') : []);
  const ipv6 = valuesIn(columns[fields.length]).length;
  return new Map(
    fields.map((field, i) => {
      const values = valuesIn(columns[i]);
      // Here those of IPv6 always come first. We do not enter IPv6: an IPv4 header of ours is before one, or there is none.
      if (field === 'ip.version') return [field, [...values.slice(ipv6), ...values.slice(0, ipv6)]];
      return [field, values.map((value) => (STATUS.includes(value) ? String(STATUS.indexOf(value)) : value))];
    }),
  );
}
