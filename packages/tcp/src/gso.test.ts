import { checksumHelp, segment, viewOf } from '@stack/skbuff';
import { pseudoIpv4, pseudoIpv6 } from '@stack/skbuff/checksum';
import { build, hex, layouts, withPool } from '@stack/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as tcp from './index.ts';
import { header } from './testing.ts';

describe('gsoFixup', () => {
  it('makes segments whose headers and checksums are right, of a super-packet in any layout', () => {
    const payloads = fc.uint8Array({ minLength: 1, maxLength: 400 });
    const property = fc.property(
      header(),
      payloads,
      fc.integer({ min: 40, max: 200 }),
      layouts(),
      (h, payload, mss, layout) => {
        withPool((pool) => {
          const skb = build(pool, payload, layout, 64);
          const hlen = tcp.size(h);
          const { check: _, ...rest } = h;
          const sumOf = (length: number) => pseudoIpv4(0xc0a8010a, 0xc0a80164, 6, length);
          tcp.push(skb, rest, sumOf(skb.len + hlen));
          skb.gsoSize = mss;
          const parts = segment(skb, hlen, (part, index, count, offset) => {
            tcp.gsoFixup(part.view, part.data, index, count, offset, skb.len, part.len);
          })!;
          expect(parts).toHaveLength(Math.ceil(payload.length / mss));
          parts.forEach((part, index) => {
            const { len } = part;
            expect(checksumHelp(part)).toBe(true);
            expect(tcp.verify(part, sumOf(len))).toBe(true);
            const last = index === parts.length - 1;
            const cleared = (last ? 0 : tcp.FIN | tcp.PSH) | (index === 0 ? 0 : tcp.CWR);
            expect({ ...tcp.pull(part), check: 0 }).toStrictEqual({
              ...h,
              seq: tcp.seqAdd(h.seq, index * mss),
              flags: h.flags & ~cleared,
              check: 0,
            });
            expect([...part.toBytes()]).toEqual([...payload.subarray(index * mss, (index + 1) * mss)]);
            part.free();
          });
          skb.free();
        });
      },
    );
    fc.assert(property);
  });

  it('takes a length of more than 16 bits out of the sum (RFC 8200 §8.1 has 32)', () => {
    const address = hex`20010db8 00000000 00000000 00000001`;
    const sumOf = (length: number) => pseudoIpv6(address, address, 6, length);
    const bytes = hex(`0050 1f90 fffffff0 00000000 5198 ffff 0000 0000`);
    const view = viewOf(bytes);
    view.setUint16(16, sumOf(180_020));
    tcp.gsoFixup(view, 0, 1, 125, 1448, 180_020, 1468);
    expect(tcp.decode(bytes)).toMatchObject({ seq: 1432, flags: tcp.ACK | tcp.AE, check: sumOf(1468) });
  });

  it('clears CWR behind the first segment, unless it counts as part of ACE (RFC 9768 §3.2.2)', () => {
    const flagsOf = (index: number, firstOnly?: number): number => {
      const bytes = hex(`0050 1f90 00000000 00000000 5191 ffff 0000 0000`);
      tcp.gsoFixup(viewOf(bytes), 0, index, 3, 1448 * index, 4364, 1468, firstOnly);
      return tcp.decode(bytes).flags;
    };
    const ace = tcp.AE | tcp.CWR | tcp.ACK;
    const last = tcp.AE | tcp.ACK | tcp.FIN;
    expect([0, 1, 2].map((index) => flagsOf(index))).toEqual([ace, tcp.AE | tcp.ACK, last]);
    expect([0, 1, 2].map((index) => flagsOf(index, 0))).toEqual([ace, ace, last | tcp.CWR]);
  });
});
