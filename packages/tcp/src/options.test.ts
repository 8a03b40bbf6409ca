import { viewOf } from '@stack/skbuff';
import { hex } from '@stack/testkit';
import { describe, expect, it } from 'vitest';
import * as tcp from './index.ts';

/** A header whose options are these bytes, up to a multiple of four. */
function withOptions(text: string): Uint8Array {
  const bytes = hex(text);
  const doff = (20 + bytes.length) / 4;
  return hex`0050 0050 00000000 00000000 ${(doff << 4).toString(16).padStart(2, '0')}10 ffff 0000 0000 ${bytes}`;
}

const NOP: tcp.Nop = { kind: tcp.TCPOPT_NOP };

const raw = (code: number, text: string): tcp.Raw => ({ kind: tcp.TCPOPT_RAW, code, data: hex(text) });

const malformed = (text: string): tcp.Malformed => ({ kind: tcp.TCPOPT_MALFORMED, data: hex(text) });

describe.each<[name: string, bytes: string, options: tcp.Option[]]>([
  // Formats that no capture at hand shows, from the figures of their RFCs.
  ['fast open, cookie request (RFC 7413 §4.1.1)', '2202 0101', [{ kind: 34, cookie: hex`` }, NOP, NOP]],
  [
    'fast open with a cookie (RFC 7413 §4.1.1)',
    '220a 3021b9d889017eeb 0101',
    [{ kind: 34, cookie: hex`3021b9d889017eeb` }, NOP, NOP],
  ],
  ['user timeout, 30 minutes (RFC 5482 §3)', '1c04 801e', [{ kind: 28, granularity: 1, timeout: 30 }]],
  ['user timeout, 32767 seconds', '1c04 7fff', [{ kind: 28, granularity: 0, timeout: 0x7fff }]],
  [
    'AccECN0 with three counters (RFC 9768 §3.2.3)',
    'ac0b 000001 000002 fffffe 01',
    [{ kind: 172, counters: [1, 2, 0xfffffe] }, NOP],
  ],
  ['AccECN1 with two counters', 'ae08 000001 800002', [{ kind: 174, counters: [1, 0x800002] }]],
  ['AccECN1 with one counter', 'ae05 0a0b0c 010101', [{ kind: 174, counters: [0x0a0b0c] }, NOP, NOP, NOP]],
  ['AccECN0 without a counter', 'ac02 0101', [{ kind: 172, counters: [] }, NOP, NOP]],
  ['TCP-AO without a MAC', '1d04 0102', [{ kind: 29, keyId: 1, rNextKeyId: 2, mac: hex`` }]],
  [
    'the other experimental kind',
    'fd06 f989 0102 0101',
    [{ kind: 253, exid: 0xf989, data: hex`0102` }, NOP, NOP],
  ],
  [
    'four SACK blocks',
    `0101 0522 00000001 00000002 00000003 00000004 00000005 00000006 00000007 ffffffff`,
    [
      NOP,
      NOP,
      {
        kind: 5,
        blocks: [
          { startSeq: 1, endSeq: 2 },
          { startSeq: 3, endSeq: 4 },
          { startSeq: 5, endSeq: 6 },
          { startSeq: 7, endSeq: 0xffffffff },
        ],
      },
    ],
  ],
  ['End of List and zeros (RFC 9293 §3.1)', '01 000000', [NOP, { kind: 0, padding: hex`0000` }]],

  // Hostile bytes. A known kind whose length is not its own stays raw.
  ['no End of List', '0101 0101', [NOP, NOP, NOP, NOP]],
  ['an unknown kind', '4d06 deadbeef 0101', [raw(77, 'deadbeef'), NOP, NOP]],
  ['MSS 0', '0204 0000', [{ kind: 2, mss: 0 }]],
  ['MSS 1', '0204 0001', [{ kind: 2, mss: 1 }]],
  ['MSS of 5 bytes', '0205 05b400 010101', [raw(2, '05b400'), NOP, NOP, NOP]],
  ['window scale 255', '0303 ff 01', [{ kind: 3, wscale: 255 }, NOP]],
  ['window scale without a shift', '0302 0101', [raw(3, ''), NOP, NOP]],
  ['SACK-permitted of 4 bytes', '0404 0000', [raw(4, '0000')]],
  ['SACK without a block', '0502 0101', [raw(5, ''), NOP, NOP]],
  [
    'SACK of a block and a half',
    '050e 00000001 00000002 00000003 0101',
    [raw(5, '000000010000000200000003'), NOP, NOP],
  ],
  [
    'SACK whose block ends before it starts',
    '0101 050a 00000009 00000001',
    [NOP, NOP, { kind: 5, blocks: [{ startSeq: 9, endSeq: 1 }] }],
  ],
  [
    'timestamps twice',
    '0101 080a 00000001 00000002 0101 080a 00000003 00000004',
    [NOP, NOP, { kind: 8, tsval: 1, tsecr: 2 }, NOP, NOP, { kind: 8, tsval: 3, tsecr: 4 }],
  ],
  [
    'timestamps of 8 bytes behind two NOPs',
    '0101 0808 00000001 0002 0101',
    [NOP, NOP, raw(8, '000000010002'), NOP, NOP],
  ],
  ['timestamps of 8 bytes', '0808 00000001 0002', [raw(8, '000000010002')]],
  ['MD5 of 4 bytes', '1304 0000', [raw(19, '0000')]],
  ['TCP-AO of 3 bytes', '1d03 00 01', [raw(29, '00'), NOP]],
  ['user timeout of 3 bytes', '1c03 00 01', [raw(28, '00'), NOP]],
  ['fast open cookie of 2 bytes', '2204 0102', [raw(34, '0102')]],
  ['fast open cookie of 5 bytes', '2207 0102030405 01', [raw(34, '0102030405'), NOP]],
  [
    'fast open cookie of 18 bytes',
    '2214 000102030405060708090a0b0c0d0e0f1011',
    [raw(34, '000102030405060708090a0b0c0d0e0f1011')],
  ],
  ['AccECN of 4 bytes', 'ac04 0000', [raw(172, '0000')]],
  [
    'AccECN with four counters',
    'ae0e 000000 000000 000000 000000 0101',
    [raw(174, '000000000000000000000000'), NOP, NOP],
  ],
  ['an experiment without an ExID', 'fe03 f9 01', [raw(254, 'f9'), NOP]],

  // From the first malformed option on, nothing is an option.
  ['length 0', '01 0200 05b4 010101', [NOP, malformed('020005b4010101')]],
  ['length 1', '0101 0301', [NOP, NOP, malformed('0301')]],
  ['length beyond the header', '01 0404 02', [NOP, malformed('040402')]],
  ['length 255', '08ff 0102', [malformed('08ff0102')]],
  ['a kind without a length', '0101 0102', [NOP, NOP, NOP, malformed('02')]],
  ['options behind End of List', '00 0204 05', [{ kind: 0, padding: hex`020405` }]],
])('%s', (_, text, options) => {
  const bytes = withOptions(text);

  it('is read', () => {
    expect(tcp.decode(bytes).options).toStrictEqual(options);
  });

  it('is written back byte for byte', () => {
    expect([...tcp.encode(tcp.decode(bytes))]).toEqual([...bytes]);
  });

  it('says the kinds and lengths that stand on the wire', () => {
    let at = 20;
    for (const option of tcp.decode(bytes).options) {
      expect(tcp.wireKind(option)).toBe(viewOf(bytes).getUint8(at));
      at += tcp.optionLength(option);
    }
    expect(at).toBe(bytes.length);
  });
});

