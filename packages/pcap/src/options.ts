import { viewOf, WireError } from '@stack/skbuff';
import { checkBytes } from './bytes.ts';
import type { Option } from './records.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';

const END = 0;
/** opt_comment, the one code with the same meaning in every block. */
const COMMENT = 1;
/** Most that an option of so many bytes may hold; of eight, what a number holds exactly. */
const MOST = { 1: 0xff, 4: 0xffff_ffff, 8: Number.MAX_SAFE_INTEGER } as const;
/** Code and length in front of a value. */
const OPTION_HEADER = 4;

/** The options of a block while it is read: typed fields are taken out by code, the rest stays, in order. */
export class OptionList {
  rest: Option[] = [];
  readonly #littleEndian: boolean;

  /**
   * Reads options from `at` to `end` or to opt_endofopt. `position` is the place of `at` in the file. An option longer
   * than what is left of its block is refused as PCAP_BAD_OPTION.
   */
  constructor(view: DataView, at: number, end: number, position: number, littleEndian: boolean) {
    this.#littleEndian = littleEndian;
    const base = position - at;
    while (end - at >= OPTION_HEADER) {
      const code = view.getUint16(at, littleEndian);
      const length = view.getUint16(at + 2, littleEndian);
      if (code === END) break;
      if (length > end - at - OPTION_HEADER) throw new WireError('PCAP_BAD_OPTION', base + at + 2);
      const value = new Uint8Array(length);
      for (let i = 0; i < length; i++) value[i] = view.getUint8(at + OPTION_HEADER + i);
      this.rest.push({ code, value });
      at += OPTION_HEADER + padded(length);
    }
  }

  /** Takes the first option with this code and, where `size` is given, this length. */
  #take(code: number, size?: number): Uint8Array | undefined {
    if (this.rest.length === 0) return undefined;
    const index = this.rest.findIndex(
      (o) => o.code === code && (size === undefined || o.value.length === size),
    );
    return index < 0 ? undefined : this.rest.splice(index, 1)[0]!.value;
  }

  /** The first option with this code, as text. */
  text(code: number): string | undefined {
    const value = this.#take(code);
    return value && decodeUtf8(value);
  }

  /**
   * The first option with this code and this length in bytes, as an unsigned number. One that a number cannot hold exactly
   * stays among the rest.
   */
  number(code: number, size: 1 | 4 | 8): number | undefined {
    return this.#exact(code, size, (value) => {
      const bytes = this.#littleEndian ? value.slice().reverse() : value;
      return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
    });
  }

  /** The first eight-byte option with this code, as a signed number; see {@link number}. */
  signed(code: number): number | undefined {
    return this.#exact(code, 8, (value) => Number(viewOf(value).getBigInt64(0, this.#littleEndian)));
  }

  #exact(code: number, size: number, read: (value: Uint8Array) => number): number | undefined {
    const option = this.rest.find((o) => o.code === code && o.value.length === size);
    if (option === undefined) return undefined;
    const number = read(option.value);
    if (!Number.isSafeInteger(number)) return undefined;
    this.rest.splice(this.rest.indexOf(option), 1);
    return number;
  }

  /** The first eight-byte option with this code, as two u32 in the order they stand. */
  pair(code: number): [first: number, second: number] | undefined {
    const value = this.#take(code, 8);
    if (value === undefined) return undefined;
    const view = viewOf(value);
    return [view.getUint32(0, this.#littleEndian), view.getUint32(4, this.#littleEndian)];
  }

  /** All comments. */
  comments(): string[] {
    if (this.rest.length === 0) return [];
    const all = this.rest;
    this.rest = all.filter((option) => option.code !== COMMENT);
    return all.filter((option) => option.code === COMMENT).map((option) => decodeUtf8(option.value));
  }
}

/** The options of a block while it is written. */
export class OptionBuilder {
  readonly #littleEndian: boolean;
  #options: Option[] = [];

  constructor(littleEndian: boolean) {
    this.#littleEndian = littleEndian;
  }

  text(code: number, text: string | undefined): this {
    if (text !== undefined) this.#options.push({ code, value: encodeUtf8(text) });
    return this;
  }

  number(code: number, size: 1 | 4 | 8, number: number | undefined): this {
    if (number === undefined) return this;
    if (!Number.isInteger(number) || number < 0 || number > MOST[size]) {
      throw new RangeError(`pcap: option ${code} cannot hold ${number}`);
    }
    const value = new Uint8Array(size);
    for (let i = size - 1, left = number; i >= 0; i--) {
      value[i] = left % 256;
      left = (left - (left % 256)) / 256;
    }
    this.#options.push({ code, value: this.#littleEndian ? value.reverse() : value });
    return this;
  }

  signed(code: number, number: number): this {
    if (!Number.isSafeInteger(number)) throw new RangeError(`pcap: option ${code} cannot hold ${number}`);
    const value = new Uint8Array(8);
    viewOf(value).setBigInt64(0, BigInt(number), this.#littleEndian);
    this.#options.push({ code, value });
    return this;
  }

  pair(code: number, pair: readonly [number, number] | undefined): this {
    if (pair === undefined) return this;
    const value = new Uint8Array(8);
    const view = viewOf(value);
    view.setUint32(0, pair[0], this.#littleEndian);
    view.setUint32(4, pair[1], this.#littleEndian);
    this.#options.push({ code, value });
    return this;
  }

  /** Comments and the options without a field, behind the typed ones. */
  rest(comments: readonly string[], options: readonly Option[]): this {
    for (const comment of comments) this.text(COMMENT, comment);
    for (const { code, value } of options) {
      this.#options.push({ code, value: checkBytes(`option ${code}`, value) });
    }
    return this;
  }

  /** The options with padding and opt_endofopt; nothing at all where there is none. Throws RangeError on a bad code or length. */
  bytes(): Uint8Array {
    if (this.#options.length === 0) return new Uint8Array(0);
    const size = this.#options.reduce(
      (sum, option) => sum + OPTION_HEADER + padded(option.value.length),
      OPTION_HEADER,
    );
    const bytes = new Uint8Array(size);
    const view = viewOf(bytes);
    let at = 0;
    for (const { code, value } of this.#options) {
      if (!Number.isInteger(code) || code <= END || code > 0xffff)
        throw new RangeError(`pcap: option code ${code}`);
      if (value.length > 0xffff) throw new RangeError(`pcap: option ${code} of ${value.length} bytes`);
      view.setUint16(at, code, this.#littleEndian);
      view.setUint16(at + 2, value.length, this.#littleEndian);
      bytes.set(value, at + OPTION_HEADER);
      at += OPTION_HEADER + padded(value.length);
    }
    return bytes;
  }
}

/** `length` rounded up to a multiple of four: everything in a pcapng block is padded so. */
export function padded(length: number): number {
  return (length + 3) & ~3;
}
