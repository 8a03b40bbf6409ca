/**
 * `close`, and the wait of SO_LINGER.
 * @module
 */
import { SHUT_WR, SOCK_STREAM } from './constants/families.ts';
import { SIOCINQ } from './constants/messages.ts';
import type { Core, Poller } from './core.ts';
import type { Kernel, Proto, Timer } from './ports.ts';

/** Ends the waits of all calls, and then the socket. Waits itself where SO_LINGER says so. The descriptor is free already. */
export function close(core: Core): Promise<void> | undefined {
  core.isClosed = true;
  core.readers?.close();
  core.writers?.close();
  if (core.pollers !== undefined) for (const poller of core.pollers) poller.wake();
  if (core.proto.sk.linger > 0 && lingers(core.proto)) return linger(core);
  release(core);
  return undefined;
}

function lingers(proto: Proto): boolean {
  return proto.type === SOCK_STREAM && (proto.lingers?.() ?? true);
}

function release(core: Core): void {
  core.proto.listener = undefined;
  core.run((now, proto) => proto.close(now));
}

/** Sends the end and waits until the peer has it; with bytes that nobody read, the connection is reset instead. */
async function linger(core: Core): Promise<void> {
  const { kernel, proto } = core;
  const unread = proto.ioctl(kernel.now(), SIOCINQ);
  if (unread === 0) core.run((now) => proto.shutdown(now, SHUT_WR));
  if (isClosing(proto)) {
    const sleeper = new Linger(kernel, proto);
    core.pollers = new Set([sleeper]);
    await sleeper.done;
    core.pollers = undefined;
  }
  release(core);
}

/** Waits for the protocol, or for the time of SO_LINGER. */
class Linger implements Poller {
  readonly done: Promise<void>;
  readonly #kernel: Kernel;
  readonly #proto: Proto;
  readonly #timer: Timer;
  #resolve: (() => void) | undefined;

  constructor(kernel: Kernel, proto: Proto) {
    this.#kernel = kernel;
    this.#proto = proto;
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#timer = kernel.timer(timeOut, this);
    this.#timer.mod(kernel.now() + proto.sk.linger * 1_000_000);
    kernel.waiting(1);
  }

  wake(): void {
    if (!isClosing(this.#proto)) this.end();
  }

  end(): void {
    if (this.#resolve === undefined) return;
    this.#resolve();
    this.#resolve = undefined;
    this.#timer.del();
    this.#kernel.waiting(-1);
    this.#kernel.woke();
  }
}

function timeOut(_now: number, linger: Linger): void {
  linger.end();
}

function isClosing(proto: Proto): boolean {
  return proto.closing?.() ?? false;
}
