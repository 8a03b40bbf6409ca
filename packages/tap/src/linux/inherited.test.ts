import { describe, expect, it } from 'vitest';
import { hasHeader } from './inherited.ts';
import { IFF_NO_PI, IFF_TAP, IFF_TUN, IFF_VNET_HDR } from './tun.ts';

const TAP = IFF_TAP | IFF_NO_PI;
const TUN = IFF_TUN | IFF_NO_PI;

describe('an inherited descriptor', () => {
  it.each([
    [TAP, 'ether', undefined, false],
    [TAP | IFF_VNET_HDR, 'ether', undefined, true],
    [TUN | IFF_VNET_HDR, 'none', true, true],
    [TUN, 'none', false, false],
    [undefined, 'ether', undefined, false],
    [undefined, 'ether', true, true],
  ] as const)('with flags %j, as %s, offloads %j: header %j', (flags, type, offloads, has) => {
    expect(hasHeader({ name: 'tap0', flags }, type, offloads)).toBe(has);
  });

  it.each([
    [TUN, 'ether', undefined, 'it is a TUN: openTun'],
    [TAP, 'none', undefined, 'it is a TAP: openTap'],
    [IFF_TAP, 'ether', undefined, 'its launcher must open it with IFF_NO_PI'],
    [TAP, 'ether', true, 'its launcher opened it without IFF_VNET_HDR: offloads is false'],
    [TAP | IFF_VNET_HDR, 'ether', false, 'its launcher opened it with IFF_VNET_HDR: offloads is true'],
  ] as const)('with flags %j, as %s, offloads %j is refused', (flags, type, offloads, message) => {
    expect(() => hasHeader({ name: 'tap0', flags }, type, offloads)).toThrow(
      expect.objectContaining({ name: 'TapError', code: 'EINVAL', message: `tap0: ${message}` }),
    );
  });
});
