/**
 * fast-check arbitraries: captures that writers can write and readers give back unchanged.
 * @module
 */
import fc from 'fast-check';
import type {
  CaptureRecord,
  Interface,
  Name,
  Names,
  Option,
  Packet,
  Section,
  Statistics,
  Timestamp,
} from './records.ts';

const NO_PROTOTYPE = { noNullPrototype: true } as const;
const u32 = (): fc.Arbitrary<number> => fc.integer({ min: 0, max: 0xffff_ffff });
const u16 = (): fc.Arbitrary<number> => fc.integer({ min: 0, max: 0xffff });
const text = (): fc.Arbitrary<string> => fc.string({ unit: 'grapheme', maxLength: 40 });
const perhaps = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

/** Bytes of a packet. */
export function data(maxLength = 200): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ maxLength }).map((bytes) => Uint8Array.from(bytes));
}

/** A moment that every 64-bit nanosecond clock can tell; `unit` nanoseconds, a power of ten, is its granularity. */
export function timestamp(unit = 1): fc.Arbitrary<Timestamp> {
  return fc.record(
    {
      seconds: fc.integer({ min: 0, max: 0xffff_ffff }),
      nanoseconds: fc.integer({ min: 0, max: 1_000_000_000 / unit - 1 }).map((count) => count * unit),
    },
    NO_PROTOTYPE,
  );
}

/** Options with codes that have no field of their own. */
export function options(): fc.Arbitrary<Option[]> {
  const option = fc.record({ code: fc.integer({ min: 100, max: 0xffff }), value: data(20) }, NO_PROTOTYPE);
  return fc.array(option, { maxLength: 3 });
}

/** A pcapng section. */
export function section(): fc.Arbitrary<Section> {
  return fc.record(
    {
      type: fc.constant('section'),
      format: fc.constant('pcapng'),
      littleEndian: fc.boolean(),
      major: fc.constant(1),
      minor: fc.constantFrom(0, 2),
      comments: fc.array(text(), { maxLength: 2 }),
      hardware: perhaps(text()),
      os: perhaps(text()),
      application: perhaps(text()),
      options: options(),
    },
    NO_PROTOTYPE,
  );
}

/** An interface; every nanosecond can be told with its timestamp resolution. */
export function captureInterface(id = 0): fc.Arbitrary<Interface> {
  return fc.record(
    {
      type: fc.constant('interface'),
      id: fc.constant(id),
      linkType: u16(),
      snapLength: u32(),
      name: perhaps(text()),
      description: perhaps(text()),
      comments: fc.array(text(), { maxLength: 2 }),
      timestampResolution: fc.constantFrom(9, 0x80 | 30, 0x80 | 31),
      timestampOffset: fc.integer({ min: -0x1_0000_0000, max: 0 }),
      fcsLength: perhaps(fc.integer({ min: 0, max: 255 })),
      options: options(),
    },
    NO_PROTOTYPE,
  );
}

/** A packet of interface `of`, with everything a pcapng file can say about it. */
export function packet(
  of: Pick<Interface, 'id' | 'linkType'> = { id: 0, linkType: 1 },
): fc.Arbitrary<Packet> {
  return fc.record(
    {
      type: fc.constant('packet'),
      interface: fc.constant(of.id),
      linkType: fc.constant(of.linkType),
      timestamp: timestamp(),
      originalLength: u32(),
      data: data(),
      comments: fc.array(text(), { maxLength: 2 }),
      flags: perhaps(u32()),
      options: options(),
    },
    NO_PROTOTYPE,
  );
}

/** A packet without options, as pcap files hold them; `unit` nanoseconds, a power of ten, is the granularity of its time. */
export function plainPacket(linkType = 1, unit = 1000): fc.Arbitrary<Packet> {
  return packet({ id: 0, linkType }).chain((base) =>
    timestamp(unit).map((time) => ({
      ...base,
      timestamp: time,
      comments: [],
      flags: undefined,
      options: [],
    })),
  );
}

/** A packet that goes into a Simple Packet Block: no timestamp, cut at the snapshot length. */
export function simplePacket(of: Pick<Interface, 'linkType' | 'snapLength'>): fc.Arbitrary<Packet> {
  const fits = data().filter((bytes) => of.snapLength === 0 || bytes.length <= of.snapLength);
  return fits.map((bytes) => ({
    type: 'packet',
    interface: 0,
    linkType: of.linkType,
    timestamp: undefined,
    originalLength: bytes.length,
    data: bytes,
    comments: [],
    flags: undefined,
    options: [],
  }));
}

/** Names for addresses. */
export function names(): fc.Arbitrary<Names> {
  const label = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .filter((name) => !name.includes('\0'));
  const entry = fc.constantFrom([1, 4], [2, 16], [3, 6], [4, 8]).chain(
    ([type, length]): fc.Arbitrary<Name> =>
      fc.record(
        {
          type: fc.constant(type!),
          address: fc
            .uint8Array({ minLength: length!, maxLength: length! })
            .map((bytes) => Uint8Array.from(bytes)),
          names: fc.array(label, { minLength: 1, maxLength: 3 }),
        },
        NO_PROTOTYPE,
      ),
  );
  return fc.record(
    {
      type: fc.constant('names'),
      entries: fc.array(entry, { maxLength: 3 }),
      comments: fc.array(text(), { maxLength: 1 }),
      options: options(),
    },
    NO_PROTOTYPE,
  );
}

/** Counters of interface `id`. */
export function statistics(id = 0): fc.Arbitrary<Statistics> {
  return fc.record(
    {
      type: fc.constant('statistics'),
      interface: fc.constant(id),
      timestamp: timestamp(),
      startTime: perhaps(timestamp()),
      endTime: perhaps(timestamp()),
      received: perhaps(fc.maxSafeNat()),
      dropped: perhaps(fc.maxSafeNat()),
      comments: fc.array(text(), { maxLength: 1 }),
      options: options(),
    },
    NO_PROTOTYPE,
  );
}

/** A pcapng file as records: one to three sections, each with its interfaces and anything about them. */
export function capture(): fc.Arbitrary<CaptureRecord[]> {
  const unknown = fc.record(
    {
      type: fc.constant('block' as const),
      blockType: fc.integer({ min: 7, max: 0x0a0d_0d09 }),
      body: data(40).map((bytes) => bytes.slice(0, bytes.length & ~3)),
    },
    NO_PROTOTYPE,
  );
  const oneSection = fc
    .tuple(
      section(),
      fc.tuple(captureInterface(0), captureInterface(1)).map((pair): Interface[] => pair),
    )
    .chain(([first, interfaces]) => {
      const about = interfaces.flatMap((each): fc.Arbitrary<CaptureRecord>[] => [
        packet(each),
        statistics(each.id),
      ]);
      const record = fc.oneof(...about, simplePacket(interfaces[0]!), names(), unknown);
      return fc
        .array(record, { maxLength: 8 })
        .map((rest): CaptureRecord[] => [first, ...interfaces, ...rest]);
    });
  return fc.array(oneSection, { minLength: 1, maxLength: 3 }).map((sections) => sections.flat());
}
