/**
 * Accurate ECN (RFC 9768): who agrees to it, how marks are counted and told, and what that leads to.
 */
import { SKB_GSO_TCP_ACCECN } from '@stack/skbuff';
import { describe, expect, it } from 'vitest';
import { Script, type ScriptOptions } from './script.fixture.ts';
import { CA_CWR, CA_OPEN } from './tcb-values.ts';

const ASKING = { sysctl: { tcp_ecn: 3, tcp_ecn_option: 0 } };
const OPT_ECN = 8;

const kind = (s: Script) =>
  s.sk.accecn !== undefined
    ? 'accurate'
    : s.host.tcp.info(s.now, s.sk).options & OPT_ECN
      ? 'rfc3168'
      : 'none';

/** A connection that the peer opened, its segments of 1000 bytes. */
function accepted(options: ScriptOptions = ASKING): Script {
  const s = new Script(options).listens(0);
  s.in('SEWA 0:0(0) win 60000 <mss 1000,nop,nop,sackOK>').out('S.W 0:0(0) ack 1');
  s.after(0.1).in('.W 1:1(0) ack 1 win 60000').accept().quiet();
  s.host.tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
  s.sk.sndbuf = 1 << 20;
  return s;
}

describe('a connection that is opened (§3.1)', () => {
  it.each([
    ['S.W', 'accurate', '[ect0] .EA'],
    ['S.EW', 'accurate', '[ect0] .EA'],
    ['S.A', 'accurate', '[ect0] .EA'],
    ['S.WA', 'accurate', '[ect0] .EA'],
    ['S.E', 'rfc3168', '[ect0] .'],
    ['S.EA', 'rfc3168', '[ect0] .'],
    ['S.', 'none', '.'],
    ['S.EWA', 'none', '.'],
  ])('asks with all three flags; %s means %s', (synack, agreed, data) => {
    const s = new Script({ sysctl: { ...ASKING.sysctl, tcp_ecn_fallback: 0 } }).connect().out('SEWA 0:0(0)');
    s.in(`${synack} 0:0(0) ack 1 win 60000 <mss 1000>`).out(
      `${agreed === 'accurate' ? '[ect0] .W' : '.'} 1:1(0) ack 1`,
    );
    expect(kind(s)).toBe(agreed);
    s.send(1000).out(`${data.replace('.', 'P.')} 1:1001(1000) ack 1`);
  });

  it.each([
    ['', '.W', 0],
    ['[ect1] ', '.EW', 0],
    ['[ect0] ', '.A', 0],
    ['[ce] ', '.WA', 1],
  ])('tells what the SYN-ACK came with: %s%s', (mark, ack, receivedCe) => {
    const s = new Script(ASKING).connect().out('SEWA 0:0(0)');
    s.in(`${mark}S.W 0:0(0) ack 1 win 60000 <mss 1000>`).out(`[ect0] ${ack} 1:1(0) ack 1`);
    s.info({ receivedCe, accecnFailMode: 0 });
  });

  it('asks once more where the SYN got lost, and then no more (§3.1.4.1)', () => {
    const s = new Script(ASKING)
      .connect()
      .out('SEWA 0:0(0)')
      .after(1)
      .out('SEWA 0:0(0)')
      .after(1)
      .out('S 0:0(0)');
    s.in('S.W 0:0(0) ack 1 win 60000 <mss 1000>').ignore();
    expect(kind(s)).toBe('accurate');
    const on = new Script({ sysctl: { ...ASKING.sysctl, tcp_ecn_fallback: 0 } }).connect().out('SEWA 0:0(0)');
    on.after(1).out('SEWA 0:0(0)').after(1).out('SEWA 0:0(0)');
  });

  it.each([
    [4, 'SEW'],
    [5, 'S'],
  ])('asks for less where tcp_ecn is %d', (tcp_ecn, syn) => {
    new Script({ sysctl: { tcp_ecn } }).connect().out(`${syn} 0:0(0)`);
  });

  it('and crosses another goes by what both asked for', () => {
    const s = new Script(ASKING).connect().out('SEWA 0:0(0)');
    s.in('SEWA 0:0(0) win 60000 <mss 1000>').out('S.W 0:0(0) ack 1');
    expect(kind(s)).toBe('accurate');
    const old = new Script(ASKING).connect().out('SEWA 0:0(0)');
    old.in('SEW 0:0(0) win 60000 <mss 1000>').out('S.E 0:0(0) ack 1');
    expect(kind(old)).toBe('rfc3168');
    const none = new Script(ASKING).connect().out('SEWA 0:0(0)');
    none.in('S 0:0(0) win 60000 <mss 1000>').out('S. 0:0(0) ack 1');
    expect(kind(none)).toBe('none');
  });

  it('does not believe what says that an unmarked SYN was marked (§3.2.2.3), and marks nothing then', () => {
    const s = new Script(ASKING).connect().out('SEWA 0:0(0)');
    s.in('S.A 0:0(0) ack 1 win 60000 <mss 1000>').out('.W 1:1(0) ack 1').info({ accecnFailMode: 2 });
    // The count is still believed (§3.2.2.3).
    s.send(1000).out('P.EA 1:1001(1000) ack 1').in('.WA 1:1(0) ack 1001 win 60000').info({ deliveredCe: 1 });
  });

  it('does not believe a first segment whose ACE is zero (§3.2.2.4)', () => {
    const s = new Script(ASKING).connect().out('SEWA 0:0(0)');
    s.in('S.W 0:0(0) ack 1 win 60000 <mss 1000>').out('[ect0] .W 1:1(0) ack 1');
    s.in('P. 1:1001(1000) ack 1 win 60000').ignore().info({ accecnFailMode: 2 });
    s.send(1000)
      .out('P.EA 1:1001(1000) ack 1001')
      .in('.WA 1001:1001(0) ack 1001 win 60000')
      .info({ deliveredCe: 0 });
  });
});

