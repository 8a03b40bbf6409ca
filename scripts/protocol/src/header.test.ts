import { refusals, vectors } from '@stack/testkit';
import { describe, expect, it } from 'vitest';
import * as example from './index.ts';

// Say where each row comes from: the RFC's figure, or a capture and its frame.
vectors({ describe, it }, example, [['a header: our own', '0001 0006 cafe', { type: 1, len: 6 }]]);

refusals({ describe, it }, example, [
  ['nothing', '', 'EXAMPLE_TRUNCATED', 0],
  ['a byte short', '0001 00', 'EXAMPLE_TRUNCATED', 3],
  ['a length below the header', '0001 0003', 'EXAMPLE_BAD_LEN', 2],
  ['a length beyond the packet', '0001 0006 ca', 'EXAMPLE_TRUNCATED', 5],
]);

describe('format', () => {
  it('is one line', () => {
    expect(example.format({ type: 1, len: 6 })).toBe('EXAMPLE, type 1, length 6');
  });
});
