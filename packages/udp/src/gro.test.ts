import { expect, it } from 'vitest';
import * as udp from './index.ts';

/** A header at an odd place in dirty bytes. */
const AT = 3;
function header(change: Partial<udp.Header> = {}): DataView {
  const bytes = new Uint8Array(AT + 20).fill(0xa5);
  udp.encode({ source: 53, dest: 40_000, len: 18, check: 0x1234, ...change }, bytes, AT);
  return new DataView(bytes.buffer);
}

it('groSame compares ports', () => {
  const same = (change: Partial<udp.Header>): boolean => udp.groSame(header(), AT, header(change), AT);
  expect([same({ len: 9, check: 1 }), same({ source: 1 }), same({ dest: 1 })]).toEqual([true, false, false]);
});

it('groStarts with payload to the end, and a checksum', () => {
  const starts = (change: Partial<udp.Header>, length = 18): boolean =>
    udp.groStarts(header(change), AT, length);
  expect([starts({}), starts({ check: 0xffff }), starts({ len: 9 }, 9)]).toEqual([true, true, true]);
  expect([starts({}, 17), starts({}, 19), starts({ len: 8 }, 8), starts({ check: 0 })]).toEqual(
    new Array(4).fill(false),
  );
});

it('groFollows up to the size of the first', () => {
  expect([0, 1, 10, 11].map((payload) => udp.groFollows(10, payload))).toEqual([false, true, true, false]);
});

it('groEnds at a shorter one, or at the limit', () => {
  expect([udp.groEnds(10, 10, 63), udp.groEnds(9, 10, 2), udp.groEnds(10, 10, udp.GRO_CNT_MAX)]).toEqual([
    false,
    true,
    true,
  ]);
});

it('groComplete writes length and sum, and nothing else', () => {
  const view = header();
  udp.groComplete(view, AT, 65_515, 0xbeef);
  expect(new Uint8Array(view.buffer)).toEqual(new Uint8Array(header({ len: 65_515, check: 0xbeef }).buffer));
});
