/**
 * A vitest reporter whose one line is the last of the run and says how many tests there were, so that a run with none is
 * seen. What fails outside a test (a file that does not load, a hook, an unhandled rejection) counts as one failure.
 */
import { writeSync } from 'node:fs';

export default class Counts {
  /** Counts when vitest is done, and prints when the process ends: other reporters still have to say their part. */
  onTestRunEnd(modules, unhandledErrors) {
    const counts = countTests(modules, unhandledErrors);
    if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1;
    process.once('exit', () => {
      if (process.env.FAILED_CHECKS) writeSync(1, `Checks that failed: ${process.env.FAILED_CHECKS}\n`);
      writeSync(1, `${closingLine(counts)}\n`);
    });
  }
}

/** Tests by outcome, with the failures that belong to no test. */
export function countTests(modules, unhandledErrors = []) {
  const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
  for (const module of modules) {
    counts.failed += module.errors().length;
    for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      counts[state === 'pending' ? 'failed' : state]++; // pending: the run ended before its result
    }
  }
  return counts;
}

export const closingLine = ({ passed, failed, skipped }) =>
  `Tests: ${passed} passed, ${failed} failed, ${skipped} skipped`;
