import { PACKET_BROADCAST, PACKET_HOST, PACKET_MULTICAST, PACKET_OTHERHOST, viewOf } from '@stack/skbuff';
import { describe, expect, it } from 'vitest';
import { Filter, MAX_ADDRESSES } from './filter.ts';
import { bench, frameBytes, MAC_B, packet } from './fixture.ts';
import { BROADCAST } from './frame.ts';

const OTHER = 0x02_00_00_00_00_99;
const MDNS = 0x01_00_5e_00_00_fb;

function accepts(filter: Filter, destination: number): boolean {
  return filter.accepts(viewOf(frameBytes(46, destination)), 0);
}

describe('Filter', () => {
  it('takes its own address and broadcasts, and nothing else', () => {
    const filter = new Filter(MAC_B);
    expect([MAC_B, BROADCAST, OTHER, MDNS].map((mac) => accepts(filter, mac))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('takes listed addresses until they are deleted', () => {
    const filter = new Filter(MAC_B);
    expect(filter.add(OTHER)).toBe(true);
    expect(filter.add(MDNS)).toBe(true);
    expect(accepts(filter, OTHER)).toBe(true);
    expect(accepts(filter, MDNS)).toBe(true);
    expect(accepts(filter, MDNS + 1)).toBe(false);
    filter.delete(OTHER);
    filter.delete(MDNS);
    expect(accepts(filter, OTHER)).toBe(false);
    expect(accepts(filter, MDNS)).toBe(false);
  });

  it('allMulticast takes every group and no stranger; promiscuous takes all', () => {
    const filter = new Filter(MAC_B);
    filter.allMulticast = true;
    expect([accepts(filter, MDNS), accepts(filter, OTHER)]).toEqual([true, false]);
    filter.promiscuous = true;
    expect(accepts(filter, OTHER)).toBe(true);
  });

  it('the hash table takes what hashes alike: bits 47:36 of the address', () => {
    const filter = new Filter(MAC_B);
    filter.addHash(0x01_00_5e_12_34_56);
    expect(accepts(filter, 0x01_00_5e_12_34_56)).toBe(true);
    expect(accepts(filter, 0x33_33_00_99_3f_56)).toBe(true); // same high nibble of byte 4, same byte 5
    expect(accepts(filter, 0x01_00_5e_12_44_56)).toBe(false);
    expect(accepts(filter, 0x01_00_5e_12_34_57)).toBe(false);
    expect(accepts(filter, 0x02_00_5e_12_34_56)).toBe(false); // unicast never
    filter.clearHash();
    expect(accepts(filter, 0x01_00_5e_12_34_56)).toBe(false);
  });

  it('says what kind of packet it is', () => {
    const filter = new Filter(MAC_B);
    const types = [MAC_B, BROADCAST, MDNS, OTHER].map((mac) =>
      filter.packetType(viewOf(frameBytes(46, mac)), 0),
    );
    expect(types).toEqual([PACKET_HOST, PACKET_BROADCAST, PACKET_MULTICAST, PACKET_OTHERHOST]);
  });

  it('holds a bounded number of addresses', () => {
    const filter = new Filter(MAC_B);
    for (let i = 0; i < MAX_ADDRESSES; i++) expect(filter.add(MDNS + i)).toBe(true);
    expect(filter.add(MDNS + MAX_ADDRESSES)).toBe(false);
    expect(filter.add(MDNS)).toBe(true);
  });

  it.each([-1, 2 ** 48, 0.5, Number.NaN, MDNS, BROADCAST])('refuses the own address %s', (address) => {
    expect(() => new Filter(address)).toThrow(RangeError);
    const filter = new Filter(MAC_B);
    expect(() => {
      filter.address = address;
    }).toThrow(RangeError);
  });

  it('a NIC counts what its filter keeps out, and delivers the rest with its type', () => {
    const types: number[] = [];
    const net = bench({
      b: {
        receive(skb) {
          types.push(skb.pktType);
          skb.free();
        },
      },
    });
    for (const mac of [MAC_B, BROADCAST, MDNS, OTHER]) net.a.xmit(packet(net.poolA, frameBytes(46, mac)));
    net.clock.run();
    expect(types).toEqual([PACKET_HOST, PACKET_BROADCAST]);
    expect(net.b.drops.NIC_RX_FILTER).toBe(2);
    net.b.filter.promiscuous = true;
    for (const mac of [MDNS, OTHER]) net.a.xmit(packet(net.poolA, frameBytes(46, mac)));
    net.clock.run();
    expect(types.slice(2)).toEqual([PACKET_MULTICAST, PACKET_OTHERHOST]);
    expect(net.b.stats.multicast).toBe(1);
    expect(net.b.ethtool.rx_multicast).toBe(1);
    expect(net.b.ethtool.rx_broadcast).toBe(1);
    expect(net.a.ethtool.tx_multicast).toBe(2);
    expect(net.a.ethtool.tx_broadcast).toBe(1);
    net.b.address = OTHER;
    expect(net.b.address).toBe(OTHER);
    net.close();
  });
});
