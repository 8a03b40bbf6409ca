/** Super-packets beyond 65,535 bytes: `gso_ipv4_max_size`. */
import { describe, expect, it } from 'vitest';
import { vethPair } from './devices/veth.ts';
import { exchange, pattern, routed, vethLan } from './fixture.ts';
import type { Host } from './host.ts';

const BIG = 262_144;

/** Longest packet that a host receives from now on, and whether one of more than 65,535 bytes tells its length. */
function watch(host: Host): { longest: number; told: number } {
  const seen = { longest: 0, told: 0 };
  host.trace.on('net:netif_receive_skb', ({ skb, len }) => {
    seen.longest = Math.max(seen.longest, len);
    if (len > 65_535 + 14) seen.told = Math.max(seen.told, skb.view.getUint16(skb.data + 16));
  });
  return seen;
}

describe('gso_ipv4_max_size', () => {
  const there = pattern(1_000_000, 1);
  const back = pattern(10_000, 2);

  it('is 65,536 at first', async () => {
    const { clock, a, b } = vethLan();
    for (const host of [a, b]) host.link.set('eth0', { up: true });
    const seen = watch(b);
    const got = await clock.run(exchange(a, b, '10.0.0.2', there, back));
    expect(got.server).toEqual(there);
    expect(seen.longest).toBeGreaterThan(60_000);
    expect(seen.longest).toBeLessThan(65_536);
  });

  it('makes packets that IPv4 has no length for', async () => {
    const { clock, a, b } = vethLan();
    for (const host of [a, b]) host.link.set('eth0', { up: true });
    a.link.set('eth0', { gso_ipv4_max_size: BIG });
    const seen = watch(b);
    const got = await clock.run(exchange(a, b, '10.0.0.2', there, back));
    expect(got.server).toEqual(there);
    expect(got.client).toEqual(back);
    expect(seen.longest).toBeGreaterThan(80_000);
    expect(seen.longest).toBeLessThan(BIG);
    expect(seen.told).toBe(0);
    expect([b.nstat().IpInHdrErrors, b.nstat().IpExtInTruncatedPkts, a.nstat().TcpRetransSegs]).toEqual([
      0, 0, 0,
    ]);
  });

  it('is the sending device’s: a router cuts for the next one', async () => {
    const { clock, client, router, server } = routed();
    const [near, far] = vethPair({ names: ['big0', 'big1'] });
    for (const [host, device, address] of [
      [client, near, '10.0.9.2/24'],
      [router, far, '10.0.9.1/24'],
    ] as const) {
      host.link.add(device, { up: true, gso_ipv4_max_size: BIG });
      host.addr.add(address, { dev: device.name });
    }
    client.route.add('10.0.2.0/24', { via: '10.0.9.1' });
    server.route.add('10.0.9.0/24', { via: '10.0.2.1' });
    const seen = watch(router);
    const end = watch(server);
    const got = await clock.run(exchange(client, server, '10.0.2.2', there, back));
    expect(got.server).toEqual(there);
    expect(seen.longest).toBeGreaterThan(65_536);
    expect(end.longest).toBeLessThan(65_536);
  });
});
