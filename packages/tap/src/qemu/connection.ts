/**
 * One connection of a stream device: a socket with frames in both directions.
 * @module
 */
import type { Socket } from 'node:net';
import type { SkBuff } from '@stack/skbuff';
import { ETH_HLEN } from '@stack/skbuff/netdev';
import { TapError } from '../tap-error.ts';
import { Batch } from './batch.ts';
import { FrameReader, type FrameSink } from './frame-reader.ts';

/** What a {@link Connection} tells its device. */
export interface ConnectionOwner extends FrameSink {
  readonly name: string;
  /** Whether no more should be read for now. */
  readonly isFull: boolean;
  /** The socket took frames. */
  written(frames: number, bytes: number): void;
  /** The connection is over; `frames` are lost. Called once, and not after {@link Connection.close}. */
  lost(error: TapError, frames: number): void;
}

/**
 * Reads as long as its device takes frames, and writes one batch while it gathers the next: whatever the peer does, there is no more in memory
 * than two batches, one read, and what the device lets wait.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #peer: string;
  readonly #reader: FrameReader;
  readonly #maxFrame: number;
  #gathered: Batch = new Batch();
  #written: Batch = new Batch();
  #isWriting = false;
  #isScheduled = false;
  #isPaused = false;
  #isOver = false;
  readonly #onWritten: (error?: Error | null) => void = (error) => {
    if (!error) this.#next();
  };

  /** @param peer Who it is, for messages. */
  constructor(socket: Socket, owner: ConnectionOwner, peer: string, maxFrame: number) {
    this.#socket = socket;
    this.#owner = owner;
    this.#peer = peer;
    this.#maxFrame = maxFrame;
    this.#reader = new FrameReader(owner, ETH_HLEN, maxFrame);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#end(error.code ?? 'ERR_SOCKET', error.message, error);
    });
    socket.on('end', () => {
      if (this.#reader.isInside) this.#end('ERR_FRAME_TRUNCATED', 'closed the connection within a frame');
      else this.#end('ERR_PEER_CLOSED', 'closed the connection');
    });
    socket.on('close', () => this.#end('ERR_PEER_CLOSED', 'is gone'));
  }

  /** Frames that the socket has not taken yet. */
  get queued(): number {
    return this.#gathered.frames + this.#written.frames;
  }

  /** Copies a frame; what comes in one go leaves together. False if there is no room; {@link ConnectionOwner.written} tells when there is. */
  send(skb: SkBuff): boolean {
    if (!this.#gathered.add(skb)) {
      if (this.#isWriting) return false;
      this.#flush();
      this.#gathered.add(skb);
    }
    if (!this.#isWriting && !this.#isScheduled) {
      this.#isScheduled = true;
      process.nextTick(flushLater, this);
    }
    return true;
  }

  /** Takes `length` bytes that the socket has read. */
  received(bytes: Uint8Array, length: number): void {
    if (this.#isOver) return;
    const refused = this.#reader.feed(bytes, length);
    if (refused !== undefined) {
      this.#end(
        'ERR_FRAME_LENGTH',
        `sent a frame length of ${refused}: not within ${ETH_HLEN}..${this.#maxFrame}`,
      );
    } else if (this.#owner.isFull && !this.#isPaused) {
      this.#isPaused = true;
      this.#socket.pause();
    }
  }

  /** The device has room for frames again. */
  resume(): void {
    if (!this.#isPaused || this.#isOver) return;
    this.#isPaused = false;
    this.#socket.resume();
  }

  /** Writes what the socket takes at once, and ends the connection. Returns how many frames were lost. */
  close(): number {
    if (this.#isOver) return 0;
    this.#flush();
    if (this.#socket.writableLength === 0) this.#next();
    return this.#stop();
  }

  /** @internal */
  flushScheduled(): void {
    this.#isScheduled = false;
    this.#flush();
  }

  #flush(): void {
    if (this.#isOver || this.#isWriting || this.#gathered.frames === 0) return;
    const batch = this.#gathered;
    this.#gathered = this.#written;
    this.#written = batch;
    this.#isWriting = true;
    this.#socket.write(batch.bytes(), this.#onWritten);
  }

  /** A batch is in the socket: on to the next. */
  #next(): void {
    if (this.#isOver || !this.#isWriting) return;
    const { frames, payload } = this.#written;
    this.#written.clear();
    this.#isWriting = false;
    this.#flush();
    this.#owner.written(frames, payload);
  }

  #end(code: string, what: string, cause?: unknown): void {
    if (this.#isOver) return;
    const frames = this.#stop();
    this.#owner.lost(new TapError(code, `${this.#owner.name}: ${this.#peer}: ${what}`, { cause }), frames);
  }

  #stop(): number {
    this.#isOver = true;
    this.#socket.destroy();
    this.#reader.close();
    return this.queued;
  }
}

function flushLater(connection: Connection): void {
  connection.flushScheduled();
}
