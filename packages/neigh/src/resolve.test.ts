import { describe, expect, it } from 'vitest';
import { ETH0, ip, MAC, S, World } from './fixture.ts';
import { NEIGH_UPDATE_F_OVERRIDE, NUD_FAILED, NUD_INCOMPLETE, NUD_REACHABLE, NUD_STALE } from './index.ts';

describe('resolving', () => {
  it('asks at once, keeps the packets, and sends them when the answer comes', () => {
    const world = new World();
    world.send(ip(2));
    world.wait(200_000).send(ip(2));
    const entry = world.ensure(ip(2));
    expect([entry.state, entry.queue.bytes]).toEqual([NUD_INCOMPLETE, 1536]);
    world.table.update(world.now, entry, MAC, NUD_REACHABLE, NEIGH_UPDATE_F_OVERRIDE);
    world.send(ip(2));
    expect(world.take()).toEqual([
      '0 10.0.0.2 NONE > INCOMPLETE',
      '0 ask 10.0.0.2 broadcast for 1',
      '200 10.0.0.2 INCOMPLETE > REACHABLE',
      '200 send 1 to 20000000001',
      '200 send 2 to 20000000001',
      '200 send 3 to 20000000001',
    ]);
    expect(entry.queue.bytes).toBe(0);
  });

  it('gives up after three probes, a retransmission time after the last', () => {
    const world = new World();
    world.send(ip(2));
    world.wait(500_000).send(ip(2));
    world.wait(10 * S);
    expect(world.take()).toEqual([
      '0 10.0.0.2 NONE > INCOMPLETE',
      '0 ask 10.0.0.2 broadcast for 1',
      '1000 ask 10.0.0.2 broadcast for 2', // the packet whose source address counts is the youngest
      '2000 ask 10.0.0.2 broadcast for 2',
      '3000 10.0.0.2 INCOMPLETE > FAILED',
      '3000 unreachable 1',
      '3000 drop 1 NEIGH_FAILED',
      '3000 unreachable 2',
      '3000 drop 2 NEIGH_FAILED',
    ]);
    expect(world.ensure(ip(2)).probes).toBe(6);
    expect(world.table.stats.res_failed).toBe(1);
    expect(world.timers.pending).toBe(0);
  });

  it('begins anew with the next packet after it failed', () => {
    const world = new World();
    world.send(ip(2));
    world.wait(4 * S).take();
    world.send(ip(2));
    world.wait(S);
    expect(world.ensure(ip(2)).updated).toBe(4 * S);
    expect(world.take()).toEqual([
      '4000 10.0.0.2 FAILED > INCOMPLETE',
      '4000 ask 10.0.0.2 broadcast for 2',
      '5000 ask 10.0.0.2 broadcast for 2',
    ]);
  });

  it('asks once in a retransmission time, whatever is sent', () => {
    const world = new World({ retrans_time_ms: 250 });
    for (let i = 0; i < 1000; i++) {
      world.send(ip(2));
      world.wait(500);
    }
    expect(world.take().filter((line) => line.includes('ask'))).toEqual([
      '0 ask 10.0.0.2 broadcast for 1',
      '250 ask 10.0.0.2 broadcast for 500',
      '500 ask 10.0.0.2 broadcast for 1000',
    ]);
  });

  it('asks at most every 10 ms', () => {
    const world = new World({ retrans_time_ms: 0, mcast_solicit: 2 });
    world.send(ip(2));
    world.wait(S);
    expect(world.take().slice(1, 4)).toEqual([
      '0 ask 10.0.0.2 broadcast for 1',
      '10 ask 10.0.0.2 broadcast for 1',
      '20 10.0.0.2 INCOMPLETE > FAILED',
    ]);
  });

  it('counts the probes that a daemon sends', () => {
    const world = new World({ app_solicit: 2, mcast_solicit: 1 });
    world.send(ip(2));
    world.wait(10 * S);
    expect(world.take().filter((line) => /ask|FAILED$/.test(line))).toEqual([
      '0 ask 10.0.0.2 broadcast for 1',
      '1000 ask 10.0.0.2 broadcast for 1',
      '2000 ask 10.0.0.2 broadcast for 1',
      '3000 10.0.0.2 INCOMPLETE > FAILED',
      '3000 drop 1 NEIGH_FAILED',
    ]);
  });

  it('fails at once where nobody may be asked', () => {
    const world = new World({ mcast_solicit: 0 });
    world.send(ip(2));
    world.send(ip(2));
    expect(world.take()).toEqual([
      '0 10.0.0.2 NONE > FAILED',
      '0 drop 1 NEIGH_FAILED',
      '0 drop 2 NEIGH_FAILED',
    ]);
    expect(world.timers.pending).toBe(0);
  });

  it('happens without a packet too', () => {
    const world = new World();
    const entry = world.ensure(ip(2));
    world.table.use(0, entry);
    world.table.use(0, entry);
    world.wait(3 * S);
    expect(world.take()).toEqual([
      '0 10.0.0.2 NONE > INCOMPLETE',
      '0 ask 10.0.0.2 broadcast',
      '1000 ask 10.0.0.2 broadcast',
      '2000 ask 10.0.0.2 broadcast',
      '3000 10.0.0.2 INCOMPLETE > FAILED',
    ]);
  });

  it('sends what waited when the neighbour speaks first', () => {
    const world = new World();
    world.send(ip(2));
    world.table.eventNs(0, ETH0, ip(2), MAC);
    expect(world.take().slice(2)).toEqual([
      '0 10.0.0.2 INCOMPLETE > STALE',
      '0 10.0.0.2 STALE > DELAY',
      '0 send 1 to 20000000001',
    ]);
  });
});

