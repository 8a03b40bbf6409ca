import {
  CHECKSUM_PARTIAL,
  PACKET_BROADCAST,
  PACKET_HOST,
  PACKET_MULTICAST,
  PACKET_OTHERHOST,
  Pool,
  type SkBuff,
} from '@stack/skbuff';
import { OK } from '@stack/skbuff/netdev';
import { Sock } from '@stack/skbuff/sock';
import { describe, expect, it } from 'vitest';
import { Loopback } from './loopback.ts';

const pool = new Pool({ poison: true });

/** A frame for `destination`, u48. */
function frame(length: number, destination = 0): SkBuff {
  const skb = pool.alloc(length, 16) as SkBuff;
  const at = skb.put(length);
  skb.bytes.fill(0, at, skb.tail);
  skb.view.setUint16(at, Math.floor(destination / 2 ** 32));
  skb.view.setUint32(at + 2, destination % 2 ** 32);
  return skb;
}

describe('loopback', () => {
  it('is what `ip link show lo` says', () => {
    const lo = new Loopback();
    expect(lo).toMatchObject({ name: 'lo', ifindex: 0, mtu: 65_536, type: 'loopback', address: 0 });
    expect([lo.features.tso, lo.gsoMaxSize]).toEqual([true, 524_280]);
  });

  it('hands the very packet on, bytes untouched', () => {
    const lo = new Loopback();
    const got: SkBuff[] = [];
    lo.receive = (skb) => got.push(skb);
    const skb = frame(100);
    const page = skb.page;
    skb.ipSummed = CHECKSUM_PARTIAL;
    skb.gsoSize = 20;
    skb.mark = 5;
    skb.tstamp = 77;
    expect(lo.xmit(skb)).toBe(OK);
    lo.poll(64);
    expect(got[0]).toBe(skb);
    expect([skb.page === page, skb.ipSummed, skb.gsoSize, skb.mark, skb.tstamp]).toEqual([
      true,
      CHECKSUM_PARTIAL,
      20,
      5,
      0,
    ]);
    skb.free();
  });

  it('parts it from its owner at once', () => {
    const lo = new Loopback();
    const sk = new Sock();
    const skb = frame(100);
    sk.setOwnerW(skb);
    lo.xmit(skb);
    expect(sk.wmemAlloc).toBe(0);
    lo.close();
  });

  it.each([
    [0x00_00_00_00_00_00, PACKET_HOST, 0],
    [0xff_ff_ff_ff_ff_ff, PACKET_BROADCAST, 0],
    [0x01_00_5e_00_00_01, PACKET_MULTICAST, 1],
    [0x02_00_00_00_00_01, PACKET_OTHERHOST, 0],
  ])('a packet for %i has type %i', (destination, type, multicast) => {
    const lo = new Loopback();
    let seen = -1;
    lo.receive = (skb) => {
      seen = skb.pktType;
      skb.free();
    };
    lo.xmit(frame(20, destination));
    lo.poll(1);
    expect([seen, lo.stats.multicast]).toEqual([type, multicast]);
  });

  it('drops what exceeds its backlog, is too long or too short', () => {
    const drops: string[] = [];
    const lo = new Loopback({
      backlog: 2,
      mtu: 1000,
      drop: (skb, reason) => {
        drops.push(reason);
        skb.free();
      },
    });
    for (const length of [13, 1015, 1014, 14, 14]) expect(lo.xmit(frame(length))).toBe(OK);
    const tagged = frame(1018);
    tagged.view.setUint16(tagged.data + 12, 0x8100);
    lo.poll(64);
    lo.xmit(tagged);
    const longer = frame(1019);
    longer.view.setUint16(longer.data + 12, 0x8100);
    lo.xmit(longer);
    expect(drops).toEqual(['PKT_TOO_SMALL', 'PKT_TOO_BIG', 'CPU_BACKLOG', 'PKT_TOO_BIG']);
    expect(lo.stats).toMatchObject({ txErrors: 3, rxDropped: 1 + 2, rxNohandler: 2, txPackets: 3 });
    lo.close();
    lo.xmit(frame(20));
    expect([drops[4], lo.stats.txDropped]).toEqual(['DEV_READY', 1]);
    expect(pool.stats.inUse).toBe(0);
  });

  it('counts a super-packet as one and passes it whatever the MTU', () => {
    const lo = new Loopback({ mtu: 100 });
    lo.receive = (skb) => skb.free();
    const skb = frame(5000);
    skb.gsoSize = 80;
    lo.xmit(skb);
    lo.poll(64);
    expect(lo.stats).toMatchObject({ rxPackets: 1, txPackets: 1, rxBytes: 5000 });
  });

  it('what is sent from within a poll is delivered by it, up to the budget', () => {
    const lo = new Loopback();
    let sent = 0;
    let interrupts = 0;
    lo.interrupt = () => void interrupts++;
    lo.receive = (skb) => {
      skb.free();
      if (sent++ < 100) lo.xmit(frame(14));
    };
    lo.xmit(frame(14));
    expect(lo.poll(64)).toBe(64);
    expect(lo.poll(64)).toBe(37);
    expect(interrupts).toBe(1);
  });

  it('interrupts a host that came late', () => {
    const lo = new Loopback();
    lo.xmit(frame(14));
    let interrupts = 0;
    lo.interrupt = () => void interrupts++;
    lo.xmit(frame(14));
    expect(interrupts).toBe(1);
    lo.close();
    expect(pool.stats.inUse).toBe(0);
  });

  it.each([
    [{ mtu: 67 }, 'mtu'],
    [{ backlog: 0 }, 'backlog'],
    [{ mtu: 1.5 }, 'mtu'],
  ] as const)('%j is refused', (options, name) => {
    expect(() => new Loopback(options)).toThrow(RangeError);
    expect(() => new Loopback(options)).toThrow(`loopback: ${name} `);
  });
});
