/**
 * Tables of fixed bytes: what a codec must refuse and what it must read and write.
 * @module
 */
import { type SkBuff, viewOf, wrap } from '@stack/skbuff';
import type { TestApi } from './api.ts';
import { holds, refusal, same } from './assert.ts';
import type { Codec } from './codec-laws.ts';
import { bytesOf } from './hex.ts';

/** A codec whose packets can be refused too. */
type Refusing<Header> = Codec<Header> & { pull?(skb: SkBuff): unknown };

/** Name, bytes, the code they are refused with, and the offset of the field at fault where the row states it. */
export type Refusal = readonly [name: string, bytes: string | Uint8Array, code: string, offset?: number];

/** Name, bytes (more may follow the header), and the header they are. */
export type Vector<Header> = readonly [name: string, bytes: string | Uint8Array, header: Header];

/**
 * Registers one test a row. Bytes that `check` refuses must be refused by `decode` with the row's code; bytes whose header
 * is fine alone must be refused by `checkPacket`. `pull` must refuse both and keep the bytes.
 */
export function refusals<Header extends object>(
  api: TestApi,
  codec: Refusing<Header>,
  rows: readonly Refusal[],
): void {
  api.describe('refusals', () => {
    for (const [name, bytes, code, offset] of rows) {
      api.it(`${code}: ${name}`, () => refuses(codec, bytesOf(bytes), code, offset));
    }
  });
}

/** Registers one test a row: the bytes decode to the header, and it encodes to them. */
export function vectors<Header extends object>(
  api: TestApi,
  codec: Codec<Header>,
  rows: readonly Vector<Header>[],
): void {
  api.describe('vectors', () => {
    for (const [name, bytes, header] of rows) api.it(name, () => reads(codec, bytesOf(bytes), header));
  });
}

/** Throws unless `bytes` are refused with `code`, at `offset` where it is given, by every way in. */
export function refuses<Header extends object>(
  codec: Refusing<Header>,
  bytes: Uint8Array,
  code: string,
  offset?: number,
): void {
  const end = bytes.length;
  const alone = codec.check(viewOf(bytes), 0, end);
  if (alone === undefined) {
    holds(codec.checkPacket !== undefined, 'check accepts the bytes');
    codec.decode(bytes);
  } else {
    same(alone, code, 'check');
    const error = refusal(() => codec.decode(bytes), 0, end, 'decode');
    same(error.code, code, 'decode');
    if (offset !== undefined) same(error.offset, offset, 'the offset decode gives');
  }
  if (codec.checkPacket) same(codec.checkPacket(viewOf(bytes), 0, end, end), code, 'checkPacket');
  if (!codec.pull) return;
  const skb = wrap(bytes.slice());
  const error = refusal(() => codec.pull?.(skb), 0, end, 'pull');
  same(error.code, code, 'pull');
  if (offset !== undefined) same(error.offset, offset, 'the offset pull gives');
  same(skb.toBytes(), bytes, 'a refused packet keeps its bytes');
}

/** Throws unless `bytes` begin with exactly `header`, both ways. */
export function reads<Header extends object>(codec: Codec<Header>, bytes: Uint8Array, header: Header): void {
  same(codec.decode(bytes), header, 'decode');
  const length = codec.headerLength(viewOf(bytes), 0);
  same(codec.encode(header), bytes.slice(0, length), 'encode');
}
