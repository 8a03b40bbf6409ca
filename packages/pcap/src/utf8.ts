/** UTF-8 without TextDecoder, which is not part of ECMAScript. RFC 3629. */

/** Smallest code point that needs 2, 3, 4 bytes: anything below is an overlong form. */
const SMALLEST = [0x80, 0x800, 0x1_0000];
const REPLACEMENT = 0xfffd;

/** Text of `bytes`; what is not UTF-8 becomes U+FFFD. */
export function decodeUtf8(bytes: Uint8Array): string {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at]!;
    const more =
      lead < 0x80 ? 0 : lead < 0xc2 ? -1 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : -1;
    at++;
    if (more <= 0) {
      text += String.fromCodePoint(more === 0 ? lead : REPLACEMENT);
      continue;
    }
    let code = lead & (0x3f >> more);
    let taken = 0;
    while (taken < more && (bytes[at + taken]! & 0xc0) === 0x80)
      code = (code << 6) | (bytes[at + taken++]! & 0x3f);
    const bad =
      taken < more || code < SMALLEST[more - 1]! || (code & 0x1f_f800) === 0xd800 || code > 0x10_ffff;
    text += String.fromCodePoint(bad ? REPLACEMENT : code);
    at += taken;
  }
  return text;
}

/** Bytes of `text`; a lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0)!;
    const code = (point & 0x1f_f800) === 0xd800 ? REPLACEMENT : point;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 0x3f));
    else if (code < 0x1_0000)
      bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
    else {
      const low = [0x80 | ((code >> 12) & 0x3f), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)];
      bytes.push(0xf0 | (code >> 18), ...low);
    }
  }
  return Uint8Array.from(bytes);
}
