/**
 * RACK (RFC 8985 §6), its reordering window, and PRR (RFC 6937bis), which says what recovery may send. Numbers are Linux 6.18's, seen
 * with the same segments at the same times.
 */
import { describe, expect, it } from 'vitest';
import { seqOf } from './cb.ts';
import { Script, type ScriptOptions } from './script.fixture.ts';
import { CA_DISORDER, CA_LOSS, CA_OPEN, CA_RECOVERY, TIMER_RETRANS } from './tcb-values.ts';
import { armRtx } from './timer.ts';

/** Ten segments of 1000 bytes in flight since 100 ms, RTT 100 ms; `more` bytes wait. */
function tenInFlight(more = 0, options: ScriptOptions = {}): Script {
  const s = new Script(options).accepted({ mss: 1000, win: 60_000, sack: true, rtt: 0.1 });
  s.host.tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
  s.sk.sndbuf = 1 << 20;
  s.send(10_000 + more);
  expect(s.take().length).toBe(10);
  return s.after(0.1);
}

function ack(una: number, ...blocks: string[]): string {
  const sack = blocks.length === 0 ? '' : ` <nop,nop,sack ${blocks.join(' ')}>`;
  return `. 1:1(0) ack ${una} win 60000${sack}`;
}

describe('what was sent before something that arrived', () => {
  it('is lost a quarter of the minimal RTT later, without three duplicates', () => {
    const s = tenInFlight();
    s.in(ack(1, '7001:8001')).info({ caState: CA_DISORDER, lost: 0 });
    s.after(0.0269).quiet();
    s.after(0.0002).out('. 1:1001(1000)').quiet();
    s.info({ caState: CA_RECOVERY, lost: 7, retrans: 1, reordering: 3 });
    s.in(ack(1, '5001:6001', '7001:8001'))
      .out('. 1001:2001(1000)')
      .info({ lost: 6, reordSeen: 1 });
  });

  it('is lost at once while recovery goes on, where nothing ever came late', () => {
    const s = tenInFlight();
    s.in(ack(1, '7001:8001')).after(0.0271).out('. 1:1001(1000)').info({ lost: 7, sacked: 1 });
    s.in(ack(1, '9001:10001', '7001:8001')).info({ lost: 8, sacked: 2, reordSeen: 0 });
  });

  it('is lost at once behind three, or four that came in one ACK', () => {
    tenInFlight().in(ack(1, '2001:5001')).out('. 1:1001(1000)').quiet();
    tenInFlight().in(ack(1, '9001:10001')).in(ack(1, '8001:10001')).quiet();
  });

  it('waits for the window in any case with tcp_recovery 4', () => {
    const s = tenInFlight(0, { sysctl: { tcp_recovery: 5 } });
    s.in(ack(1, '2001:6001')).quiet().after(0.0271).out('. 1:1001(1000)');
  });

  it('is late, not lost, where it comes within the window; and the window is believed from then on', () => {
    const s = tenInFlight(10_000);
    s.in(ack(1, '1001:3001')).take();
    s.after(0.02).in(ack(3001)).info({ caState: CA_OPEN, lost: 0, reordSeen: 1 });
    expect(s.host.tcp.mib.TcpExt.TCPSACKReorder).toBe(1);
    s.take();
    // Reordering was seen: three duplicates are no proof any more, the quarter of the RTT has to pass.
    s.after(0.08).in(ack(3001, '4001:8001'));
    s.info({ caState: CA_DISORDER, lost: 0 });
  });

  it('of retransmissions is lost again, which duplicates could never tell', () => {
    const s = tenInFlight();
    s.in(ack(1, '2001:6001')).out('. 1:1001(1000)').quiet();
    s.in(ack(1, '2001:7001')).out('. 1001:2001(1000)').quiet();
    s.after(0.11).in(ack(1, '1001:7001')).out('. 1:1001(1000)');
    s.info({ caState: CA_RECOVERY, lost: 4, retrans: 4, totalRetrans: 6 }); // and the last three
    expect(s.host.tcp.mib.TcpExt).toMatchObject({ TCPLostRetransmit: 1, TCPTimeouts: 0 });
  });

  it('is not judged by a retransmission that is acknowledged too soon: its original arrived', () => {
    const s = tenInFlight();
    s.in(ack(1, '2001:5001')).out('. 1:1001(1000)').quiet();
    // 5001:10001 was sent before that retransmission, but long after what is delivered now.
    s.after(0.01).in(ack(1001, '2001:5001')).info({ lost: 1, sacked: 3 });
  });
});

