/** A reporter whose one line, the last of the run, says how many tests there were: a run with none is seen. */
export default class Counts {
  onTestRunEnd(modules) {
    const count = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state in count) count[state]++;
      }
    }
    console.log(`Tests: ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
    if (count.passed + count.failed === 0) process.exitCode = 1;
  }
}
