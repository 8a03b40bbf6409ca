/**
 * Closing: RFC 9293 §3.6, §3.10.4, §3.10.5; TIME-WAIT, RFC 1337, RFC 6191; orphans and linger.
 */
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP } from '@stack/skbuff/sock';
import { describe, expect, it } from 'vitest';
import { connected, leftovers, pair } from './fixture.ts';
import { Script } from './script.fixture.ts';
import { CLOSE, CLOSE_WAIT, CLOSING, FIN_WAIT1, FIN_WAIT2, LAST_ACK, stateName, TIME_WAIT } from './state.ts';
import type { TimewaitSock } from './timewait.ts';

const established = (ts = false): Script => new Script().accepted({ mss: 1000, win: 60_000, ts });

/** What is left of the connection in the established table. */
function left(s: Script): TimewaitSock | undefined {
  for (const entry of s.host.tcp.entries()) if (entry.state === TIME_WAIT) return entry as TimewaitSock;
  return undefined;
}

describe('a close from this side', () => {
  it('goes through FIN-WAIT-1, FIN-WAIT-2 and TIME-WAIT, which lasts 60 s (MUST-13)', () => {
    const s = established();
    s.host.tcp.shutdown(s.now, s.sk, 2);
    s.out('F. 1:1(0) ack 1');
    expect(s.sk.state).toBe(FIN_WAIT1);
    s.in('. 1:1(0) ack 2 win 60000');
    expect(s.sk.state).toBe(FIN_WAIT2);
    s.in('P. 1:11(10) ack 2 win 60000').out('. 2:2(0) ack 11').recv(10); // half-closed: the other way still works
    s.in('F. 11:11(0) ack 2 win 60000').out('. 2:2(0) ack 12').quiet();
    expect(s.sk.state).toBe(CLOSE);
    expect(left(s)?.substate).toBe(TIME_WAIT);
    s.recv(10, 0);
    s.close().after(59.9);
    expect(left(s)).toBeDefined();
    s.after(0.2);
    expect(left(s)).toBeUndefined();
    expect(s.host.tcp.mib.TcpExt.TW).toBe(1);
  });

  it('sends the FIN behind all data (RFC 9293 §3.10.4), on the last segment where that waits', () => {
    const s = established();
    s.send(10).out('P. 1:11(10) ack 1').send(20).quiet();
    s.host.tcp.shutdown(s.now, s.sk, 2);
    s.out('FP. 11:31(20) ack 1').quiet();
    s.send(1, 0, 'EPIPE');
  });

  it('retransmits the FIN', () => {
    const s = established();
    s.host.tcp.shutdown(s.now, s.sk, 2);
    s.out('F. 1:1(0) ack 1').after(0.2).out('F. 1:1(0) ack 1').after(0.4).out('F. 1:1(0) ack 1');
  });

  it('at the same time as the peer goes through CLOSING', () => {
    const s = established();
    s.host.tcp.shutdown(s.now, s.sk, 2);
    s.out('F. 1:1(0) ack 1');
    s.in('F. 1:1(0) ack 1 win 60000').out('. 2:2(0) ack 2');
    expect(s.sk.state).toBe(CLOSING);
    s.in('. 2:2(0) ack 2 win 60000').quiet();
    expect(s.sk.state).toBe(CLOSE);
    expect(left(s)?.substate).toBe(TIME_WAIT);
  });

  it('takes FIN and ACK of ours in one segment', () => {
    const s = established();
    s.host.tcp.shutdown(s.now, s.sk, 2);
    s.out('F. 1:1(0) ack 1');
    s.in('F. 1:1(0) ack 2 win 60000').out('. 2:2(0) ack 2');
    expect(left(s)?.substate).toBe(TIME_WAIT);
  });
});

