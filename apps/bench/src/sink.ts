/**
 * Where results go, so that V8 cannot prove them unused.
 * @module
 */

/** Holds the last result. */
export const sink: { value: unknown; number: number } = { value: undefined, number: 0 };
