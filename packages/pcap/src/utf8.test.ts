import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';

/** The platform's own, which packages may not name. */
const platform = globalThis as unknown as {
  TextEncoder: new () => { encode(text: string): Uint8Array };
  TextDecoder: new (label: string, options: object) => { decode(bytes: Uint8Array): string };
};

describe('UTF-8', () => {
  it('encodes as the platform does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect([...encodeUtf8(text)]).toEqual([...new platform.TextEncoder().encode(text)]);
      }),
    );
  });

  it('decodes what it encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(decodeUtf8(encodeUtf8(text))).toBe(text);
      }),
    );
  });

  it('marks what the platform marks', () => {
    const strict = new platform.TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 6 }), (bytes) => {
        let want: string | undefined;
        try {
          want = strict.decode(bytes);
        } catch {
          want = undefined;
        }
        if (want === undefined) expect(decodeUtf8(bytes)).toContain('\ufffd');
        else expect(decodeUtf8(bytes)).toBe(want);
      }),
    );
  });

  it.each([
    ['overlong', [0xc0, 0x80]],
    ['overlong in three bytes', [0xe0, 0x80, 0x80]],
    ['surrogate', [0xed, 0xa0, 0x80]],
    ['above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['cut', [0xe2, 0x82]],
    ['lone continuation', [0x80]],
  ])('marks %s', (_, bytes) => {
    expect(decodeUtf8(Uint8Array.from(bytes))).toMatch(/^\ufffd+$/);
  });

  it('encodes a lone surrogate as U+FFFD', () => {
    expect([...encodeUtf8('\ud800')]).toEqual([0xef, 0xbf, 0xbd]);
  });
});
