/** What a host sets on devices whose packets wait in its own memory: loopback and veth. */
import { AF_INET, SOCK_DGRAM } from '@stack/socket';
import { expect, it } from 'vitest';
import { vethLan } from './fixture.ts';

it('tells a veth that it is up: both ends have a carrier while both are', () => {
  const { a, b } = vethLan();
  const state = () => [a, b].map((host) => host.link.show('eth0')[0]?.state);
  const flags = () => a.link.show('eth0')[0]?.flags.includes('NO-CARRIER');
  a.link.set('eth0', { up: true });
  expect([state(), flags(), a.route.format()[0]]).toEqual([
    ['DOWN', 'DOWN'],
    true,
    expect.stringContaining('linkdown'),
  ]);
  b.link.set('eth0', { up: true });
  expect([state(), flags()]).toEqual([['UP', 'UP'], false]);
  expect(a.route.format()[0]).not.toContain('linkdown');
  b.link.set('eth0', { up: false });
  expect([state(), flags()]).toEqual([['DOWN', 'DOWN'], true]);
});

it.each([
  ['lo', 'from the start'],
  ['veth', 'set later'],
])('drops what exceeds netdev_max_backlog, and counts it: %s, %s', async (kind, when) => {
  const { clock, a, b } = vethLan(when === 'set later' ? {} : { 'net.core.netdev_max_backlog': '9' });
  for (const host of [a, b]) host.link.set('eth0', { up: true });
  const to = kind === 'lo' ? a : b;
  if (when === 'set later') to.sysctl.write('net.core.netdev_max_backlog', '9');
  a.link.set('lo', { mtu: 1500 });
  const server = to.socket(AF_INET, SOCK_DGRAM);
  server.bind({ port: 9 });
  const client = a.socket(AF_INET, SOCK_DGRAM);
  const address = kind === 'lo' ? '127.0.0.1' : '10.0.0.2';
  const sizes = [8, 30_000, 14_000]; // the second is 21 fragments, the third 10
  for (const size of sizes) {
    await client.sendto(new Uint8Array(size), { address, port: 9 });
    await clock.runFor(1000);
  }
  expect(to.drops).toEqual({ CPU_BACKLOG: 11 });
  expect((await server.recv(65_535)).length).toBe(8);
  expect((await server.recv(65_535)).length).toBe(14_000);
});
