import { viewOf } from '@stack/skbuff';
import { hex } from '@stack/testkit';
import { describe, expect, it } from 'vitest';
import * as ethernet from './index.ts';

const FRAME = 'a5 020000000001 020000000002 0800 a5';
const MAC = 0x00d0_59fe_dcba;

describe('in-place writers', () => {
  it('setDest changes the destination alone', () => {
    const bytes = hex(FRAME);
    ethernet.setDest(viewOf(bytes), 1, MAC);
    expect(bytes).toEqual(hex`a5 00d059fedcba 020000000002 0800 a5`);
  });

  it('setSource changes the source alone', () => {
    const bytes = hex(FRAME);
    ethernet.setSource(viewOf(bytes), 1, MAC);
    expect(bytes).toEqual(hex`a5 020000000001 00d059fedcba 0800 a5`);
  });

  it.each([-1, 2 ** 48, 0.5, Number.NaN])('refuse %d and write nothing', (mac) => {
    const bytes = hex(FRAME);
    expect(() => ethernet.setDest(viewOf(bytes), 1, mac)).toThrow(`ethernet: dest ${mac} is not in 0..`);
    expect(() => ethernet.setSource(viewOf(bytes), 1, mac)).toThrow(`ethernet: source ${mac} is not in 0..`);
    expect(bytes).toEqual(hex(FRAME));
  });
});
