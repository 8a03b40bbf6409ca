/**
 * The machine that commands run on: the host under test, and the few files they touch.
 * @module
 */
import { type Clock, type Host, since } from '@stack/host';
import { SOL_TCP, TCP_INFO } from '@stack/socket';
import { isSysctlError } from '@stack/sysctl';
import type { Process } from '../calls/process.ts';
import type { Tun } from '../packet/tun.ts';

const PROC_SYS = '/proc/sys/';

/** What a {@link Machine} is made with. */
export interface MachineOptions {
  host: Host;
  clock: Clock;
  tun: Tun;
  process: Process;
  /** The text of a script that commands run. */
  include: (path: string) => string | undefined;
}

/** See the module. */
export class Machine {
  readonly host: Host;
  readonly tun: Tun;
  readonly process: Process;
  readonly include: (path: string) => string | undefined;
  readonly variables: Readonly<Record<string, string>> = { PPID: '1', PACKETDRILL_PID: '1' };
  /** What undoes changes of sysctls, by the name of the script that would. */
  readonly restores: Map<string, () => void> = new Map();
  readonly #clock: Clock;
  #counted: Record<string, number>;

  constructor(options: MachineOptions) {
    this.host = options.host;
    this.tun = options.tun;
    this.process = options.process;
    this.include = options.include;
    this.#clock = options.clock;
    this.#counted = this.host.nstat();
  }

  /** Counters that moved since the last time this was asked, as `nstat` prints them. */
  counters(): string {
    const now = this.host.nstat();
    const moved = since(this.#counted, now);
    this.#counted = now;
    return Object.entries(moved)
      .map(([name, value]) => `${name.padEnd(32)}${String(value).padEnd(19)}0.0\n`)
      .join('');
  }

  /** A file's text; `undefined` where there is none. */
  readFile(path: string): string | undefined {
    if (path.startsWith(PROC_SYS)) {
      try {
        return this.host.sysctl.read(path);
      } catch (error) {
        if (!isSysctlError(error)) throw error;
        return undefined;
      }
    }
    if (path === '/proc/net/tcp') return this.#tcpTable();
    if (path === '/proc/net/tcp6') return '';
    const bytes = this.process.files.get(path);
    return bytes === undefined ? undefined : String.fromCharCode(...bytes);
  }

  /** Writes a file; false where that cannot be. */
  async writeFile(path: string, text: string): Promise<boolean> {
    if (path === '/dev/null') return true;
    if (path.startsWith('/proc/')) return this.setSysctl(path, text.trim()) === undefined;
    this.process.files.set(
      path,
      Uint8Array.from(text, (letter) => letter.charCodeAt(0)),
    );
    return true;
  }

  /** Sets a sysctl, by name or path; what is wrong with it, if anything. */
  setSysctl(name: string, value: string): string | undefined {
    try {
      this.host.sysctl.write(name, value);
      return undefined;
    } catch (error) {
      if (!isSysctlError(error)) throw error;
      return error.message;
    }
  }

  /** Lets time pass, s. */
  sleep(seconds: number): Promise<void> {
    return new Promise((resolve) => {
      const clock = this.#clock;
      const over = (): void => {
        clock.woke();
        resolve();
      };
      clock.at(clock.now() + Math.round(seconds * 1_000_000), over, undefined);
    });
  }

  /** `/proc/net/tcp`, of the sockets that have a descriptor. */
  #tcpTable(): string {
    const lines = ['  sl  local_address rem_address   st\n'];
    for (const socket of this.host.sockets) {
      if (socket.type !== 1 || socket.closed) continue;
      const local = socket.getsockname();
      const localText = 'port' in local ? place(local) : '00000000:0000';
      let remote = '00000000:0000';
      try {
        const peer = socket.getpeername();
        if ('port' in peer) remote = place(peer);
      } catch {
        // not connected
      }
      const { state = 0 } = socket.getsockopt(SOL_TCP, TCP_INFO);
      const st = state.toString(16).toUpperCase().padStart(2, '0');
      lines.push(`${String(lines.length - 1).padStart(4)}: ${localText} ${remote} ${st} \n`);
    }
    return lines.join('');
  }
}

/** An address as /proc/net/tcp has it: host order of a little-endian machine. */
function place({ address, port }: { address: string; port: number }): string {
  const bytes = address.split('.').reverse();
  const text = bytes.map((byte) => Number(byte).toString(16).padStart(2, '0')).join('');
  return `${text}:${port.toString(16).padStart(4, '0')}`.toUpperCase();
}
