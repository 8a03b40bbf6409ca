/**
 * DCTCP (RFC 8257): what the receiver tells, and what the sender makes of it.
 */
import { describe, expect, it } from 'vitest';
import { congestionLaws } from './cong-laws.fixture.ts';
import { dctcp } from './dctcp.ts';
import { Script } from './script.fixture.ts';
import { TCP_INFINITE_SSTHRESH } from './tcb.ts';
import { CA_CWR, CA_LOSS, CA_OPEN, CA_RECOVERY } from './tcb-values.ts';

describe('laws of congestion control', () => {
  congestionLaws(it, dctcp);
});

const CHOSEN = { sysctl: { tcp_congestion_control: 'dctcp', tcp_ecn: 0 } };

/** A connection that the peer opened, its segments of 1000 bytes, nothing small held back. */
function accepted(syn = '[ect0] SEW'): Script {
  const s = new Script(CHOSEN).listens(0);
  s.in(`${syn} 0:0(0) win 60000 <mss 1000,nop,nop,sackOK>`).out('[ect0] S.E 0:0(0) ack 1');
  s.after(0.1).in('. 1:1(0) ack 1 win 60000').accept().quiet();
  s.host.tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
  s.sk.sndbuf = 1 << 20;
  return s;
}

const info = (s: Script) => s.host.tcp.getsockopt(s.now, s.sk, 'TCP_CC_INFO');
const name = (s: Script) => s.host.tcp.getsockopt(s.now, s.sk, 'TCP_CONGESTION');

describe('ECN', () => {
  it('is asked for whatever tcp_ecn says, and all packets are marked as capable', () => {
    const s = new Script(CHOSEN).connect().out('[ect0] SEW 0:0(0)').after(1).out('[ect0] S 0:0(0)');
    s.in('S.E 0:0(0) ack 1 win 60000 <mss 1000>').out('[ect0] . 1:1(0) ack 1');
    s.send(1000).out('[ect0] P.W 1:1001(1000) ack 1').after(3).out('[ect0] P. 1:1001(1000) ack 1');
    expect(name(s)).toBe('dctcp');
    s.in('. 1:1(0) ack 1001 win 60000').close().out('[ect0] F. 1001:1001(0) ack 1');
  });

  it.each(['SEW', '[ect0] SEW', '[ce] SEW'])('is agreed to where it is asked for: %s', (syn) => {
    expect(info(accepted(syn))).toMatchObject({ dctcpEnabled: 1 });
  });

  it('that is not agreed to makes it Reno', () => {
    const s = new Script(CHOSEN).connect().out('[ect0] SEW 0:0(0)');
    s.in('S. 0:0(0) ack 1 win 60000 <mss 1000>').out('. 1:1(0) ack 1');
    expect(name(s)).toBe('dctcp-reno');
    expect(info(s)).toEqual({
      dctcpEnabled: 0,
      dctcpCeState: 0,
      dctcpAlpha: 0,
      dctcpAbEcn: 0,
      dctcpAbTot: 0,
    });
    s.send(1000).out('P. 1:1001(1000) ack 1');
    const passive = new Script(CHOSEN).listens(0).in('S 0:0(0) win 60000 <mss 1000>');
    passive.out('[ect0] S. 0:0(0) ack 1').in('. 1:1(0) ack 1 win 60000').accept();
    expect(name(passive)).toBe('dctcp-reno');
    expect(passive.host.tcp.setsockopt(passive.now, passive.sk, 'TCP_CONGESTION', 'dctcp-reno')).toBe(
      'ENOENT',
    );
  });

  it('marks come and go with the algorithm', () => {
    const s = new Script();
    s.sk.inet.tos = 0xb8;
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_CONGESTION', 'dctcp');
    expect(s.sk.inet.tos).toBe(0xba);
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_CONGESTION', 'reno');
    expect(s.sk.inet.tos).toBe(0xb8);
  });
});

describe('the receiver (§3.2)', () => {
  it('tells of marks exactly, and of changes at once, with the ACK of what was before first', () => {
    const s = accepted();
    // Quick ACKs of the start, and so no ACK waits.
    for (let i = 0; i < 40; i++) s.in(`[ect0] . ${i * 1000 + 1}:${i * 1000 + 1001}(1000) ack 1`).recv(1000);
    s.after(0.3).ignore();
    s.in('[ect0] . 40001:41001(1000) ack 1').recv(1000).quiet();
    s.in('[ce] . 41001:42001(1000) ack 1').out('[ect0] . 1:1(0) ack 41001').out('[ect0] .E 1:1(0) ack 42001');
    s.recv(1000).in('[ce] . 42001:43001(1000) ack 1').recv(1000).quiet();
    s.in('[ce] . 43001:44001(1000) ack 1').out('[ect0] .E 1:1(0) ack 44001').recv(1000).quiet();
    s.in('[ce] . 44001:45001(1000) ack 1').recv(1000).quiet();
    s.in('[ect0] . 45001:46001(1000) ack 1')
      .out('[ect0] .E 1:1(0) ack 45001')
      .out('[ect0] . 1:1(0) ack 46001');
    expect(info(s)).toMatchObject({ dctcpCeState: 0 });
    s.quiet();
  });

  it('does not ask for CWR: the next data that is not marked ends it', () => {
    const s = accepted();
    s.in('[ce] P. 1:1001(1000) ack 1').out('[ect0] .E 1:1(0) ack 1001');
    expect(info(s)).toMatchObject({ dctcpCeState: 1 });
    s.in('[ce] PW. 1001:2001(1000) ack 1').out('[ect0] .E 1:1(0) ack 2001');
    s.in('[ect0] P. 2001:3001(1000) ack 1').out('[ect0] . 1:1(0) ack 3001');
    // What is not capable tells nothing.
    s.in('[ce] P. 3001:4001(1000) ack 1').out('[ect0] .E 1:1(0) ack 4001');
    s.in('P. 4001:5001(1000) ack 1').out('[ect0] .E 1:1(0) ack 5001');
  });
});

