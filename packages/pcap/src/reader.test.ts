import { isWireError, type WireError } from '@stack/skbuff';
import { describe, expect, it } from 'vitest';
import {
  type CaptureRecord,
  packets,
  packetsSync,
  Reader,
  type ReaderOptions,
  records,
  recordsSync,
} from './index.ts';

const bytesOf = (text: string): Uint8Array =>
  Uint8Array.from(text.replace(/\s/g, '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** All records before the end or the fault, and the fault. */
function readAll(
  bytes: Uint8Array,
  options?: ReaderOptions,
): { records: CaptureRecord[]; fault: WireError | undefined } {
  const found: CaptureRecord[] = [];
  try {
    for (const record of recordsSync(bytes, options)) found.push(record);
  } catch (error) {
    if (!isWireError(error)) throw error;
    return { records: found, fault: error };
  }
  return { records: found, fault: undefined };
}

const PCAP_LE = 'd4c3b2a1 0200 0400 00000000 00000000 ffff0000 01000000';
const PCAP_BE = 'a1b2c3d4 0002 0004 00000000 00000000 0000ffff 00000001';
const PACKET_LE = '01000000 02000000 03000000 40000000 aabbcc';

describe('pcap', () => {
  it.each([
    ['little-endian, microseconds', `${PCAP_LE} ${PACKET_LE}`, 2000],
    ['big-endian, microseconds', `${PCAP_BE} 00000001 00000002 00000003 00000040 aabbcc`, 2000],
    ['little-endian, nanoseconds', `4d3cb2a1 ${PCAP_LE.slice(9)} ${PACKET_LE}`, 2],
    ['big-endian, nanoseconds', `a1b23c4d ${PCAP_BE.slice(9)} 00000001 00000002 00000003 00000040 aabbcc`, 2],
    ['Kuznetzov', `34cdb2a1 ${PCAP_LE.slice(9)} ${PACKET_LE.slice(0, 36)} 02000000 0800 00 00 aabbcc`, 2000],
    [
      'version 2.2, lengths swapped',
      `d4c3b2a1 0200 0200 ${PCAP_LE.slice(19)} 01000000 02000000 40000000 03000000 aabbcc`,
      2000,
    ],
    [
      'version 2.3, lengths swapped',
      `d4c3b2a1 0200 0300 ${PCAP_LE.slice(19)} 01000000 02000000 40000000 03000000 aabbcc`,
      2000,
    ],
    ['version 2.3, lengths in order', `d4c3b2a1 0200 0300 ${PCAP_LE.slice(19)} ${PACKET_LE}`, 2000],
  ])('%s', (_, text, nanoseconds) => {
    const [packet, ...more] = packetsSync(bytesOf(text));
    expect(more).toEqual([]);
    expect(packet).toStrictEqual({
      type: 'packet',
      interface: 0,
      linkType: 1,
      timestamp: { seconds: 1, nanoseconds },
      originalLength: 64,
      data: bytesOf('aabbcc'),
      comments: [],
      flags: undefined,
      options: [],
    });
  });

  it('describes its one interface', () => {
    const { records: found } = readAll(bytesOf('4d3cb2a1 0200 0400 00000000 00000000 ffff0000 01000024'));
    expect(found).toMatchObject([
      { type: 'section', format: 'pcap', littleEndian: true, major: 2, minor: 4 },
      { type: 'interface', id: 0, linkType: 1, snapLength: 65_535, timestampResolution: 9, fcsLength: 32 },
    ]);
  });

  it('ignores an FCS length whose flag is not set', () => {
    const { records: found } = readAll(bytesOf(`${PCAP_LE.slice(0, -8)}01000030`));
    expect(found[1]).toMatchObject({ linkType: 1, fcsLength: undefined });
  });

  it('carries a million microseconds and more into the seconds', () => {
    const [packet] = packetsSync(bytesOf(`${PCAP_LE} 01000000 ffffffff 00000000 00000000`));
    expect(packet!.timestamp).toStrictEqual({ seconds: 1 + 4294, nanoseconds: 967_295_000 });
  });

  it('takes packets longer than the snapshot length', () => {
    expect([...packetsSync(bytesOf(`${PCAP_LE.slice(0, -17)} 01000000 01000000 ${PACKET_LE}`))]).toHaveLength(
      1,
    );
  });
});

/** A pcapng block: type and total length around `body`. */
function block(type: string, body: string, littleEndian = true): string {
  const size = bytesOf(body).length + 12;
  const hex = size.toString(16).padStart(8, '0');
  const length = littleEndian ? hex.match(/../g)!.reverse().join('') : hex;
  return `${type} ${length} ${body} ${length}`;
}
const SHB = block('0a0d0d0a', '4d3c2b1a 0100 0000 ffffffff ffffffff');
const SHB_BE = block('0a0d0d0a', '1a2b3c4d 0001 0000 ffffffff ffffffff', false);
const IDB = block('01000000', '0100 0000 00000000');
const EPB = block('06000000', '00000000 00000000 40420f00 03000000 40000000 aabbcc00');

describe('pcapng', () => {
  it('reads sections of different byte order, each with its own interfaces', () => {
    const idb = block(
      '00000001',
      '0065 0000 00000000 0002 0004 65746830 0009 0001 03000000 0000 0000',
      false,
    );
    const epb = block('00000006', '00000000 00000000 000003e9 00000001 00000001 ff000000', false);
    const { records: found, fault } = readAll(bytesOf(SHB + IDB + EPB + SHB_BE + idb + epb));
    expect(fault).toBeUndefined();
    expect(found.map((record) => record.type)).toEqual([
      'section',
      'interface',
      'packet',
      'section',
      'interface',
      'packet',
    ]);
    expect(found[2]).toMatchObject({
      linkType: 1,
      timestamp: { seconds: 1, nanoseconds: 0 },
      originalLength: 64,
    });
    expect(found[4]).toMatchObject({ linkType: 101, name: 'eth0', timestampResolution: 3, options: [] });
    expect(found[5]).toMatchObject({ linkType: 101, timestamp: { seconds: 1, nanoseconds: 1_000_000 } });
  });

  it('keeps comments and flags apart from other options', () => {
    const options = '0100 0200 6f6b0000 0200 0400 01000000 0400 0300 aabbcc00 0100 0400 6d6f7265 0000 0000';
    const epb = block('06000000', `00000000 00000000 00000000 01000000 01000000 ff000000 ${options}`);
    const [packet] = packetsSync(bytesOf(SHB + IDB + epb));
    expect(packet).toMatchObject({
      comments: ['ok', 'more'],
      flags: 1,
      options: [{ code: 4, value: bytesOf('aabbcc') }],
    });
  });

  it('leaves a known option of odd length among the others', () => {
    const idb = block('01000000', '0100 0000 00000000 0900 0200 03030000');
    expect(readAll(bytesOf(SHB + idb)).records[1]).toMatchObject({
      timestampResolution: 6,
      options: [{ code: 9, value: bytesOf('0303') }],
    });
  });

  it('leaves an offset that no number holds exactly among the options', () => {
    const value = 'e7ffffffffffff7f';
    const { records: found } = readAll(
      bytesOf(SHB + block('01000000', `0100 0000 00000000 0e00 0800 ${value} 0000 0000`) + EPB),
    );
    expect(found[1]).toMatchObject({ timestampOffset: 0, options: [{ code: 14, value: bytesOf(value) }] });
    expect(found[2]).toMatchObject({ timestamp: { seconds: 1, nanoseconds: 0 } });
  });

  it('adds if_tsoffset', () => {
    const idb = block('01000000', '0100 0000 00000000 0e00 0800 feffffff ffffffff 0000 0000');
    expect([...packetsSync(bytesOf(SHB + idb + EPB))][0]!.timestamp).toEqual({ seconds: -1, nanoseconds: 0 });
  });

  it('cuts a Simple Packet Block at the snapshot length', () => {
    const idb = block('01000000', '0100 0000 02000000');
    const spb = block('03000000', '09000000 aabb0000');
    expect([...packetsSync(bytesOf(SHB + idb + spb))]).toMatchObject([
      { timestamp: undefined, originalLength: 9, data: bytesOf('aabb') },
    ]);
  });

  it('reads the obsolete Packet Block', () => {
    const packet = block('02000000', '0000 0700 00000000 40420f00 03000000 40000000 aabbcc00');
    expect([...packetsSync(bytesOf(SHB + IDB + packet))]).toMatchObject([
      { timestamp: { seconds: 1, nanoseconds: 0 }, originalLength: 64, data: bytesOf('aabbcc') },
    ]);
  });

  it('reads names and statistics, hands over what it does not know', () => {
    const names = block(
      '04000000',
      '0100 0800 7f000001 6c6f6f00 0700 0200 aabb0000 0000 0000 0100 0100 78000000',
    );
    const times = '0200 0800 00000000 40420f00 0400 0800 09000000 00000000 0500 0800 01000000 00000000';
    const statistics = block('05000000', `00000000 00000000 80841e00 ${times} 0000 0000`);
    const { records: found } = readAll(
      bytesOf(SHB + IDB + names + statistics + block('ad0b0000', '01020304')),
    );
    expect(found.slice(2)).toStrictEqual([
      {
        type: 'names',
        entries: [
          { type: 1, address: bytesOf('7f000001'), names: ['loo'] },
          { type: 7, address: bytesOf('aabb'), names: [] },
        ],
        comments: ['x'],
        options: [],
      },
      {
        type: 'statistics',
        interface: 0,
        timestamp: { seconds: 2, nanoseconds: 0 },
        startTime: { seconds: 1, nanoseconds: 0 },
        endTime: undefined,
        received: 9,
        dropped: 1,
        comments: [],
        options: [],
      },
      { type: 'block', blockType: 0xbad, body: bytesOf('01020304') },
    ]);
  });
});

describe('refusals', () => {
  const pcap = (network: string): string => PCAP_LE.slice(0, -8) + network;
  const epb = (body: string): string => SHB + IDB + block('06000000', body);
  const idbs = (count: number): string => IDB.repeat(count);
  it.each<[name: string, hex: string, code: string, offset: number, records: number]>([
    ['nothing', '', 'PCAP_BAD_MAGIC', 0, 0],
    ['three bytes', 'd4c3b2', 'PCAP_BAD_MAGIC', 0, 0],
    ['text', '2320436170747572', 'PCAP_BAD_MAGIC', 0, 0],
    ['pcap major 1', 'd4c3b2a1 0100 0400 00000000 00000000 ffff0000 01000000', 'PCAP_BAD_VERSION', 4, 0],
    ['pcap minor 5', 'd4c3b2a1 0200 0500 00000000 00000000 ffff0000 01000000', 'PCAP_BAD_VERSION', 4, 0],
    ['pcap reserved link type bits', pcap('01003000'), 'PCAP_BAD_LINK_TYPE', 20, 0],
    ['pcap header cut', PCAP_LE.slice(0, 40), 'PCAP_TRUNCATED', 17, 0],
    ['pcap record header cut', `${PCAP_LE} ${PACKET_LE} 0100`, 'PCAP_TRUNCATED', 45, 3],
    ['pcap packet cut', `${PCAP_LE} 01000000 02000000 03000000 40000000 aabb`, 'PCAP_TRUNCATED', 42, 2],
    [
      'pcap packet over the limit',
      `${PCAP_LE} ${PACKET_LE} 01000000 02000000 01000400 40000000`,
      'PCAP_TOO_BIG',
      51,
      3,
    ],
    ['byte order magic', block('0a0d0d0a', '4d3c2b1b 0100 0000 ffffffff ffffffff'), 'PCAP_BAD_MAGIC', 8, 0],
    [
      'section version 2',
      block('0a0d0d0a', '4d3c2b1a 0200 0000 ffffffff ffffffff'),
      'PCAP_BAD_VERSION',
      12,
      0,
    ],
    [
      'section version 1.1',
      block('0a0d0d0a', '4d3c2b1a 0100 0100 ffffffff ffffffff'),
      'PCAP_BAD_VERSION',
      12,
      0,
    ],
    ['section too short', block('0a0d0d0a', '4d3c2b1a 0100 0000 ffffffff'), 'PCAP_BAD_LENGTH', 4, 0],
    ['block length below 12', `${SHB} 01000000 08000000 08000000`, 'PCAP_BAD_LENGTH', 32, 1],
    ['block length odd', `${SHB} 01000000 15000000 0100 0000 00000000 15000000`, 'PCAP_BAD_LENGTH', 32, 1],
    ['block over the limit', `${SHB} 01000000 04000001 00000000`, 'PCAP_TOO_BIG', 32, 1],
    [
      'block lengths differ',
      `${SHB} 01000000 14000000 0100 0000 00000000 18000000`,
      'PCAP_LENGTH_MISMATCH',
      44,
      1,
    ],
    ['block cut', SHB + IDB.slice(0, -8), 'PCAP_TRUNCATED', 44, 1],
    ['block header cut', `${SHB} 010000`, 'PCAP_TRUNCATED', 31, 1],
    ['interface too short', SHB + block('01000000', '0100 0000'), 'PCAP_BAD_LENGTH', 32, 1],
    ['packet too short', epb('00000000 00000000 40420f00 03000000'), 'PCAP_BAD_LENGTH', 52, 2],
    [
      'packet longer than its block',
      epb('00000000 00000000 00000000 05000000 40000000 aabbcc00'),
      'PCAP_BAD_LENGTH',
      68,
      2,
    ],
    [
      'packet of an unknown interface',
      epb('01000000 00000000 00000000 00000000 40000000'),
      'PCAP_BAD_INTERFACE',
      56,
      2,
    ],
    ['interface of the section before', `${SHB}${IDB}${SHB}${EPB}`, 'PCAP_BAD_INTERFACE', 84, 3],
    ['simple packet without interface', SHB + block('03000000', '00000000'), 'PCAP_BAD_INTERFACE', 36, 1],
    ['simple packet too short', SHB + IDB + block('03000000', '05000000 aabbcc00'), 'PCAP_BAD_LENGTH', 56, 2],
    [
      'option too long',
      SHB + block('01000000', '0100 0000 00000000 0200 0500 65746830'),
      'PCAP_BAD_OPTION',
      46,
      1,
    ],
    [
      'name record too long',
      SHB + block('04000000', '0100 0900 7f000001 6c6f6f00'),
      'PCAP_BAD_LENGTH',
      38,
      1,
    ],
    [
      'name record below its address',
      SHB + block('04000000', '0200 0400 7f000001'),
      'PCAP_BAD_LENGTH',
      38,
      1,
    ],
    [
      'statistics of an unknown interface',
      SHB + block('05000000', '00000000 00000000 00000000'),
      'PCAP_BAD_INTERFACE',
      36,
      1,
    ],
    ['statistics too short', SHB + IDB + block('05000000', '00000000'), 'PCAP_BAD_LENGTH', 52, 2],
    ['too many interfaces', SHB + idbs(65_537), 'PCAP_TOO_MANY_INTERFACES', 28 + 65_536 * 20 + 8, 65_537],
  ])('%s', (_, text, code, offset, count) => {
    const { records: found, fault } = readAll(bytesOf(text));
    expect([fault?.code, fault?.offset, found.length]).toEqual([code, offset, count]);
  });

  it('takes other limits', () => {
    const pcap = bytesOf(`${PCAP_LE} ${PACKET_LE}`);
    expect(readAll(pcap, { maxPacket: 3 }).fault).toBeUndefined();
    expect(readAll(pcap, { maxPacket: 2 }).fault?.code).toBe('PCAP_TOO_BIG');
    const pcapng = bytesOf(SHB + IDB);
    expect(readAll(pcapng, { maxBlock: 28 }).fault).toBeUndefined();
    expect(readAll(pcapng, { maxBlock: 24 }).fault?.code).toBe('PCAP_TOO_BIG');
  });

  it('repeats its fault', () => {
    const reader = new Reader();
    reader.push(bytesOf(`${SHB} 01000000 08000000 08000000`));
    expect(reader.next()).toBeDefined();
    expect(() => reader.next()).toThrow('PCAP_BAD_LENGTH');
    reader.push(bytesOf(IDB));
    expect(() => reader.next()).toThrow('PCAP_BAD_LENGTH');
    expect(() => reader.end()).toThrow('PCAP_BAD_LENGTH');
  });

  it('takes nothing after its end', () => {
    const reader = new Reader();
    reader.push(bytesOf(SHB.slice(0, 30)));
    expect(reader.next()).toBeUndefined();
    expect(() => reader.end()).toThrow('PCAP_TRUNCATED');
    reader.push(bytesOf(SHB.slice(30)));
    expect(() => reader.next()).toThrow('PCAP_TRUNCATED');
  });
});

describe('sources', () => {
  const file = bytesOf(SHB + IDB + EPB + EPB);
  async function* chunks(size: number): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < file.length; at += size) yield file.subarray(at, at + size);
  }

  it('gives the same whatever the chunks', async () => {
    const want = [...recordsSync(file)];
    expect(want).toHaveLength(4);
    for (const size of [1, 7, 64, 1000]) {
      const found: CaptureRecord[] = [];
      for await (const record of records(chunks(size))) found.push(record);
      expect(found).toStrictEqual(want);
    }
  });

  it('gives packets before the fault, then throws', async () => {
    const found: number[] = [];
    const run = async (): Promise<void> => {
      for await (const packet of packets([file.subarray(0, -1)])) found.push(packet.data.length);
    };
    await expect(run()).rejects.toMatchObject({ code: 'PCAP_TRUNCATED', offset: file.length - 1 });
    expect(found).toEqual([3]);
  });

  it('copies what it keeps: the chunk may be used again', () => {
    const reader = new Reader();
    const chunk = file.slice();
    reader.push(chunk);
    chunk.fill(0xa5);
    for (let i = 0; i < 3; i++) expect(reader.next()).toBeDefined();
    expect(reader.next()).toMatchObject({ data: bytesOf('aabbcc') });
  });
});

describe('a source that is no bytes', () => {
  const message = 'pcap: pass bytes (Uint8Array) or pieces of them';
  it.each<[string, unknown]>([
    ['a path', '/tmp/trace.pcap'],
    ['undefined', undefined],
    ['null', null],
    ['an ArrayBuffer', new ArrayBuffer(24)],
    ['a DataView', new DataView(new ArrayBuffer(24))],
    ['words', new Uint16Array(12)],
    ['numbers', [0xd4, 0xc3]],
    ['pieces that are paths', ['/tmp/trace.pcap']],
    ['a promise', Promise.resolve(new Uint8Array(24))],
  ])('is refused: %s', async (_, source) => {
    expect(() => [...packetsSync(source as never)]).toThrow(new TypeError(message));
    expect(() => [...recordsSync(source as never)]).toThrow(new TypeError(message));
    for (const read of [packets, records]) {
      const all = async (): Promise<void> => {
        for await (const one of read(source as never)) expect(one).toBeUndefined();
      };
      await expect(all()).rejects.toThrow(new TypeError(message));
    }
  });

  it('is refused by the reader, too', () => {
    expect(() => new Reader().push('abc' as never)).toThrow(new TypeError(message));
  });
});
