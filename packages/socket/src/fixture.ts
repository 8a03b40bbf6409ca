/**
 * What the tests share: a kernel of hand-moved time, and what to do with it.
 * @module
 */
import { FakeDatagram, FakeStream } from './fakes/fixture.ts';
import { AF_INET, SOCK_DGRAM, SOCK_STREAM } from './index.ts';
import type { Capability, Errno, Kernel, Proto, Timer } from './ports.ts';
import type { Socket } from './socket.ts';
import { Sockets, type SocketsOptions } from './sockets.ts';
import type { SyscallTracer } from './trace.ts';

export { FakeDatagram, FakeStream };

/** Passes what is ready to run: promises settled, and what follows from them. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 100; i++) await undefined;
}

export class FakeKernel implements Kernel {
  time = 0;
  depth = 0;
  wakes = 0;
  waiters = 0;
  capabilities: Capability[] = ['CAP_NET_ADMIN', 'CAP_NET_RAW'];
  tracer: SyscallTracer | undefined = undefined;
  readonly sysctl: { rmem_max: number; wmem_max: number; optmem_max: number } = {
    rmem_max: 212_992,
    wmem_max: 212_992,
    optmem_max: 131_072,
  };
  /** Called when the outermost call is left, once: what softirqs would do. */
  softirq: (() => void) | undefined = undefined;
  /** Last socket's protocol that was made. */
  made: Proto | undefined = undefined;
  readonly #timers: { expires: number; fire: () => void }[] = [];

  now(): number {
    return this.time;
  }

  timer<A>(fire: (now: number, argument: A) => void, argument: A): Timer {
    const entry = { expires: 0, fire: () => fire(this.time, argument) };
    const list = this.#timers;
    return {
      mod(expires: number): void {
        entry.expires = expires;
        if (!list.includes(entry)) list.push(entry);
      },
      del(): boolean {
        const index = list.indexOf(entry);
        if (index >= 0) list.splice(index, 1);
        return index >= 0;
      },
    };
  }

  /** Timers that are armed. */
  get armed(): number {
    return this.#timers.length;
  }

  /** Moves the time on, and lets everything happen that does. */
  async advance(duration: number): Promise<void> {
    const end = this.time + duration;
    await settle();
    for (;;) {
      const due = this.#timers
        .filter(({ expires }) => expires <= end)
        .sort((a, b) => a.expires - b.expires)[0];
      if (due === undefined) break;
      this.time = Math.max(this.time, due.expires);
      this.#timers.splice(this.#timers.indexOf(due), 1);
      due.fire();
      await settle();
    }
    this.time = end;
  }

  enter(): void {
    this.depth++;
  }

  exit(): void {
    this.depth--;
    const { softirq } = this;
    if (this.depth > 0 || softirq === undefined) return;
    this.softirq = undefined;
    softirq();
  }

  woke(): void {
    this.wakes++;
  }

  waiting(change: 1 | -1): void {
    this.waiters += change;
  }

  create(family: number, type: number, _protocol: number): Proto | Errno {
    if (family !== AF_INET) return 'EAFNOSUPPORT';
    if (type === SOCK_STREAM) this.made = new FakeStream();
    else if (type === SOCK_DGRAM) this.made = new FakeDatagram();
    else return 'ESOCKTNOSUPPORT';
    return this.made;
  }

  capable(capability: Capability): boolean {
    return this.capabilities.includes(capability);
  }

  ifindex(name: string): number {
    return ['lo', 'eth0'].indexOf(name) + 1;
  }

  ifname(ifindex: number): string {
    return ['', 'lo', 'eth0'][ifindex] ?? '';
  }
}

/** A process on a fake kernel. */
export function start(options?: SocketsOptions): { kernel: FakeKernel; sockets: Sockets } {
  const kernel = new FakeKernel();
  return { kernel, sockets: new Sockets(kernel, options) };
}

/** A socket that is connected, its protocol, and the protocol of the peer. */
export function connected(options?: SocketsOptions): {
  kernel: FakeKernel;
  sockets: Sockets;
  socket: Socket;
  proto: FakeStream;
  peer: FakeStream;
} {
  const { kernel, sockets } = start(options);
  const socket = sockets.socket(AF_INET, SOCK_STREAM);
  const proto = kernel.made as FakeStream;
  const peer = new FakeStream();
  proto.join(peer, '192.168.1.10', 40_000);
  peer.join(proto, '192.168.1.100', 80);
  socket.core.connection = 'connected';
  return { kernel, sockets, socket, proto, peer };
}

/** Text as bytes. */
export function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Bytes as text. */
export function text(data: Iterable<number>): string {
  return String.fromCharCode(...data);
}

/** Where a promise stands, without waiting for it. */
export function watch<T>(promise: Promise<T>): { value: T | undefined; error: unknown; state: string } {
  const seen = { value: undefined as T | undefined, error: undefined as unknown, state: 'pending' };
  promise.then(
    (value) => {
      seen.value = value;
      seen.state = 'resolved';
    },
    (error: unknown) => {
      seen.error = error;
      seen.state = 'rejected';
    },
  );
  return seen;
}

/** An `AbortSignal` without a platform. */
export class FakeSignal {
  aborted = false;
  reason: unknown = undefined;
  readonly listeners: Set<() => void> = new Set();

  addEventListener(_type: 'abort', listener: () => void): void {
    this.listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.listeners.delete(listener);
  }

  abort(reason: unknown): void {
    this.aborted = true;
    this.reason = reason;
    for (const listener of this.listeners) listener();
  }
}
