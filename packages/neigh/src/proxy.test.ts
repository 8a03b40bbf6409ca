import { describe, expect, it } from 'vitest';
import { ETH0, ETH1, ip, S, World } from './fixture.ts';

describe('answering for others', () => {
  it('is for an address, on a device or on all', () => {
    const { table } = new World();
    table.addProxy(ETH0, ip(2));
    table.addProxy(undefined, ip(3));
    expect([table.proxied(ETH0, ip(2)), table.proxied(ETH1, ip(2))]).toEqual([true, false]);
    expect([table.proxied(ETH0, ip(3)), table.proxied(ETH1, ip(3))]).toEqual([true, true]);
    expect(table.proxied(ETH0, ip(4))).toBe(false);
    expect(table.deleteProxy(undefined, ip(2))).toBe('ENOENT');
    expect(table.deleteProxy(ETH0, ip(2))).toBeUndefined();
    expect(table.deleteProxy(ETH0, ip(2))).toBe('ENOENT');
    expect(table.proxied(ETH0, ip(2))).toBe(false);
  });

  it('is set once, however often', () => {
    const { table } = new World();
    table.addProxy(ETH0, ip(2), 3);
    table.addProxy(ETH0, ip(2), 4);
    table.addProxy(ETH0, ip(18)); // the same chain
    expect(table.proxies()).toEqual([
      { address: ip(2), device: ETH0, protocol: 4 },
      { address: ip(18), device: ETH0, protocol: 0 },
    ]);
  });
});

describe('a delayed request', () => {
  it('is due after a random time below proxy_delay', () => {
    const world = new World();
    for (const random of [300_000, 800_000, 1_100_000, 799_999]) {
      world.random = random;
      world.table.proxyEnqueue(0, world.packet(), ETH0);
    }
    world.wait(S);
    expect(world.take()).toEqual([
      '0 redo 2 eth0',
      '300 redo 1 eth0',
      '300 redo 3 eth0',
      '799.999 redo 4 eth0',
    ]);
    expect(world.timers.pending).toBe(0);
  });

  it('is dropped past proxy_qlen, counted for each device', () => {
    const world = new World({ proxy_qlen: 2 });
    for (let i = 0; i < 5; i++) world.table.proxyEnqueue(0, world.packet(), ETH0);
    world.table.proxyEnqueue(0, world.packet(), ETH0);
    expect(world.take()).toEqual([
      '0 drop 4 NOT_SPECIFIED',
      '0 drop 5 NOT_SPECIFIED',
      '0 drop 6 NOT_SPECIFIED',
    ]);
    world.wait(S).take();
    world.table.proxyEnqueue(world.now, world.packet(), ETH0);
    expect(world.take()).toEqual([]);
  });

  it('is due at once without a delay, and never from within the call', () => {
    const world = new World({ proxy_delay: 0 });
    world.table.proxyEnqueue(0, world.packet(), ETH0);
    expect(world.take()).toEqual([]);
    world.wait(0);
    expect(world.take()).toEqual(['0 redo 1 eth0']);
  });

  it('is dropped where nobody takes it', () => {
    const world = new World({ proxy_delay: 0 }, { proxyRedo: undefined as never });
    world.table.proxyEnqueue(0, world.packet(), ETH0);
    world.wait(0);
    expect(world.take()).toEqual(['0 drop 1 NOT_SPECIFIED']);
  });
});