describe('a close from the peer', () => {
  it('goes through CLOSE-WAIT and LAST-ACK; the application reads what is there, then 0', () => {
    const s = established();
    // The end of a request: its ACK may wait for the answer.
    s.in('FP. 1:11(10) ack 1 win 60000').quiet().after(0.04).out('. 1:1(0) ack 12');
    expect(s.sk.state).toBe(CLOSE_WAIT);
    expect(s.host.tcp.poll(s.sk)).toBe(POLLIN | POLLRDHUP | POLLOUT);
    s.recv(20, 10).recv(20, 0).recv(20, 0);
    s.send(5).out('P. 1:6(5) ack 12');
    s.in('. 12:12(0) ack 6 win 60000');
    s.close().out('F. 6:6(0) ack 12');
    expect(s.sk.state).toBe(LAST_ACK);
    s.in('. 12:12(0) ack 7 win 60000').quiet();
    expect(s.sk.state).toBe(CLOSE);
    expect(s.host.tcp.tables.count).toBe(0);
  });

  it('is the end: a segment that goes on behind it resets the connection, one that only repeats does not', () => {
    const s = established();
    s.in('P. 1:101(100) ack 1 win 60000').in('F. 101:101(0) ack 1 win 60000').ignore().after(0.1).ignore();
    s.in('. 51:101(50) ack 1 win 60000').out('. 1:1(0) ack 102').quiet();
    s.in('. 101:111(10) ack 1 win 60000').out('R 1:1(0)');
    expect(s.sk.state).toBe(CLOSE);
    expect(s.sk.err).toBe('EPIPE');
    expect(s.host.tcp.mib.TcpExt.TCPAbortOnData).toBe(1);
    s.recv(1000, 100).recv(10, 0);
  });

  it('takes a FIN that comes before the data in front of it', () => {
    const s = established();
    s.in('F. 11:11(0) ack 1 win 60000').out('. 1:1(0) ack 1');
    s.in('P. 1:11(10) ack 1 win 60000').out('. 1:1(0) ack 12');
    expect(s.sk.state).toBe(CLOSE_WAIT);
    s.recv(20, 10).recv(20, 0);
  });
});

describe('an abortive close', () => {
  it('resets where data was not read (MAY-1, RFC 2525 §2.17)', () => {
    const s = established();
    s.in('P. 1:11(10) ack 1 win 60000').take();
    s.close().out('R. 1:1(0) ack 11').quiet();
    expect(s.host.tcp.mib.TcpExt.TCPAbortOnClose).toBe(1);
    expect(s.host.tcp.mib.Tcp.EstabResets).toBe(1);
    expect(s.host.tcp.tables.count).toBe(0);
  });

  it('resets with SO_LINGER of 0 s', () => {
    const s = established();
    s.send(10).ignore();
    s.sk.linger = 0;
    s.close().out('R. 11:11(0) ack 1').quiet();
    expect(s.host.tcp.mib.TcpExt.TCPAbortOnData).toBe(1);
  });

  it('resets when data comes after a full close (SHLD-3)', () => {
    const s = established();
    s.close().out('F. 1:1(0) ack 1');
    s.in('P. 1:11(10) ack 1 win 60000').out('R 1:1(0)');
    expect(s.sk.state).toBe(CLOSE);
    const after = established();
    after.close().out('F. 1:1(0) ack 1').in('. 1:1(0) ack 2 win 60000').quiet();
    expect(left(after)?.substate).toBe(FIN_WAIT2);
    after.in('P. 1:11(10) ack 2 win 60000').out('R 2:2(0)');
    expect(left(after)).toBeUndefined();
  });

  it('is `disconnect`: the socket can be used again', () => {
    const s = established();
    s.send(10).ignore().in('. 1:1(0) ack 11 win 60000').in('P. 1:11(10) ack 11 win 60000').ignore();
    s.host.tcp.disconnect(s.now, s.sk);
    s.out('R. 11:11(0) ack 11');
    expect(s.sk.takeError()).toBe('ECONNRESET');
    expect(s.sk.state).toBe(CLOSE);
    s.info({
      bytesAcked: 0,
      bytesSent: 0,
      bytesReceived: 0,
      bytesRetrans: 0,
      rtt: 0,
      rto: 1_000_000,
      sndCwnd: 10,
      totalRetrans: 0,
    });
    s.connect().out('S 0:0(0)');
  });

  it('leaves nothing of the old connection in the next one', () => {
    const s = new Script().connected({ mss: 1000, win: 60_000, wscale: 2, ts: true });
    s.send(3000).ignore().after(0.3).ignore(); // a timeout: loss state, a small window
    s.in('F. 1:1(0) ack 1 win 60000 <nop,nop,TS val 2 ecr 0>').ignore().recv(1, 0);
    const end = s.sk.writeSeq;
    s.host.tcp.disconnect(s.now, s.sk);
    s.out('R. 3001:3001(0) ack 2').recv(1, 'ECONNRESET');
    s.connect().out('S 0:0(0)');
    expect((s.sk.iss - end) | 0).toBe(4 * 60_000 + 2); // beyond whatever the old peer may take
    s.info({ caState: 0, totalRto: 0, sndSsthresh: 0x7fff_ffff, sndCwnd: 10, options: 0, delivered: 0 });
    s.in('S. 0:0(0) ack 1 win 60000 <mss 500>').out('. 1:1(0) ack 1').recv(1, 'EAGAIN');
  });

  it('of a connecting socket sends nothing', () => {
    const s = new Script().connect().out('S 0:0(0)');
    s.close().quiet().after(10).quiet();
    expect(s.host.tcp.tables.count).toBe(0);
    expect(s.host.pool.stats.inUse).toBe(0);
  });
});

