/**
 * Every counter moves for the reason that its name tells, or is known to stand still.
 */
import { describe, expect, it } from 'vitest';
import { type Counter, moved, type Scenario } from './mib.fixture.ts';
import { tcpMib } from './mib.ts';
import { signing } from './mib-auth.fixture.ts';
import { closing, opening } from './mib-opening.fixture.ts';
import { receiving } from './mib-receiving.fixture.ts';
import { sending } from './mib-sending.fixture.ts';

const SCENARIOS: readonly Scenario[] = [...opening, ...closing, ...signing, ...receiving, ...sending];

/** Counters that nothing moves, and why. */
const STILL: Partial<Record<Counter, string>> = {
  RtoAlgorithm: 'tells how RTO is reckoned',
  RtoMin: 'a limit',
  RtoMax: 'a limit',
  MaxConn: 'a limit',
};

const { Tcp, TcpExt } = tcpMib();
const ALL = [...Object.keys(Tcp), ...Object.keys(TcpExt)] as Counter[];

describe('what happens is counted', () => {
  it.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))('%s', (_, { moves, run }) => {
    const found = moved(run());
    const asked = Object.keys(moves).map((name) => [name, found.get(name) ?? 0]);
    expect(Object.fromEntries(asked)).toStrictEqual(moves);
    for (const name of found.keys()) expect(STILL).not.toHaveProperty(name);
  });
});

describe('the counters', () => {
  it('have no name in both groups', () => {
    expect(new Set(ALL).size).toBe(ALL.length);
  });

  it('all are moved by a scenario, or known to stand still', () => {
    const proven = new Set<string>(Object.keys(STILL));
    for (const { moves } of SCENARIOS) {
      for (const [name, change] of Object.entries(moves)) if (change !== 0) proven.add(name);
    }
    expect(ALL.filter((name) => !proven.has(name))).toStrictEqual([]);
    expect([...proven].filter((name) => !(ALL as string[]).includes(name))).toStrictEqual([]);
  });
});
