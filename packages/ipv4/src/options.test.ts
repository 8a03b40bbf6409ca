import { viewOf } from '@stack/skbuff';
import { hex } from '@stack/testkit';
import { describe, expect, it } from 'vitest';
import * as ipv4 from './index.ts';
import { IPOPT_MALFORMED as MALFORMED, IPOPT_RAW as RAW } from './option-kinds.ts';

const END = (padding = ''): ipv4.Option => ({ kind: ipv4.IPOPT_END, padding: hex(padding) });
const NOOP: ipv4.Option = { kind: ipv4.IPOPT_NOOP };

/** The option area of a header, both ways: read, and written back with a length that matches. */
const ROWS: [string, string, ipv4.Option[]][] = [
  ['none', '', []],
  ['no-operations', '01010101', [NOOP, NOOP, NOOP, NOOP]],
  ['end and zero padding', '00000000', [END('000000')]],
  ['end in the last byte', '01010100', [NOOP, NOOP, NOOP, END()]],
  ['dirt after the end is kept, not read', '01 00 ff07', [NOOP, END('ff07')]],
  [
    'record route',
    '07 0b 08 c0000201 00000000 00',
    [{ kind: ipv4.IPOPT_RR, pointer: 8, route: [0xc000_0201, 0] }, END()],
  ],
  ['record route without a slot', '07 03 04 00', [{ kind: ipv4.IPOPT_RR, pointer: 4, route: [] }, END()]],
  [
    'loose source route',
    '83 07 04 0a090001 01',
    [{ kind: ipv4.IPOPT_LSRR, pointer: 4, route: [0x0a09_0001] }, NOOP],
  ],
  [
    'strict source route',
    '01 89 07 08 ffffffff',
    [NOOP, { kind: ipv4.IPOPT_SSRR, pointer: 8, route: [0xffff_ffff] }],
  ],
  // as Linux 6.18 answered it: overflow 1 in a full option
  [
    'timestamp',
    '44 08 09 10 047ccf29',
    [{ kind: ipv4.IPOPT_TIMESTAMP, pointer: 9, overflow: 1, flag: 0, words: [0x047c_cf29] }],
  ],
  // as Linux 6.18 answered it
  [
    'timestamp with address',
    '44 0c 0d 01 0a090001 047cd0f7',
    [{ kind: ipv4.IPOPT_TIMESTAMP, pointer: 13, overflow: 0, flag: 1, words: [0x0a09_0001, 0x047c_d0f7] }],
  ],
  ['router alert', '94 04 0000', [{ kind: ipv4.IPOPT_RA, value: 0 }]],
  ['stream identifier', '88 04 abcd', [{ kind: ipv4.IPOPT_SID, streamId: 0xabcd }]],
  [
    'security, RFC 791',
    '82 0b 0000 0000 0000 000000 00',
    [{ kind: ipv4.IPOPT_SEC, data: new Uint8Array(9) }, END()],
  ],
  ['security, RFC 1108', '82 04 ab 00', [{ kind: ipv4.IPOPT_SEC, data: hex('ab00') }]],
  ['an unknown kind', '55 04 aabb', [{ kind: RAW, code: 0x55, data: hex('aabb') }]],
  ['an unknown kind without data', '55 02 0101', [{ kind: RAW, code: 0x55, data: hex('') }, NOOP, NOOP]],
  [
    'a router alert of five bytes',
    '94 05 000000 010101',
    [{ kind: RAW, code: 148, data: hex('000000') }, ...[NOOP, NOOP, NOOP]],
  ],
  ['a stream identifier of three bytes', '88 03 00 01', [{ kind: RAW, code: 136, data: hex('00') }, NOOP]],
  [
    'a route of six bytes',
    '07 06 04 000000 0101',
    [{ kind: RAW, code: 7, data: hex('04000000') }, NOOP, NOOP],
  ],
  ['a timestamp of two bytes', '44 02 0101', [{ kind: RAW, code: 68, data: hex('') }, NOOP, NOOP]],
  ['a kind without room for a length', '01010107', [NOOP, NOOP, NOOP, { kind: MALFORMED, data: hex('07') }]],
  ['length 0', '07 00 0000', [{ kind: MALFORMED, data: hex('07000000') }]],
  ['length 1', '44 01 0101', [{ kind: MALFORMED, data: hex('44010101') }]],
  [
    'length 0 of an unknown kind, behind a good option',
    '94040000 55000101',
    [
      { kind: ipv4.IPOPT_RA, value: 0 },
      { kind: MALFORMED, data: hex('55000101') },
    ],
  ],
  ['one byte beyond the header', '01 55 04 00', [NOOP, { kind: MALFORMED, data: hex('550400') }]],
  ['length 255', '55 ff 0000', [{ kind: MALFORMED, data: hex('55ff0000') }]],
];

describe('options', () => {
  it.each(ROWS)('%s', (_, text, options) => {
    const area = hex(text);
    expect(ipv4.readOptions(viewOf(area), 0, area.length)).toStrictEqual(options);
    expect(ipv4.optionsLength(options)).toBe(area.length);
    const bytes = hex`4${(5 + area.length / 4).toString(16)} 00 00ff 0000 0000 00 00 0000 00000000 00000000 ${area}`;
    const header = ipv4.decode(bytes);
    expect(header.options).toStrictEqual(options);
    expect(ipv4.encode(header)).toEqual(bytes);
  });

  it('are copies', () => {
    const area = hex('55 04 aabb');
    const [option] = ipv4.readOptions(viewOf(area), 0, 4);
    area.fill(0);
    expect(option).toStrictEqual({ kind: RAW, code: 0x55, data: hex('aabb') });
  });

  it('wireKind is the octet on the wire', () => {
    expect(ROWS.flatMap(([, , options]) => options).every((option) => ipv4.wireKind(option) !== -2)).toBe(
      true,
    );
    expect(ipv4.wireKind({ kind: RAW, code: 0x55, data: hex('') })).toBe(0x55);
    expect(ipv4.wireKind({ kind: MALFORMED, data: hex('07') })).toBe(7);
    expect(ipv4.wireKind({ kind: MALFORMED, data: hex('') })).toBe(undefined);
    expect(ipv4.wireKind(NOOP)).toBe(1);
  });

  it.each<[string, ipv4.Option]>([
    ['pointer', { kind: ipv4.IPOPT_RR, pointer: 256, route: [] }],
    ['route', { kind: ipv4.IPOPT_RR, pointer: 4, route: [-1] }],
    ['pointer', { kind: ipv4.IPOPT_TIMESTAMP, pointer: -1, overflow: 0, flag: 0, words: [] }],
    ['overflow', { kind: ipv4.IPOPT_TIMESTAMP, pointer: 5, overflow: 16, flag: 0, words: [] }],
    ['flag', { kind: ipv4.IPOPT_TIMESTAMP, pointer: 5, overflow: 0, flag: 16, words: [] }],
    ['words', { kind: ipv4.IPOPT_TIMESTAMP, pointer: 5, overflow: 0, flag: 0, words: [0.5] }],
    ['value', { kind: ipv4.IPOPT_RA, value: 65_536 }],
    ['streamId', { kind: ipv4.IPOPT_SID, streamId: -1 }],
    ['code', { kind: RAW, code: 256, data: hex('') }],
  ])('encode refuses a %s out of range', (field, option) => {
    const header = {
      ...ipv4.decode(hex`45 00 0014 0000 0000 00 00 0000 00000000 00000000`),
      options: [option],
    };
    expect(() => ipv4.encode(header)).toThrow(RangeError);
    expect(() => ipv4.encode(header)).toThrow(field);
  });
});
