/**
 * fast-check arbitraries of EXAMPLE headers: every one is legal.
 * @module
 */
import fc from 'fast-check';
import { type Header, HLEN } from './header.ts';

/** Any legal header. */
export function header(): fc.Arbitrary<Header> {
  return fc.record(
    { type: fc.nat(0xffff), len: fc.integer({ min: HLEN, max: 0xffff }) },
    { noNullPrototype: true },
  );
}
