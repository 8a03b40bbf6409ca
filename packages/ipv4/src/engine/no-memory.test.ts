import { type Page, Pool, type SkBuff } from '@stack/skbuff';
import { hex } from '@stack/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Dst } from './dst.ts';
import { ip4, packet, Toy, World } from './fixture.ts';
import { MCAST_EXCLUDE } from './igmp-group.ts';
import { joinGroup } from './igmp-membership.ts';
import { InetSock } from './inet-sock.ts';

let world: World;
let host: Toy;
let hogged: Page[];
beforeEach(() => {
  world = new World();
  host = new Toy(world, 'a', { pool: new Pool({ poison: true, chunkSize: 65_536, limit: 4 * 65_536 }) });
  world.hosts.push(host);
  host.device('eth0', {}, { local: ip4('10.0.0.1'), prefixLength: 24 });
  host.device('eth1', {}, { local: ip4('10.1.0.1'), prefixLength: 24 });
  hogged = [];
});

/** Takes all memory there is. */
function hog(): void {
  for (const size of [65_536, 2048, 256]) {
    for (let page = host.pool.page(size); page !== undefined; page = host.pool.page(size)) hogged.push(page);
  }
}

/** Gives it back, and sees that nothing else was kept. */
function done(): void {
  for (const page of hogged) page.put();
  world.finish();
}

/** A packet that came in, whose head a packet socket sees too. */
function shared(bytes: Uint8Array): [SkBuff, SkBuff] {
  const skb = host.skb(bytes);
  skb.ifindex = 2;
  return [skb, skb.clone()];
}

describe('at the pool’s limit', () => {
  it('a segment without headroom is not sent', () => {
    const dst = host.route(ip4('10.0.0.2')) as Dst;
    const skb = host.skb(hex`0102`, 0);
    hog();
    const sk = { saddr: dst.src, daddr: dst.daddr, protocol: 6, mark: 0, priority: 0, inet: new InetSock() };
    expect(host.ip.queueXmit(world.now, skb, dst, sk)).toBe('ENOBUFS');
    expect(host.drops).toEqual(['NOMEM']);
    done();
  });

  it('a datagram is not fragmented', () => {
    const dst = host.route(ip4('10.0.0.2')) as Dst;
    const skb = host.skb(new Uint8Array(3000));
    hog();
    const sk = {
      saddr: dst.src,
      daddr: dst.daddr,
      protocol: 17,
      tos: 0,
      ttl: -1,
      mark: 0,
      priority: 0,
      inet: new InetSock(0),
    };
    expect(host.ip.sendSkb(world.now, skb, dst, sk)).toBe('ENOBUFS');
    expect([host.drops, host.ip.mib.Ip.FragFails]).toEqual([['NOMEM'], 1]);
    done();
  });

  it('a fragment of many runs is not copied', () => {
    const dst = host.route(ip4('10.0.0.2')) as Dst;
    const skb = host.skb(new Uint8Array(100));
    for (let i = 0; i < 44; i++) {
      const page = host.pool.page(20)!;
      skb.addFrag(page, page.start, 20);
    }
    const last = host.pool.page(2000)!;
    skb.addFrag(last, last.start, 2000);
    hog();
    hogged.pop()!.put(); // enough for its header
    const sk = {
      saddr: dst.src,
      daddr: dst.daddr,
      protocol: 17,
      tos: 0,
      ttl: -1,
      mark: 0,
      priority: 0,
      inet: new InetSock(0),
    };
    expect(host.ip.sendSkb(world.now, skb, dst, sk)).toBe('ENOBUFS');
    expect([host.drops, host.output.length]).toEqual([['NOMEM'], 0]);
    done();
  });

  it('a super-packet is not cut', () => {
    const dst = host.route(ip4('10.0.0.2')) as Dst;
    const tcp = new Uint8Array(3000);
    tcp[12] = 0x50;
    const skb = Object.assign(host.skb(tcp), { gsoSize: 1480, gsoSegs: 3, gsoType: 1 });
    const sk = { saddr: dst.src, daddr: dst.daddr, protocol: 6, mark: 0, priority: 0, inet: new InetSock() };
    expect(host.ip.queueXmit(world.now, skb, dst, sk)).toBe('ENOBUFS'); // this fixture never can
    expect(host.drops).toEqual(['NOMEM']);
    done();
  });

  it('a packet that must be changed is not forwarded', () => {
    host.conf('eth0').forwarding = 1;
    const [skb, twin] = shared(packet({ saddr: '10.0.0.2', daddr: '10.1.0.2' }, hex`01`));
    hog();
    host.ip.receive(world.now, skb);
    expect([host.drops, host.ip.mib.Ip.InDiscards, host.output.length]).toEqual([['NOMEM'], 1, 0]);
    twin.free();
    done();
  });

  it('options are not filled in', () => {
    const options = [{ kind: 7 as const, pointer: 4, route: [0] }, { kind: 1 as const }];
    const [skb, twin] = shared(packet({ saddr: '10.0.0.2', daddr: '10.0.0.1', options }, hex`01`));
    hog();
    host.ip.receive(world.now, skb);
    expect([host.drops, host.ip.mib.Ip.InDiscards, host.delivered.length]).toEqual([['NOMEM'], 1, 0]);
    twin.free();
    done();
  });

  it.each([
    ['by reference, whose first header is shared', 1],
    ['by copy', 60],
  ])('a datagram is not put together %s', (_, pieces) => {
    const part = { saddr: '10.0.0.2', daddr: '10.0.0.1' };
    const size = 8;
    let twin: SkBuff | undefined;
    for (let i = 0; i < pieces; i++) {
      const [skb, other] = shared(packet({ ...part, flags: 1, fragOff: i }, new Uint8Array(size)));
      if (i === 0) twin = other;
      else other.free();
      host.ip.receive(world.now, skb);
    }
    const last = host.skb(packet({ ...part, fragOff: pieces }, new Uint8Array(size)));
    last.ifindex = 2;
    hog();
    host.ip.receive(world.now, last);
    expect([host.delivered.length, host.ip.mib.Ip.ReasmFails, host.ip.mib.Ip.ReasmOKs]).toEqual([0, 1, 0]);
    expect(host.ip.reassembly).toMatchObject({ count: 0, memory: 0 });
    twin?.free();
    done();
  });

  it('a raw socket cannot send', () => {
    const sk = host.ip.raw.socket(99);
    if (typeof sk === 'string') throw new Error(sk);
    hog();
    const message = { address: ip4('10.0.0.2') };
    expect(host.ip.raw.sendmsg(world.now, sk, hex`01`, 0, 1, 0, message as never)).toBe('ENOBUFS');
    expect(sk.wmemAlloc).toBe(0);
    done();
  });

  it('groups are not told, and a group of ours is not heard', () => {
    host.fib.route(ip4('224.0.0.0'), 4, 2);
    joinGroup(host.ip, world.now, host.ip.devices.get(2)!, ip4('239.1.1.1'), MCAST_EXCLUDE);
    const dst = host.route(ip4('239.1.1.1')) as Dst;
    const skb = host.skb(hex`01`);
    hog();
    const sk = {
      saddr: dst.src,
      daddr: dst.daddr,
      protocol: 17,
      tos: 0,
      ttl: -1,
      mark: 0,
      priority: 0,
      inet: new InetSock(),
    };
    expect(host.ip.sendSkb(world.now, skb, dst, sk)).toBe(0);
    hog(); // what the packet left behind
    host.conf('eth0').force_igmp_version = 2;
    world.run(world.now + 3_000_000);
    expect([host.delivered.length, host.output.length]).toEqual([0, 1]);
    done();
  });
});