describe('fastOpenCookie', () => {
  it.each<[tcp.Option, Uint8Array | undefined]>([
    [{ kind: tcp.TCPOPT_FASTOPEN, cookie: hex`01020304` }, hex`01020304`],
    [{ kind: tcp.TCPOPT_EXP, exid: 0xf989, data: hex`01020304` }, hex`01020304`],
    [{ kind: tcp.TCPOPT_EXP, exid: 0xf989, data: hex`` }, hex``],
    [{ kind: tcp.TCPOPT_EXP, exid: 0xf989, data: hex`010203` }, undefined],
    [{ kind: tcp.TCPOPT_EXP, exid: 0xf98a, data: hex`01020304` }, undefined],
    [{ kind: tcp.TCPOPT_EXP1, exid: 0xf989, data: hex`01020304` }, undefined],
    [{ kind: tcp.TCPOPT_NOP }, undefined],
  ])('%o', (option, cookie) => {
    expect(tcp.fastOpenCookie(option)).toEqual(cookie);
  });
});

describe('accEcnCounters', () => {
  it('names the counters of either order, and leaves out what the option does', () => {
    expect(tcp.accEcnCounters({ kind: 172, counters: [1, 2, 3] })).toEqual({ ee0b: 1, eceb: 2, ee1b: 3 });
    expect(tcp.accEcnCounters({ kind: 174, counters: [1, 2, 3] })).toEqual({ ee0b: 3, eceb: 2, ee1b: 1 });
    expect(tcp.accEcnCounters({ kind: 172, counters: [1] })).toEqual({ ee0b: 1 });
    expect(tcp.accEcnCounters({ kind: 174, counters: [] })).toEqual({});
  });
});

