import { describe, expect, it } from 'vitest';
import { IPV4, ip } from './fixture.ts';
import { Fib, type Flow, formatExplanation } from './index.ts';

const FLOW: Flow<number> = {
  daddr: ip('20.1.1.1'),
  saddr: undefined,
  iif: 1,
  oif: 0,
  mark: 0,
  tos: 0,
  scope: 0,
  hash: 0xc000_0000,
};

function example(): Fib<number> {
  const fib = new Fib(IPV4);
  fib.rules.add({ priority: 10, fwmark: 1, table: 100 });
  fib.rules.add({ priority: 11, table: 100 });
  fib.rules.add({ priority: 12, action: 'goto', target: 40_000 });
  fib.rules.add({ priority: 13, table: 254, suppressPrefixLength: 0 });
  fib.add({ dst: ip('20.1.0.0'), length: 16, table: 100, type: 'throw' });
  fib.add({ dst: 0, length: 0, nexthops: [{ ifindex: 2 }] });
  fib.add({ dst: ip('20.1.1.0'), length: 24, tos: 8, nexthops: [{ ifindex: 2 }] });
  fib.add({
    dst: ip('20.1.0.0'),
    length: 16,
    metric: 7,
    nexthops: [{ ifindex: 2 }, { ifindex: 3 }, { ifindex: 4 }],
  });
  fib.linkDown(4);
  return fib;
}

describe('an explanation', () => {
  it('tells every step', () => {
    const { steps, result } = example().explain(FLOW);
    const outline = steps.map(({ rule, outcome, mismatch, table }) => [
      rule.priority,
      outcome,
      mismatch,
      table?.routes.map(({ route, verdict, nexthops }) => [
        route.length,
        verdict,
        nexthops.map(({ nexthop, outcome }) => `${nexthop.ifindex} ${outcome}`),
      ]),
    ]);
    expect(outline).toEqual([
      [0, 'nothing', undefined, []],
      [10, 'mismatch', 'fwmark', undefined],
      [11, 'throw', undefined, [[16, 'error', []]]],
      [12, 'nothing', undefined, undefined],
      [
        13,
        'found',
        undefined,
        [
          [24, 'tos', []],
          [16, 'chosen', ['2 hash', '3 chosen', '4 dead']],
        ],
      ],
    ]);
    expect(result).toMatchObject({ nexthop: { ifindex: 3 }, prefixLength: 16 });
  });

  it('reads as text', () => {
    expect(formatExplanation(IPV4, example().explain(FLOW))).toBe(`rule 0: nothing
rule 10: mismatch (fwmark)
rule 11: throw
  table 100: throw 20.1.0.0/16: error
rule 12: nothing
rule 13: found
  table 254: unicast 20.1.1.0/24 tos 8: tos
  table 254: unicast 20.1.0.0/16 metric 7: chosen
    dev 2: hash (hash 1610612736, up to 1073741823)
    dev 3: chosen (hash 1610612736, up to 2147483647)
    dev 4: dead (hash 1610612736, up to -1)
dev 3`);
  });

  it('names the gateway, and one next hop without a bound', () => {
    const fib = new Fib(IPV4);
    fib.add({ dst: ip('10.0.0.0'), length: 8, nexthops: [{ ifindex: 2 }] });
    fib.add({ dst: 0, length: 0, nexthops: [{ via: ip('10.0.0.1') }] });
    expect(formatExplanation(IPV4, fib.explain(FLOW))).toBe(`rule 0: nothing
rule 32766: found
  table 254: unicast 0.0.0.0/0: chosen
    via 10.0.0.1 dev 2: chosen
via 10.0.0.1 dev 2`);
  });

  it.each([
    ['nexthops', { oif: 9 }],
    ['scope', { scope: 254 }],
  ] as const)('says %s', (verdict, rest) => {
    const { steps, result } = example().explain({ ...FLOW, ...rest });
    const last = steps.find(({ rule }) => rule.priority === 13)?.table?.routes;
    expect(last?.at(-1)?.verdict).toBe(verdict);
    expect(result).toBe('ENETUNREACH');
  });

  it('shows what was not needed, suppressed, jumped and refused', () => {
    const fib = example();
    const outcome = (priority: number, flow = FLOW) =>
      fib.explain(flow).steps.find(({ rule }) => rule.priority === priority);
    const hops = outcome(13, { ...FLOW, hash: 0 })?.table?.routes.at(-1)?.nexthops;
    expect(hops?.map(({ outcome }) => outcome)).toEqual(['chosen', 'unneeded', 'dead']);
    expect(outcome(13, { ...FLOW, daddr: ip('30.1.1.1') })?.outcome).toBe('suppressed');
    fib.rules.add({ priority: 40_000, action: 'prohibit' });
    expect(outcome(12)?.outcome).toBe('jump');
    expect(outcome(13)).toBeUndefined();
    expect(outcome(40_000)?.outcome).toBe('refused');
    expect(fib.explain(FLOW).result).toBe('EACCES');
  });

  it('ends with the errno', () => {
    const fib = new Fib(IPV4);
    fib.add({ dst: 0, length: 0, type: 'unreachable' });
    expect(formatExplanation(IPV4, fib.explain(FLOW)).split('\n').slice(1)).toEqual([
      'rule 32766: refused',
      '  table 254: unreachable 0.0.0.0/0: error',
      'EHOSTUNREACH',
    ]);
  });
});
