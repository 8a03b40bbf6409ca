/**
 * How often properties of whole hosts run: one run costs as much as thousands of a codec.
 * @module
 */
import fc from 'fast-check';

/** A share of the runs that FC_NUM_RUNS asks for, at least one. */
export function runs(share: number): number {
  return Math.max(1, Math.ceil((fc.readConfigureGlobal().numRuns ?? 100) * share));
}