describe('the queue', () => {
  it('holds unres_qlen_bytes of truesize and drops the oldest', () => {
    const world = new World({ unres_qlen_bytes: 3000 });
    for (let i = 0; i < 5; i++) world.send(ip(2), 1000);
    world.send(ip(2), 1500);
    expect(world.take().slice(2)).toEqual([
      '0 drop 1 NEIGH_QUEUEFULL',
      '0 drop 2 NEIGH_QUEUEFULL',
      '0 drop 3 NEIGH_QUEUEFULL',
      '0 drop 4 NEIGH_QUEUEFULL',
    ]);
    expect(world.ensure(ip(2)).queue.bytes).toBe(2500);
    expect(world.table.stats.unresolved_discards).toBe(4);
  });

  it('holds a packet that is larger than all, alone', () => {
    const world = new World({ unres_qlen_bytes: 3000 });
    world.send(ip(2), 1000);
    world.send(ip(2), 5000);
    expect(world.take().slice(2)).toEqual(['0 drop 1 NEIGH_QUEUEFULL']);
    world.send(ip(2), 100);
    expect(world.take()).toEqual(['0 drop 2 NEIGH_QUEUEFULL']);
  });

  it('is not disturbed by an error that is sent to the very neighbour that failed', () => {
    const world = new World();
    world.onUnreachable = () => {
      world.onUnreachable = undefined;
      world.send(ip(2)); // 3
    };
    world.send(ip(2));
    world.send(ip(2));
    world.wait(3 * S);
    expect(world.take().slice(4)).toEqual([
      '3000 10.0.0.2 INCOMPLETE > FAILED',
      '3000 unreachable 1',
      '3000 10.0.0.2 FAILED > INCOMPLETE',
      '3000 ask 10.0.0.2 broadcast for 3',
      '3000 drop 1 NEIGH_FAILED',
      '3000 unreachable 2',
      '3000 drop 2 NEIGH_FAILED',
    ]);
    world.wait(10 * S);
    expect(world.take().slice(-2)).toEqual(['6000 unreachable 3', '6000 drop 3 NEIGH_FAILED']);
    expect(world.packets.map(({ fates }) => fates.length)).toEqual([1, 1, 1]);
  });

  it('goes through the state that sending its first packet led to', () => {
    const world = new World();
    world.onSend = (entry) => {
      world.onSend = undefined;
      world.table.delete(world.now, ETH0, entry.address);
    };
    world.send(ip(2));
    world.send(ip(2));
    world.table.update(0, world.ensure(ip(2)), MAC, NUD_REACHABLE, 0);
    expect(world.take().slice(2)).toEqual([
      '0 10.0.0.2 INCOMPLETE > REACHABLE',
      '0 send 1 to 20000000001',
      '0 10.0.0.2 REACHABLE > FAILED',
      '0 10.0.0.2 FAILED > gone',
      '0 drop 2 NEIGH_DEAD',
    ]);
  });
});

describe('a dead entry', () => {
  it('takes no packets', () => {
    const world = new World();
    const entry = world.entryIn(NUD_STALE);
    world.table.delete(0, ETH0, ip(2));
    world.take();
    expect([entry.dead, world.table.find(ETH0, ip(2))]).toEqual([true, undefined]);
    world.table.output(0, entry, world.packet());
    world.table.use(0, entry);
    expect(world.take()).toEqual(['0 drop 1 NEIGH_DEAD']);
    expect(world.table.update(0, entry, MAC, NUD_REACHABLE, 0)).toBe('EINVAL');
    expect(world.table.update(0, world.entryIn(NUD_FAILED), MAC, NUD_REACHABLE, 0)).toBeUndefined();
  });
});
