import { hex, toHex } from '@stack/testkit';
import { describe, expect, it } from 'vitest';
import * as tcp from './index.ts';

const { ACK, AE, CWR, ECE, FIN, PSH, RST, SYN, URG } = tcp;

/** A header with timestamps, at an odd place in dirty bytes; `change` is encoded. */
const AT = 3;
function header(change: Partial<tcp.Header> = {}): DataView {
  const bytes = new Uint8Array(AT + 40).fill(0xa5);
  const plain = {
    source: 80,
    dest: 40_000,
    seq: 0xffff_ff00,
    ackSeq: 7,
    doff: 8,
    res1: 0,
    flags: ACK,
    window: 500,
    check: 0x1234,
    urgPtr: 0,
    options: options(1),
  };
  tcp.encode({ ...plain, ...change }, bytes, AT);
  return new DataView(bytes.buffer);
}

function options(tsecr: number): tcp.Option[] {
  return [
    { kind: tcp.TCPOPT_NOP },
    { kind: tcp.TCPOPT_NOP },
    { kind: tcp.TCPOPT_TIMESTAMP, tsval: 9, tsecr },
  ];
}

const mss: tcp.Option[] = [{ kind: tcp.TCPOPT_MSS, mss: 9 }];

it('groSame compares ports', () => {
  const same = (change: Partial<tcp.Header>): boolean => tcp.groSame(header(), AT, header(change), AT);
  expect([same({ seq: 5 }), same({ source: 81 }), same({ dest: 40_001 })]).toEqual([true, false, false]);
});

describe('groStarts', () => {
  it.each<[string, Partial<tcp.Header>, number, boolean]>([
    ['with data', {}, 1, true],
    ['without', {}, 0, false],
    ...[ECE, AE, CWR, 0].map((bit): [string, Partial<tcp.Header>, number, boolean] => [
      tcp.formatFlags(bit),
      { flags: ACK | bit },
      9,
      true,
    ]),
    ...[FIN, SYN, RST, PSH, URG].map((bit): [string, Partial<tcp.Header>, number, boolean] => [
      tcp.formatFlags(bit),
      { flags: ACK | bit },
      9,
      false,
    ]),
    ['with a checksum of 0', { check: 0 }, 9, false],
  ])('%s', (_name, change, payload, expected) => {
    expect(tcp.groStarts(header(change), AT, payload)).toBe(expected);
  });
});

describe('groFollows', () => {
  const next = { seq: 0x100 }; // 512 bytes on
  it.each<[string, Partial<tcp.Header>, number, boolean]>([
    ['the next one', next, 256, true],
    ['a shorter one', next, 1, true],
    ['an empty one', next, 0, false],
    ['a longer one', next, 257, false],
    ['one too early', { seq: 0xff }, 256, false],
    ['one too late', { seq: 0x101 }, 256, false],
    ['PSH', { ...next, flags: ACK | PSH }, 256, true],
    ['FIN', { ...next, flags: ACK | FIN }, 256, true],
    ...[SYN, RST, URG, ECE, CWR, AE, ACK].map((bit): [string, Partial<tcp.Header>, number, boolean] => [
      `${tcp.formatFlags(bit)} in one of them`,
      { ...next, flags: ACK ^ bit },
      256,
      false,
    ]),
    ['another ACK', { ...next, ackSeq: 8 }, 256, false],
    ['another window', { ...next, window: 501 }, 256, false],
    ['another urgent pointer', { ...next, urgPtr: 1 }, 256, false],
    ['other reserved bits', { ...next, res1: 1 }, 256, false],
    ['other timestamps', { ...next, options: options(2) }, 256, false],
    [
      'the same timestamps after SACK-permitted',
      { ...next, options: [{ kind: tcp.TCPOPT_SACK_PERM }, ...options(1).slice(2)] },
      256,
      false,
    ],
    ['other options', { ...next, doff: 6, options: mss }, 256, false],
    ['more options', { ...next, doff: 9, options: [...options(1), ...mss] }, 256, false],
    ['another checksum', { ...next, check: 1 }, 256, true],
    ['a checksum of 0', { ...next, check: 0 }, 256, false],
  ])('%s', (_name, change, payload, expected) => {
    expect(tcp.groFollows(header(), AT, 512, 256, header(change), AT, payload)).toBe(expected);
  });
});

it('groEnds at a shorter segment, or one that says so', () => {
  const ends = (flags: number, payload: number): boolean => tcp.groEnds(header({ flags }), AT, payload, 100);
  expect([ends(ACK, 100), ends(ACK, 99), ends(ACK | ECE, 100)]).toEqual([false, true, false]);
  expect([FIN, SYN, RST, PSH, URG].map((bit) => ends(ACK | bit, 100))).toEqual(new Array(5).fill(true));
});

it('groMerge takes over FIN and PSH, and nothing else', () => {
  const view = header({ flags: ACK | ECE });
  tcp.groMerge(view, AT, ACK | FIN | PSH | SYN | CWR);
  expect(toHex(new Uint8Array(view.buffer))).toBe(
    toHex(new Uint8Array(header({ flags: ACK | ECE | FIN | PSH }).buffer)),
  );
  tcp.groMerge(view, AT, ACK);
  expect(tcp.flags(view, AT)).toBe(ACK | ECE | FIN | PSH);
});

it('groComplete leaves the sum where CHECKSUM_PARTIAL has it', () => {
  const bytes = hex`0050 9c40 00000001 00000002 5010 01f4 aaaa 0000`;
  tcp.groComplete(new DataView(bytes.buffer), 0, 0xbeef);
  expect(toHex(bytes)).toBe(toHex(hex`0050 9c40 00000001 00000002 5010 01f4 beef 0000`));
});