describe('the sender (§3.3)', () => {
  /** Ten segments in flight, more wait. */
  function tenInFlight(): Script {
    const s = accepted().send(60_000);
    expect(s.take()).toHaveLength(10);
    return s.after(0.1);
  }

  it('reduces its window by half of alpha, once in a window, and tells with CWR', () => {
    const s = tenInFlight();
    expect(info(s)).toMatchObject({ dctcpAlpha: 1024 });
    // The first ACK ends the first observation window: alpha stays 1, so the window is halved.
    s.in('.E 1:1(0) ack 1001 win 60000').out('[ect0] .W 10001:11001(1000) ack 1');
    s.info({ caState: CA_CWR, sndSsthresh: 5, deliveredCe: 1 });
    expect(info(s)).toMatchObject({ dctcpAlpha: 1024, dctcpAbTot: 0 });
    for (let n = 2; n <= 9; n++) s.in(`. 1:1(0) ack ${n}001 win 60000`);
    s.info({ caState: CA_CWR }).ignore();
    // Eight delivered since, none marked.
    expect(info(s)).toMatchObject({ dctcpAbTot: 8000, dctcpAbEcn: 0 });
    s.in('. 1:1(0) ack 10001 win 60000');
    expect(info(s)).toMatchObject({ dctcpAlpha: 960, dctcpAbTot: 0 });
    // The reduction is over when something beyond its end is acknowledged.
    s.in('. 1:1(0) ack 11001 win 60000').info({ caState: CA_OPEN, sndSsthresh: 5 });
  });

  it('moves alpha by a sixteenth of the share that was marked, and forgets what is next to nothing', () => {
    const s = tenInFlight();
    const state = s.sk.caPriv as { alpha: number; nextSeq: number };
    state.alpha = 160;
    state.nextSeq = (s.sk.sndUna + 10_000) | 0;
    s.in('.E 1:1(0) ack 3001 win 60000').in('. 1:1(0) ack 9001 win 60000');
    expect(info(s)).toMatchObject({ dctcpAlpha: 160, dctcpAbEcn: 3000, dctcpAbTot: 9000 });
    s.in('. 1:1(0) ack 10001 win 60000');
    expect(state.alpha).toBe(160 - 10 + Math.floor((3 * 64) / 10));
    state.alpha = 15;
    state.nextSeq = s.sk.sndUna;
    s.ignore().in('. 1:1(0) ack 11001 win 60000');
    expect(state.alpha).toBe(0);
    state.nextSeq = s.sk.sndUna;
    s.in('. 1:1(0) ack 12001 win 60000');
    expect(state.alpha).toBe(0);
    expect(dctcp.ssthresh(0, s.sk)).toBe(s.sk.sndCwnd);
  });

  it('halves it after a loss, whatever alpha is (§3.5), and takes that back where it was none', () => {
    const s = tenInFlight();
    const state = s.sk.caPriv as { alpha: number; nextSeq: number };
    state.alpha = 100;
    state.nextSeq = (s.sk.sndUna + 1_000_000) | 0;
    s.in('. 1:1(0) ack 1 win 60000 <nop,nop,sack 1001:5001>').out('[ect0] . 1:1001(1000) ack 1');
    s.info({ caState: CA_RECOVERY, sndSsthresh: 5 });
    // The retransmission came twice: nothing was lost.
    s.sk.sndCwnd = 5;
    s.after(0.05).in('. 1:1(0) ack 10001 win 60000 <nop,nop,sack 1:1001>');
    s.info({ caState: CA_OPEN, sndSsthresh: TCP_INFINITE_SSTHRESH });
    expect(s.sk.sndCwnd).toBe(17); // ten, and slow start
  });

  it('halves it after a timeout', () => {
    const s = tenInFlight();
    (s.sk.caPriv as { alpha: number }).alpha = 0;
    s.after(1);
    s.info({ caState: CA_LOSS, sndSsthresh: 5 });
  });
});