describe('a reset from the peer', () => {
  it('ends the connection with an error of its own (MUST-12): ECONNRESET, in CLOSE-WAIT with EPIPE; what arrived can be read', () => {
    const s = established();
    s.in('P. 1:11(10) ack 1 win 60000').ignore();
    s.in('R 11:11(0) win 0').quiet();
    expect(s.sk.state).toBe(CLOSE);
    expect(s.host.tcp.poll(s.sk) & (POLLERR | POLLHUP | POLLIN)).toBe(POLLERR | POLLHUP | POLLIN);
    s.recv(20, 10).recv(20, 'ECONNRESET').recv(20, 0);
    const after = established();
    after.in('F. 1:1(0) ack 1 win 60000').ignore();
    after.in('R 2:2(0) win 0');
    after.send(1, 0, 'EPIPE');
  });
});

describe('FIN-WAIT-2 without owner', () => {
  it('lasts tcp_fin_timeout; TCP_LINGER2 below 0 resets at once', () => {
    const s = established();
    s.close().out('F. 1:1(0) ack 1').in('. 1:1(0) ack 2 win 60000').quiet();
    expect(left(s)?.substate).toBe(FIN_WAIT2);
    s.after(59.9);
    expect(left(s)).toBeDefined();
    s.after(0.2).quiet();
    expect(left(s)).toBeUndefined();
    const now = established();
    now.host.tcp.setsockopt(now.now, now.sk, 'TCP_LINGER2', -1);
    now.close().out('F. 1:1(0) ack 1').in('. 1:1(0) ack 2 win 60000').out('R 2:2(0)');
    expect(now.host.tcp.tables.count).toBe(0);
    const late = established();
    late.host.tcp.setsockopt(late.now, late.sk, 'TCP_LINGER2', -1);
    late.host.tcp.shutdown(late.now, late.sk, 2);
    late.ignore().in('. 1:1(0) ack 2 win 60000').quiet();
    late.close().out('R. 2:2(0) ack 1');
    expect(late.host.tcp.mib.TcpExt.TCPAbortOnLinger).toBe(1);
    expect(late.host.tcp.tables.count).toBe(0);
  });

  it('with a longer timeout stays a socket for the part above 60 s', () => {
    const s = new Script({ sysctl: { tcp_fin_timeout: 100 } }).accepted({ mss: 1000, win: 60_000 });
    s.close().out('F. 1:1(0) ack 1').in('. 1:1(0) ack 2 win 60000').quiet();
    expect(s.sk.state).toBe(FIN_WAIT2);
    s.after(39.9);
    expect(s.sk.state).toBe(FIN_WAIT2);
    s.after(0.2);
    expect(left(s)?.substate).toBe(FIN_WAIT2);
    s.after(61);
    expect(s.host.tcp.tables.count).toBe(0);
  });

  it('goes on to TIME-WAIT when the FIN comes, answers what is out of window, dies of a RST', () => {
    const s = established();
    s.close().out('F. 1:1(0) ack 1').in('. 1:1(0) ack 2 win 60000').quiet();
    s.in('. 90001:90001(0) ack 2 win 60000').out('. 2:2(0) ack 1');
    s.in('F. 1:1(0) ack 2 win 60000').out('. 2:2(0) ack 2');
    expect(left(s)?.substate).toBe(TIME_WAIT);
    const reset = established();
    reset.close().ignore().in('. 1:1(0) ack 2 win 60000').in('R. 1:1(0) ack 2 win 0').quiet();
    expect(reset.host.tcp.tables.count).toBe(0);
  });

  it('of a socket that has its owner does not end (the peer may take its time)', () => {
    const s = established();
    s.host.tcp.shutdown(s.now, s.sk, 2);
    s.ignore().in('. 1:1(0) ack 2 win 60000').after(10_000);
    expect(s.sk.state).toBe(FIN_WAIT2);
    s.close();
    expect(left(s)?.substate).toBe(FIN_WAIT2);
  });
});

