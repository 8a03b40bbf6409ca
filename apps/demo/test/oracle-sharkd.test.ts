/** sharkd reads captures as tshark does: the same packets, the same values, the same verdict on the file. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LINKTYPE, PcapWriter } from '@stack/pcap';
import { afterAll, describe, expect, it } from 'vitest';
import { FIELDS } from '../src/oracle.ts';
import { canonical } from '../src/oracle-expectation.ts';
import { sharkdReader } from '../src/oracle-sharkd.ts';
import { type Row, tsharkReader, tsharkVersion, valuesOf } from '../src/oracle-tshark.ts';
import { icmpCapture, udpCapture } from './generated.ts';
import { folder } from './support.ts';

const files = folder();
const tshark = await tsharkVersion();
const sharkd = tshark === undefined ? undefined : await sharkdReader(FIELDS);
afterAll(() => sharkd?.close());
if (sharkd === undefined) console.log('skipped: no tshark, or no sharkd');

/** A capture of one packet of raw IP. */
function capture(data: Uint8Array): Uint8Array {
  const writer = new PcapWriter({ linkType: LINKTYPE.RAW });
  return Buffer.concat([writer.header(), writer.write({ data, timestamp: { seconds: 1, nanoseconds: 0 } })]);
}

/** An IPv4 header (RFC 791 §3.1), and what it carries. */
function ipv4Packet(protocol: number, payload: Uint8Array): Uint8Array {
  const header = Uint8Array.of(
    0x45,
    0,
    0,
    20 + payload.length,
    0,
    7,
    0,
    0,
    64,
    protocol,
    0,
    0,
    10,
    0,
    0,
    1,
    10,
    0,
    0,
    2,
  );
  return Buffer.concat([header, payload]);
}

/** An IPv6 header (RFC 8200 §3), and what it carries. */
function ipv6Packet(next: number, payload: Uint8Array): Uint8Array {
  const header = new Uint8Array(40).fill(1, 8);
  header.set([0x60, 0, 0, 0, 0, payload.length, next, 64]);
  return Buffer.concat([header, payload]);
}

const udp = udpCapture(3, 300);
const CAPTURES: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  ['UDP', udp],
  ['ICMP', icmpCapture(3, 300)],
  ['a capture that is cut short', udp.subarray(0, 5000)],
  ['a capture that is damaged', Buffer.concat([udp, new Uint8Array(40).fill(0xff)])],
  ['a capture without packets', udp.subarray(0, 24)],
  ['a capture cut in its header', udp.subarray(0, 12)],
  ['an empty file', new Uint8Array()],
  ['IPv4 in IPv4', capture(ipv4Packet(4, ipv4Packet(59, Uint8Array.of(1, 2, 3))))],
  ['IPv6 in IPv4', capture(ipv4Packet(41, ipv6Packet(59, new Uint8Array())))],
];

/** A row as it is compared: values in their canonical form, of a complaint that it is there. */
function comparable(row: Row): [string, string][] {
  return FIELDS.map((field) => {
    const values = valuesOf(row, field);
    if (field.startsWith('_ws.')) return [field, values.length > 0 ? 'yes' : 'no'];
    return [field, values.map(canonical).join()];
  });
}

describe.skipIf(sharkd === undefined)('sharkd', () => {
  const read = async (file: string) => {
    const readings = [await sharkd!.read(file), await tsharkReader(FIELDS).read(file)];
    return readings.map(({ rows, isWhole }) => ({ rows: rows.map(comparable), isWhole }));
  };

  it.each(CAPTURES)('reads %s as tshark does', async (name, bytes) => {
    const file = join(files, name);
    writeFileSync(file, bytes);
    const [ours, theirs] = await read(file);
    expect(ours).toEqual(theirs);
  });

  it('reads nothing of a file that is not there', async () => {
    const [ours, theirs] = await read(join(files, 'missing'));
    expect(ours).toEqual({ rows: [], isWhole: false });
    expect(theirs).toEqual(ours);
  });
});
