/**
 * Fast open as a client: RFC 7413 §4.1.3, §4.2.1, §4.2.2.
 */
import { describe, expect, it } from 'vitest';
import { PEER, Script } from './script.fixture.ts';
import { CLOSE, CLOSE_WAIT, ESTABLISHED, SYN_RECV, SYN_SENT } from './state.ts';
import type { TcpSock } from './tcb.ts';

const SYN_DATA = 32;
const COOKIE = 'aabbccdd00112233';
const MSG_ZEROCOPY = 0x400_0000;

/** A host whose peer gave it a cookie, and told an MSS. */
function known(options: { sysctl?: Record<string, number>; mss?: number } = {}): Script {
  const s = new Script({ sysctl: { tcp_timestamps: 0, ...options.sysctl } });
  s.fastopen(1000, 0).out('S 0:0(0) <mss 1460,nop,nop,sackOK,nop,wscale 7,FO,nop,nop>');
  s.in(`S. 0:0(0) ack 1 win 60000 <mss ${options.mss ?? 1460},FO ${COOKIE},nop,nop>`).out('. 1:1(0) ack 1');
  return s.quiet();
}

const counters = (s: Script) => s.host.tcp.mib.TcpExt;
const remembered = (s: Script) => [...s.host.tcp.metrics.entries()][0]?.fastopen;

describe('a cookie', () => {
  it('is asked for by a SYN without data, and the data waits', () => {
    const s = known().info({ state: ESTABLISHED, options: 0, fastopenClientFail: 1 });
    expect(remembered(s)).toMatchObject({ mss: 1460, tryExp: 0 });
    s.send(1000).out('P. 1:1001(1000) ack 1');
  });

  it('is not asked for again by a SYN that is sent again, and taken from a late answer all the same', () => {
    const s = new Script({ sysctl: { tcp_timestamps: 0 } }).fastopen(10, 0).out('S 0:0(0)');
    s.at(1).out('S 0:0(0) <mss 1460,nop,nop,sackOK,nop,wscale 7>');
    s.in('S. 0:0(0) ack 1 win 1000 <mss 900,FO aabbccdd,nop,nop>').ignore();
    s.fastopen(10, 10).out('S 0:10(10) <mss 1460,nop,nop,sackOK,nop,wscale 7,FO aabbccdd,nop,nop>');
  });

  it('that does not come is asked for in the other encoding once, and then in the first for ever', () => {
    const s = new Script({ sysctl: { tcp_timestamps: 0 } });
    for (const option of ['FO,nop,nop', 'FOEXP', 'FO,nop,nop', 'FO,nop,nop']) {
      s.fastopen(10, 0).out(`S 0:0(0) <mss 1460,nop,nop,sackOK,nop,wscale 7,${option}>`);
      s.in('S. 0:0(0) ack 1 win 1000 <mss 900>').ignore();
    }
  });

  it('comes and goes in the encoding that the peer knows', () => {
    const s = new Script({ sysctl: { tcp_timestamps: 0 } });
    s.fastopen(10, 0).ignore().in('S. 0:0(0) ack 1 win 1000 <mss 900>').ignore();
    s.fastopen(10, 0).ignore().in('S. 0:0(0) ack 1 win 1000 <mss 900,FOEXP aabbccdd>').ignore();
    s.fastopen(10, 10).out('S 0:10(10) <mss 1460,nop,nop,sackOK,nop,wscale 7,FOEXP aabbccdd>');
  });

  it('that nobody asked for is not taken', () => {
    const s = new Script({ sysctl: { tcp_timestamps: 0, tcp_fastopen: 5 } });
    s.fastopen(10, 10).out('S 0:10(10) <mss 1460,nop,nop,sackOK,nop,wscale 7>');
    s.in(`S. 0:0(0) ack 11 win 1000 <mss 900,FO ${COOKIE},nop,nop>`).out('. 11:11(0) ack 1');
    s.info({ options: SYN_DATA });
    s.host.sysctl.tcp_fastopen = 1;
    s.fastopen(10, 0).out('S 0:0(0) <mss 1460,nop,nop,sackOK,nop,wscale 7,FO,nop,nop>');
  });
});

