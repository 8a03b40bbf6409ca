/**
 * Loss without SACK: RFC 5681, RFC 6582, RFC 6298, RFC 3042, RFC 6937, and undoing what was no loss (RFC 3522).
 */
import { describe, expect, it } from 'vitest';
import { connected, pair, pattern, read, write } from './fixture.ts';
import { Script } from './script.fixture.ts';
import { CA_DISORDER, CA_LOSS, CA_OPEN, CA_RECOVERY } from './tcb-values.ts';

/** Ten segments of 1000 bytes in flight, RTT 100 ms. */
function tenInFlight(options: { ts?: boolean } = {}): Script {
  const ts = options.ts === true;
  const s = new Script().accepted({ mss: ts ? 1012 : 1000, win: 60_000, ts, rtt: 0.1 });
  s.host.tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
  s.send(10_000);
  expect(s.take().length).toBe(10);
  return s.after(0.1);
}

describe('fast retransmit', () => {
  it('sends new data for the first two duplicate ACKs (RFC 3042), what is lost for the third (RFC 5681 §3.2)', () => {
    const s = tenInFlight();
    s.send(5000).quiet(); // the window is full
    s.in('. 1:1(0) ack 1 win 60000')
      .out('. 10001:11001(1000) ack 1')
      .info({ caState: CA_DISORDER, sacked: 1 });
    s.in('. 1:1(0) ack 1 win 60000').out('. 11001:12001(1000) ack 1');
    s.in('. 1:1(0) ack 1 win 60000').out('. 1:1001(1000) ack 1').quiet();
    s.info({ caState: CA_RECOVERY, sndSsthresh: 5, sndCwnd: 9, lost: 1, retrans: 1 });
    expect(s.host.tcp.mib.TcpExt).toMatchObject({ TCPRenoRecovery: 1, TCPFastRetrans: 1, TCPTimeouts: 0 });
    // Half of the window was 10: every second duplicate lets a new segment out (RFC 6937), down to five in flight.
    s.in('. 1:1(0) ack 1 win 60000').quiet().info({ sndCwnd: 8 });
    s.in('. 1:1(0) ack 1 win 60000').out('. 12001:13001(1000) ack 1').quiet();
    s.in('. 1:1(0) ack 1 win 60000').quiet();
    s.in('. 1:1(0) ack 1 win 60000').out('. 13001:14001(1000) ack 1').quiet().info({ sndCwnd: 7 });
    s.in('. 1:1(0) ack 1 win 60000').in('. 1:1(0) ack 1 win 60000').quiet().info({ sndCwnd: 5, unacked: 14 });
    // All that was sent before is acknowledged, and more: recovery ends with the threshold as window.
    s.in('. 1:1(0) ack 13001 win 60000').out('P. 14001:15001(1000) ack 1');
    s.info({ caState: CA_OPEN, sndCwnd: 5, sndSsthresh: 5 });
  });

  it('retransmits the next hole for each partial ACK, without a timeout (RFC 6582)', () => {
    const s = tenInFlight();
    for (let i = 0; i < 3; i++) s.in('. 1:1(0) ack 1 win 60000');
    s.out('. 1:1001(1000) ack 1').quiet();
    // Six are in flight, one too many for the threshold: the hole has to wait for the next ACK.
    s.after(0.1).in('. 1:1(0) ack 3001 win 60000').quiet().info({ lost: 1, retrans: 0, sndCwnd: 5 });
    s.after(0.1).in('. 1:1(0) ack 6001 win 60000').out('. 6001:7001(1000) ack 1').quiet();
    s.info({ caState: CA_RECOVERY, sndCwnd: 5 });
    s.after(0.1).in('. 1:1(0) ack 10001 win 60000').info({ lost: 0, retrans: 0, unacked: 0 });
    expect(s.host.tcp.mib.TcpExt).toMatchObject({ TCPTimeouts: 0, TCPFastRetrans: 2, TCPRenoRecovery: 1 });
    s.info({ totalRetrans: 2, bytesRetrans: 2000, delivered: 11 });
    expect(s.host.tcp.mib.TcpExt.TCPDelivered).toBe(10); // and the SYN-ACK
  });

  it('takes more duplicates than there are segments for reordering, up to tcp_max_reordering', () => {
    for (const [most, reordering] of [
      [300, 10],
      [7, 7],
    ] as const) {
      const s = tenInFlight();
      s.host.sysctl.tcp_max_reordering = most;
      s.sk.reordering = 20;
      for (let i = 0; i < 9; i++) s.in('. 1:1(0) ack 1 win 60000').quiet();
      s.info({ reordering: 20, sacked: 9 });
      s.in('. 1:1(0) ack 1 win 60000').info({ reordering });
      expect(s.host.tcp.mib.TcpExt.TCPRenoReorder).toBe(1);
    }
  });

  it('does not start anew for duplicates of its own retransmissions (RFC 6582 §3.2 step 1)', () => {
    const s = tenInFlight();
    for (let i = 0; i < 3; i++) s.in('. 1:1(0) ack 1 win 60000');
    s.take();
    s.after(0.1).in('. 1:1(0) ack 10001 win 60000').info({ caState: CA_RECOVERY });
    s.send(3000);
    expect(s.take().length).toBe(3);
    for (let i = 0; i < 3; i++) s.in('. 1:1(0) ack 10001 win 60000');
    s.quiet().info({ caState: CA_RECOVERY });
    s.in('. 1:1(0) ack 11001 win 60000').info({ caState: CA_OPEN });
    expect(s.host.tcp.mib.TcpExt.TCPRenoRecovery).toBe(1);
  });

  it('needs no timeout for one lost segment of a hundred: one round trip', () => {
    const { world, a, b } = pair({ delay: 20_000, mtu: 640 });
    const { client, server } = connected(world, a, b, (_client, listener) => {
      listener.rcvbuf = 1 << 20;
    });
    a.sysctl.tcp_slow_start_after_idle = 0;
    client.sndCwnd = 200;
    client.sndbuf = 1 << 20;
    let lost = false;
    a.link.lose = (_index, frame) => {
      if (lost || frame.len < 600) return false;
      lost = true;
      return true;
    };
    const start = world.now;
    let done = 0;
    read(b, server, (bytes) => {
      done = world.now;
      expect(bytes.length).toBe(58_800);
    });
    write(a, client, pattern(58_800), () => a.tcp.shutdown(world.now, client, 2));
    world.advance(5_000_000);
    expect(lost).toBe(true);
    expect(a.tcp.mib.TcpExt).toMatchObject({ TCPTimeouts: 0, TCPFastRetrans: 1 });
    expect(a.tcp.mib.Tcp.RetransSegs).toBe(1);
    // Half a round trip to arrive, one for the retransmission; the FIN goes with the data.
    expect(done - start).toBeLessThan(62_000);
  });
});

