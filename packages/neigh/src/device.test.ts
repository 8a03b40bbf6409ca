import { describe, expect, it } from 'vitest';
import { type Entry, ETH0, ETH1, ip, MAC, World } from './fixture.ts';
import { NTF_EXT_LEARNED, NUD_PERMANENT, NUD_REACHABLE, NUD_STALE } from './index.ts';

/** A permanent, a learned, a reachable, a stale and an incomplete entry with two packets on eth0; a stale one on eth1. */
function populated() {
  const world = new World();
  const { table } = world;
  table.add(0, { device: ETH0, address: ip(1), lladdr: MAC });
  table.add(0, { device: ETH0, address: ip(2), lladdr: MAC, state: NUD_STALE, flags: NTF_EXT_LEARNED });
  table.add(0, { device: ETH0, address: ip(3), lladdr: MAC, state: NUD_REACHABLE });
  table.add(0, { device: ETH0, address: ip(4), lladdr: MAC, state: NUD_STALE });
  table.add(0, { device: ETH1, address: ip(4), lladdr: MAC, state: NUD_STALE });
  world.send(ip(5));
  world.send(ip(5));
  table.addProxy(ETH0, ip(100));
  table.addProxy(ETH1, ip(100));
  table.addProxy(undefined, ip(101));
  table.proxyEnqueue(0, world.packet(), ETH0);
  table.proxyEnqueue(0, world.packet(), ETH1);
  const entries = table.list();
  world.take();
  return { world, table, entries };
}

const left = (entries: readonly Entry[]) =>
  entries
    .filter(({ dead }) => !dead)
    .map(({ device, address }) => `${device.name} ${address - ip(0)}`)
    .sort();

describe('a device', () => {
  it('that goes down loses all: entries, what waits, proxies', () => {
    const { world, table, entries } = populated();
    table.deviceDown(0, ETH0);
    expect(left(entries)).toEqual(['eth1 4']);
    expect(world.packets.map(({ fates }) => fates)).toEqual([
      ['QUEUE_PURGE'],
      ['QUEUE_PURGE'],
      ['QUEUE_PURGE'],
      [],
    ]);
    expect(world.take().filter((line) => line.includes('unreachable'))).toEqual([]);
    expect(table.proxies().map(({ device }) => device?.name)).toEqual(['eth1', undefined]);
    expect([table.entries, table.stats.destroys]).toEqual([1, 5]);
  });

  it('that loses its carrier keeps what was set by hand or by a daemon', () => {
    const { table, entries } = populated();
    table.carrierDown(0, ETH0);
    expect(left(entries)).toEqual(['eth0 1', 'eth0 2', 'eth1 4']);
    expect(table.proxies()).toHaveLength(3);
  });

  it('that changes its address loses its entries', () => {
    const { table, entries } = populated();
    table.changeAddress(0, ETH0);
    expect(left(entries)).toEqual(['eth1 4']);
    expect(table.proxies()).toHaveLength(3);
  });

  it('that is gone takes its settings along', () => {
    const { table } = populated();
    const parms = table.parms(ETH0);
    table.deviceDown(0, ETH0);
    expect(table.parms(ETH0)).toBe(parms);
    table.deviceGone(0, ETH0);
    expect(table.parms(ETH0)).not.toBe(parms);
  });
});

describe('close', () => {
  it('leaves nothing', () => {
    const { world, table, entries } = populated();
    table.close(0);
    expect(left(entries)).toEqual([]);
    expect([table.entries, table.proxies().length, world.timers.pending]).toEqual([0, 0, 0]);
    expect(world.packets.map(({ fates }) => fates.length)).toEqual([1, 1, 1, 1]);
    expect(entries.every(({ hh, state }) => hh === undefined && state === 0)).toBe(true);
    expect(table.list({ state: NUD_PERMANENT })).toEqual([]);
  });
});
