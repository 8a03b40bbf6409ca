/**
 * fast-check arbitraries for UDP: legal headers, to test what is built on them.
 * @packageDocumentation
 */
import fc from 'fast-check';
import type { Header, PushHeader } from './header.ts';

/** The fields of a header that do not depend on what follows it. */
export type Fields = Omit<Header, 'len' | 'check'>;

const u16 = fc.nat(0xffff);

/** Any port, u16; well-known ones, 0 and 65535 often. */
export function port(): fc.Arbitrary<number> {
  return fc.oneof(
    { weight: 3, arbitrary: u16 },
    fc.constantFrom(0, 7, 53, 67, 68, 69, 123, 443, 4789, 65_535),
  );
}

/** A legal header: `decode` undoes `encode`. `len` and `check` are any, not derived: nothing follows. */
export function header(): fc.Arbitrary<Header> {
  const len = fc.oneof(fc.integer({ min: 8, max: 0xffff }), fc.constantFrom(8, 0xffff));
  const check = fc.oneof(u16, fc.constantFrom(0, 0xffff));
  return fc.record({ source: port(), dest: port(), len, check }, { noNullPrototype: true });
}

/** A legal header with the given fields. */
export function headerWith(part: Partial<Header>): fc.Arbitrary<Header> {
  return header().map((whole) => ({ ...whole, ...part }));
}

/** What `push` takes, with the length left to it: `pull` gives the same fields back for any payload that fits. */
export function pushHeader(): fc.Arbitrary<PushHeader & Fields> {
  return fc.record({ source: port(), dest: port() }, { noNullPrototype: true });
}
