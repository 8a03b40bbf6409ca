/**
 * Opening: RFC 9293 §3.5, §3.10.1, §3.10.7.2 and §3.10.7.3. Tests that hold a numbered requirement have its number in their name.
 */
import { describe, expect, it } from 'vitest';
import { MSG_MORE } from './messages.ts';
import type { RequestSock } from './request.ts';
import { PEER, Script } from './script.fixture.ts';
import { CLOSE, ESTABLISHED, NEW_SYN_RECV, SYN_RECV, SYN_SENT, stateName } from './state.ts';

describe('active open', () => {
  it('sends a SYN with MSS (MUST-14, SHLD-5, MAY-3), timestamps and window scale, and acknowledges the SYN-ACK', () => {
    new Script()
      .connect()
      .out('S 0:0(0) win 64240 <mss 1460,sackOK,TS val 0 ecr 0,nop,wscale 7>')
      .in('S. 0:0(0) ack 1 win 5840 <mss 1000,nop,nop,TS val 700 ecr 1000,nop,wscale 6>')
      .out('. 1:1(0) ack 1 win 502 <nop,nop,TS val 0 ecr 700>')
      .info({ state: ESTABLISHED, sndMss: 988, sndWscale: 6, rcvWscale: 7, sndCwnd: 10, options: 5 });
  });

  it('assumes an MSS of 536 where none is offered (MUST-15)', () => {
    new Script()
      .connect()
      .out('S 0:0(0)')
      .in('S. 0:0(0) ack 1 win 5840')
      .out('. 1:1(0) ack 1')
      .send(2000)
      .out('. 1:537(536) ack 1')
      .out('. 537:1073(536) ack 1')
      .out('. 1073:1609(536) ack 1')
      .info({ sndMss: 536 });
  });

  it('answers nothing but the wanted ACK: another one gets a RST', () => {
    const s = new Script().connect().out('S 0:0(0)');
    s.in('. 5:5(0) ack 2 win 100').out('R 2:2(0)').quiet();
    s.in('S. 5:5(0) ack 0 win 100').out('R 0:0(0)');
    s.in('R. 5:5(0) ack 2 win 100').quiet();
    expect(stateName(s.sk.state)).toBe('SYN_SENT');
  });

  it('reports ECONNREFUSED for a RST of its SYN, and none for a RST without ACK', () => {
    const s = new Script().connect().out('S 0:0(0)');
    s.in('R 0:0(0) win 0');
    expect(s.sk.state).toBe(SYN_SENT);
    s.in('R. 0:0(0) ack 1 win 0');
    expect(s.sk.state).toBe(CLOSE);
    expect(s.sk.takeError()).toBe('ECONNREFUSED');
    expect(s.host.tcp.mib.Tcp.AttemptFails).toBe(1);
  });

  it('retransmits the SYN after 1 s, four times without backoff, then doubled, and gives up with ETIMEDOUT (MUST-22; MUST-23 asks for 3 minutes, Linux has 131 s)', () => {
    const s = new Script().connect().out('S 0:0(0)');
    for (const time of [1, 2, 3, 4, 5, 7, 11, 19, 35, 67]) s.at(time).out('S 0:0(0)');
    s.at(130).quiet();
    expect(s.sk.state).toBe(SYN_SENT);
    s.at(132).quiet();
    expect(s.sk.state).toBe(CLOSE);
    expect(s.sk.takeError()).toBe('ETIMEDOUT');
    expect(s.host.tcp.mib.TcpExt.TCPSynRetrans).toBe(10);
    expect(s.host.tcp.mib.TcpExt.TCPAbortOnTimeout).toBe(1);
  });

  it('begins with one segment after two timeouts (RFC 5681 §3.1), and in slow start all the same', () => {
    const s = new Script().connect().out('S 0:0(0)').at(1).out('S 0:0(0)').at(2).out('S 0:0(0)');
    s.after(0.1).in('S. 0:0(0) ack 1 win 32792 <mss 1000>').out('. 1:1(0) ack 1');
    s.info({ sndCwnd: 1, sndSsthresh: 0x7fff_ffff, totalRto: 2, totalRtoRecoveries: 1 });
  });

  it('begins as ever where the first SYN is answered, late: no timeout was a loss', () => {
    const options = '<mss 1000,nop,nop,TS val 700 ecr';
    for (const [echo, cwnd] of [
      [1000, 10],
      [2000, 1],
    ]) {
      const s = new Script().connect().out('S 0:0(0)').at(1).out('S 0:0(0)').at(2).out('S 0:0(0)');
      s.after(0.1).in(`S. 0:0(0) ack 1 win 32792 ${options} ${echo}>`).out('. 1:1(0) ack 1');
      s.info({ sndCwnd: cwnd });
    }
  });

  it('opens when both ends do at once (MUST-10): SYN-SENT, SYN-RECEIVED, ESTABLISHED', () => {
    const states: string[] = [];
    const s = new Script();
    s.host.tcp.stateChange = (_sk, _from, to) => states.push(stateName(to));
    s.connect()
      .out('S 0:0(0)')
      .in('S 0:0(0) win 1000 <mss 1000,nop,nop,TS val 40 ecr 0>')
      .out('S. 0:0(0) ack 1 <mss 1460,nop,nop,TS val 0 ecr 40>');
    expect(s.sk.state).toBe(SYN_RECV);
    s.in('S. 0:0(0) ack 1 win 1000 <mss 1000,nop,nop,TS val 50 ecr 1000>');
    expect(states).toStrictEqual(['SYN_SENT', 'SYN_RECV', 'ESTABLISHED']);
    s.take();
    s.send(10).out('P. 1:11(10) ack 1');
    s.in('. 1:1(0) ack 11 win 1000 <nop,nop,TS val 60 ecr 1000>').info({ unacked: 0 });
  });

  it('connects to itself, where a socket is its own peer', () => {
    const s = new Script();
    const { host, world } = s;
    host.tap = undefined;
    host.peer = host;
    host.link = { delay: 10 };
    host.tcp.bind(s.now, s.sk, host.address, 5000);
    expect(host.tcp.connect(s.now, s.sk, host.address, 5000)).toBe('EINPROGRESS');
    world.advance(1000);
    expect(s.sk.state).toBe(ESTABLISHED);
    host.tcp.sendmsg(s.now, s.sk, new Uint8Array([1, 2, 3]), 0, 3, 0);
    world.advance(1000);
    expect(host.tcp.inq(s.sk)).toBe(3);
  });

  it('refuses groups (MUST-46), a second connect, and passes on what routing says', () => {
    const s = new Script();
    const { tcp } = s.host;
    expect(tcp.connect(s.now, s.sk, 0xe000_0001, 80)).toBe('ENETUNREACH');
    expect(tcp.connect(s.now, s.sk, 0xffff_ffff, 80)).toBe('ENETUNREACH');
    s.host.routeError = 'EHOSTUNREACH';
    expect(tcp.connect(s.now, s.sk, PEER, 80)).toBe('EHOSTUNREACH');
    expect(s.sk.state).toBe(CLOSE);
    s.host.routeError = undefined;
    s.connect().out('S 0:0(0)');
    expect(tcp.connect(s.now, s.sk, PEER, 80)).toBe('EALREADY');
    s.in('S. 0:0(0) ack 1 win 1000 <mss 1000>').out('. 1:1(0) ack 1');
    expect(tcp.connect(s.now, s.sk, PEER, 80)).toBe('EISCONN');
  });

  it('lets the ACK of the handshake wait for data somebody is about to send', () => {
    const s = new Script();
    s.sk.writePending = true;
    s.connect().out('S 0:0(0)').in('S. 0:0(0) ack 1 win 1000 <mss 1000>').quiet();
    s.send(5).out('P. 1:6(5) ack 1').quiet();
  });

  it('takes other ports for connections to one peer, and says EADDRNOTAVAIL when there is none', () => {
    const s = new Script({ sysctl: { ip_local_port_range: [1000, 1003] } });
    const { tcp } = s.host;
    const ports = [0, 1, 2, 3].map(() => {
      const sk = s.host.socket();
      expect(tcp.connect(s.now, sk, PEER, 80)).toBe('EINPROGRESS');
      return sk.sport;
    });
    expect(ports.sort()).toStrictEqual([1000, 1001, 1002, 1003]);
    const sk = s.host.socket();
    expect(tcp.connect(s.now, sk, PEER, 80)).toBe('EADDRNOTAVAIL');
    expect(sk.state).toBe(CLOSE);
    // To another peer the same ports do.
    expect(tcp.connect(s.now, sk, PEER + 1, 80)).toBe('EINPROGRESS');
  });

  it('sends with a SYN nothing that was written before: EAGAIN until established', () => {
    const s = new Script().connect().out('S 0:0(0)');
    s.send(10, MSG_MORE, 'EAGAIN').recv(1, 'EAGAIN').quiet();
  });
});

