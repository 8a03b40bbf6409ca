import { describe, expect, it } from 'vitest';
import { isScriptError } from '../script-error.ts';
import { parse } from './parse.ts';
import type { Event } from './script.ts';

/** The one event of a line. */
function read(line: string, define: Record<string, string> = {}): Event {
  const { events } = parse(line, { define });
  expect(events).toHaveLength(1);
  return events[0] as Event;
}

describe('times', () => {
  it.each([
    ['0', { kind: 'absolute', time: 0 }, undefined],
    ['0.25', { kind: 'absolute', time: 250_000 }, undefined],
    ['+.1', { kind: 'relative', time: 100_000 }, undefined],
    ['+1.5', { kind: 'relative', time: 1_500_000 }, undefined],
    ['*', { kind: 'any' }, undefined],
    ['1~2', { kind: 'absolute range', time: 1_000_000, end: 2_000_000 }, undefined],
    ['+.3~+.310', { kind: 'relative range', time: 300_000, end: 310_000 }, undefined],
    ['0...0.2', { kind: 'absolute', time: 0 }, 200_000],
    ['+.002 ... 0.004', { kind: 'relative', time: 2000 }, 4000],
    ['+0...0', { kind: 'relative', time: 0 }, 0],
  ])('%s', (text, time, returns) => {
    const event = read(`${text} close(3) = 0`);
    expect(event.time).toEqual(time);
    expect(event.kind === 'call' && event.returns).toBe(returns);
  });
});

describe('segments', () => {
  const ip = { ecn: undefined, tos: undefined, ttl: undefined };
  const tcp = { protocol: 'tcp', direction: 'out', ip, window: undefined, urgent: undefined, options: [] };

  it.each([
    ['+0 > . 1:1(0) ack 1', { ...tcp, flags: 0x10, seq: 1, length: 0, ack: 1 }],
    ['+0 > SEW 0:0(0) <...>', { ...tcp, flags: 0xc2, seq: 0, length: 0, ack: undefined, options: undefined }],
    ['+0 > R 1:1(0)', { ...tcp, flags: 4, seq: 1, length: 0, ack: undefined }],
    [
      '+0 > [ect0] P. 1:3(2) ack 9',
      { ...tcp, ip: { ...ip, ecn: 2 }, flags: 0x18, seq: 1, length: 2, ack: 9 },
    ],
    [
      '+0 < - 4294967295:4(5) win 7 urg 3',
      {
        ...tcp,
        direction: 'in',
        flags: 0,
        seq: 0xffff_ffff,
        length: 5,
        ack: undefined,
        window: 7,
        urgent: 3,
      },
    ],
  ])('%s', (line, packet) => {
    const event = read(line);
    expect(event.kind === 'packet' && event.packet).toEqual(packet);
  });

  it('have options of every kind', () => {
    const event = read('+0 > . 1:1(0) ack 1 <mss 1460,sackOK,TS val 1 ecr 2,nop,wscale 7,nop,nop,nop,eol>');
    expect(event.kind === 'packet' && event.packet.protocol === 'tcp' && event.packet.options).toEqual([
      { kind: 'mss', mss: 1460 },
      { kind: 'sackOK' },
      { kind: 'TS', val: 1, ecr: 2 },
      { kind: 'nop' },
      { kind: 'wscale', wscale: 7 },
      { kind: 'nop' },
      { kind: 'nop' },
      { kind: 'nop' },
      { kind: 'eol' },
    ]);
  });

  it('have options with bytes, and words for them', () => {
    const event = read(
      '+0 > . 1:1(0) ack 1 <FO abcd1234,FOEXP COOKIE,FO,sack 1:2 3:4,unknown 77 0aff,nop,nop>',
      {
        COOKIE: '01020304',
      },
    );
    expect(event.kind === 'packet' && event.packet.protocol === 'tcp' && event.packet.options).toEqual([
      { kind: 'FO', cookie: Uint8Array.of(0xab, 0xcd, 0x12, 0x34) },
      { kind: 'FOEXP', cookie: Uint8Array.of(1, 2, 3, 4) },
      { kind: 'FO', cookie: new Uint8Array(0) },
      {
        kind: 'sack',
        blocks: [
          { start: 1, end: 2 },
          { start: 3, end: 4 },
        ],
      },
      { kind: 'unknown', code: 77, data: Uint8Array.of(10, 255) },
      { kind: 'nop' },
      { kind: 'nop' },
    ]);
  });

  it('have the counters of AccECN, in either order', () => {
    const event = read(
      '+0 < . 1:1(0) ack 1 win 9 <ECN e1b 1 ceb 2 e0b 3,ECN e0b 4 ceb 5,ECN,nop,nop,nop>',
      {},
    );
    expect(event.kind === 'packet' && event.packet.protocol === 'tcp' && event.packet.options).toEqual([
      { kind: 'ECN', order: 1, counters: [1, 2, 3] },
      { kind: 'ECN', order: 0, counters: [4, 5] },
      { kind: 'ECN', order: 1, counters: [] },
      ...[1, 2, 3].map(() => ({ kind: 'nop' })),
    ]);
    expect(() => read('+0 < . 1:1(0) ack 1 win 9 <ECN ceb 2>', {})).toThrow('counters of ECN');
    expect(() => read('+0 < . 1:1(0) ack 1 win 9 <ECN e0b 16777216>', {})).toThrow('16777216');
  });
});