/** In TIME-WAIT, everything up to 2 acknowledged both ways. */
function inTimeWait(ts = false, sysctl = {}): Script {
  const s = new Script({ sysctl }).accepted({ mss: 1000, win: 60_000, ts });
  const stamp = (val: number) => (ts ? ` <nop,nop,TS val ${val} ecr 1000>` : '');
  s.close()
    .out('F. 1:1(0) ack 1')
    .in(`. 1:1(0) ack 2 win 60000${stamp(10)}`);
  s.in(`F. 1:1(0) ack 2 win 60000${stamp(11)}`).out('. 2:2(0) ack 2');
  return s.quiet();
}

describe('TIME-WAIT', () => {
  it('acknowledges a FIN that comes again, and waits from then (RFC 9293 §3.10.7.4)', () => {
    const s = inTimeWait();
    s.after(50).in('F. 1:1(0) ack 2 win 60000').out('. 2:2(0) ack 2').after(50);
    expect(left(s)).toBeDefined();
    s.after(11);
    expect(left(s)).toBeUndefined();
  });

  it('limits its answers to what carries no data', () => {
    const s = inTimeWait();
    s.in('. 1:1(0) ack 2 win 100').take();
    s.after(0.1).in('. 1:1(0) ack 2 win 100').take();
    expect(s.host.tcp.mib.TcpExt.TCPACKSkippedTimeWait).toBe(1);
  });

  it('ends by a RST unless tcp_rfc1337 protects it', () => {
    const s = inTimeWait();
    s.in('R 2:2(0) win 0').quiet();
    expect(left(s)).toBeUndefined();
    const safe = inTimeWait(false, { tcp_rfc1337: 1 });
    safe.in('R 2:2(0) win 0').quiet();
    expect(left(safe)).toBeDefined();
  });

  it('lets a newer SYN open the connection again (MAY-2), newer by its number or its timestamp (SHLD-4)', () => {
    const s = inTimeWait();
    s.in('S 9:9(0) win 100 <mss 1000>').out('S. 0:0(0) ack 10');
    expect(s.host.tcp.mib.TcpExt).toMatchObject({ TW: 1, TWKilled: 0, TWRecycled: 0 });
    const old = inTimeWait();
    old.in('S 1:1(0) win 100 <mss 1000>').out('. 2:2(0) ack 2'); // an old duplicate
    expect(left(old)).toBeDefined();
    const stamped = inTimeWait(true);
    stamped.in('S 1:1(0) win 100 <mss 1000,nop,nop,TS val 12 ecr 0>').out('S. 0:0(0) ack 2');
    const paws = inTimeWait(true);
    paws.in('S 9:9(0) win 100 <mss 1000,nop,nop,TS val 5 ecr 0>').out('. 2:2(0) ack 2');
    expect(paws.host.tcp.mib.TcpExt.PAWSTimewait).toBe(1);
    expect(paws.host.drops).toMatchObject({ TCP_RFC7323_TW_PAWS: 1 });
  });

  it('acknowledges a new SYN where nobody listens any more', () => {
    const s = inTimeWait();
    s.host.tcp.close(s.now, s.listener);
    s.in('S 9:9(0) win 100 <mss 1000>').out('. 2:2(0) ack 2').quiet();
    expect(left(s)).toBeDefined();
  });

  it('does not exist beyond tcp_max_tw_buckets', () => {
    const s = new Script({ sysctl: { tcp_max_tw_buckets: 0 } }).accepted({ mss: 1000, win: 60_000 });
    s.host.tcp.shutdown(s.now, s.sk, 2);
    s.ignore().in('F. 1:1(0) ack 2 win 60000').take();
    expect(left(s)).toBeUndefined();
    expect(s.host.tcp.mib.TcpExt.TCPTimeWaitOverflow).toBe(1);
  });

  it('gives its port to a new connection to the same peer, after a second, where tcp_tw_reuse lets it', () => {
    const run = (reuse: number, wait: number) => {
      const { world, a, b } = pair();
      a.sysctl.tcp_tw_reuse = reuse;
      a.sysctl.ip_local_port_range = [5000, 5000];
      const { client, server } = connected(world, a, b);
      a.tcp.shutdown(world.now, client, 2);
      world.advance(100_000);
      b.tcp.close(world.now, server);
      world.advance(wait);
      a.tcp.close(world.now, client);
      const again = a.socket();
      const result = a.tcp.connect(world.now, again, b.address, 80);
      world.advance(100_000);
      return [result, stateName(again.state)];
    };
    expect(run(1, 2_000_000)).toStrictEqual(['EINPROGRESS', 'ESTABLISHED']);
    expect(run(1, 500_000)[0]).toBe('EADDRNOTAVAIL');
    expect(run(0, 2_000_000)[0]).toBe('EADDRNOTAVAIL');
    expect(run(2, 2_000_000)[0]).toBe('EADDRNOTAVAIL'); // not over loopback
  });

  it('gives its port at once to who is bound to it, even in FIN-WAIT-2, if timestamps tell old from new (RFC 6191)', () => {
    const run = (timestamps: number, substate: number) => {
      const { world, a, b } = pair();
      a.sysctl.tcp_tw_reuse = 0;
      a.sysctl.tcp_timestamps = timestamps;
      const { client, server } = connected(world, a, b);
      const port = client.sport;
      client.reuse = true;
      const next = client.sndNxt + 1;
      a.tcp.close(world.now, client);
      world.advance(100_000);
      if (substate === TIME_WAIT) b.tcp.close(world.now, server);
      world.advance(100_000);
      const again = a.socket();
      again.reuse = true;
      expect(a.tcp.bind(world.now, again, a.address, port)).toBeUndefined();
      const result = a.tcp.connect(world.now, again, b.address, 80);
      return [result, (again.iss - next) | 0, a.tcp.mib.TcpExt.TWRecycled];
    };
    expect(run(1, TIME_WAIT)).toStrictEqual(['EINPROGRESS', 65_537, 1]);
    expect(run(1, FIN_WAIT2)).toStrictEqual(['EINPROGRESS', 65_537, 1]);
    expect(run(0, TIME_WAIT)).toStrictEqual(['EADDRNOTAVAIL', expect.any(Number), 0]);
  });

  it('is counted apart where it is short: an orphan in FIN-WAIT-2 by TCP_LINGER2', () => {
    const s = new Script().accepted({ mss: 1000, win: 60_000, rtt: 0.001 });
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_LINGER2', 2);
    s.close().out('F. 1:1(0) ack 1').after(0.001).in('. 1:1(0) ack 2 win 60000');
    expect(s.host.tcp.mib.TcpExt).toMatchObject({ TW: 0, TWKilled: 1 });
    s.after(2.1);
    expect(s.host.tcp.tables.count).toBe(0);
  });
});

