/**
 * Fast open as a server: RFC 7413 §4.2.1, §5.1.
 */
import { describe, expect, it } from 'vitest';
import { PEER, Script } from './script.fixture.ts';
import { CLOSE, CLOSE_WAIT, ESTABLISHED, FIN_WAIT1, SYN_RECV } from './state.ts';

const KEY = 'a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4';
const OTHER_KEY = '00000001-00000002-00000003-00000004';
const SERVER = 2;
const NO_COOKIE = 0x200;
const EVERYONE = 0x400;
const SYN_DATA = 32;
const TFO_CHILD = 128;

const script = (tcp_fastopen = SERVER, key = KEY): Script =>
  new Script({ sysctl: { tcp_fastopen, tcp_fastopen_key: key } });

/** The cookie that a host with this key gives the peer. */
function cookie(key = KEY): string {
  const s = script(SERVER, key).listens(4).in('S 0:0(0) win 1000 <mss 1000,FO,nop,nop>');
  const text = /FO ([0-9a-f]{16})/.exec(s.take()[0] ?? '')?.[1];
  if (text === undefined) throw new Error('no cookie');
  return text;
}

/** A child that a SYN with a cookie and ten bytes made, accepted. */
function opened(s: Script = script()): Script {
  s.listens(4).in(`S 0:10(10) win 1000 <mss 1000,FO ${cookie()},nop,nop>`);
  return s.out('S. 0:0(0) ack 11 <mss 1460>').accept();
}

const counters = (s: Script) => s.host.tcp.mib.TcpExt;

describe('cookies', () => {
  it('are given to who asks, in the encoding he asks in, and counted', () => {
    const s = script().listens(4);
    s.in('S 0:0(0) win 1000 <mss 1000,FO,nop,nop>').out(`S. 0:0(0) ack 1 <mss 1460,FO ${cookie()},nop,nop>`);
    s.ports(40_001).in('S 0:0(0) win 1000 <mss 1000,FOEXP>');
    s.out(`S. 0:0(0) ack 1 <mss 1460,FOEXP ${cookie()}>`).quiet();
    expect(counters(s).TCPFastOpenCookieReqd).toBe(2);
  });

  it('that are wrong bring the right one, and the data is not taken', () => {
    const s = script().listens(4);
    s.in('S 0:10(10) win 1000 <mss 1000,FO 0123456789abcdef,nop,nop>');
    s.out(`S. 0:0(0) ack 1 <mss 1460,FO ${cookie()},nop,nop>`);
    expect(counters(s)).toMatchObject({ TCPFastOpenPassive: 0, TCPFastOpenPassiveFail: 1 });
  });

  it('of the second key are good, and bring one of the first', () => {
    const s = script(SERVER, `${OTHER_KEY},${KEY}`).listens(4);
    s.in(`S 0:10(10) win 1000 <mss 1000,FO ${cookie()},nop,nop>`);
    s.out(`S. 0:0(0) ack 11 <mss 1460,FO ${cookie(OTHER_KEY)},nop,nop>`);
    expect(counters(s)).toMatchObject({ TCPFastOpenPassive: 1, TCPFastOpenPassiveAltKey: 1 });
  });

  it('of TCP_FASTOPEN_KEY are those of the listener alone', () => {
    const s = script(SERVER, OTHER_KEY);
    const { tcp } = s.host;
    const bytes = Uint8Array.from({ length: 16 }, (_, i) => [0xa1, 0xb2, 0xc3, 0xd4][i >> 2] as number);
    expect(tcp.setsockopt(s.now, s.sk, 'TCP_FASTOPEN_KEY', bytes)).toBeUndefined();
    expect(tcp.getsockopt(s.now, s.sk, 'TCP_FASTOPEN_KEY')).toEqual(bytes);
    s.listens(4).in('S 0:0(0) win 1000 <mss 1000,FO,nop,nop>');
    s.out(`S. 0:0(0) ack 1 <mss 1460,FO ${cookie()},nop,nop>`);
  });

  it.each([
    ['the sysctl', 1, 4],
    ['the listener', SERVER, 0],
  ])('are no matter where %s has fast open off', (_, bits, length) => {
    const s = script(bits).listens(length);
    s.in('S 0:10(10) win 1000 <mss 1000,FO,nop,nop>').out('S. 0:0(0) ack 1 <mss 1460>');
  });

  it('are not asked for with bit 0x200, nor where TCP_FASTOPEN_NO_COOKIE says so', () => {
    for (const s of [script(SERVER | NO_COOKIE), script()]) {
      if ((s.host.sysctl.tcp_fastopen & NO_COOKIE) === 0) {
        expect(s.host.tcp.setsockopt(s.now, s.sk, 'TCP_FASTOPEN_NO_COOKIE', 1)).toBeUndefined();
      }
      s.listens(4).in('S 0:10(10) win 1000 <mss 1000>').out('S. 0:0(0) ack 11 <mss 1460>');
    }
  });

  it('are everybody’s with bit 0x400, as many pending as the backlog says', () => {
    const s = script(SERVER | EVERYONE);
    s.host.tcp.bind(s.now, s.sk, 0, 80);
    s.host.tcp.listen(s.now, s.sk, 5);
    expect(s.host.tcp.getsockopt(s.now, s.sk, 'TCP_FASTOPEN')).toBe(5);
    s.in(`S 0:10(10) win 1000 <mss 1000,FO ${cookie()},nop,nop>`).out('S. 0:0(0) ack 11 <mss 1460>');
  });
});

