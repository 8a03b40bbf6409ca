import { MAX_SKB_FRAGS, viewOf, wrap } from '@stack/skbuff';
import { csumFold, csumPartial } from '@stack/skbuff/checksum';
import { crc32 } from '@stack/skbuff/crc32';
import { describe, expect, it } from 'vitest';
import { CMD, POPTS, TUCMD } from './bits.ts';
import { decode, encode } from './codec.ts';
import { OK } from './core.ts';
import type { Descriptor } from './descriptor.ts';
import { bench, frameBytes, packet, segmentTest } from './fixture.ts';
import { push } from './ring.ts';

/** Writes descriptors where the driver would and rings the doorbell. */
function write(net: ReturnType<typeof bench>, descriptors: readonly Descriptor[]): void {
  let index = net.a.tx.tail;
  for (const descriptor of descriptors) {
    encode(descriptor, net.a.tx.bytes, index * 16);
    index = (index + 1) % net.a.tx.count;
  }
  net.a.tx.tail = index;
  net.clock.run();
}

/** A window over `bytes` in a's memory, and descriptors for it. */
function legacy(net: ReturnType<typeof bench>, bytes: Uint8Array, change: object = {}): Descriptor {
  const skb = wrap(bytes);
  return {
    kind: 'tx-legacy',
    addressLow: 0,
    addressHigh: net.a.memory.mapForRead(skb.page) >>> 0,
    length: bytes.byteLength,
    cso: 0,
    cmd: CMD.EOP | CMD.IFCS | CMD.RS,
    sta: 0,
    rsv: 0,
    css: 0,
    special: 0,
    ...change,
  };
}

function data(net: ReturnType<typeof bench>, bytes: Uint8Array, change: object = {}): Descriptor {
  const { addressHigh } = legacy(net, bytes) as { addressHigh: number };
  return {
    kind: 'tx-data',
    addressLow: 0,
    addressHigh,
    dtalen: bytes.byteLength,
    dcmd: CMD.EOP | CMD.IFCS | CMD.RS | CMD.DEXT,
    sta: 0,
    rsv: 0,
    popts: 0,
    special: 0,
    ...change,
  };
}

const CONTEXT: Descriptor = {
  kind: 'tx-context',
  ipcss: 14,
  ipcso: 24,
  ipcse: 33,
  tucss: 34,
  tucso: 50,
  tucse: 0,
  paylen: 0,
  tucmd: CMD.DEXT,
  sta: 0,
  rsv: 0,
  hdrlen: 0,
  mss: 0,
};

