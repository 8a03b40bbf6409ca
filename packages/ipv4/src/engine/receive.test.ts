import { appendRange, viewOf } from '@stack/skbuff';
import { hex } from '@stack/testkit';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatAddress } from '../address.ts';
import { sendCheck } from '../header.ts';
import { ip4, packet, type Toy, type ToyDevice, World } from './fixture.ts';

let world: World;
let host: Toy;
let eth: ToyDevice;
beforeEach(() => {
  world = new World();
  host = world.host('a');
  eth = host.device('eth0', {}, { local: ip4('10.0.0.1'), prefixLength: 24 });
  host.device('eth1', {}, { local: ip4('10.1.0.1'), prefixLength: 24 });
});
afterEach(() => world.finish());

const PEER = '10.0.0.2';
const ME = '10.0.0.1';
const DATA = hex`0102030405`;

describe('a datagram', () => {
  it('is delivered with its header, padding cut off', () => {
    const bytes = packet({ saddr: PEER, daddr: ME, ttl: 7, tos: 0xb9 }, DATA);
    host.inject(hex`${bytes} 000000000000`, eth.ifindex);
    expect(host.delivered).toHaveLength(1);
    expect(host.delivered[0]).toMatchObject({ protocol: 17, payload: DATA, pktType: 0 });
    expect(host.delivered[0]?.header).toMatchObject({ ttl: 7, tos: 0xb9, totLen: 25 });
    expect(host.ip.mib.Ip).toMatchObject({ InReceives: 1, InDelivers: 1 });
    expect(host.ip.mib.IpExt).toMatchObject({ InOctets: 31, InECT1Pkts: 1, InNoECTPkts: 0 });
  });

  it.each([
    ['its address on another device', '10.1.0.1'],
    ['an address of this one', '10.0.0.1'],
    ['everybody', '255.255.255.255'],
    ["the subnet's last address", '10.0.0.255'],
  ])('to %s', (_, daddr) => {
    host.inject(packet({ saddr: PEER, daddr }, DATA), eth.ifindex);
    expect(host.delivered).toHaveLength(1);
  });

  it('that is not to one host counts apart', () => {
    host.inject(packet({ saddr: PEER, daddr: '10.0.0.255' }, DATA), eth.ifindex, 1);
    host.inject(packet({ saddr: PEER, daddr: '224.0.0.1' }, DATA), eth.ifindex, 2);
    expect(host.ip.mib.IpExt).toMatchObject({
      InBcastPkts: 1,
      InBcastOctets: 25,
      InMcastPkts: 1,
      InMcastOctets: 25,
    });
    expect(host.delivered.map(({ pktType }) => pktType)).toEqual([1, 2]);
  });

  it('comes from the loopback device whatever its addresses', () => {
    expect(host.send(ip4('127.0.0.5'), DATA)).toBe(0);
    world.run();
    const { saddr, daddr } = host.delivered[0]!.header;
    expect([saddr, daddr].map(formatAddress)).toEqual(['127.0.0.1', '127.0.0.5']);
  });

  it('is answered from the address it came to, or the one that its sender is reached from', () => {
    const from: string[] = [];
    host.ip.register(17, {
      receive: (_, skb) => {
        skb.cb.fill(-1); // the protocol's own by now
        from.push(formatAddress(host.ip.specDst(skb)));
        skb.free();
      },
    });
    const all = [
      ['10.0.0.2', '10.1.0.1'],
      [PEER, '10.0.0.255'],
      [PEER, '224.0.0.1'],
      ['10.1.0.2', '10.0.0.255'],
      ['0.0.0.0', '255.255.255.255'],
    ];
    for (const [saddr, daddr] of all as [string, string][])
      host.inject(packet({ saddr, daddr }, DATA), eth.ifindex);
    expect(from).toEqual(['10.1.0.1', '10.0.0.1', '10.0.0.1', '10.1.0.1', '10.0.0.1']);
  });

  it('of no known protocol is answered', () => {
    const bytes = packet({ saddr: PEER, daddr: ME, protocol: 99 }, DATA);
    host.inject(bytes, eth.ifindex);
    expect(host.icmp).toEqual([{ type: 3, code: 2, info: 0, packet: bytes }]);
    expect(host.drops).toEqual(['IP_NOPROTO']);
    expect(host.ip.mib.Ip).toMatchObject({ InUnknownProtos: 1, InDelivers: 0 });
  });
});

const SOUND = packet({ saddr: PEER, daddr: ME }, DATA);

/** SOUND with bytes replaced, and a right checksum unless one of them is the checksum's. */
function broken(changes: Record<number, number>): Uint8Array {
  const bytes = SOUND.slice();
  for (const [at, value] of Object.entries(changes)) bytes[Number(at)] = value;
  if (!(10 in changes) && ((bytes[0] as number) & 15) === 5) sendCheck(viewOf(bytes), 0);
  return bytes;
}