describe('data in the SYN', () => {
  it('is as much as the MSS of the peer’s last SYN-ACK less 40 bytes, and the SYN-ACK may acknowledge it', () => {
    const s = known({ mss: 940 }).fastopen(2000, 900);
    s.out(`S 0:900(900) <mss 1460,nop,nop,sackOK,nop,wscale 7,FO ${COOKIE},nop,nop>`).info({ unacked: 2 });
    s.in('S. 0:0(0) ack 901 win 5000 <mss 1400>').out('. 901:901(0) ack 1').quiet();
    s.info({ state: ESTABLISHED, options: SYN_DATA, delivered: 1, unacked: 0, fastopenClientFail: 0 });
    expect(counters(s)).toMatchObject({ TCPFastOpenActive: 1, TCPFastOpenActiveFail: 0 });
    expect(remembered(s)).toMatchObject({ mss: 1400 });
  });

  it.each([
    ['the path', {}, 1420],
    ['TCP_MAXSEG', { userMss: 1040 }, 1000],
  ])('is no more than %s takes', (_, prepare, expected) => {
    const s = known({ mss: 9000 });
    s.fastopen(3000, expected, (sk: TcpSock) => Object.assign(sk, prepare));
  });

  it('is none for a send of nothing, whose SYN has the cookie', () => {
    const s = known()
      .fastopen(0, 0)
      .out(`S 0:0(0) <mss 1460,nop,nop,sackOK,nop,wscale 7,FO ${COOKIE},nop,nop>`);
    s.in('S. 0:0(0) ack 1 win 1000 <mss 900>').out('. 1:1(0) ack 1').info({ options: 0 });
  });

  it('is sent again at once where only the SYN is acknowledged, and the window stays', () => {
    const s = known().fastopen(700, 700).out('S 0:700(700)');
    s.in('S. 0:0(0) ack 1 win 5000 <mss 1040,nop,nop,sackOK>').out('P. 1:701(700) ack 1').quiet();
    s.info({ options: 2, sndCwnd: 10, retrans: 1, delivered: 1, fastopenClientFail: 2 });
    s.in('. 1:1(0) ack 701 win 5000').info({ unacked: 0, caState: 0, sndSsthresh: 0x7fff_ffff });
    expect(counters(s)).toMatchObject({ TCPFastOpenActive: 0, TCPFastOpenActiveFail: 1 });
    expect(remembered(s)).toMatchObject({ synLoss: 0, mss: 1040 });
  });

  it('is sent again from where the SYN-ACK acknowledges it to, in segments that suit the peer', () => {
    const s = known().fastopen(2000, 1420).out('S 0:1420(1420)');
    s.in('S. 0:0(0) ack 101 win 60000 <mss 1000,nop,nop,sackOK>');
    s.out('. 101:1101(1000) ack 1').out('P. 1101:1421(320) ack 1').quiet().info({ unacked: 2, retrans: 2 });
    s.in('. 1:1(0) ack 1421 win 60000').info({ unacked: 0, retrans: 0, lost: 0 });
  });

  it('does not go with a SYN that is sent again, and goes when it is answered; that it was lost is remembered', () => {
    const s = known().fastopen(1000, 1000).out('S 0:1000(1000)');
    s.at(1).out('S 0:0(0) <mss 1460,nop,nop,sackOK,nop,wscale 7>').quiet();
    s.after(0.1).in('S. 0:0(0) ack 1 win 5000 <mss 1400,nop,nop,sackOK>').out('P. 1:1001(1000) ack 1');
    s.info({ fastopenClientFail: 3, totalRetrans: 2 });
    expect(remembered(s)).toMatchObject({ synLoss: 1, lastSynLoss: s.now });
  });

  it('is not lost where the SYN-ACK was late and acknowledges it', () => {
    const s = known().fastopen(1000, 1000).ignore().at(1).out('S 0:0(0)');
    s.in('S. 0:0(0) ack 1001 win 5000 <mss 1400>').out('. 1001:1001(0) ack 1').info({ options: SYN_DATA });
    expect(remembered(s)).toMatchObject({ synLoss: 0 });
  });

  it('may be answered by data in the SYN-ACK, FIN and all', () => {
    const s = known().fastopen(100, 100).ignore();
    s.in('SF. 0:1400(1400) ack 101 win 5000 <mss 1400>').recv(1500, 1400);
    s.out('. 101:101(0) ack 1402').recv(10, 0);
    expect(s.sk.state).toBe(CLOSE_WAIT);
  });

  it('waits where the peer’s SYN crosses: its data is not taken, ours is acknowledged by the SYN-ACK', () => {
    const s = known().fastopen(1000, 1000).out('S 0:1000(1000)');
    s.in('S 0:500(500) win 5000 <mss 1040,nop,nop,sackOK>').out('S. 0:0(0) ack 1');
    expect(s.sk.state).toBe(SYN_RECV);
    s.in('S. 0:0(0) ack 1001 win 5000 <mss 1040,nop,nop,sackOK>').out('. 1001:1001(0) ack 1');
    expect(s.sk.state).toBe(ESTABLISHED);
    s.in('P. 1:501(500) ack 1001 win 5000').recv(600, 500);
  });

  it('is refused with the SYN by a RST', () => {
    const s = known().fastopen(100, 100).ignore().in('R. 0:0(0) ack 1 win 0');
    expect([s.sk.state, s.sk.takeError()]).toEqual([CLOSE, 'ECONNREFUSED']);
  });

  it('is too large for the path: a SYN without it goes at once, with the MSS of the path', () => {
    const s = known().fastopen(2000, 1420).out('S 0:1420(1420)');
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, s.sk.sport);
    view.setUint16(2, 8080);
    view.setInt32(4, s.sk.iss);
    s.host.mtu = 800;
    s.host.tcp.error(s.now, s.host.family as never, {
      view,
      at: 0,
      length: 8,
      saddr: s.host.address,
      daddr: PEER,
      protocol: 6,
      type: 3,
      code: 4,
      info: 800,
      errno: 'EMSGSIZE',
      fatal: false,
      offender: PEER,
      payload: () => new Uint8Array(0),
    });
    s.out('S 0:0(0) <mss 760,nop,nop,sackOK,nop,wscale 7>').quiet();
    s.in('S. 0:0(0) ack 1 win 60000 <mss 1400>')
      .out('. 1:761(760) ack 1')
      .out('P. 761:1421(660) ack 1')
      .quiet();
  });

  it('that was sent without a copy is copied, and reported so when it is acknowledged', () => {
    const s = known().fastopen(100, 100, (sk) => Object.assign(sk, { zerocopy: true }), MSG_ZEROCOPY);
    s.host.tcp.sendEnded(s.sk);
    expect(s.sk.errorQueue).toBeUndefined();
    s.ignore().in('S. 0:0(0) ack 101 win 5000 <mss 1400>');
    expect(s.sk.errorQueue).toMatchObject([{ origin: 5, code: 1, info: 0, data: 0 }]);
  });
});

