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

interface Platform {
  readonly TextEncoder: new () => { encode(text: string): Uint8Array };
}

const platform = globalThis as unknown as Platform;

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
