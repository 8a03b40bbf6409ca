/**
 * When an ACK is sent: RFC 9293 §3.8.6.3, RFC 5681 §4.2.
 */
import { describe, expect, it } from 'vitest';
import { Script } from './script.fixture.ts';

/** A connection whose first quick ACKs are spent. */
function patient(): Script {
  const s = new Script().accepted({ mss: 1000, win: 60_000 });
  let seq = 1;
  for (let i = 0; i < 20; i++, seq += 10) {
    s.in(`P. ${seq}:${seq + 10}(10) ack 1 win 60000`).ignore();
    s.recv(10).ignore();
  }
  return s.after(0.15).ignore(); // less than an RTO, which would begin anew
}

describe('delayed ACKs', () => {
  it('acknowledges the first segments of a stream at once', () => {
    const s = new Script().accepted({ mss: 1000 });
    s.in('. 1:1001(1000) ack 1').out('. 1:1(0) ack 1001');
    s.in('. 1001:2001(1000) ack 1').out('. 1:1(0) ack 2001');
  });

  it('delays the ACK of one small segment by 40 ms, never by half a second (MUST-40, SHLD-18)', () => {
    const s = patient();
    s.in('P. 201:211(10) ack 1 win 60000').quiet().info({ ato: 40_000 });
    s.after(0.04).out('. 1:1(0) ack 211').quiet();
    expect(s.host.tcp.mib.TcpExt.DelayedACKs).toBeGreaterThan(0);
  });

  it('sends one ACK at least for every second full segment (SHLD-19, MUST-58)', () => {
    const s = patient();
    s.sk.rcvMss = 1000;
    s.in('. 201:1201(1000) ack 1 win 60000').quiet().recv(1000).quiet();
    s.in('. 1201:2201(1000) ack 1 win 60000').recv(1000).out('. 1:1(0) ack 2201').quiet();
    s.in('. 2201:3201(1000) ack 1 win 60000').recv(1000).quiet();
    s.in('. 3201:4201(1000) ack 1 win 60000').recv(1000).out('. 1:1(0) ack 4201').quiet();
  });

  it('sends the ACK with the answer of an interactive application', () => {
    const s = patient();
    s.in('P. 201:211(10) ack 1 win 60000').quiet();
    s.recv(10).ignore();
    s.in('P. 211:221(10) ack 1 win 60000').ignore();
    s.send(10).out('P. 1:11(10) ack 221').quiet();
    s.in('P. 221:231(10) ack 11 win 60000').quiet();
    s.recv(10).quiet(); // pingpong: the answer will carry it
    s.send(5).out('P. 11:16(5) ack 231').after(1).take();
  });

  it('takes tcp_pingpong_thresh answers before an application is interactive', () => {
    const s = patient();
    s.host.sysctl.tcp_pingpong_thresh = 2;
    s.in('P. 201:211(10) ack 1 win 60000').recv(10).ignore().send(10).ignore();
    s.in('P. 211:221(10) ack 11 win 60000').quiet().recv(10).out('. 11:11(0) ack 221');
  });

  it('acknowledges at once what is out of order, and what fills a gap (MAY-13, SHLD-31, RFC 5681 §4.2)', () => {
    const s = patient();
    s.in('. 301:401(100) ack 1 win 60000').out('. 1:1(0) ack 201').quiet();
    s.in('. 401:501(100) ack 1 win 60000').out('. 1:1(0) ack 201').quiet();
    s.in('. 201:301(100) ack 1 win 60000').out('. 1:1(0) ack 501').quiet();
    s.recv(300);
    expect(s.host.tcp.mib.TcpExt).toMatchObject({ TCPOFOQueue: 2 });
  });

  it('answers a segment that it had with an ACK at once', () => {
    const s = patient();
    s.in('. 101:201(100) ack 1 win 60000').out('. 1:1(0) ack 201');
    s.in('. 151:251(100) ack 1 win 60000').after(0.5).take();
    s.recv(100, 50);
    expect(s.host.drops.TCP_OLD_DATA).toBe(1);
  });

  it('obeys TCP_QUICKACK', () => {
    const s = patient();
    s.in('P. 201:211(10) ack 1 win 60000').quiet();
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_QUICKACK', 1);
    s.recv(10).take();
    expect(s.host.tcp.getsockopt(s.now, s.sk, 'TCP_QUICKACK')).toBe(1);
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_QUICKACK', 0);
    expect(s.host.tcp.getsockopt(s.now, s.sk, 'TCP_QUICKACK')).toBe(0);
  });

  it('never delays on a route with quickack', () => {
    const s = patient();
    s.host.metrics.quickack = 1;
    s.sk.dst = undefined;
    s.send(1).ignore();
    s.in('P. 201:211(10) ack 2 win 60000').out('. 2:2(0) ack 211');
  });

  it('does not acknowledge a pure ACK (RFC 1122 §4.2.2.17: no loop)', () => {
    const s = patient();
    s.in('. 201:201(0) ack 1 win 60000').after(1).quiet();
  });
});
