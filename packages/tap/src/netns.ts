/**
 * A network namespace that lives as long as we do: the other end of a TAP, with a Linux kernel in it.
 * @packageDocumentation
 */
import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';

/** Waits for its input to end, and ends what runs beside it then, children of programs included. */
const ANCHOR = `ip link set lo up && echo || exit
while read -r _; do :; done
here=$(readlink /proc/$$/ns/net)
for process in /proc/[0-9]*; do
  [ "$process" != /proc/$$ ] && [ "$(readlink "$process/ns/net")" = "$here" ] && kill -KILL "\${process#/proc/}"
done 2>/dev/null`;

/** A program that failed, or a namespace that could not be made: one line, with what the program printed. */
export class NetnsError extends Error {
  override readonly name = 'NetnsError';
  /** `ENOENT`: no such program. `EPERM`: may not make a namespace. `EFAILED`: it ended with another status than 0, or by a signal. */
  readonly code: 'ENOENT' | 'EPERM' | 'EFAILED';

  constructor(code: NetnsError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * A network namespace. It has no name and no file: it is that of a process which waits for its input to end, and that ends with ours, however
 * ours ends. Programs in it are killed then too. Linux only, for root, with util-linux and iproute2.
 *
 * @example
 * const ns = await Netns.open();
 * const tap = await openTap({ pool });
 * ns.adopt(tap.kernelName);
 * ns.run('ip', 'address', 'add', '10.0.0.1/24', 'dev', tap.kernelName);
 * ns.run('ip', 'link', 'set', tap.kernelName, 'up');
 * await ns.close();
 */
export class Netns {
  readonly #anchor: ChildProcess;
  readonly #inode: string;
  readonly #ended: Promise<unknown>;

  private constructor(anchor: ChildProcess, ended: Promise<unknown>) {
    this.#anchor = anchor;
    this.#inode = readlinkSync(`/proc/${anchor.pid}/ns/net`);
    this.#ended = ended;
  }

  /** Makes a namespace with its loopback device up. Rejects with {@link NetnsError} where that is not possible. */
  static async open(): Promise<Netns> {
    const anchor = spawn('unshare', ['--net', 'sh', '-c', ANCHOR], {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true, // a Ctrl-C is not for it
    });
    let complaint = '';
    anchor.stderr.on('data', (text: Buffer) => {
      complaint += String(text);
    });
    const ended = new Promise<string | undefined>((resolve) => {
      anchor.once('error', (error) => resolve(error.message));
      anchor.once('close', () => resolve(undefined));
    });
    const ready = new Promise<'ready'>((resolve) => anchor.stdout.once('data', () => resolve('ready')));
    const result = await Promise.race([ready, ended]);
    if (result === 'ready') return new Netns(anchor, ended);
    if (result !== undefined) {
      throw new NetnsError('ENOENT', `no unshare(1), which is in Debian's util-linux: ${result}`);
    }
    const reason = complaint.trim();
    if (/ip: not found/.test(reason))
      throw new NetnsError('ENOENT', "no ip(8), which is in Debian's iproute2");
    throw new NetnsError('EPERM', `a network namespace needs root: ${reason}`);
  }

  /** A process in it, as `ip link set DEV netns PID` and `nsenter --net --target PID` want it. */
  get pid(): number {
    return this.#anchor.pid as number;
  }

  /** Moves one of our network interfaces into it. Whoever holds its descriptor keeps it. */
  adopt(interfaceName: string): void {
    runHere(['ip', 'link', 'set', interfaceName, 'netns', String(this.pid)]);
  }

  /** Runs a program in it to its end, and returns what it printed. @throws NetnsError */
  run(command: string, ...args: string[]): string {
    return runHere([command, ...args], ['nsenter', ...this.#enter()]);
  }

  /** Starts a program in it; it is killed when we end or the namespace is closed. `stdio` as `spawn` has it. */
  spawn(command: string, args: readonly string[] = [], options: SpawnOptions = {}): ChildProcess {
    return spawn('nsenter', [...this.#enter(), 'setpriv', '--pdeathsig', 'KILL', command, ...args], options);
  }

  /** Kills what still runs in it. It is gone when this resolves, and its interfaces with it. */
  async close(): Promise<void> {
    for (const pid of this.pids()) if (pid !== this.pid) kill(pid);
    this.#anchor.stdin?.end();
    await this.#ended;
  }

  /** The processes in it. */
  pids(): number[] {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && namespaceOf(pid) === this.#inode);
  }

  #enter(): string[] {
    return ['--net', '--target', String(this.pid), '--'];
  }
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined; // it has ended
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended
  }
}

function runHere(words: readonly string[], prefix: readonly string[] = []): string {
  const [command = '', ...args] = [...prefix, ...words];
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const { code, stderr = '', message } = error as NodeJS.ErrnoException & { stderr?: string };
    if (code === 'ENOENT') throw new NetnsError('ENOENT', `no program ${command}`);
    if (stderr.includes('failed to execute')) throw new NetnsError('ENOENT', `no program ${words[0]}`);
    throw new NetnsError('EFAILED', `${words.join(' ')}: ${stderr.trim() || message}`);
  }
}
