import { hex } from '@stack/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONF, ip4, packet, type Toy, type ToyDevice, World } from './fixture.ts';
import type { InDeviceConf } from './sysctl.ts';

let world: World;
let host: Toy;
let eth: ToyDevice;
let other: ToyDevice;
beforeEach(() => {
  world = new World();
  host = world.host('a');
  eth = host.device('eth0', {}, { local: ip4('10.0.0.1'), prefixLength: 24 });
  other = host.device('eth1', {}, { local: ip4('10.1.0.1'), prefixLength: 24 });
});
afterEach(() => world.finish());

/** What becomes of a packet: `delivered`, `forwarded <device>`, or the drop reason. */
function fate(saddr: string, daddr: string, part: { protocol?: number; dev?: ToyDevice } = {}): string {
  const { protocol = 17, dev = eth } = part;
  const [delivered, sent, dropped] = [host.delivered.length, host.output.length, host.drops.length];
  host.inject(packet({ saddr, daddr, protocol }, hex`0102`), dev.ifindex);
  if (host.delivered.length > delivered) return 'delivered';
  if (host.drops.length > dropped) return host.drops.at(-1) as string;
  return host.output.length > sent ? `forwarded ${host.output.at(-1)?.dev}` : 'gone';
}

function conf(changes: Partial<InDeviceConf>, name = 'eth0'): void {
  Object.assign(host.conf(name), CONF, changes);
  host.ip.flushCache();
}

describe('martians, as Linux 6.18 treated them (RFC 1812 §5.3.7, RFC 1122 §3.2.1.3)', () => {
  it.each([
    ['224.0.0.1', '10.0.0.1', 'IP_INVALID_SOURCE'],
    ['255.255.255.255', '10.0.0.1', 'IP_INVALID_SOURCE'],
    ['0.0.0.0', '10.0.0.1', 'IP_INVALID_SOURCE'],
    ['0.1.2.3', '10.0.0.1', 'delivered'],
    ['240.0.0.9', '10.0.0.1', 'delivered'],
    ['10.0.0.255', '10.0.0.1', 'delivered'],
    ['0.0.0.0', '0.0.0.0', 'delivered'],
    ['0.0.0.0', '255.255.255.255', 'delivered'],
    ['10.0.0.2', '0.0.0.0', 'IP_INVALID_DEST'],
    ['10.0.0.2', '0.0.0.5', 'IP_INADDRERRORS'],
    ['127.0.0.1', '10.0.0.1', 'IP_LOCALNET'],
    ['10.0.0.2', '127.0.0.1', 'IP_LOCALNET'],
    ['10.0.0.1', '10.0.0.1', 'IP_LOCAL_SOURCE'],
    ['10.1.0.1', '10.0.0.1', 'IP_LOCAL_SOURCE'],
    ['10.1.0.1', '255.255.255.255', 'IP_LOCAL_SOURCE'],
    ['10.0.0.2', '10.1.0.7', 'IP_INADDRERRORS'],
    ['10.0.0.2', '99.1.0.7', 'IP_INADDRERRORS'],
    ['10.0.0.2', '240.0.0.1', 'IP_INADDRERRORS'],
    ['10.0.0.2', '239.1.1.1', 'NOT_SPECIFIED'],
    ['10.0.0.2', '224.0.0.1', 'delivered'],
    ['224.0.0.9', '224.0.0.1', 'IP_INVALID_SOURCE'],
    ['127.0.0.1', '224.0.0.1', 'IP_LOCALNET'],
    ['0.0.0.0', '224.0.0.1', 'delivered'],
    ['10.0.0.1', '224.0.0.1', 'IP_LOCAL_SOURCE'],
  ])('%s to %s: %s', (saddr, daddr, expected) => {
    expect(fate(saddr, daddr)).toBe(expected);
  });

  it('are counted', () => {
    fate('224.0.0.1', '10.0.0.1');
    fate('10.0.0.2', '0.0.0.0');
    fate('10.0.0.2', '99.1.0.7');
    fate('10.0.0.2', '255.255.255.255');
    expect(host.ip.mib.rt_cache).toMatchObject({
      in_martian_src: 1,
      in_martian_dst: 1,
      in_no_route: 1,
      in_brd: 1,
      in_slow_tot: 4,
    });
    expect(host.ip.mib.Ip.InAddrErrors).toBe(1);
  });

  it('of 127/8 are none with route_localnet, of our own address none with accept_local', () => {
    conf({ route_localnet: 1, accept_local: 1 });
    expect(fate('127.0.0.1', '10.0.0.1')).toBe('delivered');
    expect(fate('10.0.0.2', '127.0.0.1')).toBe('delivered');
    expect(fate('10.1.0.1', '10.0.0.1')).toBe('delivered');
  });
});