describe('a SYN for a listener (§3.1)', () => {
  it.each([
    [3, 'SEWA', 'S.W', 'accurate'],
    [4, 'SEWA', 'S.W', 'accurate'],
    [5, '[ect1] SEWA', 'S.EW', 'accurate'],
    [3, '[ect0] SEWA', 'S.A', 'accurate'],
    [3, '[ce] SEWA', 'S.WA', 'accurate'],
    // What has no meaning yet (§3.1.3).
    [3, 'SA', 'S.W', 'accurate'],
    [3, 'SE', 'S.W', 'accurate'],
    [3, 'SEW', 'S.E', 'rfc3168'],
    [5, 'SEW', 'S.E', 'rfc3168'],
    [3, 'S', 'S.', 'none'],
    // An old server takes it for RFC 3168's.
    [2, 'SEWA', 'S.E', 'rfc3168'],
    [0, 'SEWA', 'S.', 'none'],
  ])('with tcp_ecn %d: %s is answered with %s', (tcp_ecn, syn, synack, agreed) => {
    const s = new Script({ sysctl: { tcp_ecn, tcp_ecn_option: 0 } }).listens(0);
    s.in(`${syn} 0:0(0) win 60000 <mss 1000>`)
      .out(`${synack} 0:0(0) ack 1`)
      .after(1)
      .out(`${synack} 0:0(0) ack 1`);
    s.in('.W 1:1(0) ack 1 win 60000').accept();
    expect(kind(s)).toBe(agreed);
  });

  it.each([
    ['.W', 0, 0],
    ['.', 2, 0],
    ['.A', 2, 0],
    ['.WA', 2, 0],
    ['.E', 0, 0],
    ['.EA', 0, 0],
  ])('whose SYN-ACK is answered with %s has fail mode %d', (ack, accecnFailMode, deliveredCe) => {
    const s = new Script(ASKING).listens(0).in('SEWA 0:0(0) win 60000 <mss 1000>').out('S.W 0:0(0) ack 1');
    s.in(`${ack} 1:1(0) ack 1 win 60000`).accept().info({ accecnFailMode, deliveredCe });
    s.send(1000).out(`${accecnFailMode === 0 ? '[ect0] ' : ''}P.EA 1:1001(1000) ack 1`);
  });

  it('and whose SYN-ACK was marked knows of a mark', () => {
    const s = new Script({ sysctl: { ...ASKING.sysctl, tcp_congestion_control: 'dctcp' } }).listens(0);
    s.in('[ect0] SEWA 0:0(0) win 60000 <mss 1000>').out('[ect0] S.A 0:0(0) ack 1');
    s.in('.WA 1:1(0) ack 1 win 60000').accept().info({ accecnFailMode: 0, deliveredCe: 1 });
    // Which the count tells of, too.
    s.send(1000).out('[ect0] P.EA 1:1001(1000) ack 1').in('.WA 1:1(0) ack 1001 win 60000');
    s.info({ deliveredCe: 1, caState: CA_OPEN });
  });
});

