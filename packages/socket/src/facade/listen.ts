/**
 * A listener as an async iterable of connections.
 * @module
 */
import type { AddressInput, SocketAddress } from '../address.ts';
import { AF_INET, AF_INET6, SOCK_STREAM } from '../constants/families.ts';
import { SO_REUSEADDR, SOL_SOCKET } from '../constants/so.ts';
import { isSocketError } from '../error.ts';
import type { Signal } from '../platform.ts';
import type { Socket } from '../socket.ts';
import type { Sockets } from '../sockets.ts';

/** How {@link listen} listens. */
export interface ListenOptions {
  /** Room for connections that nobody accepted yet. Default 128. */
  backlog?: number;
  /** Is called with the socket before it is bound: a place for `setsockopt`. */
  prepare?: (socket: Socket) => void;
}

/** A listening socket: `for await (const connection of listener)`. */
export class Listener implements AsyncIterable<Socket> {
  /** The socket that listens. */
  readonly socket: Socket;

  /** @internal */
  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Where it listens. */
  get address(): SocketAddress {
    return this.socket.getsockname();
  }

  /** Waits for one connection. */
  accept(options: { signal?: Signal } = {}): Promise<Socket> {
    return this.socket.accept(options);
  }

  /** Closes the listener; whoever iterates over it comes to the end. Connections stay. */
  close(): Promise<void> {
    return this.socket.close();
  }

  [Symbol.asyncIterator](): AsyncGenerator<Socket, void, undefined> {
    return connections(this.socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.socket.closed) await this.socket.close();
  }
}

/** Binds a TCP socket, with SO_REUSEADDR as servers have it, and listens. @throws SocketError as `bind` and `listen`. */
export function listen(sockets: Sockets, address: AddressInput, options: ListenOptions = {}): Listener {
  const socket = sockets.socket(address.family === 'IPv6' ? AF_INET6 : AF_INET, SOCK_STREAM);
  try {
    socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, true);
    options.prepare?.(socket);
    socket.bind(address);
    socket.listen(options.backlog);
  } catch (error) {
    socket.close().catch(() => undefined);
    throw error;
  }
  return new Listener(socket);
}

/**
 * The connections of a listening socket, until it is closed. One that broke before it was accepted is passed over. Leaving the loop
 * leaves the socket open.
 */
export async function* connections(socket: Socket): AsyncGenerator<Socket, void, undefined> {
  while (!socket.closed) {
    try {
      yield await socket.accept();
    } catch (error) {
      if (socket.closed && isSocketError(error, 'EBADF')) return;
      if (!isSocketError(error, 'ECONNABORTED')) throw error;
    }
  }
}
