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
  pseudoIpv6,
} from './checksum.ts';
import { wrapPage } from './page.ts';
import { wrap } from './pool.ts';

function viewOf(bytes: number[] | Uint8Array): DataView {
  const copy = Uint8Array.from(bytes);
  return new DataView(copy.buffer);
}

function sum(bytes: number[] | Uint8Array): number {
  return csumPartial(viewOf(bytes), 0, bytes.length);
}

// RFC 1071 §3: the worked example.
const RFC_1071 = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];

describe('csumPartial', () => {
  it.each<[string, number[], number]>([
    ['RFC 1071 §3', RFC_1071, 0xddf2],
    ['nothing', [], 0],
    ['one byte is the high half of a word', [0xab], 0xab00],
    ['an odd last byte is padded with zero', [0x12, 0x34, 0x56], 0x6834],
    ['zeros', [0, 0, 0, 0, 0], 0],
    ['no carry', [0x7f, 0xff, 0x80, 0x00], 0xffff],
    ['a carry comes back at the bottom', [0xff, 0xff, 0x00, 0x01], 0x0001],
    ['ones never become 0', new Array(64).fill(0xff), 0xffff],
    ['the end-around carry carries again', [255, 255, 255, 255, 255, 255, 0, 0, 1, 0], 0x0100],
    ['ones, odd length', new Array(65).fill(0xff), 0xff00],
    // A made IPv4 header with its check in place: the sum of a good header is 0xffff (RFC 791 §3.1).
    [
      'IPv4 header that verifies',
      [0x45, 0, 0, 0x3c, 0x1c, 0x46, 0x40, 0, 0x40, 6, 0xb1, 0xe6, 172, 16, 10, 99, 172, 16, 10, 12],
      0xffff,
    ],
  ])('%s', (_, bytes, expected) => {
    expect(sum(bytes)).toBe(expected);
  });

  it('complements to what goes on the wire: RFC 1071 §3 gives 220d', () => {
    expect(csumFold(sum(RFC_1071))).toBe(0x220d);
    expect(csumFold(0)).toBe(0xffff);
    expect(csumFold(0xffff)).toBe(0);
  });

  it('adds to a sum given', () => {
    expect(csumPartial(viewOf(RFC_1071), 4, 4, csumPartial(viewOf(RFC_1071), 0, 4))).toBe(0xddf2);
  });

  it('does not wrap: all ones over more than one block of accumulators, at an odd place', () => {
    const view = viewOf(new Uint8Array(600_001).fill(0xff));
    for (const len of [0x1_fffe, 0x2_0000, 0x2_0001, 0x2_0002, 0x4_0000, 0x4_0003, 600_000]) {
      expect(csumPartial(view, 1, len)).toBe(len % 2 === 0 ? 0xffff : 0xff00);
    }
  });

  it('keeps an exact sum over two blocks', () => {
    const bytes = new Uint8Array(0x2_0000 + 4);
    bytes.set([0x12, 0x34], 0);
    bytes.set([0x11, 0x11], 0x1_fffe);
    bytes.set([0x43, 0x21, 0x01], 0x2_0000);
    expect(sum(bytes)).toBe(0x6766);
  });

  it('reads no byte before or after its range', () => {
    for (let len = 0; len < 70; len++) {
      const bytes = new Uint8Array(len + 2).fill(0xa5);
      bytes.fill(0, 1, len + 1);
      expect(csumPartial(viewOf(bytes), 1, len)).toBe(0);
    }
  });
});

describe('combining', () => {
  it('adds with end-around carry', () => {
    expect(csumAdd(0xffff, 1)).toBe(1);
    expect(csumAdd(0xffff, 0xffff)).toBe(0xffff);
    expect(csumAdd(0, 0)).toBe(0);
    expect(csumAdd(0x8000, 0x7fff)).toBe(0xffff);
  });

  it('subtracts what was added', () => {
    expect(csumSub(0x6834, 0x5600)).toBe(0x1234);
    expect(csumSub(1, 2)).toBe(0xfffe);
  });

  it('swaps a block that began at an odd offset, and only then', () => {
    expect(csumBlockAdd(0x1200, 0x3400, 1)).toBe(0x1234);
    expect(csumBlockAdd(0x1200, 0x3400, 2)).toBe(0x4600);
    expect(csumBlockSub(0x1234, 0x3400, 1)).toBe(0x1200);
    expect(csumBlockSub(0x4600, 0x3400, 2)).toBe(0x1200);
  });
});

