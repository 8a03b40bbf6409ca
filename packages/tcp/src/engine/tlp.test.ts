/**
 * Tail loss probes: RFC 8985 §7 as Linux runs them.
 */
import { describe, expect, it } from 'vitest';
import { Script, type ScriptOptions } from './script.fixture.ts';
import { CA_OPEN } from './tcb-values.ts';

/** `n` segments of 1000 bytes just sent, RTT 100 ms. */
function sent(n: number, options: ScriptOptions = {}, sack = true): Script {
  const s = new Script(options).accepted({ mss: 1000, win: 60_000, sack, rtt: 0.1 });
  s.host.tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
  s.sk.sndbuf = 1 << 20;
  s.send(n * 1000);
  s.take();
  return s;
}

function ack(una: number, ...blocks: string[]): string {
  const sack = blocks.length === 0 ? '' : ` <nop,nop,sack ${blocks.join(' ')}>`;
  return `. 1:1(0) ack ${una} win 60000${sack}`;
}

describe('a probe', () => {
  it('is the last segment again, two round trips after it was sent; the timeout counts from it', () => {
    const s = sent(4);
    s.after(0.2015).quiet().after(0.001).out('P. 3001:4001(1000) ack 1').quiet();
    s.info({ caState: CA_OPEN, retrans: 0, lost: 0, totalRetrans: 1, backoff: 0 });
    expect(s.host.tcp.mib.TcpExt).toMatchObject({ TCPLossProbes: 1, TCPTimeouts: 0 });
    s.after(0.2985).quiet().after(0.0012).out('. 1:1001(1000) ack 1').quiet();
    expect(s.host.tcp.mib.TcpExt).toMatchObject({ TCPLossProbes: 1, TCPTimeouts: 1 });
  });

  it('waits for a delayed ACK where a single segment is in flight', () => {
    const s = sent(1);
    // srtt 100 ms: 200 ms and the 200 ms that RTO has at least, but no later than the RTO, which takes its place.
    s.after(0.2995).quiet().after(0.001).out('P. 1:1001(1000) ack 1');
    expect(s.host.tcp.mib.TcpExt).toMatchObject({ TCPLossProbes: 1, TCPTimeouts: 0 });
  });

  it('is new data where there is any that the peer has room for, whatever the congestion window says', () => {
    const s = sent(12);
    s.info({ unacked: 10 });
    s.after(0.2025).out('. 10001:11001(1000) ack 1').quiet().info({ unacked: 11, totalRetrans: 0 });
    s.in(ack(11_001)).info({ caState: CA_OPEN });
    expect(s.sk.tlpHighSeq).toBeUndefined();
  });

  it('of a super-packet is its last segment', () => {
    const s = sent(4, { gsoMaxSize: 65_536 });
    expect(s.sk.rtxQueue.qlen).toBeLessThan(4);
    s.after(0.2025).out('P. 3001:4001(1000) ack 1').quiet();
  });

  it('is sent once for a tail, and again for the next', () => {
    const s = sent(4);
    s.after(0.21).take();
    s.after(0.05).in(ack(2001)).after(0.2).quiet();
    s.in(ack(4001)).send(3000).in(ack(7001)).send(3000);
    s.take();
    s.after(0.5).ignore();
    expect(s.host.tcp.mib.TcpExt.TCPLossProbes).toBe(2);
  });

  it.each([
    ['without SACK', {}, false],
    ['with tcp_early_retrans 0', { tcp_early_retrans: 0 }, true],
  ] as const)('is not sent %s', (_name, sysctl, sack) => {
    const s = sent(4, { sysctl }, sack);
    s.after(0.2995).quiet().after(0.001).out('. 1:1001(1000) ack 1');
    expect(s.host.tcp.mib.TcpExt).toMatchObject({ TCPLossProbes: 0, TCPTimeouts: 1 });
  });

  it('is not sent while anything is out of order: RACK has its own timer', () => {
    const s = sent(10);
    s.after(0.1).in(ack(1, '5001:6001')).after(0.2);
    expect(s.host.tcp.mib.TcpExt.TCPLossProbes).toBe(0);
  });
});

describe('the answer to a probe', () => {
  it('that acknowledges all tells of a loss that it repaired: the window is reduced once (§7.4.2)', () => {
    const s = sent(10);
    s.after(0.2025).out('P. 9001:10001(1000)');
    s.send(1000);
    s.after(0.1).in(ack(10_001));
    s.in(ack(11_001)).info({ caState: CA_OPEN, sndSsthresh: 10, sndCwnd: 10 });
    expect(s.host.tcp.mib.TcpExt).toMatchObject({ TCPLossProbeRecovery: 1 });
  });

  it('that is a D-SACK tells of none', () => {
    const s = sent(4);
    s.after(0.2025).take();
    s.in(ack(4001, '3001:4001')).info({ sndSsthresh: 0x7fff_ffff, dsackDups: 1 });
    expect(s.sk.tlpHighSeq).toBeUndefined();
    expect(s.host.tcp.mib.TcpExt.TCPLossProbeRecovery).toBe(0);
    s.sk.reordSeen = 1;
    expect(s.sk.rackDsackSeen).toBe(false); // nor of reordering
  });

  it('that is a duplicate ACK tells of none', () => {
    const s = sent(4);
    s.after(0.2025).take();
    s.in(ack(4001)).in(ack(4001));
    expect(s.host.tcp.mib.TcpExt.TCPLossProbeRecovery).toBe(0);
  });

  it('that selects it begins recovery, long before a timeout', () => {
    const s = sent(4);
    s.after(0.2025).take();
    s.after(0.1).in(ack(1, '3001:4001')).out('. 1:1001(1000)');
    expect(s.host.tcp.mib.TcpExt).toMatchObject({ TCPTimeouts: 0, TCPSackRecovery: 1 });
  });
});
