import { AF_PACKET, SOCK_RAW } from '@stack/socket';
import { describe, expect, it } from 'vitest';
import { lan } from './fixture.ts';

const ARP = 0x0806;

/** A request who has 192.168.1.100, tell `sender`. */
function request(sender: number[]): Uint8Array {
  const mac = [2, 0, 0, 0, 0, 0x0a];
  return Uint8Array.from([
    ...[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, ...mac, 8, 6],
    ...[0, 1, 8, 0, 6, 4, 0, 1],
    ...mac,
    ...sender,
    ...[0, 0, 0, 0, 0, 0],
    ...[192, 168, 1, 100],
  ]);
}

describe('ARP of a host', () => {
  it.each<[string, number[], boolean, Record<string, number>]>([
    ['a neighbour', [192, 168, 1, 10], true, {}],
    ['nobody yet: a probe', [0, 0, 0, 0], true, {}],
    ['one of its own addresses', [192, 168, 1, 100], false, {}],
    ['a group', [224, 0, 0, 1], false, {}],
    ['loopback', [127, 0, 0, 1], false, {}],
    [
      'a stranger, whom strict source validation refuses',
      [10, 9, 8, 7],
      false,
      { 'net.ipv4.conf.all.rp_filter': 1 },
    ],
  ])('answers a request from %s as Linux does', async (_, sender, answered, sysctl) => {
    const { clock, a, b } = lan({ sysctl });
    const socket = a.socket(AF_PACKET, SOCK_RAW, ARP);
    await socket.sendto(request(sender), { family: 'packet', ifname: 'eth0' });
    await clock.runFor(100_000);
    const replies = b.devices.get('eth0').device.stats.txPackets;
    expect(replies).toBe(answered ? 1 : 0);
    await socket.close();
  });

  it('counts what arp_filter leaves unanswered', async () => {
    const { clock, a, b } = lan({ sysctl: { 'net.ipv4.conf.all.arp_filter': 1 } });
    b.route.add('192.168.1.10/32', { dev: 'lo' });
    const socket = a.socket(AF_PACKET, SOCK_RAW, ARP);
    await socket.sendto(request([192, 168, 1, 10]), { family: 'packet', ifname: 'eth0' });
    await clock.runFor(100_000);
    expect(b.nstat().TcpExtArpFilter).toBe(1);
  });
});
