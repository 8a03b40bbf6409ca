/** fast-check's budget for the whole suite: FC_NUM_RUNS runs a property, 100 unless told. */
import fc from 'fast-check';

fc.configureGlobal({ numRuns: Number(process.env.FC_NUM_RUNS ?? 100) });
