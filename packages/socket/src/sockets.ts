/**
 * A process's sockets: its table of descriptors.
 * @module
 */
import { AF_INET, AF_INET6, AF_PACKET, SOCK_CLOEXEC, SOCK_NONBLOCK } from './constants/families.ts';
import { Core } from './core.ts';
import { SocketError } from './error.ts';
import type { Signal } from './platform.ts';
import { type Polled, poll } from './poll.ts';
import type { Errno, Kernel, Proto } from './ports.ts';
import { Socket } from './socket.ts';
import { Traced } from './tracing.ts';

/** The first descriptor: 0, 1 and 2 are somebody else's. */
const FIRST_FD = 3;
const SOCK_FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC;
/** One past the largest type (`SOCK_MAX`) and family (`AF_MAX`) of Linux. */
const SOCK_MAX = 11;
const AF_MAX = 46;

/** How {@link Sockets} is made. */
export interface SocketsOptions {
  /** The number that traces tell the process by. Default 1. */
  pid?: number;
  /** One more than the largest descriptor (`RLIMIT_NOFILE`). Default 1,048,576. */
  limit?: number;
}

/** An entry of {@link Sockets.poll}. */
export interface PollEntry {
  socket: Socket;
  /** `POLL*` bits that are waited for. POLLERR, POLLHUP and POLLNVAL always are. */
  events: number;
  /** Filled in: those that are true. */
  revents?: number;
}

/** The sockets of one process on a host. */
export class Sockets {
  readonly pid: number;
  readonly #kernel: Kernel;
  readonly #limit: number;
  /** By descriptor, from {@link FIRST_FD} on. */
  readonly #table: (Socket | undefined)[] = [];
  /** No descriptor below is free. */
  #lowest = 0;
  #size = 0;

  constructor(kernel: Kernel, { pid = 1, limit = 1_048_576 }: SocketsOptions = {}) {
    this.#kernel = kernel;
    this.pid = pid;
    this.#limit = limit;
  }

  /** How many are open. */
  get size(): number {
    return this.#size;
  }

  /** The open sockets, by descriptor. */
  *[Symbol.iterator](): Generator<Socket, void, undefined> {
    for (const socket of this.#table) if (socket !== undefined) yield socket;
  }

  /**
   * `socket(AF_INET, SOCK_STREAM)`: a socket with the lowest free descriptor. SOCK_NONBLOCK may be or'ed to the type. EAFNOSUPPORT,
   * EPROTONOSUPPORT, ESOCKTNOSUPPORT, EINVAL, EPERM, EMFILE.
   */
  socket(family: number, type: number, protocol = 0): Socket {
    const { tracer } = this.#kernel;
    const call =
      tracer && new Traced(this.#kernel, this.pid, tracer, { name: 'socket', family, type, protocol });
    const made = this.#create(family, type & ~SOCK_FLAGS, type & SOCK_FLAGS, protocol);
    call?.end(typeof made === 'string' ? made : made.fd);
    if (typeof made === 'string') throw new SocketError('socket', made);
    return made;
  }

  /**
   * Waits until one of the entries has one of its events, and fills in all `revents`. How many have; 0 after `timeout`, ms (a fraction
   * counts), -1 = never. A closed socket has POLLNVAL. Rejects with the signal's reason when it is aborted.
   */
  async poll(entries: readonly PollEntry[], timeout = -1, signal?: Signal): Promise<number> {
    const list: Polled[] = entries.map(({ socket, events }) => ({ core: socket.core, events, revents: 0 }));
    const fds = list.map(({ core: { fd }, events }) => ({ fd, events, revents: 0 }));
    const { tracer } = this.#kernel;
    const call = tracer && new Traced(this.#kernel, this.pid, tracer, { name: 'poll', fds, timeout });
    const time = timeout < 0 ? Number.POSITIVE_INFINITY : Math.ceil(timeout * 1000);
    const count = await poll(this.#kernel, list, time, signal);
    this.#kernel.woke();
    for (const [index, { revents }] of list.entries()) {
      (entries[index] as PollEntry).revents = revents;
      (fds[index] as { revents: number }).revents = revents;
    }
    call?.end(count ?? 'EINTR');
    if (count === undefined) throw signal?.reason;
    return count;
  }

  /** Who waits, a line for each socket: for a clock that has to say why nothing will ever happen. */
  waiting(): string[] {
    const lines: string[] = [];
    for (const { core } of this) {
      const calls = core.waiting();
      if (calls.length > 0) lines.push(`pid ${this.pid} fd ${core.fd} waits: ${calls.join(', ')}`);
    }
    return lines;
  }

  /** Closes all of them, as the end of a process does. */
  async close(): Promise<void> {
    await Promise.all([...this].map((socket) => socket.close()));
  }

  /** EMFILE where no descriptor is free. @internal */
  full(): Errno | undefined {
    return this.#size >= this.#limit - FIRST_FD ? 'EMFILE' : undefined;
  }

  /** Gives a protocol's socket a descriptor. @internal */
  open(proto: Proto, flags: number): Socket | Errno {
    const full = this.full();
    if (full !== undefined) return full;
    let slot = this.#lowest;
    while (this.#table[slot] !== undefined) slot++;
    this.#lowest = slot + 1;
    const core = new Core(this.#kernel, proto, this.pid, FIRST_FD + slot);
    core.nonblocking = (flags & SOCK_NONBLOCK) !== 0;
    const socket = new Socket(this, core);
    this.#table[slot] = socket;
    this.#size++;
    return socket;
  }

  /** Frees a descriptor. @internal */
  forget(socket: Socket): void {
    const slot = socket.fd - FIRST_FD;
    this.#table[slot] = undefined;
    this.#lowest = Math.min(this.#lowest, slot);
    this.#size--;
  }

  #create(family: number, type: number, flags: number, protocol: number): Socket | Errno {
    if (family < 0 || family >= AF_MAX) return 'EAFNOSUPPORT';
    if (type < 0 || type >= SOCK_MAX || !Number.isInteger(type)) return 'EINVAL';
    if (family !== AF_INET && family !== AF_INET6 && family !== AF_PACKET) return 'EAFNOSUPPORT';
    const full = this.full();
    if (full !== undefined) return full;
    const proto = this.#kernel.create(family, type, protocol);
    return typeof proto === 'string' ? proto : this.open(proto, flags);
  }
}