describe('the reverse path filter (RFC 3704), as Linux 6.18 applied it', () => {
  // Sources: on eth0's link, on eth1's link, behind eth1's gateway, nowhere, ours, of a route that refuses.
  beforeEach(() => {
    host.fib.route(ip4('44.0.0.0'), 8, other.ifindex, { via: ip4('10.1.0.9') });
    host.fib.route(ip4('45.0.0.0'), 8, eth.ifindex, { via: ip4('10.0.0.9') });
    host.fib.route(ip4('46.0.0.0'), 8, 0, { type: 'blackhole', nexthops: [] });
    host.fib.route(ip4('47.0.0.0'), 8, eth.ifindex, { type: 'broadcast' });
  });

  it.each([
    // source          off              strict            loose
    ['10.0.0.2', 'delivered', 'delivered', 'delivered'],
    ['45.0.0.2', 'delivered', 'delivered', 'delivered'],
    ['10.1.0.2', 'delivered', 'IP_RPFILTER', 'delivered'],
    ['44.0.0.2', 'delivered', 'IP_RPFILTER', 'delivered'],
    ['99.0.0.2', 'delivered', 'IP_RPFILTER', 'IP_RPFILTER'],
    ['46.0.0.2', 'delivered', 'IP_RPFILTER', 'IP_RPFILTER'],
    ['47.0.0.2', 'delivered', 'IP_INVALID_SOURCE', 'IP_INVALID_SOURCE'],
    ['10.1.0.1', 'IP_LOCAL_SOURCE', 'IP_LOCAL_SOURCE', 'IP_LOCAL_SOURCE'],
  ])('of %s: off %s, strict %s, loose %s', (saddr, off, strict, loose) => {
    const verdicts = [0, 1, 2].map((rp_filter) => {
      conf({ rp_filter });
      return fate(saddr, '10.0.0.1');
    });
    expect(verdicts).toEqual([off, strict, loose]);
    const filtered = verdicts.filter((verdict) => verdict === 'IP_RPFILTER').length;
    expect(host.ip.mib.TcpExt.IPReversePathFilter).toBe(filtered);
  });

  it.each([0, 1, 2])('%i holds for what is forwarded, broadcast and multicast too', (rp_filter) => {
    conf({ rp_filter, forwarding: 1 });
    const expected = rp_filter === 1 ? 'IP_RPFILTER' : undefined;
    expect(fate('44.0.0.2', '10.1.0.77')).toBe(expected ?? 'forwarded eth1');
    expect(fate('44.0.0.2', '255.255.255.255')).toBe(expected ?? 'delivered');
    expect(fate('44.0.0.2', '224.0.0.1')).toBe(expected ?? 'delivered');
  });

  it('accepts any of the paths of a multipath route', () => {
    const nexthops = [other, eth].map(({ ifindex }) => ({ ifindex, via: ip4('10.9.0.9'), onlink: true }));
    host.fib.route(ip4('48.0.0.0'), 8, eth.ifindex, { nexthops });
    conf({ rp_filter: 1 });
    expect(fate('48.0.0.2', '10.0.0.1')).toBe('delivered');
  });

  it('lets a device without address pass what has some route', () => {
    const bare = host.device('eth2');
    for (const [rp_filter, verdict] of [
      [0, 'delivered'],
      [1, 'IP_RPFILTER'],
      [2, 'IP_RPFILTER'],
    ] as const) {
      conf({ rp_filter }, 'eth2');
      expect(fate('10.1.0.2', '10.0.0.1', { dev: bare })).toBe(verdict);
    }
  });
});

