import { CHECKSUM_PARTIAL, MAX_SKB_FRAGS, Pool, SKB_GSO_TCPV4, type SkBuff, wrap } from '@stack/skbuff';
import { describe, expect, it } from 'vitest';
import { CMD, POPTS, RX_ERROR, RX_STATUS, TUCMD } from './bits.ts';
import { decode, encode, kindOf } from './codec.ts';
import { BUSY, OK } from './core.ts';
import { bench, expectAtRest, frameBytes, packet, superPacket } from './fixture.ts';
import { MAX_WINDOWS, Memory } from './memory.ts';
import { pull, push } from './ring.ts';
import { RxRing } from './rx-ring.ts';
import { TxRing } from './tx-ring.ts';

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

  it('BUSY without windows leaves the packets in front of it mapped', () => {
    const net = bench();
    const { memory } = net.a;
    const spare = wrap(new Uint8Array(1)).page;
    const held: number[] = [];
    while (memory.mapped < MAX_WINDOWS - 3) held.push(memory.mapForRead(spare));
    expect(push(net.a.tx, wrap(frameBytes(46)))).toBe(OK);
    const skb = wrap(frameBytes(46));
    for (let i = 0; i < 3; i++) skb.addFrag(spare.hold(), 0, 1);
    expect(push(net.a.tx, skb)).toBe(BUSY);
    net.clock.run();
    expect(net.received.length).toBe(1);
    expect(net.a.drops.NIC_TX_ABORT).toBe(0);
    for (const window of held) memory.unmap(window);
    net.close();
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
    const ring = new RxRing(new Memory(), 64, 100);
    for (let i = 0; i < 63; i++) {
      push(ring, pool.alloc(100)!);
      encode(
        { ...decode(ring.bytes, 'rx-legacy', i * 16), length: 10, status: RX_STATUS.DD },
        ring.bytes,
        i * 16,
      );
    }
    const skb = pull(ring)!;
    expect(ring.errors & RX_ERROR.RXE).toBe(RX_ERROR.RXE);
    expect([skb.len, skb.nrFrags, ring.used]).toEqual([(MAX_SKB_FRAGS + 1) * 10, MAX_SKB_FRAGS, 0]);
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

  it('a ring that is refused takes no window', () => {
    const memory = new Memory();
    expect(() => new RxRing(memory, 8, 13)).toThrow(RangeError);
    expect(() => new TxRing(memory, 12)).toThrow(RangeError);
    expect(memory.mapped).toBe(0);
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
