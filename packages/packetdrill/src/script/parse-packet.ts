/**
 * Packets: `S. 0:0(0) ack 1 win 5840 <mss 1460>`, `udp (10)`, `icmp unreachable frag_needed mtu 800 [0:10(10)]`.
 * @module
 */
import { ACK, AE, CWR, ECE, FIN, PSH, RST, SYN, URG } from '@stack/tcp';
import { own } from '../own.ts';
import type { Cursor } from './cursor.ts';
import { ICMP_CODES, ICMP_TYPES, ICMPV6_TYPES } from './icmp-names.ts';
import { optionSize } from './option-size.ts';
import { readOptions } from './parse-options.ts';
import type { Direction, IpFields, Packet } from './script.ts';

const FLAGS = /(?:[FSRPUEWA]+\.?|\.)[UEWA]*(?=\s)|-(?=\s)/y;
const NUMBER = /0x[0-9a-fA-F]+|\d+/y;
const WORD = /[A-Za-z_]\w*/y;
const IP_WORD = /\[(?=\s*(?:noecn|ect0|ect1|ce|tos|ttl|flowlabel)\b)|\(/y;

const FLAG_BITS: Readonly<Record<string, number>> = {
  F: FIN,
  S: SYN,
  R: RST,
  P: PSH,
  '.': ACK,
  U: URG,
  E: ECE,
  W: CWR,
  A: AE,
};
const ECN: Readonly<Record<string, number>> = { noecn: 0, ect1: 1, ect0: 2, ce: 3 };
const U32 = 0xffff_ffff;

type Words = Readonly<Record<string, string>>;

/** The packet from its arrow on. */
export function readPacket(cursor: Cursor, define: Words): Packet {
  const direction: Direction = cursor.accept('<') ? 'in' : 'out';
  if (direction === 'out') cursor.expect('>', 'before a packet');
  const ip = readIp(cursor);
  if (cursor.take(/icmp\b/y) !== undefined) return readIcmp(cursor, direction, ip, define);
  if (cursor.take(/udp\b/y) !== undefined) {
    return { protocol: 'udp', direction, ip, length: readLength(cursor, 'of a datagram') };
  }
  return readTcp(cursor, direction, ip, define);
}

function readIp(cursor: Cursor): IpFields {
  const ip: IpFields = { ecn: undefined, tos: undefined, ttl: undefined };
  if (cursor.take(IP_WORD) === undefined) return ip;
  const close = cursor.text[cursor.position - 1] === '(' ? ')' : ']';
  do {
    const word = cursor.take(WORD) ?? '';
    const bits = own(ECN, word);
    if (bits !== undefined) ip.ecn = bits;
    else if (word === 'tos') ip.tos = readNumber(cursor, 'a TOS byte', 0xff);
    else if (word === 'ttl') ip.ttl = readNumber(cursor, 'a TTL', 0xff);
    else if (word === 'flowlabel') cursor.fail('flow labels belong to IPv6, which there is none of here');
    else
      cursor.fail(
        `expected ect0, ect1, ce, noecn, tos or ttl, found ${word === '' ? cursor.here() : `'${word}'`}`,
      );
  } while (cursor.accept(','));
  cursor.expect(close, 'behind fields of the IP header');
  return ip;
}

function readTcp(cursor: Cursor, direction: Direction, ip: IpFields, define: Words): Packet {
  cursor.skip();
  const start = cursor.position;
  const letters = cursor.take(FLAGS);
  if (letters === undefined) {
    cursor.fail(`expected TCP flags (such as S. or P.), udp or icmp, found ${cursor.here()}`);
  }
  let flags = 0;
  for (const letter of letters) {
    const bit = FLAG_BITS[letter] ?? 0;
    if ((flags & bit) !== 0) cursor.fail(`the flag ${letter} stands twice`, start);
    flags |= bit;
  }
  const { seq, length } = readRange(cursor);
  const ack = cursor.take(/ack\b/y) === undefined ? undefined : readNumber(cursor, 'an ack number', U32);
  const window = cursor.take(/win\b/y) === undefined ? undefined : readNumber(cursor, 'a window', 0xffff);
  const urgent =
    cursor.take(/urg\b/y) === undefined ? undefined : readNumber(cursor, 'an urgent pointer', 0xffff);
  if (direction === 'in' && window === undefined) {
    cursor.fail('a segment that is put in needs its window (win N)', start);
  }
  cursor.skip();
  const list = cursor.position;
  const options = readOptions(cursor, define);
  const excess = (options ?? []).reduce((sum, option) => sum + optionSize(option), 0) % 4;
  if (excess !== 0) {
    cursor.fail(
      `options fill up a multiple of four bytes; here are ${excess} too many (pad with nop or eol)`,
      list,
    );
  }
  if (direction === 'in' && options === undefined) {
    cursor.fail('<...> is for segments that come out; one that is put in needs its options', start);
  }
  return { protocol: 'tcp', direction, ip, flags, seq, length, ack, window, urgent, options };
}

/** `seq:end(length)`. */
function readRange(cursor: Cursor): { seq: number; length: number } {
  cursor.skip();
  const start = cursor.position;
  const seq = readNumber(cursor, 'a sequence number', U32);
  cursor.expect(':', 'behind the first sequence number');
  const end = readNumber(cursor, 'a sequence number', U32);
  const length = readLength(cursor, 'of a segment');
  if ((seq + length) >>> 0 !== end) cursor.fail(`${seq}:${end} is not ${length} bytes long`, start);
  return { seq, length };
}

function readLength(cursor: Cursor, whose: string): number {
  cursor.expect('(', `before the length ${whose}`);
  const length = readNumber(cursor, 'a length', 0xffff);
  cursor.expect(')', `behind the length ${whose}`);
  return length;
}

function readIcmp(cursor: Cursor, direction: Direction, ip: IpFields, define: Words): Packet {
  const typeName = readName(cursor, define, 'the type of an ICMP message');
  const type = own(ICMP_TYPES, typeName) ?? own(ICMPV6_TYPES, typeName);
  if (type === undefined) cursor.fail(`'${typeName}' is no ICMP type`);
  let code = 0;
  if (cursor.sees(WORD) && !cursor.sees(/mtu\b/y) && !cursor.sees(/\d/y)) {
    const name = readName(cursor, define, 'the code of an ICMP message');
    const known = own(own(ICMP_CODES, typeName) ?? {}, name);
    if (known === undefined) cursor.fail(`'${name}' is no code of ICMP ${typeName}`);
    code = known;
  }
  const mtu = cursor.take(/mtu\b/y) === undefined ? undefined : readNumber(cursor, 'an MTU', 0xffff);
  let quote: { seq: number; length: number } | undefined;
  if (cursor.accept('[')) {
    quote = readRange(cursor);
    cursor.expect(']', 'behind the quoted segment');
  }
  const onlyIpv6 = own(ICMP_TYPES, typeName) === undefined;
  return { protocol: 'icmp', direction, ip, type, code, onlyIpv6, mtu, quote };
}

function readName(cursor: Cursor, define: Words, what: string): string {
  const word = cursor.take(WORD);
  if (word === undefined) cursor.fail(`expected ${what}, found ${cursor.here()}`);
  return own(define, word) ?? word;
}

function readNumber(cursor: Cursor, what: string, most: number): number {
  cursor.skip();
  const start = cursor.position;
  const text = cursor.take(NUMBER);
  if (text === undefined) cursor.fail(`expected ${what}, found ${cursor.here()}`);
  const value = Number(text);
  if (value > most) cursor.fail(`${what} is at most ${most}`, start);
  return value;
}
