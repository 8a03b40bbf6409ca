import { describe, expect, it } from 'vitest';
import { generator, globalTable, IPV4, ip, WIDE } from './fixture.ts';
import { covers, Trie } from './trie.ts';

const prefix = (text: string) => {
  const [address = '', length] = text.split('/');
  return { dst: ip(address), length: Number(length) };
};

describe('a trie', () => {
  it.each<[string, string[], string[]]>([
    ['10.1.2.3', ['0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '10.1.2.3/32'], ['32', '16', '8', '0']],
    ['10.1.2.4', ['0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '10.1.2.3/32'], ['16', '8', '0']],
    // A path that is left out, and an address that leaves it.
    ['10.255.2.3', ['10.1.2.3/32', '10.1.2.2/32'], []],
    ['10.255.2.3', ['10.1.2.3/32', '10.1.2.2/32', '10.0.0.0/8'], ['8']],
    ['255.255.255.255', ['255.255.255.255/32', '255.255.255.254/31', '128.0.0.0/1'], ['32', '31', '1']],
    ['0.0.0.0', ['0.0.0.0/32', '0.0.0.0/30', '0.0.0.0/5', '0.0.0.0/4', '8.0.0.0/5'], ['32', '30', '5', '4']],
    [
      '10.1.2.2',
      ['10.1.2.3/32', '10.1.2.2/32', '10.1.2.2/31', '10.1.2.0/31', '10.1.2.0/30'],
      ['32', '31', '30'],
    ],
    ['1.1.1.1', [], []],
  ])('finds %s among %j: %j', (address, prefixes, lengths) => {
    const trie = new Trie<number, { dst: number; length: number }>(IPV4);
    for (const text of prefixes) trie.set(prefix(text));
    const found: string[] = [];
    const key = ip(address);
    for (let entry = trie.longest(key); entry !== undefined; entry = trie.shorter(key)) {
      found.push(String(entry.length));
    }
    expect(found).toEqual(lengths);
  });

  it('puts an entry in the place of another with its prefix', () => {
    const trie = new Trie<number, { dst: number; length: number }>(IPV4);
    const [one, other] = [prefix('10.0.0.0/8'), prefix('10.0.0.0/8')];
    trie.set(one);
    trie.set(other);
    expect([trie.size, trie.find(ip('10.0.0.0'), 8) === other]).toEqual([1, true]);
    expect(trie.find(ip('10.0.0.0'), 9)).toBeUndefined();
    expect(trie.delete(ip('10.0.0.0'), 7)).toBe(false);
  });

  it('holds a million prefixes in 20 bytes each, and lets go of their nodes', () => {
    const table = globalTable(1_000_000, generator(7));
    const trie = new Trie<number, { dst: number; length: number }>(IPV4);
    for (const entry of table) trie.set(entry);
    expect(trie.size).toBe(1_000_000);
    expect(trie.byteLength / trie.size).toBeLessThan(20);
    expect(table.every(({ dst, length }) => (trie.longest(dst)?.length ?? -1) >= length)).toBe(true);
    for (const { dst, length } of table) trie.delete(dst, length);
    expect([trie.nodes, trie.size]).toEqual([1, 0]);
  });

  it('needs two nodes for each long prefix at most', () => {
    const random = generator(3);
    const trie = new Trie<bigint, { dst: bigint; length: number }>(WIDE);
    for (let index = 0; index < 2000; index++) {
      let dst = 0n;
      for (let word = 0; word < 4; word++) dst = (dst << 32n) | BigInt(random());
      trie.set({ dst, length: 128 });
    }
    expect(trie.nodes).toBeLessThanOrEqual(2 * 2000);
  });
});

describe('covers', () => {
  it.each([
    [0, true],
    [15, true],
    [16, true],
    [17, true],
    [30, true],
    [31, false],
    [32, false],
  ])('compares %d bits: %s', (length, answer) => {
    expect(covers(IPV4, ip('10.1.2.0'), length, ip('10.1.2.2'))).toBe(answer);
  });
});
