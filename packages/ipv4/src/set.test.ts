import { viewOf } from '@stack/skbuff';
import { hex } from '@stack/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as ipv4 from './index.ts';
import { address, header } from './testing.ts';

/** Each writer with what it is given, and the header it should leave but for the checksum. */
type Writer = [name: string, write: (view: DataView, at: number) => void, change: Partial<ipv4.Header>];

const writers = fc.tuple(fc.nat(0xff), address(), address()).map(([ttl, saddr, daddr]): Writer[] => [
  ['setTtl', (view, at) => ipv4.setTtl(view, at, ttl), { ttl }],
  ['setSaddr', (view, at) => ipv4.setSaddr(view, at, saddr), { saddr }],
  ['setSaddr, int32', (view, at) => ipv4.setSaddr(view, at, saddr | 0), { saddr }],
  ['setDaddr', (view, at) => ipv4.setDaddr(view, at, daddr), { daddr }],
]);

describe('in-place writers', () => {
  it('change their field, and the checksum as if it were computed anew', () => {
    fc.assert(
      fc.property(header(), writers, fc.nat(9), (any, each, at) => {
        for (const [name, write, change] of each) {
          const bytes = ipv4.encode(any, undefined, at);
          const view = viewOf(bytes);
          ipv4.sendCheck(view, at);
          write(view, at);
          const wanted = ipv4.encode({ ...any, ...change }, undefined, at);
          ipv4.sendCheck(viewOf(wanted), at);
          expect(bytes, name).toEqual(wanted);
        }
      }),
    );
  });

  it('leave a wrong checksum wrong', () => {
    fc.assert(
      fc.property(header(), writers, (any, each) => {
        for (const [name, write] of each) {
          const bytes = ipv4.encode(any);
          const right = ipv4.verify(viewOf(bytes), 0);
          write(viewOf(bytes), 0);
          expect(ipv4.verify(viewOf(bytes), 0), name).toBe(right);
        }
      }),
    );
  });

  it('setCe marks what is ECN-capable, and says whether it is', () => {
    fc.assert(
      fc.property(header(), (any) => {
        const bytes = ipv4.encode(any);
        ipv4.sendCheck(viewOf(bytes), 0);
        const capable = ipv4.ecn(any.tos) !== ipv4.ECN_NOT_ECT;
        expect(ipv4.setCe(viewOf(bytes), 0)).toBe(capable);
        const wanted = ipv4.encode({ ...any, tos: capable ? any.tos | ipv4.ECN_CE : any.tos });
        ipv4.sendCheck(viewOf(wanted), 0);
        expect(bytes).toEqual(wanted);
      }),
    );
  });

  it('decTtl takes one hop off, and says how many are left', () => {
    fc.assert(
      fc.property(header(), (any) => {
        const bytes = ipv4.encode(any);
        ipv4.sendCheck(viewOf(bytes), 0);
        const left = ipv4.decTtl(viewOf(bytes), 0);
        expect(left).toBe((any.ttl + 255) % 256);
        const wanted = ipv4.encode({ ...any, ttl: left });
        ipv4.sendCheck(viewOf(wanted), 0);
        expect(bytes).toEqual(wanted);
      }),
    );
  });

  it('decTtl carries past the end of the checksum', () => {
    // Linux ip_decrease_ttl adds 0x0100 to the checksum: 0xff00 becomes 0x0001, and 0xfeff becomes 0, never 0xffff.
    for (const [before, after] of [
      ['ff00', '0001'],
      ['feff', '0000'],
    ] as const) {
      const bytes = hex`45 00 0014 0000 0000 40 06 ${before} 00000000 00000000`;
      expect(ipv4.decTtl(viewOf(bytes), 0)).toBe(63);
      expect(bytes.slice(8, 12)).toEqual(hex`3f 06 ${after}`);
    }
  });

  it.each([-1, 256, 0.5, Number.NaN])('setTtl refuses %d and writes nothing', (ttl) => {
    const bytes = hex`45 00 0014 0000 0000 40 06 ff00 00000000 00000000`;
    expect(() => ipv4.setTtl(viewOf(bytes), 0, ttl)).toThrow(`ipv4: ttl ${ttl} is not in 0..255`);
    expect(bytes.slice(8, 12)).toEqual(hex`40 06 ff00`);
  });

  it.each([2 ** 32, -(2 ** 31) - 1, 0.5, Number.NaN])(
    'setSaddr and setDaddr refuse %d and write nothing',
    (wrong) => {
      const bytes = hex`45 00 0014 0000 0000 40 06 ff00 00000000 00000000`;
      const before = bytes.slice();
      expect(() => ipv4.setSaddr(viewOf(bytes), 0, wrong)).toThrow(`ipv4: saddr ${wrong} is not in 0..`);
      expect(() => ipv4.setDaddr(viewOf(bytes), 0, wrong)).toThrow(`ipv4: daddr ${wrong} is not in 0..`);
      expect(bytes).toEqual(before);
    },
  );
});
