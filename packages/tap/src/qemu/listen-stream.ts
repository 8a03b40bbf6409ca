/**
 * A stream device that waits for its peer: QEMU's `server=on`.
 * @module
 */
import { lstat, unlink } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { TapError } from '../tap-error.ts';
import { KEEPALIVE } from './connect-stream.ts';
import { checkEndpoint, type Endpoint, formatEndpoint, socketError } from './endpoint.ts';
import { type Dialer, StreamDevice, type StreamOptions } from './stream-device.ts';

/** How to make a device that listens. */
export type ListenStreamOptions = StreamOptions & Endpoint;

/**
 * Listens for a peer that speaks QEMU's framing: `qemu -netdev stream,server=off`, libkrun, another {@link connectStream}. The device is there
 * as soon as it listens; it gets its carrier when somebody connects, takes one connection at a time, and the next when that has ended. Others are
 * turned away. The path of a unix socket is removed on close, and so is one that a process left behind which is gone. Rejects with a {@link TapError}
 * (`EADDRINUSE`, `EACCES`, …). @throws RangeError, TypeError for options that make no sense.
 */
export async function listenStream(options: ListenStreamOptions): Promise<StreamDevice> {
  const listener = new Listener(options);
  await listener.start();
  return listener.device;
}

class Listener implements Dialer {
  readonly device: StreamDevice;
  readonly #endpoint: Endpoint;
  readonly #server: Server;

  constructor(options: ListenStreamOptions) {
    this.#endpoint = checkEndpoint(options);
    this.device = new StreamDevice(options);
    this.device.dialedBy(this);
    const keepAlive = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEPALIVE };
    this.#server = createServer(keepAlive, (socket) => this.#accepted(socket));
    this.#server.maxConnections = 1;
  }

  async start(): Promise<void> {
    let error = await this.#listen();
    if (error?.code === 'EADDRINUSE' && 'path' in this.#endpoint) {
      if (await isAbandoned(this.#endpoint.path)) {
        await unlink(this.#endpoint.path).catch(() => {}); // somebody was quicker: listening tells
        error = await this.#listen();
      }
    }
    if (error !== undefined) {
      this.device.close();
      throw error;
    }
    this.#server.on('error', (error) => this.device.failed(this.#error('cannot accept at', error)));
    this.device.local = this.#local();
  }

  lost(): void {}

  close(): void {
    this.#server.close();
  }

  #listen(): Promise<TapError | undefined> {
    const server = this.#server;
    return new Promise((resolve) => {
      const failed = (error: NodeJS.ErrnoException): void => {
        server.off('listening', listening);
        resolve(this.#error('cannot listen at', error));
      };
      const listening = (): void => {
        server.off('error', failed);
        resolve(undefined);
      };
      server.once('error', failed);
      server.once('listening', listening);
      server.listen(this.#endpoint);
    });
  }

  #accepted(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    const peer =
      remoteAddress === undefined ? this.#endpoint : { host: remoteAddress, port: remotePort ?? 0 };
    const connection = this.device.connected(socket, formatEndpoint(peer));
    socket.on('data', (bytes) => connection.received(bytes, bytes.length));
  }

  #local(): Endpoint {
    if ('path' in this.#endpoint) return this.#endpoint;
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  #error(what: string, error: NodeJS.ErrnoException): TapError {
    return socketError(this.device.name, `${what} ${formatEndpoint(this.#endpoint)}`, error);
  }
}

/** Whether there is a unix socket at which nobody listens. */
async function isAbandoned(path: string): Promise<boolean> {
  const stat = await lstat(path).catch(() => undefined);
  if (!stat?.isSocket()) return false; // connecting to an ordinary file is refused, too
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
  });
}
