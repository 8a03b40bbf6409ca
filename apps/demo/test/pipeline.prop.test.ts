import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import { checksumHelp, Pool, type SkBuff } from '@stack/skbuff';
import { build, shapeBytes } from '@stack/skbuff/testing';
import * as tcp from '@stack/tcp';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { down, up } from '../src/pipeline.ts';
import { headers, packets, sameHeaders } from './arbitraries.ts';

/** What must be as it was once the headers are off again. */
function geometry(skb: SkBuff): unknown {
  const { page, head, data, tail, end, len, dataLen, nrFrags } = skb;
  const frags = skb.frags.slice(0, nrFrags).map((frag) => ({ ...frag }));
  return { page, head, data, tail, end, len, dataLen, nrFrags, frags };
}

describe('down and up', () => {
  it('any payload under any headers: same headers, same bytes, same geometry, no reference left', () => {
    fc.assert(
      fc.property(headers, packets, (sent, packet) => {
        const pool = new Pool({ poison: true });
        const skb = build(pool, packet);
        const before = geometry(skb);
        down(skb, sent);
        expect(checksumHelp(skb)).toBe(true);
        const received = up(skb);
        sameHeaders(received, sent);
        expect(geometry(skb)).toEqual(before);
        expect(skb.toBytes()).toEqual(shapeBytes(packet));
        skb.free();
        expect(pool.stats).toMatchObject({ inUse: 0, skbs: 0 });
      }),
    );
  });

  it('bytes on the way are a frame that anybody decodes', () => {
    fc.assert(
      fc.property(headers, packets, (sent, packet) => {
        const skb = build(new Pool(), packet);
        down(skb, sent);
        checksumHelp(skb);
        const frame = skb.toBytes();
        const at = ethernet.size(ethernet.decode(frame));
        const datagram = ipv4.decode(frame, at);
        expect(datagram.totLen).toBe(frame.length - at);
        const payload = at + datagram.ihl * 4 + tcp.decode(frame, at + datagram.ihl * 4).doff * 4;
        expect(frame.subarray(payload)).toEqual(shapeBytes(packet));
      }),
    );
  });
});
