import { beforeEach, describe, expect, it } from 'vitest';
import { announcement, probe, reply, request } from '../ethernet-ipv4.ts';
import { ip, OURS, OURS_TOO, S, THEIRS, World } from './fixture.ts';

const MINE = ip('10.0.0.1');
const claim = announcement(THEIRS, MINE);
const told = (verdict: string) => `conflict eth0 10.0.0.1 200000000aa ${verdict}`;
const defence = 'eth0 > ffffffffffff: Request who-has 10.0.0.1 tell 10.0.0.1';

let world: World;
beforeEach(() => {
  world = new World();
});

describe('a conflict (RFC 5227 §2.4)', () => {
  it.each([
    ['an announcement', claim, true],
    ['a reply', reply(THEIRS, MINE, THEIRS, ip('10.0.0.9')), true],
    ['a request', request(THEIRS, MINE, ip('10.0.0.9')), true],
    ['our own packet', announcement(OURS, MINE), false],
    ['the packet of another device of ours', announcement(OURS_TOO, MINE), false],
    ['a probe', probe(THEIRS, MINE), false],
    ['an address of another device', announcement(THEIRS, ip('10.1.0.1')), false],
    ['an address of somebody else', announcement(THEIRS, ip('10.0.0.9')), false],
  ])('%s', (_, header, isConflict) => {
    expect(world.hear(header).filter((line) => line.startsWith('conflict'))).toEqual(
      isConflict ? [told('ignored')] : [],
    );
  });

  it('is seen before drop_gratuitous_arp', () => {
    world.conf.drop_gratuitous_arp = 1;
    expect(world.hear(claim)).toEqual([told('ignored'), 'drop NOT_SPECIFIED']);
  });

  it('needs no listener', () => {
    world = new World({ conflict: undefined as never });
    world.arp.guard(world.eth0, MINE, 'defend');
    expect(world.hear(claim)).toEqual([defence]);
    expect(world.hear(claim)).toEqual([]);
    expect(world.hear(claim)).toEqual([]);
  });
});

describe('a guard', () => {
  it('that yields loses the address, once', () => {
    world.arp.guard(world.eth0, MINE, 'yield');
    expect(world.hear(claim)).toEqual([told('lost')]);
    expect(world.hear(claim)).toEqual([told('ignored')]);
  });

  it('that defends announces at most once in ten seconds, and then loses', () => {
    world.arp.guard(world.eth0, MINE, 'defend');
    expect(world.hear(claim)).toEqual([defence, told('defended')]);
    world.wait(10 * S);
    expect(world.hear(claim)).toEqual([`10000 ${defence}`, `10000 ${told('defended')}`]);
    world.wait(10 * S - 1);
    expect(world.hear(claim)).toEqual([`19999.999 ${told('lost')}`]);
    expect(world.hear(claim)).toEqual([`19999.999 ${told('ignored')}`]);
  });

  it('that insists announces at most once in ten seconds, and never loses', () => {
    world.arp.guard(world.eth0, MINE, 'insist');
    expect(world.hear(claim)).toEqual([defence, told('defended')]);
    for (let i = 0; i < 5; i++) expect(world.hear(claim)).toEqual([told('ignored')]);
    world.wait(10 * S);
    expect(world.hear(claim)).toEqual([`10000 ${defence}`, `10000 ${told('defended')}`]);
  });

  it('is taken away by hand or with the device', () => {
    world.arp.guard(world.eth0, MINE, 'insist');
    world.arp.guard(world.eth0, MINE, undefined);
    expect(world.hear(claim)).toEqual([told('ignored')]);
    world.arp.guard(world.eth0, MINE, 'insist');
    world.arp.deviceDown(world.eth0);
    expect(world.hear(claim)).toEqual([told('ignored')]);
  });

  it('is of one device', () => {
    world.arp.guard(world.eth1, MINE, 'insist');
    expect(world.hear(claim)).toEqual([told('ignored')]);
  });
});
