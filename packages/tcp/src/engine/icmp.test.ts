/**
 * ICMP errors: RFC 9293 §3.9.2.2, RFC 1191, RFC 5927, RFC 6069.
 */
import { SO_EE_ORIGIN_ICMP } from '@stack/skbuff/sock';
import { describe, expect, it } from 'vitest';
import type { Quote } from './ports.ts';
import { PEER, Script } from './script.fixture.ts';
import { CLOSE, ESTABLISHED, SYN_SENT } from './state.ts';

/** An ICMP error about our segment with the number `seq`, relative to our ISN. */
function icmp(s: Script, seq: number, errno: string, change: Partial<Quote<unknown>> = {}): void {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint16(0, s.sk.sport);
  view.setUint16(2, s.sk.dport);
  view.setUint32(4, (s.sk.iss + seq) >>> 0);
  const quote: Quote<unknown> = {
    view,
    at: 0,
    length: 8,
    saddr: s.host.address,
    daddr: PEER,
    protocol: 6,
    type: 3,
    code: 1,
    info: 0,
    errno,
    fatal: false,
    offender: 0x0a00_00fe,
    payload: () => new Uint8Array([1, 2, 3]),
    ...change,
  };
  s.host.tcp.error(s.now, s.host.family as never, quote);
}

const established = (): Script => new Script().accepted({ mss: 1460, win: 60_000, rtt: 0.1 });

describe('ICMP errors (MUST-54)', () => {
  it('end an attempt to connect, hard or soft (Linux; MUST-56 and SHLD-25 are about established connections)', () => {
    for (const errno of ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH']) {
      const s = new Script().connect().out('S 0:0(0)');
      icmp(s, 0, errno);
      expect(s.sk.state).toBe(CLOSE);
      expect(s.sk.takeError()).toBe(errno);
    }
  });

  it('do not end an established connection (MUST-56, RFC 5927 §5), but explain its timeout', () => {
    const s = established();
    s.send(10).ignore();
    for (const errno of ['EHOSTUNREACH', 'ENETUNREACH', 'ECONNREFUSED', 'ENOPROTOOPT']) icmp(s, 1, errno);
    expect(s.sk.state).toBe(ESTABLISHED);
    expect(s.sk.err).toBe('');
    expect(s.sk.errSoft).toBe('ENOPROTOOPT');
    s.in('. 1:1(0) ack 11 win 60000');
    expect(s.sk.errSoft).toBe(''); // the path works
  });

  it('are checked: what they quote must be in flight (RFC 5927 §4)', () => {
    const s = established();
    s.send(10).ignore();
    icmp(s, 500, 'EHOSTUNREACH');
    icmp(s, 0, 'EHOSTUNREACH');
    expect(s.sk.errSoft).toBe('');
    expect(s.host.tcp.mib.TcpExt.OutOfWindowIcmps).toBe(2);
    icmp(s, 1, 'EHOSTUNREACH', { length: 4 });
    expect(s.sk.errSoft).toBe('');
  });

  it('of a source quench are ignored (MUST-55)', () => {
    const s = established();
    s.send(10).ignore();
    icmp(s, 1, '');
    expect(s.sk.errSoft).toBe('');
  });

  it('are reported at once to a socket with IP_RECVERR (MUST-47), and to no other (SHLD-20)', () => {
    const s = established();
    s.sk.inet.recverr = true;
    s.send(10).ignore();
    icmp(s, 1, 'EHOSTUNREACH');
    expect(s.sk.err).toBe('EHOSTUNREACH');
    expect(s.sk.shiftError()).toBeUndefined(); // the details are for those who fail to connect
    expect(s.sk.state).toBe(ESTABLISHED);
  });

  it('that end a connect leave their details in the error queue, asked for or not', () => {
    const s = new Script().connect().out('S 0:0(0)');
    icmp(s, 0, 'EHOSTUNREACH');
    expect(s.sk.err).toBe('EHOSTUNREACH');
    expect(s.sk.shiftError()).toMatchObject({
      errno: 'EHOSTUNREACH',
      origin: SO_EE_ORIGIN_ICMP,
      type: 3,
      code: 1,
      offender: 0x0a00_00fe,
      address: PEER,
      payload: new Uint8Array([1, 2, 3]),
    });
  });

  it('take back a doubling of the timeout where they say host or net unreachable (RFC 6069), and by no other code', () => {
    for (const { type, code, next } of [
      { type: 3, code: 1, next: 0.7 },
      { type: 3, code: 0, next: 0.7 },
      { type: 11, code: 0, next: 1 },
      { type: 3, code: 6, next: 1 },
    ]) {
      const s = established();
      s.send(10).ignore();
      s.at(0.4).out('P. 1:11(10)').at(0.5);
      icmp(s, 1, 'EHOSTUNREACH', { type, code });
      s.quiet().at(next).out('P. 1:11(10)');
    }
  });

  it('about the path MTU are nothing to a socket with IP_PMTUDISC_DONT, _INTERFACE or _OMIT', () => {
    for (const [pmtudisc, mss] of [
      [0, 1460],
      [1, 960],
      [4, 1460],
      [5, 1460],
    ] as const) {
      const s = established();
      s.sk.inet.pmtudisc = pmtudisc;
      s.send(10).ignore();
      s.host.mtu = 1000;
      icmp(s, 1, 'EMSGSIZE', { code: 4, info: 1000 });
      expect(s.sk.mssCache).toBe(mss);
    }
  });

  it('forget a request whose SYN-ACK finds no way', () => {
    const s = new Script();
    s.host.tcp.bind(s.now, s.sk, 0, 80);
    s.host.tcp.listen(s.now, s.sk, 8);
    s.in('S 0:0(0) win 100 <mss 1000>').out('S. 0:0(0) ack 1');
    s.sk.dport = 40_000;
    const [request] = [...s.host.tcp.entries()].filter((entry) => entry.state === 12) as unknown as {
      sntIsn: number;
    }[];
    s.sk.iss = (request as { sntIsn: number }).sntIsn;
    icmp(s, 7, 'EHOSTUNREACH');
    expect(s.host.tcp.tables.count).toBe(1);
    icmp(s, 0, 'ECONNREFUSED');
    expect(s.host.tcp.tables.count).toBe(1);
    icmp(s, 0, 'EHOSTUNREACH');
    expect(s.host.tcp.tables.count).toBe(0);
  });

  it('take a doubling of the timeout back when the path was the trouble (RFC 6069)', () => {
    const s = established();
    s.send(10).ignore();
    s.after(0.3).out('P. 1:11(10) ack 1').info({ rto: 600_000, backoff: 1 });
    icmp(s, 1, 'EHOSTUNREACH');
    s.info({ rto: 300_000, backoff: 0 }).quiet();
    s.after(0.3).out('P. 1:11(10) ack 1');
  });
});