describe('wireKind', () => {
  it('is undefined where there is no byte', () => {
    expect(tcp.wireKind({ kind: tcp.TCPOPT_MALFORMED, data: hex`` })).toBeUndefined();
  });
});

describe('encode refuses an option', () => {
  const plain = tcp.decode(hex('0050 0050 00000000 00000000 5010 ffff 0000 0000'));

  it.each<[field: string, option: tcp.Option]>([
    ['mss', { kind: tcp.TCPOPT_MSS, mss: 0x1_0000 }],
    ['wscale', { kind: tcp.TCPOPT_WINDOW, wscale: 256 }],
    ['tsval', { kind: tcp.TCPOPT_TIMESTAMP, tsval: -1, tsecr: 0 }],
    ['tsecr', { kind: tcp.TCPOPT_TIMESTAMP, tsval: 0, tsecr: 2 ** 32 }],
    ['startSeq', { kind: tcp.TCPOPT_SACK, blocks: [{ startSeq: -1, endSeq: 0 }] }],
    ['endSeq', { kind: tcp.TCPOPT_SACK, blocks: [{ startSeq: 0, endSeq: 0.5 }] }],
    ['granularity', { kind: tcp.TCPOPT_UTO, granularity: 2, timeout: 0 }],
    ['timeout', { kind: tcp.TCPOPT_UTO, granularity: 0, timeout: 0x8000 }],
    ['keyId', { kind: tcp.TCPOPT_AO, keyId: 256, rNextKeyId: 0, mac: hex`` }],
    ['rNextKeyId', { kind: tcp.TCPOPT_AO, keyId: 0, rNextKeyId: 256, mac: hex`` }],
    ['counters', { kind: tcp.TCPOPT_ACCECN0, counters: [0, 0x100_0000] }],
    ['exid', { kind: tcp.TCPOPT_EXP, exid: 0x1_0000, data: hex`` }],
    ['code', { kind: tcp.TCPOPT_RAW, code: 256, data: hex`` }],
    ['kind', { kind: 77, data: hex`` } as unknown as tcp.Option],
  ])('whose %s is out of range', (field, option) => {
    const into = new Uint8Array(60).fill(0xa5);
    const wrong = { ...plain, options: [{ kind: tcp.TCPOPT_NOP } as const, option] };
    expect(() => tcp.encode(wrong, into)).toThrow(RangeError);
    expect(() => tcp.encode(wrong, into)).toThrow(field);
    expect(into.every((byte) => byte === 0xa5)).toBe(true);
  });
});
