/**
 * `recv`, `recvfrom`, `recvmsg`: one loop for all.
 * @module
 */
import { SOCK_STREAM } from './constants/families.ts';
import {
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_OOB,
  MSG_PEEK,
  MSG_WAITALL,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLRDHUP,
  SIOCINQ,
} from './constants/messages.ts';
import { RCV_SHUTDOWN } from './constants/shutdown.ts';
import type { CallOptions, Core } from './core.ts';
import type { Errno, ReceiveMessage } from './ports.ts';
import { type Interrupt, isInterrupt, serve, WAIT } from './wait.ts';

/** Flags that the loop keeps to itself. */
const LOOP_FLAGS = MSG_DONTWAIT | MSG_WAITALL;
/** Flags that ask for what never waits, and passes whoever waits for ordinary bytes. */
const BESIDE = MSG_OOB | MSG_ERRQUEUE;
/** What makes a receive answer at once, however little there is: the end, an error, or a buffer without room for more. */
const READY = POLLIN | POLLERR | POLLHUP | POLLRDHUP;

/** What a receive is told besides bytes, to be filled in. */
export function receiveMessage(flags: number, wantsAddress: boolean, wantsControl: boolean): ReceiveMessage {
  return {
    flags: flags & ~LOOP_FLAGS,
    waits: false,
    wantsAddress,
    wantsControl,
    address: undefined,
    messageFlags: 0,
    control: [],
  };
}

/**
 * Receives into buffers made by `room`, which is asked for them when there is something to receive. How many bytes, or an errno;
 * EINTR stands for a signal that was aborted.
 */
export function receive(
  core: Core,
  room: () => Uint8Array,
  length: number,
  message: ReceiveMessage,
  { flags = 0, signal }: CallOptions,
): number | Errno | Promise<number | Errno> {
  const loop = new ReceiveLoop(core, room, length, message, flags);
  if ((flags & BESIDE) !== 0) {
    if (core.isClosed) return 'EBADF';
    const result = loop.attempt();
    return result === WAIT ? 'EAGAIN' : result;
  }
  const patience = core.patience((flags & MSG_DONTWAIT) !== 0, core.rcvtimeo, signal);
  loop.mayWait = patience.timeout > 0;
  message.waits = loop.mayWait;
  const result = serve(core, 'readers', patience, () => loop.attempt());
  const judge = (end: number | Errno | Interrupt): number | Errno => {
    if (!isInterrupt(end)) return end;
    return loop.received > 0 ? loop.received : core.errnoOf(end, 'EAGAIN');
  };
  // Most calls do not wait: they are spared a promise.
  return result instanceof Promise ? result.then(judge) : judge(result);
}

/** One receive, over its attempts. */
class ReceiveLoop {
  /** Bytes so far. */
  received = 0;
  mayWait = false;
  readonly #core: Core;
  readonly #room: () => Uint8Array;
  readonly #length: number;
  readonly #message: ReceiveMessage;
  readonly #isStream: boolean;
  readonly #isWhole: boolean;
  readonly #isPeek: boolean;

  constructor(core: Core, room: () => Uint8Array, length: number, message: ReceiveMessage, flags: number) {
    this.#core = core;
    this.#room = room;
    this.#length = length;
    this.#message = message;
    this.#isStream = core.proto.type === SOCK_STREAM;
    this.#isWhole = this.#isStream && (flags & MSG_WAITALL) !== 0;
    this.#isPeek = (flags & MSG_PEEK) !== 0;
  }

  /** Linux: a receive that has bytes does not take an error; the next one does. */
  attempt(): number | Errno | typeof WAIT {
    const { sk } = this.#core.proto;
    if (this.received > 0 && sk.err !== '') return this.received;
    const target = this.#target();
    // Fewer bytes than SO_RCVLOWAT are left where they are: who waits for the rest must not have taken the first of them.
    if (this.mayWait && !this.#isWhole && target > 1 && !isReady(this.#core, target)) return WAIT;
    const count = this.#take();
    if (count === 'EAGAIN') return WAIT;
    if (typeof count === 'string') return this.received > 0 ? this.received : count;
    if (!this.#isWhole || !this.mayWait) return count;
    if (this.#isPeek) return this.#judgePeek(count, target);
    this.received += count;
    if (count === 0 || this.received >= target) return this.received;
    return this.attempt(); // the end, or an error, may be there already, and nothing more will tell
  }

  /** Bytes that a stream's receive waits for (Linux `sock_rcvlowat`). */
  #target(): number {
    if (!this.#isStream) return 1;
    const wanted = this.#isWhole ? this.#length : Math.min(this.#core.proto.sk.rcvlowat, this.#length);
    return Math.max(wanted, 1);
  }

  #take(): number | Errno {
    const { kernel, proto } = this.#core;
    const into = this.#room();
    const at = this.#isPeek ? 0 : this.received;
    kernel.enter();
    try {
      return proto.recvmsg(kernel.now(), into, at, Math.min(this.#length, into.length) - at, this.#message);
    } finally {
      kernel.exit();
    }
  }

  /** Looking does not add up: it is done again from the front. */
  #judgePeek(count: number, target: number): number | typeof WAIT {
    const { sk } = this.#core.proto;
    if (count === 0 || count >= target || (sk.shutdown & RCV_SHUTDOWN) !== 0 || sk.err !== '') return count;
    this.received = count;
    return WAIT;
  }
}

/**
 * A buffer no larger than what there is to receive now: a receive of "up to 65,536" does not cost as much each time. One byte at
 * least, for a receive of none says nothing about the end of a stream. Who looks gets what was asked for: it may be another queue.
 */
export function rightSized(core: Core, length: number, flags: number): () => Uint8Array {
  const isFixed = (flags & (MSG_WAITALL | MSG_PEEK | BESIDE)) !== 0;
  let buffer: Uint8Array | undefined;
  return () => {
    const wanted = isFixed ? length : Math.min(length, roomFor(core, length));
    if (buffer?.length !== wanted) buffer = new Uint8Array(wanted);
    return buffer;
  };
}

/** SIOCINQ tells nothing of a stream that is not established yet, where fast open may have brought something. */
function roomFor(core: Core, length: number): number {
  const available = availableOf(core) ?? length;
  if (available > 0) return available;
  return (core.proto.poll() & READY) !== 0 ? length : 1;
}

function isReady(core: Core, target: number): boolean {
  return (availableOf(core) ?? target) >= target || (core.proto.poll() & READY) !== 0;
}

function availableOf(core: Core): number | undefined {
  const available = core.proto.ioctl(core.kernel.now(), SIOCINQ);
  return typeof available === 'number' ? available : undefined;
}
