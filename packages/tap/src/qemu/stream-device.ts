/**
 * `-netdev stream`: frames with their lengths over a TCP or a unix socket.
 * @module
 */
import type { Socket } from 'node:net';
import type { SkBuff } from '@stack/skbuff';
import { BUSY, OK } from '@stack/skbuff/netdev';
import type { TapError } from '../tap-error.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import type { Endpoint } from './endpoint.ts';
import { FrameDevice } from './frame-device.ts';
import { checkOptions, type SocketDeviceOptions, within } from './options.ts';

/** What a device over a stream may be told. */
export interface StreamOptions extends SocketDeviceOptions {
  /** Longest frame the peer may announce, bytes: past it the stream is taken for garbage and ended. 60..0x7fff_ffff, default 65,550. */
  maxFrame?: number;
}

/** Who makes connections for a device. */
export interface Dialer {
  /** The device's connection is over. */
  lost(): void;
  /** The device is closed. */
  close(): void;
}

/** Frames that may wait for a poll before no more is read. */
const RING = 256;
/** 65,536 bytes behind an Ethernet header. */
const MAX_FRAME = 65_550;

/**
 * A device with one connection at a time; made by {@link connectStream} and {@link listenStream}. It has a carrier while there is a connection.
 * What is sent without one is dropped and counted (`txCarrierErrors`). When the peer sends more than is polled, it is not read; when it does not
 * read, `xmit` says BUSY.
 */
export class StreamDevice extends FrameDevice implements ConnectionOwner {
  /** Where it listens; `undefined` for a client. */
  local: Endpoint | undefined = undefined;
  /** Connections it has had. */
  connections = 0;
  readonly #maxFrame: number;
  #connection: Connection | undefined = undefined;
  #dialer: Dialer | undefined = undefined;

  /** Use {@link connectStream} or {@link listenStream}. @internal */
  constructor(options: StreamOptions) {
    super(checkOptions(options));
    this.#maxFrame = within('maxFrame', options.maxFrame ?? MAX_FRAME, 60, 0x7fff_ffff);
  }

  get carrierUp(): boolean {
    return this.#connection !== undefined;
  }

  get txQueued(): number {
    return this.#connection?.queued ?? 0;
  }

  /** Ends the connection and makes no other. What waits to be polled is freed; what the socket takes at once is sent. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    const connection = this.#connection;
    this.#connection = undefined;
    this.stats.txDropped += connection?.close() ?? 0;
    this.#dialer?.close();
    this.backlog.purge();
  }

  /** Who makes its connections. @internal */
  dialedBy(dialer: Dialer): void {
    this.#dialer = dialer;
  }

  /** Takes a connected socket over: its bytes go to the {@link Connection} that is returned. @internal */
  connected(socket: Socket, peer: string): Connection {
    const connection = new Connection(socket, this, peer, this.#maxFrame);
    this.#connection = connection;
    this.connections++;
    this.error = undefined;
    this.linkChange?.(this as never, true);
    return connection;
  }

  /** There was no connection to be had. @internal */
  failed(error: TapError): void {
    this.error = error;
  }

  protected send(skb: SkBuff): number {
    return this.#connection?.send(skb) ? OK : BUSY;
  }

  protected override polled(): void {
    if (this.backlog.length * 2 <= RING) this.#connection?.resume();
  }

  /** See {@link ConnectionOwner.isFull}. @internal */
  get isFull(): boolean {
    return this.backlog.length >= RING;
  }

  /** See {@link ConnectionOwner.written}. @internal */
  written(frames: number, bytes: number): void {
    this.stats.txPackets += frames;
    this.stats.txBytes += bytes;
    this.roomMade();
  }

  /** See {@link ConnectionOwner.lost}. @internal */
  lost(error: TapError, frames: number): void {
    this.#connection = undefined;
    this.error = error;
    if (error.code === 'ERR_FRAME_LENGTH' || error.code === 'ERR_FRAME_TRUNCATED') {
      this.stats.rxErrors++;
      this.stats.rxLengthErrors++;
    }
    this.lostWithCarrier(frames);
    this.roomMade();
    this.linkChange?.(this as never, false);
    this.#dialer?.lost();
  }
}