describe('the FIB is asked', () => {
  const ask = (daddr: string, mark: number): unknown => {
    const skb = host.skb(packet({ saddr: '10.0.0.2', daddr, tos: 0xff }, hex`01`));
    skb.ifindex = eth.ifindex;
    skb.mark = mark;
    host.ip.receive(world.now, skb);
    return host.fib.asked;
  };

  it('for the way on with all of the flow, ECN apart', () => {
    expect(ask('10.0.0.1', 7)).toMatchObject({
      daddr: ip4('10.0.0.1'),
      saddr: ip4('10.0.0.2'),
      iif: eth.ifindex,
      oif: 0,
      mark: 7,
      tos: 0xfc,
      scope: 0,
    });
  });

  it('for the way back from the other side, with the mark where the sysctl says so', () => {
    conf({ rp_filter: 1 });
    const back = {
      daddr: ip4('10.0.0.2'),
      saddr: ip4('10.0.0.1'),
      iif: eth.ifindex,
      oif: 0,
      tos: 0xfc,
      scope: 0,
      hash: 0,
    };
    expect(ask('10.0.0.1', 7)).toEqual({ ...back, mark: 0 });
    conf({ rp_filter: 1, src_valid_mark: 1 });
    expect(ask('10.0.0.1', 7)).toEqual({ ...back, mark: 7 });
    expect(ask('224.0.0.1', 7)).toEqual({ ...back, saddr: undefined, mark: 7 });
    expect(ask('255.255.255.255', 7)).toEqual({ ...back, saddr: undefined, mark: 7 });
  });
});

describe('equal paths', () => {
  const nexthops = [0, 1].map((i) => ({ ifindex: i + 2, via: ip4(`10.${i}.0.9`), onlink: false }));
  const spread = (policy: number, part: Partial<Parameters<typeof packet>[0]> = {}, length = 4): number => {
    host.sysctl.fib_multipath_hash_policy = policy;
    host.ip.flushCache();
    host.output.length = 0;
    for (let port = 0; port < 32; port++) {
      const ports = Uint8Array.of(port, 1, 2, 3).subarray(0, length);
      host.inject(packet({ saddr: '10.0.0.2', daddr: '48.0.0.1', ...part }, ports), eth.ifindex);
    }
    expect(host.output).toHaveLength(32);
    return new Set(host.output.map(({ dev }) => dev)).size;
  };

  it('are chosen by addresses, or by ports too, where a packet has them', () => {
    host.fib.route(ip4('48.0.0.0'), 8, 2, { nexthops });
    conf({ forwarding: 1, send_redirects: 0 });
    expect([spread(0), spread(1), spread(1, { protocol: 6 })]).toEqual([1, 2, 2]);
    expect([spread(1, { flags: 1 }), spread(1, { protocol: 50 }), spread(1, {}, 3)]).toEqual([1, 1, 1]);
  });
});

describe('the cache of decisions', () => {
  it('asks the FIB once for a flow, and again after a change', () => {
    expect(fate('10.0.0.2', '10.0.0.1')).toBe('delivered');
    const { lookups } = host.fib;
    expect(fate('10.0.0.2', '10.0.0.1')).toBe('delivered');
    expect(host.fib.lookups).toBe(lookups);
    host.ip.deleteAddress(world.now, eth.ifindex, ip4('10.0.0.1'));
    expect(fate('10.0.0.2', '10.0.0.1')).toBe('IP_INADDRERRORS');
  });

  it('tells devices, sources, TOS and marks apart', () => {
    fate('10.0.0.2', '10.0.0.1');
    const { lookups } = host.fib;
    fate('10.0.0.3', '10.0.0.1');
    fate('10.0.0.2', '10.0.0.1', { dev: other });
    expect(host.fib.lookups).toBeGreaterThanOrEqual(lookups + 2);
  });
});