it('calls have arguments of every kind', () => {
  const event = read(
    '+0 sendmsg(4, {msg_iov(2)=[{..., 10}, {NULL, 0x20}], msg_flags=0}, A|B) = -1 EPIPE (Broken pipe)',
  );
  expect(event).toMatchObject({
    name: 'sendmsg',
    result: { value: { kind: 'integer', value: -1 }, errno: 'EPIPE' },
    arguments: [
      { kind: 'integer', value: 4 },
      {
        kind: 'struct',
        items: [
          { kind: 'field', name: 'msg_iov', value: { kind: 'list' } },
          { kind: 'field', name: 'msg_flags', value: { kind: 'integer', value: 0 } },
        ],
      },
      { kind: 'or', terms: [{ name: 'A' }, { name: 'B' }] },
    ],
  });
});

it('a script has options, commands before and behind, comments', () => {
  const script = parse(`// one
--mss=1000
--strict_segments /* two */
\`first\`
\`second
third\`
0 close(3) = 0 // three
+0 \`now\`
+0 %{ assert 1 # four
}%
\`last\``);
  expect(script.options.map(({ name, value }) => [name, value])).toEqual([
    ['mss', '1000'],
    ['strict_segments', undefined],
  ]);
  expect(script.setup.map(({ text }) => text)).toEqual(['first', 'second\nthird']);
  expect(script.events.map(({ kind, line }) => [kind, line])).toEqual([
    ['call', 7],
    ['command', 8],
    ['code', 9],
  ]);
  expect(script.cleanup.map(({ text }) => text)).toEqual(['last']);
});

it.each([
  ['nothing', '', '1:1', 'the script has no event'],
  ['commands alone', '`a`\n', '2:1', 'the script has no event'],
  ['no time', 'close(3) = 0', '1:1', 'expected a time in seconds'],
  ['a time that never comes', '+99999999 close(3) = 0', '1:2', 'a time is at most'],
  ['nothing behind a time', '+0', '1:3', 'expected a packet, a system call'],
  ['a range that ends before it begins', '+.2~+.1 > . 1:1(0)', '1:1', 'the range ends before it begins'],
  ['a range of two kinds', '+.2~.3 > . 1:1(0)', '1:1', 'both ends of a range'],
  ['a return before the call', '+.2...0.1 close(3) = 0', '1:1', 'returns before it is made'],
  ['a packet that returns', '+0...0.1 > . 1:1(0)', '1:1', 'only system calls'],
  ['no flags', '+0 > 1:1(0)', '1:6', 'expected TCP flags'],
  ['flags out of order', '+0 > .S 1:1(0)', '1:6', 'expected TCP flags'],
  ['a flag twice', '+0 > SS 1:1(0)', '1:6', 'the flag S stands twice'],
  ['a length that is not', '+0 > . 1:5(3)', '1:8', '1:5 is not 3 bytes long'],
  ['a bracket that is missing', '+0 > P. 1:1001(1000 ack 1', '1:21', "expected ')'"],
  ['no window', '+0 < . 1:1(0) ack 1', '1:6', 'needs its window'],
  ['any options, put in', '+0 < . 1:1(0) ack 1 win 1 <...>', '1:6', '<...> is for segments that come out'],
  ['an option that is none', '+0 > . 1:1(0) <foo>', '1:16', "'foo' is no TCP option"],
  ['options not padded', '+0 > . 1:1(0) <nop>', '1:15', 'a multiple of four'],
  ['half a byte', '+0 > . 1:1(0) <FO abc>', '1:19', 'two hexadecimal digits'],
  ['an undefined word', '+0 > . 1:1(0) <FO COOKY>', '1:19', "'COOKY' is not defined"],
  ['an ICMP type that is none', '+0 < icmp foo', '1:14', "'foo' is no ICMP type"],
  ['an ICMP code that is none', '+0 < icmp unreachable foo', '1:26', "'foo' is no code of ICMP unreachable"],
  ['no result', '+0 close(3)', '1:12', "expected '='"],
  ['a string without end', '+0 open("abc) = 3', '1:9', 'does not end on its line'],
  ['commands without end', '+0 `abc', '1:4', 'do not end with `'],
  ['code without end', '+0 %{ assert 1', '1:4', 'do not end with }%'],
  ['a statement that is none', '0 %{\nimport os\n}%', '2:1', 'only assert, print'],
  ['half an expression', '0 %{ assert 1 + }%', '1:17', 'expected a value'],
  ['a comment without end', '0 close(3) = 0 /* foo', '1:16', 'a comment begins here'],
  ['options behind an event', '0 close(3) = 0\n--mss=5\n', '2:1', 'options stand at the head'],
  [
    'an event behind the last commands',
    '0 close(3) = 0\n`a`\n+0 close(4) = 0',
    '2:1',
    'commands without a time',
  ],
])('%s is an error, with its place', (_, text, place, reason) => {
  let error: unknown;
  try {
    parse(text, { file: 'f.pkt' });
  } catch (thrown) {
    error = thrown;
  }
  expect(isScriptError(error)).toBe(true);
  expect((error as Error).message).toContain(reason);
  expect((error as Error).message.split(': ')[0]).toBe(`f.pkt:${place}`);
});

it('isScriptError says no to others', () => {
  expect(isScriptError(new Error('f:1:1: no'))).toBe(false);
  expect(isScriptError('ScriptError')).toBe(false);
});
