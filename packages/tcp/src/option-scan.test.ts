import { viewOf } from '@stack/skbuff';
import { hex } from '@stack/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as tcp from './index.ts';
import * as arbitrary from './testing.ts';

/** A bare header, its data offset saying that the bytes behind it are options. */
function withOptions(options: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(20 + options.length);
  bytes.set(options, 20);
  bytes[12] = bytes.length << 2;
  return bytes;
}

/** What {@link tcp.readOptions} must find, from the objects that `read` gives. */
function naive(view: DataView, at: number): Record<string, unknown> {
  const found: Record<string, unknown> = { saw: 0 };
  const set = (bit: number, fields: object) => Object.assign(found, fields, { saw: Number(found.saw) | bit });
  let here = at + 20;
  for (const option of tcp.read(view, at).options) {
    const cookie = tcp.fastOpenCookie(option);
    if (cookie !== undefined) {
      const cookieAt = here + tcp.optionLength(option) - cookie.length;
      set(tcp.SAW_FASTOPEN, {
        cookieAt,
        cookieLength: cookie.length,
        cookieExp: option.kind === tcp.TCPOPT_EXP,
      });
    }
    if (option.kind === tcp.TCPOPT_MSS) set(tcp.SAW_MSS, { mss: option.mss });
    if (option.kind === tcp.TCPOPT_WINDOW) set(tcp.SAW_WSCALE, { wscale: option.wscale });
    if (option.kind === tcp.TCPOPT_SACK_PERM) set(tcp.SAW_SACK_PERM, {});
    if (option.kind === tcp.TCPOPT_TIMESTAMP) {
      set(tcp.SAW_TIMESTAMPS, { tsval: option.tsval | 0, tsecr: option.tsecr | 0 });
    }
    if (option.kind === tcp.TCPOPT_SACK) {
      const edges = option.blocks.flatMap(({ startSeq, endSeq }) => [startSeq | 0, endSeq | 0]);
      set(tcp.SAW_SACK, { sackCount: option.blocks.length, edges });
    }
    if (option.kind === tcp.TCPOPT_MD5SIG) set(tcp.SAW_MD5, { md5At: here + 2 });
    if (option.kind === tcp.TCPOPT_AO) set(tcp.SAW_AO, { aoAt: here });
    if (option.kind === tcp.TCPOPT_MPTCP) set(tcp.SAW_MPTCP, { mptcpAt: here });
    const onWire = tcp.wireKind(option);
    if (option.kind !== tcp.TCPOPT_MALFORMED && (onWire === 172 || onWire === 174)) {
      set(tcp.SAW_ACCECN, { accEcnAt: here });
    }
    if (option.kind === tcp.TCPOPT_UTO) {
      set(tcp.SAW_UTO, { userTimeout: option.granularity * 0x8000 + option.timeout });
    }
    if (option.kind === tcp.TCPOPT_MALFORMED) set(tcp.SAW_MALFORMED, {});
    here += tcp.optionLength(option);
  }
  return found;
}

/** What a scan says, without what it does not mean to say. */
function told(scan: tcp.OptionScan): Record<string, unknown> {
  const has = (bit: number, fields: object) => ((scan.saw & bit) !== 0 ? fields : {});
  return {
    saw: scan.saw,
    ...has(tcp.SAW_MSS, { mss: scan.mss }),
    ...has(tcp.SAW_WSCALE, { wscale: scan.wscale }),
    ...has(tcp.SAW_TIMESTAMPS, { tsval: scan.tsval, tsecr: scan.tsecr }),
    ...has(tcp.SAW_SACK, {
      sackCount: scan.sackCount,
      edges: [...scan.sackEdges.subarray(0, scan.sackCount * 2)],
    }),
    ...has(tcp.SAW_FASTOPEN, {
      cookieAt: scan.cookieAt,
      cookieLength: scan.cookieLength,
      cookieExp: scan.cookieExp,
    }),
    ...has(tcp.SAW_MD5, { md5At: scan.md5At }),
    ...has(tcp.SAW_AO, { aoAt: scan.aoAt }),
    ...has(tcp.SAW_MPTCP, { mptcpAt: scan.mptcpAt }),
    ...has(tcp.SAW_ACCECN, { accEcnAt: scan.accEcnAt }),
    ...has(tcp.SAW_UTO, { userTimeout: scan.userTimeout }),
  };
}

