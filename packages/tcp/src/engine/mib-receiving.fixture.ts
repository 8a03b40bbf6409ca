/**
 * For tests: what comes to a connection, and what is counted of it.
 * @module
 */
import { connected, type Host, pair, pattern } from './fixture.ts';
import { established, listening, type Scenario, unreachable } from './mib.fixture.ts';
import { PEER, type Script } from './script.fixture.ts';

/** A connection with a receive buffer of so many bytes. */
function small(rcvbuf: number): Script {
  return established({
    prepare: (sk) => {
      sk.rcvbuf = rcvbuf;
      sk.userlocks = 2;
    },
  });
}

/** A header of 20 bytes, all but its length field 0. */
function header(doff: number): Uint8Array {
  const bytes = new Uint8Array(20);
  bytes[12] = doff << 4;
  return bytes;
}

/** A connection whose peer was offered much more than there is room for by now. */
function shrunk(): Script {
  const s = established();
  s.sk.rcvbuf = 20_000;
  s.sk.userlocks = 2;
  return s;
}

/** Segments of `size` bytes, `count` of them, unread. */
function unread(s: Script, count: number, size: number): Script {
  for (let i = 0; i < count; i++) s.in(`P. ${i * size + 1}:${(i + 1) * size + 1}(${size}) ack 1 win 60000`);
  return s;
}

/** A connection of a host that has no memory for TCP any more, until a segment is dropped for it. */
function withoutMemory(): Script {
  const s = established().in('. 1:1001(1000) ack 1');
  s.host.sysctl.tcp_mem = [0, 0, 0];
  s.host.sysctl.tcp_rmem = [0, 131_072, 6_291_456];
  for (let at = 1001; at < 9000 && s.host.tcp.mib.TcpExt.TCPRcvQDrop === 0; at += 1000) {
    s.in(`. ${at}:${at + 1000}(1000) ack 1`);
  }
  return s;
}

const next = (s: Script): number => s.sk.rcvNxt >>> 0;

