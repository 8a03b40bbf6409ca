import { describe, expect, it } from 'vitest';
import { hex, reads, refusals, refuses, vectors } from './index.ts';
import * as sample from './sample.ts';

const header = { kind: 7, hlen: 12, len: 14, id: 0x8000_0001, reserved: 0, extra: hex`aa bb` };

vectors({ describe, it }, sample, [
  ['a header with two bytes of extra', '07 0c 000e 80000001 0000 aabb 6869', header],
]);

refusals({ describe, it }, sample, [
  ['nothing', '', 'SAMPLE_TRUNCATED', 0],
  ['a header length of 9', '07 09 000e 80000001 0000', 'SAMPLE_BAD_HLEN'],
  ['a length of 0', '07 0a 0000 80000001 0000', 'SAMPLE_BAD_LEN'],
  ['a payload that is not there', '07 0a 000e 80000001 0000', 'SAMPLE_CUT'],
]);

describe('a table row that is wrong fails', () => {
  it('a vector with another header, or other bytes', () => {
    const bytes = sample.encode(header);
    reads(sample, bytes, header);
    expect(() => reads(sample, bytes, { ...header, kind: 8 })).toThrow(/decode/);
    expect(() => reads({ ...sample, encode: () => hex`00` }, bytes, header)).toThrow(/encode/);
  });

  it('a refusal of bytes that are accepted, with another code, or at another offset', () => {
    expect(() => refuses(sample, hex`07 0a 000a 80000001 0000`, 'SAMPLE_BAD_LEN')).toThrow();
    expect(() => refuses(sample, hex`07 09 000a 80000001 0000`, 'SAMPLE_BAD_LEN')).toThrow(/check/);
    expect(() => refuses(sample, hex`07 09 000a 80000001 0000`, 'SAMPLE_BAD_HLEN', 1)).toThrow(/offset/);
  });
});
