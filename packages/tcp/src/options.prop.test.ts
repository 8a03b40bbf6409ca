import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as tcp from './index.ts';
import * as arbitrary from './testing.ts';

/** A bare header, its data offset saying that the bytes behind it are options. */
function withOptions(options: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(20 + options.length);
  bytes.set(options, 20);
  bytes[12] = bytes.length << 2;
  return bytes;
}

describe('options', () => {
  it('of any bytes are written back byte for byte', () => {
    const property = fc.property(arbitrary.optionBytes(), (options) => {
      const bytes = withOptions(options);
      expect([...tcp.encode(tcp.decode(bytes))]).toEqual([...bytes]);
    });
    fc.assert(property);
  });

  it.each([
    ['eol', arbitrary.eol()],
    ['nop', arbitrary.nop()],
    ['mss', arbitrary.mss()],
    ['windowScale', arbitrary.windowScale()],
    ['sackPermitted', arbitrary.sackPermitted()],
    ['sack', arbitrary.sack()],
    ['timestamps', arbitrary.timestamps()],
    ['md5', arbitrary.md5()],
    ['userTimeout', arbitrary.userTimeout()],
    ['ao', arbitrary.ao()],
    ['mptcp', arbitrary.mptcp()],
    ['fastOpen', arbitrary.fastOpen()],
    ['accEcn', arbitrary.accEcn()],
    ['experimental', arbitrary.experimental()],
    ['raw', arbitrary.raw()],
    ['malformed', arbitrary.malformed()],
  ] as [string, fc.Arbitrary<tcp.Option>][])(
    '%s() makes options that are read as they were written',
    (_, of) => {
      const property = fc.property(of, (option) => {
        const padding = -tcp.optionLength(option) & 3;
        const lead = Array.from({ length: padding }, () => ({ kind: tcp.TCPOPT_NOP }) as const);
        const header = {
          ...tcp.decode(withOptions(new Uint8Array())),
          doff: tcp.size({ options: [...lead, option] }) / 4,
          options: [...lead, option],
        };
        expect(tcp.decode(tcp.encode(header))).toStrictEqual(header);
      });
      fc.assert(property);
    },
  );
});
