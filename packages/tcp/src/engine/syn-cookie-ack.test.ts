/** SYN cookies at a listener: RFC 4987 §3.6. */
import { describe, expect, it } from 'vitest';
import { ECN_OK } from './ecn.ts';
import { Script, type ScriptOptions } from './script.fixture.ts';
import { CLOSE_WAIT, ESTABLISHED } from './state.ts';
import type { TcpSock } from './tcb.ts';

const BACKLOG = 8;

/** A listener that answers every SYN with a cookie, or those that `sysctl` says. */
function script(sysctl: ScriptOptions['sysctl'] = {}, prepare?: (sk: TcpSock) => void): Script {
  const s = new Script({ sysctl: { tcp_syncookies: 2, ...sysctl } });
  prepare?.(s.sk);
  expect(s.host.tcp.bind(s.now, s.sk, 0, 80)).toBeUndefined();
  expect(s.host.tcp.listen(s.now, s.sk, BACKLOG)).toBeUndefined();
  return s;
}

const counters = (s: Script) => s.host.tcp.mib.TcpExt;
/** Sockets, requests and TIME-WAIT that the host has. */
const known = (s: Script) => [...s.host.tcp.entries()].length - 1;

const SYN = 'S 0:0(0) win 1000 <mss 1400,sackOK,TS val 700 ecr 0,nop,wscale 7>';
/** 1000 on the clock, its lower six bits those of SACK and a shift of 7. */
const STAMP = 960 + 0x17;
const SYNACK = `S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK,TS val ${STAMP - 1000} ecr 700,nop,wscale 7>`;
const ACK = `. 1:1(0) ack 1 win 257 <nop,nop,TS val 701 ecr ${STAMP}>`;

