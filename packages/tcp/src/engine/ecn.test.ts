/**
 * RFC 3168: who agrees to ECN, what is marked, and what marks lead to.
 */
import { SKB_GSO_TCP_ECN, SKB_GSO_TCPV4 } from '@stack/skbuff';
import { describe, expect, it } from 'vitest';
import { CWR } from '../flags.ts';
import { connected, pair, pattern, read, write } from './fixture.ts';
import { Script, type ScriptOptions } from './script.fixture.ts';
import { TCP_INFINITE_SSTHRESH } from './tcb.ts';
import { CA_CWR, CA_OPEN } from './tcb-values.ts';

const OPT_ECN = 8;
const OPT_ECN_SEEN = 16;
const ASKING = { sysctl: { tcp_ecn: 1 } };

const isOn = (s: Script) => (s.host.tcp.info(s.now, s.sk).options & OPT_ECN) !== 0;

/** A connection that the peer opened with ECN, its segments of 1000 bytes, nothing small held back. */
function accepted(options: ScriptOptions = {}): Script {
  const s = new Script(options).listens(0);
  s.in('SEW 0:0(0) win 60000 <mss 1000,nop,nop,sackOK>').out('S.E 0:0(0) ack 1');
  s.after(0.1).in('. 1:1(0) ack 1 win 60000').accept().quiet();
  s.host.tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
  s.sk.sndbuf = 1 << 20;
  return s;
}

describe('a connection that is opened', () => {
  it.each([
    ['S.E', true],
    ['S.', false],
    ['S.EW', false],
  ])('asks where tcp_ecn is 1; %s agrees: %s', (flags, agreed) => {
    const s = new Script(ASKING).connect().out('SEW 0:0(0)');
    s.in(`${flags} 0:0(0) ack 1 win 60000 <mss 1000>`).out('. 1:1(0) ack 1');
    expect(isOn(s)).toBe(agreed);
    s.info({ deliveredCe: 0, caState: CA_OPEN });
    s.send(1000).out(`${agreed ? '[ect0] ' : ''}P. 1:1001(1000) ack 1`);
  });

  it('asks in a SYN with data, too', () => {
    const s = new Script({ sysctl: { tcp_ecn: 1, tcp_fastopen: 5 } });
    s.fastopen(100, 100).out('SEW 0:100(100)').in('S.E 0:0(0) ack 101 win 60000 <mss 1000>');
    s.out('. 101:101(0) ack 1').send(100).out('[ect0] P. 101:201(100) ack 1');
  });

  it.each([0, 2])('does not where it is %d, whatever the answer says', (tcp_ecn) => {
    const s = new Script({ sysctl: { tcp_ecn } }).connect().out('S 0:0(0)');
    s.in('S.E 0:0(0) ack 1 win 60000 <mss 1000>').out('. 1:1(0) ack 1');
    expect(isOn(s)).toBe(false);
  });

  it('asks no more in a SYN that is sent again, and still takes an answer to the first', () => {
    const s = new Script(ASKING).connect().out('SEW 0:0(0)').after(1).out('S 0:0(0)');
    s.in('S.E 0:0(0) ack 1 win 60000 <mss 1000>').out('. 1:1(0) ack 1');
    expect(isOn(s)).toBe(true);
  });

  it('asks again without tcp_ecn_fallback', () => {
    const s = new Script({ sysctl: { tcp_ecn: 1, tcp_ecn_fallback: 0 } });
    s.connect().out('SEW 0:0(0)').after(1).out('SEW 0:0(0)');
  });

  it.each([
    ['SEW', 'S.E', true],
    ['SE', 'S.', false],
    ['S', 'S.', false],
  ])('and crosses a %s answers with %s', (theirs, ours, agreed) => {
    const s = new Script(ASKING).connect().out('SEW 0:0(0)');
    s.in(`${theirs} 0:0(0) win 60000 <mss 1000>`).out(`${ours} 0:0(0) ack 1`);
    expect(isOn(s)).toBe(agreed);
  });
});

