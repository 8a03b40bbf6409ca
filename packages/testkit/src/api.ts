/**
 * What the law suites need of a test runner.
 * @module
 */

/** vitest's `{ describe, it }`, and any other runner with the two. */
export interface TestApi {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => void): unknown;
}
