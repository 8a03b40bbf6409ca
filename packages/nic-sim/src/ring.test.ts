import { CHECKSUM_PARTIAL, Pool, SKB_GSO_TCPV4, type SkBuff, viewOf, wrap } from '@stack/skbuff';
import { csumFold, csumPartial } from '@stack/skbuff/checksum';
import { crc32 } from '@stack/skbuff/crc32';
import { describe, expect, it } from 'vitest';
import { CMD, POPTS, RX_ERROR, RX_STATUS, TUCMD } from './bits.ts';
import { decode, encode, kindOf } from './codec.ts';
import { BUSY, OK } from './core.ts';
import type { Descriptor } from './descriptor.ts';
import { bench, expectAtRest, frameBytes, packet, segmentTest, superPacket } from './fixture.ts';
import { MAX_WINDOWS, Memory } from './memory.ts';
import { pull, push } from './ring.ts';
import { RxRing } from './rx-ring.ts';
import { TxRing } from './tx-ring.ts';

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

describe('what the driver posts', () => {
  it('a plain packet: one legacy descriptor a piece, EOP and RS in the last', () => {
    const memory = new Memory();
    const pool = new Pool();
    const ring = new TxRing(memory, 8);
    const skb = packet(pool, frameBytes(40));
    const page = pool.page(100)!;
    skb.addFrag(page, page.start, 100);
    expect(push(ring, skb)).toBe(OK);
    const window = memory.mapForRead(skb.page);
    expect(decode(ring.bytes, 'tx-legacy')).toEqual({
      kind: 'tx-legacy',
      addressLow: skb.data,
      addressHigh: window,
      length: 54,
      cso: 0,
      cmd: CMD.IFCS,
      sta: 0,
      rsv: 0,
      css: 0,
      special: 0,
    });
    expect(decode(ring.bytes, 'tx-legacy', 16)).toMatchObject({
      addressLow: page.start,
      length: 100,
      cmd: CMD.IFCS | CMD.EOP | CMD.RS,
    });
    expect([ring.head, ring.tail, ring.used, ring.room]).toEqual([0, 2, 2, 5]);
    expect(pull(ring)).toBeUndefined();
    ring.close();
    expectAtRest(pool);
    expect(memory.mapped).toBe(0);
  });

  it('a checksum: a context and data descriptors with TXSM', () => {
    const ring = new TxRing(new Memory(), 8);
    const pool = new Pool();
    push(ring, superPacket(pool, new Uint8Array(100), 0, { headroom: 2, linear: 60, frags: [] }));
    expect([0, 16, 32].map((at) => kindOf(ring.view, at))).toEqual(['tx-context', 'tx-data', 'tx-data']);
    expect(decode(ring.bytes, 'tx-context')).toMatchObject({
      tucss: 34,
      tucso: 50,
      tucse: 0,
      mss: 0,
      tucmd: CMD.DEXT,
    });
    expect(decode(ring.bytes, 'tx-data', 16)).toMatchObject({ dtalen: 60, popts: POPTS.TXSM });
    ring.close();
    expectAtRest(pool);
  });

  it('a super-packet: TSE, MSS, HDRLEN and PAYLEN; a tag: VLE', () => {
    const ring = new TxRing(new Memory(), 16);
    const pool = new Pool();
    const skb = superPacket(pool, new Uint8Array(40_000), 1400, { headroom: 2, linear: 60, frags: [] });
    [skb.vlanProto, skb.vlanTci] = [0x8100, 0x6064];
    push(ring, skb);
    expect(decode(ring.bytes, 'tx-context')).toEqual({
      kind: 'tx-context',
      ipcss: 14,
      ipcso: 24,
      ipcse: 33,
      tucss: 34,
      tucso: 50,
      tucse: 0,
      paylen: 40_000,
      tucmd: CMD.DEXT | TUCMD.TSE | TUCMD.TCP | TUCMD.IP,
      sta: 0,
      rsv: 0,
      hdrlen: 54,
      mss: 1400,
    });
    const lengths = [1, 2, 3, 4].map((i) => decode(ring.bytes, 'tx-data', i * 16));
    expect(lengths.map((d) => d.dtalen)).toEqual([60, 16_288, 16_288, 7418]);
    expect(lengths.every((d) => d.special === 0x6064 && (d.dcmd & CMD.VLE) !== 0)).toBe(true);
    ring.close();
    expectAtRest(pool);
  });

  it('BUSY without room: nothing taken', () => {
    const ring = new TxRing(new Memory(), 8);
    const pool = new Pool();
    for (let i = 0; i < 7; i++) expect(push(ring, packet(pool, frameBytes(46)))).toBe(OK);
    const skb = packet(pool, frameBytes(46));
    expect(push(ring, skb)).toBe(BUSY);
    expect([skb.users, ring.room, ring.tail]).toEqual([1, 0, 7]);
    skb.free();
    ring.close();
    expectAtRest(pool);
  });

  it('BUSY without windows: what was mapped is unmapped', () => {
    const memory = new Memory();
    const ring = new TxRing(memory, 16);
    const spare = wrap(new Uint8Array(1)).page;
    for (let i = memory.mapped; i < MAX_WINDOWS - 1; i++) memory.mapForRead(spare);
    const before = memory.mapped;
    const skb = wrap(frameBytes(46));
    skb.addFrag(spare.hold(), 0, 1);
    expect(push(ring, skb)).toBe(BUSY);
    expect([memory.mapped, ring.used]).toEqual([before, 0]);
  });

  it('refuses what no descriptor can say', () => {
    const ring = new TxRing(new Memory(), 8);
    const pool = new Pool();
    const sum = (start: number, offset: number): SkBuff => {
      const skb = packet(pool, frameBytes(1000));
      skb.ipSummed = CHECKSUM_PARTIAL;
      skb.csumStart = skb.data + start;
      skb.csumOffset = offset;
      return skb;
    };
    const cut = (change: (skb: SkBuff) => void): SkBuff => {
      const skb = superPacket(pool, new Uint8Array(3000), 1000, { headroom: 2, linear: 60, frags: [] });
      change(skb);
      return skb;
    };
    for (const skb of [
      sum(256, 0),
      sum(200, 56),
      sum(-1, 4),
      sum(14, 2000),
      cut((s) => {
        s.gsoSize = 0x1_0000;
      }),
      cut((s) => {
        s.gsoType = SKB_GSO_TCPV4 | 2;
      }),
      cut((s) => {
        s.view.setUint8(s.transportHeader + 12, 0x40);
      }),
      cut((s) => {
        s.view.setUint8(s.transportHeader + 12, 0xf0);
      }),
      cut((s) => {
        s.transportHeader = -1;
      }),
      cut((s) => {
        s.networkHeader = s.transportHeader;
      }),
    ]) {
      expect(() => push(ring, skb)).toThrow(RangeError);
      skb.free();
    }
    expect(ring.used).toBe(0);
    expectAtRest(pool);
  });

  it('receive buffers are empty skbs of the right size, and the skb comes back filled', () => {
    const memory = new Memory();
    const pool = new Pool();
    const ring = new RxRing(memory, 8, 1982);
    const skb = pool.alloc(1982, 66)!;
    expect(push(ring, skb)).toBe(OK);
    expect(decode(ring.bytes, 'rx-legacy')).toMatchObject({ addressLow: skb.data, length: 0, status: 0 });
    for (const wrong of [
      pool.alloc(100)!,
      packet(pool, new Uint8Array(1982)),
      pool.alloc(1982, 66)!.clone(),
    ]) {
      expect(() => push(ring, wrong)).toThrow(RangeError);
    }
    expect(pull(ring)).toBeUndefined();
    encode(
      {
        ...decode(ring.bytes, 'rx-legacy'),
        length: 9999,
        status: RX_STATUS.DD | RX_STATUS.EOP | RX_STATUS.IXSM,
      },
      ring.bytes,
    );
    const got = pull(ring);
    expect(got).toBe(skb);
    expect(got?.len).toBe(1982); // what the device claims is cut to the buffer
    expect(ring.errors).toBe(0);
    ring.close();
    expect(memory.mapped).toBe(0);
  });

  it('buffers that are all done but never end are one broken packet', () => {
    const pool = new Pool();
    const ring = new RxRing(new Memory(), 32, 100);
    for (let i = 0; i < 31; i++) {
      push(ring, pool.alloc(100)!);
      encode(
        { ...decode(ring.bytes, 'rx-legacy', i * 16), length: 10, status: RX_STATUS.DD },
        ring.bytes,
        i * 16,
      );
    }
    const skb = pull(ring)!;
    expect(ring.errors & RX_ERROR.RXE).toBe(RX_ERROR.RXE);
    expect([skb.len, skb.nrFrags, ring.used]).toEqual([180, 17, 0]);
    skb.free();
    expectAtRest(pool);
  });

  it('refuses rings of odd sizes', () => {
    for (const count of [0, 7, 9, 4104, Number.NaN]) {
      expect(() => new TxRing(new Memory(), count)).toThrow(RangeError);
      expect(() => new RxRing(new Memory(), count)).toThrow(RangeError);
    }
    for (const size of [0, 13, 0x1_0000, 1.5])
      expect(() => new RxRing(new Memory(), 8, size)).toThrow(RangeError);
  });

  it('registers outside the ring are counted and have no effect', () => {
    const ring = new TxRing(new Memory(), 8);
    const rx = new RxRing(new Memory(), 8);
    for (const value of [-1, 8, 1e9, 0.5, Number.NaN]) {
      ring.tail = value;
      ring.head = value;
      rx.tail = value;
      rx.head = value;
    }
    expect([ring.head, ring.tail, ring.badWrites]).toEqual([0, 0, 10]);
    expect([rx.head, rx.tail, rx.badWrites]).toEqual([0, 0, 10]);
  });
});

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
    const pieces = Array.from({ length: 18 }, (_, i) =>
      data(net, bytes.slice(i * 50 + (i > 0 ? 54 : 0), i * 50 + 104), {
        dcmd: tse.dcmd & ~(i < 17 ? CMD.EOP : 0),
      }),
    );
    write(net, [{ ...good, paylen: 104 + 17 * 50 - 54 }, ...pieces]);
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
