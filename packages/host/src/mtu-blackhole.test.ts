/** A router that drops what is too large for its next link, and whose ICMP messages get nowhere (RFC 4821 §1, RFC 2923 §2.1). */
import { describe, expect, it } from 'vitest';
import { exchange, pattern, routed } from './fixture.ts';

/** A network whose far link takes 1200 bytes. Of that neither end hears. */
function blackHole(tcp_mtu_probing: number) {
  const network = routed({ sysctl: { 'net.ipv4.tcp_mtu_probing': tcp_mtu_probing } });
  network.router.link.set('eth1', { mtu: 1200 });
  network.router.rule.add({ priority: 1, to: '10.0.1.2/32', iif: 'lo', action: 'blackhole' });
  return network;
}

describe('a black hole', () => {
  it('swallows a transfer without a search for the path MTU', async () => {
    const { clock, client, server } = blackHole(0);
    const transfer = exchange(client, server, '10.0.2.2', pattern(100_000, 1), new Uint8Array(0));
    transfer.catch(() => {});
    await clock.runFor(60_000_000);
    expect(server.nstat().IpInDelivers).toBeLessThan(10); // the handshake, and what is small
    expect(client.nstat().TcpExtTCPTimeouts).toBeGreaterThan(5);
    for (const host of [client, server]) await host.close();
  });

  it.each([1, 2])('is found and gone around with tcp_mtu_probing %i', async (mode) => {
    const { clock, client, server } = blackHole(mode);
    const there = pattern(2_000_000, 1);
    const got = await clock.run(exchange(client, server, '10.0.2.2', there, new Uint8Array(0)));
    expect(got.server).toEqual(there);
    const { TcpExtTCPMTUPFail = 0, TcpExtTCPMTUPSuccess = 0, TcpExtTCPTimeouts = 0 } = client.nstat();
    expect(TcpExtTCPMTUPFail).toBeGreaterThan(0);
    expect(TcpExtTCPMTUPSuccess).toBeGreaterThan(0);
    if (mode === 2) expect(TcpExtTCPTimeouts).toBe(0);
    else expect(TcpExtTCPTimeouts).toBeGreaterThanOrEqual(4);
  });
});
