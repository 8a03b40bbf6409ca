/**
 * `connect` and `accept`.
 * @module
 */
import type { WireAddress } from './address.ts';
import { SOCK_STREAM } from './constants/families.ts';
import type { CallOptions, Core } from './core.ts';
import type { Errno, Proto } from './ports.ts';
import { isInterrupt, serve, WAIT } from './wait.ts';

/** Connects, and waits until that is done; `undefined` when it is. EINTR stands for a signal that was aborted. */
export async function connect(
  core: Core,
  address: WireAddress,
  { signal }: CallOptions,
): Promise<Errno | undefined> {
  if (core.isClosed) return 'EBADF';
  if (core.proto.type !== SOCK_STREAM || address.family === 'unspec') {
    const errno = start(core, address);
    if (errno === undefined) core.connection = 'unconnected';
    return errno;
  }
  const attempt = new ConnectAttempt(core, () =>
    core.connection === 'unconnected' ? start(core, address) : 'EISCONN',
  );
  const result = await serve(core, 'writers', core.patience(false, core.sndtimeo, signal), () =>
    attempt.make(),
  );
  if (!isInterrupt(result)) return result === '' ? undefined : result;
  return core.errnoOf(result, attempt.pending);
}

/** A stream's connect, by itself or with the first bytes of a send: Linux's `inet_stream_connect`. */
export class ConnectAttempt {
  /** What a call that does not wait answers while the handshake goes on. */
  pending: Errno = 'EALREADY';
  readonly #core: Core;
  readonly #open: () => Errno | undefined;
  #hasStarted = false;

  /** `open` begins the handshake: EINPROGRESS, or EISCONN where it was begun before. */
  constructor(core: Core, open: () => Errno | undefined) {
    this.#core = core;
    this.#open = open;
  }

  /** An errno; `''` for none. */
  make(): Errno | typeof WAIT {
    if (!this.#hasStarted) {
      const errno = this.#start();
      if (errno !== undefined) return errno;
      this.#hasStarted = true;
    }
    const core = this.#core;
    const { proto } = core;
    const phase = proto.phase();
    if (phase === 'connecting') return WAIT;
    if (phase === 'deferred') return this.pending === 'EINPROGRESS' ? '' : 'EISCONN';
    if (phase === 'connected') {
      core.connection = 'connected';
      return '';
    }
    core.connection = 'unconnected'; // and may be connected again
    const errno = proto.sk.takeError() || 'ECONNABORTED';
    start(core, { family: 'unspec' }); // Linux: whoever was told of the failure has a socket that never was connected
    return errno;
  }

  #start(): Errno | undefined {
    const core = this.#core;
    const errno = this.#open();
    if (errno === 'EISCONN' && core.connection === 'connecting') return undefined;
    if (errno !== undefined && errno !== 'EINPROGRESS') return errno;
    core.connection = 'connecting';
    this.pending = 'EINPROGRESS';
    return undefined;
  }
}

function start(core: Core, address: WireAddress): Errno | undefined {
  return core.run((now, proto) => proto.connect(now, address));
}

/** Waits for a connection. EINTR stands for a signal that was aborted. */
export async function accept(core: Core, { signal }: CallOptions): Promise<Proto | Errno> {
  const result = await serve(core, 'readers', core.patience(false, core.rcvtimeo, signal), () => {
    const child = core.run((now, proto) => proto.accept(now));
    return child === 'EAGAIN' ? WAIT : child;
  });
  return isInterrupt(result) ? core.errnoOf(result, 'EAGAIN') : result;
}
