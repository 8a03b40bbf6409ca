/**
 * What a route says of the connections over it: `ip route`'s `congctl`, `features ecn`, `cwnd`, `rtt` and their like. As Linux 6.18 does.
 */
import { describe, expect, it } from 'vitest';
import { FEATURE_ECN, LOCK_CONGCTL, LOCK_CWND, LOCK_RTT, LOCK_RTTVAR, LOCK_SSTHRESH } from './ports.ts';
import { PEER, Script } from './script.fixture.ts';

/** A host whose routes say this. */
function routed(metrics: Partial<Script['host']['metrics']>, sysctl = {}): Script {
  const s = new Script({ sysctl });
  Object.assign(s.host.metrics, metrics);
  return s;
}

const algorithm = (s: Script) => s.host.tcp.getsockopt(s.now, s.sk, 'TCP_CONGESTION');
const choose = (s: Script, name: string) => s.host.tcp.setsockopt(s.now, s.sk, 'TCP_CONGESTION', name);
const known = (s: Script) => s.host.tcp.metrics.find(s.now, s.host.family as never, s.host.address, PEER);

/** What the connection measured, µs times 8. */
const measured = (s: Script) => s.sk.srtt;

/** Opens a connection and closes it again, so that it is remembered. */
function once(s: Script): void {
  s.accepted({ mss: 1000, win: 60_000, rtt: 0.01 });
  s.close().out('F. 1:1(0) ack 1').in('F. 1:1(0) ack 2 win 60000').out('. 2:2(0) ack 2');
}

describe('congctl', () => {
  it('is what connections use, whatever the application chose', () => {
    const s = routed({ congctl: 'reno' });
    choose(s, 'cubic');
    s.connected({ mss: 1000 });
    expect(algorithm(s)).toBe('reno');
    expect(choose(s, 'cubic')).toBeUndefined();
    const passive = routed({ congctl: 'reno' }).accepted({ mss: 1000 });
    expect(algorithm(passive)).toBe('reno');
  });

  it('that is locked lets nobody choose', () => {
    const s = routed({ congctl: 'reno', locks: LOCK_CONGCTL }).connected({ mss: 1000 });
    expect(choose(s, 'cubic')).toBe('EPERM');
    expect(choose(s, 'reno')).toBe('EPERM');
    const passive = routed({ congctl: 'reno', locks: LOCK_CONGCTL }).accepted({ mss: 1000 });
    expect(choose(passive, 'cubic')).toBe('EPERM');
  });

  it('that needs ECN has it', () => {
    const s = routed({ congctl: 'dctcp' }, { tcp_ecn: 0 }).connect().out('[ect0] SEW 0:0(0)');
    s.in('S.E 0:0(0) ack 1 win 60000 <mss 1000>').out('[ect0] . 1:1(0) ack 1');
    const passive = routed({ congctl: 'dctcp' }, { tcp_ecn: 0 }).listens(0);
    passive.in('[ect0] SEW 0:0(0) win 60000 <mss 1000>').out('S.E 0:0(0) ack 1');
    passive.in('. 1:1(0) ack 1 win 60000').accept();
    expect(algorithm(passive)).toBe('dctcp');
    passive.send(1000).out('[ect0] P. 1:1001(1000) ack 1');
  });

  it('that is not there, or not said, leaves the default of now, or what the listener chose', () => {
    for (const congctl of ['', 'nosuch']) {
      const s = routed({ congctl }).listens(0);
      s.host.sysctl.tcp_congestion_control = 'reno';
      s.in('S 0:0(0) win 60000 <mss 1000>').out('S. 0:0(0) ack 1').in('. 1:1(0) ack 1 win 60000').accept();
      expect(algorithm(s)).toBe('reno');
    }
    const s = routed({}).accepted({ prepare: (sk) => s0(sk) });
    function s0(sk: Script['sk']): void {
      sk.tcp.setsockopt(0, sk, 'TCP_CONGESTION', 'bbr');
    }
    expect(algorithm(s)).toBe('bbr');
  });
});

describe('features ecn', () => {
  it('has ECN asked for and agreed to where tcp_ecn is 0', () => {
    routed({ features: FEATURE_ECN }, { tcp_ecn: 0 }).connect().out('SEW 0:0(0)');
    const passive = routed({ features: FEATURE_ECN }, { tcp_ecn: 0 }).listens(0);
    passive.in('SEW 0:0(0) win 60000 <mss 1000>').out('S.E 0:0(0) ack 1');
  });
});

describe('what a fresh entry of remembered paths begins with', () => {
  it('bounds the window where it is locked, from the second connection on', () => {
    const s = routed({ cwnd: 3, locks: LOCK_CWND, initcwnd: 4 });
    s.connected({ mss: 1000 }).info({ sndCwnd: 4 });
    expect(known(s)).toBeUndefined();
    const next = routed({ cwnd: 3, locks: LOCK_CWND, initcwnd: 4 });
    once(next);
    expect(known(next)).toMatchObject({ cwnd: 3 });
    next.fresh().connected({ mss: 1000 }).info({ sndCwnd: 3 });
    expect(next.sk.sndCwndClamp).toBe(3);
  });

  it('is mixed with what is measured', () => {
    const s = routed(
      { rtt: 800, rttvar: 80, ssthresh: 7, reordering: 5 },
      { tcp_no_ssthresh_metrics_save: 0 },
    );
    once(s);
    // 100 ms, and an eighth of the way to what was measured.
    const srtt = measured(s);
    expect(srtt).toBeLessThan(100_000);
    expect(known(s)).toMatchObject({ rtt: 800_000 - ((800_000 - srtt) >> 3), ssthresh: 7, reordering: 5 });
    s.fresh().connected({ mss: 1000 }).info({ sndSsthresh: 7, reordering: 5 });
  });

  it('stays where it is locked', () => {
    const locks = LOCK_RTT | LOCK_RTTVAR | LOCK_SSTHRESH;
    const s = routed({ rtt: 8, rttvar: 4, ssthresh: 7, locks }, { tcp_no_ssthresh_metrics_save: 0 });
    once(s);
    expect(known(s)).toMatchObject({ rtt: 8000, rttvar: 4000, ssthresh: 7 });
  });
});

describe('fastopen_no_cookie', () => {
  it('lets data go with a SYN, and takes such data, without a cookie', () => {
    const s = routed({ fastopen_no_cookie: 1 }, { tcp_fastopen: 1 });
    s.fastopen(100, 100).out('S 0:100(100)');
    const server = routed({ fastopen_no_cookie: 1 }, { tcp_fastopen: 2 }).listens(5);
    server.in('S 0:100(100) win 60000 <mss 1000>').out('S. 0:0(0) ack 101');
    const without = routed({}, { tcp_fastopen: 2 }).listens(5);
    without.in('S 0:100(100) win 60000 <mss 1000>').out('S. 0:0(0) ack 1');
  });
});