describe('the receiver', () => {
  it('counts packets that were marked, pure ACKs too, and tells the count modulo eight in all it sends (§3.2.2)', () => {
    const s = accepted();
    s.in('[ect0] P.EA 1:1001(1000) ack 1 win 60000').out('[ect0] .EA 1:1(0) ack 1001');
    s.in('[ce] P.EA 1001:2001(1000) ack 1 win 60000').out('[ect0] .WA 1:1(0) ack 2001');
    s.in('[ce] .EA 2001:2001(0) ack 1 win 60000').quiet();
    s.send(1000).out('[ect0] P.EWA 1:1001(1000) ack 2001');
    for (let i = 2; i < 8; i++) s.in(`[ce] P.EA ${i}001:${i + 1}001(1000) ack 1001 win 60000`);
    s.ignore().send(1000).out('[ect0] P.EA 1001:2001(1000) ack 8001');
    s.info({ receivedCe: 8, receivedE0Bytes: 1000, receivedCeBytes: 7000, receivedE1Bytes: 0 });
  });

  it('acknowledges at once where marks begin or end (§3.2.2.5.1)', () => {
    const s = accepted();
    s.in('[ect0] P.EA 1:101(100) ack 1 win 60000').out('[ect0] .EA 1:1(0) ack 101').recv(100);
    s.send(100).out('[ect0] P.EA 1:101(100) ack 101').in('[ect0] .EA 101:101(0) ack 101 win 60000');
    // CWR is no reason to: it is a part of the count.
    s.in('[ect0] P.WA 101:201(100) ack 101 win 60000').recv(100).quiet();
    s.in('[ce] P.EA 201:301(100) ack 101 win 60000').out('[ect0] .WA 101:101(0) ack 301').recv(100);
    s.in('[ce] P.EA 301:401(100) ack 101 win 60000').recv(100).quiet();
    s.in('[ect1] P.EA 401:501(100) ack 101 win 60000').out('[ect0] .EWA 101:101(0) ack 501');
  });

  it('acknowledges at once after every second mark (§3.2.2.5.1)', () => {
    const s = accepted();
    s.in('[ect0] P.EA 1:101(100) ack 1 win 60000').out('[ect0] .EA 1:1(0) ack 101').recv(100);
    s.send(100).out('[ect0] P.EA 1:101(100) ack 101').in('[ce] P.EA 101:201(100) ack 101 win 60000');
    s.out('[ect0] .WA 101:101(0) ack 201').recv(100);
    s.in('[ce] P.EA 201:301(100) ack 101 win 60000').recv(100).quiet();
    s.in('[ce] P.EA 301:401(100) ack 101 win 60000').out('[ect0] . 101:101(0) ack 401');
  });

  it('takes CWR for a part of the count, and never sends ECE for RFC 3168', () => {
    const s = accepted();
    s.in('[ce] P.EA 1:1001(1000) ack 1 win 60000').out('[ect0] .WA 1:1(0) ack 1001');
    s.in('[ce] P.WA 1001:2001(1000) ack 1 win 60000').out('[ect0] .EWA 1:1(0) ack 2001');
    s.info({ deliveredCe: 0 });
  });
});

describe('the sender', () => {
  /** Ten segments in flight, more wait. */
  function tenInFlight(): Script {
    const s = accepted().send(40_000);
    expect(s.take()).toHaveLength(10);
    return s.after(0.1);
  }

  it('learns how many marks there were, and halves its window once in a round trip', () => {
    const s = tenInFlight();
    s.in('.EA 1:1(0) ack 1001 win 60000').ignore().info({ deliveredCe: 0, caState: CA_OPEN });
    // Two of three: 5 + 2 = 7.
    s.in('.EWA 1:1(0) ack 4001 win 60000').ignore().info({ deliveredCe: 2, caState: CA_CWR });
    const { sndSsthresh } = s.sk;
    // And three more: 10 mod 8 = 2.
    s.in('.W 1:1(0) ack 8001 win 60000').info({ deliveredCe: 5, caState: CA_CWR, sndSsthresh });
    expect(s.host.tcp.mib.TcpExt.TCPDeliveredCE).toBe(5);
    // No CWR is sent: the flags are the count of what came.
    for (const text of s.take()) expect(text).toMatch(/^\[ect0\] P?\.EA /);
  });

  it('assumes the most where the count may have wrapped (appendix A.2)', () => {
    const s = tenInFlight();
    // Ten were delivered, and the count is 5 + 1: that may be 1 or 9.
    s.in('.WA 1:1(0) ack 10001 win 60000').ignore().info({ deliveredCe: 9 });
  });

  it('goes by no ACK that was overtaken', () => {
    const s = tenInFlight();
    s.in('.EWA 1:1(0) ack 4001 win 60000').ignore().info({ deliveredCe: 2 });
    s.in('.WA 1:1(0) ack 2001 win 60000').in('.WA 1:1(0) ack 4001 win 60000').info({ deliveredCe: 2 });
  });

  it('marks all it sends as capable, and says of super-packets that each segment has the count', () => {
    const s = tenInFlight();
    s.in('.EA 1:1(0) ack 1 win 60000 <nop,nop,sack 3001:10001>');
    expect(s.take()[0]).toMatch(/^\[ect0\] \.EA 1:1001/);
    const types: number[] = [];
    const big = accepted({ ...ASKING, gsoMaxSize: 65_536 });
    big.host.tcp.probe = (_, skb) => types.push(skb.gsoType);
    const { output } = big.sk.family;
    big.sk.family.output = (now, skb, dst, from) => {
      types.push(skb.gsoType);
      return output(now, skb, dst, from);
    };
    big.send(4000);
    expect(types.some((type) => (type & SKB_GSO_TCP_ACCECN) !== 0)).toBe(true);
  });

  it('takes segments that tell nothing new by the fast path', () => {
    const s = tenInFlight();
    const { TcpExt } = s.host.tcp.mib;
    const before = TcpExt.TCPHPAcks;
    s.in('.EA 1:1(0) ack 1001 win 60000');
    expect(TcpExt.TCPHPAcks).toBe(before + 1);
    s.in('.WA 1:1(0) ack 2001 win 60000').in('.WA 1:1(0) ack 3001 win 60000').info({ deliveredCe: 1 });
    expect(TcpExt.TCPHPAcks).toBe(before + 2);
  });
});
