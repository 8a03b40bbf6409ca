/**
 * Two applications do what they like, over a bad network, and get what two streams of bytes would have given them: see `model/`.
 */
import { describe, expect, it } from 'vitest';
import { runs } from './hostile/runs.fixture.ts';
import { explore, type Replay, replay } from './model/replay.fixture.ts';
import { must } from './model/stream.fixture.ts';
import type { World } from './model/world.fixture.ts';

describe('sockets, against a model', () => {
  it('behave as two streams of bytes, whatever befalls the frames', async () => {
    const failure = await explore({ numRuns: runs(1) });
    if (failure === undefined) return;
    const { message, line, trace } = failure;
    throw new Error(`${message}\n${line}\n${trace.slice(-40).join('\n')}`);
  }, 600_000);
});

describe('a failure', () => {
  /** A rule that hosts break: it shrinks to a few calls. */
  const options = {
    maxCommands: 10,
    rule: (world: World) => {
      for (const { in: stream } of world.ends())
        must(stream.received <= 100, `${stream.received} bytes came`);
    },
  };

  it('is told in a line that gives the same run again, to the microsecond', async () => {
    const failure = await explore({ ...options, seed: 1, numRuns: 1000 });
    expect(failure?.message).toMatch(/^Violation: \d+ bytes came$/);
    const pasted = /^await replay\((.*?)\); \/\//.exec(failure!.line)?.[1] ?? '';
    const again = await replay(JSON.parse(pasted) as Replay, options);
    const { trace, message, example } = again!;
    expect({ message, example }).toEqual({ message: failure!.message, example: failure!.example });
    expect(trace.length).toBeGreaterThan(5);
    expect((await replay(JSON.parse(pasted) as Replay, options))!.trace).toEqual(trace);
  });
});