describe('a SYN for a listener', () => {
  it.each([
    [0, 'SEW', 'S.'],
    [1, 'SEW', 'S.E'],
    [2, 'SEW', 'S.E'],
    [2, 'S', 'S.'],
    [2, 'SE', 'S.'],
    [2, 'SW', 'S.'],
    [2, '[ect0] SEW', 'S.'],
    [2, '[ce] SEW', 'S.'],
  ])('with tcp_ecn %d: %s is answered with %s, again too', (tcp_ecn, syn, synack) => {
    const s = new Script({ sysctl: { tcp_ecn } }).listens(0);
    s.in(`${syn} 0:0(0) win 60000 <mss 1000>`).out(`${synack} 0:0(0) ack 1`);
    s.after(1).out(`${synack} 0:0(0) ack 1`);
    s.in('. 1:1(0) ack 1 win 60000').accept();
    expect(isOn(s)).toBe(synack === 'S.E');
  });
});

describe('the mark of capability', () => {
  it('is on new data, and leaves the DSCP alone', () => {
    const s = accepted();
    s.sk.inet.tos = 0xb8;
    s.send(2000).out('[ect0] . 1:1001(1000) ack 1').out('[ect0] P. 1001:2001(1000) ack 1');
    expect(s.sk.inet.tos).toBe(0xba);
    s.in('P. 1:11(10) ack 2001 win 60000').out('. 2001:2001(0) ack 11');
    expect(s.sk.inet.tos).toBe(0xb8);
  });

  it('is not on what is sent again, on a bare FIN, on a RST', () => {
    const s = accepted();
    s.send(1000).out('[ect0] P. 1:1001(1000) ack 1').after(0.3).out('P. 1:1001(1000) ack 1');
    s.in('. 1:1(0) ack 1001 win 60000').close().out('F. 1001:1001(0) ack 1');
    const aborted = accepted();
    aborted.in('P. 1:11(10) ack 1').ignore().close().out('R. 1:1(0) ack 11');
  });

  it('is not on the SYN of a socket that is used again', () => {
    const s = new Script(ASKING).connect().out('SEW 0:0(0)');
    s.in('S.E 0:0(0) ack 1 win 60000 <mss 1000>').out('. 1:1(0) ack 1');
    s.send(1000).out('[ect0] P. 1:1001(1000) ack 1').in('R. 1:1(0) ack 1').quiet();
    s.connect().out('SEW 0:0(0)');
  });

  it('is not on anything without agreement', () => {
    const s = new Script().accepted({ mss: 1000 });
    s.in('[ce] P. 1:1001(1000) ack 1').out('. 1:1(0) ack 1001');
    s.send(1000).out('P. 1:1001(1000) ack 1001').info({ options: 0 });
  });
});