describe('the path MTU (RFC 1191)', () => {
  it('makes segments smaller and sends at once what was too large, the window as it was', () => {
    const s = established();
    s.send(2920).out('. 1:1461(1460) ack 1').out('P. 1461:2921(1460) ack 1');
    s.host.mtu = 1000;
    icmp(s, 1, 'EMSGSIZE', { code: 4, info: 1000 });
    s.out('. 1:961(960) ack 1')
      .out('. 961:1461(500) ack 1')
      .out('. 1461:2421(960) ack 1')
      .out('P. 2421:2921(500) ack 1')
      .quiet();
    s.info({ sndMss: 960, pmtu: 1000, sndCwnd: 10 });
    s.in('. 1:1(0) ack 2921 win 60000').info({ unacked: 0, lost: 0, retrans: 0 });
  });

  it('is not believed with IP_PMTUDISC_DONT, nor where it is larger than what is known', () => {
    const s = established();
    s.send(1460).ignore();
    s.sk.inet.pmtudisc = 0;
    icmp(s, 1, 'EMSGSIZE', { code: 4, info: 1000 });
    s.quiet().info({ sndMss: 1460 });
    s.sk.inet.pmtudisc = 1;
    icmp(s, 1, 'EMSGSIZE', { code: 4, info: 9000 });
    s.quiet().info({ sndMss: 1460 });
  });

  it('never makes a segment smaller than tcp_min_snd_mss', () => {
    const s = established();
    s.send(100).ignore();
    s.host.mtu = 68;
    icmp(s, 1, 'EMSGSIZE', { code: 4, info: 68 });
    s.info({ sndMss: 48 });
  });

  it('of a route that changed is used for the next segment (SHLD-6)', () => {
    const s = established();
    s.host.mtu = 576;
    s.send(1000).out('. 1:537(536) ack 1').out('P. 537:1001(464) ack 1');
  });

  it('in SYN-SENT is only noted', () => {
    const s = new Script().connect().out('S 0:0(0)');
    s.host.mtu = 1000;
    icmp(s, 0, 'EMSGSIZE', { code: 4, info: 1000 });
    expect(s.sk.state).toBe(SYN_SENT);
  });
});
