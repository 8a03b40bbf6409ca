/**
 * What is behind a `Socket`: the protocol, who waits, and what the socket layer itself remembers.
 * @module
 */
import type { WireAddress } from './address.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDHUP } from './constants/messages.ts';
import { SocketError } from './error.ts';
import type { Signal } from './platform.ts';
import type { Errno, Kernel, Proto, SocketListener } from './ports.ts';
import { ABORTED, CLOSED, type Interrupt, Lane, type Patience, type Side } from './wait.ts';

/** Events that a receive or an accept waits for. */
const READ_EVENTS = POLLIN | POLLPRI | POLLERR | POLLHUP | POLLRDHUP;
/** Events that a send or a connect waits for. */
const WRITE_EVENTS = POLLOUT | POLLERR | POLLHUP;

/** How a call may be made otherwise than usual. */
export interface CallOptions {
  /** `MSG_*`, or for `accept` `SOCK_NONBLOCK`. */
  flags?: number;
  /** Calls it off: the call rejects with the signal's reason, unless it has moved bytes already. */
  signal?: Signal | undefined;
}

/** Somebody who polls several sockets. */
export interface Poller {
  wake(): void;
}

/** The state of a socket. */
export class Core implements SocketListener {
  readonly kernel: Kernel;
  readonly proto: Proto;
  readonly pid: number;
  /** The descriptor; it stays when it is closed. */
  readonly fd: number;
  /** `O_NONBLOCK`. */
  nonblocking = false;
  isClosed = false;
  /** Linux's `SS_UNCONNECTED`, `SS_CONNECTING`, `SS_CONNECTED`: what the last `connect` was told. */
  connection: 'unconnected' | 'connecting' | 'connected' = 'unconnected';
  /** `SO_RCVTIMEO`, µs. */
  rcvtimeo: number = Number.POSITIVE_INFINITY;
  /** `SO_SNDTIMEO`, µs. */
  sndtimeo: number = Number.POSITIVE_INFINITY;
  readers: Lane | undefined = undefined;
  writers: Lane | undefined = undefined;
  /** Those in {@link poll}, and a lingering close. */
  pollers: Set<Poller> | undefined = undefined;
  /** Those of `Socket.watch`. */
  watchers: Set<(events: number) => void> | undefined = undefined;
  #readEvent = false;
  #writeEvent = false;

  constructor(kernel: Kernel, proto: Proto, pid: number, fd: number) {
    this.kernel = kernel;
    this.proto = proto;
    this.pid = pid;
    this.fd = fd;
    proto.listener = this;
  }

  /** A part of a call that runs in the kernel. */
  run<T>(body: (now: number, proto: Proto) => T): T {
    const { kernel } = this;
    kernel.enter();
    try {
      return body(kernel.now(), this.proto);
    } finally {
      kernel.exit();
    }
  }

  /** See {@link SocketListener.wake}. */
  wake(events: number): void {
    if ((events & READ_EVENTS) !== 0) {
      this.#readEvent = true;
      this.readers?.first?.wake();
    }
    if ((events & WRITE_EVENTS) !== 0) {
      this.#writeEvent = true;
      this.writers?.first?.wake();
    }
    if (this.pollers !== undefined) for (const poller of this.pollers) poller.wake();
    if (this.watchers !== undefined) for (const watcher of this.watchers) watcher(events);
  }

  /** Forgets that there was an event. */
  clear(side: Side): void {
    if (side === 'readers') this.#readEvent = false;
    else this.#writeEvent = false;
  }

  /** Whether there was an event since {@link clear}. */
  hadEvent(side: Side): boolean {
    return side === 'readers' ? this.#readEvent : this.#writeEvent;
  }

  lane(side: Side): Lane {
    this[side] ??= new Lane();
    return this[side];
  }

  /** What calls wait for, in words. */
  waiting(): string[] {
    const phase = this.proto.phase();
    const list: string[] = [];
    for (const [lane, call] of [
      [this.readers, phase === 'listening' ? 'accept' : 'recv'],
      [this.writers, phase === 'connecting' ? 'connect' : 'send'],
    ] as const) {
      for (let waiter = lane?.first; waiter !== undefined; waiter = waiter.next) list.push(call);
    }
    for (let i = 0; i < (this.pollers?.size ?? 0); i++) list.push('poll');
    return list;
  }

  /** How a call waits: not at all, or as long as the socket's option says. */
  patience(isNonblocking: boolean, timeout: number, signal: Signal | undefined): Patience {
    return { timeout: isNonblocking || this.nonblocking ? 0 : timeout, signal };
  }

  /** The errno of a call that got nothing. */
  errnoOf(why: Interrupt, timedOut: Errno): Errno {
    if (why === CLOSED) return 'EBADF';
    return why === ABORTED ? 'EINTR' : timedOut;
  }

  /** What a call throws. */
  error(syscall: string, errno: Errno, about?: WireAddress): SocketError {
    return new SocketError(syscall, errno, about);
  }
}