export const receiving: readonly Scenario[] = [
  {
    name: 'segments that are none: a header too short, a wrong checksum',
    moves: { InSegs: 4, InErrs: 2, InCsumErrors: 1 },
    run: () => {
      const s = established();
      s.host.receive(header(4), PEER);
      s.host.receive(header(5), PEER);
      return s.host;
    },
  },
  {
    name: 'a TTL below IP_MINTTL',
    moves: { TCPMinTTLDrop: 1 },
    run: () => {
      const s = established();
      s.sk.inet.minttl = 255;
      return s.in('P. 1:11(10) ack 1').quiet().host;
    },
  },
  {
    name: 'a SYN whose TTL is below IP_MINTTL',
    moves: { TCPMinTTLDrop: 1, OutSegs: 0 },
    run: () => {
      const s = listening(1);
      s.sk.inet.minttl = 255;
      return s.in('S 0:0(0) win 1000 <mss 1000>').host;
    },
  },
  {
    name: 'a segment beyond the window',
    moves: { BeyondWindow: 1, TCPACKSkippedSeq: 0 },
    run: () => established().in('. 100001:100001(0) ack 1').host,
  },
  {
    name: 'segments below the window, one soon after the other',
    moves: { TCPACKSkippedSeq: 1, BeyondWindow: 0 },
    run: () => established().in('P. 1:11(10) ack 1').in('. 1:1(0) ack 1').in('. 1:1(0) ack 1').host,
  },
  {
    name: 'a RST beside the next number, twice',
    moves: { TCPChallengeACK: 1, TCPACKSkippedChallenge: 1, TCPSYNChallenge: 0, EstabResets: 0 },
    run: () => established().in('R 2:2(0) win 0').in('R 2:2(0) win 0').host,
  },
  {
    name: 'a RST at the next number',
    moves: { EstabResets: 1, CurrEstab: 0, TCPChallengeACK: 0 },
    run: () => established().in('R 1:1(0) win 0').host,
  },
  {
    name: 'a SYN',
    moves: { TCPSYNChallenge: 1, TCPChallengeACK: 1, InErrs: 1 },
    run: () => established().in('S 1:1(0) win 100 <mss 1000>').host,
  },
  {
    name: 'an old timestamp: with data, as an ACK again and again, and as an old ACK',
    moves: { PAWSEstab: 3, TCPACKSkippedPAWS: 1, PAWSOldAck: 1 },
    run: () => {
      const s = established({ ts: true }).in('P. 1:11(10) ack 1 win 9 <nop,nop,TS val 5000 ecr 1000>');
      s.after(0.01).in('P. 11:21(10) ack 1 win 9 <nop,nop,TS val 4000 ecr 1000>');
      for (let i = 0; i < 2; i++) s.in('. 12:12(0) ack 1 win 9 <nop,nop,TS val 4000 ecr 1000>');
      return s.in('. 10:10(0) ack 1 win 9 <nop,nop,TS val 4000 ecr 1000>').host;
    },
  },
  {
    name: 'an ICMP error about what was never sent',
    moves: { OutOfWindowIcmps: 1 },
    run: () => {
      const s = established();
      unreachable(s.host, PEER, s.sk.sport, s.sk.dport, s.sk.sndNxt + 500, 1);
      return s.host;
    },
  },
  {
    name: 'segments in order, that are not read',
    // The first and the third have to ask for memory, which is not the fast way.
    moves: { TCPHPHits: 1, TCPRcvCoalesce: 2, TCPOFOQueue: 0 },
    run: () => unread(established(), 3, 1000).host,
  },
  {
    name: 'a short segment that nobody answers',
    moves: { DelayedACKs: 1 },
    run: () => {
      const s = established();
      for (let i = 0; i < 20; i++) s.in(`P. ${next(s)}:${next(s) + 10}(10) ack 1`).recv(10);
      return s.after(0.15).in('P. 201:211(10) ack 1').after(0.1).host;
    },
  },
  {
    name: 'a segment that came before, and one that waits out of order',
    moves: { DelayedACKLost: 1, TCPDSACKOldSent: 1, TCPDSACKOfoSent: 1, TCPOFOQueue: 2, TCPOFOMerge: 1 },
    run: () => {
      const s = established({ sack: true }).in('. 1:1001(1000) ack 1').in('. 1:1001(1000) ack 1');
      return s.in('. 3001:4001(1000) ack 1').in('. 3001:4001(1000) ack 1').host;
    },
  },
  {
    name: 'a segment that came before, and is below the window',
    moves: { DelayedACKLost: 1, TCPDSACKOldSent: 1, BeyondWindow: 0 },
    run: () => {
      const s = established({ sack: true });
      for (const at of [1, 11, 1]) s.in(`P. ${at}:${at + 10}(10) ack 1`);
      return s.host;
    },
  },
  {
    name: 'a segment that takes in what waits out of order, and a longer one in its place',
    moves: { TCPOFOMerge: 3, TCPOFOQueue: 4 },
    run: () => {
      const s = established().in('. 301:401(100) ack 1').in('. 501:601(100) ack 1');
      return s.in('. 201:651(450) ack 1').in('. 201:701(500) ack 1').host;
    },
  },
  {
    name: 'many segments behind a gap',
    moves: { TCPAckCompressed: 3, TCPOFOQueue: 7 },
    run: () => {
      const s = established({ sack: true, rtt: 0.1 });
      s.sk.rcvRtt = 800_000;
      for (let at = 1001; at < 8000; at += 1000) s.in(`. ${at}:${at + 1000}(1000) ack 1`);
      return s.after(0.002).host;
    },
  },
  {
    name: 'a full buffer of what is out of order, from behind',
    moves: { OfoPruned: 1, RcvPruned: 0, TCPOFODrop: 0 },
    run: () => {
      const s = shrunk();
      const { TcpExt } = s.host.tcp.mib;
      for (let at = 18_001; at > 600 && TcpExt.OfoPruned === 0; at -= 600)
        s.in(`. ${at}:${at + 300}(300) ack 1`);
      return s.host;
    },
  },
  {
    name: 'a full buffer of what is out of order, and more behind it',
    moves: { TCPOFODrop: 1, RcvPruned: 1, OfoPruned: 0 },
    run: () => {
      const s = shrunk();
      const { TcpExt } = s.host.tcp.mib;
      for (let at = 1001; at < 18_000 && TcpExt.TCPOFODrop === 0; at += 600)
        s.in(`. ${at}:${at + 300}(300) ack 1`);
      return s.host;
    },
  },
  {
    name: 'a full buffer of little segments',
    moves: { TCPRcvCollapsed: 1, PruneCalled: 1 },
    run: () => unread(small(10_000), 60, 20).host,
  },
  {
    name: 'no memory: a segment is dropped, and the window closes',
    moves: { TCPRcvQDrop: 1 },
    run: () => withoutMemory().host,
  },
  {
    name: 'a segment in a window that was closed for want of memory, and not opened by who wants no more',
    moves: { TCPZeroWindowDrop: 1 },
    run: () => {
      const s = withoutMemory();
      s.host.tcp.shutdown(s.now, s.sk, 1);
      s.recv(next(s) - 1);
      return s.in(`. ${next(s)}:${next(s) + 1000}(1000) ack 1`).host;
    },
  },
  {
    name: 'an application that stops reading, and reads again',
    moves: { TCPToZeroWindowAdv: 1, TCPFromZeroWindowAdv: 1 },
    run: () => {
      const s = small(8000);
      for (let i = 0; i < 40; i++) s.in(`. ${next(s)}:${next(s) + 500}(500) ack 1`);
      s.recv(s.host.tcp.inq(s.sk) as number);
      return s.host;
    },
  },
  {
    name: 'a window that had to be nothing, and must not shrink',
    moves: { TCPWantZeroWindowAdv: 1, TCPToZeroWindowAdv: 0 },
    run: () => {
      const s = small(20_000);
      const { TcpExt } = s.host.tcp.mib;
      for (let i = 0; i < 40 && TcpExt.TCPWantZeroWindowAdv === 0; i++) {
        s.in(`. ${next(s)}:${next(s) + 500}(500) ack 1`);
      }
      return s.host;
    },
  },
  {
    name: 'sockets that hold more than tcp_mem likes',
    moves: { TCPMemoryPressures: 1 },
    run: (): Host => {
      const { world, a, b } = pair();
      a.sysctl.tcp_mem = [4, 6, 60];
      const { client } = connected(world, a, b);
      a.tcp.sendmsg(world.now, client, pattern(60_000), 0, 60_000, 0);
      return a;
    },
  },
];