describe('a SYN answered with a cookie', () => {
  it('leaves nothing behind: no request, no timer, no second SYN-ACK', () => {
    const s = script().in(SYN).out(SYNACK);
    expect(known(s)).toBe(0);
    expect(s.world.timersPending).toBe(0);
    s.at(100).quiet();
    expect(counters(s)).toMatchObject({ SyncookiesSent: 1, TCPReqQFullDoCookies: 1, ListenDrops: 0 });
  });

  it('becomes a connection with the ACK alone, with the options of the SYN and an MSS of the table', () => {
    const s = script().in(SYN).out(SYNACK).after(0.1).in(ACK).quiet().accept();
    s.info({ state: ESTABLISHED, sndMss: 1288, sndWscale: 7, rcvWscale: 7, options: 7, sndWnd: 257 << 7 });
    expect(counters(s)).toMatchObject({ SyncookiesRecv: 1, SyncookiesFailed: 0 });
    expect(s.host.tcp.mib.Tcp).toMatchObject({ PassiveOpens: 1, CurrEstab: 1 });
    s.send(100).out('P. 1:101(100) ack 1');
    s.in('P. 1:11(10) ack 101 win 257 <nop,nop,TS val 702 ecr 1100>').recv(10);
  });

  it('of a peer without timestamps has neither SACK, nor scaling, nor ECN', () => {
    const s = script().in('SEW 0:0(0) win 1000 <mss 1460,nop,nop,sackOK,nop,wscale 7>');
    s.out('S. 0:0(0) ack 1 win 64240 <mss 1460>').in('. 1:1(0) ack 1 win 5000').accept();
    s.info({ state: ESTABLISHED, sndMss: 1460, options: 0, sndWnd: 5000 });
  });

  it('keeps ECN in a timestamp, and what the peer did not offer out of it', () => {
    const s = script().in('SEW 0:0(0) win 1000 <mss 1460,nop,nop,TS val 700 ecr 0>');
    const stamp = 960 - 64 + 0x2f;
    s.out(`S.E 0:0(0) ack 1 win 65160 <mss 1460,nop,nop,TS val ${stamp - 1000} ecr 700>`);
    s.in(`. 1:1(0) ack 1 win 1000 <nop,nop,TS val 701 ecr ${stamp}>`).accept();
    s.info({ state: ESTABLISHED, options: 1 | 8, sndWscale: 0, sndWnd: 1000 });
    s.send(10).out('[ect0] P. 1:11(10) ack 1');
  });

  it('of Accurate ECN is that again where the ACK says so, and RFC 3168’s else', () => {
    for (const [ack, accurate] of [
      ['.W', true],
      ['.', false],
    ] as const) {
      const s = script({ tcp_ecn: 3 })
        .in('SEWA 0:0(0) win 1000 <mss 1460,nop,nop,TS val 700 ecr 0>')
        .ignore();
      s.in(`${ack} 1:1(0) ack 1 win 1000 <nop,nop,TS val 701 ecr ${960 - 64 + 0x2f}>`).accept();
      expect([s.sk.accecn !== undefined, s.sk.ecnFlags === ECN_OK]).toEqual([accurate, !accurate]);
    }
    const without = script({ tcp_ecn: 3 })
      .in('SEWA 0:0(0) win 1000 <mss 1460>')
      .out('S. 0:0(0) ack 1 <mss 1460>');
    without.in('.W 1:1(0) ack 1 win 1000').accept();
    expect(without.sk.accecn).toBeUndefined();
  });

  it('and is off where tcp_ecn became so since', () => {
    const s = script().in('SEW 0:0(0) win 1000 <mss 1460,nop,nop,TS val 700 ecr 0>').ignore();
    s.host.sysctl.tcp_ecn = 0;
    s.in(`. 1:1(0) ack 1 win 1000 <nop,nop,TS val 701 ecr ${960 - 64 + 0x2f}>`)
      .accept()
      .info({ options: 1 });
  });

  it.each(['tcp_sack', 'tcp_window_scaling'] as const)(
    'fails where its timestamp tells of an option and %s is off',
    (name) => {
      const s = script().in(SYN).out(SYNACK);
      s.host.sysctl[name] = 0;
      s.in(ACK).out('R 1:1(0)').quiet();
      expect(known(s)).toBe(0);
    },
  );

  it('has the offset of its timestamps off before they are read', () => {
    const s = script({ tcp_timestamps: 1 }).in(SYN);
    const tsval = Number(/TS val (-?\d+)/.exec(s.take()[0] ?? '')?.[1]) + 1000;
    expect(tsval >>> 0).not.toBe(STAMP);
    s.in(`. 1:1(0) ack 1 win 257 <nop,nop,TS val 701 ecr ${tsval >>> 0}>`).accept();
    s.info({ state: ESTABLISHED, options: 7, sndWscale: 7 });
  });

  it('takes the data that comes with the ACK, and a FIN', () => {
    const s = script().in(SYN).out(SYNACK);
    s.in(`FP. 1:11(10) ack 1 win 257 <nop,nop,TS val 701 ecr ${STAMP}>`).after(0.04).out('. 1:1(0) ack 12');
    s.accept().info({ state: CLOSE_WAIT }).recv(10).recv(10, 0);
  });

  it('does not wait for data (TCP_DEFER_ACCEPT): nothing is there to wait with', () => {
    const s = script({}, (sk) => expect(sk.tcp.setsockopt(0, sk, 'TCP_DEFER_ACCEPT', 5)).toBeUndefined());
    s.in(SYN).out(SYNACK).in(ACK).quiet().accept().info({ state: ESTABLISHED });
  });

  it('is no fast open, and has no cookie of it', () => {
    const s = new Script({ sysctl: { tcp_syncookies: 2, tcp_fastopen: 0x202 } }).listens(4);
    s.in('S 0:10(10) win 1000 <mss 1460,FO,nop,nop>').out('S. 0:0(0) ack 1 <mss 1460>').quiet();
    expect(known(s)).toBe(0);
  });

  it('is asked of the filter like any; what that would put off is dropped', () => {
    for (const [verdict, answer] of [
      ['accept', 'S. 0:0(0) ack 1'],
      ['reset', 'R. 0:0(0) ack 1'],
      ['drop', undefined],
      ['defer', undefined],
    ] as const) {
      const s = script({}, (sk) => {
        sk.synFilter = () => verdict;
      }).in(SYN);
      if (answer !== undefined) s.out(answer);
      s.quiet();
      expect(known(s)).toBe(0);
    }
  });
});

