import { hex, toHex } from '@stack/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as tcp from './index.ts';
import { header } from './testing.ts';

const u32 = (): fc.Arbitrary<number> => fc.integer({ min: 0, max: 0xffff_ffff });

describe('writeHeader', () => {
  it('writes what encode writes, and nothing around it', () => {
    const part = { res1: fc.constant(0), options: fc.constant<tcp.Option[]>([]) };
    fc.assert(
      fc.property(header(part), fc.nat(9), fc.nat(255), fc.boolean(), (h, at, dirt, signed) => {
        const expected = new Uint8Array(at + 24).fill(dirt);
        tcp.encode(h, expected, at);
        const bytes = new Uint8Array(at + 24).fill(dirt);
        const [seq, ackSeq] = signed ? [h.seq | 0, h.ackSeq | 0] : [h.seq, h.ackSeq];
        const { source, dest, flags, window, check, urgPtr } = h;
        const view = new DataView(bytes.buffer);
        tcp.writeHeader(view, at, source, dest, seq, ackSeq, h.doff * 4, flags, window, check, urgPtr);
        expect(bytes).toEqual(expected);
      }),
    );
  });
});

describe('option writers', () => {
  const NOP: tcp.Option = { kind: tcp.TCPOPT_NOP };
  const SACK_PERM: tcp.Option = { kind: tcp.TCPOPT_SACK_PERM };

  /** A header with these options. */
  const encoded = (options: tcp.Option[]): Uint8Array => {
    const doff = 5 + Math.ceil(tcp.optionsLength(options) / 4);
    return tcp.encode({
      source: 1,
      dest: 2,
      seq: 3,
      ackSeq: 4,
      doff,
      res1: 0,
      flags: 5,
      window: 6,
      check: 7,
      urgPtr: 8,
      options,
    });
  };

  /** The same, by the writers, in a dirty buffer; `write` gives where the options end. */
  const written = (write: (view: DataView, at: number) => number, length: number): Uint8Array => {
    const bytes = new Uint8Array(length).fill(0xa5);
    const view = new DataView(bytes.buffer);
    tcp.writeHeader(view, 0, 1, 2, 3, 4, length, 5, 6, 7, 8);
    expect(write(view, tcp.HLEN)).toBe(length);
    return bytes;
  };

  it('write the words of a SYN as Linux sends it', () => {
    const bytes = new Uint8Array(20);
    const view = new DataView(bytes.buffer);
    let at = tcp.writeMss(view, 0, 1460);
    at = tcp.writeSackPermittedTimestamps(view, at, 0x01020304, 0);
    at = tcp.writeWscale(view, at, 7);
    expect(at).toBe(20);
    expect(toHex(bytes)).toBe(toHex(hex`020405b4 0402080a 01020304 00000000 01030307`));
  });

  it('write what encode writes of the same options', () => {
    fc.assert(
      fc.property(fc.nat(0xffff), fc.nat(0xff), u32(), u32(), (mss, wscale, tsval, tsecr) => {
        const times: tcp.Option = { kind: tcp.TCPOPT_TIMESTAMP, tsval, tsecr };
        const options: tcp.Option[] = [
          { kind: tcp.TCPOPT_MSS, mss },
          NOP,
          { kind: tcp.TCPOPT_WINDOW, wscale },
          NOP,
          NOP,
          SACK_PERM,
          NOP,
          NOP,
          times,
          SACK_PERM,
          times,
        ];
        const expected = encoded(options);
        const bytes = written((view, at) => {
          const words = tcp.writeSackPermitted(
            view,
            tcp.writeWscale(view, tcp.writeMss(view, at, mss), wscale),
          );
          const stamps = tcp.writeTimestamps(view, words, tsval | 0, tsecr);
          return tcp.writeSackPermittedTimestamps(view, stamps, tsval, tsecr | 0);
        }, expected.length);
        expect(toHex(bytes)).toBe(toHex(expected));
        expect(expected.length).toBe(20 + 3 * tcp.TCPOLEN_WORD + 2 * tcp.TCPOLEN_TSTAMP_ALIGNED);
      }),
    );
  });

  it('write one to four SACK blocks from anywhere in the edges', () => {
    const blocks = fc.array(fc.tuple(u32(), u32()), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(blocks, fc.nat(5), (pairs, from) => {
        const sack: tcp.Option = {
          kind: tcp.TCPOPT_SACK,
          blocks: pairs.map(([startSeq, endSeq]) => ({ startSeq, endSeq })),
        };
        const edges = new Int32Array(from + 8);
        edges.set(pairs.flat(), from);
        const expected = encoded([NOP, NOP, sack]);
        const bytes = written(
          (view, at) => tcp.writeSack(view, at, edges, pairs.length, from),
          expected.length,
        );
        expect(toHex(bytes)).toBe(toHex(expected));
        const options = tcp.TCPOLEN_SACK_BASE_ALIGNED + pairs.length * tcp.TCPOLEN_SACK_PERBLOCK;
        expect(expected.length).toBe(20 + options);
      }),
    );
  });

  it('write a fast open cookie in either encoding, and NOPs behind it', () => {
    const length = fc.constantFrom(0, 4, 6, 8, 10, 12, 14, 16);
    const cookies = length.chain((n) => fc.uint8Array({ minLength: n, maxLength: n }));
    fc.assert(
      fc.property(cookies, fc.boolean(), (cookie, exp) => {
        const option: tcp.Option = exp
          ? { kind: tcp.TCPOPT_EXP, exid: tcp.TCPOPT_FASTOPEN_MAGIC, data: cookie }
          : { kind: tcp.TCPOPT_FASTOPEN, cookie };
        const size = tcp.fastopenLength(cookie.length, exp);
        const padding = size - tcp.optionLength(option);
        const expected = encoded([option, ...new Array<tcp.Option>(padding).fill(NOP)]);
        const bytes = written((view, at) => tcp.writeFastopen(view, at, cookie, exp), 20 + size);
        expect(toHex(bytes)).toBe(toHex(expected));
      }),
    );
  });

  it('write counters of AccECN, as many as asked for, of 24 bits, and NOPs behind them', () => {
    fc.assert(
      fc.property(fc.tuple(u32(), u32(), u32()), fc.nat(3), (all, fields) => {
        const [ee1b, eceb, ee0b] = all;
        const counters = all.slice(0, fields).map((counter) => counter & 0xff_ffff);
        const option: tcp.Option = { kind: tcp.TCPOPT_ACCECN1, counters };
        const size = tcp.accecnOptionLength(fields);
        const expected = encoded([
          option,
          ...new Array<tcp.Option>(size - tcp.optionLength(option)).fill(NOP),
        ]);
        const bytes = written(
          (view, at) => tcp.writeAccEcn(view, at, fields, ee1b, eceb, ee0b),
          tcp.HLEN + size,
        );
        expect(toHex(bytes)).toBe(toHex(expected));
      }),
    );
  });
});
