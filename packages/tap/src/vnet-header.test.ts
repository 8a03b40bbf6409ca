import {
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  CHECKSUM_UNNECESSARY,
  Pool,
  SKB_GSO_DODGY,
  SKB_GSO_TCP_ECN,
  SKB_GSO_TCP_FIXEDID,
  SKB_GSO_TCPV4,
  SKB_GSO_TCPV6,
  SKB_GSO_UDP_L4,
  type SkBuff,
  wrapPage,
} from '@stack/skbuff';
import { hex, toHex } from '@stack/testkit';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { readVnetHeader, VNET_HLEN, writeVnetHeader } from './vnet-header.ts';

const pool = new Pool({ poison: true, chunkSize: 65_536 });
const made: SkBuff[] = [];
const view = new DataView(new ArrayBuffer(VNET_HLEN));

/** 14 + 20 + 20 bytes of headers, `payload` bytes behind them. */
function packet(payload = 3000, doff = 5): SkBuff {
  const skb = pool.alloc(54 + payload, 66) as SkBuff;
  made.push(skb);
  const at = skb.put(54 + payload);
  skb.bytes.fill(0, at, skb.tail);
  skb.view.setUint8(at + 34 + 12, doff << 4);
  return skb;
}

function partial(changes: Partial<SkBuff> = {}, payload = 3000, doff = 5): SkBuff {
  const skb = packet(payload, doff);
  const offsets = { ipSummed: CHECKSUM_PARTIAL, csumStart: skb.data + 34, csumOffset: 16 };
  return Object.assign(skb, offsets, changes);
}

const TCP = { gsoSize: 1448, gsoSegs: 3, gsoType: SKB_GSO_TCPV4 };

afterEach(() => {
  for (const skb of made.splice(0)) skb.free();
  expect(pool.stats.inUse).toBe(0);
});

describe('a header as it is written', () => {
  // flags gso_type hdr_len gso_size csum_start csum_offset, little-endian
  it.each([
    ['complete', () => packet(), '00 00 0000 0000 0000 0000'],
    [
      'verified',
      () => Object.assign(packet(), { ipSummed: CHECKSUM_UNNECESSARY }),
      '00 00 0000 0000 0000 0000',
    ],
    ['partial', () => partial(), '01 00 0000 0000 2200 1000'],
    ['TCP over IPv4', () => partial(TCP), '01 01 3600 a805 2200 1000'],
    ['TCP over IPv6', () => partial({ ...TCP, gsoType: SKB_GSO_TCPV6 }), '01 04 3600 a805 2200 1000'],
    [
      'with CWR',
      () => partial({ ...TCP, gsoType: SKB_GSO_TCPV4 | SKB_GSO_TCP_ECN }),
      '01 81 3600 a805 2200 1000',
    ],
    [
      'forwarded',
      () => partial({ ...TCP, gsoType: SKB_GSO_TCPV4 | SKB_GSO_DODGY }),
      '01 01 3600 a805 2200 1000',
    ],
    ['TCP options', () => partial(TCP, 3000, 8), '01 01 4200 a805 2200 1000'],
  ])('%s', (_, make, expected) => {
    view.setUint16(4, 0xffff);
    expect(writeVnetHeader(view, make())).toBeUndefined();
    expect(toHex(new Uint8Array(view.buffer))).toBe(toHex(hex(expected)));
  });

  it.each([
    ['a super-packet whose checksum is complete', () => Object.assign(packet(), TCP), 'SKB_GSO_SEG'],
    ['UDP segments', () => partial({ ...TCP, gsoType: SKB_GSO_UDP_L4 }), 'SKB_GSO_SEG'],
    ['fixed ids', () => partial({ ...TCP, gsoType: SKB_GSO_TCPV4 | SKB_GSO_TCP_FIXEDID }), 'SKB_GSO_SEG'],
    ['both families', () => partial({ ...TCP, gsoType: SKB_GSO_TCPV4 | SKB_GSO_TCPV6 }), 'SKB_GSO_SEG'],
    ['segments of more than 65,535', () => partial({ ...TCP, gsoSize: 0x1_0000 }), 'SKB_GSO_SEG'],
    ['a TCP header shorter than 20', () => partial(TCP, 3000, 4), 'SKB_GSO_SEG'],
    ['a TCP header beyond the packet', () => partial({ ...TCP, gsoSize: 1 }, 10, 15), 'SKB_GSO_SEG'],
    ['a checksum in front of the packet', () => partial({ csumStart: 3 }), 'SKB_CSUM'],
    ['a checksum behind the packet', () => partial({ csumOffset: 3020 }), 'SKB_CSUM'],
    ['a checksum in front of its start', () => partial({ csumOffset: -2 }), 'SKB_CSUM'],
  ])('not: %s', (_, make, fault) => {
    expect(writeVnetHeader(view, make())).toBe(fault);
  });
});

