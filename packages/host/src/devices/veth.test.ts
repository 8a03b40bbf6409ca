import type { Nic } from '@stack/nic-sim';
import { CHECKSUM_PARTIAL, Pool, SKB_GSO_TCPV4, type SkBuff } from '@stack/skbuff';
import { BUSY, type Device, OK } from '@stack/skbuff/netdev';
import { describe, expect, it } from 'vitest';
import { Loopback } from './loopback.ts';
import { type Veth, vethPair } from './veth.ts';

const pool = new Pool({ poison: true });

function frame(length: number): SkBuff {
  const skb = pool.alloc(length, 16) as SkBuff;
  skb.bytes.fill(0, skb.put(length), skb.tail);
  return skb;
}

/** What `device` delivers. */
function listen(device: Veth): SkBuff[] {
  const got: SkBuff[] = [];
  device.receive = (skb) => got.push(skb);
  return got;
}

function rest(...kept: SkBuff[]): void {
  for (const skb of kept) skb.free();
  expect({ inUse: pool.stats.inUse, skbs: pool.stats.skbs }).toEqual({ inUse: 0, skbs: 0 });
}

describe('veth', () => {
  it('is two devices with names, addresses and features', () => {
    const [a, b] = vethPair({ names: ['x', 'y'], addresses: [2, 4], mtu: 9000 });
    expect([a.name, b.name, a.address, b.address, a.mtu, b.type]).toEqual(['x', 'y', 2, 4, 9000, 'ether']);
    expect([a.ifindex, a.carrierUp, a.features]).toEqual([
      0,
      true,
      { rx: true, tx: true, tso: true, gso: true },
    ]);
    const [c, d] = vethPair();
    expect([c.name, d.name, c.address, d.address]).toEqual([
      'veth0',
      'veth1',
      0x0200_0000_0001,
      0x0200_0000_0002,
    ]);
  });

  it('hands the very packet on, without what only its sender knows', () => {
    const [a, b] = vethPair();
    const got = listen(b);
    const skb = frame(100);
    [skb.mark, skb.priority, skb.tstamp, skb.hash] = [5, 6, 7, 8];
    a.xmit(skb);
    b.poll(64);
    expect(got[0]).toBe(skb);
    expect([skb.mark, skb.priority, skb.tstamp, skb.hash]).toEqual([0, 0, 0, 8]);
    rest(skb);
  });

  it('answers BUSY when the ring is full, and wakes when half of it is gone', () => {
    const [a, b] = vethPair({ ring: 4 });
    const woken: unknown[] = [];
    a.wake = (device) => woken.push(device, b.poll(9)); // from within the poll
    b.receive = (skb) => skb.free();
    const codes = Array.from({ length: 4 }, () => a.xmit(frame(20)));
    const late = frame(20);
    expect([...codes, a.xmit(late)]).toEqual([OK, OK, OK, OK, BUSY]);
    b.poll(1);
    expect(woken).toEqual([]);
    b.poll(1);
    expect(woken[0]).toBe(a);
    expect(a.xmit(late)).toBe(OK);
    expect(a.stats).toMatchObject({ txPackets: 5, txDropped: 0 });
    b.close();
    rest();
  });

  it('drops what exceeds the backlog, at the receiving end', () => {
    const drops: string[] = [];
    const [a, b] = vethPair({
      backlog: 2,
      drop: (skb, reason) => {
        drops.push(reason);
        skb.free();
      },
    });
    for (let i = 0; i < 3; i++) expect(a.xmit(frame(20))).toBe(OK);
    expect([drops, b.stats.rxDropped, a.stats.txPackets]).toEqual([['CPU_BACKLOG'], 1, 3]);
    a.close();
    b.close();
    rest();
  });

  it.each([
    ['too short', 13, {}, {}, 'PKT_TOO_SMALL'],
    ['too long for this end', 1515, {}, {}, 'PKT_TOO_BIG'],
    [
      'a super-packet without gso and tso',
      3000,
      { gsoSize: 9, gsoType: SKB_GSO_TCPV4 },
      { gso: false, tso: false },
      'SKB_GSO_SEG',
    ],
    [
      'one that is not TCP without gso',
      3000,
      { gsoSize: 9, gsoType: 0x2_0000 },
      { gso: false },
      'SKB_GSO_SEG',
    ],
    [
      'tso without tx',
      3000,
      { gsoSize: 9, gsoType: SKB_GSO_TCPV4 },
      { gso: false, tx: false },
      'SKB_GSO_SEG',
    ],
    ['a partial checksum without tx', 100, { ipSummed: CHECKSUM_PARTIAL }, { tx: false }, 'SKB_CSUM'],
    ['a super-packet with tso', 3000, { gsoSize: 9, gsoType: SKB_GSO_TCPV4 }, { gso: false }, undefined],
    ['any super-packet with gso', 3000, { gsoSize: 9, gsoType: 0x2_0000 }, {}, undefined],
  ] as const)('%s', (_what, length, fields, features, reason) => {
    const drops: string[] = [];
    const [a, b] = vethPair({
      features,
      drop: (skb, why) => {
        drops.push(why);
        skb.free();
      },
    });
    const got = listen(b);
    expect(a.xmit(Object.assign(frame(length), fields))).toBe(OK);
    b.poll(64);
    expect(drops).toEqual(reason === undefined ? [] : [reason]);
    expect([got.length, a.stats.txDropped]).toEqual(reason === undefined ? [1, 0] : [0, 1]);
    rest(...got);
  });

  it('keeps to the MTU of the other end, too', () => {
    const [a, b] = vethPair();
    const got = listen(b);
    b.mtu = 100;
    a.xmit(frame(115));
    a.xmit(frame(114));
    b.poll(64);
    expect(got.map(({ len }) => len)).toEqual([114]);
    rest(...got);
  });

  it('has a carrier while both ends are up', () => {
    const [a, b] = vethPair();
    const heard: string[] = [];
    a.linkChange = (_device, up) => heard.push(`a ${up}`);
    b.linkChange = (_device, up) => heard.push(`b ${up}`);
    b.setUp(false);
    b.setUp(false);
    expect([a.carrierUp, b.carrierUp]).toEqual([false, false]);
    a.xmit(frame(20));
    expect(a.stats.txDropped).toBe(1);
    a.setUp(false);
    b.setUp(true);
    expect(a.carrierUp).toBe(false);
    a.setUp(true);
    expect(heard).toEqual(['b false', 'a false', 'a true', 'b true']);
    a.close();
    expect([heard.at(-1), b.carrierUp]).toEqual(['b false', false]);
    a.setUp(true);
    expect(b.carrierUp).toBe(false);
    rest();
  });

  it.each(['down', 'close'])('a sender that waits is woken when the other end goes: %s', (how) => {
    const [a, b] = vethPair({ ring: 1 });
    let woken = 0;
    a.wake = () => void woken++;
    a.xmit(frame(20));
    const late = frame(20);
    expect(a.xmit(late)).toBe(BUSY);
    if (how === 'down') b.setUp(false);
    else b.close();
    expect([woken, a.xmit(late), a.stats.txDropped]).toEqual([1, OK, 1]);
    rest();
  });

  it('switches features by name', () => {
    const [a, b] = vethPair();
    a.setFeatures({ tso: false });
    expect([a.features.tso, b.features.tso]).toEqual([false, true]);
    expect(() => a.setFeatures({ lro: true } as object)).toThrow(new RangeError('veth: no feature lro'));
  });

  it.each([
    [{ mtu: 67 }, 'mtu'],
    [{ ring: 0 }, 'ring'],
    [{ backlog: -1 }, 'backlog'],
    [{ addresses: [1, 2 ** 48] as const }, 'address'],
    [{ features: { x: true } as object }, 'no feature x'],
  ])('%j is refused', (options, name) => {
    expect(() => vethPair(options)).toThrow(RangeError);
    expect(() => vethPair(options)).toThrow(`veth: ${name}`);
  });
});

it('every device has the shape of one', () => {
  const devices = (nic: Nic): Device[] => [new Loopback(), ...vethPair(), nic];
  expect(devices.length).toBe(1); // it compiles
});
