/**
 * What is fuzzed.
 * @module
 */

/** What became of an input: `ACCEPTED`, the code it was refused with, or for whole hosts what they came to in the end. */
export type Outcome =
  | string
  | {
      outcome: string /** What was reached on the way: an input that reaches something new is built on. */;
      features: readonly string[];
    };

/** A decoder, or a network of hosts, with its laws. */
export interface Target {
  name: string;
  /** Inputs it gets of those that are asked for; default all. One of a host's costs as much as a thousand of a codec's. */
  share?: number;
  /** Most an input may take, ms; default {@link FuzzOptions.limit}'s. */
  limit?: number;
  /** Legal inputs to start from; the same for the same seed. */
  seeds: (seed: number) => Uint8Array[];
  /**
   * Tries one input and throws when a law is broken. All chance it needs comes from the input.
   */
  trial: (bytes: Uint8Array) => Outcome | Promise<Outcome>;
}

/** Outcome of an input that decodes. */
export const ACCEPTED = 'accepted';

/** A broken law. */
export class Broken extends Error {
  override name = 'Broken';
}

/** Throws {@link Broken} unless `law` holds. */
export function must(law: boolean, message: string): asserts law {
  if (!law) throw new Broken(message);
}

/** The code and offset of a refusal; anything but a WireError with a code and an offset in 0..length is thrown on. */
export function refusalOf(error: unknown, length: number): { code: string; offset: number } {
  const { name, code, offset } = error as { name?: unknown; code?: unknown; offset?: unknown };
  if (name !== 'WireError' || typeof code !== 'string') throw error;
  must(/^[A-Z0-9_]+$/.test(code), `code ${code}`);
  must(
    Number.isInteger(offset) && Number(offset) >= 0 && Number(offset) <= length,
    `offset ${offset} of ${length}`,
  );
  return { code, offset: Number(offset) };
}

/** Whether two runs of bytes are the same. */
export function sameBytes(a: Uint8Array, b: Uint8Array, length: number = b.length): boolean {
  if (a.length < length || b.length < length) return false;
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return false;
  return true;
}
