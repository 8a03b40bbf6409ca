import { PACKET_BROADCAST, PACKET_HOST } from '@stack/skbuff';
import { beforeEach, describe, expect, it } from 'vitest';
import { ARPOP_REPLY } from '../codes.ts';
import { announcement, ethernetIpv4, reply, request } from '../ethernet-ipv4.ts';
import { ip, OTHERS, OURS, own, THEIRS, World } from './fixture.ts';

const SENDER = ip('10.0.0.7');
const FAR = ip('10.9.0.7');
const US = ip('10.0.0.1');

let world: World;
beforeEach(() => {
  world = new World();
});

const garpReply = (tha: number) => ethernetIpv4(ARPOP_REPLY, THEIRS, SENDER, tha, SENDER);

describe('of a sender that is known', () => {
  // What came, how, µs after the last change, what is learned.
  it.each([
    ['a reply to us', reply(THEIRS, SENDER, OURS, US), PACKET_HOST, 1_000_001, 'REACHABLE override'],
    [
      'a reply to us within the lock time',
      reply(THEIRS, SENDER, OURS, US),
      PACKET_HOST,
      1_000_000,
      'REACHABLE',
    ],
    ['a reply to all', reply(THEIRS, SENDER, OURS, US), PACKET_BROADCAST, 1_000_001, 'STALE override'],
    [
      'a request to somebody else',
      request(THEIRS, SENDER, ip('10.0.0.8')),
      PACKET_BROADCAST,
      1_000_001,
      'STALE override',
    ],
    ['a request for somebody else, to us', request(THEIRS, SENDER, ip('10.0.0.8')), PACKET_HOST, 0, 'STALE'],
    ['one within the lock time', request(THEIRS, SENDER, ip('10.0.0.8')), PACKET_BROADCAST, 0, 'STALE'],
    ['an announcement', announcement(THEIRS, SENDER), PACKET_BROADCAST, 0, 'STALE override'],
    ['an announcing reply', garpReply(THEIRS), PACKET_BROADCAST, 0, 'STALE override'],
    ['a reply for itself to another', garpReply(OTHERS), PACKET_BROADCAST, 0, 'STALE'],
  ])('%s', (_, header, pktType, later, learned) => {
    world.table.ensure(0, world.eth0, SENDER);
    world.wait(later);
    const at = later === 0 ? '' : `${later / 1000} `;
    expect(world.hear(header, pktType)).toEqual([`${at}learn 10.0.0.7 200000000aa ${learned}`]);
  });

  it('only on the device where it is known', () => {
    world.table.ensure(0, world.eth1, SENDER);
    expect(world.hear(announcement(THEIRS, SENDER))).toEqual([]);
  });
});

describe('of a sender that is not known', () => {
  // arp_accept, what came, whether it makes an entry. Observed on Linux 6.18.
  it.each([
    [0, 'an announcement', announcement(THEIRS, SENDER), false],
    [0, 'a reply', reply(THEIRS, SENDER, OURS, US), false],
    [1, 'an announcement', announcement(THEIRS, SENDER), true],
    [1, 'an announcing reply', garpReply(THEIRS), true],
    [1, 'a reply', reply(THEIRS, SENDER, OURS, US), true],
    [1, 'an announcement from afar', announcement(THEIRS, FAR), true],
    [1, 'a request to somebody else', request(THEIRS, SENDER, ip('10.0.0.8')), false],
    [1, 'an announcement of a broadcast address', announcement(THEIRS, ip('10.0.0.255')), false],
    [1, 'an announcement of our own address', announcement(THEIRS, US), false],
    [1, 'a reply from a group', reply(THEIRS, ip('224.0.0.1'), OURS, US), false],
    [2, 'an announcement', announcement(THEIRS, SENDER), true],
    [2, 'an announcement from afar', announcement(THEIRS, FAR), false],
    [2, 'an announcement from the host itself', announcement(THEIRS, ip('192.168.0.7')), false],
    [3, 'an announcement', announcement(THEIRS, SENDER), false],
  ])('with arp_accept %i: %s', (accept, _, header, learned) => {
    world.conf.arp_accept = accept;
    world.addresses.get(world.eth0)?.push(own('192.168.0.1/24', { scope: 254 }));
    const lines = world.hear(header).filter((line) => !line.startsWith('conflict'));
    expect([lines.length > 0, world.table.entries.size > 0]).toEqual([learned, learned]);
  });

  it('nothing, where the table is full', () => {
    world.conf.arp_accept = 1;
    world.table.full = true;
    expect(world.hear(announcement(THEIRS, SENDER))).toEqual([]);
  });
});
