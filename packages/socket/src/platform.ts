/**
 * What Node, browsers, Deno and Bun share, as far as sockets need it. Types of its own, so that nothing asks for the DOM's
 * declarations or Node's, and whoever has those can pass theirs.
 * @module
 */

/** What calls watch to be called off: an `AbortSignal`. */
export interface Signal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** A readable stream of bytes, as far as every platform has it. */
export interface ReadableBytes extends AsyncIterable<Uint8Array> {
  readonly locked: boolean;
  cancel(reason?: unknown): Promise<void>;
  getReader(): BytesReader;
  getReader(options: { mode: 'byob' }): ByobBytesReader;
  pipeTo(destination: WritableBytes, options?: PipeOptions): Promise<void>;
  pipeThrough<T>(transform: { readable: T; writable: WritableBytes }, options?: PipeOptions): T;
  tee(): [ReadableBytes, ReadableBytes];
}

/** What `ReadableBytes.getReader()` gives. */
export interface BytesReader {
  readonly closed: Promise<unknown>;
  read(): Promise<{ done: false; value: Uint8Array } | { done: true; value?: undefined }>;
  cancel(reason?: unknown): Promise<void>;
  releaseLock(): void;
}

/** What `ReadableBytes.getReader({ mode: 'byob' })` gives: it reads into memory of the caller. */
export interface ByobBytesReader {
  readonly closed: Promise<unknown>;
  read(view: Uint8Array): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
  cancel(reason?: unknown): Promise<void>;
  releaseLock(): void;
}

/** A writable stream of bytes, as far as every platform has it. */
export interface WritableBytes {
  readonly locked: boolean;
  abort(reason?: unknown): Promise<void>;
  close(): Promise<void>;
  getWriter(): BytesWriter;
}

/** What `WritableBytes.getWriter()` gives. */
export interface BytesWriter {
  readonly closed: Promise<unknown>;
  readonly ready: Promise<unknown>;
  readonly desiredSize: number | null;
  write(chunk: Uint8Array): Promise<void>;
  close(): Promise<void>;
  abort(reason?: unknown): Promise<void>;
  releaseLock(): void;
}

/** How streams are piped. */
export interface PipeOptions {
  preventAbort?: boolean;
  preventCancel?: boolean;
  preventClose?: boolean;
}

/** {@link ReadableBytes}, and the platform's `ReadableStream` where that is declared: it can be passed wherever one is taken. */
export type ByteReadable = ReadableBytes &
  (typeof globalThis extends { ReadableStream: { prototype: infer Stream } } ? Stream : unknown);

/** {@link WritableBytes}, and the platform's `WritableStream` where that is declared. */
export type ByteWritable = WritableBytes &
  (typeof globalThis extends { WritableStream: { prototype: infer Stream } } ? Stream : unknown);

/** The controller of a readable byte stream. @internal */
export interface ReadController {
  readonly byobRequest: {
    readonly view: { buffer: ArrayBuffer; byteOffset: number; byteLength: number } | null;
    respond(count: number): void;
  } | null;
  enqueue(chunk: Uint8Array): void;
  close(): void;
  error(reason: unknown): void;
}

/** The controller of a writable stream. @internal */
export interface WriteController {
  error(reason: unknown): void;
}

interface Platform {
  readonly TextEncoder: new () => { encode(text: string): Uint8Array };
  readonly ReadableStream: new (
    source: {
      type: 'bytes';
      start(controller: ReadController): void;
      pull(controller: ReadController): Promise<void>;
      cancel(reason: unknown): Promise<void>;
    },
    strategy: { highWaterMark: number },
  ) => ByteReadable;
  readonly WritableStream: new (
    sink: {
      start(controller: WriteController): void;
      write(chunk: Uint8Array): Promise<void>;
      close(): Promise<void>;
      abort(reason: unknown): Promise<void>;
    },
    strategy: { highWaterMark: number },
  ) => ByteWritable;
}

/** @internal */
export const platform: Platform = globalThis as unknown as Platform;

let encoder: { encode(text: string): Uint8Array } | undefined;

/** UTF-8 of a text; bytes as they are. @internal */
export function toBytes(data: Uint8Array | string): Uint8Array {
  if (typeof data !== 'string') return data;
  encoder ??= new platform.TextEncoder();
  return encoder.encode(data);
}

declare global {
  /** As in TypeScript's own `lib.esnext.disposable`: merges with it where that is used. */
  interface SymbolConstructor {
    readonly asyncDispose: unique symbol;
  }
}
