import { viewOf } from '@stack/skbuff';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { check, decode, encode, kindOf } from './codec.ts';
import { type Descriptor, HLEN, type Kind } from './descriptor.ts';
import { format } from './format.ts';
import { descriptor } from './testing.ts';

function hex(text: TemplateStringsArray): Uint8Array {
  const digits = text.join('').replaceAll(' ', '').match(/../g) ?? [];
  return Uint8Array.from(digits, (pair) => Number.parseInt(pair, 16));
}

const KINDS: readonly Kind[] = ['tx-legacy', 'rx-legacy', 'tx-context', 'tx-data'];

// Grouped by field, lowest address first, each field little-endian (8254x manual, 3.2.3 and 3.3.3 to 3.3.7).
const ROWS: readonly [string, Uint8Array, Descriptor, string][] = [
  [
    'legacy transmit: an ACK of 60 bytes, done',
    hex`42000000 01000000 3c00 00 0b 01 00 0000`,
    {
      kind: 'tx-legacy',
      addressLow: 0x42,
      addressHigh: 1,
      length: 60,
      cso: 0,
      cmd: 0x0b,
      sta: 1,
      rsv: 0,
      css: 0,
      special: 0,
    },
    'tx-legacy 00000001:00000042 len 60 [EOP|IFCS|RS] DD',
  ],
  [
    'legacy transmit: checksum and tag',
    hex`ffffffff feffffff ea05 32 47 a0 22 64a0`,
    {
      kind: 'tx-legacy',
      addressLow: 0xffff_ffff,
      addressHigh: 0xffff_fffe,
      length: 1514,
      cso: 50,
      cmd: 0x47,
      sta: 0,
      rsv: 0xa,
      css: 34,
      special: 0xa064,
    },
    'tx-legacy fffffffe:ffffffff len 1514 [EOP|IFCS|IC|VLE] sum 34+50 tag 0xa064',
  ],
  [
    'receive: one frame, sum, tag stripped',
    hex`00080000 02000000 3c00 34 12 0b 00 6400`,
    {
      kind: 'rx-legacy',
      addressLow: 0x800,
      addressHigh: 2,
      length: 60,
      checksum: 0x1234,
      status: 0x0b,
      errors: 0,
      special: 100,
    },
    'rx-legacy 00000002:00000800 len 60 sum 0x1234 [DD|EOP|VP] tag 0x64',
  ],
  [
    'receive: a bad CRC',
    hex`00000000 00000000 0000 0000 07 81 0000`,
    {
      kind: 'rx-legacy',
      addressLow: 0,
      addressHigh: 0,
      length: 0,
      checksum: 0,
      status: 7,
      errors: 0x81,
      special: 0,
    },
    'rx-legacy 00000000:00000000 len 0 sum 0x0 [DD|EOP|IXSM] errors [CE|RXE]',
  ],
  [
    'context: segmentation of 37,000 bytes into 1448, IPv4, TCP with timestamps',
    hex`0e 18 2100 22 32 0000 889000 27 00 42 a805`,
    {
      kind: 'tx-context',
      ipcss: 14,
      ipcso: 24,
      ipcse: 33,
      tucss: 34,
      tucso: 50,
      tucse: 0,
      paylen: 37_000,
      tucmd: 0x27,
      sta: 0,
      rsv: 0,
      hdrlen: 66,
      mss: 1448,
    },
    'tx-context ip 14+24..33 tu 34+50..0 hdrlen 66 mss 1448 paylen 37000 [TCP|IP|TSE|DEXT]',
  ],
  [
    'data: the largest buffer, last of its packet',
    hex`00000100 03000000 ffff1f 2b 01 02 0000`,
    {
      kind: 'tx-data',
      addressLow: 0x1_0000,
      addressHigh: 3,
      dtalen: 0xf_ffff,
      dcmd: 0x2b,
      sta: 1,
      rsv: 0,
      popts: 2,
      special: 0,
    },
    'tx-data 00000003:00010000 len 1048575 [EOP|IFCS|RS|DEXT] popts [TXSM] DD',
  ],
  [
    'data: every bit',
    hex`ffffffff ffffffff ffff1f ff ff ff ffff`,
    {
      kind: 'tx-data',
      addressLow: 0xffff_ffff,
      addressHigh: 0xffff_ffff,
      dtalen: 0xf_ffff,
      dcmd: 0xff,
      sta: 0xf,
      rsv: 0xf,
      popts: 0xff,
      special: 0xffff,
    },
    'tx-data ffffffff:ffffffff len 1048575 [EOP|IFCS|TSE|RS|RPS|DEXT|VLE|IDE] popts [IXSM|TXSM] tag 0xffff DD',
  ],
];

describe('descriptor vectors', () => {
  it.each(ROWS)('%s', (_name, bytes, expected, text) => {
    expect(decode(bytes, expected.kind)).toStrictEqual(expected);
    expect(encode(expected)).toEqual(bytes);
    expect(format(expected)).toBe(text);
  });
});

