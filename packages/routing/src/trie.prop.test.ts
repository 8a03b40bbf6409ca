/** The trie against a list that is looked through. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Family, families } from './fixture.ts';
import { Trie } from './trie.ts';

interface Prefix<A> {
  dst: A;
  length: number;
}

type Command<A> = { kind: 'set' | 'delete' } & Prefix<A>;

function commands<A>({ ops, address }: Family<A>): fc.Arbitrary<Command<A>[]> {
  const command = fc
    .record({
      kind: fc.constantFrom('set' as const, 'set' as const, 'delete' as const),
      dst: address,
      length: fc.oneof(
        fc.integer({ min: 0, max: ops.width }),
        fc.integer({ min: ops.width - 3, max: ops.width }),
      ),
    })
    .map((one) => ({ ...one, dst: ops.mask(one.dst, one.length) }));
  return fc.array(command, { maxLength: 120 });
}

function laws<A>(family: Family<A>): void {
  const { ops, address } = family;

  const run = (all: Command<A>[]) => {
    const trie = new Trie<A, Prefix<A>>(ops);
    const model = new Map<string, Prefix<A>>();
    for (const { kind, dst, length } of all) {
      const key = `${ops.format(dst)}/${length}`;
      const entry = { dst, length };
      if (kind === 'set') {
        trie.set(entry);
        model.set(key, entry);
      } else {
        expect(trie.delete(dst, length)).toBe(model.delete(key));
      }
      expect(trie.size).toBe(model.size);
    }
    return { trie, model };
  };

  it('finds what covers an address, longest first', () => {
    fc.assert(
      fc.property(commands(family), fc.array(address, { maxLength: 20 }), (all, probes) => {
        const { trie, model } = run(all);
        const keys = [...probes, ...all.map(({ dst }) => dst)];
        for (const key of keys) {
          const expected = [...model.values()]
            .filter(({ dst, length }) => ops.equal(ops.mask(key, length), dst))
            .sort((one, other) => other.length - one.length);
          const found: unknown[] = [];
          for (let entry = trie.longest(key); entry !== undefined; entry = trie.shorter(key))
            found.push(entry);
          expect(found).toEqual(expected);
          expect(trie.shorter(key)).toBeUndefined();
        }
        for (const { dst, length } of all) {
          expect(trie.find(dst, length)).toBe(model.get(`${ops.format(dst)}/${length}`));
        }
        expect(new Set(trie.entries())).toEqual(new Set(model.values()));
      }),
    );
  });

  it('leaves nothing behind', () => {
    fc.assert(
      fc.property(commands(family), (all) => {
        const { trie, model } = run(all);
        // The root, a node for each prefix, and a fork for each but one.
        expect(trie.nodes).toBeLessThanOrEqual(Math.max(1, 2 * model.size + 1));
        for (const { dst, length } of model.values()) trie.delete(dst, length);
        expect([trie.nodes, trie.size]).toEqual([1, 0]);
      }),
    );
  });
}

describe('32 bits', () => laws(families[0]));
describe('128 bits', () => laws(families[1]));