describe('the retransmission timer', () => {
  it('fires after SRTT + 200 ms, doubles, sends the first segment, and recovers in slow start (MUST-19, RFC 6298)', () => {
    const s = tenInFlight();
    s.info({ rto: 300_000, rtt: 100_000, rttvar: 50_000 });
    s.at(0.4).out('. 1:1001(1000) ack 1').quiet();
    s.info({ caState: CA_LOSS, sndCwnd: 1, sndSsthresh: 5, lost: 10, rto: 600_000, backoff: 1 });
    s.at(1.0).out('. 1:1001(1000) ack 1').quiet();
    s.info({ rto: 1_200_000, backoff: 2, retransmits: 2 });
    s.in('. 1:1(0) ack 1001 win 60000').out('. 1001:2001(1000) ack 1').out('. 2001:3001(1000) ack 1').quiet();
    s.info({ sndCwnd: 2, retransmits: 0, backoff: 2 });
    s.in('. 1:1(0) ack 3001 win 60000');
    s.out('. 3001:4001(1000) ack 1').out('. 4001:5001(1000) ack 1').out('. 5001:6001(1000) ack 1');
    s.out('. 6001:7001(1000) ack 1').quiet().info({ sndCwnd: 4 });
    s.in('. 1:1(0) ack 10001 win 60000').info({ unacked: 0, lost: 0, sndCwnd: 6 });
    s.send(1000).out('P. 10001:11001(1000) ack 1').after(0.1);
    s.in('. 1:1(0) ack 11001 win 60000').info({ caState: CA_OPEN, backoff: 0, rto: 300_000 });
    s.info({ totalRto: 2, totalRtoRecoveries: 1, totalRtoTime: 700 });
    expect(s.host.tcp.mib.TcpExt).toMatchObject({ TCPTimeouts: 2, TCPSlowStartRetrans: 6 });
  });

  it('gives up after the time of fifteen doublings with ETIMEDOUT (MUST-20, R2), and asks for a new route at R1, which is 3 (SHLD-10, SHLD-11)', () => {
    const s = new Script().connected({ mss: 1000 });
    s.send(100).ignore();
    const before = s.host.tcp.mib.TcpExt.TCPTimeouts;
    s.host.generation++;
    s.at(920).ignore();
    expect(s.sk.err).toBe('');
    s.at(1060).ignore();
    expect(s.sk.takeError()).toBe('ETIMEDOUT');
    expect(s.host.tcp.mib.TcpExt.TCPTimeouts).toBeGreaterThan(before + 10);
    expect(s.host.tcp.mib.TcpExt.TCPAbortOnTimeout).toBe(1);
    expect(s.host.tcp.tables.count).toBe(0);
  });

  it('ends after TCP_USER_TIMEOUT where that is set (MUST-21)', () => {
    const s = new Script().connected({ mss: 1000 });
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_USER_TIMEOUT', 3000);
    s.send(100);
    s.at(2.9);
    expect(s.sk.err).toBe('');
    s.at(3.5);
    expect(s.sk.takeError()).toBe('ETIMEDOUT');
  });

  it('reports the reason that an ICMP message gave', () => {
    const s = new Script().connected({ mss: 1000 });
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_USER_TIMEOUT', 3000);
    s.send(100);
    s.sk.errSoft = 'EHOSTUNREACH';
    s.at(5);
    expect(s.sk.takeError()).toBe('EHOSTUNREACH');
  });

  it('does not measure what was retransmitted (MUST-18, Karn), unless timestamps tell', () => {
    const s = new Script().connected({ mss: 1000 });
    s.info({ rtt: 0 });
    s.at(0.05).send(100).out('P. 1:101(100) ack 1');
    s.at(0.25).out('P. 1:101(100) ack 1');
    s.at(0.3).in('. 1:1(0) ack 101 win 60000').info({ rtt: 0 });
  });

  it('takes a spurious timeout back when the echoed timestamp is older than the retransmission', () => {
    const s = tenInFlight({ ts: true });
    s.at(0.4).out('. 1:1001(1000) ack 1').info({ caState: CA_LOSS, sndCwnd: 1 });
    s.in('. 1:1(0) ack 10001 win 60000 <nop,nop,TS val 10 ecr 1100>');
    s.info({ sndCwnd: 20, sndSsthresh: 0x7fff_ffff }); // ten restored, and slow start's ten
    expect(s.host.tcp.mib.TcpExt.TCPLossUndo).toBe(1);
  });

  it('merges small segments when it sends them again (MAY-4)', () => {
    const s = new Script().connected({ mss: 1000 });
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
    s.send(10).send(20).send(30);
    s.out('P. 1:11(10) ack 1').out('P. 11:31(20) ack 1').out('P. 31:61(30) ack 1');
    s.after(3).take();
    s.info({ unacked: 1 });
    s.in('. 1:1(0) ack 61 win 60000').info({ unacked: 0, lost: 0, retrans: 0 });
  });
});