describe('descriptor refusals', () => {
  const refusals: readonly [string, Uint8Array, Kind, string, number][] = [
    ['fifteen bytes', new Uint8Array(15), 'rx-legacy', 'NIC_DESC_TRUNCATED', 15],
    ['no byte', new Uint8Array(0), 'tx-legacy', 'NIC_DESC_TRUNCATED', 0],
    ['data read as legacy', hex`0000000000000000 000010 20 00000000`, 'tx-legacy', 'NIC_DESC_KIND', 11],
    ['context read as legacy', hex`0000000000000000 000000 20 00000000`, 'tx-legacy', 'NIC_DESC_KIND', 11],
    ['legacy read as data', hex`0000000000000000 000010 00 00000000`, 'tx-data', 'NIC_DESC_KIND', 11],
    ['legacy read as context', new Uint8Array(16), 'tx-context', 'NIC_DESC_KIND', 11],
    ['context read as data', hex`0000000000000000 000000 20 00000000`, 'tx-data', 'NIC_DESC_KIND', 11],
    ['data read as context', hex`0000000000000000 000010 20 00000000`, 'tx-context', 'NIC_DESC_KIND', 11],
    ['DTYP 2 as data', hex`0000000000000000 000020 20 00000000`, 'tx-data', 'NIC_DESC_KIND', 11],
    ['DTYP 15 as context', hex`0000000000000000 0000f0 20 00000000`, 'tx-context', 'NIC_DESC_KIND', 11],
  ];
  it.each(refusals)('%s', (_name, bytes, kind, code, offset) => {
    expect(() => decode(bytes, kind)).toThrow(expect.objectContaining({ name: 'WireError', code, offset }));
    expect(check(viewOf(bytes), 0, bytes.byteLength, kind)).toBe(code);
  });

  it('counts the offset of a refusal in the bytes given', () => {
    expect(() => decode(new Uint8Array(40), 'tx-data', 20)).toThrow(expect.objectContaining({ offset: 31 }));
    expect(() => decode(new Uint8Array(40), 'rx-legacy', 25)).toThrow(
      expect.objectContaining({ offset: 40 }),
    );
    expect(() => decode(new Uint8Array(4), 'rx-legacy', 9)).toThrow(
      expect.objectContaining({ code: 'NIC_DESC_TRUNCATED' }),
    );
  });

  it.each([
    ['length', -1],
    ['length', 0x1_0000],
    ['cmd', 256],
    ['sta', 16],
    ['addressLow', 0x1_0000_0000],
    ['addressHigh', 0.5],
    ['css', Number.NaN],
    ['special', undefined],
  ])('encode refuses %s %s and writes nothing', (field, value) => {
    const into = new Uint8Array(16).fill(0xa5);
    const wrong = { ...ROWS[0]?.[2], [field]: value } as unknown as Descriptor;
    expect(() => encode(wrong, into)).toThrow(RangeError);
    expect(into).toEqual(new Uint8Array(16).fill(0xa5));
  });

  it('encode refuses an unknown kind and a target that is too short', () => {
    expect(() => encode({ kind: 'tx' } as unknown as Descriptor)).toThrow(RangeError);
    expect(() => encode(ROWS[0]?.[2] as Descriptor, new Uint8Array(20), 5)).toThrow(RangeError);
  });
});

describe('descriptor laws', () => {
  it('decode undoes encode, at any offset, in a dirty buffer, and nothing around it changes', () => {
    fc.assert(
      fc.property(descriptor(), fc.nat(40), fc.nat(255), (original, offset, dirt) => {
        const backing = new Uint8Array(100).fill(dirt);
        const into = backing.subarray(7, 7 + offset + HLEN + 3);
        expect(encode(original, into, offset)).toBe(into);
        expect(decode(into, original.kind, offset)).toStrictEqual(original);
        const around = backing.slice();
        around.fill(dirt, 7 + offset, 7 + offset + HLEN);
        expect(around).toEqual(new Uint8Array(100).fill(dirt));
      }),
    );
  });

  it('encode undoes decode: any bytes are a descriptor that gives the same bytes, or a coded refusal', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.nat(24),
        fc.constantFrom(...KINDS),
        (bytes, offset, kind) => {
          const view = viewOf(bytes);
          const drop = check(view, offset, bytes.byteLength, kind);
          if (drop !== undefined) {
            expect(() => decode(bytes, kind, offset)).toThrow(
              expect.objectContaining({ name: 'WireError', code: drop }),
            );
            return;
          }
          expect(encode(decode(bytes, kind, offset))).toEqual(bytes.slice(offset, offset + HLEN));
        },
      ),
    );
  });

  it('every transmit descriptor says which it is', () => {
    fc.assert(
      fc.property(descriptor(), (original) => {
        if (original.kind === 'rx-legacy') return;
        expect(kindOf(viewOf(encode(original)), 0)).toBe(original.kind);
      }),
    );
  });

  it('any sixteen bytes are exactly one transmit descriptor, or none for a reserved DTYP', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const view = viewOf(bytes);
        const fits = KINDS.filter((kind) => kind !== 'rx-legacy' && check(view, 0, 16, kind) === undefined);
        const kind = kindOf(view, 0);
        expect(fits).toEqual(kind === undefined ? [] : [kind]);
      }),
    );
  });
});