describe('a header as it is read', () => {
  const read = (header: string, skb: SkBuff) => {
    new Uint8Array(view.buffer).set(hex(header));
    return readVnetHeader(view, skb);
  };

  it('says nothing of the checksum', () => {
    const skb = packet();
    expect(read('00 00 0000 0000 0000 0000', skb)).toBeUndefined();
    expect([skb.ipSummed, skb.gsoSize]).toEqual([CHECKSUM_NONE, 0]);
  });

  it('vouches for the checksum', () => {
    const skb = packet();
    expect(read('02 00 0000 0000 0000 0000', skb)).toBeUndefined();
    expect(skb.ipSummed).toBe(CHECKSUM_UNNECESSARY);
  });

  it('says where the checksum goes', () => {
    const skb = packet();
    expect(read('01 00 0000 0000 2200 1000', skb)).toBeUndefined();
    expect([skb.ipSummed, skb.csumStart - skb.data, skb.csumOffset]).toEqual([CHECKSUM_PARTIAL, 34, 16]);
    expect(skb.transportHeader).toBe(skb.csumStart);
  });

  it('has the checksum in the linear part, wherever it is', () => {
    const skb = packet(10);
    skb.addFrag(wrapPage(new Uint8Array(1000)), 0, 1000);
    expect(read('01 00 0000 0000 f401 1000', skb)).toBeUndefined();
    expect([skb.csumStart - skb.data, skb.headlen]).toEqual([500, 518]);
  });

  it.each([
    ['TCP over IPv4', '01 01 3600 a805 2200 1000', SKB_GSO_TCPV4],
    ['TCP over IPv6', '01 04 3600 a805 2200 1000', SKB_GSO_TCPV6],
    ['with CWR', '01 81 3600 a805 2200 1000', SKB_GSO_TCPV4 | SKB_GSO_TCP_ECN],
    ['hdr_len missing', '01 01 0000 a805 2200 1000', SKB_GSO_TCPV4],
  ])('says what a super-packet becomes: %s', (_, header, type) => {
    const skb = packet();
    expect(read(header, skb)).toBeUndefined();
    expect([skb.gsoSize, skb.gsoSegs, skb.gsoType]).toEqual([1448, 3, type | SKB_GSO_DODGY]);
  });

  it('makes no super-packet of one segment', () => {
    const skb = packet(1448);
    expect(read('01 01 3600 a805 2200 1000', skb)).toBeUndefined();
    expect([skb.gsoSize, skb.gsoSegs, skb.gsoType]).toEqual([0, 0, 0]);
  });

  it.each([
    ['headers longer than the packet', '00 00 ffff 0000 0000 0000'],
    ['segments without a checksum', '00 01 3600 a805 0000 0000'],
    ['verified segments', '02 01 3600 a805 0000 0000'],
    ['a checksum that starts behind the packet', '01 00 0000 0000 ee0b 0000'],
    ['a checksum that ends behind the packet', '01 00 0000 0000 2200 cb0b'],
    ['segments of 0 bytes', '01 01 3600 0000 2200 1000'],
    ['fragments of UDP, which nobody asked for', '01 03 2a00 c005 2200 0600'],
    ['segments of UDP, which nobody asked for', '01 05 2a00 c005 2200 0600'],
    ['an unknown kind', '01 7f 3600 a805 2200 1000'],
    ['CWR of nothing', '01 80 3600 a805 2200 1000'],
    ['a TCP checksum elsewhere', '01 01 3600 a805 2200 0600'],
    ['a TCP header that begins behind the packet', '01 01 3600 a805 db0b 1000'],
  ])('is not believed: %s', (_, header) => {
    const skb = packet();
    expect(read(header, skb)).toBe('DEV_HDR');
    expect([skb.ipSummed, skb.gsoSize]).toEqual([CHECKSUM_NONE, 0]);
  });

  it.each([
    ['shorter than 20', 4, 3000],
    ['longer than the packet', 15, 10],
  ])('is not believed: a TCP header %s', (_, doff, payload) => {
    expect(read('01 01 3600 0100 2200 1000', packet(payload, doff))).toBe('DEV_HDR');
  });

  it('gives a coded refusal or a sound packet for any header, and never throws', () => {
    const headers = fc.uint8Array({ minLength: VNET_HLEN, maxLength: VNET_HLEN });
    const plausible = fc.record({ flags: fc.nat(3), type: fc.constantFrom(0, 1, 4, 0x81, 5), rest: headers });
    const either = fc.oneof(
      headers,
      plausible.map(({ flags, type, rest }) =>
        Uint8Array.of(flags, type, 0, 0, ...rest.subarray(4, 6), 34, 0, 16, 0),
      ),
    );
    fc.assert(
      fc.property(either, fc.nat(4000), fc.nat(15), (header, payload, doff) => {
        const skb = packet(payload, doff);
        new Uint8Array(view.buffer).set(header);
        const fault = readVnetHeader(view, skb);
        expect([undefined, 'DEV_HDR', 'NOMEM']).toContain(fault);
        if (fault === undefined && skb.ipSummed === CHECKSUM_PARTIAL) {
          const start = skb.csumStart - skb.data;
          expect(start + skb.csumOffset + 2).toBeLessThanOrEqual(skb.headlen);
          // What was believed can be written as it was read.
          expect(writeVnetHeader(view, skb)).toBeUndefined();
        }
        if (skb.gsoSize > 0) expect(skb.gsoSegs).toBeGreaterThan(1);
        made.splice(0)[0]?.free();
      }),
    );
  });
});
