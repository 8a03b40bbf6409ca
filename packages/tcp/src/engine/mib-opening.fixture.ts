/**
 * For tests: how connections begin and end, and what is counted of it.
 * @module
 */
import { abortAll } from './abort.ts';
import { connected, pair } from './fixture.ts';
import { established, listening, type Scenario, unreachable } from './mib.fixture.ts';
import type { RequestSock } from './request.ts';
import { PEER, Script } from './script.fixture.ts';
import { NEW_SYN_RECV } from './state.ts';

const SYN = 'S 0:0(0) win 1000 <mss 1000>';
const COOKIE = 'aabbccdd00112233';
const KEY = 'a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4';
const OTHER_KEY = '00000001-00000002-00000003-00000004';

/** A request at `port` is answered and becomes a connection. */
function join(s: Script, port: number): Script {
  return s.ports(port).in(SYN).out('S. 0:0(0) ack 1').in('. 1:1(0) ack 1 win 1000');
}

/** A server of fast open whose queue is `length` long. */
function fastopenServer(length: number, key = KEY): Script {
  return new Script({ sysctl: { tcp_fastopen: 2, tcp_fastopen_key: key } }).listens(length);
}

/** The SYN of a client that got its cookie of a host with {@link KEY}. */
function fastopenSyn(): string {
  const s = fastopenServer(4).in('S 0:0(0) win 1000 <mss 1000,FO,nop,nop>');
  const cookie = /FO ([0-9a-f]{16})/.exec(s.take()[0] ?? '')?.[1];
  return `S 0:10(10) win 1000 <mss 1000,FO ${cookie},nop,nop>`;
}

/** A client of fast open that has a cookie. */
function fastopenClient(sysctl: Record<string, number> = {}): Script {
  const s = new Script({ sysctl: { tcp_timestamps: 0, ...sysctl } }).fastopen(10, 0).ignore();
  s.in(`S. 0:0(0) ack 1 win 60000 <mss 1400,FO ${COOKIE},nop,nop>`).ignore();
  s.host.tcp.close(s.now, s.sk);
  return s.in('R. 1:1(0) ack 2 win 0').ignore();
}

/** In TIME-WAIT, or in FIN-WAIT-2 without a socket. */
function closed(state: 'TIME_WAIT' | 'FIN_WAIT2', ts = false): Script {
  const s = established({ ts });
  const stamp = (value: number) => (ts ? ` <nop,nop,TS val ${value} ecr 1000>` : '');
  s.close()
    .ignore()
    .in(`. 1:1(0) ack 2 win 60000${stamp(10)}`);
  if (state === 'TIME_WAIT') s.in(`F. 1:1(0) ack 2 win 60000${stamp(11)}`);
  return s.ignore();
}

