/**
 * `npm run fuzz`: random and mutated inputs for every codec, and for whole hosts.
 * @module
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { attempt, fromHex, type Report } from './fuzz.ts';
import { fuzzInThread, type Job, targetOf, work } from './parallel.ts';
import { TARGETS } from './targets/index.ts';

const USAGE = `npm run fuzz -- [options]

  --runs N       inputs a codec (default 100000); targets that are networks of hosts get their share of them
  --seed S       what they are made from, u32 (default: another each time, and printed)
  --target NAME  only this one, may be given again (or --codec): ${TARGETS.map((target) => target.name).join(', ')}
  --input HEX    only this input, with --target: replays a failure
  --help`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '100000' },
      seed: { type: 'string', default: String(Date.now() % 0x1_0000_0000) },
      target: { type: 'string', multiple: true, default: [] },
      codec: { type: 'string', multiple: true, default: [] },
      input: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const chosen = [...values.target, ...values.codec];
  const names =
    chosen.length > 0 ? chosen.map((name) => targetOf(name).name) : TARGETS.map(({ name }) => name);
  if (values.input !== undefined) return replay(names, values.input);
  const runs = wholeNumber('--runs', values.runs);
  const seed = wholeNumber('--seed', values.seed);
  console.log(`seed ${seed}, ${runs} inputs a codec`);
  const reports = await inTurns(names, (name) => fuzzInThread(process.argv[1]!, { name, runs, seed }), print);
  return reports.some((report) => report.failure !== undefined) ? 1 : 0;
}

/** As many at a time as there are processors. */
async function inTurns<T>(
  names: readonly string[],
  run: (name: string) => Promise<T>,
  done: (t: T) => void,
): Promise<T[]> {
  const results: T[] = [];
  const waiting = [...names];
  const lane = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const result = await run(name);
      results.push(result);
      done(result);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
  return results;
}

function print({ name, seed, runs, seconds, outcomes, failure }: Report): void {
  if (failure === undefined) {
    const rate = seconds > 0 ? rateOf(runs / seconds) : '';
    const shares = Object.entries(outcomes).map(
      ([outcome, n]) => `${outcome} ${((100 * n) / runs).toFixed(1)} %`,
    );
    console.log(`${name.padEnd(13)} ${runs} inputs  ${seconds.toFixed(1)} s  ${rate}  ${shares.join(', ')}`);
    return;
  }
  console.log(`${name.padEnd(13)} FAILED at input ${failure.index}: ${failure.message}`);
  console.log(`  seed     ${seed}`);
  console.log(`  input    ${failure.input}`);
  console.log(`  smallest ${failure.smallest}`);
  console.log(`  replay   npm run fuzz -- --target ${name} --input ${failure.smallest}`);
}

async function replay(names: readonly string[], hex: string): Promise<number> {
  if (names.length !== 1) throw new RangeError('--input needs one --target');
  const result = await attempt(targetOf(names[0]!), fromHex(hex));
  const isFailure = typeof result !== 'string' && 'message' in result;
  console.log(isFailure ? `FAILED: ${result.message}` : typeof result === 'string' ? result : result.outcome);
  return isFailure ? 1 : 0;
}

function rateOf(perSecond: number): string {
  return perSecond < 10_000 ? `${Math.round(perSecond)}/s` : `${Math.round(perSecond / 1000)}k/s`;
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff)
    throw new RangeError(`${option} ${text}: not a u32`);
  return value;
}

if (isMainThread) {
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
} else {
  parentPort!.postMessage(await work(workerData as Job));
}
