/**
 * What is remembered of paths, and what connections make of it.
 */
import { describe, expect, it } from 'vitest';
import { connected, Host, pair, seeded, World } from './fixture.ts';
import { MetricsCache, type PathMetrics } from './metrics.ts';
import { PEER, Script } from './script.fixture.ts';
import type { TcpSock } from './tcb.ts';

const HOUR = 3_600_000_000;

describe('MetricsCache', () => {
  const { family } = new Host(new World(), 1, {}, seeded(1));
  const cache = () => new MetricsCache(7);

  it('keeps paths apart by both addresses, and the same one together', () => {
    const c = cache();
    const entry = c.make(0, family as never, 1, 2);
    expect(c.make(5, family as never, 1, 2)).toBe(entry);
    expect(c.find(0, family as never, 1, 2)).toBe(entry);
    expect(c.find(0, family as never, 2, 1)).toBeUndefined();
    c.make(0, family as never, 3, 2);
    expect([...c.entries()]).toHaveLength(2);
  });

  it('forgets what it measured after an hour, and a cookie never', () => {
    const c = cache();
    const entry = c.make(0, family as never, 1, 2);
    Object.assign(entry, { rtt: 8, rttvar: 4, cwnd: 3, ssthresh: 2, reordering: 5 });
    entry.fastopen.mss = 1400;
    expect(c.find(HOUR, family as never, 1, 2)).toMatchObject({ rtt: 8, cwnd: 3 });
    expect(c.find(HOUR + 1, family as never, 1, 2)).toMatchObject({
      rtt: 0,
      rttvar: 0,
      cwnd: 0,
      ssthresh: 0,
      reordering: 0,
      stamp: HOUR + 1,
      fastopen: { mss: 1400 },
    });
  });

  it('is bounded, and what was written longest ago gives way', () => {
    const c = cache();
    const random = seeded(5);
    for (let i = 0; i < 40_000; i++) c.make(i, family as never, 1, random());
    const left = [...c.entries()];
    expect(left.length).toBeLessThanOrEqual(6 * 4096);
    expect(left.length).toBeGreaterThan(4 * 4096);
    expect(left.filter(({ stamp }) => stamp > 39_000)).toHaveLength(999);
  });

  it('forgets what it is told to', () => {
    const c = cache();
    for (let i = 0; i < 10; i++) c.make(0, family as never, 1, i);
    expect(c.forget(({ daddr }) => (daddr as number) < 4)).toBe(4);
    expect(c.forget(() => true)).toBe(6);
    expect([...c.entries()]).toEqual([]);
  });
});

const entryOf = (s: Script): PathMetrics | undefined => [...s.host.tcp.metrics.entries()][0];

/** Closes a connection in order, after `prepare` made its path what it shall be. */
function closed(s: Script, prepare: (sk: TcpSock) => void = () => undefined): Script {
  s.fresh().connect().out('S 0:0(0)').after(0.1);
  s.in('S. 0:0(0) ack 1 win 60000 <mss 1000>').ignore();
  s.host.tcp.shutdown(s.now, s.sk, 2);
  s.after(0.1).in('. 1:1(0) ack 2 win 60000');
  prepare(s.sk);
  s.in('F. 1:1(0) ack 2 win 60000').ignore();
  return s;
}

describe('a connection that was closed in order', () => {
  it('leaves its round trip: a longer one at once, a shorter one by an eighth', () => {
    const s = closed(new Script());
    expect(entryOf(s)).toMatchObject({ daddr: PEER, rtt: 800_000, rttvar: 400_000, stamp: s.now });
    closed(s, (sk) => Object.assign(sk, { srtt: 1_600_000, mdev: 0 }));
    expect(entryOf(s)).toMatchObject({ rtt: 1_600_000 });
    closed(s, (sk) => Object.assign(sk, { srtt: 800_000, mdev: 0 }));
    expect(entryOf(s)).toMatchObject({ rtt: 1_500_000 });
  });

  it.each([
    ['slow start without loss', { sndCwnd: 20 }, { cwnd: 20, ssthresh: 0 }],
    ['congestion avoidance', { sndCwnd: 20, sndSsthresh: 12 }, { cwnd: 10, ssthresh: 12 }],
    [
      'slow start after a loss',
      { sndCwnd: 5, sndSsthresh: 12, reordering: 9 },
      { cwnd: 6, ssthresh: 0, reordering: 9 },
    ],
  ])('leaves window and threshold of %s', (_, state, expected) => {
    const s = closed(new Script({ sysctl: { tcp_no_ssthresh_metrics_save: 0 } }), (sk) =>
      Object.assign(sk, state),
    );
    expect(entryOf(s)).toMatchObject(expected);
  });

  it('leaves no threshold with tcp_no_ssthresh_metrics_save, and nothing with tcp_no_metrics_save', () => {
    const s = closed(new Script(), (sk) => Object.assign(sk, { sndCwnd: 20, sndSsthresh: 12 }));
    expect(entryOf(s)).toMatchObject({ ssthresh: 0, cwnd: 10 });
    expect(entryOf(closed(new Script({ sysctl: { tcp_no_metrics_save: 1 } })))).toBeUndefined();
  });

  it('leaves them on both sides: from LAST-ACK too', () => {
    const { world, a, b } = pair({ delay: 20_000 });
    const { client, server } = connected(world, a, b);
    a.tcp.close(world.now, client);
    world.advance(100_000);
    b.tcp.close(world.now, server);
    world.advance(100_000);
    for (const host of [a, b]) {
      const [entry] = [...host.tcp.metrics.entries()];
      expect(entry?.rtt).toBeGreaterThanOrEqual(8 * 40_000);
    }
  });
});

describe('a connection that is opened', () => {
  const open = (s: Script) => {
    s.fresh().connect().out('S 0:0(0)').after(0.1).in('S. 0:0(0) ack 1 win 60000 <mss 1000>').ignore();
    return s;
  };

  it('has a timeout for the round trip that data had, where that was longer than the handshake’s', () => {
    const s = closed(new Script(), (sk) => Object.assign(sk, { srtt: 8 * 300_000, mdev: 0 }));
    open(s).info({ rto: 900_000, rtt: 100_000 });
    const t = closed(new Script(), (sk) => Object.assign(sk, { srtt: 8 * 90_000, mdev: 0 }));
    open(t).info({ rto: 300_000 });
  });

  it('has the reordering that was seen, and the threshold where that is wanted', () => {
    const s = closed(new Script({ sysctl: { tcp_no_ssthresh_metrics_save: 0 } }));
    Object.assign(entryOf(s) as PathMetrics, { ssthresh: 7, reordering: 11 });
    open(s).info({ reordering: 11, sndSsthresh: 7 });
    s.host.sysctl.tcp_no_ssthresh_metrics_save = 1;
    open(s).info({ sndSsthresh: 0x7fff_ffff });
  });
});

describe('a listener whose queue of requests is nearly full', () => {
  it('answers those it had a connection with lately', () => {
    const s = new Script({ sysctl: { tcp_syncookies: 0 } });
    s.host.tcp.bind(s.now, s.sk, 0, 80);
    s.host.tcp.listen(s.now, s.sk, 100);
    s.host.sysctl.tcp_max_syn_backlog = 4;
    const syn = (port: number) => s.ports(port).in('S 0:0(0) win 1000 <mss 1000>');
    for (let port = 1; port <= 4; port++) syn(port).out('S. 0:0(0) ack 1');
    syn(5).quiet();
    s.host.tcp.metrics.make(s.now, s.host.family as never, s.host.address, PEER).rtt = 8;
    syn(5).out('S. 0:0(0) ack 1');
  });
});
