/**
 * Which segments count: RFC 9293 §3.4, §3.10.7.4, RFC 5961, RFC 7323 §5.
 */
import { describe, expect, it } from 'vitest';
import { Script } from './script.fixture.ts';
import { CLOSE, ESTABLISHED } from './state.ts';

const established = (ts = false, sysctl = {}): Script =>
  new Script({ sysctl }).accepted({ mss: 1000, win: 60_000, ts });

describe('sequence numbers', () => {
  it('outside the window get an ACK (RFC 9293 §3.10.7.4), a RST there gets nothing', () => {
    const s = established();
    s.in('. 100001:100001(0) ack 1 win 60000').out('. 1:1(0) ack 1');
    s.in('R 100001:100001(0) win 0').quiet();
    s.in('P. 70001:70011(10) ack 1 win 60000').out('. 1:1(0) ack 1');
    expect(s.sk.state).toBe(ESTABLISHED);
    expect(s.host.drops).toStrictEqual({ TCP_INVALID_SEQUENCE: 3 });
    expect(s.host.tcp.mib.TcpExt.BeyondWindow).toBe(2);
  });

  it('that are old get an ACK, and no more than one in 500 ms where they carry no data', () => {
    const s = established();
    s.in('P. 1:11(10) ack 1 win 60000').ignore();
    s.in('. 1:1(0) ack 1 win 60000').out('. 1:1(0) ack 11');
    s.in('. 1:1(0) ack 1 win 60000').quiet();
    s.after(0.6).in('. 1:1(0) ack 1 win 60000').out('. 1:1(0) ack 11');
    expect(s.host.tcp.mib.TcpExt.TCPACKSkippedSeq).toBe(1);
  });

  it('may straddle the left edge: only what is new is taken', () => {
    const s = established();
    s.in('P. 1:11(10) ack 1 win 60000').ignore();
    s.in('P. 6:21(15) ack 1 win 60000').after(0.1).take();
    s.recv(50, 20);
    expect(s.host.tcp.inq(s.sk)).toBe(0);
  });
});

describe('RFC 5961', () => {
  it('takes a RST only at RCV.NXT, challenges one elsewhere in the window (MAY-12)', () => {
    const s = established();
    s.in('R 2:2(0) win 0').out('. 1:1(0) ack 1');
    expect(s.sk.state).toBe(ESTABLISHED);
    s.in('R 1:1(0) win 0').quiet();
    expect(s.sk.state).toBe(CLOSE);
    expect(s.host.tcp.mib.TcpExt.TCPChallengeACK).toBe(1);
  });

  it('takes one at the end of the highest block that was told of, and none at another block', () => {
    const s = new Script().accepted({ mss: 1000, win: 60_000, sack: true });
    s.in('. 3001:4001(1000) ack 1 win 60000').out('. 1:1(0) ack 1 <nop,nop,sack 3001:4001>');
    s.in('. 1001:2001(1000) ack 1 win 60000').out('. 1:1(0) ack 1 <nop,nop,sack 1001:2001 3001:4001>');
    s.in('R 2001:2001(0) win 0').out('. 1:1(0) ack 1 <nop,nop,sack 1001:2001 3001:4001>');
    expect(s.sk.state).toBe(ESTABLISHED);
    s.in('R 4001:4001(0) win 0').quiet();
    expect(s.sk.state).toBe(CLOSE);
  });

  it('challenges a SYN wherever it is', () => {
    const s = established();
    s.in('S 1:1(0) win 100 <mss 1000>').out('. 1:1(0) ack 1');
    s.after(1).in('S 900000:900000(0) win 100 <mss 1000>').out('. 1:1(0) ack 1');
    s.after(1).in('S. 0:0(0) ack 1 win 100 <mss 1000>').out('. 1:1(0) ack 1');
    expect(s.sk.state).toBe(ESTABLISHED);
    expect(s.host.tcp.mib.TcpExt).toMatchObject({ TCPSYNChallenge: 3, TCPChallengeACK: 3 });
    expect(s.host.tcp.mib.Tcp.InErrs).toBe(3);
  });

  it('challenges an ACK that is too old, or of what was not sent (RFC 9293 §3.10.7.4)', () => {
    const s = established();
    s.in('. 1:1(0) ack 1000000 win 60000').out('. 1:1(0) ack 1');
    s.send(10).ignore().after(0.5).ignore();
    s.in('. 1:1(0) ack 4200000000 win 60000').out('. 11:11(0) ack 1');
    expect(s.host.drops).toStrictEqual({ TCP_ACK_UNSENT_DATA: 1, TCP_TOO_OLD_ACK: 1 });
  });

  it('limits challenges per socket, and per host where tcp_challenge_ack_limit says so', () => {
    const s = established();
    s.in('R 2:2(0) win 0').out('. 1:1(0) ack 1').in('R 2:2(0) win 0').quiet();
    expect(s.host.tcp.mib.TcpExt.TCPACKSkippedChallenge).toBe(1);
    const few = established(false, { tcp_challenge_ack_limit: 1, tcp_invalid_ratelimit: 0 });
    few.in('R 2:2(0) win 0').in('R 2:2(0) win 0').in('R 2:2(0) win 0').in('R 2:2(0) win 0');
    expect(few.take().length).toBeLessThan(3);
    few.after(1).in('R 2:2(0) win 0').out('. 1:1(0) ack 1');
  });
});