describe('a fast open', () => {
  it('is refused with tcp_fastopen off, and on a socket that is no more in CLOSE', () => {
    const s = known();
    expect(s.host.tcp.fastopen(s.now, s.sk, PEER, 8080, new Uint8Array(1), 0)).toBe('EISCONN');
    s.host.sysctl.tcp_fastopen = 0;
    s.fastopen(10, 'EOPNOTSUPP').quiet();
  });

  it('needs no cookie where TCP_FASTOPEN_NO_COOKIE says so', () => {
    const s = known();
    s.fastopen(10, 10, (sk) => s.host.tcp.setsockopt(s.now, sk, 'TCP_FASTOPEN_NO_COOKIE', 1));
    s.out('S 0:10(10) <mss 1460,nop,nop,sackOK,nop,wscale 7>');
  });

  it('whose SYN with data this host’s own queues throw away goes without, and the data follows', () => {
    const s = known();
    s.host.link = { queue: 200 };
    s.fastopen(1000, 1000).out('S 0:0(0) <mss 1460,nop,nop,sackOK,nop,wscale 7,FO,nop,nop>').quiet();
    s.host.link = {};
    s.in('S. 0:0(0) ack 1 win 5000 <mss 1400>').out('. 1:1(0) ack 1').out('P. 1:1001(1000) ack 1').quiet();
    s.in('. 1:1(0) ack 1001 win 5000').info({ unacked: 0, notsentBytes: 0, options: 0 });
  });
});

