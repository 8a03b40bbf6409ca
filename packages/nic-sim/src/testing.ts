/**
 * fast-check arbitraries for descriptors and impairments.
 * @packageDocumentation
 */
import fc from 'fast-check';
import { CMD } from './bits.ts';
import { FIELD_MAX } from './codec.ts';
import type { Descriptor, DescriptorOf, Kind } from './descriptor.ts';
import type { Impairments } from './impair.ts';

/** The four layouts. */
export function kind(): fc.Arbitrary<Kind> {
  return fc.constantFrom('tx-legacy', 'rx-legacy', 'tx-context', 'tx-data');
}

/** A descriptor of one kind: every field over its whole range, reserved bits too, but DEXT as the kind has it. */
export function descriptorOf<K extends Kind>(of: K): fc.Arbitrary<DescriptorOf<K>> {
  const fields: Record<string, fc.Arbitrary<number | string>> = { kind: fc.constant(of) };
  const limits = FIELD_MAX[of];
  for (const name of Object.keys(limits)) {
    const value = fc.integer({ min: 0, max: limits[name] as number });
    if (name === 'cmd') fields[name] = value.map((cmd) => cmd & ~CMD.DEXT);
    else if (name === 'dcmd' || name === 'tucmd') fields[name] = value.map((cmd) => cmd | CMD.DEXT);
    else fields[name] = value;
  }
  return fc.record(fields, { noNullPrototype: true }) as unknown as fc.Arbitrary<DescriptorOf<K>>;
}

/** A descriptor of any kind. */
export function descriptor(): fc.Arbitrary<Descriptor> {
  return kind().chain((of): fc.Arbitrary<Descriptor> => descriptorOf(of));
}

/** What a wire may do to frames, from nothing to much; loss as a probability or as a list of frames. */
export function impairments(): fc.Arbitrary<Impairments> {
  const rare = fc.constantFrom(0, 0.01, 0.1, 0.5);
  return fc.record(
    {
      rate: fc.constantFrom(0, 9600, 1_000_000, 999_999_937, 10_000_000_000),
      overhead: fc.constantFrom(0, 20),
      delay: fc.nat(1000),
      jitter: fc.nat(500),
      loss: fc.oneof(rare, fc.uniqueArray(fc.nat(100), { maxLength: 10 })),
      duplicate: rare,
      reorder: rare,
      reorderDelay: fc.nat(1000),
      corrupt: rare,
      queueLimit: fc.constantFrom(10_000, 1_000_000),
      flightLimit: fc.constantFrom(10, 65_536),
    },
    { noNullPrototype: true },
  );
}