describe('timestamps (RFC 7323)', () => {
  it('are in every segment once both agreed, and echo the one at the left edge', () => {
    const s = established(true);
    s.in('P. 1:11(10) ack 1 win 60000 <nop,nop,TS val 50 ecr 1000>').out(
      '. 1:1(0) ack 11 <nop,nop,TS val 0 ecr 50>',
    );
    s.in('P. 21:31(10) ack 1 win 60000 <nop,nop,TS val 60 ecr 1000>').out(
      '. 1:1(0) ack 11 <nop,nop,TS val 0 ecr 50>',
    );
    s.in('P. 11:21(10) ack 1 win 60000 <nop,nop,TS val 55 ecr 1000>').out(
      '. 1:1(0) ack 31 <nop,nop,TS val 0 ecr 55>',
    );
  });

  it('echo the segment at the left edge of what was acknowledged, not the last (RFC 7323 §4.2)', () => {
    const s = established(true);
    for (let i = 0; i < 20; i++) {
      s.in(`P. ${i * 10 + 1}:${i * 10 + 11}(10) ack 1 win 60000 <nop,nop,TS val 50 ecr 1000>`)
        .recv(10)
        .ignore();
    }
    s.after(0.15).ignore();
    s.in('P. 201:211(10) ack 1 win 60000 <nop,nop,TS val 60 ecr 1000>').quiet();
    s.in('P. 211:221(10) ack 1 win 60000 <nop,nop,TS val 70 ecr 1000>').quiet();
    s.after(0.04).out('. 1:1(0) ack 221 <nop,nop,TS val 190 ecr 60>');
  });

  it('that are old refuse the segment, and its sender is told (PAWS)', () => {
    const s = established(true);
    s.in('P. 1:11(10) ack 1 win 60000 <nop,nop,TS val 5000 ecr 1000>').ignore();
    s.after(0.01).in('P. 11:21(10) ack 1 win 60000 <nop,nop,TS val 4000 ecr 1000>').out('. 1:1(0) ack 11');
    s.recv(50, 10);
    expect(s.host.tcp.mib.TcpExt.PAWSEstab).toBe(1);
    expect(s.host.drops).toStrictEqual({ TCP_RFC7323_PAWS: 1 });
    // A RST counts in spite of its timestamp, an old ACK is dropped without an answer.
    s.in('. 10:10(0) ack 1 win 60000 <nop,nop,TS val 4000 ecr 1000>').quiet();
    expect(s.host.tcp.mib.TcpExt.PAWSOldAck).toBe(1);
    s.in('R 11:11(0) win 0 <nop,nop,TS val 1 ecr 0>');
    expect(s.sk.state).toBe(CLOSE);
  });

  it('mean nothing after 24 days of silence', () => {
    const s = established(true);
    s.in('P. 1:11(10) ack 1 win 60000 <nop,nop,TS val 5000 ecr 1000>').ignore();
    s.after(25 * 86_400)
      .in('P. 11:21(10) ack 1 win 60000 <nop,nop,TS val 4000 ecr 1000>')
      .take();
    s.recv(50, 20);
  });

  it('measure the round trip of what was retransmitted', () => {
    const s = established(true);
    s.send(10).ignore().at(0.2).ignore().at(0.3);
    s.in('. 1:1(0) ack 11 win 60000 <nop,nop,TS val 9 ecr 1200>');
    expect(s.sk.rto).toBeLessThan(600_000);
    expect(s.sk.backoff).toBe(0);
  });

  it('are not sent where the peer did not offer them, nor with tcp_timestamps 0', () => {
    established().send(10).out('P. 1:11(10) ack 1 <>');
    new Script({ sysctl: { tcp_timestamps: 0 } })
      .connect()
      .out('S 0:0(0) <mss 1460,nop,nop,sackOK,nop,wscale 7>');
  });

  it('begin at a random offset for each peer with tcp_timestamps 1 (RFC 7323 §5.4)', () => {
    const s = new Script({ sysctl: { tcp_timestamps: 1 } }).connect();
    const [syn] = s.take();
    expect(/TS val (\d+)/.exec(syn as string)?.[1]).not.toBe('0');
    s.in('S. 0:0(0) ack 1 win 100 <mss 1000>').take();
    expect(s.sk.state).toBe(ESTABLISHED);
  });
});