describe('a mark of congestion', () => {
  it('is told in every segment until the sender says that it has reduced its window', () => {
    const s = accepted();
    s.in('[ect0] P. 1:1001(1000) ack 1').out('. 1:1(0) ack 1001');
    s.in('[ce] P. 1001:2001(1000) ack 1').out('.E 1:1(0) ack 2001');
    s.in('[ect0] P. 2001:3001(1000) ack 1').out('.E 1:1(0) ack 3001');
    s.send(1000).out('[ect0] P.E 1:1001(1000) ack 3001');
    s.in('[ect0] P.W 3001:4001(1000) ack 1001').out('. 1001:1001(0) ack 4001');
    s.send(1000).out('[ect0] P. 1001:2001(1000) ack 4001');
    s.in('[ce] P.W 4001:5001(1000) ack 2001').out('.E 2001:2001(0) ack 5001');
  });

  it('counts behind a gap too', () => {
    const s = accepted();
    s.in('[ce] P. 1001:2001(1000) ack 1').out('.E 1:1(0) ack 1');
    s.in('P.W 2001:3001(1000) ack 1').out('. 1:1(0) ack 1');
  });

  it('is told after a FIN, too', () => {
    const s = accepted();
    s.host.tcp.shutdown(s.now, s.sk, 2);
    s.out('F. 1:1(0) ack 1').in('. 1:1(0) ack 2 win 60000');
    s.in('[ce] P. 1:1001(1000) ack 2').out('.E 2:2(0) ack 1001');
    s.in('[ect0] P.W 1001:2001(1000) ack 2').out('. 2:2(0) ack 2001');
  });

  it('that a bare ACK has tells nothing; its CWR does', () => {
    const s = accepted();
    s.in('[ce] . 1:1(0) ack 1 win 60000').in('[ect0] P. 1:1001(1000) ack 1').out('. 1:1(0) ack 1001');
    s.in('[ce] P. 1001:2001(1000) ack 1').out('.E 1:1(0) ack 2001');
    s.in('.W 2001:2001(0) ack 1 win 60000').quiet();
    s.in('[ect0] P. 2001:3001(1000) ack 1').out('. 1:1(0) ack 3001');
  });

  it.each([
    ['marked as capable, waits', '[ect0] P.', undefined],
    ['marked with congestion, does not', '[ce] P.', '.E'],
    ['not marked, and so sent again, does not', 'P.', '.'],
    ['that tells of a reduction, does not', '[ect0] P.W', '.'],
  ])('the ACK of data in a dialogue, %s', (_, flags, ack) => {
    const s = accepted();
    s.in('[ect0] P. 1:101(100) ack 1').out('. 1:1(0) ack 101').recv(100);
    s.send(100).out('[ect0] P. 1:101(100) ack 101').in('. 101:101(0) ack 101 win 60000');
    s.in(`${flags} 101:201(100) ack 101`);
    if (ack !== undefined) s.out(`${ack} 101:101(0) ack 201`);
    s.quiet();
  });

  it('is seen in TCP_INFO, as is the mark of capability', () => {
    const s = accepted();
    expect(s.host.tcp.info(s.now, s.sk).options & OPT_ECN_SEEN).toBe(0);
    s.in('[ect0] P. 1:1001(1000) ack 1');
    expect(s.host.tcp.info(s.now, s.sk).options & OPT_ECN_SEEN).toBe(OPT_ECN_SEEN);
  });
});

