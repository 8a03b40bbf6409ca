import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BROADCAST,
  formatMac,
  isBroadcast,
  isLocallyAdministered,
  isMac,
  isMulticast,
  type MacStyle,
  parseMac,
} from './mac.ts';
import { mac } from './testing.ts';

describe('text of an address', () => {
  it.each<[string, MacStyle, number]>([
    ['00:1f:29:da:2d:79', 'colon', 0x001f_29da_2d79],
    ['00-1f-29-da-2d-79', 'dash', 0x001f_29da_2d79],
    ['001f.29da.2d79', 'dot', 0x001f_29da_2d79],
    ['ff:ff:ff:ff:ff:ff', 'colon', BROADCAST],
    ['0000.0000.0000', 'dot', 0],
  ])('%s', (text, style, address) => {
    expect(parseMac(text)).toBe(address);
    expect(parseMac(text.toUpperCase())).toBe(address);
    expect(formatMac(address, style)).toBe(text);
  });

  it.each([
    '',
    '00:1f:29:da:2d',
    '00:1f:29:da:2d:79:00',
    '00:1f:29-da:2d:79',
    '001f.29da:2d79',
    '0:1f:29:da:2d:79',
    '001f29da2d79',
    '00:1f:29:da:2d:7g',
    ' 00:1f:29:da:2d:79',
    '00:1f:29:da:2d:79\n',
  ])('%j is none', (text) => {
    expect(() => parseMac(text)).toThrow(RangeError);
  });

  it.each([-1, 2 ** 48, 0.5, Number.NaN])('%d has none', (address) => {
    expect(isMac(address)).toBe(false);
    expect(() => formatMac(address)).toThrow(RangeError);
  });

  it('is read back in every style', () => {
    fc.assert(
      fc.property(mac(), fc.constantFrom<MacStyle>('colon', 'dash', 'dot'), (address, style) => {
        expect(parseMac(formatMac(address, style))).toBe(address);
      }),
    );
  });
});

describe('kinds of address', () => {
  it.each([
    ['00:1f:29:da:2d:79', false, false, false],
    ['fe:ff:ff:ff:ff:ff', false, false, true],
    ['01:00:5e:00:00:01', true, false, false],
    ['33:33:00:00:00:01', true, false, true],
    ['ff:ff:ff:ff:ff:fe', true, false, true],
    ['ff:ff:ff:ff:ff:ff', true, true, true],
    ['00:00:00:00:00:00', false, false, false],
  ])('%s', (text, multicast, broadcast, local) => {
    const address = parseMac(text);
    expect([isMulticast(address), isBroadcast(address), isLocallyAdministered(address)]).toEqual([
      multicast,
      broadcast,
      local,
    ]);
  });
});