describe('incremental update, RFC 1624', () => {
  it('§4: 0x5555 becomes 0x3285 under check 0xdd2f: 0x0000, where eqn. 2 of RFC 1141 gives 0xffff', () => {
    expect(csumReplace2(0xdd2f, 0x5555, 0x3285)).toBe(0x0000);
  });

  it('goes back from 0x0000', () => {
    expect(csumReplace2(0x0000, 0x3285, 0x5555)).toBe(0xdd2f);
  });

  it('keeps a check of 0 when nothing changed', () => {
    expect(csumReplace2(0, 0x1234, 0x1234)).toBe(0);
    expect(csumReplace4(0, 0x1234_5678, 0x1234_5678)).toBe(0);
  });

  it('replaces 32 bits as two times 16, signed or not', () => {
    const from = 0xc0a8_0001;
    const to = 0x8a00_ff02;
    const expected = csumReplace2(csumReplace2(0x1c46, 0xc0a8, 0x8a00), 0x0001, 0xff02);
    expect(csumReplace4(0x1c46, from, to)).toBe(expected);
    expect(csumReplace4(0x1c46, from | 0, to | 0)).toBe(expected);
  });
});

describe('pseudo-headers', () => {
  const words = (...values: number[]): number => sum(values.flatMap((word) => [word >>> 8, word & 0xff]));

  it('IPv4: addresses, protocol, length', () => {
    expect(pseudoIpv4(0xc0a8_010a, 0xc0a8_0164, 6, 57)).toBe(words(0xc0a8, 0x010a, 0xc0a8, 0x0164, 6, 57));
    expect(pseudoIpv4(0xc0a8_010a | 0, 0xffff_ffff | 0, 17, 0xffff)).toBe(
      words(0xc0a8, 0x010a, 0xffff, 0xffff, 17, 0xffff),
    );
    expect(pseudoIpv4(1, 2, 6, 0x1_2345)).toBe(words(1, 2, 6, 1, 0x2345));
    expect(pseudoIpv4(0, 0, 0, 0)).toBe(0);
    expect(pseudoIpv4(0xffff_ffff, 0xffff_ffff, 0xff, 0xffff_ffff)).toBe(0xff);
  });

  it('IPv6: addresses, next header, 32-bit length', () => {
    const source = Uint8Array.from([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    const target = new Uint8Array(16).fill(0xff);
    expect(pseudoIpv6(source, target, 58, 0x1_0020)).toBe(
      csumAdd(csumAdd(sum(source), sum(target)), words(1, 0x20, 0, 58)),
    );
  });
});

describe('csumSkb', () => {
  function packet(): { skb: ReturnType<typeof wrap>; bytes: Uint8Array } {
    const bytes = Uint8Array.from({ length: 23 }, (_, i) => 0x11 * i + 7);
    const skb = wrap(bytes.slice(0, 5));
    skb.addFrag(wrapPage(bytes.slice(5, 12)), 0, 7);
    skb.addFrag(wrapPage(bytes.slice(10, 23)), 2, 11);
    return { skb, bytes };
  }

  it('agrees with the gathered bytes over every range: odd boundaries of linear part and frags', () => {
    const { skb, bytes } = packet();
    for (let from = 0; from <= 23; from++) {
      for (let to = from; to <= 23; to++) {
        expect(csumSkb(skb, from, to - from)).toBe(sum(bytes.slice(from, to)));
      }
    }
  });

  it('adds to a sum given', () => {
    const { skb, bytes } = packet();
    expect(csumSkb(skb, 0, 23, 0x8765)).toBe(csumAdd(sum(bytes), 0x8765));
  });

  it.each([
    ['past the end', 20, 4],
    ['before the start', -1, 1],
    ['of negative length', 3, -1],
    ['of no length', 3, Number.NaN],
    ['from nowhere', Number.NaN, 1],
  ])('refuses a range %s', (_, offset, len) => {
    const skb = wrap(new Uint8Array(30));
    skb.pull(7); // there are bytes of the buffer on both sides
    expect(() => csumSkb(skb, offset, len)).toThrow(RangeError);
  });
});

describe('csumCopy', () => {
  it.each([0, 1, 2, 3, 4, 7, 15, 16, 17, 31, 64, 1448, 2047, 2048, 65_537, 300_001])(
    'copies and sums %i bytes between odd places and touches nothing beside them',
    (len) => {
      const from = Uint8Array.from({ length: len + 3 }, (_, i) => (i * 251 + (i >> 8)) & 0xff);
      const into = new Uint8Array(len + 10).fill(0xa5);
      const expected = into.slice();
      expected.set(from.subarray(3), 5);
      // Views that do not begin where their buffers do.
      const source = new DataView(from.buffer, 1);
      const target = new DataView(into.buffer, 2);
      expect(csumCopy(source, 2, target, 3, len, 0x1234)).toBe(csumPartial(source, 2, len, 0x1234));
      // One comparison of strings: toEqual takes seconds over big arrays.
      expect(into.join()).toBe(expected.join());
    },
  );
});