export const opening: readonly Scenario[] = [
  {
    name: 'an active open',
    moves: { ActiveOpens: 1, CurrEstab: 1, InSegs: 1, OutSegs: 2 },
    run: () => new Script().connected({ mss: 1000 }).host,
  },
  {
    name: 'a passive open',
    moves: { PassiveOpens: 1, CurrEstab: 1, InSegs: 2, OutSegs: 1 },
    run: () => established().host,
  },
  {
    name: 'a SYN that is refused',
    moves: { AttemptFails: 1, CurrEstab: 0 },
    run: () => new Script().connect().out('S 0:0(0)').in('R. 0:0(0) ack 1 win 0').host,
  },
  {
    name: 'a SYN that nobody answers',
    moves: { TCPSynRetrans: 10, RetransSegs: 10, TCPTimeouts: 11, TCPAbortOnTimeout: 1, AttemptFails: 1 },
    run: () => new Script().connect().at(132).ignore().host,
  },
  {
    name: 'a SYN-ACK that echoes a timestamp which was never sent',
    moves: { PAWSActive: 1, OutRsts: 1 },
    run: () => {
      const s = new Script().connect().out('S 0:0(0)');
      return s.in('S. 0:0(0) ack 1 win 100 <mss 1000,nop,nop,TS val 700 ecr 5>').host;
    },
  },
  {
    name: 'a segment for nobody',
    moves: { OutRsts: 1, OutSegs: 1 },
    run: () => new Script().in('P. 7:17(10) ack 33 win 100').out('R 33:33(0)').host,
  },
  {
    name: 'a RST for a request',
    moves: { EmbryonicRsts: 1, AttemptFails: 1 },
    run: () => listening(1).in(SYN).out('S. 0:0(0) ack 1').in('R 1:1(0) win 100').host,
  },
  {
    name: 'a SYN that comes again and again',
    moves: { TCPACKSkippedSynRecv: 1, TCPSynRetrans: 1, RetransSegs: 1 },
    run: () => listening(1).in(SYN).after(0.1).in(SYN).after(0.1).in(SYN).host,
  },
  {
    name: 'the ACK of a handshake that echoes a timestamp which was never sent',
    moves: { TSEcrRejected: 1, PassiveOpens: 0 },
    run: () => {
      const s = listening(1).in('S 0:0(0) win 100 <mss 1000,nop,nop,TS val 100 ecr 0>').ignore();
      return s.in('. 1:1(0) ack 1 win 100 <nop,nop,TS val 101 ecr 5>').host;
    },
  },
  {
    name: 'the ACK of a handshake with an old timestamp',
    moves: { PAWSEstab: 1, PassiveOpens: 0 },
    run: () => {
      const s = listening(1).in('S 0:0(0) win 100 <mss 1000,nop,nop,TS val 100 ecr 0>').ignore();
      return s.in('. 1:1(0) ack 1 win 100 <nop,nop,TS val 50 ecr 1000>').host;
    },
  },
  {
    name: 'ICMP errors about a SYN-ACK, and about what was never sent',
    moves: { OutOfWindowIcmps: 1, ListenDrops: 1 },
    run: () => {
      const s = listening(1).in('S 0:0(0) win 100 <mss 1000>');
      const request = [...s.host.tcp.entries()].find(({ state }) => state === NEW_SYN_RECV) as RequestSock;
      const { dport, sntIsn, sport } = request;
      for (const seq of [sntIsn + 500, sntIsn]) unreachable(s.host, PEER, sport, dport, seq, 1);
      return s.host;
    },
  },
  {
    name: 'a SYN that the application refuses, after it thought about it',
    moves: { OutRsts: 1, OutSegs: 1 },
    run: () => {
      const s = listening(1);
      let refuse: (() => void) | undefined;
      s.sk.synFilter = (request) => {
        refuse = () => request.reset(s.now);
        return 'defer';
      };
      s.in(SYN).quiet().after(1);
      refuse?.();
      return s.out('R. 0:0(0) ack 1').host;
    },
  },
  {
    name: 'an ACK that waits for data (TCP_DEFER_ACCEPT)',
    moves: { TCPDeferAcceptDrop: 1, PassiveOpens: 0 },
    run: () => {
      const s = listening(1);
      s.host.tcp.setsockopt(s.now, s.sk, 'TCP_DEFER_ACCEPT', 3);
      return join(s, 1000).host;
    },
  },
  {
    name: 'more connections than accept takes',
    moves: { ListenOverflows: 1, ListenDrops: 1, PassiveOpens: 2 },
    run: () =>
      join(join(listening(1), 1001), 1002)
        .ports(1003)
        .in(SYN)
        .quiet().host,
  },
  {
    name: 'more requests than the backlog, without SYN cookies',
    moves: { TCPReqQFullDrop: 1, ListenDrops: 1 },
    run: () => {
      const s = listening(1, { sysctl: { tcp_syncookies: 0 } });
      for (const port of [1001, 1002, 1003]) s.ports(port).in(SYN);
      return s.host;
    },
  },
  {
    name: 'a SYN cookie that comes back, and one that is wrong',
    moves: {
      TCPReqQFullDoCookies: 1,
      SyncookiesSent: 1,
      SyncookiesRecv: 1,
      SyncookiesFailed: 1,
      PassiveOpens: 1,
    },
    run: () => {
      const s = listening(8, { sysctl: { tcp_syncookies: 2 } })
        .in(SYN)
        .out('S. 0:0(0) ack 1');
      return s.in('. 1:1(0) ack 9 win 257').out('R 9:9(0)').in('. 1:1(0) ack 1 win 257').quiet().host;
    },
  },
  {
    name: 'fast open: a cookie is asked for, and comes back with data',
    moves: { TCPFastOpenCookieReqd: 1, TCPFastOpenPassive: 1, PassiveOpens: 1 },
    run: () => {
      const s = fastopenServer(4).in('S 0:0(0) win 1000 <mss 1000,FO,nop,nop>').ignore();
      return s.ports(40_001).in(fastopenSyn()).host;
    },
  },
  {
    name: 'fast open: a cookie is wrong',
    moves: { TCPFastOpenPassiveFail: 1, TCPFastOpenPassive: 0 },
    run: () => fastopenServer(4).in('S 0:10(10) win 1000 <mss 1000,FO 0123456789abcdef,nop,nop>').host,
  },
  {
    name: 'fast open: a cookie is of the second key',
    moves: { TCPFastOpenPassiveAltKey: 1, TCPFastOpenPassive: 1 },
    run: () => fastopenServer(4, `${OTHER_KEY},${KEY}`).in(fastopenSyn()).host,
  },
  {
    name: 'fast open: the queue is full',
    moves: { TCPFastOpenListenOverflow: 1, TCPFastOpenPassive: 1 },
    run: () => fastopenServer(1).in(fastopenSyn()).ignore().ports(40_001).in(fastopenSyn()).host,
  },
  {
    name: 'fast open: the SYN-ACK of a socket is lost',
    moves: { TCPTimeouts: 1, TCPSynRetrans: 1, RetransSegs: 1 },
    run: () => fastopenServer(4).in(fastopenSyn()).after(1.5).host,
  },
  {
    name: 'fast open: the data of a SYN is acknowledged',
    // The FIN of the connection before was sent, too.
    moves: { TCPFastOpenActive: 1, TCPFastOpenActiveFail: 0, TCPOrigDataSent: 2 },
    run: () => fastopenClient().fastopen(10, 10).ignore().in('S. 0:0(0) ack 11 win 5000 <mss 1400>').host,
  },
  {
    name: 'fast open: the data of a SYN is not acknowledged',
    moves: { TCPFastOpenActiveFail: 1, TCPFastOpenActive: 0 },
    run: () => fastopenClient().fastopen(10, 10).ignore().in('S. 0:0(0) ack 1 win 5000 <mss 1400>').host,
  },
  {
    name: 'fast open: SYNs vanish',
    moves: { TCPFastOpenBlackhole: 1, TCPFastOpenActiveFail: 1 },
    run: () => fastopenClient({ tcp_fastopen_blackhole_timeout_sec: 600 }).fastopen(10, 10).after(3.5).host,
  },
];

