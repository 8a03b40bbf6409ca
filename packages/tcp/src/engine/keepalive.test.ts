/**
 * Keepalive: RFC 9293 §3.8.4.
 */
import { describe, expect, it } from 'vitest';
import { Script } from './script.fixture.ts';
import { CLOSE, ESTABLISHED } from './state.ts';

const established = (): Script => new Script().accepted({ mss: 1000, win: 60_000 });

describe('keepalive (MAY-5)', () => {
  it('is off unless SO_KEEPALIVE is set (MUST-24, MUST-25), and waits two hours at least (MUST-28)', () => {
    const s = established();
    s.after(100_000).quiet();
    const other = established();
    other.host.tcp.setKeepalive(other.now, other.sk, true);
    other.at(7199).quiet().at(7200).out('. 0:0(0) ack 1');
  });

  it('can be set per connection (MUST-27), probes without data (SHLD-12, MAY-6), only when idle (MUST-26), and is content with any answer', () => {
    const s = established();
    const { tcp } = s.host;
    expect(tcp.setsockopt(s.now, s.sk, 'TCP_KEEPIDLE', 10)).toBeUndefined();
    expect(tcp.setsockopt(s.now, s.sk, 'TCP_KEEPINTVL', 2)).toBeUndefined();
    expect(tcp.setsockopt(s.now, s.sk, 'TCP_KEEPCNT', 3)).toBeUndefined();
    tcp.setKeepalive(s.now, s.sk, true);
    s.at(10).out('. 0:0(0) ack 1').in('. 1:1(0) ack 1 win 60000');
    // MUST-26: no probe while the connection is not idle: data restarts the wait.
    s.at(15).in('P. 1:11(10) ack 1 win 60000').ignore();
    s.at(24.9).ignore().at(25).out('. 0:0(0) ack 11');
    expect(s.host.tcp.mib.TcpExt.TCPKeepAlive).toBe(2);
  });

  it('is armed by SO_KEEPALIVE on a connection that stands, once, whoever puts the flag into the socket', () => {
    const s = established();
    const { tcp } = s.host;
    tcp.setsockopt(s.now, s.sk, 'TCP_KEEPIDLE', 10);
    s.sk.keepOpen = true;
    tcp.setKeepalive(s.now, s.sk, true);
    s.at(5);
    tcp.setKeepalive(s.now, s.sk, true);
    s.at(10).out('. 0:0(0) ack 1');
  });

  it('does not take one unanswered probe for a dead connection (MUST-29), but TCP_KEEPCNT of them', () => {
    const s = established();
    const { tcp } = s.host;
    tcp.setsockopt(s.now, s.sk, 'TCP_KEEPIDLE', 10);
    tcp.setsockopt(s.now, s.sk, 'TCP_KEEPINTVL', 2);
    tcp.setsockopt(s.now, s.sk, 'TCP_KEEPCNT', 3);
    tcp.setKeepalive(s.now, s.sk, true);
    for (const time of [10, 12, 14]) s.at(time).out('. 0:0(0) ack 1').quiet();
    expect(s.sk.state).toBe(ESTABLISHED);
    s.at(16).out('R. 1:1(0) ack 1').quiet();
    expect(s.sk.state).toBe(CLOSE);
    expect(s.sk.takeError()).toBe('ETIMEDOUT');
  });

  it('ends after TCP_USER_TIMEOUT where that is set', () => {
    const s = established();
    const { tcp } = s.host;
    tcp.setsockopt(s.now, s.sk, 'TCP_KEEPIDLE', 10);
    tcp.setsockopt(s.now, s.sk, 'TCP_KEEPINTVL', 1);
    tcp.setsockopt(s.now, s.sk, 'TCP_USER_TIMEOUT', 12_500);
    tcp.setKeepalive(s.now, s.sk, true);
    for (const time of [10, 11, 12]) s.at(time).out('. 0:0(0) ack 1');
    s.at(13).out('R. 1:1(0) ack 1');
    expect(s.sk.takeError()).toBe('ETIMEDOUT');
  });

  it('is silent while data is in flight: that has a timer of its own', () => {
    const s = established();
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_KEEPIDLE', 1);
    s.host.tcp.setKeepalive(s.now, s.sk, true);
    s.send(10).ignore().after(2);
    expect(s.host.tcp.mib.TcpExt.TCPKeepAlive).toBe(0);
  });
});
