import { describe, expect, it } from 'vitest';
import { isWireError, WireError } from './index.ts';

describe('isWireError', () => {
  const error = new WireError('IPV4_BAD_IHL', 0);

  it('knows a WireError, and its code', () => {
    expect(isWireError(error)).toBe(true);
    expect(isWireError(error, 'IPV4_BAD_IHL')).toBe(true);
    expect([error.code, error.offset]).toEqual(['IPV4_BAD_IHL', 0]);
  });

  it('knows one made by another copy of the package', () => {
    expect(isWireError(Object.assign(new Error('x'), { name: 'WireError', code: 'A', offset: 1 }), 'A')).toBe(
      true,
    );
  });

  it.each([
    ['another code', error, 'IPV4_TRUNCATED'],
    ['any other error', new RangeError('no'), undefined],
    ['an error with a code', Object.assign(new Error('x'), { code: 'IPV4_BAD_IHL' }), undefined],
    ['a lookalike that is no error', { name: 'WireError', code: 'A', offset: 0 }, undefined],
    ['undefined', undefined, undefined],
  ])('says no to %s', (_name, value, code) => {
    expect(isWireError(value, code)).toBe(false);
  });
});
