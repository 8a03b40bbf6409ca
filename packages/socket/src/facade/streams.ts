/**
 * A connected socket as two web streams. Back-pressure goes both ways: bytes are read from the socket when somebody reads the
 * stream, and a write is done when the socket's send buffer has taken it.
 * @module
 */
import { SHUT_RD, SHUT_WR } from '../constants/families.ts';
import { SO_LINGER, SOL_SOCKET } from '../constants/so.ts';
import { SocketError } from '../error.ts';
import {
  type ByteReadable,
  type ByteWritable,
  platform,
  type ReadController,
  type WriteController,
} from '../platform.ts';
import type { Socket } from '../socket.ts';

/** Bytes one read takes at most. */
const CHUNK = 65_536;
/** Microtasks after which a stream has begun its next write, if it has one. */
const BETWEEN_WRITES = 4;

/** How {@link SocketStreams} behave. */
export interface StreamsOptions {
  /** Whether this end may go on sending when the peer has ended. Default false: its end is answered by ours. */
  allowHalfOpen?: boolean;
}

/** A socket's two streams. The socket belongs to them: it is closed when both have ended. */
export class SocketStreams {
  /** What the peer sends. It ends when the peer does. Cancelled: nothing is received any more. */
  readonly readable: ByteReadable;
  /** What is sent. Closed: the peer sees the end. Aborted: the connection is reset. */
  readonly writable: ByteWritable;
  /** Resolves when the socket is closed; rejects with what broke the connection. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #allowHalfOpen: boolean;
  readonly #opened: Promise<unknown>;
  #read: ReadController | undefined;
  #write: WriteController | undefined;
  #isReadOpen = true;
  #isWriteOpen = true;
  #isOver = false;
  /** The write under way, and how many there were. */
  #sending: Promise<void> | undefined = undefined;
  #writes = 0;
  #resolve: () => void = nothing;
  #reject: (reason: unknown) => void = nothing;

  /** @param opened Settles when the socket is connected. Reads and writes wait for it; its error is theirs. */
  constructor(socket: Socket, options: StreamsOptions = {}, opened: Promise<unknown> = Promise.resolve()) {
    this.#socket = socket;
    this.#allowHalfOpen = options.allowHalfOpen ?? false;
    this.#opened = opened;
    this.closed = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.closed.catch(nothing); // who does not ask is not told
    this.readable = new platform.ReadableStream(
      {
        type: 'bytes',
        start: (controller) => {
          this.#read = controller;
        },
        pull: (controller) => this.#pull(controller),
        cancel: () => this.#cancel(),
      },
      { highWaterMark: 0 }, // the socket's receive buffer is the only one
    );
    this.writable = new platform.WritableStream(
      {
        start: (controller) => {
          this.#write = controller;
        },
        write: (chunk) => this.#send(chunk),
        close: () => this.#end(),
        abort: (reason) => this.#reset(reason),
      },
      { highWaterMark: 1 },
    );
    opened.catch((error: unknown) => this.#fail(error));
  }

  /**
   * Closes both streams and the socket; what was sent still reaches the peer. The same promise as {@link closed}.
   * @param reason What writes that are not done yet fail with.
   */
  close(reason: unknown = new SocketError('send', 'EBADF')): Promise<void> {
    if (this.#isOver) return this.closed;
    if (this.#isReadOpen) this.#endRead();
    if (this.#isWriteOpen) this.#write?.error(reason);
    this.#isWriteOpen = false;
    this.#finish();
    return this.closed;
  }

  async #pull(controller: ReadController): Promise<void> {
    try {
      await this.#opened;
      const count = await this.#receive(controller);
      if (count > 0 || !this.#isReadOpen) return;
      this.#endRead();
      if (!this.#allowHalfOpen && this.#isWriteOpen) await this.#answerEnd();
      else this.#finishIfEnded();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Reads once, into the reader's own memory where it gave some; how many bytes. */
  async #receive(controller: ReadController): Promise<number> {
    const view = controller.byobRequest?.view;
    if (view === undefined || view === null) {
      const chunk = await this.#socket.recv(CHUNK);
      const { length } = chunk;
      if (length > 0 && this.#isReadOpen) controller.enqueue(chunk); // takes the memory away: its length is 0 then
      return length;
    }
    const into = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    const count = await this.#socket.recvInto(into);
    if (count > 0 && this.#isReadOpen) controller.byobRequest?.respond(count);
    return count;
  }

  /** The readable stream has ended. */
  #endRead(): void {
    this.#isReadOpen = false;
    this.#read?.close();
    this.#read?.byobRequest?.respond(0); // a reader that waits with memory of its own is told, too
  }

  /** The peer has ended: this end does the same, after the writes that were begun. */
  async #answerEnd(): Promise<void> {
    let seen: number;
    do {
      seen = this.#writes;
      await this.#sending;
      for (let i = 0; i < BETWEEN_WRITES; i++) await undefined;
    } while (this.#writes !== seen);
    if (!this.#isWriteOpen) return;
    this.#isWriteOpen = false;
    this.#write?.error(new SocketError('send', 'EPIPE'));
    if (!this.#socket.closed) this.#socket.shutdown(SHUT_WR);
    this.#finishIfEnded();
  }

  #send(chunk: Uint8Array): Promise<void> {
    this.#writes++;
    const sending = this.#sendAll(chunk);
    this.#sending = sending.catch(nothing);
    return sending;
  }

  async #sendAll(chunk: Uint8Array): Promise<void> {
    try {
      const bytes = bytesOf(chunk);
      await this.#opened;
      await this.#socket.sendall(bytes);
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  async #end(): Promise<void> {
    try {
      await this.#opened;
      this.#isWriteOpen = false;
      if (!this.#socket.closed) this.#socket.shutdown(SHUT_WR);
      this.#finishIfEnded();
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  async #cancel(): Promise<void> {
    this.#isReadOpen = false;
    if (!this.#isWriteOpen) this.#finish();
    else if (!this.#isOver && !this.#socket.closed) this.#socket.shutdown(SHUT_RD);
  }

  async #reset(reason: unknown): Promise<void> {
    this.#isWriteOpen = false;
    if (this.#isOver) return;
    if (!this.#socket.closed) this.#socket.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: true, linger: 0 });
    this.#fail(reason);
  }

  #finishIfEnded(): void {
    if (!this.#isReadOpen && !this.#isWriteOpen) this.#finish();
  }

  /** All is done: the socket goes. */
  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const closing = this.#socket.closed ? undefined : this.#socket.close();
    Promise.resolve(closing).then(this.#resolve, this.#reject);
  }

  /** The connection broke: both streams do. */
  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#isReadOpen) this.#read?.error(error);
    if (this.#isWriteOpen) this.#write?.error(error);
    this.#isReadOpen = false;
    this.#isWriteOpen = false;
    this.#reject(error);
    if (!this.#socket.closed) this.#socket.close().catch(nothing);
  }
}

/** Bytes of whatever holds some. */
function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  throw new TypeError('socket: a stream takes a Uint8Array, another view or an ArrayBuffer');
}

function nothing(): void {}
