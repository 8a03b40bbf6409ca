import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ARPOP_REPLY } from '../codes.ts';
import { announcement, ethernetIpv4, probe, reply, request } from '../ethernet-ipv4.ts';
import { ip, OTHERS, OURS, OURS_TOO, S, THEIRS, World } from './fixture.ts';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.expectAtRest());

const WANTED = ip('10.0.0.42');
const asks = (at: number) => `${at} eth0 > ffffffffffff: Request who-has 10.0.0.42 tell 0.0.0.0`;

function begin(address = WANTED, dev = world.eth0): void {
  world.arp.probeAddress(world.now, dev, address, (now, result, mac) => {
    world.note(`${result} ${mac.toString(16)}`);
    expect(now).toBe(world.now);
  });
}

describe('probing (RFC 5227 §2.1.1)', () => {
  it.each([
    ['the shortest', 0, [0, 1000, 2000, 4000]],
    ['a random', 500_000, [500, 2000, 3500, 5500]],
    ['the longest', 1_000_000, [1000, 3000, 5000, 7000]],
  ])('takes %s time', (_, random, at) => {
    world.random = random;
    world.wait(100_000);
    begin();
    world.wait(100 * S);
    const [first = 0, second = 0, third = 0, end = 0] = at.map((ms) => ms + 100);
    expect(world.take()).toEqual([asks(first), asks(second), asks(third), `${end} free 0`]);
    expect(world.frames[0]?.header).toEqual(probe(OURS, WANTED));
  });

  // At 1.5 s, between two probes.
  it.each([
    ['a reply from it', reply(THEIRS, WANTED, OURS, 0), 'conflict 200000000aa'],
    ['a request from it', request(THEIRS, WANTED, ip('10.0.0.9')), 'conflict 200000000aa'],
    ['an announcement of it', announcement(THEIRS, WANTED), 'conflict 200000000aa'],
    ['a probe for it', probe(THEIRS, WANTED), 'conflict 200000000aa'],
    ['our own probe', probe(OURS, WANTED), undefined],
    ['the probe of another device of ours', probe(OURS_TOO, WANTED), undefined],
    ['a reply from nowhere', ethernetIpv4(ARPOP_REPLY, THEIRS, 0, OURS, WANTED), undefined],
    ['a request for it', request(THEIRS, ip('10.0.0.9'), WANTED), undefined],
    ['a probe for another', probe(THEIRS, ip('10.0.0.43')), undefined],
  ])('hears %s', (_, header, heard) => {
    begin();
    world.wait(1_500_000).take();
    expect(world.hear(header)).toEqual(heard === undefined ? [] : [`1500 ${heard}`]);
    world.wait(100 * S);
    expect(world.take()).toEqual(heard === undefined ? [asks(2000), '4000 free 0'] : []);
  });

  it('hears a conflict until two seconds after the last probe', () => {
    begin();
    world.wait(4 * S - 1).take();
    expect(world.hear(reply(THEIRS, WANTED, OURS, 0))).toEqual(['3999.999 conflict 200000000aa']);
  });

  it('hears a conflict before the first probe', () => {
    world.random = 1_000_000;
    begin();
    expect(world.hear(probe(OTHERS, WANTED))).toEqual(['conflict 200000000bb']);
  });

  it('listens on its device alone', () => {
    begin();
    world.wait(1).take();
    expect(world.hear(announcement(THEIRS, WANTED), undefined, world.eth1)).toEqual([]);
    world.wait(100 * S);
    expect(world.take().at(-1)).toBe('4000 free 0');
  });

  it('can be stopped, and begun anew', () => {
    begin();
    world.wait(500_000);
    expect(world.arp.cancelProbe(world.eth0, WANTED)).toBe(true);
    expect(world.arp.cancelProbe(world.eth0, WANTED)).toBe(false);
    world.wait(10 * S).take();
    begin();
    begin();
    world.wait(10 * S);
    expect(world.take()).toHaveLength(4);
    begin();
    world.arp.deviceDown(world.eth0);
  });

  it('runs for several addresses at a time', () => {
    begin();
    begin(ip('10.0.0.43'));
    world.wait(0).take();
    expect(world.hear(announcement(THEIRS, WANTED))).toEqual(['conflict 200000000aa']);
    world.wait(10 * S);
    expect(world.take().at(-1)).toBe('4000 free 0');
  });
});

describe('after ten conflicts', () => {
  it('a device probes once in a minute, until an address is free', () => {
    world.wait(S);
    const attempts: number[] = [];
    for (let i = 0; i < 13; i++) {
      begin();
      let sent: string[] = [];
      for (; sent.length === 0; sent = world.take()) world.wait(100_000);
      attempts.push(Number(sent[0]?.split(' eth0')[0]));
      world.hear(announcement(THEIRS, WANTED));
    }
    const early = [1000, 1100, 1200, 1300, 1400, 1500, 1600, 1700, 1800, 1900];
    expect(attempts).toEqual([...early, 61_900, 121_900, 181_900]);
    begin();
    world.wait(100 * S).take();
    begin();
    world.wait(100_000);
    expect(world.take()).toHaveLength(1);
    begin(WANTED, world.eth1);
    world.wait(10 * S);
  });

  it('a device that went down begins anew', () => {
    world.wait(S);
    for (let i = 0; i < 10; i++) {
      begin();
      world.hear(announcement(THEIRS, WANTED));
    }
    begin();
    expect(world.wait(S).take()).toEqual([]);
    world.arp.deviceDown(world.eth0);
    begin();
    world.wait(0);
    expect(world.take()).toEqual([asks(2000)]);
    world.arp.deviceDown(world.eth0);
  });
});
