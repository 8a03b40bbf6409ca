/**
 * An inherited descriptor without koffi: read and written with `node:fs`, and watched by the only handle of Node's that takes a character
 * device. It is slower (a read that finds nothing is an exception) and it cannot open anything.
 * @module
 */
import { readvSync, writevSync } from 'node:fs';
import { Socket, type SocketConstructorOpts } from 'node:net';
import { type Descriptor, type DescriptorEvents, ERRNO } from '../descriptor.ts';
import type { IoVector } from '../io-vector.ts';
import { TapError } from '../tap-error.ts';

/** Longer than any packet with its header. */
const BUFFER_SIZE = 66_000;
/** There is no event for room to write; a TAP never lacks any. ms. */
const RETRY_WRITE = 1;

/** The native half of a socket. */
interface PipeHandle {
  reading: boolean;
  open(fd: number): number;
  readStart(): number;
  readStop(): number;
}

/** See {@link Descriptor}. Takes `fd` over: {@link close} closes it. */
export class NodeDescriptor implements Descriptor {
  readonly #fd: number;
  readonly #handle: PipeHandle;
  readonly #socket: Socket;
  readonly #buffer: Uint8Array = new Uint8Array(BUFFER_SIZE);
  /** Bytes of the packet in {@link #buffer}, that woke us. */
  #pending = 0;
  #events: DescriptorEvents | undefined = undefined;
  #retry: ReturnType<typeof setTimeout> | undefined = undefined;

  /** @throws TapError ERR_NO_KOFFI where Node has no such handle. */
  constructor(fd: number) {
    this.#fd = fd;
    this.#handle = openHandle(fd);
    const options = {
      handle: this.#handle,
      readable: true,
      writable: true,
      onread: { buffer: this.#buffer, callback: (length: number) => this.#arrived(length) },
    };
    this.#socket = new Socket(options as unknown as SocketConstructorOpts);
    // The next read tells what it was.
    this.#socket.on('error', () => this.#events?.readable());
    this.#socket.on('close', () => this.#events?.readable());
  }

  readv(vector: IoVector): number {
    if (this.#pending > 0) {
      const length = vector.scatter(this.#buffer.subarray(0, this.#pending));
      this.#pending = 0;
      return length;
    }
    return this.#socket.destroyed ? -ERRNO.EBADFD : quietly(readvSync, this.#fd, vector);
  }

  writev(vector: IoVector): number {
    return this.#socket.destroyed ? -ERRNO.EBADFD : quietly(writevSync, this.#fd, vector);
  }

  want(events: DescriptorEvents, readable: boolean, writable: boolean): void {
    this.#events = events;
    if (writable) this.#retry ??= setTimeout(() => this.#again(), RETRY_WRITE);
    if (readable && this.#pending > 0) events.readable();
    else if (readable !== this.#handle.reading && !this.#socket.destroyed) {
      this.#handle.reading = readable;
      if (readable) this.#handle.readStart();
      else this.#handle.readStop();
    }
  }

  hold(on: boolean): void {
    if (on) this.#socket.ref();
    else this.#socket.unref();
  }

  close(): void {
    this.#events = undefined;
    clearTimeout(this.#retry);
    this.#socket.destroy();
  }

  /** One packet; false: no more for now, the others are read by polls. */
  #arrived(length: number): boolean {
    this.#pending = length;
    this.#events?.readable();
    return false;
  }

  #again(): void {
    this.#retry = undefined;
    this.#events?.writable();
  }
}

/** `process.binding` is deprecated in Node's documentation alone, and there is no other way to this handle. */
function openHandle(fd: number): PipeHandle {
  try {
    const { binding } = process as unknown as { binding(name: string): Record<string, unknown> };
    const { Pipe, constants } = binding('pipe_wrap') as {
      Pipe: new (kind: number) => PipeHandle;
      constants: { SOCKET: number };
    };
    const handle = new Pipe(constants.SOCKET);
    const error = handle.open(fd); // makes it non-blocking, too
    if (error !== undefined && error !== 0) throw new Error(`open: ${error}`);
    handle.reading = false;
    return handle;
  } catch (cause) {
    const message = `descriptor ${fd} cannot be watched without koffi here: npm install koffi`;
    throw new TapError('ERR_NO_KOFFI', message, { cause });
  }
}

/** The errno of what is thrown, below zero; without a stack trace, which would take longer than the call. */
function quietly(call: typeof readvSync, fd: number, vector: IoVector): number {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return call(fd, vector.views());
  } catch (error) {
    const { errno } = error as NodeJS.ErrnoException;
    return errno === undefined ? -ERRNO.EFAULT : errno;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
