/** FC_NUM_RUNS: how often a property runs, in place of 100. Unless told nothing is loaded here, for most test files have no property. */
if (process.env.FC_NUM_RUNS !== undefined) {
  const { default: fc } = await import('fast-check');
  fc.configureGlobal({ numRuns: Number(process.env.FC_NUM_RUNS) });
}