describe('readOptions', () => {
  const scan = tcp.optionScan();

  it.each([
    ['no options', ''],
    ['fast open', '220a 0102030405060708 0101'],
    ['fast open as an experiment', 'fe0c f989 0102030405060708'],
    ['NOP, NOP, timestamps', '0101 080a fffffffe 80000000'],
    ['NOP, NOP, timestamps, SACK', '0101 080a 00000001 00000002 0101 050a 80000000 ffffffff'],
    ['NOP, NOP, timestamps, timestamps again', '0101 080a 00000001 00000002 0101 080a 00000003 00000004'],
    ['NOP, NOP, timestamps of 8 bytes', '0101 0808 00000001 00000002 01010101'],
    ['NOP, NOP, timestamps beyond the header', '0101 080a 00000001'],
    ['NOP, timestamps, NOP', '01 080a 00000001 00000002 01'],
    ['a SYN of Linux', '020405b4 0402 080a 00000001 00000000 01 030307'],
    ['a SYN of Windows', '020405b4 01 030308 0101 0402'],
    ['an unknown option of 2 bytes, timestamps', '7e02 080a 00000001 00000002'],
    ['MSS twice', '020405b4 02040218'],
    ['MSS of 3 bytes, then window scale', '020305 01 01 030307'],
    ['NOP, window scale of 4 bytes', '01 030407 07 01 01'],
    ['SACK-permitted, timestamps beyond the header', '0402 080a 00000001'],
    ['NOP, NOP, SACK of a block and a half', '0101 050e 00000001 00000002 00000003'],
    ['NOP, NOP, SACK beyond the header', '0101 0512 00000001 00000002'],
    ['NOP, NOP, SACK without a block', '0101 0502 020405b4'],
    ['NOP, NOP, SACK of three blocks', `0101 051a ${'80000001 7fffffff'.repeat(3)} 0101 0402`],
    ['SACK of a block and a half', '050e 00000001 00000002 00000003 0101'],
    ['SACK without a block', '0502 0101'],
    ['four blocks', `0101 0522 ${'80000001 7fffffff'.repeat(4)}`],
    ['an experiment with half an ExID', 'fe03 f9 01'],
    ['AccECN of 4 bytes', 'ac04 0000'],
    ['MPTCP twice', '1e04 0101 1e04 0202'],
    ['MSS behind End of List', '00 0204 05'],
    ['length 0', '01 0200 05'],
  ])('agrees with read on %s', (_, options) => {
    const bytes = withOptions(hex(options));
    tcp.readOptions(viewOf(bytes), 0, scan);
    expect(told(scan)).toEqual(naive(viewOf(bytes), 0));
  });

  it('agrees with read, whatever the bytes and whatever the struct held before', () => {
    const property = fc.property(arbitrary.optionBytes(), fc.nat(5), (options, at) => {
      const bytes = new Uint8Array(at + 20 + options.length + 4).fill(0xa5);
      bytes.set(withOptions(options), at);
      const view = viewOf(bytes);
      tcp.readOptions(view, at, scan);
      expect(told(scan)).toEqual(naive(view, at));
    });
    fc.assert(property);
  });

  it('agrees with read on legal headers, timestamps first or not', () => {
    const first: tcp.Option[] = [{ kind: 1 }, { kind: 1 }, { kind: 8, tsval: 0xfffffffe, tsecr: 5 }];
    const property = fc.property(arbitrary.header(), fc.boolean(), (header, timestamps) => {
      const options = timestamps ? [...first, ...header.options] : header.options;
      fc.pre(tcp.size({ options }) <= tcp.MAX_HLEN);
      const bytes = tcp.encode({ ...header, doff: tcp.size({ options }) / 4, options });
      tcp.readOptions(viewOf(bytes), 0, scan);
      expect(told(scan)).toEqual(naive(viewOf(bytes), 0));
    });
    fc.assert(property);
  });
});