describe('the congestion window', () => {
  it('starts at ten segments (RFC 6928), doubles a round trip, and grows by one after the threshold (MUST-19)', () => {
    const s = new Script().connected({ mss: 1000, win: 60_000 });
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
    s.sk.sndbuf = 1 << 20;
    s.send(200_000);
    expect(s.take().length).toBe(10);
    s.after(0.1).in('. 1:1(0) ack 10001 win 60000').info({ sndCwnd: 20 });
    expect(s.take().length).toBe(20);
    s.sk.sndSsthresh = 20;
    s.after(0.1).in('. 1:1(0) ack 30001 win 60000').info({ sndCwnd: 21 });
    expect(s.take().length).toBe(21);
  });

  it('starts at what the route says, and at one segment after a SYN that was lost more than once (RFC 5681 §3.1)', () => {
    const s = new Script();
    s.host.metrics.initcwnd = 4;
    s.accepted({ mss: 1000, win: 60_000 }).info({ sndCwnd: 4 });
    const lossy = new Script().connect().out('S 0:0(0)').at(1).out('S 0:0(0)').at(2).out('S 0:0(0)');
    lossy.in('S. 0:0(0) ack 1 win 60000 <mss 1000>').out('. 1:1(0) ack 1');
    lossy.info({ sndCwnd: 1, rto: 3_000_000, totalRetrans: 2 }); // and nothing was measured (RFC 6298 (5.7))
  });

  it('does not grow while the application is what limits', () => {
    const s = new Script().connected({ mss: 1000, win: 60_000 });
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
    for (let i = 0; i < 20; i++) {
      s.after(0.01).send(1000).ignore();
      s.in(`. 1:1(0) ack ${1001 + i * 1000} win 60000`);
    }
    s.info({ sndCwnd: 10 });
  });

  it('stays where it is while ACKs come, however little of it is used', () => {
    const s = new Script().accepted({ mss: 1000, win: 60_000, rtt: 0.02 });
    s.send(10_000).ignore().after(0.02).in('. 1:1(0) ack 10001 win 60000');
    for (let i = 0; i < 20; i++) {
      s.send(100).ignore().after(0.02);
      s.in(`. 1:1(0) ack ${10_101 + 100 * i} win 60000`).after(0.1);
    }
    s.info({ sndCwnd: 20 });
  });

  it('begins anew after idleness (RFC 5681 §4.1), unless tcp_slow_start_after_idle is 0', () => {
    for (const [flag, cwnd] of [
      [1, 10],
      [0, 40],
    ] as const) {
      const s = new Script({ sysctl: { tcp_slow_start_after_idle: flag } }).connected({
        mss: 1000,
        win: 60_000,
      });
      s.sk.sndCwnd = 40;
      s.after(10).send(1000).info({ sndCwnd: cwnd });
    }
  });

  it('is halved, without a retransmission, when the queues of this host overflow', () => {
    const { world, a, b } = pair({ delay: 1000, usPerByte: 0.1, queue: 20_000 });
    const { client, server } = connected(world, a, b);
    client.sndCwnd = 100;
    let received = 0;
    read(b, server, (bytes) => {
      received = bytes.length;
    });
    write(a, client, pattern(200_000), () => a.tcp.shutdown(world.now, client, 2));
    world.advance(10_000_000);
    expect(received).toBe(200_000);
    expect(a.tcp.mib.Tcp.RetransSegs).toBe(0);
    expect(client.sndSsthresh).toBeLessThan(100);
  });
});
