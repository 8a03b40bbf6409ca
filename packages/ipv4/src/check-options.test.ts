import { viewOf } from '@stack/skbuff';
import { hex } from '@stack/testkit';
import { describe, expect, it } from 'vitest';
import { check, checkOptions, type OptionDrop } from './index.ts';

/** `checkOptions` of a header with these options, two bytes into a buffer. */
function judge(options: string): ReturnType<typeof checkOptions> {
  const area = hex(options);
  const first = (0x45 + area.length / 4).toString(16);
  const bytes = hex`0000 ${first} 00 00ff 0000 0000 00 00 0000 00000000 00000000 ${area}`;
  expect(check(viewOf(bytes), 2, bytes.length)).toBe(undefined);
  return checkOptions(viewOf(bytes), 2);
}

// Every verdict and pointer is what Linux 6.18 answered when such an echo request was written to a TUN device: an ICMP
// parameter problem with that pointer, or an echo reply.

describe('options Linux accepts', () => {
  it.each([
    ['none', ''],
    ['no-operations', '01010101'],
    ['dirt after the end', '0100ff07'],
    ['an unknown kind', '5504aabb'],
    ['record route', '07070400000000 00'],
    ['record route without a slot', '07030400'],
    ['record route, full', '07070800000000 00'],
    ['record route, pointer 200', '0707c800000000 00'],
    ['record route with room at an odd place', '0708050000000000'],
    ['timestamp', '4408050000000000'],
    ['timestamp without a slot', '44040500'],
    ['timestamp, full, overflow 14', '440809e000000000'],
    ['timestamp with a slot, overflow 15', '440805f000000000'],
    ['timestamp and address', '440c05010000000000000000'],
    ['timestamp of an unknown flag', '4408050200000000'],
    ['prespecified timestamp, full, overflow 15', '440809f300000000'],
    ['router alert', '94040000'],
    ['router alert, value 5', '94040005'],
    ['router alert of five bytes', '9405000000000000'],
    ['two router alerts', '9404000094040000'],
    ['security of two bytes', '82020000'],
    ['stream identifier of three bytes', '88030000'],
    ['two stream identifiers', '8804000188040002'],
    ['source route', '8307040a09000100'],
    ['source route, pointer between slots', '8307050a09000100'],
  ])('%s', (_, options) => {
    expect(judge(options)).toBe(undefined);
  });
});

describe('options Linux answers with a parameter problem', () => {
  it.each<[OptionDrop, string, string, number]>([
    ['IPV4_OPT_BAD_LEN', 'a lone kind in the last byte', '01010107', 23],
    ['IPV4_OPT_BAD_LEN', 'length 0', '07000000', 20],
    ['IPV4_OPT_BAD_LEN', 'length 1', '44010000', 20],
    ['IPV4_OPT_BAD_LEN', 'length 0 of an unknown kind', '55000000', 20],
    ['IPV4_OPT_BAD_LEN', 'length beyond the header', '07080400', 20],
    ['IPV4_OPT_BAD_LEN', 'length beyond the header after no-operations', '01015503', 22],
    ['IPV4_OPT_BAD_LEN', 'record route of two bytes', '07020000', 21],
    ['IPV4_OPT_BAD_LEN', 'loose source route of two bytes', '83020000', 21],
    ['IPV4_OPT_BAD_LEN', 'strict source route of two bytes', '89020000', 21],
    ['IPV4_OPT_BAD_LEN', 'timestamp of three bytes', '44030500', 21],
    ['IPV4_OPT_BAD_LEN', 'router alert of three bytes', '94030000', 21],
    ['IPV4_OPT_BAD_LEN', 'router alert of two bytes', '94020101', 21],
    ['IPV4_OPT_BAD_POINTER', 'record route, pointer 3', '0707030000000000', 22],
    ['IPV4_OPT_BAD_POINTER', 'record route, pointer 0', '0707000000000000', 22],
    ['IPV4_OPT_BAD_POINTER', 'record route after a no-operation', '0107070300000000', 23],
    ['IPV4_OPT_BAD_POINTER', 'record route, half a slot left', '0707050000000000', 22],
    ['IPV4_OPT_BAD_POINTER', 'record route of six bytes', '0706040000000000', 22],
    ['IPV4_OPT_BAD_POINTER', 'source route, pointer 3', '8307030a09000100', 22],
    ['IPV4_OPT_BAD_POINTER', 'strict source route, pointer 2', '8907020a09000100', 22],
    ['IPV4_OPT_BAD_POINTER', 'timestamp, pointer 4', '4408040000000000', 22],
    ['IPV4_OPT_BAD_POINTER', 'timestamp, half a slot left', '4408060000000000', 22],
    ['IPV4_OPT_BAD_POINTER', 'timestamp and address, room for one', '4408050100000000', 22],
    ['IPV4_OPT_BAD_POINTER', 'prespecified timestamp, room for the address', '440805030a090001', 22],
    ['IPV4_OPT_BAD_POINTER', 'timestamp of an unknown flag, half a slot', '4408070200000000', 22],
    ['IPV4_OPT_DUPLICATE', 'record route twice', '0703040703040000', 23],
    ['IPV4_OPT_DUPLICATE', 'timestamp twice', '4404050044040500', 24],
    ['IPV4_OPT_DUPLICATE', 'loose source route twice', '8303048303040000', 23],
    ['IPV4_OPT_DUPLICATE', 'loose and strict source route', '8303048903040000', 23],
    ['IPV4_OPT_BAD_LEN', 'a second source route that is none', '8303048302000000', 24],
    ['IPV4_OPT_OVERFLOW', 'timestamp, full, overflow 15', '440809f000000000', 23],
    ['IPV4_OPT_OVERFLOW', 'the same of an unknown flag', '440809f200000000', 23],
    ['IPV4_OPT_BAD_POINTER', 'the first of two faults', '010707030000000055000000', 23],
  ])('%s: %s', (code, _, options, pointer) => {
    expect(judge(options)).toStrictEqual({ code, pointer });
  });
});
