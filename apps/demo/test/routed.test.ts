import { beforeAll, describe, expect, it } from 'vitest';
import { type Document, json, linesOf, stepAt, stepsOf } from './support.ts';

describe('with a router between', () => {
  let told: Document;
  beforeAll(async () => {
    told = await json('--routed');
  });
  const field = (side: string, call: string, name: string): string | undefined =>
    stepAt(told, side, call).fields?.find((each) => each.name === name)?.value;

  it('arrives', () => {
    expect(told.identical).toBe(true);
    expect(told.left).toEqual({ pages: 0, skbs: 0, timers: 0, connections: 0 });
  });

  it('asks for the gateway, and the router asks for the server', () => {
    expect(field('client', 'arp_solicit', 'tpa')).toBe('192.168.1.1');
    expect(field('router', 'arp_solicit', 'tpa')).toBe('192.168.2.100');
    const asked = linesOf(told)
      .filter(({ text }) => text.includes('who-has'))
      .map(({ text }) => text);
    expect(asked.map((text) => text.replace(/^.*who-has (\S+) tell (\S+)$/, '$1 $2'))).toEqual([
      '192.168.1.1 192.168.1.10',
      '192.168.2.100 192.168.2.1',
    ]);
  });

  it('sends the frame to the gateway and the packet to the server', () => {
    expect(field('client', 'eth_header', 'dest')).toBe('02:00:00:00:01:01');
    expect(field('client', '__ip_queue_xmit', 'daddr')).toBe('192.168.2.100');
    expect(stepAt(told, 'client', 'neigh_output').text).toMatch(/the gateway, 192\.168\.1\.1/);
  });

  it('has one hop less and new addresses of the link behind the router, and the same packet', () => {
    expect(field('client', '__ip_queue_xmit', 'ttl')).toBe('64 hops');
    expect(stepAt(told, 'router', 'ip_decrease_ttl').text).toMatch(/^TTL 64 → 63/);
    expect(field('router', 'ip_decrease_ttl', 'ttl')).toBe('63 hops');
    expect(field('router', 'ip_decrease_ttl', 'daddr')).toBe('192.168.2.100');
    expect(field('router', 'eth_header', 'source')).toBe('02:00:00:00:02:01');
    expect(field('router', 'eth_header', 'dest')).toBe('02:00:00:00:02:64');
    expect(field('server', 'tcp_v4_rcv', 'ttl')).toBe('63 hops');
    expect(field('router', 'ip_decrease_ttl', 'id')).toBe(field('client', '__ip_queue_xmit', 'id'));
  });

  it('tells the router between the client and the server', () => {
    const sides = stepsOf(told).map(({ side, call }) => `${side} ${call}`);
    const places = [
      'client DMA read',
      'router DMA write',
      'router ip_rcv → ip_route_input → ip_forward',
      'router DMA read',
      'server DMA write',
    ].map((step) => sides.indexOf(step));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  it('counts what was forwarded', () => {
    expect(told.nstat.router).toMatchObject({ IpForwDatagrams: 10, IpInDelivers: 0 });
    expect(told.dma.router?.gathers).toBe(told.dma.router?.scatters);
  });
});