describe('orphans', () => {
  it('give up after tcp_orphan_retries, and leave nothing', () => {
    const s = established();
    s.send(10).ignore();
    s.close().ignore();
    expect(s.host.tcp.orphanCount).toBe(1);
    s.after(204).ignore();
    expect(s.host.tcp.orphanCount).toBe(1);
    s.after(1).quiet();
    expect(s.host.tcp.orphanCount).toBe(0);
    expect(s.host.tcp.tables.count).toBe(0);
    expect(s.host.pool.stats.inUse).toBe(0);
  });

  it('beyond tcp_max_orphans are reset', () => {
    const s = new Script({ sysctl: { tcp_max_orphans: 0 } }).accepted({ mss: 1000, win: 60_000 });
    s.send(10).ignore();
    s.close().out('F. 11:11(0) ack 1').out('R. 12:12(0) ack 1');
    expect(s.host.tcp.mib.TcpExt.TCPAbortOnMemory).toBe(1);
    expect(s.host.tcp.tables.count).toBe(0);
  });
});

describe('shutdown', () => {
  it('says ENOTCONN where there is no connection, EINVAL for no direction', () => {
    const s = new Script();
    expect(s.host.tcp.shutdown(s.now, s.sk, 2)).toBe('ENOTCONN');
    expect(s.host.tcp.shutdown(s.now, s.sk, 0)).toBe('EINVAL');
    expect(s.host.tcp.shutdown(s.now, s.sk, 4)).toBe('EINVAL');
  });

  it('of the receiving side lets reads end; data that comes is taken all the same', () => {
    const s = established();
    s.host.tcp.shutdown(s.now, s.sk, 1);
    s.recv(10, 0).quiet();
    s.in('P. 1:11(10) ack 1 win 60000').take();
    s.recv(20, 10);
  });

  it('tells who waits', () => {
    const { world, a, b } = pair();
    const { client, listener, server } = connected(world, a, b);
    const events: number[] = [];
    server.wake = (_sk, bits) => events.push(bits);
    a.tcp.close(world.now, client);
    world.advance(10_000);
    expect(events.some((bits) => (bits & POLLRDHUP) !== 0)).toBe(true);
    b.tcp.close(world.now, server);
    b.tcp.close(world.now, listener);
    world.run();
    expect(leftovers(world)).toStrictEqual([]);
  });
});