describe('a socket that a SYN made', () => {
  it('is readable and may answer before the handshake is over', () => {
    const s = opened().recv(10).recv(10, 'EAGAIN');
    s.info({ state: SYN_RECV, options: SYN_DATA | TFO_CHILD });
    s.send(100).out('P. 1:101(100) ack 11').quiet();
    expect(s.host.tcp.poll(s.sk) & 4).toBe(4);
    s.in('. 11:11(0) ack 101 win 1000').info({ state: ESTABLISHED, unacked: 0, delivered: 2 });
    expect(counters(s)).toMatchObject({ TCPFastOpenPassive: 1, TCPFastOpenCookieReqd: 0 });
    expect(s.host.tcp.mib.Tcp.PassiveOpens).toBe(1);
    expect(s.listener.fastopenq?.length).toBe(0);
  });

  it('is made without data too, and is no SYN with data then', () => {
    const s = script().listens(4).in(`S 0:0(0) win 1000 <mss 1000,FO ${cookie()},nop,nop>`);
    s.out('S. 0:0(0) ack 1').accept().info({ state: SYN_RECV, options: TFO_CHILD });
    s.send(5).out('P. 1:6(5) ack 1');
  });

  it('measures the handshake, and has 3 s of timeout until then', () => {
    const s = opened().info({ rtt: 0, rto: 3_000_000 });
    s.after(0.05).in('. 11:11(0) ack 1 win 1000').info({ rtt: 50_000, rto: 250_000 });
  });

  it('sends its SYN-ACK again after 1, 2, 4 … s and nothing else, gives up after one more than tcp_synack_retries', () => {
    const s = opened().send(100).out('P. 1:101(100) ack 11');
    s.host.sysctl.tcp_synack_retries = 2;
    for (const time of [1, 3, 7]) s.at(time).out('S. 0:0(0) ack 11 <mss 1460>').quiet();
    s.info({ totalRetrans: 3, totalRto: 3 });
    s.at(16).quiet();
    expect(s.sk.state).toBe(CLOSE);
    expect(s.sk.takeError()).toBe('ETIMEDOUT');
    expect(s.listener.fastopenq?.length).toBe(0);
  });

  it('sends its data again when the handshake is over, a timeout later', () => {
    const s = opened().send(100).out('P. 1:101(100) ack 11').at(1).out('S. 0:0(0) ack 11');
    s.after(0.1).in('. 11:11(0) ack 1 win 1000').quiet().info({ unacked: 1 });
    s.at(4.1).out('P. 1:101(100) ack 11');
    s.in('. 11:11(0) ack 101 win 1000').info({ unacked: 0 });
  });

  it('answers its SYN, sent again, with the same SYN-ACK, and does not take the data twice', () => {
    const s = opened();
    s.in(`S 0:10(10) win 1000 <mss 1000,FO ${cookie()},nop,nop>`).out('S. 0:0(0) ack 11 <mss 1460>').quiet();
    s.recv(20, 10);
  });

  it('goes to CLOSE-WAIT with the ACK that has a FIN', () => {
    const s = opened().after(0.1).in('F. 11:11(0) ack 1 win 1000').after(0).out('. 1:1(0) ack 12');
    s.recv(10).recv(10, 0);
    expect(s.sk.state).toBe(CLOSE_WAIT);
  });

  it('closes before the handshake is over: the FIN goes at once, and what follows is as ever', () => {
    const s = opened().recv(10);
    s.close().out('F. 1:1(0) ack 11');
    expect(s.sk.state).toBe(FIN_WAIT1);
    s.at(1).out('S. 0:0(0) ack 11');
    s.in('. 11:11(0) ack 1 win 1000').at(4).out('F. 1:1(0) ack 11');
    expect(s.listener.fastopenq?.length).toBe(0);
  });

  it('is reset where its application closes it and left data unread', () => {
    const s = opened();
    s.close().out('R. 1:1(0) ack 11');
    expect([s.sk.state, s.listener.fastopenq?.length]).toEqual([CLOSE, 0]);
  });

  it('that nobody accepted is reset when its listener closes', () => {
    const s = script().listens(4).in(`S 0:10(10) win 1000 <mss 1000,FO ${cookie()},nop,nop>`);
    s.out('S. 0:0(0) ack 11');
    s.host.tcp.close(s.now, s.listener);
    s.out('R. 1:1(0) ack 11').quiet();
    expect(s.world.timersPending).toBe(0);
  });

  it('keeps its data when it is reset, and is an error after it', () => {
    const s = script().listens(4).in(`S 0:10(10) win 1000 <mss 1000,FO ${cookie()},nop,nop>`);
    s.out('S. 0:0(0) ack 11').in('R. 11:11(0) ack 1 win 0').accept();
    s.recv(20, 10).recv(10, 'ECONNRESET');
    expect(s.listener.fastopenq?.length).toBe(0);
  });

  it('is not reset by a SYN that should not be, which gets a RST itself', () => {
    const s = opened().in('S. 11:11(0) ack 1 win 1000').out('R 1:1(0)');
    expect(s.sk.state).toBe(SYN_RECV);
  });

  it('takes data behind the SYN with the ACK, and refuses what is not in the window', () => {
    const s = opened().in('P. 11:21(10) ack 1 win 1000').recv(20);
    expect(s.sk.state).toBe(ESTABLISHED);
    const t = opened(script()).in('. 90011:90021(10) ack 1 win 1000').out('. 1:1(0) ack 11');
    expect(t.sk.state).toBe(SYN_RECV);
  });
});

