/**
 * `send`, `sendto`, `sendmsg`: one loop for all.
 * @module
 */
import type { WireAddress } from './address.ts';
import { ConnectAttempt } from './connect.ts';
import { SOCK_STREAM } from './constants/families.ts';
import { MSG_DONTWAIT, MSG_FASTOPEN, MSG_MORE, MSG_ZEROCOPY, POLLOUT } from './constants/messages.ts';
import type { ControlMessage } from './control.ts';
import type { CallOptions, Core } from './core.ts';
import type { Errno, SendMessage } from './ports.ts';
import { type Interrupt, isInterrupt, serve, WAIT } from './wait.ts';

/**
 * Sends all of `buffers`: a stream's one after the other, as one datagram otherwise. How many bytes, or an errno; EINTR stands for a
 * signal that was aborted. A call that sent some bytes and then met an error says how many; the next call gets the error.
 */
export function send(
  core: Core,
  buffers: readonly Uint8Array[],
  address: WireAddress | undefined,
  control: readonly ControlMessage[],
  { flags = 0, signal }: CallOptions,
): number | Errno | Promise<number | Errno> {
  const patience = core.patience((flags & MSG_DONTWAIT) !== 0, core.sndtimeo, signal);
  const message: SendMessage = {
    address,
    flags: flags & ~MSG_DONTWAIT,
    control,
    queued: 0,
    more: false,
    waits: patience.timeout > 0,
  };
  const loop = new SendLoop(core, core.proto.type === SOCK_STREAM ? buffers : [gather(buffers)], message);
  const result = serve(core, 'writers', patience, () => loop.attempt());
  const judge = (end: number | Errno | Interrupt): number | Errno => {
    message.more = isInterrupt(end);
    if (message.queued > 0 && ((flags & MSG_ZEROCOPY) !== 0 || message.more)) {
      core.run((now, proto) => proto.sendEnded?.(now, message));
    }
    if (!isInterrupt(end)) return end;
    return message.queued > 0 ? message.queued : core.errnoOf(end, loop.pending);
  };
  // Most calls do not wait: they are spared a promise.
  return result instanceof Promise ? result.then(judge) : judge(result);
}

/** One send, over its attempts. */
class SendLoop {
  readonly #core: Core;
  readonly #buffers: readonly Uint8Array[];
  readonly #message: SendMessage;
  readonly #flags: number;
  /** The connect that is part of it; `undefined` without, and when it is done. */
  #opening: ConnectAttempt | undefined;
  /** The buffer at hand, and how much of it is queued. */
  #index = 0;
  #offset = 0;

  constructor(core: Core, buffers: readonly Uint8Array[], message: SendMessage) {
    this.#core = core;
    this.#buffers = buffers;
    this.#message = message;
    this.#flags = message.flags;
    this.#opening = opensConnection(core, message.flags)
      ? new ConnectAttempt(core, () => this.#open())
      : undefined;
  }

  /** What a call that does not wait answers now. */
  get pending(): Errno {
    return this.#opening?.pending ?? 'EAGAIN';
  }

  /** Connects first, where that is part of it; queues until all is queued or nothing more fits. */
  attempt(): number | Errno | typeof WAIT {
    const { sk } = this.#core.proto;
    const message = this.#message;
    if (this.#opening !== undefined) {
      const result = this.#opening.make();
      if (result !== '') return result;
      this.#opening = undefined;
      if (this.#index >= this.#buffers.length) return message.queued;
    }
    do {
      if (message.queued > 0 && sk.err !== '') return message.queued; // asking would take the error
      const count = this.#give();
      if (count === 'EAGAIN') return this.#isFull() ? WAIT : count;
      if (typeof count === 'string') return message.queued > 0 ? message.queued : count;
      const { length } = this.#buffer;
      this.#took(count);
      // What did not fit might now, for what did was sent on; but who does not wait is told at once, as in Linux.
      if (!message.waits && this.#offset > 0 && this.#offset < length) return message.queued;
    } while (this.#index < this.#buffers.length);
    return message.queued;
  }

  /** Whether it is room that lacks: a datagram socket may also have found no free port, which no waiting gives it. */
  #isFull(): boolean {
    const { proto } = this.#core;
    return proto.type === SOCK_STREAM || (proto.poll() & POLLOUT) === 0;
  }

  /** Goes on behind `count` bytes. */
  #took(count: number): void {
    this.#message.queued += count;
    this.#offset += count;
    while (this.#index < this.#buffers.length && this.#offset >= this.#buffer.length) {
      this.#offset -= this.#buffer.length;
      this.#index++;
    }
  }

  /** Connects with as many bytes as its first packet takes. */
  #open(): Errno | undefined {
    const message = this.#message;
    const count = this.#core.run((now, proto) => proto.fastopen?.(now, gather(this.#buffers), message));
    if (typeof count !== 'number') return count;
    this.#took(count);
    return 'EINPROGRESS';
  }

  get #buffer(): Uint8Array {
    return this.#buffers[this.#index] ?? NOTHING;
  }

  #give(): number | Errno {
    const { kernel, proto } = this.#core;
    const bytes = this.#buffer;
    const more = this.#index < this.#buffers.length - 1;
    this.#message.more = more;
    this.#message.flags = more ? this.#flags | MSG_MORE : this.#flags;
    kernel.enter();
    try {
      return proto.sendmsg(kernel.now(), bytes, this.#offset, bytes.length - this.#offset, this.#message);
    } finally {
      kernel.exit();
    }
  }
}

/** Whether a send is also a connect: it says so, or the connect that was made waits for it. */
function opensConnection({ connection, proto }: Core, flags: number): boolean {
  if (proto.fastopen === undefined) return false;
  return (flags & MSG_FASTOPEN) !== 0 || (connection === 'connecting' && proto.phase() === 'deferred');
}

const NOTHING: Uint8Array = /* @__PURE__ */ new Uint8Array(0);

/** The bytes of several buffers in one: a datagram is one. */
export function gather(buffers: readonly Uint8Array[]): Uint8Array {
  if (buffers.length === 1) return buffers[0] as Uint8Array;
  const whole = new Uint8Array(buffers.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const bytes of buffers) {
    whole.set(bytes, at);
    at += bytes.length;
  }
  return whole;
}
