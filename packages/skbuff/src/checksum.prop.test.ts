import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  csumAdd,
  csumBlockAdd,
  csumBlockSub,
  csumCopy,
  csumFold,
  csumPartial,
  csumReplace2,
  csumReplace4,
  csumSkb,
  csumSub,
  pseudoIpv4,
} from './checksum.ts';
import { wrapPage } from './page.ts';
import { wrap } from './pool.ts';

/** The second implementation: RFC 1071 by the letter, a pair of bytes at a time. */
function naive(bytes: Uint8Array, sum = 0): number {
  for (let i = 0; i < bytes.length; i += 2) {
    sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** 0 and 0xffff are one value of one's-complement arithmetic. */
function same(sum: number): number {
  return sum % 0xffff;
}

const u16 = fc.nat({ max: 0xffff });
const u32 = fc.nat({ max: 0xffff_ffff });
/** Random bytes, and bytes of ones and zeros, where the carries are. */
const data = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.uint8Array({ minLength: 3000, maxLength: 3200 }),
  fc.array(fc.constantFrom(0, 0xff, 1), { maxLength: 100 }).map((bytes) => Uint8Array.from(bytes)),
);

describe('checksum laws', () => {
  it('agrees with the naive sum at any place, length and start value', () => {
    fc.assert(
      fc.property(data, fc.nat({ max: 7 }), u16, (bytes, at, start) => {
        const place = new Uint8Array(bytes.length + 16).fill(0xa5);
        place.set(bytes, at);
        expect(csumPartial(viewOf(place), at, bytes.length, start)).toBe(naive(bytes, start));
      }),
    );
  });

  it('is the sum of its blocks, wherever it is cut', () => {
    fc.assert(
      fc.property(data, fc.nat(), fc.nat(), (bytes, a, b) => {
        const cuts = [a % (bytes.length + 1), b % (bytes.length + 1)].sort((x, y) => x - y);
        const view = viewOf(bytes);
        const blocks = [0, ...cuts].map((from, i) =>
          csumPartial(view, from, (cuts[i] ?? bytes.length) - from),
        );
        let sum = 0;
        for (const [i, block] of blocks.entries()) sum = csumBlockAdd(sum, block, [0, ...cuts][i]!);
        expect(sum).toBe(naive(bytes));
        expect(same(csumBlockSub(sum, blocks[1]!, cuts[0]!))).toBe(
          same(csumBlockAdd(blocks[0]!, blocks[2]!, cuts[1]!)),
        );
      }),
    );
  });

  it('subtracts what it added', () => {
    fc.assert(
      fc.property(u16, u16, (a, b) => {
        expect(same(csumSub(csumAdd(a, b), b))).toBe(same(a));
      }),
    );
  });

  it('sums a packet as it sums its bytes, whatever the frags', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(pieces, fc.nat(), fc.nat(), (parts, a, b) => {
        const bytes = Uint8Array.from(parts.flatMap((part) => [...part]));
        const skb = wrap(parts[0]!.slice());
        for (const part of parts.slice(1)) {
          if (part.length > 0) skb.addFrag(wrapPage(part.slice()), 0, part.length);
        }
        const from = a % (bytes.length + 1);
        const len = b % (bytes.length - from + 1);
        expect(csumSkb(skb, from, len)).toBe(naive(bytes.subarray(from, from + len)));
      }),
    );
  });

  it('copies what it sums', () => {
    fc.assert(
      fc.property(data, u16, (bytes, start) => {
        const into = new Uint8Array(bytes.length);
        expect(csumCopy(viewOf(bytes), 0, viewOf(into), 0, bytes.length, start)).toBe(naive(bytes, start));
        expect(into.join()).toBe(bytes.join());
      }),
    );
  });

  it('updates a check to what a new sum over the data would give', () => {
    // A first byte that never changes keeps the data from being all zero: an IP header begins with its version.
    const words = fc.uint8Array({ minLength: 8, maxLength: 60 });
    fc.assert(
      fc.property(words, fc.nat(), u16, u32, (bytes, place, to2, to4) => {
        bytes[0] = 0x45;
        const view = viewOf(bytes);
        const before = csumFold(naive(bytes));
        const at = 2 + 2 * (place % ((bytes.length - 4) >> 1));
        const from2 = view.getUint16(at);
        view.setUint16(at, to2);
        expect(csumReplace2(before, from2, to2)).toBe(csumFold(naive(bytes)));
        view.setUint16(at, from2);
        if (at + 4 > bytes.length) return;
        const from4 = view.getInt32(at);
        view.setUint32(at, to4);
        expect(csumReplace4(before, from4, to4)).toBe(csumFold(naive(bytes)));
      }),
    );
  });

  it('is 0xffff over data whose check is in place', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 100 }), u32, u32, (bytes, saddr, daddr) => {
        const view = viewOf(bytes);
        bytes[2] = 1;
        view.setUint16(0, 0);
        const pseudo = pseudoIpv4(saddr, daddr, 6, bytes.length);
        view.setUint16(0, csumFold(csumPartial(view, 0, bytes.length, pseudo)));
        expect(csumPartial(view, 0, bytes.length, pseudo)).toBe(0xffff);
      }),
    );
  });
});