describe('the queue', () => {
  const syn = (s: Script, port: number) =>
    s.ports(port).in(`S 0:10(10) win 1000 <mss 1000,FO ${cookie()},nop,nop>`);

  it('has so many whose handshake is not over; one more is an ordinary connection without a cookie', () => {
    const s = script().listens(1);
    syn(s, 40_000).out('S. 0:0(0) ack 11');
    syn(s, 40_001).out('S. 0:0(0) ack 1 <mss 1460>');
    expect(counters(s).TCPFastOpenListenOverflow).toBe(1);
    s.accept().close().ignore(); // with unread data: it is gone
    syn(s, 40_002).out('S. 0:0(0) ack 11');
  });

  it('counts who was accepted and then reset by his peer, for a minute', () => {
    const s = script().listens(1);
    syn(s, 40_000).out('S. 0:0(0) ack 11').accept().in('R. 11:11(0) ack 1 win 0');
    expect(s.sk.state).toBe(CLOSE);
    s.at(59);
    syn(s, 40_001).out('S. 0:0(0) ack 1').ignore();
    s.at(61);
    s.ignore();
    syn(s, 40_002).out('S. 0:0(0) ack 11');
  });
});

describe('an ICMP error', () => {
  const unreachable = (s: Script, seq: number) => {
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, 80);
    view.setUint16(2, 40_000);
    view.setInt32(4, seq);
    s.host.tcp.error(s.now, s.host.family as never, {
      view,
      at: 0,
      length: 8,
      saddr: s.host.address,
      daddr: PEER,
      protocol: 6,
      type: 3,
      code: 1,
      info: 0,
      errno: 'EHOSTUNREACH',
      fatal: false,
      offender: PEER,
      payload: () => new Uint8Array(0),
    });
  };

  it('about the SYN-ACK ends one that nobody accepted; it stays to be accepted', () => {
    const s = script().listens(4).in(`S 0:10(10) win 1000 <mss 1000,FO ${cookie()},nop,nop>`);
    s.out('S. 0:0(0) ack 11').accept();
    const { iss } = s.sk;
    const t = script().listens(4).in(`S 0:10(10) win 1000 <mss 1000,FO ${cookie()},nop,nop>`);
    t.out('S. 0:0(0) ack 11');
    unreachable(t, iss + 5000);
    expect(counters(t).OutOfWindowIcmps).toBe(1);
    unreachable(t, iss);
    t.accept().recv(20, 10).recv(10, 'EHOSTUNREACH').send(10, 0, 'EPIPE');
    unreachable(s, iss);
    expect(s.sk.state).toBe(SYN_RECV); // an accepted one is as one that is established
  });
});
