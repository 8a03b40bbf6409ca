import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CRC32_RESIDUE, crc32, crc32Skb } from './crc32.ts';
import { wrapPage } from './page.ts';
import { wrap } from './pool.ts';

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** The second implementation: the shift register of the standard, bit by bit. */
function naive(bytes: Uint8Array): number {
  let register = 0xffff_ffff;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) {
      const feedback = (register ^ (byte >>> bit)) & 1;
      register = feedback === 1 ? (register >>> 1) ^ 0xedb8_8320 : register >>> 1;
    }
  }
  return ~register >>> 0;
}

describe('crc32', () => {
  it.each<[string, Uint8Array, number]>([
    ['the check value "123456789"', ascii('123456789'), 0xcbf4_3926],
    ['nothing', new Uint8Array(0), 0],
    ['one zero byte', new Uint8Array(1), 0xd202_ef8d],
    ['32 zero bytes', new Uint8Array(32), 0x190a_55ad],
    ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0xff6c_ab0b],
    ['"The quick brown fox…"', ascii('The quick brown fox jumps over the lazy dog'), 0x414f_a339],
  ])('%s', (_, bytes, expected) => {
    expect(crc32(viewOf(bytes), 0, bytes.length)).toBe(expected);
  });

  it('agrees with the shift register at any place and length, and can be chained', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat({ max: 5 }), fc.nat(), (bytes, at, cut) => {
        const place = new Uint8Array(bytes.length + 8).fill(0xa5);
        place.set(bytes, at);
        const view = viewOf(place);
        const first = cut % (bytes.length + 1);
        expect(crc32(view, at, bytes.length)).toBe(naive(bytes));
        expect(crc32(view, at + first, bytes.length - first, crc32(view, at, first))).toBe(naive(bytes));
      }),
    );
  });

  it('leaves the residue over a frame and its FCS, and not when a bit is flipped', () => {
    const frame = Uint8Array.from({ length: 64 }, (_, i) => i * 7);
    const view = viewOf(frame);
    view.setUint32(60, crc32(view, 0, 60), true);
    expect(crc32(view, 0, 64)).toBe(CRC32_RESIDUE);
    for (let bit = 0; bit < 512; bit++) {
      frame[bit >> 3]! ^= 1 << (bit & 7);
      expect(crc32(view, 0, 64)).not.toBe(CRC32_RESIDUE);
      frame[bit >> 3]! ^= 1 << (bit & 7);
    }
  });
});

describe('crc32Skb', () => {
  function packet(): { skb: ReturnType<typeof wrap>; bytes: Uint8Array } {
    const bytes = Uint8Array.from({ length: 61 }, (_, i) => 0x13 * i + 3);
    const skb = wrap(bytes.slice(0, 19));
    skb.addFrag(wrapPage(bytes.slice(19, 44)), 0, 25);
    skb.addFrag(wrapPage(bytes.slice(41, 61)), 3, 17);
    return { skb, bytes };
  }

  it('agrees with the gathered bytes over every range', () => {
    const { skb, bytes } = packet();
    for (let from = 0; from <= 61; from++) {
      for (let to = from; to <= 61; to++) {
        expect(crc32Skb(skb, from, to - from)).toBe(naive(bytes.slice(from, to)));
      }
    }
  });

  it('goes on from a result given, over an empty range too', () => {
    const { skb } = packet();
    expect(crc32Skb(skb, 30, 31, crc32Skb(skb, 0, 30))).toBe(crc32Skb(skb, 0, 61));
    expect(crc32Skb(skb, 61, 0, 0xcbf4_3926)).toBe(0xcbf4_3926);
  });

  it.each([
    ['past the end', 60, 2],
    ['before the start', -1, 1],
    ['of negative length', 3, -1],
    ['of no length', 3, Number.NaN],
    ['from nowhere', Number.NaN, 1],
  ])('refuses a range %s', (_, offset, len) => {
    const skb = wrap(new Uint8Array(70));
    skb.pull(9); // there are bytes of the buffer on both sides
    expect(() => crc32Skb(skb, offset, len)).toThrow(RangeError);
  });
});
