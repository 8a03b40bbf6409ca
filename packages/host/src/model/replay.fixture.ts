/**
 * Running the model, and running it again: a failure is told in one line, and that line is a test.
 * @module
 */
import fc from 'fast-check';
import { beginning, commands, network } from './arbitraries.fixture.ts';
import { settle } from './settle.fixture.ts';
import { World } from './world.fixture.ts';

/** What gives the same run again: the network's seed follows from it, too. */
export interface Replay {
  readonly seed: number;
  readonly path: string;
  readonly replayPath: string;
}

/** A run that failed. */
export interface Failure {
  readonly replay: Replay;
  /** To be pasted into a test. */
  readonly line: string;
  /** The rule that was broken. */
  readonly message: string;
  /** The network and the commands. */
  readonly example: string;
  /** What happened, a line each, with times. */
  readonly trace: readonly string[];
}

/** How to explore. */
export interface Exploration {
  readonly numRuns?: number;
  readonly seed?: number;
  /** Most commands of a run. Default 60. */
  readonly maxCommands?: number;
  /** A rule of one's own, asked before the end of each run. */
  readonly rule?: (world: World) => void;
}

/** Runs the model many times; the smallest failure found, or `undefined`. */
export async function explore(options: Exploration = {}): Promise<Failure | undefined> {
  const { numRuns, seed } = options;
  return run(options, '', { ...(numRuns !== undefined && { numRuns }), ...(seed !== undefined && { seed }) });
}

/** Runs one failure again. */
export function replay(
  { seed, path, replayPath }: Replay,
  options: Exploration = {},
): Promise<Failure | undefined> {
  return run(options, replayPath, { seed, path, endOnFailure: true });
}

async function run(
  { maxCommands = 60, rule }: Exploration,
  replayPath: string,
  parameters: fc.Parameters<unknown>,
): Promise<Failure | undefined> {
  const traces = new Map<string, readonly string[]>();
  const sequence = fc.commands(commands(), {
    maxCommands,
    size: 'max',
    ...(replayPath !== '' && { replayPath }),
  });
  const property = fc.asyncProperty(network(), sequence, async (conditions, calls) => {
    const world = new World(conditions);
    try {
      for (const command of beginning()) await command.run(world, world);
      await fc.asyncModelRun(() => ({ model: world, real: world }), calls);
      rule?.(world);
      await settle(world);
    } catch (error) {
      traces.clear();
      traces.set(String(error), world.trace);
      throw error;
    }
  });
  const details = await fc.check(property, parameters as fc.Parameters<[unknown, unknown]>);
  if (!details.failed) return undefined;
  const [conditions, calls] = details.counterexample as [unknown, unknown];
  const text = String(calls);
  const found = {
    seed: details.seed,
    path: details.counterexamplePath ?? '',
    replayPath: /replayPath="([^"]*)"/.exec(text)?.[1] ?? '',
  };
  const { errorInstance } = details as { errorInstance: unknown };
  return {
    replay: found,
    line: `await replay(${JSON.stringify(found)}); // ${fc.stringify(conditions)}: ${text.replace(/ \/\*.*/, '')}`,
    message: String(errorInstance),
    example: `${fc.stringify(conditions)}: ${text}`,
    trace: traces.get(String(errorInstance)) ?? [],
  };
}
