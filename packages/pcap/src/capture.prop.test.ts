import { isWireError } from '@stack/skbuff';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CaptureRecord, PcapngWriter, PcapWriter, packetsSync, Reader, recordsSync } from './index.ts';
import { capture, plainPacket } from './testing.ts';

const join = (parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

/** A pcapng file of these records, of which the first is a section. */
function write(records: readonly CaptureRecord[]): Uint8Array {
  const writer = new PcapngWriter();
  return join(records.map((record) => writer.write(record)));
}

/** `bytes` cut in chunks of the given sizes, in turn. */
function* cut(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}
const chunkSizes = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 5 });

describe('a capture', () => {
  it('is read back as it was written, pcapng, in any chunks', () => {
    fc.assert(
      fc.property(capture(), chunkSizes, (records, sizes) => {
        expect([...recordsSync(cut(write(records), sizes))]).toStrictEqual(records);
      }),
    );
  });

  it('is read back as it was written, pcap, in any chunks', () => {
    const variant = fc.record({
      littleEndian: fc.boolean(),
      resolution: fc.constantFrom('us' as const, 'ns' as const),
    });
    fc.assert(
      fc.property(
        variant.chain((options) =>
          fc.tuple(fc.constant(options), fc.array(plainPacket(113, options.resolution === 'us' ? 1000 : 1))),
        ),
        chunkSizes,
        ([options, packets], sizes) => {
          const writer = new PcapWriter({ linkType: 113, ...options });
          const bytes = join([writer.header(), ...packets.map((packet) => writer.write(packet))]);
          expect([...packetsSync(cut(bytes, sizes))]).toStrictEqual(packets);
        },
      ),
    );
  });

  it('cut anywhere gives its first records and PCAP_TRUNCATED', () => {
    fc.assert(
      fc.property(capture(), fc.nat(), (records, seed) => {
        const bytes = write(records);
        const length = seed % bytes.length;
        const found: CaptureRecord[] = [];
        const reader = new Reader();
        reader.push(bytes.subarray(0, length));
        for (let record = reader.next(); record !== undefined; record = reader.next()) found.push(record);
        expect(found).toStrictEqual(records.slice(0, found.length));
        const rest = length - write(records.slice(0, found.length)).length;
        if (rest === 0 && length > 0) reader.end();
        else expect(() => reader.end()).toThrow(length < 4 ? 'PCAP_BAD_MAGIC' : 'PCAP_TRUNCATED');
      }),
    );
  });

  it('of any bytes gives records or a WireError, nothing else', () => {
    const writer = new PcapWriter({ linkType: 1 });
    const pcap = fc
      .array(plainPacket())
      .map((list) => join([writer.header(), ...list.map((packet) => writer.write(packet))]));
    const start = fc.constantFrom([], [0x0a, 0x0d, 0x0d, 0x0a], [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0]);
    const noise = fc
      .tuple(start, fc.uint8Array({ maxLength: 300 }))
      .map(([head, tail]) => Uint8Array.from([...head, ...tail]));
    const patches = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 8 });
    fc.assert(
      fc.property(fc.oneof(noise, pcap, capture().map(write)), patches, (bytes, changes) => {
        for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
        try {
          for (const record of recordsSync(bytes)) expect(record).toHaveProperty('type');
        } catch (error) {
          if (!isWireError(error)) throw error;
          expect(error.offset).toBeLessThanOrEqual(bytes.length);
          expect(error.code).toMatch(/^PCAP_[A-Z_]+$/);
        }
      }),
    );
  });
});
