/**
 * The data connections of a test.
 * @module
 */
import { isSocketError, SOL_TCP, type Socket, TCP_INFO } from '@stack/socket';

/** One data connection, and what went over it. */
export class Stream {
  readonly socket: Socket;
  bytes = 0;
  retransmits = 0;
  #isOver = false;
  #work: Promise<void> = Promise.resolve();

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Sends until {@link stop}, or until `limit` bytes are sent. */
  send(size: number, limit: number): void {
    const block = new Uint8Array(size).fill(0x37);
    this.#work = this.#until(async () => {
      if (this.bytes >= limit) return false;
      this.bytes += await this.socket.send(block.subarray(0, Math.min(size, limit - this.bytes)));
      return true;
    });
  }

  /** Receives until the peer sends no more, or until {@link close}. */
  receive(size: number): void {
    const buffer = new Uint8Array(size);
    this.#work = this.#until(async () => {
      const count = await this.socket.recvInto(buffer);
      this.bytes += count;
      return count > 0;
    });
  }

  /** Resolves when everything is sent, or the peer sends no more. */
  get done(): Promise<void> {
    return this.#work;
  }

  /** Sends no more than what it is about to. */
  stop(): void {
    this.#isOver = true;
    this.retransmits = this.socket.getsockopt(SOL_TCP, TCP_INFO).totalRetrans as number;
  }

  /** Closes, once. */
  async close(): Promise<void> {
    if (this.socket.closed) return;
    this.stop();
    await this.socket.close();
    await this.#work;
  }

  async #until(step: () => Promise<boolean>): Promise<void> {
    try {
      while (!this.#isOver && (await step()));
    } catch (error) {
      if (!this.#isOver || !isSocketError(error)) throw error; // that it was closed is no fault
    }
  }
}
