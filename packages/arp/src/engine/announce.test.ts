import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { announcement } from '../ethernet-ipv4.ts';
import { ip, OURS, own, S, World } from './fixture.ts';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.expectAtRest());

const line = (address: string) => `eth0 > ffffffffffff: Request who-has ${address} tell ${address}`;

describe('announcements', () => {
  it('are requests from an address for itself (RFC 5227 §2.3)', () => {
    world.arp.announce(0, world.eth0, ip('10.0.0.1'));
    expect(world.take()).toEqual([line('10.0.0.1')]);
    expect(world.frames[0]?.header).toEqual(announcement(OURS, ip('10.0.0.1')));
  });

  it('of all addresses, when the device comes up or changes its own, with arp_notify', () => {
    world.addresses.get(world.eth0)?.push(own('10.0.0.5/24', { flags: 1 }));
    world.arp.deviceChanged(0, world.eth0);
    expect(world.take()).toEqual([]);
    world.conf.arp_notify = 1;
    world.arp.deviceChanged(0, world.eth0);
    expect(world.take()).toEqual([line('10.0.0.1'), line('10.0.0.5')]);
    world.conf.arp_notify = 0;
    world.arp.notifyPeers(0, world.eth0);
    expect(world.take()).toHaveLength(2);
  });

  it('are sent twice, two seconds apart, for a new address', () => {
    world.wait(S);
    world.arp.announceRepeatedly(world.now, world.eth0, ip('10.0.0.1'));
    world.wait(100 * S);
    expect(world.take()).toEqual([`1000 ${line('10.0.0.1')}`, `3000 ${line('10.0.0.1')}`]);
  });

  it('stop when the device goes down', () => {
    world.arp.announceRepeatedly(0, world.eth0, ip('10.0.0.1'));
    world.arp.deviceDown(world.eth1);
    expect(world.timers.pending).toBe(1);
    world.arp.deviceDown(world.eth0);
    world.wait(100 * S);
    expect(world.take()).toHaveLength(1);
  });
});
