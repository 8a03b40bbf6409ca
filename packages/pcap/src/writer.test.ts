import { describe, expect, it } from 'vitest';
import { fromMicroseconds, PcapngWriter, PcapWriter, packetsSync, recordsSync } from './index.ts';

const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const data = Uint8Array.of(0xaa, 0xbb, 0xcc);

describe('PcapWriter', () => {
  it('writes the layout of draft-ietf-opsawg-pcap', () => {
    const writer = new PcapWriter({ linkType: 1, fcsLength: 32 });
    expect(hexOf(writer.header())).toBe('d4c3b2a102000400000000000000000000000400' + '01000024');
    const packet = writer.write({ data, timestamp: { seconds: 1, nanoseconds: 2999 }, originalLength: 64 });
    expect(hexOf(packet)).toBe('01000000' + '02000000' + '03000000' + '40000000' + 'aabbcc');
  });

  it('writes big-endian nanoseconds', () => {
    const writer = new PcapWriter({
      linkType: 0xffff,
      littleEndian: false,
      resolution: 'ns',
      snapLength: 96,
    });
    expect(hexOf(writer.header())).toBe('a1b23c4d000200040000000000000000000000600000ffff');
    expect(hexOf(writer.write({ data, timestamp: { seconds: 1, nanoseconds: 2999 } }).slice(0, 8))).toBe(
      '0000000100000bb7',
    );
  });

  it.each([
    ['a link type above u16', () => new PcapWriter({ linkType: 0x1_0000 })],
    ['an FCS of half a word', () => new PcapWriter({ linkType: 1, fcsLength: 8 })],
    ['a snapshot length below 0', () => new PcapWriter({ linkType: 1, snapLength: -1 })],
    ['another link type', () => new PcapWriter({ linkType: 1 }).write({ data, linkType: 101 })],
    [
      'a time before 1970',
      () => new PcapWriter({ linkType: 1 }).write({ data, timestamp: { seconds: -1, nanoseconds: 0 } }),
    ],
    [
      'a second of nanoseconds',
      () => new PcapWriter({ linkType: 1 }).write({ data, timestamp: { seconds: 0, nanoseconds: 1e9 } }),
    ],
    ['a length of half a byte', () => new PcapWriter({ linkType: 1 }).write({ data, originalLength: 0.5 })],
  ])('refuses %s', (_, run) => {
    expect(run).toThrow(RangeError);
  });
});

describe('PcapngWriter', () => {
  const ethernet = { linkType: 1 };
  it('starts with a section and its interfaces', () => {
    const writer = new PcapngWriter({
      section: { application: 'x' },
      interfaces: [{ linkType: 1, name: 'eth0' }],
    });
    const section =
      '0a0d0d0a 28000000 4d3c2b1a 0100 0000 ffffffffffffffff 0400 0100 78000000 0000 0000 28000000';
    const eth0 =
      '01000000 28000000 0100 0000 00000000 0200 0400 65746830 0900 0100 09000000 0000 0000 28000000';
    expect(hexOf(writer.header())).toBe((section + eth0).replaceAll(' ', ''));
  });

  it('keeps nanoseconds', () => {
    const writer = new PcapngWriter({ interfaces: [ethernet] });
    const timestamp = { seconds: 1_700_000_000, nanoseconds: 999_999_999 };
    const parts = [writer.header(), writer.write({ data, timestamp })];
    expect([...packetsSync(parts)][0]!.timestamp).toEqual(timestamp);
    expect([...recordsSync(parts)][1]).toMatchObject({ timestampResolution: 9 });
  });

  it('cuts a time to the resolution of its interface', () => {
    const writer = new PcapngWriter({ interfaces: [{ linkType: 1, timestampResolution: 6 }] });
    const parts = [writer.header(), writer.write({ data, timestamp: { seconds: 1, nanoseconds: 2999 } })];
    expect([...packetsSync(parts)][0]!.timestamp).toEqual({ seconds: 1, nanoseconds: 2000 });
  });

  it('numbers interfaces anew in a later section', () => {
    const writer = new PcapngWriter({ interfaces: [ethernet] });
    const parts = [writer.header(), writer.write({ type: 'section', littleEndian: false })];
    expect(() => writer.write({ data })).toThrow(RangeError);
    parts.push(writer.write({ type: 'interface', linkType: 101 }), writer.write({ data }));
    expect([...recordsSync(parts)].at(-1)).toMatchObject({
      type: 'packet',
      interface: 0,
      linkType: 101,
      timestamp: undefined,
    });
  });

  const writer = (): PcapngWriter => {
    const made = new PcapngWriter({ interfaces: [{ linkType: 1, snapLength: 4 }] });
    made.header();
    return made;
  };
  const time = { seconds: 0, nanoseconds: 0 };
  it.each([
    ['an unknown interface', () => writer().write({ data, interface: 1, timestamp: time })],
    ['a time before the offset', () => writer().write({ data, timestamp: { seconds: -1, nanoseconds: 0 } })],
    ['a time past 64 bits', () => writer().write({ data, timestamp: { seconds: 2 ** 45, nanoseconds: 0 } })],
    ['flags above u32', () => writer().write({ data, timestamp: time, flags: 2 ** 32 })],
    ['option 0', () => writer().write({ data, timestamp: time, options: [{ code: 0, value: data }] })],
    ['a long comment', () => writer().write({ data, timestamp: time, comments: ['x'.repeat(0x1_0000)] })],
    [
      'a block it has a record for',
      () => writer().write({ type: 'block', blockType: 6, body: new Uint8Array(4) }),
    ],
    ['a block body of three bytes', () => writer().write({ type: 'block', blockType: 99, body: data })],
    ['a link type above u16', () => writer().write({ type: 'interface', linkType: 0x1_0000 })],
    [
      'a short address',
      () =>
        writer().write({
          type: 'names',
          entries: [{ type: 2, address: data, names: [] }],
          comments: [],
          options: [],
        }),
    ],
  ])('refuses %s', (_, run) => {
    expect(run).toThrow(RangeError);
  });

  it.each([
    ['packet', () => writer().write({ data: 'abc' as never })],
    ['packet of a pcap file', () => new PcapWriter({ linkType: 1 }).write({ data: [1, 2] as never })],
    ['packet without any', () => new PcapWriter({ linkType: 1 }).write({} as never)],
    ['packet of words', () => writer().write({ data: new Uint16Array(2) as never, timestamp: time })],
    ['option', () => writer().write({ data, options: [{ code: 200, value: 'abc' as never }] })],
    ['block', () => writer().write({ type: 'block', blockType: 99, body: 'abcd' as never })],
    [
      'name',
      () =>
        writer().write({
          type: 'names',
          entries: [{ type: 9, address: 'ab' as never, names: [] }],
          comments: [],
          options: [],
        }),
    ],
  ])('takes nothing but bytes for those of a %s', (_, run) => {
    expect(run).toThrow(TypeError);
  });
});

describe('fromMicroseconds', () => {
  it.each([
    [0, 0, 0],
    [1, 0, 1000],
    [1_700_000_000_123_456, 1_700_000_000, 123_456_000],
    [-1, -1, 999_999_000],
    [9_007_199_253_999_999, 9_007_199_253, 999_999_000],
  ])('%i', (us, seconds, nanoseconds) => {
    expect(fromMicroseconds(us)).toStrictEqual({ seconds, nanoseconds });
  });

  it.each([0.5, Number.NaN, 2 ** 53])('refuses %d', (us) => {
    expect(() => fromMicroseconds(us)).toThrow(RangeError);
  });
});