describe('what is no segment', () => {
  it('is dropped with a reason and counted, a wrong checksum first of all (MUST-3)', () => {
    const s = established();
    const { host } = s;
    host.receive(new Uint8Array(10), 0x0a00_0009);
    const short = new Uint8Array(20);
    short[12] = 0x40;
    host.receive(short, 0x0a00_0009);
    const long = new Uint8Array(20);
    long[12] = 0xf0;
    host.receive(long, 0x0a00_0009);
    const wrong = new Uint8Array(20);
    wrong[12] = 0x50;
    wrong[16] = 0x12;
    host.receive(wrong, 0x0a00_0009); // MUST-3: the checksum is verified
    s.quiet();
    expect(host.drops).toStrictEqual({ PKT_TOO_SMALL: 3, TCP_CSUM: 1 });
    expect(host.tcp.mib.Tcp).toMatchObject({ InErrs: 2, InCsumErrors: 1 });
  });

  it('without ACK, SYN and RST is dropped (RFC 9293 §3.10.7.4: "if the ACK bit is off, drop the segment")', () => {
    const s = established();
    s.in('P 1:11(10) win 60000').quiet();
    expect(s.host.drops).toStrictEqual({ TCP_FLAGS: 1 });
  });

  it('has options that are not known: they are skipped (MUST-6, MUST-7, MUST-68)', () => {
    const s = established();
    s.in('P. 1:11(10) ack 1 win 60000 <nop,nop,sackOK>').take();
    s.recv(20, 10);
  });

  it('came to a group: dropped before anything looks (MUST-57)', () => {
    const s = established();
    const skb = s.host.pool.alloc(40);
    if (skb === undefined) throw new Error();
    skb.put(40);
    skb.pktType = 2;
    s.host.tcp.receive(s.now, skb, s.host.family as never);
    s.quiet();
    expect(s.host.drops).toStrictEqual({ OTHERHOST: 1 });
  });

  it('has a TTL below IP_MINTTL', () => {
    const s = established();
    s.sk.inet.minttl = 255;
    s.in('P. 1:11(10) ack 1 win 60000').quiet();
    expect(s.host.drops).toStrictEqual({ TCP_MINTTL: 1 });
    expect(s.host.tcp.mib.TcpExt.TCPMinTTLDrop).toBe(1);
  });
});
