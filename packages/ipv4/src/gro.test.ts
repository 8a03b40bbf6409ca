import { describe, expect, it } from 'vitest';
import * as ipv4 from './index.ts';

/** A header with a right checksum at an odd place in dirty bytes. */
const AT = 3;
function header(change: Partial<ipv4.Header> = {}): DataView {
  const bytes = new Uint8Array(AT + 64).fill(0xa5);
  const plain = {
    version: 4,
    ihl: 5,
    tos: 2,
    totLen: 60,
    id: 0xffff,
    flags: ipv4.FLAG_DF,
    fragOff: 0,
    ttl: 64,
    protocol: 6,
    check: 0,
    saddr: 0xc0a8_0001,
    daddr: 0x0a00_0001,
    options: [],
  };
  const view = new DataView(bytes.buffer);
  ipv4.encode({ ...plain, ...change }, bytes, AT);
  if (change.check === undefined) ipv4.sendCheck(view, AT);
  return view;
}

describe('groStarts', () => {
  it.each<[string, Partial<ipv4.Header>, boolean]>([
    ['a plain packet', {}, true],
    ['without DF', { flags: 0 }, true],
    ['a first fragment', { flags: ipv4.FLAG_MF }, false],
    ['a later fragment', { fragOff: 1 }, false],
    ['the reserved flag', { flags: ipv4.FLAG_RF }, false],
    ['options', { ihl: 6, options: [{ kind: ipv4.IPOPT_RA, value: 0 }] }, false],
    ['another version', { version: 6 }, false],
    ['fewer bytes than there are', { totLen: 59 }, false],
    ['more bytes than there are', { totLen: 61 }, false],
    ['a wrong checksum', { check: 1 }, false],
  ])('%s', (_name, change, expected) => {
    expect(ipv4.groStarts(header(change), AT, 60)).toBe(expected);
  });

  it('refuses the form of a checksum that is never written: it would not come back', () => {
    const view = header();
    ipv4.setTtl(view, AT, 1);
    view.setUint16(AT + 4, 0); // an id that makes the rest add up to 0xffff
    ipv4.sendCheck(view, AT);
    view.setUint16(AT + 4, ipv4.checksum(view, AT));
    view.setUint16(AT + 10, 0xffff);
    expect([ipv4.verify(view, AT), ipv4.groStarts(view, AT, 60)]).toEqual([true, false]);
    view.setUint16(AT + 10, 0);
    expect([ipv4.verify(view, AT), ipv4.groStarts(view, AT, 60)]).toEqual([true, true]);
  });
});

it('groSame compares both addresses and the protocol', () => {
  const same = (change: Partial<ipv4.Header>): boolean => ipv4.groSame(header(), AT, header(change), AT);
  expect(same({ id: 1, ttl: 1, tos: 0, totLen: 20 })).toBe(true);
  expect([same({ saddr: 1 }), same({ daddr: 1 }), same({ protocol: 17 })]).toEqual([false, false, false]);
});

describe('groFollows', () => {
  const { GRO_COUNTS, GRO_FIXED, GRO_OTHER } = ipv4;
  it.each<[string, number, number, Partial<ipv4.Header>, number]>([
    ['the next id', 1, GRO_COUNTS, { id: 0 }, GRO_COUNTS],
    ['the next id, whatever was settled before', 1, GRO_FIXED, { id: 0 }, GRO_COUNTS],
    ['the same id', 1, GRO_COUNTS, {}, GRO_FIXED],
    ['one too many', 1, GRO_COUNTS, { id: 1 }, GRO_OTHER],
    ['the third id', 2, GRO_COUNTS, { id: 1 }, GRO_COUNTS],
    ['one that stays after all', 2, GRO_COUNTS, {}, GRO_OTHER],
    ['one that stays', 2, GRO_FIXED, {}, GRO_FIXED],
    ['one that counts after all', 2, GRO_FIXED, { id: 1 }, GRO_OTHER],
    ['another TTL', 1, GRO_COUNTS, { id: 0, ttl: 63 }, GRO_OTHER],
    ['another TOS', 1, GRO_COUNTS, { id: 0, tos: 3 }, GRO_OTHER],
    ['no DF', 1, GRO_COUNTS, { id: 0, flags: 0 }, GRO_OTHER],
  ])('%s', (_name, count, ids, change, expected) => {
    expect(ipv4.groFollows(header(), AT, count, ids, header(change), AT)).toBe(expected);
  });

  it('without DF ids must count: they may name fragments (RFC 6864 §4)', () => {
    const follows = (id: number): number =>
      ipv4.groFollows(header({ flags: 0 }), AT, 1, GRO_COUNTS, header({ flags: 0, id }), AT);
    expect([follows(0xffff), follows(0)]).toEqual([GRO_OTHER, GRO_COUNTS]);
  });
});

it('groComplete writes the length and the checksum, and nothing else', () => {
  const view = header();
  ipv4.groComplete(view, AT, 65_535);
  expect(new Uint8Array(view.buffer)).toEqual(new Uint8Array(header({ totLen: 65_535 }).buffer));
});
