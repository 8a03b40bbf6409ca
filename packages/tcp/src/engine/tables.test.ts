import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Host, seeded, World } from './fixture.ts';
import type { BindOwner, EhashEntry } from './tables.ts';
import { Tables } from './tables.ts';
import type { TcpSock } from './tcb.ts';

const host = new Host(new World(), 0x0a00_0001, {}, seeded(1));
const { family } = host;

function entry(saddr: number, sport: number, daddr: number, dport: number, boundDevIf = 0): TcpSock {
  const sk = host.socket();
  sk.saddr = saddr;
  sk.sport = sport;
  sk.daddr = daddr;
  sk.dport = dport;
  sk.boundDevIf = boundDevIf;
  return sk;
}

describe('the established table', () => {
  it('finds what was put in and nothing else, in any order of calls', () => {
    const key = fc.tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), key), { maxLength: 60 }), (steps) => {
        const tables = new Tables(7);
        const model = new Map<string, TcpSock>();
        for (const [add, [saddr, sport, daddr, dport]] of steps) {
          const name = [saddr, sport, daddr, dport].join();
          const known = model.get(name);
          if (add && known === undefined) {
            const sk = entry(saddr, sport, daddr, dport);
            tables.insert(sk);
            model.set(name, sk);
          } else if (!add && known !== undefined) {
            tables.remove(known);
            tables.remove(known); // twice is once
            model.delete(name);
          }
          expect(tables.count).toBe(model.size);
          expect(tables.lookup(family, saddr, sport, daddr, dport, 1)).toBe(model.get(name));
        }
        expect(new Set(tables.entries())).toStrictEqual(new Set(model.values()));
      }),
    );
  });

  it('keeps a hundred thousand connections in short chains', () => {
    const tables = new Tables(99);
    const all: EhashEntry[] = [];
    for (let i = 0; i < 100_000; i++) {
      const one = Object.create(null) as Record<string, unknown>;
      Object.assign(one, {
        family,
        saddr: 1,
        sport: 80,
        daddr: 0x0b00_0000 + (i >> 14),
        dport: 1024 + (i & 0x3fff),
        boundDevIf: 0,
        hash: 0,
        hashNext: undefined,
        hashed: false,
        state: 1,
      });
      tables.insert(one as unknown as EhashEntry);
      all.push(one as unknown as EhashEntry);
    }
    let longest = 0;
    for (const one of all) {
      let length = 0;
      for (let at: EhashEntry | undefined = one; at !== undefined; at = at.hashNext) length++;
      longest = Math.max(longest, length);
    }
    expect(longest).toBeLessThan(12);
    for (const one of all) expect(tables.lookup(family, 1, 80, one.daddr, one.dport, 0)).toBe(one);
  });

  it('tells devices apart where a socket is bound to one', () => {
    const tables = new Tables(1);
    const sk = entry(1, 2, 3, 4, 5);
    tables.insert(sk);
    expect(tables.lookup(family, 1, 2, 3, 4, 5)).toBe(sk);
    expect(tables.lookup(family, 1, 2, 3, 4, 6)).toBeUndefined();
    expect(tables.lookup(family, 1, 2, 3, 4, 0)).toBe(sk);
  });
});

describe('listeners', () => {
  it('are found among ten thousand by one look at a chain, the exact address first (MUST-42)', () => {
    const tables = new Tables(3);
    const all = new Map<number, TcpSock>();
    for (let port = 1; port <= 10_000; port++) {
      const sk = entry(0, port, 0, 0);
      tables.listen(sk);
      all.set(port, sk);
    }
    let longest = 0;
    for (const [port, sk] of all) {
      expect(tables.listener(family, 9, port, 1, 0)).toBe(sk);
      let length = 0;
      for (let at: EhashEntry | undefined = sk; at !== undefined; at = at.hashNext) length++;
      longest = Math.max(longest, length);
    }
    expect(longest).toBeLessThan(12);
    const exact = entry(0, 80, 0, 0);
    exact.rcvSaddr = 9;
    tables.listen(exact);
    expect(tables.listener(family, 9, 80, 1, 0)).toBe(exact);
    expect(tables.listener(family, 8, 80, 1, 0)).toBe(all.get(80));
    const device = entry(0, 80, 0, 0, 2);
    tables.listen(device);
    expect(tables.listener(family, 8, 80, 2, 0)).toBe(device);
    expect(tables.listener(family, 8, 80, 3, 0)).toBe(all.get(80));
    for (const sk of [device, exact, ...all.values()]) tables.unlisten(sk);
    tables.unlisten(exact);
    expect(tables.listener(family, 9, 80, 1, 0)).toBeUndefined();
    expect([...tables.entries()]).toStrictEqual([]);
  });
});

describe('ports', () => {
  it('belong to whoever holds them, until the last lets go', () => {
    const tables = new Tables(3);
    const owners: BindOwner[] = [entry(0, 0, 0, 0), entry(0, 0, 0, 0), entry(0, 0, 0, 0)];
    for (const owner of owners) tables.hold(owner, 80, true);
    expect(tables.bucket(80)?.ephemeral).toBe(true);
    tables.release(owners[1] as BindOwner);
    tables.release(owners[1] as BindOwner);
    tables.hold(owners[1] as BindOwner, 80, false);
    expect(tables.bucket(80)?.ephemeral).toBe(false);
    const held: BindOwner[] = [];
    for (let owner = tables.bucket(80)?.first; owner !== undefined; owner = owner.bindNext) held.push(owner);
    expect(new Set(held)).toStrictEqual(new Set(owners));
    for (const owner of owners) tables.release(owner);
    expect(tables.bucket(80)).toBeUndefined();
  });
});