describe('the segment that is waited for longest', () => {
  it('is remembered, and is another one when it arrives', () => {
    const s = tenInFlight();
    s.sk.reordSeen = 1;
    const edge = () => (s.sk.rackEdge === undefined ? -1 : (seqOf(s.sk.rackEdge) - s.sk.iss) | 0);
    s.in(ack(1, '9001:10001'));
    expect(edge()).toBe(8001);
    s.in(ack(1, '8001:10001'));
    expect(edge()).toBe(7001);
    s.after(0.0271).info({ caState: CA_RECOVERY, lost: 8 });
    expect(edge()).toBe(-1);
  });
});

describe('the reordering window', () => {
  it('grows by a quarter of the minimal RTT for each round trip with a D-SACK, and shrinks after sixteen recoveries', () => {
    const s = tenInFlight(100_000);
    s.sk.reordSeen = 1;
    s.sk.totalRetrans = 100;
    s.in(ack(2001, '1001:2001'));
    expect(s.sk.rackReoWndSteps).toBe(2);
    s.in(ack(3001, '2001:3001'));
    expect(s.sk.rackReoWndSteps).toBe(2); // the same round trip
    s.after(0.1).in(ack(12_001)).in(ack(13_001, '3001:4001'));
    expect(s.sk.rackReoWndSteps).toBe(3);
    expect(s.sk.rackReoWndPersist).toBe(16);
    s.sk.rackReoWndPersist = 0;
    s.in(ack(14_001));
    expect(s.sk.rackReoWndSteps).toBe(1);
  });

  it('stays as it is with tcp_recovery 2', () => {
    const s = tenInFlight(0, { sysctl: { tcp_recovery: 3 } });
    s.sk.reordSeen = 1;
    s.sk.totalRetrans = 100;
    s.in(ack(2001, '1001:2001'));
    expect(s.sk.rackReoWndSteps).toBe(1);
  });
});

describe('the window in recovery (RFC 6937)', () => {
  it('sends two segments for three delivered until the threshold is reached, and ends there', () => {
    const s = tenInFlight(7000);
    s.in(ack(1, '1001:2001')).out('. 10001:11001(1000)');
    s.in(ack(1, '1001:3001')).out('. 11001:12001(1000)'); // limited transmit (RFC 3042)
    s.in(ack(1, '1001:4001')).out('. 1:1001(1000)').quiet();
    s.info({ caState: CA_RECOVERY, sndSsthresh: 5, sndCwnd: 9, lost: 1, retrans: 1 });
    let sent = 0;
    for (let end = 5001; end <= 12_001; end += 1000) {
      s.in(ack(1, `1001:${end}`));
      sent += s.take().length;
    }
    expect(sent).toBe(5);
    s.in(ack(12_001)).info({ caState: CA_OPEN, sndCwnd: 5, sndSsthresh: 5 });
  });

  it('sends again as much as is delivered where most of the window was lost, and one more while it goes well', () => {
    const s = tenInFlight();
    s.in(ack(1, '6001:7001'))
      .in(ack(1, '6001:7001', '8001:9001'))
      .in(ack(1, '6001:7001', '8001:10001'));
    s.out('. 1:1001(1000)').quiet().info({ lost: 7, retrans: 1, sndCwnd: 1, sndSsthresh: 5 });
    s.after(0.1).in(ack(1001, '6001:7001', '8001:10001'));
    s.out('. 1001:2001(1000)').out('. 2001:3001(1000)').quiet();
  });

  it('counts from the beginning of each recovery', () => {
    const s = tenInFlight(10_000);
    Object.assign(s.sk, { prrDelivered: 99, prrOut: 99 });
    s.in(ack(1, '2001:5001')).take();
    expect(s.sk.prrDelivered).toBe(3);
    expect(s.sk.prrOut).toBeLessThan(5);
  });
});

describe('after a timeout', () => {
  it('what was delivered is not sent again, nor what was sent a moment ago', () => {
    const s = tenInFlight();
    s.in(ack(1, '1001:2001')).send(1000).out('P. 10001:11001(1000)');
    armRtx(s.sk, TIMER_RETRANS, s.now + 1000);
    s.after(0.001).out('. 1:1001(1000)').quiet();
    s.info({ caState: CA_LOSS, unacked: 11, sacked: 1, lost: 9, retrans: 1, sndCwnd: 2 });
  });

  it('counts which recovery failed', () => {
    const s = tenInFlight();
    s.in(ack(1, '1001:2001')).at(0.9);
    expect(s.host.tcp.mib.TcpExt).toMatchObject({ TCPSackRecoveryFail: 1, TCPRenoRecoveryFail: 0 });
    const d = tenInFlight().in(ack(1, '1001:2001')).info({ caState: CA_DISORDER });
    armRtx(d.sk, TIMER_RETRANS, d.now + 1000);
    d.after(0.002);
    expect(d.host.tcp.mib.TcpExt).toMatchObject({ TCPSackFailures: 1, TCPRenoFailures: 0 });
  });
});
