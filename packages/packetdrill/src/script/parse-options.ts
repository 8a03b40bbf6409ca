/**
 * TCP options: `<mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>`, `<...>`.
 * @module
 */
import type { Cursor } from './cursor.ts';
import type { ScriptOption } from './script.ts';

const NUMBER = /0x[0-9a-fA-F]+|\d+/y;
const WORD = /[A-Za-z_]\w*/y;
const HEX = /[0-9a-fA-F]+(?![\w])/y;
const ECN_COUNTER = /(?:e0b|e1b|ceb)\b/y;
const ECN_ORDERS = ['e1b ceb e0b ', 'e0b ceb e1b '];
const U24 = 0xff_ffff;
const U32 = 0xffff_ffff;

type Words = Readonly<Record<string, string>>;

/** The options of a segment: none without a list, `undefined` for `<...>`. */
export function readOptions(cursor: Cursor, define: Words): ScriptOption[] | undefined {
  if (!cursor.accept('<')) return [];
  if (cursor.accept('...')) {
    cursor.expect('>', 'behind the TCP options');
    return undefined;
  }
  const options: ScriptOption[] = [];
  do options.push(readOption(cursor, define));
  while (cursor.accept(','));
  cursor.expect('>', 'behind the TCP options');
  return options;
}

function readOption(cursor: Cursor, define: Words): ScriptOption {
  cursor.skip();
  const start = cursor.position;
  const word = cursor.take(WORD);
  switch (word) {
    case 'eol':
    case 'nop':
    case 'sackOK':
      return { kind: word };
    case 'mss':
      return { kind: 'mss', mss: readNumber(cursor, 0xffff) };
    case 'wscale':
      return { kind: 'wscale', wscale: readNumber(cursor, 0xff) };
    case 'TS': {
      if (cursor.take(/val\b/y) === undefined) cursor.fail("expected 'val' behind TS");
      const val = readNumber(cursor, U32);
      if (cursor.take(/ecr\b/y) === undefined) cursor.fail("expected 'ecr' behind the value of TS");
      return { kind: 'TS', val, ecr: readNumber(cursor, U32) };
    }
    case 'sack': {
      const blocks: { start: number; end: number }[] = [];
      do {
        const from = readNumber(cursor, U32);
        cursor.expect(':', 'between the edges of a SACK block');
        blocks.push({ start: from, end: readNumber(cursor, U32) });
      } while (cursor.sees(NUMBER));
      if (blocks.length > 4) cursor.fail('at most four SACK blocks fit', start);
      return { kind: 'sack', blocks };
    }
    case 'md5': {
      const digest = readHex(cursor, define) ?? cursor.fail('expected the sixteen bytes of an MD5 signature');
      if (digest.length !== 16) cursor.fail('an MD5 signature has sixteen bytes', start);
      return { kind: 'md5', digest };
    }
    case 'FO':
    case 'FOEXP':
      return { kind: word, cookie: readHex(cursor, define) ?? new Uint8Array(0) };
    case 'ECN':
      return readAccEcn(cursor, start);
    case 'unknown': {
      const code = readNumber(cursor, 0xff);
      return { kind: 'unknown', code, data: readHex(cursor, define) ?? new Uint8Array(0) };
    }
    case undefined:
      return cursor.fail(`expected a TCP option, found ${cursor.here()}`);
    default:
      return cursor.fail(`'${word}' is no TCP option`, start);
  }
}

/** `ECN e1b 1 ceb 0 e0b 1`: the order of the counters is that of kind 174, or from `e0b` to `e1b` that of kind 172. */
function readAccEcn(cursor: Cursor, start: number): ScriptOption {
  const counters: number[] = [];
  let names = '';
  for (let name = cursor.take(ECN_COUNTER); name !== undefined; name = cursor.take(ECN_COUNTER)) {
    names += `${name} `;
    counters.push(readNumber(cursor, U24));
  }
  const order = ECN_ORDERS.findIndex((all) => all.startsWith(names));
  if (order < 0) cursor.fail(`the counters of ECN are ${ECN_ORDERS.join('or ')}in this order`, start);
  return { kind: 'ECN', order: order === 0 ? 1 : 0, counters };
}

/** Bytes in hexadecimal, with or without 0x, or a word that stands for them. */
function readHex(cursor: Cursor, define: Words): Uint8Array | undefined {
  cursor.skip();
  const start = cursor.position;
  cursor.take(/0x(?=[0-9a-fA-F])/y);
  let text = cursor.takeHere(HEX);
  if (text === undefined) {
    const word = cursor.take(WORD);
    if (word === undefined) return undefined;
    text = Object.hasOwn(define, word)
      ? (define[word] as string)
      : cursor.fail(`'${word}' is not defined`, start);
  }
  if (text.length % 2 !== 0) cursor.fail('bytes have two hexadecimal digits each', start);
  return Uint8Array.from({ length: text.length / 2 }, (_, i) =>
    Number.parseInt(text.slice(2 * i, 2 * i + 2), 16),
  );
}

function readNumber(cursor: Cursor, most: number): number {
  cursor.skip();
  const start = cursor.position;
  const text = cursor.take(NUMBER);
  if (text === undefined) cursor.fail(`expected a number, found ${cursor.here()}`);
  const value = Number(text);
  if (value > most) cursor.fail(`${value} is above ${most}`, start);
  return value;
}