describe('what the device makes of descriptors written by hand', () => {
  it('sends, and writes back DD where RS asks for it', () => {
    const net = bench();
    write(net, [legacy(net, frameBytes(100)), legacy(net, frameBytes(50), { cmd: CMD.EOP | CMD.IFCS })]);
    expect(net.received).toEqual([frameBytes(100), frameBytes(50)]);
    expect(decode(net.a.tx.bytes, 'tx-legacy').sta).toBe(1);
    expect(decode(net.a.tx.bytes, 'tx-legacy', 16).sta).toBe(0);
  });

  it('legacy checksum insertion: CSS and CSO', () => {
    const net = bench();
    const bytes = frameBytes(100);
    write(net, [legacy(net, bytes, { cmd: CMD.EOP | CMD.IFCS | CMD.IC, css: 20, cso: 30 })]);
    const expected = bytes.slice();
    viewOf(expected).setUint16(30, csumFold(csumPartial(viewOf(bytes), 20, 94)));
    expect(net.received).toEqual([expected]);
  });

  it('IXSM sums the IP header alone, TXSM the rest, each from the last context', () => {
    const net = bench();
    const bytes = frameBytes(100);
    write(net, [CONTEXT, data(net, bytes, { popts: POPTS.IXSM | POPTS.TXSM })]);
    const expected = bytes.slice();
    viewOf(expected).setUint16(24, csumFold(csumPartial(viewOf(bytes), 14, 20)));
    viewOf(expected).setUint16(50, csumFold(csumPartial(viewOf(bytes), 34, 80)));
    expect(net.received).toEqual([expected]);
    write(net, [data(net, bytes, { popts: POPTS.TXSM })]); // the context still holds
    viewOf(expected).setUint16(24, viewOf(bytes).getUint16(24));
    expect(net.received[1]).toEqual(expected);
  });

  it('a checksum that lies outside the frame is not inserted, and counted', () => {
    const net = bench();
    write(net, [legacy(net, frameBytes(46), { cmd: CMD.EOP | CMD.IFCS | CMD.IC, css: 60, cso: 20 })]);
    write(net, [legacy(net, frameBytes(46), { cmd: CMD.EOP | CMD.IFCS | CMD.IC, css: 14, cso: 59 })]);
    expect(net.received).toEqual([frameBytes(46), frameBytes(46)]);
    expect(net.a.ethtool.badDescriptors).toBe(2);
  });

  it('a sum of zero goes out as all ones, as in software', () => {
    const net = bench();
    const bytes = frameBytes(46).fill(0, 14);
    viewOf(bytes).setUint16(20, 0xffff);
    write(net, [legacy(net, bytes, { cmd: CMD.EOP | CMD.IFCS | CMD.IC, css: 20, cso: 22 })]);
    expect(viewOf(net.received[0] as Uint8Array).getUint16(22)).toBe(0xffff);
  });

  it('without IFCS the last four bytes are the FCS: right ones pass, wrong ones are dropped', () => {
    const net = bench();
    const frame = new Uint8Array(64);
    frame.set(frameBytes(46));
    viewOf(frame).setUint32(60, crc32(viewOf(frame), 0, 60), true);
    write(net, [legacy(net, frame, { cmd: CMD.EOP | CMD.RS })]);
    expect(net.received).toEqual([frameBytes(46)]);
    const wrong = frame.slice().fill(0, 60);
    write(net, [legacy(net, wrong, { cmd: CMD.EOP | CMD.RS })]);
    expect(net.b.stats.rxCrcErrors).toBe(1);
    const short = frameBytes(20);
    viewOf(short).setUint32(30, crc32(viewOf(short), 0, 30), true);
    write(net, [legacy(net, short, { cmd: CMD.EOP | CMD.RS })]);
    expect(net.b.ethtool.rx_short_length_errors).toBe(1);
    expect(net.b.drops.NIC_RX_SHORT).toBe(1);
  });

  it('empty descriptors cost nothing within a packet, and are no packet on their own', () => {
    const net = bench();
    const empty = legacy(net, new Uint8Array(0), { cmd: CMD.IFCS, addressHigh: 0 });
    write(net, [empty, legacy(net, frameBytes(46))]);
    expect(net.received).toEqual([frameBytes(46)]);
    write(net, [legacy(net, new Uint8Array(0), { addressHigh: 0 })]);
    write(net, [legacy(net, new Uint8Array(13))]);
    expect(net.a.drops.NIC_TX_DESCRIPTOR).toBe(2);
    const skb = net.poolA.alloc(0)!;
    expect(push(net.a.tx, skb)).toBe(OK);
    net.clock.run();
    expect(net.a.drops.NIC_TX_DESCRIPTOR).toBe(3);
  });

  it('an address that is not mapped is a master abort, and the ring goes on', () => {
    const net = bench();
    write(net, [legacy(net, frameBytes(46), { addressHigh: 0xdead_beef }), legacy(net, frameBytes(60))]);
    expect(net.a.drops.NIC_TX_ABORT).toBe(1);
    expect(net.a.ethtool.masterAborts).toBe(1);
    expect(net.a.stats.txAbortedErrors).toBe(1);
    expect(net.received).toEqual([frameBytes(60)]);
    write(net, [legacy(net, frameBytes(46), { length: 61 })]);
    write(net, [legacy(net, frameBytes(46), { addressLow: 0xffff_fff0 })]);
    expect(net.a.drops.NIC_TX_ABORT).toBe(3);
  });

  it('unknown types, broken packets and frames beyond any size are counted and skipped', () => {
    const net = bench();
    const garbage = encode(data(net, frameBytes(46)));
    garbage[10] = 0x70;
    net.a.tx.bytes.set(garbage, net.a.tx.tail * 16);
    net.a.tx.tail = (net.a.tx.tail + 1) % 256;
    write(net, [legacy(net, frameBytes(46), { cmd: CMD.IFCS | CMD.RS }), CONTEXT]);
    const big = new Uint8Array(16_288);
    write(net, [legacy(net, big, { cmd: CMD.IFCS }), legacy(net, big)]);
    write(net, [legacy(net, frameBytes(80))]);
    expect(net.a.drops.NIC_TX_DESCRIPTOR).toBe(3);
    expect(net.a.ethtool.badDescriptors).toBe(3);
    expect(net.received).toEqual([frameBytes(80)]);
    expect(net.a.tx.head).toBe(net.a.tx.tail);
  });

  it('half a packet waits for its end; a ring full of halves is given up', () => {
    const net = bench({ both: { txRing: 8 } });
    const half = frameBytes(100);
    write(net, [legacy(net, half.subarray(0, 50).slice(), { cmd: CMD.IFCS })]);
    expect([net.a.tx.head, net.received.length]).toEqual([0, 0]);
    write(net, [legacy(net, half.slice(50))]);
    expect(net.received).toEqual([half]);
    write(
      net,
      Array.from({ length: 7 }, () => legacy(net, frameBytes(50), { cmd: CMD.IFCS })),
    );
    expect(net.a.drops.NIC_TX_DESCRIPTOR).toBe(1);
    expect(net.a.tx.head).toBe(net.a.tx.tail);
  });

  it('a context that makes no sense for a super-packet', () => {
    const net = bench({ a: { segment: segmentTest } });
    const tse = { dcmd: CMD.EOP | CMD.IFCS | CMD.DEXT | CMD.TSE };
    const bytes = frameBytes(1000);
    const good = {
      ...CONTEXT,
      hdrlen: 54,
      mss: 500,
      paylen: 960,
      tucmd: CMD.DEXT | TUCMD.TSE | TUCMD.TCP | TUCMD.IP,
    };
    for (const change of [
      { mss: 0 },
      { hdrlen: 13 },
      { paylen: 961 },
      { hdrlen: 255 },
      { tucmd: CMD.DEXT },
    ]) {
      write(net, [{ ...good, ...change }, data(net, bytes, tse)]);
    }
    write(net, [good, data(net, bytes, { ...tse, addressHigh: 77 })]);
    expect(net.a.ethtool.tx_tcp_seg_failed).toBe(6);
    expect(net.a.drops).toMatchObject({ NIC_TX_DESCRIPTOR: 5, NIC_TX_ABORT: 1 });
    const long = frameBytes(104 + MAX_SKB_FRAGS * 50);
    const pieces = Array.from({ length: MAX_SKB_FRAGS + 1 }, (_, i) =>
      data(net, long.slice(i * 50 + (i > 0 ? 54 : 0), i * 50 + 104), {
        dcmd: tse.dcmd & ~(i < MAX_SKB_FRAGS ? CMD.EOP : 0),
      }),
    );
    write(net, [{ ...good, paylen: 50 + MAX_SKB_FRAGS * 50 }, ...pieces]);
    expect(net.a.ethtool.tx_tcp_seg_failed).toBe(7);
    write(net, [good, data(net, bytes, tse)]);
    expect(net.a.ethtool.tx_tcp_seg_good).toBe(1);
    expect(net.received.length).toBe(2);
  });

  it('a receive buffer that is not mapped: the frame is lost, the next one is not', () => {
    const net = bench();
    const at = net.b.rx.head * 16;
    encode({ ...decode(net.b.rx.bytes, 'rx-legacy', at), addressHigh: 1 }, net.b.rx.bytes, at);
    net.a.xmit(packet(net.poolA, frameBytes(46)));
    net.a.xmit(packet(net.poolA, frameBytes(60)));
    net.clock.run();
    expect(net.b.drops).toMatchObject({ NIC_RX_ABORT: 1, NIC_RX_DESCRIPTOR: 1 });
    expect(net.b.ethtool.masterAborts).toBe(1);
    expect(net.received).toEqual([frameBytes(60)]);
    net.close();
  });

  it('a tail beyond the ring is counted', () => {
    const net = bench();
    net.a.tx.tail = 256;
    net.b.rx.tail = -1;
    expect([net.a.ethtool.badRegisterWrites, net.b.ethtool.badRegisterWrites]).toEqual([1, 1]);
    net.close();
  });
});