describe('a header', () => {
  it.each<[string, Uint8Array, string, Record<string, number>]>([
    ['of fewer than 20 bytes', SOUND.slice(0, 19), 'IP_INHDR', { InHdrErrors: 1 }],
    ['of version 6', broken({ 0: 0x65 }), 'IP_INHDR', { InHdrErrors: 1 }],
    ['with an IHL of 4', broken({ 0: 0x44 }), 'IP_INHDR', { InHdrErrors: 1 }],
    ['with an IHL beyond the packet', broken({ 0: 0x4f }), 'IP_INHDR', { InHdrErrors: 1 }],
    ['with a total length below its own', broken({ 3: 19 }), 'IP_INHDR', { InHdrErrors: 1 }],
    ['with a total length beyond the packet', broken({ 3: 26 }), 'PKT_TOO_SMALL', { InHdrErrors: 0 }],
    ['with a wrong checksum', broken({ 10: 1, 11: 2 }), 'IP_CSUM', { InHdrErrors: 1 }],
  ])('%s is refused', (_, bytes, reason, counters) => {
    host.inject(bytes, eth.ifindex);
    expect(host.drops).toEqual([reason]);
    expect(host.ip.mib.Ip).toMatchObject({ InReceives: 1, InDelivers: 0, ...counters });
    expect(host.ip.mib.IpExt.InTruncatedPkts).toBe(reason === 'PKT_TOO_SMALL' ? 1 : 0);
    expect(host.ip.mib.IpExt.InCsumErrors).toBe(reason === 'IP_CSUM' ? 1 : 0);
    expect(host.icmp).toEqual([]);
  });

  it('with reserved flag, or DF and MF, or TTL 0 is taken: it is for us', () => {
    host.inject(packet({ saddr: PEER, daddr: ME, flags: 4 }, DATA), eth.ifindex);
    host.inject(packet({ saddr: PEER, daddr: ME, ttl: 0 }, DATA), eth.ifindex);
    expect(host.delivered).toHaveLength(2);
  });
});

describe('a packet', () => {
  it('to another MAC is nobody’s', () => {
    host.inject(SOUND, eth.ifindex, 3);
    expect(host.drops).toEqual(['OTHERHOST']);
    expect(host.ip.mib.Ip.InReceives).toBe(0);
  });

  it('to one of us in a broadcast frame is dropped where the sysctl says so', () => {
    host.inject(SOUND, eth.ifindex, 1);
    host.conf('eth0').drop_unicast_in_l2_multicast = 1;
    host.inject(SOUND, eth.ifindex, 1);
    expect([host.delivered.length, ...host.drops]).toEqual([1, 'UNICAST_IN_L2_MULTICAST']);
  });

  it('of a device that is gone is dropped', () => {
    host.ip.removeDevice(world.now, eth.ifindex);
    host.inject(SOUND, eth.ifindex);
    expect(host.drops).toEqual(['DEV_READY']);
  });

  it.each([0, 1, 19, 20, 21, 23, 24, 25])(
    'may have its first %i bytes in the head and all others elsewhere',
    (linear) => {
      const bytes = packet({ saddr: PEER, daddr: ME, options: [{ kind: 148, value: 0 }] }, DATA);
      const whole = host.pool.alloc(bytes.length)!;
      whole.putData(bytes);
      const skb = host.pool.alloc(linear)!;
      skb.putData(bytes.subarray(0, linear));
      for (let at = linear; at < bytes.length; at++) appendRange(skb, whole, at, 1);
      whole.free();
      skb.ifindex = eth.ifindex;
      host.ip.receive(world.now, skb);
      expect(host.delivered.map(({ payload }) => payload)).toEqual([DATA]);
      expect(host.delivered[0]?.header.options).toHaveLength(1);
    },
  );

  it('that a packet socket holds as well is taken all the same', () => {
    const skb = host.skb(SOUND);
    skb.ifindex = eth.ifindex;
    skb.get();
    host.ip.receive(world.now, skb);
    expect(host.delivered).toHaveLength(1);
    expect(skb.toBytes()).toEqual(SOUND);
    skb.free();
  });

  it('that was counted by its owner is so no more', () => {
    const skb = host.skb(SOUND);
    let left = 0;
    skb.destructor = () => left++;
    skb.ifindex = eth.ifindex;
    skb.pktType = 3;
    host.ip.receive(world.now, skb);
    const other = host.skb(SOUND);
    other.ifindex = eth.ifindex;
    const seen: number[] = [];
    other.destructor = () => left++;
    host.ip.probe = (fn) => fn === 'ip_local_deliver' && seen.push(left);
    host.ip.receive(world.now, other);
    expect([left, seen]).toEqual([2, [2]]);
  });

  it('may hold any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(5), fc.boolean(), (bytes, pktType, sound) => {
        if (sound && bytes.length >= 20) {
          const hlen = Math.min((bytes.length >> 2) << 2, 20 + ((bytes[0] as number) & 3) * 4);
          bytes[0] = 0x40 | (hlen >> 2);
          bytes[2] = 0;
          bytes[3] = bytes.length;
          bytes.set([10, 0, 0, 1], 16);
          sendCheck(viewOf(bytes), 0);
        }
        host.inject(bytes, eth.ifindex, pktType);
        world.settle();
      }),
    );
  });
});
