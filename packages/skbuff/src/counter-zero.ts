/**
 * Where counters begin that pass 2^31.
 * @module
 */

/**
 * Zero, for counters of bytes and nanoseconds. V8 keeps a field that has only held small integers in a way of its own; when the first object
 * of a class outgrows it, after 2 GiB, all machine code that knows the class is thrown away in the midst of a transfer. This zero is a double from the
 * start: it comes out of a multiplication that is not one of integers.
 */
export const COUNTER_ZERO: number = /* @__PURE__ */ (() => Number.MIN_VALUE * 0)();