describe('TCP_FASTOPEN_CONNECT', () => {
  const connect = (s: Script) => s.host.tcp.connect(s.now, s.sk, PEER, 8080);
  const ask = (s: Script, value = 1) => s.host.tcp.setsockopt(s.now, s.sk, 'TCP_FASTOPEN_CONNECT', value);

  it('has connect ask for a cookie where there is none', () => {
    const s = new Script({ sysctl: { tcp_timestamps: 0 } });
    expect([ask(s), connect(s)]).toEqual([undefined, 'EINPROGRESS']);
    s.out('S 0:0(0) <mss 1460,nop,nop,sackOK,nop,wscale 7,FO,nop,nop>');
  });

  it('has it wait for data where there is one: writable at once, and the first bytes go with the SYN', () => {
    const s = known().fresh();
    expect([ask(s), connect(s)]).toEqual([undefined, undefined]);
    s.quiet();
    expect([s.sk.state, s.sk.deferConnect, s.host.tcp.poll(s.sk)]).toEqual([SYN_SENT, true, 4]);
    s.send(10, 0, 'EAGAIN').recv(10, 'EAGAIN');
    expect(s.host.tcp.fastopen(s.now, s.sk, undefined, 0, new Uint8Array(10), 0)).toBe(10);
    s.out(`S 0:10(10) <mss 1460,nop,nop,sackOK,nop,wscale 7,FO ${COOKIE},nop,nop>`);
    expect(s.host.tcp.poll(s.sk)).toBe(0);
    expect(connect(s)).toBe('EALREADY');
  });

  it('sends nothing where the socket is closed before anything is written', () => {
    const s = known();
    const timers = s.world.timersPending;
    s.fresh();
    ask(s);
    connect(s);
    s.close().after(10).quiet();
    expect(s.world.timersPending).toBeLessThanOrEqual(timers);
  });

  it('is EOPNOTSUPP with tcp_fastopen off, EINVAL for what is no boolean or on a connection', () => {
    const s = known();
    expect(ask(s)).toBe('EINVAL');
    s.fresh();
    expect([ask(s, 2), ask(s, -1), ask(s, 0)]).toEqual(['EINVAL', 'EINVAL', undefined]);
    s.host.sysctl.tcp_fastopen = 2;
    expect(ask(s)).toBe('EOPNOTSUPP');
  });
});

describe('other options', () => {
  it.each([
    ['TCP_FASTOPEN', 5, undefined, 5],
    ['TCP_FASTOPEN', 100_000, undefined, 4096],
    ['TCP_FASTOPEN', -1, 'EINVAL', 0],
    ['TCP_FASTOPEN_NO_COOKIE', 1, undefined, 1],
    ['TCP_FASTOPEN_NO_COOKIE', 2, 'EINVAL', 0],
    ['TCP_FASTOPEN_KEY', 7, 'EINVAL', new Uint8Array(0)],
    ['TCP_FASTOPEN_KEY', new Uint8Array(15), 'EINVAL', new Uint8Array(0)],
    ['TCP_FASTOPEN_KEY', new Uint8Array(32).fill(1), undefined, new Uint8Array(32).fill(1)],
  ])('%s = %o', (name, value, errno, held) => {
    const s = new Script();
    expect(s.host.tcp.setsockopt(s.now, s.sk, name, value)).toBe(errno);
    expect(s.host.tcp.getsockopt(s.now, s.sk, name)).toEqual(held);
  });

  it('TCP_FASTOPEN and TCP_FASTOPEN_NO_COOKIE are no matter of a connection', () => {
    const s = known();
    for (const name of ['TCP_FASTOPEN', 'TCP_FASTOPEN_NO_COOKIE']) {
      expect(s.host.tcp.setsockopt(s.now, s.sk, name, 1)).toBe('EINVAL');
    }
  });
});
