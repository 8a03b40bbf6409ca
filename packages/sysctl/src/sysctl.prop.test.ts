/** Laws over every sysctl there is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { check, limits } from './check.ts';
import { type Definition, Sysctl, type Value } from './index.ts';
import { isConsistent } from './rules.ts';

const CONTROLS = ['reno', 'bbr', 'cubic'];

const fresh = () => {
  const sysctl = new Sysctl({ congestionControl: () => CONTROLS, qdisc: () => ['pfifo_fast', 'fq'] });
  sysctl.addDevice('eth0');
  return sysctl;
};
const KEY = '0123abcd-00000000-ffffffff-80000000';
const NAMES = fresh().list();
const snapshot = (sysctl: Sysctl) => sysctl.list().map((name) => [name, sysctl.read(name)]);

/** Every value a row allows by itself. */
function legal(row: Definition): fc.Arbitrary<Value> {
  const [min, max] = limits(row);
  const number = fc.oneof(
    fc.constantFrom(min, max),
    fc.integer({ min: Math.max(min, -9), max: Math.min(max, 99_999) }),
  );
  switch (row.kind) {
    case 'triple':
    case 'longs':
      return fc.tuple(number, number, number);
    case 'range':
      return fc.tuple(number, number);
    case 'ports':
      return fc
        .uniqueArray(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 })
        .map((all) => new Set(all));
    case 'key':
      return fc.constantFrom(KEY, `${KEY},00000001-00000002-00000003-00000004`);
    case 'name':
      return fc.constantFrom(...(row.registry === 'qdisc' ? ['pfifo_fast', 'fq'] : CONTROLS));
    case 'names':
      return fc.subarray(CONTROLS, { minLength: 1 });
    default:
      return number;
  }
}

const named = fc.constantFrom(...NAMES).filter((name) => fresh().describe(name).mode === undefined);
const write = named.chain((name) => legal(fresh().describe(name)).map((value) => ({ name, value })));
const consistent = (sysctl: Sysctl, { name, value }: { name: string; value: Value }) =>
  isConsistent(sysctl.ipv4, name.replace('net.ipv4.', ''), value);

describe('every sysctl', () => {
  it('gives back what was set, and as text what was written', () => {
    fc.assert(
      fc.property(write, (one) => {
        const sysctl = fresh();
        fc.pre(consistent(sysctl, one));
        sysctl.set(one.name, one.value);
        expect(sysctl.get(one.name)).toEqual(one.value);
        const text = sysctl.read(one.name);
        const other = fresh();
        other.write(one.name, text);
        expect(other.get(one.name)).toEqual(one.value);
        expect(snapshot(other)).toEqual(snapshot(sysctl));
      }),
    );
  });

  it('is as before after a refused write, and so are all others', () => {
    const junk = fc.oneof(
      fc.anything(),
      fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
      fc.tuple(fc.integer(), fc.integer()),
      fc.tuple(fc.integer(), fc.integer(), fc.integer()),
      fc.constant(-0),
    );
    fc.assert(
      fc.property(named, junk, (name, value) => {
        const sysctl = fresh();
        const before = snapshot(sysctl);
        try {
          sysctl.set(name, value as Value);
        } catch (error) {
          expect(error).toMatchObject({ name: 'SysctlError' });
          expect(snapshot(sysctl)).toEqual(before);
          return;
        }
        expect(check(sysctl.describe(name), value)).toBeDefined();
        expect(sysctl.get(name)).toEqual(check(sysctl.describe(name), value));
      }),
    );
  });

  it('reads any text, or refuses it and changes nothing', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(...'0123456789-x,\n\t aAfF') }),
      fc.array(fc.integer({ min: -5, max: 70_000 })).map((all) => all.join(' ')),
    );
    fc.assert(
      fc.property(named, text, (name, input) => {
        const sysctl = fresh();
        const before = snapshot(sysctl);
        try {
          sysctl.write(name, input);
        } catch (error) {
          expect(error).toMatchObject({ name: 'SysctlError' });
          expect(snapshot(sysctl)).toEqual(before);
          return;
        }
        const value = sysctl.get(name);
        sysctl.write(name, sysctl.read(name));
        expect(sysctl.get(name)).toEqual(value);
      }),
    );
  });
});

describe('a run of writes', () => {
  it('keeps every value legal and the live objects true', () => {
    fc.assert(
      fc.property(fc.array(write, { maxLength: 30 }), (writes) => {
        const sysctl = fresh();
        const live = { ...sysctl.ipv4 };
        for (const one of writes) {
          if (consistent(sysctl, one)) sysctl.set(one.name, one.value);
        }
        for (const name of sysctl.list()) {
          const value = sysctl.get(name);
          expect(check(sysctl.describe(name), value), name).toEqual(value);
        }
        for (const field of Object.keys(live)) {
          const name = `net.ipv4.${field}`;
          const { kind } = sysctl.describe(name);
          if (kind !== 'names') expect(sysctl.ipv4[field as 'ip_forward']).toBe(sysctl.get(name));
        }
        const { all, eth0 } = { all: sysctl.conf('all'), eth0: sysctl.conf('eth0') };
        expect(sysctl.inDevice('eth0').rp_filter).toBe(Math.max(all.rp_filter, eth0.rp_filter));
        expect(sysctl.inDevice('eth0').forwarding).toBe(eth0.forwarding);
        expect(sysctl.ipv4.ip_forward).toBe(all.forwarding);
      }),
    );
  });
});