describe('an ACK that tells of congestion', () => {
  /** Ten segments in flight, ten more wait. */
  function tenInFlight(): Script {
    const s = accepted().send(20_000);
    expect(s.take()).toHaveLength(10);
    return s.after(0.1);
  }
  const ack = (n: number) => `1:1(0) ack ${n}001 win 60000`;

  it('halves the window once for all that was in flight; the next new data says so', () => {
    const s = tenInFlight();
    s.in(`.E ${ack(1)}`)
      .out('[ect0] .W 10001:11001(1000) ack 1')
      .quiet();
    s.info({ caState: CA_CWR, sndSsthresh: 5, deliveredCe: 1 });
    s.in(`.E ${ack(2)}`).quiet();
    s.in(`.E ${ack(3)}`)
      .out('[ect0] . 11001:12001(1000) ack 1')
      .quiet();
    s.info({ caState: CA_CWR, sndSsthresh: 5, deliveredCe: 3 });
    s.in(`. ${ack(10)}`).info({ caState: CA_CWR, deliveredCe: 3 });
    s.in(`. ${ack(11)}`).info({ caState: CA_OPEN, sndCwnd: 5, sndSsthresh: 5, lost: 0 });
    expect(s.host.tcp.mib.TcpExt).toMatchObject({ TCPDeliveredCE: 3, TCPDelivered: 11 });
    expect(s.host.tcp.mib.Tcp.RetransSegs).toBe(0);
  });

  it('halves it again for what was sent since', () => {
    const s = tenInFlight();
    s.in(`.E ${ack(1)}`)
      .ignore()
      .in(`. ${ack(10)}`)
      .ignore();
    s.in(`.E ${ack(11)}`).info({ caState: CA_CWR, sndSsthresh: 2 });
    expect(s.take()[0]).toMatch(/^\[ect0\] P?\.W /);
  });

  it('tells nothing without agreement', () => {
    const s = new Script().accepted({ mss: 1000, win: 60_000, rtt: 0.1 }).send(5000).ignore();
    s.in(`.E ${ack(1)}`).info({ caState: CA_OPEN, deliveredCe: 0 });
  });

  it('does not need to come: a loss is told too, not by what is sent again, but by new data', () => {
    const s = tenInFlight();
    s.in('. 1:1(0) ack 1 win 60000 <nop,nop,sack 1001:5001>').out('. 1:1001(1000) ack 1').quiet();
    s.in('. 1:1(0) ack 1 win 60000 <nop,nop,sack 1001:7001>')
      .out('[ect0] .W 10001:11001(1000) ack 1')
      .quiet();
  });

  it.each([
    ['is told, too', '', '[ect0] P.W'],
    ['that turns out to have been none is not', ' <nop,nop,sack 1:1001>', '[ect0] P.'],
  ])('does not need to come: a timeout %s', (_, dsack, flags) => {
    const s = accepted({ sysctl: { tcp_early_retrans: 0 } })
      .send(1000)
      .ignore();
    s.after(0.3).out('P. 1:1001(1000) ack 1').in(`. 1:1(0) ack 1001 win 60000${dsack}`);
    s.send(1000).out(`${flags} 1001:2001(1000) ack 1`);
  });

  it.each([
    ['.', '.', TCP_INFINITE_SSTHRESH],
    ['.E', '.', 5],
    ['.', '.E', 5],
  ])('means that a recovery is not undone that it began or came in: %s %s', (first, second, sndSsthresh) => {
    const s = tenInFlight();
    s.in(`${first} 1:1(0) ack 1 win 60000 <nop,nop,sack 1001:5001>`).out('. 1:1001(1000) ack 1');
    s.in(`${second} 1:1(0) ack 1 win 60000 <nop,nop,sack 1001:6001>`).ignore().info({ sndSsthresh: 5 });
    s.in('. 1:1(0) ack 6001 win 60000 <nop,nop,sack 1:1001>').info({ sndSsthresh });
  });

  it('is answered by the first segment of a super-packet alone, which is marked for whoever cuts it', () => {
    const answer = () => {
      const s = accepted({ gsoMaxSize: 65_536 }).send(10_000).after(0.1).ignore();
      return s.in(`.E ${ack(10)}`).quiet();
    };
    answer().send(2000).out('[ect0] .W 10001:11001(1000) ack 1').out('[ect0] P. 11001:12001(1000) ack 1');
    const types: number[] = [];
    const s = answer();
    s.host.link.gso = true;
    s.host.tap = (skb) => types.push(skb.gsoType) > 0;
    s.send(2000).send(2000);
    expect(types).toStrictEqual([SKB_GSO_TCPV4 | SKB_GSO_TCP_ECN, SKB_GSO_TCPV4]);
  });
});

describe('a path that marks', () => {
  it('slows the sender down without losing anything', () => {
    const mark = (index: number) => index % 40 === 39;
    const { world, a, b } = pair({ delay: 5000, usPerByte: 0.1, mark });
    a.sysctl.tcp_ecn = 1;
    let reductions = 0;
    a.tap = (skb) => {
      if ((skb.view.getUint8(skb.networkHeader + 20 + 13) & (CWR | 2)) === CWR) reductions++;
      return false;
    };
    const { client, server } = connected(world, a, b);
    const bytes = pattern(2_000_000);
    let got: Uint8Array | undefined;
    write(a, client, bytes, () => a.tcp.shutdown(world.now, client, 2));
    read(b, server, (all) => {
      got = all;
    });
    let most = 0;
    for (let i = 0; i < 1000 && got === undefined; i++) {
      world.advance(10_000);
      if (i > 50) most = Math.max(most, client.sndCwnd);
    }
    expect(got).toStrictEqual(bytes);
    expect(a.tcp.mib.Tcp.RetransSegs).toBe(0);
    expect(a.tcp.mib.TcpExt.TCPDeliveredCE).toBeGreaterThan(20);
    expect(reductions).toBeGreaterThan(5);
    expect(most).toBeLessThan(40);
  });
});