describe('a cookie that comes back', () => {
  it('wrong is refused with a RST, and counted', () => {
    const s = script().in(SYN).out(SYNACK);
    s.in(`. 1:1(0) ack 9 win 257 <nop,nop,TS val 701 ecr ${STAMP}>`).out('R 9:9(0)');
    s.in(`. 9:9(0) ack 1 win 257 <nop,nop,TS val 701 ecr ${STAMP}>`).out('R 1:1(0)');
    s.ports(40_001).in(ACK).out('R 1:1(0)').quiet();
    expect(counters(s)).toMatchObject({ SyncookiesRecv: 0, SyncookiesFailed: 3 });
    s.ports(40_000).in(ACK).quiet().accept();
  });

  it('is taken in the next minute, and in the one after that no more', () => {
    for (const [seconds, good] of [
      [118, true],
      [119.1, false],
    ] as const) {
      const s = script().in(SYN).out(SYNACK).at(seconds).in(ACK); // the clock began at 1 s
      if (good) s.quiet().accept();
      else s.out('R 1:1(0)');
      expect(counters(s).SyncookiesFailed).toBe(good ? 0 : 1);
    }
  });

  it('is not even looked at where none was sent for two minutes, nor with tcp_syncookies 0', () => {
    const none = script({ tcp_syncookies: 1 }).in('. 1:1(0) ack 1 win 257').out('R 1:1(0)');
    const late = script().in(SYN).out(SYNACK).at(121).in(ACK).out('R 1:1(0)');
    const off = script().in(SYN).out(SYNACK);
    off.host.sysctl.tcp_syncookies = 0;
    off.in(ACK).out('R 1:1(0)');
    for (const s of [none, late, off])
      expect(counters(s)).toMatchObject({ SyncookiesRecv: 0, SyncookiesFailed: 0 });
  });

  it('with RST or SYN makes nothing', () => {
    const s = script().in(SYN).out(SYNACK);
    s.in('R. 1:1(0) ack 1 win 257').quiet();
    s.in('S. 1:1(0) ack 1 win 257').out('R 1:1(0)').quiet();
    expect(known(s)).toBe(0);
  });

  it('finds the accept queue full: dropped in silence, even with tcp_abort_on_overflow, and good once there is room', () => {
    const s = script({ tcp_abort_on_overflow: 1 });
    for (let port = 1; port < BACKLOG; port++) {
      s.ports(port).in('S 0:0(0) win 1000 <mss 1460>').out('S. 0:0(0) ack 1').in('. 1:1(0) ack 1 win 1000');
    }
    s.ports(40_000).in(SYN).out(SYNACK);
    s.host.tcp.listen(s.now, s.listener, BACKLOG - 3);
    s.in(ACK).quiet();
    expect(counters(s)).toMatchObject({ SyncookiesRecv: BACKLOG, ListenOverflows: 1, ListenDrops: 1 });
    expect(s.host.drops).toEqual({ NO_SOCKET: 1 });
    s.host.tcp.listen(s.now, s.listener, BACKLOG);
    s.in(ACK).quiet();
    expect(s.host.tcp.mib.Tcp).toMatchObject({ PassiveOpens: BACKLOG, CurrEstab: BACKLOG });
  });

  it('is of use to whoever listens at the port now', () => {
    const s = script({}, (sk) => {
      sk.reusePort = true;
    });
    const second = s.host.socket();
    second.reusePort = true;
    expect(s.host.tcp.bind(s.now, second, 0, 80)).toBeUndefined();
    expect(s.host.tcp.listen(s.now, second, BACKLOG)).toBeUndefined();
    s.in(SYN).out(SYNACK);
    s.host.tcp.close(s.now, s.listener);
    s.listener = second;
    s.in(ACK).quiet().accept().info({ state: ESTABLISHED, options: 7 });
  });
});

describe('with tcp_syncookies 1', () => {
  it('SYNs are remembered until the queue is full, and no last quarter of tcp_max_syn_backlog is kept free', () => {
    const s = script({ tcp_syncookies: 1, tcp_max_syn_backlog: 4 });
    for (let port = 1; port <= BACKLOG + 1; port++) {
      s.ports(port)
        .in('S 0:0(0) win 1000 <mss 1460,sackOK,TS val 700 ecr 0>')
        .out('S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 0 ecr 700>');
    }
    expect(counters(s)).toMatchObject({ SyncookiesSent: 0, TCPReqQFullDoCookies: 0 });
    s.ports(40_000).in(SYN).out(SYNACK);
    expect(known(s)).toBe(BACKLOG + 1);
    s.in(ACK).quiet().accept().info({ state: ESTABLISHED, options: 7 });
    // Those before come through as ever.
    s.ports(1).in('. 1:1(0) ack 1 win 1000 <nop,nop,TS val 701 ecr 1000>');
    expect(counters(s)).toMatchObject({ SyncookiesSent: 1, SyncookiesRecv: 1, TCPReqQFullDrop: 0 });
  });

  it('and with 0 the queue is full when it is', () => {
    const s = script({ tcp_syncookies: 0 });
    for (let port = 1; port <= BACKLOG + 1; port++) {
      s.ports(port).in('S 0:0(0) win 1000 <mss 1460>').out('S. 0:0(0) ack 1');
    }
    s.ports(99).in(SYN).quiet();
    expect(counters(s)).toMatchObject({ TCPReqQFullDrop: 1, TCPReqQFullDoCookies: 0, ListenDrops: 1 });
  });

  it('the SYN that ends a TIME-WAIT is remembered, cookies or not', () => {
    const s = script({ tcp_syncookies: 2 })
      .in(SYN)
      .out(SYNACK)
      .in(ACK)
      .accept()
      .close()
      .out('F. 1:1(0) ack 1');
    s.in('F. 1:1(0) ack 2 win 257 <nop,nop,TS val 702 ecr 1000>').out('. 2:2(0) ack 2');
    s.in('S 100000:100000(0) win 1000 <mss 1400,sackOK,TS val 800 ecr 0,nop,wscale 7>').out(
      'S. 0:0(0) ack 100001',
    );
    expect(counters(s).SyncookiesSent).toBe(1);
  });
});
