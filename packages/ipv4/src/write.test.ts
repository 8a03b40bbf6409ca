import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as ipv4 from './index.ts';
import { header } from './testing.ts';

describe('writeHeader', () => {
  it('writes what encode writes, a right checksum, and nothing around it', () => {
    const plain = { maxOptions: 0 };
    fc.assert(
      fc.property(header(plain), fc.nat(9), fc.nat(255), fc.boolean(), (h, at, dirt, signed) => {
        const expected = new Uint8Array(at + 24).fill(dirt);
        ipv4.encode(h, expected, at);
        ipv4.sendCheck(new DataView(expected.buffer), at);
        const bytes = new Uint8Array(at + 24).fill(dirt);
        const view = new DataView(bytes.buffer);
        const [saddr, daddr] = signed ? [h.saddr | 0, h.daddr | 0] : [h.saddr, h.daddr];
        const fragOff = (h.flags << 13) | h.fragOff;
        ipv4.writeHeader(view, at, h.tos, h.totLen, h.id, fragOff, h.ttl, h.protocol, saddr, daddr);
        expect(bytes).toEqual(expected);
        expect(ipv4.verify(view, at)).toBe(true);
      }),
    );
  });

  it('carries twice where the sum asks for it', () => {
    const bytes = new Uint8Array(20);
    const view = new DataView(bytes.buffer);
    ipv4.writeHeader(view, 0, 0, 0xba00, 0, 0, 0, 0, 0xffff_0001, 0); // 0x4500 + 0xba00 + 0xffff + 1 = 0x1ff00
    expect(ipv4.verify(view, 0)).toBe(true);
    ipv4.writeHeader(view, 0, 0, 0xffff, 0xffff, 0xbafe, 0, 0, 0, 2); // 0x2ffff folds to 0x10001
    expect([ipv4.verify(view, 0), ipv4.checksum(view, 0)]).toEqual([true, 0xfffe]);
  });

  it('cuts what does not fit to its bits', () => {
    const bytes = new Uint8Array(20);
    const view = new DataView(bytes.buffer);
    ipv4.writeHeader(view, 0, 0x1ff, 20, 0x2_0001, 0x1_4000, 0x140, 0x106, 1, 2);
    expect(ipv4.decode(bytes)).toMatchObject({ version: 4, ihl: 5, tos: 0xff, totLen: 20, id: 1, flags: 2 });
    expect(ipv4.decode(bytes)).toMatchObject({ fragOff: 0, ttl: 64, protocol: 6, saddr: 1, daddr: 2 });
    expect(ipv4.verify(view, 0)).toBe(true);
  });

  it('writes 0 for a length that IPv4 has no room for, as of BIG TCP', () => {
    const view = new DataView(new ArrayBuffer(20));
    ipv4.writeHeader(view, 0, 0, 0x1_0014, 1, 0, 64, 6, 1, 2);
    expect([ipv4.totLen(view, 0), ipv4.verify(view, 0)]).toEqual([0, true]);
  });
});