export const closing: readonly Scenario[] = [
  {
    name: 'TIME-WAIT runs out',
    moves: { TW: 1, CurrEstab: 0, EstabResets: 0 },
    run: () => closed('TIME_WAIT').after(61).host,
  },
  {
    name: 'a short FIN-WAIT-2 runs out (TCP_LINGER2)',
    moves: { TWKilled: 1, TW: 0 },
    run: () => {
      const s = established({ rtt: 0.001 });
      s.host.tcp.setsockopt(s.now, s.sk, 'TCP_LINGER2', 2);
      return s.close().after(0.001).in('. 1:1(0) ack 2 win 60000').after(2.1).host;
    },
  },
  {
    name: 'TIME-WAIT gives its port to who is bound to it',
    moves: { TWRecycled: 1, ActiveOpens: 2 },
    run: () => {
      const { world, a, b } = pair();
      const { client, server } = connected(world, a, b);
      const { sport } = client;
      client.reuse = true;
      a.tcp.close(world.now, client);
      world.advance(100_000);
      b.tcp.close(world.now, server);
      world.advance(100_000);
      const again = a.socket();
      again.reuse = true;
      a.tcp.bind(world.now, again, a.address, sport);
      a.tcp.connect(world.now, again, b.address, 80);
      return a;
    },
  },
  {
    name: 'a SYN with an old timestamp in TIME-WAIT',
    moves: { PAWSTimewait: 1 },
    run: () => closed('TIME_WAIT', true).in('S 9:9(0) win 100 <mss 1000,nop,nop,TS val 5 ecr 0>').host,
  },
  {
    name: 'more of TIME-WAIT than tcp_max_tw_buckets',
    moves: { TCPTimeWaitOverflow: 1, TW: 0 },
    run: () => {
      const s = established({}, { sysctl: { tcp_max_tw_buckets: 0 } });
      s.host.tcp.shutdown(s.now, s.sk, 2);
      return s.in('F. 1:1(0) ack 2 win 60000').host;
    },
  },
  {
    name: 'ACKs in TIME-WAIT, one soon after the other',
    moves: { TCPACKSkippedTimeWait: 1, OutSegs: 4 },
    run: () => closed('TIME_WAIT').in('. 1:1(0) ack 2 win 9').after(0.1).in('. 1:1(0) ack 2 win 9').host,
  },
  {
    name: 'segments out of the window in FIN-WAIT-2, one soon after the other',
    moves: { TCPACKSkippedFinWait2: 1 },
    run: () => {
      const s = closed('FIN_WAIT2').in('. 90001:90001(0) ack 2 win 60000');
      return s.after(0.1).in('. 90001:90001(0) ack 2 win 60000').host;
    },
  },
  {
    name: 'a close with data unread',
    moves: { TCPAbortOnClose: 1, EstabResets: 1, OutRsts: 1, TCPAbortFailed: 0 },
    run: () => established().in('P. 1:11(10) ack 1 win 60000').close().host,
  },
  {
    name: 'data after a close',
    moves: { TCPAbortOnData: 1, OutRsts: 1 },
    run: () => established().close().in('P. 1:11(10) ack 1 win 60000').host,
  },
  {
    name: 'data after a close, with the ACK of the FIN',
    moves: { TCPAbortOnData: 1, OutRsts: 1 },
    run: () => established().close().in('P. 1:11(10) ack 2 win 60000').host,
  },
  {
    name: 'an orphan that sends again, among too many',
    moves: { TCPAbortOnMemory: 1, OutRsts: 1, TCPTimeouts: 1 },
    run: () => {
      const s = established().send(10).close();
      s.host.sysctl.tcp_max_orphans = 0;
      return s.after(0.5).host;
    },
  },
  {
    name: 'a close with SO_LINGER of 0 s',
    moves: { TCPAbortOnData: 1, EstabResets: 1, OutRsts: 1 },
    run: () => {
      const s = established();
      s.sk.linger = 0;
      return s.close().host;
    },
  },
  {
    name: 'a close in FIN-WAIT-2 with TCP_LINGER2 below 0',
    moves: { TCPAbortOnLinger: 1, OutRsts: 1 },
    run: () => {
      const s = established();
      s.host.tcp.setsockopt(s.now, s.sk, 'TCP_LINGER2', -1);
      s.host.tcp.shutdown(s.now, s.sk, 2);
      return s.in('. 1:1(0) ack 2 win 60000').close().host;
    },
  },
  {
    name: 'more orphans than tcp_max_orphans',
    moves: { TCPAbortOnMemory: 1, OutRsts: 1 },
    run: () =>
      established({}, { sysctl: { tcp_max_orphans: 0 } })
        .send(10)
        .close().host,
  },
  {
    name: 'an abort whose RST has no route',
    moves: { TCPAbortFailed: 1, OutRsts: 1, TCPAbortOnData: 1 },
    run: () => {
      const s = established();
      s.sk.linger = 0;
      s.host.routeError = 'ENETUNREACH';
      s.host.generation++;
      return s.close().quiet().host;
    },
  },
  {
    name: 'the end of a host whose queues are full',
    moves: { TCPAbortFailed: 1, OutRsts: 1 },
    run: () => {
      const s = established();
      s.host.link = { queue: 10 };
      abortAll(s.now, s.host.tcp);
      return s.quiet().host;
    },
  },
  {
    name: 'probes of an idle connection (SO_KEEPALIVE)',
    moves: { TCPKeepAlive: 9, TCPAbortOnTimeout: 1, OutRsts: 1, EstabResets: 1 },
    run: () => {
      const s = established();
      s.host.tcp.setKeepalive(s.now, s.sk, true);
      return s.after(10_000).host;
    },
  },
];
