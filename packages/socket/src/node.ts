/**
 * A socket as Node's own modules take one: a `stream.Duplex`, with as much of `net.Socket` as `node:http` and its like ask for.
 * @module
 */
import { Duplex } from 'node:stream';
import type { SocketAddress } from './address.ts';
import { SHUT_WR } from './constants/families.ts';
import { MSG_MORE } from './constants/messages.ts';
import { SO_KEEPALIVE, SO_LINGER, SOL_SOCKET, SOL_TCP } from './constants/so.ts';
import { TCP_KEEPIDLE, TCP_NODELAY } from './constants/tcp.ts';
import { isSocketError } from './error.ts';
import type { Timer } from './ports.ts';
import type { Socket } from './socket.ts';

/** Bytes one read takes at most. */
const CHUNK = 65_536;

type Callback = (error?: Error | null) => void;

/** How a {@link SocketDuplex} behaves. */
export interface SocketDuplexOptions {
  /** Whether this end may go on sending when the peer has ended. Default false: its end is answered by ours. */
  allowHalfOpen?: boolean;
}

/**
 * A connected socket, which is its own from now on. Its end is the socket's shutdown(SHUT_WR); destroyed, or ended both ways, the
 * socket is closed: what was sent still reaches the peer, and bytes that nobody read make the close a reset, as ever. It fails with the
 * `SocketError` of the call that failed, and ends without one where somebody else closed the socket.
 */
export class SocketDuplex extends Duplex {
  readonly socket: Socket;
  readonly #idle: Timer;
  #timeout = 0;

  constructor(socket: Socket, { allowHalfOpen = false }: SocketDuplexOptions = {}) {
    super({ allowHalfOpen });
    this.socket = socket;
    this.#idle = socket.core.kernel.timer(expire, this);
  }

  /** ms without a byte either way after which 'timeout' is emitted; 0 = never. */
  get timeout(): number {
    return this.#timeout;
  }

  /** Sets {@link timeout}, on the clock of the socket's host. `callback` hears of the next one; with 0, of none any more. */
  setTimeout(timeout: number, callback?: () => void): this {
    this.#timeout = timeout;
    if (timeout === 0) this.#idle.del();
    else this.#touch();
    if (callback !== undefined) this[timeout === 0 ? 'off' : 'once']('timeout', callback);
    return this;
  }

  setNoDelay(on = true): this {
    this.socket.setsockopt(SOL_TCP, TCP_NODELAY, on);
    return this;
  }

  /** Keepalive, first after `delay` ms, in whole seconds; 0 = as it is. */
  setKeepAlive(on = false, delay = 0): this {
    this.socket.setsockopt(SOL_SOCKET, SO_KEEPALIVE, on);
    if (on && delay >= 1000) this.socket.setsockopt(SOL_TCP, TCP_KEEPIDLE, Math.floor(delay / 1000));
    return this;
  }

  /** Does nothing: what keeps a process alive is the host's clock. */
  ref(): this {
    return this;
  }

  /** Does nothing, like {@link ref}. */
  unref(): this {
    return this;
  }

  /** Destroys, and resets the connection. */
  resetAndDestroy(): this {
    const { socket } = this;
    if (!socket.closed) socket.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: true, linger: 0 });
    return this.destroy();
  }

  /** The peer's address, and so on; `undefined` where it is not connected. */
  get remoteAddress(): string | undefined {
    return this.#name('getpeername')?.address;
  }

  get remotePort(): number | undefined {
    return portOf(this.#name('getpeername'));
  }

  get localAddress(): string | undefined {
    return this.#name('getsockname')?.address;
  }

  get localPort(): number | undefined {
    return portOf(this.#name('getsockname'));
  }

  override _read(): void {
    this.socket.recv(CHUNK).then(
      (chunk) => {
        this.#touch();
        this.push(chunk.length === 0 ? null : chunk);
      },
      (error: Error) => this.#fail(error, () => this.destroy(error)),
    );
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, callback: Callback): void {
    this.#send([chunk], callback);
  }

  override _writev(chunks: readonly { chunk: Uint8Array }[], callback: Callback): void {
    this.#send(
      chunks.map(({ chunk }) => chunk),
      callback,
    );
  }

  override _final(callback: Callback): void {
    const { socket } = this;
    try {
      if (!socket.closed) socket.shutdown(SHUT_WR);
    } catch (error) {
      if (!isSocketError(error, 'ENOTCONN')) throw error; // it was reset: there is nobody to tell
    }
    callback();
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#idle.del();
    const closing = this.socket.closed ? Promise.resolve() : this.socket.close();
    closing.then(() => callback(error), callback);
  }

  #send(buffers: readonly Uint8Array[], callback: Callback): void {
    this.#sendAll(buffers).then(
      () => callback(),
      (error: Error) => this.#fail(error, () => callback(error)),
    );
  }

  /** Several buffers as if they were one: segments are filled over their borders. */
  async #sendAll(buffers: readonly Uint8Array[]): Promise<void> {
    for (const [index, bytes] of buffers.entries()) {
      await this.socket.sendall(bytes, index < buffers.length - 1 ? MSG_MORE : 0);
      this.#touch();
    }
  }

  /** A call failed: `tell`, unless it did so because the socket was closed. */
  #fail(error: Error, tell: () => void): void {
    if (isSocketError(error, 'EBADF') && this.socket.closed) this.destroy();
    tell();
  }

  #touch(): void {
    if (this.#timeout === 0 || this.destroyed) return;
    this.#idle.mod(this.socket.core.kernel.now() + Math.ceil(this.#timeout * 1000));
  }

  #name(ask: 'getpeername' | 'getsockname'): SocketAddress | undefined {
    try {
      return this.socket[ask]();
    } catch {
      return undefined;
    }
  }
}

/** Runs within the kernel: listeners make calls of their own, and have to wait until it is left. */
function expire(_now: number, duplex: SocketDuplex): void {
  queueMicrotask(() => duplex.emit('timeout'));
  duplex.socket.core.kernel.woke();
}

function portOf(name: SocketAddress | undefined): number | undefined {
  return name !== undefined && 'port' in name ? name.port : undefined;
}