describe('passive open', () => {
  it('answers a SYN, makes a socket of its ACK, and remembers what the peer offered', () => {
    const s = new Script();
    const { tcp } = s.host;
    tcp.bind(s.now, s.sk, 0, 80);
    tcp.listen(s.now, s.sk, 1);
    let woken = 0;
    s.sk.wake = () => woken++;
    s.in('S 0:0(0) win 32792 <mss 1000,sackOK,TS val 100 ecr 0,nop,wscale 7>')
      .out('S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK,TS val 0 ecr 100,nop,wscale 7>')
      .quiet();
    expect(tcp.accept(s.now, s.sk)).toBe('EAGAIN');
    s.after(0.1).in('. 1:1(0) ack 1 win 257 <nop,nop,TS val 200 ecr 1000>').quiet();
    expect(woken).toBe(1);
    const child = tcp.accept(s.now, s.sk);
    if (typeof child === 'string') throw new Error(child);
    s.sk = child;
    s.info({ state: ESTABLISHED, sndMss: 988, sndWscale: 7, rtt: 100_000, rto: 300_000, sndWnd: 257 << 7 });
    expect(tcp.mib.Tcp.PassiveOpens).toBe(1);
    expect(tcp.mib.Tcp.CurrEstab).toBe(1);
  });

  it('hands the options of the listener on', () => {
    const s = new Script();
    const { tcp } = s.host;
    tcp.setsockopt(s.now, s.sk, 'TCP_KEEPIDLE', 11);
    tcp.setsockopt(s.now, s.sk, 'TCP_KEEPINTVL', 12);
    tcp.setsockopt(s.now, s.sk, 'TCP_KEEPCNT', 13);
    tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
    tcp.setsockopt(s.now, s.sk, 'TCP_USER_TIMEOUT', 14_000);
    tcp.setsockopt(s.now, s.sk, 'TCP_NOTSENT_LOWAT', 15);
    tcp.setsockopt(s.now, s.sk, 'TCP_LINGER2', 16);
    tcp.setsockopt(s.now, s.sk, 'TCP_SYNCNT', 17);
    tcp.setsockopt(s.now, s.sk, 'TCP_MAXSEG', 900);
    tcp.setsockopt(s.now, s.sk, 'TCP_RTO_MAX_MS', 18_000);
    tcp.setsockopt(s.now, s.sk, 'SO_OOBINLINE', 1);
    Object.assign(s.sk, {
      sndbuf: 100_000,
      rcvbuf: 50_000,
      userlocks: 3,
      mark: 5,
      priority: 6,
      reuse: true,
      reusePort: true,
      keepOpen: true,
      linger: 7,
      rcvlowat: 8,
      zerocopy: true,
      timestamp: true,
    });
    Object.assign(s.sk.inet, { tos: 8, minttl: 3, recverr: true, pmtudisc: 2 });
    const listener = s.sk;
    s.accepted({ mss: 1000 });
    const { sk } = s;
    for (const field of [
      'keepaliveTime',
      'keepaliveIntvl',
      'keepaliveProbes',
      'nonagle',
      'userTimeout',
      'notsentLowat',
      'linger2',
      'synRetries',
      'rtoMaxUs',
      'oobInline',
      'sndbuf',
      'rcvbuf',
      'userlocks',
      'mark',
      'reuse',
      'reusePort',
      'keepOpen',
      'linger',
      'rcvlowat',
      'zerocopy',
      'timestamp',
      'caOps',
      'userMss',
    ] as const) {
      expect([field, sk[field]]).toStrictEqual([field, listener[field]]);
    }
    expect([listener.priority, sk.priority]).toEqual([6, 0]); // Linux 6.18: not this one
    expect(sk.inet).toStrictEqual(listener.inet);
    expect(sk.inet).not.toBe(listener.inet);
    expect(tcp.getsockopt(s.now, sk, 'TCP_KEEPIDLE')).toBe(11);
  });

  it('takes data that comes with the ACK', () => {
    const s = new Script();
    const { tcp } = s.host;
    tcp.bind(s.now, s.sk, 0, 80);
    tcp.listen(s.now, s.sk, 1);
    s.in('S 0:0(0) win 32792 <mss 1000>').out('S. 0:0(0) ack 1');
    s.in('P. 1:101(100) ack 1 win 32792').out('. 1:1(0) ack 101');
    const child = tcp.accept(s.now, s.sk);
    if (typeof child === 'string') throw new Error(child);
    s.sk = child;
    s.recv(100);
  });

  it('refuses in LISTEN what is no SYN: an ACK with a RST, a RST with silence (MUST-41: the listener stays)', () => {
    const s = new Script();
    s.host.tcp.bind(s.now, s.sk, 0, 80);
    s.host.tcp.listen(s.now, s.sk, 1);
    s.in('. 1:1(0) ack 500 win 100').take();
    s.in('R 1:1(0) win 100').quiet();
    s.in('FP 1:1(0) win 100').quiet();
    s.in('S 0:0(0) win 100 <mss 1000>').out('S. 0:0(0) ack 1');
    expect(s.host.drops).toStrictEqual({ TCP_FLAGS: 2, TCP_RESET: 1 });
  });

  it("answers nobody's segments with a RST (RFC 9293 §3.10.7.1)", () => {
    const s = new Script();
    s.in('S 7:7(0) win 100').out('R. 0:0(0) ack 8');
    s.in('P. 7:17(10) ack 33 win 100').out('R 33:33(0)');
    s.in('F 7:17(10) win 100').out('R. 0:0(0) ack 18');
    s.in('R 7:7(0) win 100').quiet();
    expect(s.host.drops).toStrictEqual({ NO_SOCKET: 4 });
    expect(s.host.tcp.mib.Tcp.OutRsts).toBe(3);
  });

  it('retransmits the SYN-ACK after 1, 2, 4, … s and forgets the request', () => {
    const s = new Script();
    s.host.tcp.bind(s.now, s.sk, 0, 80);
    s.host.tcp.listen(s.now, s.sk, 1);
    s.in('S 0:0(0) win 100 <mss 1000>').out('S. 0:0(0) ack 1');
    for (const time of [1, 3, 7, 15, 31]) s.at(time).out('S. 0:0(0) ack 1');
    s.at(100).quiet();
    expect(s.host.tcp.tables.count).toBe(0);
    expect(s.host.tcp.mib.Tcp.RetransSegs).toBe(5);
  });

  it('begins with one segment where its SYN-ACK was lost more than once, unless the first is echoed after all', () => {
    for (const [echo, cwnd] of [
      [4000, 1],
      [1000, 10],
    ]) {
      const s = new Script();
      s.host.tcp.bind(s.now, s.sk, 0, 80);
      s.host.tcp.listen(s.now, s.sk, 1);
      s.in('S 0:0(0) win 32792 <mss 1000,nop,nop,TS val 1 ecr 0>').out('S. 0:0(0) ack 1');
      for (const time of [1, 3]) s.at(time).out('S. 0:0(0) ack 1');
      s.at(3.1).in(`. 1:1(0) ack 1 win 32792 <nop,nop,TS val 2 ecr ${echo}>`);
      const child = s.host.tcp.accept(s.now, s.sk);
      if (typeof child === 'string') throw new Error(child);
      s.sk = child;
      s.info({ sndCwnd: cwnd, totalRto: 2, totalRtoRecoveries: 1, totalRtoTime: 3_100, totalRetrans: 2 });
    }
  });

  it('answers a retransmitted SYN with the same SYN-ACK, not too often', () => {
    const s = new Script();
    s.host.tcp.bind(s.now, s.sk, 0, 80);
    s.host.tcp.listen(s.now, s.sk, 1);
    s.in('S 0:0(0) win 100 <mss 1000>').out('S. 0:0(0) ack 1');
    s.after(0.1).in('S 0:0(0) win 100 <mss 1000>').out('S. 0:0(0) ack 1');
    s.after(0.1).in('S 0:0(0) win 100 <mss 1000>').quiet();
    expect(s.host.tcp.mib.TcpExt.TCPACKSkippedSynRecv).toBe(1);
  });

  it('checks in SYN-RECEIVED: a wrong ACK gets a RST, a RST ends the request, an old segment an ACK', () => {
    const s = new Script();
    const { tcp } = s.host;
    tcp.bind(s.now, s.sk, 0, 80);
    tcp.listen(s.now, s.sk, 1);
    s.in('S 0:0(0) win 100 <mss 1000>').out('S. 0:0(0) ack 1');
    s.in('. 1:1(0) ack 7 win 100').out('R 7:7(0)');
    s.in('. 70001:70001(0) ack 1 win 100').out('. 1:1(0) ack 1');
    s.in('R 1:1(0) win 100').quiet();
    expect(tcp.tables.count).toBe(0);
    expect(tcp.mib.TcpExt.EmbryonicRsts).toBe(1);
    expect(tcp.mib.Tcp.AttemptFails).toBe(1);
  });

  it('holds one connection more than the backlog says, then drops the ACK; tcp_abort_on_overflow resets', () => {
    const s = new Script({ sysctl: { tcp_synack_retries: 1, tcp_syncookies: 0 } });
    const { tcp } = s.host;
    tcp.bind(s.now, s.sk, 0, 80);
    tcp.listen(s.now, s.sk, 1);
    for (const port of [1001, 1002]) {
      s.ports(port).in('S 0:0(0) win 100 <mss 1000>').out('S. 0:0(0) ack 1').in('. 1:1(0) ack 1 win 100');
    }
    s.ports(1003).in('S 0:0(0) win 100 <mss 1000>').quiet();
    expect(tcp.mib.TcpExt.ListenOverflows).toBe(1);
    expect(tcp.mib.TcpExt.ListenDrops).toBe(1);
    tcp.accept(s.now, s.sk);
    s.ports(1003).in('S 0:0(0) win 100 <mss 1000>').out('S. 0:0(0) ack 1');
    s.ports(1004).in('S 0:0(0) win 100 <mss 1000>').out('S. 0:0(0) ack 1');
    s.ports(1005).in('S 0:0(0) win 100 <mss 1000>').quiet(); // of those half-open too one more than the backlog
    expect(tcp.mib.TcpExt.TCPReqQFullDrop).toBe(1);
  });

  it('drops the ACK that finds the queue full, and takes it when there is room; tcp_abort_on_overflow resets', () => {
    for (const abort of [0, 1]) {
      const s = new Script({ sysctl: { tcp_abort_on_overflow: abort } });
      const { tcp } = s.host;
      tcp.bind(s.now, s.sk, 0, 80);
      tcp.listen(s.now, s.sk, 2);
      for (const port of [1001, 1002]) {
        s.ports(port)
          .in('S 0:0(0) win 100 <mss 1000>')
          .out('S. 0:0(0) ack 1')
          .in('. 1:1(0) ack 1 win 100')
          .quiet();
      }
      s.ports(1003).in('S 0:0(0) win 100 <mss 1000>').out('S. 0:0(0) ack 1');
      const request = [...tcp.entries()].find((entry) => entry.state === NEW_SYN_RECV);
      s.ports(1004)
        .in('S 0:0(0) win 100 <mss 1000>')
        .out('S. 0:0(0) ack 1')
        .in('. 1:1(0) ack 1 win 100')
        .quiet();
      const ack = ((request as RequestSock).sntIsn + 1) >>> 0;
      const other = [...tcp.entries()].find((entry) => entry.dport === 1004) as unknown as { iss: number };
      s.ports(1003).in(`. 1:1(0) ack ${(ack - other.iss) >>> 0} win 100`);
      expect(tcp.mib.TcpExt.ListenOverflows).toBe(1);
      if (abort === 1) {
        expect(s.take()[0]).toMatch(/^R /);
        continue;
      }
      s.quiet();
      tcp.accept(s.now, s.sk);
      s.in(`. 1:1(0) ack ${(ack - other.iss) >>> 0} win 100`).quiet();
      expect(s.sk.listener?.acceptLength).toBe(3);
    }
  });

  it('asks synFilter about each SYN: accept, reset, drop, defer', () => {
    const s = new Script();
    const { tcp } = s.host;
    tcp.bind(s.now, s.sk, 0, 80);
    tcp.listen(s.now, s.sk, 8);
    s.sk.synFilter = (request) => {
      expect(request.daddr).toBe(PEER);
      return (['accept', 'reset', 'drop', 'defer', 'defer', 'defer'] as const)[
        request.dport - 1000
      ] as 'accept';
    };
    s.ports(1000).in('S 0:0(0) win 100 <mss 1000>').out('S. 0:0(0) ack 1');
    s.ports(1001).in('S 0:0(0) win 100 <mss 1000>').out('R. 0:0(0) ack 1');
    s.ports(1002).in('S 0:0(0) win 100 <mss 1000>').quiet();
    const deferred: { accept(now: number): void; reset(now: number): void; drop(): void }[] = [];
    s.sk.synFilter = (request) => {
      deferred.push(request);
      return 'defer';
    };
    for (const port of [1003, 1004, 1005]) s.ports(port).in('S 0:0(0) win 100 <mss 1000>').quiet();
    s.after(5).take();
    deferred[0]?.accept(s.now);
    s.ports(1003).out('S. 0:0(0) ack 1').in('. 1:1(0) ack 1 win 100').quiet();
    expect(typeof tcp.accept(s.now, s.sk)).toBe('object');
    deferred[1]?.reset(s.now);
    s.out('R. 0:0(0) ack 1');
    deferred[2]?.drop();
    s.quiet();
    deferred[2]?.accept(s.now);
    s.quiet();
  });

  it('waits with TCP_DEFER_ACCEPT for data', () => {
    const s = new Script();
    const { tcp } = s.host;
    expect(tcp.setsockopt(s.now, s.sk, 'TCP_DEFER_ACCEPT', 3)).toBeUndefined();
    tcp.bind(s.now, s.sk, 0, 80);
    tcp.listen(s.now, s.sk, 8);
    s.in('S 0:0(0) win 100 <mss 1000>').out('S. 0:0(0) ack 1').in('. 1:1(0) ack 1 win 100').quiet();
    expect(tcp.accept(s.now, s.sk)).toBe('EAGAIN');
    s.in('P. 1:11(10) ack 1 win 100').out('. 1:1(0) ack 11');
    expect(typeof tcp.accept(s.now, s.sk)).toBe('object');
    expect(tcp.mib.TcpExt.TCPDeferAcceptDrop).toBe(1);
  });

  it('resets what nobody accepted when the listener closes', () => {
    const s = new Script();
    s.host.tcp.bind(s.now, s.sk, 0, 80);
    s.host.tcp.listen(s.now, s.sk, 8);
    s.in('S 0:0(0) win 100 <mss 1000>').out('S. 0:0(0) ack 1').in('. 1:1(0) ack 1 win 100').quiet();
    s.close().out('R. 1:1(0) ack 1');
    expect(s.host.tcp.tables.count).toBe(0);
    expect(s.host.pool.stats.inUse).toBe(0);
  });
});
