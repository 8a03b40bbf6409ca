/**
 * For tests: what becomes of what was sent, and what is counted of it.
 * @module
 */
import { SK_PACING_NONE } from '@stack/skbuff/sock';
import { connected, type Host, pair, pattern } from './fixture.ts';
import { ack, established, inFlight, type Scenario } from './mib.fixture.ts';
import { Script } from './script.fixture.ts';
import { TIMER_RETRANS } from './tcb-values.ts';
import { armRtx } from './timer.ts';

/** The retransmission timer fires now. */
function timeout(s: Script): Script {
  armRtx(s.sk, TIMER_RETRANS, s.now + 1000);
  return s.after(0.001);
}

/** A segment that ends the silence: with an echo of the peer's clock. */
function stamped(s: Script, line: string, ecr: number, sack = ''): Script {
  return s.in(`${line} <nop,nop,TS val 9 ecr ${ecr}${sack}>`);
}

/** Without SACK: three duplicate ACKs. */
function duplicates(s: Script): Script {
  for (let i = 0; i < 3; i++) s.in(ack(1));
  return s;
}

/** CUBIC in slow start, with twenty segments in flight. */
function slowStart(rtt: number): Script {
  const s = established({ sack: true, rtt }, { sysctl: { tcp_congestion_control: 'cubic' } });
  s.host.tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
  s.sk.sndbuf = 1 << 20;
  s.sk.pacingStatus = SK_PACING_NONE;
  return s.send(10_000).after(rtt).in(ack(10_001)).send(20_000);
}

/** A probe of the path MTU and what follows it. */
function probing(): Script {
  const s = new Script({ sysctl: { tcp_mtu_probing: 2 }, gsoMaxSize: 65_536 });
  s.connected({ mss: 1460, win: 60_000, sack: true });
  s.sk.sndCwnd = 20;
  return s.send(6000);
}

/** 300 segments in flight in super-packets, and a send buffer that is much too small for them. */
export function overfull(): Script {
  const s = new Script({ gsoMaxSize: 65_536, sysctl: { tcp_wmem: [4096, 1 << 20, 1 << 20] } });
  s.accepted({ mss: 1000, win: 60_000, wscale: 10, sack: true, rtt: 0.1 }).in('. 1:1(0) ack 1 win 1000');
  s.sk.sndCwnd = 400;
  s.send(300_000).ignore().after(0.1);
  s.sk.sndbuf = 4608;
  return s;
}

