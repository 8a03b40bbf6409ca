/**
 * A stream device that connects: QEMU's `server=off`.
 * @module
 */
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { Connection } from './connection.ts';
import { checkEndpoint, type Endpoint, formatEndpoint, socketError } from './endpoint.ts';
import { within } from './options.ts';
import { type Dialer, StreamDevice, type StreamOptions } from './stream-device.ts';

/** How to make a device that connects. */
export type ConnectStreamOptions = StreamOptions &
  Endpoint & {
    /** Time from the end of a connection, or an attempt, to the next attempt, ms, 1..0x7fff_ffff (QEMU's `reconnect-ms`). Default: no other attempt. */
    reconnect?: number;
  };

/** Bytes read at once. */
const READ_SIZE = 65_536;
/** A TCP peer that vanished is noticed after about this time of silence, ms. */
export const KEEPALIVE = 30_000;

/**
 * Connects to a peer that speaks QEMU's framing: `qemu -netdev stream,server=on`, passt, gvproxy, another {@link listenStream}. Rejects with a
 * {@link TapError} (`ECONNREFUSED`, `ENOENT`, `EACCES`, …) where that fails; with `reconnect` it is then a device without carrier that goes on trying.
 * The device holds on to the process until it is closed. @throws RangeError, TypeError for options that make no sense.
 */
export async function connectStream(options: ConnectStreamOptions): Promise<StreamDevice> {
  const client = new Client(options);
  await client.start();
  return client.device;
}

class Client implements Dialer {
  readonly device: StreamDevice;
  readonly #endpoint: Endpoint;
  readonly #reconnect: number | undefined;
  readonly #buffer: Uint8Array = new Uint8Array(READ_SIZE);
  #attempt: Socket | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #closed = false;

  constructor(options: ConnectStreamOptions) {
    const { reconnect } = options;
    this.#endpoint = checkEndpoint(options);
    this.#reconnect = reconnect === undefined ? undefined : within('reconnect', reconnect, 1, 0x7fff_ffff);
    this.device = new StreamDevice(options);
    this.device.dialedBy(this);
  }

  async start(): Promise<void> {
    await this.#dial();
    const { error } = this.device;
    if (error === undefined || this.#reconnect !== undefined) return;
    this.device.close();
    throw error;
  }

  lost(): void {
    if (this.#closed || this.#reconnect === undefined) return;
    this.#timer = setTimeout(() => void this.#dial(), this.#reconnect);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#attempt?.destroy();
  }

  /** One attempt; it is over when the promise settles, which it always does well. */
  #dial(): Promise<void> {
    const peer = formatEndpoint(this.#endpoint);
    let connection: Connection | undefined;
    const onread = {
      buffer: this.#buffer,
      callback: (length: number, bytes: Uint8Array): boolean => {
        connection?.received(bytes, length);
        return true;
      },
    };
    const keepAlive = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEPALIVE };
    const socket = connect({ ...this.#endpoint, ...keepAlive, onread } as TcpNetConnectOpts);
    this.#attempt = socket;
    return new Promise((resolve) => {
      const failed = (error: NodeJS.ErrnoException): void => {
        this.#attempt = undefined;
        this.device.failed(socketError(this.device.name, `cannot connect to ${peer}`, error));
        this.lost();
        resolve();
      };
      socket.once('error', failed);
      socket.once('close', resolve); // of an attempt that close() gave up
      socket.once('connect', () => {
        this.#attempt = undefined;
        socket.off('error', failed);
        connection = this.device.connected(socket, peer);
        resolve();
      });
    });
  }
}
