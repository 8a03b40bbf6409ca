/** Any bytes, over any device, in any configuration. */
import { PACKET_BROADCAST, PACKET_HOST, PACKET_OTHERHOST } from '@stack/skbuff';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { announcement, ethernetIpv4 } from '../ethernet-ipv4.ts';
import { encode } from '../header.ts';
import { header } from '../testing.ts';
import { ip, OURS, OURS_TOO, S, THEIRS, World } from './fixture.ts';

const WANTED = ip('10.0.0.42');

const mac = fc.constantFrom(OURS, OURS_TOO, THEIRS, 0, 0xffff_ffff_ffff);
const address = fc.constantFrom(
  ...[
    '10.0.0.1',
    '10.0.0.7',
    '10.0.0.42',
    '10.1.0.9',
    '10.1.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '127.0.0.1',
    '10.0.0.255',
  ].map(ip),
);
const likely = fc
  .tuple(fc.constantFrom(1, 2, 1, 2, 3), mac, address, mac, address)
  .map((values) => encode(ethernetIpv4(...values)));
const broken = fc.tuple(likely, fc.nat(27), fc.nat(255)).map(([bytes, at, value]) => {
  const copy = Uint8Array.from(bytes);
  copy[at] = value;
  return copy;
});
const bytes = fc.oneof(
  likely,
  likely,
  broken,
  header().map((one) => encode(one)),
  fc.uint8Array({ maxLength: 64 }),
);
const pktType = fc.constantFrom(PACKET_HOST, PACKET_BROADCAST, PACKET_OTHERHOST);
const conf = fc.record({
  arp_ignore: fc.constantFrom(0, 1, 2, 3, 8),
  arp_filter: fc.nat(1),
  arp_accept: fc.nat(2),
  proxy_arp: fc.nat(1),
  forwarding: fc.nat(1),
  drop_gratuitous_arp: fc.nat(1),
  route_localnet: fc.nat(1),
});

describe('any bytes', () => {
  it('never throw, are freed once, and make at most one answer and one defence', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(bytes, pktType, conf, fc.boolean()), { maxLength: 20 }), (packets) => {
        const world = new World();
        world.arp.guard(world.eth0, ip('10.0.0.1'), 'insist');
        world.arp.probeAddress(0, world.eth0, WANTED, () => {});
        world.wait(0);
        for (const [packet, type, change, later] of packets) {
          Object.assign(world.conf, change);
          const before = world.frames.length;
          world.receive(packet, type, later ? world.eth1 : world.eth0);
          for (const { skb, device } of world.table.delayed.splice(0))
            world.arp.proxyRedo(world.now, skb, device);
          expect(world.frames.length - before).toBeLessThanOrEqual(2);
          expect(world.pool.stats.skbs).toBe(0);
          if (later) world.wait(S);
        }
        world.arp.deviceDown(world.eth0);
        world.expectAtRest();
      }),
    );
  });

  it('change nothing that is kept, unless they are understood', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), pktType, (packet, type) => {
        fc.pre(packet[0] !== 0);
        const world = new World();
        world.conf.arp_accept = 1;
        expect(world.receive(packet, type)).toEqual(
          type === PACKET_OTHERHOST ? [] : [`drop ${packet.length < 28 ? 'PKT_TOO_SMALL' : 'NOT_SPECIFIED'}`],
        );
        expect(world.table.entries.size).toBe(0);
      }),
    );
  });

  it('from many senders fill nothing but the table, which has its own limits', () => {
    const world = new World();
    world.conf.arp_accept = 1;
    for (let i = 0; i < 5000; i++) world.hear(announcement(THEIRS, ip('10.0.0.250') + i));
    world.expectAtRest();
    expect(world.table.entries.size).toBe(5000 - 1); // one of them is the broadcast address of eth0
  });
});
