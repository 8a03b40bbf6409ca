/**
 * The calls of several programs as `strace -f -tt -T -e trace=network` prints them: one line a call, two where another program's comes
 * between its begin and its end.
 * @module
 */
import { formatSyscall, isNetworkCall, type Syscall, type SyscallName } from '@stack/socket';

/** Column of the `=`. */
const RESULT_COLUMN = 40;
/** Calls that wait and then fill in what is printed behind the descriptor. */
const FILLS: readonly SyscallName[] = ['accept', 'accept4', 'recvfrom', 'recvmsg'];

/** Prints lines; those of calls that are not done when another program's begins are cut. */
export class StraceLines {
  readonly #out: (line: string) => void;
  readonly #midnight: number;
  /** What is printed and has no end yet. */
  #open: { call: Syscall; text: string } | undefined;

  /** @param midnight Where the time of day counts from, on the clock of the calls, µs. */
  constructor(out: (line: string) => void, midnight = 0) {
    this.#out = out;
    this.#midnight = midnight;
  }

  /** A call begins. */
  enter(call: Syscall): void {
    if (!isNetworkCall(call)) return;
    this.#cut();
    const { text } = parts(call);
    const begun = FILLS.includes(call.name)
      ? `${call.name}(${(call as { fd?: number }).fd}, `
      : text.slice(0, -1);
    this.#open = { call, text: `${this.#lead(call.pid, call.start)}${begun}` };
  }

  /** A call ends. */
  exit(call: Syscall): void {
    if (!isNetworkCall(call)) return;
    const { text, result } = parts(call);
    if (this.#open?.call === call) {
      this.#open = undefined;
      this.#line(`${this.#lead(call.pid, call.start)}${text}`, result);
      return;
    }
    this.#cut();
    const rest = FILLS.includes(call.name) ? text.slice(text.indexOf(', ') + 2) : ')';
    this.#line(`${this.#lead(call.pid, call.end)}<... ${call.name} resumed>${rest}`, result);
  }

  /** A program ends. */
  exited(pid: number, time: number, status: number): void {
    this.#cut();
    this.#out(`${this.#lead(pid, time)}+++ exited with ${status} +++`);
  }

  #lead(pid: number, time: number): string {
    return lead(pid, time - this.#midnight);
  }

  #cut(): void {
    if (this.#open === undefined) return;
    this.#out(`${this.#open.text} <unfinished ...>`);
    this.#open = undefined;
  }

  #line(text: string, result: string): void {
    this.#out(`${text.padEnd(RESULT_COLUMN - 1)} = ${result}`);
  }
}

/** `[pid  1001] 00:00:00.000104 `. */
function lead(pid: number, time: number): string {
  const seconds = Math.floor(time / 1_000_000);
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
  return `[pid ${String(pid).padStart(5)}] ${clock}.${String(time % 1_000_000).padStart(6, '0')} `;
}

/** A call without its padding: `connect(3, …)`, and what it returned. */
function parts(call: Syscall): { text: string; result: string } {
  const line = formatSyscall(call, { time: false });
  const at = line.lastIndexOf(' = ');
  return { text: line.slice(0, at).trimEnd(), result: line.slice(at + 3) };
}
