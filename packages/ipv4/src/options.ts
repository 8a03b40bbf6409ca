/**
 * Options between bytes and objects: a list in wire order that re-encodes to the same bytes, whatever they are. Whether a
 * host can act on them is `checkOptions`' question.
 * @module
 */
import { requireRange } from '@stack/skbuff';
import { addressRange } from './address-range.ts';
import {
  IPOPT_END,
  IPOPT_LSRR,
  IPOPT_MALFORMED,
  IPOPT_NOOP,
  IPOPT_RA,
  IPOPT_RAW,
  IPOPT_RR,
  IPOPT_SEC,
  IPOPT_SID,
  IPOPT_SSRR,
  IPOPT_TIMESTAMP,
  type Option,
} from './option-kinds.ts';

/** The kind that stands on the wire for an option, u8; `undefined` for a malformed run without a byte. */
export function wireKind(option: Option): number | undefined {
  if (option.kind === IPOPT_RAW) return option.code;
  return option.kind === IPOPT_MALFORMED ? option.data[0] : option.kind;
}

/** Bytes of one option on the wire. */
export function optionLength(option: Option): number {
  switch (option.kind) {
    case IPOPT_END:
      return 1 + option.padding.length;
    case IPOPT_NOOP:
      return 1;
    case IPOPT_RR:
    case IPOPT_LSRR:
    case IPOPT_SSRR:
      return 3 + 4 * option.route.length;
    case IPOPT_TIMESTAMP:
      return 4 + 4 * option.words.length;
    case IPOPT_RA:
    case IPOPT_SID:
      return 4;
    case IPOPT_SEC:
    case IPOPT_RAW:
      return 2 + option.data.length;
    case IPOPT_MALFORMED:
      return option.data.length;
  }
}

/** Bytes of a list of options on the wire; the zeros that align it are not counted. */
export function optionsLength(options: readonly Option[]): number {
  let length = 0;
  for (const option of options) length += optionLength(option);
  return length;
}

/**
 * The options in [at, end), in order. Total: a malformed one ends the list, with all that follows it in `data`. Bytes are
 * copies.
 */
export function readOptions(view: DataView, at: number, end: number): Option[] {
  const options: Option[] = [];
  let i = at;
  while (i < end) {
    const kind = view.getUint8(i);
    if (kind === IPOPT_NOOP) {
      options.push({ kind });
      i++;
      continue;
    }
    if (kind === IPOPT_END) {
      options.push({ kind, padding: copy(view, i + 1, end) });
      break;
    }
    const length = i + 2 <= end ? view.getUint8(i + 1) : 0;
    if (length < 2 || i + length > end) {
      options.push({ kind: IPOPT_MALFORMED, data: copy(view, i, end) });
      break;
    }
    options.push(readOption(view, i, kind, i + length));
    i += length;
  }
  return options;
}

/** The option in [at, end), whose kind is not END or NOOP; a length its kind cannot have makes it raw. */
function readOption(view: DataView, at: number, kind: number, end: number): Option {
  const length = end - at;
  switch (kind) {
    case IPOPT_RR:
    case IPOPT_LSRR:
    case IPOPT_SSRR:
      if (length % 4 !== 3) break;
      return { kind, pointer: view.getUint8(at + 2), route: words(view, at + 3, end) };
    case IPOPT_TIMESTAMP: {
      if (length % 4 !== 0) break;
      const last = view.getUint8(at + 3);
      return {
        kind,
        pointer: view.getUint8(at + 2),
        overflow: last >>> 4,
        flag: last & 0x0f,
        words: words(view, at + 4, end),
      };
    }
    case IPOPT_RA:
      if (length !== 4) break;
      return { kind, value: view.getUint16(at + 2) };
    case IPOPT_SID:
      if (length !== 4) break;
      return { kind, streamId: view.getUint16(at + 2) };
    case IPOPT_SEC:
      return { kind, data: copy(view, at + 2, end) };
  }
  return { kind: IPOPT_RAW, code: kind, data: copy(view, at + 2, end) };
}

/** Writes the options from `at` and zeros up to `end`. The caller has made sure that they fit. @internal */
export function writeOptions(view: DataView, at: number, end: number, options: readonly Option[]): void {
  let i = at;
  for (const option of options) i = writeOption(view, i, option);
  for (; i < end; i++) view.setUint8(i, 0);
}

/** Writes one option and gives where it ends. */
function writeOption(view: DataView, at: number, option: Option): number {
  if (option.kind === IPOPT_MALFORMED) return put(view, at, option.data);
  view.setUint8(at, option.kind === IPOPT_RAW ? option.code : option.kind);
  if (option.kind === IPOPT_NOOP) return at + 1;
  if (option.kind === IPOPT_END) return put(view, at + 1, option.padding);
  view.setUint8(at + 1, optionLength(option));
  switch (option.kind) {
    case IPOPT_RR:
    case IPOPT_LSRR:
    case IPOPT_SSRR:
      view.setUint8(at + 2, option.pointer);
      return putWords(view, at + 3, option.route);
    case IPOPT_TIMESTAMP:
      view.setUint8(at + 2, option.pointer);
      view.setUint8(at + 3, (option.overflow << 4) | option.flag);
      return putWords(view, at + 4, option.words);
    case IPOPT_RA:
      view.setUint16(at + 2, option.value);
      return at + 4;
    case IPOPT_SID:
      view.setUint16(at + 2, option.streamId);
      return at + 4;
    case IPOPT_SEC:
    case IPOPT_RAW:
      return put(view, at + 2, option.data);
  }
}

/** @throws RangeError if a field of an option is out of its range. @internal */
export function checkOptionRanges(options: readonly Option[]): void {
  for (const option of options) {
    switch (option.kind) {
      case IPOPT_RR:
      case IPOPT_LSRR:
      case IPOPT_SSRR:
        requireRange('ipv4', 'option pointer', option.pointer, 0xff);
        for (const address of option.route) addressRange('option route', address);
        break;
      case IPOPT_TIMESTAMP:
        requireRange('ipv4', 'option pointer', option.pointer, 0xff);
        requireRange('ipv4', 'option overflow', option.overflow, 0x0f);
        requireRange('ipv4', 'option flag', option.flag, 0x0f);
        for (const word of option.words) requireRange('ipv4', 'option words', word, 0xffff_ffff);
        break;
      case IPOPT_RA:
        requireRange('ipv4', 'option value', option.value, 0xffff);
        break;
      case IPOPT_SID:
        requireRange('ipv4', 'option streamId', option.streamId, 0xffff);
        break;
      case IPOPT_RAW:
        requireRange('ipv4', 'option code', option.code, 0xff);
    }
  }
}

// Byte by byte: there are at most 40, and views and subarrays cost more.

function copy(view: DataView, at: number, end: number): Uint8Array {
  const bytes = new Uint8Array(end - at);
  for (let i = at; i < end; i++) bytes[i - at] = view.getUint8(i);
  return bytes;
}

function put(view: DataView, at: number, bytes: Uint8Array): number {
  for (let i = 0; i < bytes.length; i++) view.setUint8(at + i, bytes[i] as number);
  return at + bytes.length;
}

function words(view: DataView, at: number, end: number): number[] {
  const values: number[] = [];
  for (let i = at; i < end; i += 4) values.push(view.getUint32(i));
  return values;
}

function putWords(view: DataView, at: number, values: readonly number[]): number {
  for (let i = 0; i < values.length; i++) view.setUint32(at + 4 * i, values[i] as number);
  return at + 4 * values.length;
}