export const sending: readonly Scenario[] = [
  {
    name: 'segments that are acknowledged',
    moves: { TCPOrigDataSent: 10, TCPDelivered: 10, TCPDeliveredCE: 0, RetransSegs: 0 },
    run: () => inFlight(10).in(ack(10_001)).host,
  },
  {
    name: "ACKs on the fast way, and on the slow one, as the handshake's is",
    moves: { TCPHPAcks: 1, TCPPureAcks: 2 },
    run: () => inFlight(2).in(ack(1001)).in('. 1:1(0) ack 2001 win 30000').host,
  },
  {
    name: 'an ACK that tells of congestion (ECN)',
    moves: { TCPDeliveredCE: 2, TCPDelivered: 2 },
    run: () => {
      const s = new Script();
      s.host.tcp.bind(s.now, s.sk, 0, 80);
      s.host.tcp.listen(s.now, s.sk, 1);
      s.in('SEW 0:0(0) win 60000 <mss 1000>').in('. 1:1(0) ack 1 win 60000');
      s.listener = s.sk;
      return s.accept().send(2000).in('.E 1:1(0) ack 2001 win 60000').host;
    },
  },
  {
    name: 'three duplicate ACKs',
    moves: { TCPRenoRecovery: 1, TCPSackRecovery: 0, TCPFastRetrans: 1, RetransSegs: 1 },
    run: () => duplicates(inFlight(10, { sack: false })).host,
  },
  {
    name: 'SACK of three segments',
    moves: { TCPSackRecovery: 1, TCPRenoRecovery: 0, TCPFastRetrans: 1, RetransSegs: 1 },
    run: () => inFlight(10).in(ack(1, '1001:4001')).host,
  },
  {
    name: 'more duplicate ACKs than segments',
    moves: { TCPRenoReorder: 1 },
    run: () => {
      const s = inFlight(10, { sack: false });
      s.sk.reordering = 20;
      for (let i = 0; i < 10; i++) s.in(ack(1));
      return s.host;
    },
  },
  {
    name: 'a segment that arrives behind a later one',
    moves: { TCPSACKReorder: 1, RetransSegs: 0 },
    run: () => inFlight(10).in(ack(1, '1001:3001')).after(0.02).in(ack(3001)).host,
  },
  {
    name: 'SACK blocks that make no sense',
    moves: { TCPSACKDiscard: 1 },
    run: () => inFlight(10).in(ack(1, '3001:4001', '9001:12001')).host,
  },
  {
    name: 'a retransmission that is lost, too',
    moves: { TCPLostRetransmit: 1, TCPTimeouts: 0 },
    run: () => {
      const s = inFlight(10).in(ack(1, '2001:6001')).in(ack(1, '2001:7001'));
      return s.after(0.11).in(ack(1, '1001:7001')).host;
    },
  },
  {
    name: 'a peer that takes back what it told',
    moves: { TCPSACKReneging: 1 },
    run: () => inFlight(10).in(ack(1, '2001:3001')).in(ack(2001)).after(0.051).host,
  },
  {
    name: 'a timeout of all that is in flight',
    moves: { TCPTimeouts: 1, TCPSlowStartRetrans: 2, TCPSpuriousRTOs: 0 },
    run: () => timeout(inFlight(10, { sack: false })).in(ack(1001)).host,
  },
  {
    name: 'a timeout after the last one was not made good',
    moves: { TCPLossFailures: 1, TCPTimeouts: 2 },
    run: () => timeout(timeout(inFlight(10, { sack: false })).in(ack(1001))).host,
  },
  {
    name: 'a timeout in recovery, without SACK',
    moves: { TCPRenoRecoveryFail: 1, TCPTimeouts: 1 },
    run: () => timeout(duplicates(inFlight(10, { sack: false }))).host,
  },
  {
    name: 'a timeout in recovery, with SACK',
    moves: { TCPSackRecoveryFail: 1, TCPTimeouts: 1 },
    run: () => timeout(inFlight(10).in(ack(1, '1001:4001'))).host,
  },
  {
    name: 'a timeout after one duplicate ACK, without SACK',
    moves: { TCPRenoFailures: 1, TCPTimeouts: 1 },
    run: () => timeout(inFlight(10, { sack: false }).in(ack(1))).host,
  },
  {
    name: 'a timeout after one block of SACK',
    moves: { TCPSackFailures: 1, TCPTimeouts: 1 },
    run: () => timeout(inFlight(10).in(ack(1, '1001:2001'))).host,
  },
  {
    name: 'a timeout that was a mistake (F-RTO)',
    moves: { TCPSpuriousRTOs: 1, TCPLossUndo: 1 },
    run: () => timeout(inFlight(10)).in(ack(1, '1001:2001')).host,
  },
  {
    name: 'a timeout that was a mistake, as the echo of all tells',
    moves: { TCPLossUndo: 1, TCPSpuriousRTOs: 0, TCPTimeouts: 1 },
    run: () => stamped(timeout(inFlight(10, { ts: true })), ack(10_001), 1100).host,
  },
  {
    name: 'a recovery that was a mistake, as the echo of all tells',
    moves: { TCPFullUndo: 1, TCPPartialUndo: 0 },
    run: () => {
      const s = stamped(inFlight(10, { ts: true }), ack(1), 1100, ',nop,nop,sack 3001:6001');
      return stamped(s.after(0.01), ack(10_001), 1100).host;
    },
  },
  {
    name: 'a recovery that was a mistake, as the echo of its first segment tells',
    moves: { TCPPartialUndo: 1, TCPTSReorder: 1, TCPFullUndo: 0 },
    run: () => {
      const s = stamped(inFlight(10, { ts: true }), ack(1), 1100, ',nop,nop,sack 3001:6001');
      return stamped(s.after(0.01), ack(1001), 1100, ',nop,nop,sack 3001:6001').host;
    },
  },
  {
    name: 'a recovery that was a mistake, as a D-SACK tells',
    moves: { TCPDSACKUndo: 1, TCPDSACKRecv: 1, TCPDSACKRecvSegs: 1, TCPDSACKOfoRecv: 0 },
    run: () =>
      inFlight(10).in(ack(1, '1001:4001')).after(0.02).in(ack(10_001)).in(ack(10_001, '1:1001')).host,
  },
  {
    name: 'a D-SACK within a block',
    moves: { TCPDSACKOfoRecv: 1, TCPDSACKRecvSegs: 1, TCPDSACKRecv: 0 },
    run: () =>
      inFlight(10)
        .in(ack(1, '3001:6001'))
        .in(ack(1, '4001:5001', '3001:6001')).host,
  },
  {
    name: 'a D-SACK of more than was ever retransmitted',
    moves: { TCPDSACKIgnoredDubious: 1, TCPDSACKRecvSegs: 0 },
    run: () => inFlight(10).in(ack(5001, '1001:2001')).host,
  },
  {
    name: 'a D-SACK of a probe, with nothing to take back',
    moves: { TCPDSACKIgnoredNoUndo: 1, TCPDSACKRecvSegs: 1 },
    run: () => inFlight(4).after(0.1025).in(ack(4001, '3001:4001')).host,
  },
  {
    name: 'a D-SACK of a probe before the recovery',
    moves: { TCPDSACKIgnoredOld: 1, TCPDSACKIgnoredNoUndo: 0, TCPSackRecovery: 1 },
    run: () => {
      const s = inFlight(4).after(0.1025).in(ack(4001)).send(10_000).after(0.1);
      return s.in(ack(4001, '5001:8001')).in(ack(4001, '3001:4001', '5001:8001')).host;
    },
  },
  {
    name: 'a loss at the end, that a probe repairs',
    moves: { TCPLossProbes: 1, TCPLossProbeRecovery: 1, TCPTimeouts: 0 },
    run: () => {
      const s = inFlight(10).after(0.1025).send(1000).after(0.1).in(ack(10_001));
      return s.in(ack(11_001)).host;
    },
  },
  {
    name: 'a retransmission that this host has no room for',
    moves: { TCPRetransFail: 1, TCPTimeouts: 1 },
    run: () => {
      const s = inFlight(1);
      s.host.link = { queue: 10 };
      return timeout(s).host;
    },
  },
  {
    name: 'a retransmission of what did not leave this host yet',
    moves: { TCPSpuriousRtxHostQueues: 1, TCPTimeouts: 1, RetransSegs: 0 },
    run: () => {
      const { world, a, b } = pair({ usPerByte: 1000 });
      const { client } = connected(world, a, b);
      a.tcp.sendmsg(world.now, client, pattern(1000), 0, 1000, 0);
      world.advance(900_000);
      return a;
    },
  },
  {
    name: 'a block of SACK within a super-packet, where much too much is queued',
    moves: { TCPWqueueTooBig: 1 },
    run: () => overfull().in('. 1:1(0) ack 1 win 1000 <nop,nop,sack 151001:152001>').host,
  },
  {
    name: 'small writes while packets wait below',
    moves: { TCPAutoCorking: 1 },
    run: (): Host => {
      const { world, a, b } = pair({ usPerByte: 10 });
      const { client } = connected(world, a, b);
      a.tcp.setsockopt(world.now, client, 'TCP_NODELAY', 1);
      for (let i = 0; i < 9; i++) a.tcp.sendmsg(world.now, client, pattern(100), 0, 100, 0);
      return a;
    },
  },
  {
    name: 'probes of a closed window',
    moves: { TCPWinProbe: 2 },
    run: () => inFlight(1).in('. 1:1(0) ack 1001 win 0').send(1000).after(1).host,
  },
  {
    name: 'the end of repair mode',
    moves: { TCPWinProbe: 1, OutSegs: 2 },
    run: () => {
      const s = established();
      for (const value of [1, 0]) s.host.tcp.setsockopt(s.now, s.sk, 'TCP_REPAIR', value);
      return s.host;
    },
  },
  {
    name: 'a probe of the path MTU that is acknowledged',
    moves: { TCPMTUPSuccess: 1, TCPMTUPFail: 0 },
    run: () => probing().in('. 1:1(0) ack 1243 win 60000').host,
  },
  {
    name: 'a probe of the path MTU that is lost',
    moves: { TCPMTUPFail: 1, TCPMTUPSuccess: 0, TCPSackRecovery: 0 },
    run: () => probing().in('. 1:1(0) ack 1 win 60000 <nop,nop,sack 1243:4315>').host,
  },
  {
    name: 'slow start ends where round trips grow (HyStart)',
    moves: { TCPHystartDelayDetect: 1, TCPHystartDelayCwnd: 36, TCPHystartTrainDetect: 0 },
    run: () => {
      const s = slowStart(0.2).after(0.24);
      for (let i = 0; i < 9; i++) s.in(ack(12_001 + 2000 * i)).after(0.003);
      return s.host;
    },
  },
  {
    name: 'slow start ends where a train of ACKs is long (HyStart)',
    moves: { TCPHystartTrainDetect: 1, TCPHystartTrainCwnd: 27, TCPHystartDelayDetect: 0 },
    run: () => {
      const s = slowStart(0.02).after(0.02);
      for (let i = 0; i < 9; i++) s.in(ack(11_001 + 1000 * i)).after(0.0015);
      return s.host;
    },
  },
];
