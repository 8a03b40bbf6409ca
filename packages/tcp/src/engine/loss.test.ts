/**
 * Spurious timeouts: F-RTO (RFC 5682), with and without SACK, and undoing with timestamps and D-SACKs.
 */
import { describe, expect, it } from 'vitest';
import { Script, type ScriptOptions } from './script.fixture.ts';
import { CA_DISORDER, CA_LOSS, CA_OPEN, CA_RECOVERY, TIMER_RETRANS } from './tcb-values.ts';
import { armRtx } from './timer.ts';

/** Ten segments of 1000 bytes, RTT 100 ms, and the timer fired: the first was sent again. `more` bytes wait. */
function timedOut(more: number, sack: boolean, options: ScriptOptions = {}): Script {
  const s = new Script({ ...options, sysctl: { tcp_early_retrans: 0, ...options.sysctl } });
  s.accepted({ mss: 1000, win: 60_000, sack, rtt: 0.1 });
  s.host.tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
  s.sk.sndbuf = 1 << 20;
  s.send(10_000 + more)
    .ignore()
    .at(0.4);
  s.out('. 1:1001(1000) ack 1').quiet().info({ caState: CA_LOSS, lost: 10, sndSsthresh: 5, sndCwnd: 1 });
  return s;
}

function ack(una: number, ...blocks: string[]): string {
  const sack = blocks.length === 0 ? '' : ` <nop,nop,sack ${blocks.join(' ')}>`;
  return `. 1:1(0) ack ${una} win 60000${sack}`;
}

describe('F-RTO', () => {
  it('with SACK knows from the first original that is delivered that the timeout was spurious (RFC 5682 §3.1)', () => {
    const s = timedOut(0, true);
    s.in(ack(1, '1001:2001')).info({ caState: CA_DISORDER, lost: 0, sndSsthresh: 0x7fff_ffff });
    expect(s.sk.sndCwnd).toBeGreaterThanOrEqual(10);
    expect(s.host.tcp.mib.TcpExt).toMatchObject({ TCPSpuriousRTOs: 1, TCPLossUndo: 1 });
  });

  it('sends two new segments after the first ACK, and believes the second (§2.1 step 2.b, 3.b)', () => {
    for (const sack of [true, false]) {
      const s = timedOut(5000, sack);
      s.in(ack(1001)).out('. 10001:11001(1000)').out('. 11001:12001(1000)').quiet();
      s.info({ caState: CA_LOSS });
      s.in(ack(2001)).info({ caState: CA_OPEN, lost: 0 });
      expect(s.host.tcp.mib.TcpExt.TCPSpuriousRTOs).toBe(1);
    }
  });

  it('recovers as ever where the second is a duplicate (step 3.a)', () => {
    for (const sack of [true, false]) {
      const s = timedOut(5000, sack);
      s.in(ack(1001)).take();
      s.in(sack ? ack(1001, '10001:11001') : ack(1001))
        .out('. 1001:2001(1000)')
        .info({ caState: CA_LOSS });
      expect(s.host.tcp.mib.TcpExt.TCPSpuriousRTOs).toBe(0);
    }
  });

  it('retransmits where there is nothing new to send (step 2.b)', () => {
    const s = timedOut(0, true);
    s.in(ack(1001)).out('. 1001:2001(1000)').out('. 2001:3001(1000)').quiet();
  });

  it('is not tried with tcp_frto 0, nor where recovery was on its way', () => {
    const off = timedOut(5000, true, { sysctl: { tcp_frto: 0 } });
    off.in(ack(1001)).out('. 1001:2001(1000)').out('. 2001:3001(1000)').quiet();
    const s = new Script().accepted({ mss: 1000, win: 60_000, sack: true, rtt: 0.1 });
    s.send(10_000).ignore().after(0.1).in(ack(1, '1001:5001')).info({ caState: CA_RECOVERY });
    s.after(0.6).info({ caState: CA_LOSS });
    expect(s.sk.frto).toBe(false);
  });
});

describe('undo', () => {
  it('by timestamps ends a recovery that was a mistake at its first partial ACK', () => {
    const s = new Script().accepted({ mss: 1012, win: 60_000, sack: true, ts: true, rtt: 0.1 });
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
    s.send(10_000).ignore().after(0.1);
    const at = (ecr: number, text: string, sack = '') => s.in(`${text} <nop,nop,TS val 9 ecr ${ecr}${sack}>`);
    at(1100, '. 1:1(0) ack 1 win 60000', ',nop,nop,sack 3001:6001');
    s.out('. 1:1001(1000) ack 1').info({ caState: CA_RECOVERY, lost: 3, sndSsthresh: 5 });
    s.after(0.01);
    at(1100, '. 1:1(0) ack 10001 win 60000');
    s.info({ caState: CA_OPEN, sndSsthresh: 0x7fff_ffff });
    expect(s.host.tcp.mib.TcpExt.TCPFullUndo).toBe(1);
  });

  it('counts a probe that is in flight among what D-SACKs have to excuse', () => {
    const s = new Script().accepted({ mss: 1000, win: 60_000, sack: true, rtt: 0.1 });
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
    s.send(10_000).ignore().after(0.2025).out('P. 9001:10001(1000)');
    s.in(ack(5001, '8001:9001')).after(0.03).take();
    s.after(0.02).in(ack(10_001)).info({ sndSsthresh: 8, totalRetrans: 2 });
    s.in(ack(10_001, '5001:6001')).info({ sndSsthresh: 8 });
    s.in(ack(10_001, '9001:10001')).info({ sndSsthresh: 0x7fff_ffff });
    expect(s.host.tcp.mib.TcpExt.TCPDSACKUndo).toBe(1);
  });

  it('gives what a timeout had marked back to RACK', () => {
    const s = timedOut(0, true);
    s.in(ack(1, '5001:6001')).info({ caState: CA_DISORDER, lost: 0 });
    // What was sent before 5001:6001 and does not come is lost all the same, by RACK.
    s.in(ack(1, '5001:8001'));
    expect(s.sk.lostOut).toBeGreaterThan(0);
  });

  it('lessens what is taken for reordering where a timeout shows that it was none', () => {
    const s = new Script().accepted({ mss: 1000, win: 60_000, sack: true, rtt: 0.1 });
    s.send(10_000).ignore().after(0.1);
    s.sk.reordering = 9;
    s.in(ack(1, '2001:6001')).info({ caState: CA_DISORDER, sacked: 4, reordering: 9 });
    armRtx(s.sk, TIMER_RETRANS, s.now + 1000);
    s.after(0.002).info({ caState: CA_LOSS, sacked: 4, reordering: 3 });
  });
});
