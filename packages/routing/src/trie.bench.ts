/**
 * A lookup among prefixes that are spread and sized as in the global IPv4 table, each for another destination, so that hardly
 * anything is in the processor's caches; `vitest bench packages/routing`.
 *
 * What makes it quick: five bits a step, so that a /24 is five nodes deep; the nodes of one parent side by side in one Int32Array, found
 * by a population count; a result object that is made once a route.
 */
import { expect, it } from 'vitest';
import { generator, globalTable, IPV4 } from './fixture.ts';
import { Fib, type Flow } from './index.ts';
import { Trie } from './trie.ts';

const LOOKUPS = 1 << 18;

for (const count of [1000, 500_000, 1_000_000]) {
  it(`${count} prefixes, ${LOOKUPS} lookups each time`, async ({ bench }) => {
    const random = generator(7);
    const table = globalTable(count, random);
    const addresses = Array.from({ length: LOOKUPS }, () => {
      const { dst, length } = table[random() % count] as { dst: number; length: number };
      return (dst + (random() >>> length)) >>> 0;
    });
    const trie = new Trie<number, { dst: number; length: number }>(IPV4);
    for (const prefix of table) trie.set(prefix);
    const fib = new Fib(IPV4);
    for (const prefix of table) fib.add({ ...prefix, nexthops: [{ ifindex: 1 + (prefix.dst & 7) }] });
    const flow: Flow<number> & { daddr: number } = {
      daddr: 0,
      saddr: undefined,
      iif: 1,
      oif: 0,
      mark: 0,
      tos: 0,
      scope: 0,
      hash: 0,
    };
    let sum = 0;

    await bench.compare(
      bench('trie', () => {
        for (const address of addresses) sum += trie.longest(address)?.length ?? 0;
      }),
      bench('FIB: two rules, two tables', () => {
        for (const address of addresses) {
          flow.daddr = address;
          const found = fib.lookup(flow);
          if (typeof found !== 'string') sum += found.prefixLength;
        }
      }),
    );
    expect(sum).toBeGreaterThan(0);
  });
}
