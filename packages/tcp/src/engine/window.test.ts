/**
 * Windows, both ways: RFC 9293 §3.8.6, RFC 7323 §2.
 */
import { describe, expect, it } from 'vitest';
import { Script } from './script.fixture.ts';
import { fullSpace, scalingRatio } from './window.ts';

describe('tcp_adv_win_scale', () => {
  it.each([
    [1, 128],
    [2, 192],
    [31, 255],
    [0, 255],
    [-1, 128],
    [-2, 64],
    [-31, 1],
  ])('%i makes %i of 256 bytes of buffer payload', (scale, ratio) => {
    expect(scalingRatio(scale)).toBe(ratio);
    const script = new Script({ sysctl: { tcp_adv_win_scale: scale } });
    expect(script.sk.scalingRatio).toBe(ratio);
  });
});

describe('the window we offer', () => {
  it('begins at half the buffer, whole segments, and needs no shift for a small one', () => {
    const s = new Script();
    s.sk.rcvbuf = 8192;
    s.sk.userlocks = 2;
    s.connect().out('S 0:0(0) win 2920 <mss 1460,sackOK,TS val 0 ecr 0,nop,wscale 0>');
    expect(fullSpace(s.sk)).toBe(4096);
  });

  it('is all of the buffer from the first segment on that is scaled, though a SYN can say 64 KiB only', () => {
    const options = { sysctl: { tcp_rmem: [4096, 540_000, 6_291_456] as [number, number, number] } };
    const active = new Script(options).connect();
    active.out('S 0:0(0) win 65535');
    active.in('S. 0:0(0) ack 1 win 32792 <mss 1000,nop,wscale 7>').out('. 1:1(0) ack 1 win 2099');
    expect(active.sk.rcvWnd).toBe(2099 << 7);
    const passive = new Script(options).accepted({ mss: 1000, wscale: 7 });
    passive.send(10).out('P. 1:11(10) ack 1 win 2099');
  });

  it('of a request is what its SYN-ACK said', () => {
    const s = new Script({ sysctl: { tcp_rmem: [4096, 540_000, 6_291_456] } });
    s.host.tcp.bind(s.now, s.sk, 0, 80);
    s.host.tcp.listen(s.now, s.sk, 8);
    s.in('S 0:0(0) win 32792 <mss 1000,nop,wscale 7>').out('S. 0:0(0) ack 1 win 65535');
    s.in('. 65536:65636(100) ack 1 win 100').out('. 1:1(0) ack 1 win 511');
    expect(s.host.tcp.tables.count).toBe(1);
  });

  it('is clamped by TCP_WINDOW_CLAMP, at 1152 bytes at the least, and follows what the overhead of segments leaves', () => {
    const s = new Script().accepted({ mss: 1000 });
    const { tcp } = s.host;
    s.sk.rcvSsthresh = 5000;
    tcp.setsockopt(s.now, s.sk, 'TCP_WINDOW_CLAMP', 100);
    expect(tcp.getsockopt(s.now, s.sk, 'TCP_WINDOW_CLAMP')).toBe(1152);
    expect(s.sk.rcvSsthresh).toBe(1152);
    tcp.setsockopt(s.now, s.sk, 'TCP_WINDOW_CLAMP', 30_000);
    expect(s.sk.rcvSsthresh).toBe(30_000);
    expect(tcp.setsockopt(s.now, s.sk, 'TCP_WINDOW_CLAMP', 0)).toBe('EINVAL');
    const t = new Script().accepted({ mss: 1000 });
    t.in('. 1:601(600) ack 1 win 60000');
    expect(t.sk.windowClamp).toBe(61_440); // 600 bytes in a packet that costs 1280, of 131,072
    expect(t.sk.rcvSsthresh).toBe(t.sk.windowClamp);
  });

  it('does not grow with segments out of order: their ACKs must look like duplicates', () => {
    const s = new Script().accepted({ mss: 1460, wscale: 7 });
    s.in('. 1461:2921(1460) ack 1 win 500').out('. 1:1(0) ack 1 win 502');
    s.sk.rcvSsthresh = 10_000;
    s.in('. 2921:4381(1460) ack 1 win 500').out('. 1:1(0) ack 1 win 502');
    expect(s.sk.rcvSsthresh).toBe(10_000);
    s.in('. 1:1461(1460) ack 1 win 500');
    expect(s.sk.rcvSsthresh).toBeGreaterThan(10_000);
  });

  it('is spared by small segments: they are put into what is left of the packet before', () => {
    const s = new Script().accepted({ mss: 1460 });
    s.in('P. 1:11(10) ack 1 win 60000');
    const cost = s.sk.rmemAlloc;
    for (let seq = 11; seq < 101; seq += 10) s.in(`P. ${seq}:${seq + 10}(10) ack 1 win 60000`);
    expect(s.sk.receiveQueue.qlen).toBe(1);
    expect(s.sk.rmemAlloc).toBe(cost);
    s.recv(1000, 100);
    expect(s.sk.rmemAlloc).toBe(0);
  });

  it('closes as data waits, never shrinks (SHLD-14), opens in large steps when it was read (MUST-39)', () => {
    const s = new Script();
    s.accepted({
      mss: 1000,
      win: 60_000,
      prepare: (sk) => {
        sk.rcvbuf = 20_000;
        sk.userlocks = 2;
      },
    });
    const right: number[] = [];
    let seq = 1;
    for (let i = 0; i < 20; i++) {
      s.in(`. ${seq}:${seq + 1000}(1000) ack 1 win 60000`);
      for (const line of s.take()) {
        const [, ack, win] = /ack (\d+) win (\d+)/.exec(line) as unknown as [string, string, string];
        right.push(Number(ack) + Number(win));
        seq = Number(ack);
      }
    }
    for (let i = 1; i < right.length; i++) expect(right[i]).toBeGreaterThanOrEqual(right[i - 1] as number);
    expect(s.sk.rcvWnd - (s.sk.rcvNxt - s.sk.rcvWup)).toBeLessThan(1000);
    expect(
      s.host.tcp.mib.TcpExt.TCPToZeroWindowAdv + s.host.tcp.mib.TcpExt.TCPWantZeroWindowAdv,
    ).toBeGreaterThan(0);
    const waiting = s.host.tcp.inq(s.sk) as number;
    s.recv(waiting);
    const update = s.take();
    expect(update.length).toBe(1);
    expect(s.sk.rcvWnd).toBeGreaterThan(4000);
  });

  it('takes ACKs and RSTs in a closed window (MUST-66), answers probes (MUST-35), and may keep it closed (MAY-8)', () => {
    const s = new Script();
    s.accepted({
      mss: 1000,
      win: 60_000,
      prepare: (sk) => {
        sk.rcvbuf = 4608;
        sk.userlocks = 2;
      },
    });
    s.in('. 1:2001(2000) ack 1 win 60000').take();
    s.after(1).take();
    const { rcvNxt } = s.sk;
    s.in('. 2001:2002(1) ack 1 win 60000');
    expect(s.take().length).toBe(1);
    expect(s.sk.rcvNxt - rcvNxt).toBeLessThanOrEqual(1);
    // ACKs and RSTs are taken whatever the window is.
    s.send(10).take();
    s.in('. 2001:2001(0) ack 11 win 60000').info({ unacked: 0 });
  });

  it('advertises the clamp of TCP_WINDOW_CLAMP and of the route', () => {
    const s = new Script();
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_WINDOW_CLAMP', 5000);
    s.connect().out('S 0:0(0) win 4380');
    const other = new Script();
    other.host.metrics.window = 3000;
    other.connect().out('S 0:0(0) win 2920');
    const third = new Script();
    third.host.metrics.initrwnd = 5;
    third.connect().out('S 0:0(0) win 7300');
  });

  it('shifts by what it offered, keeps windows in more than 16 bits (REC-1), and takes a shift above 14 for 14 (RFC 7323 §2.3)', () => {
    const s = new Script();
    s.accepted({ mss: 1000, win: 1000, wscale: 15 });
    s.info({ sndWscale: 14 });
    s.in('. 1:1(0) ack 1 win 3').info({ sndWnd: 3 << 14 });
    const unscaled = new Script({ sysctl: { tcp_window_scaling: 0 } });
    unscaled.accepted({ mss: 1000, win: 1000, wscale: 7 }).info({ sndWscale: 0, rcvWscale: 0 });
  });
});

describe('the receive buffer', () => {
  it('is reckoned in payload by what segments cost', () => {
    const s = new Script().accepted({ mss: 1460, win: 60_000 });
    expect(s.sk.scalingRatio).toBe(128);
    s.in('. 1:1461(1460) ack 1 win 60000').ignore();
    const cost = s.sk.rmemAlloc;
    expect(s.sk.scalingRatio).toBe(Math.floor((1460 * 256) / cost));
    expect(s.sk.windowClamp).toBe(fullSpace(s.sk));
  });
});

describe('SO_RCVLOWAT', () => {
  it('makes room for as much, and is no more than half of what may be', () => {
    const s = new Script().accepted({ mss: 1000, win: 60_000 });
    s.host.tcp.setRcvlowat(s.now, s.sk, 500_000);
    expect(s.sk).toMatchObject({ rcvlowat: 500_000, rcvbuf: 1_000_000, windowClamp: 500_000 });
    s.host.tcp.setRcvlowat(s.now, s.sk, 0);
    expect(s.sk).toMatchObject({ rcvlowat: 1, rcvbuf: 1_000_000 });
    s.host.tcp.setRcvlowat(s.now, s.sk, 1 << 30);
    expect(s.sk.rcvlowat).toBe(s.host.sysctl.tcp_rmem[2] >> 1);
    s.sk.userlocks = 2;
    s.sk.rcvbuf = 10_000;
    s.host.tcp.setRcvlowat(s.now, s.sk, 8000);
    expect(s.sk).toMatchObject({ rcvlowat: 5000, rcvbuf: 10_000 });
  });
});

describe("the peer's window", () => {
  it('is not exceeded, and is taken as unsigned (MUST-1)', () => {
    const s = new Script().accepted({ mss: 1000, win: 2500 });
    s.send(5000).out('. 1:1001(1000) ack 1').out('P. 1001:2001(1000) ack 1').quiet();
    s.in('. 1:1(0) ack 2001 win 65535').info({ sndWnd: 65_535 });
  });

  it('may shrink (MUST-34): nothing new is sent beyond it (SHLD-15), what was sent is retransmitted within it (SHLD-16), and nobody times out (SHLD-17)', () => {
    const s = new Script().accepted({ mss: 1000, win: 8000, rtt: 0.1 });
    s.send(8000);
    expect(s.take().length).toBe(8);
    s.after(0.1).in('. 1:1(0) ack 1001 win 2000');
    s.send(1000).quiet();
    s.after(0.3).out('. 1001:2001(1000) ack 1');
    s.in('. 1:1(0) ack 2001 win 8000').take();
    // To nothing, with data in flight: as long as the peer answers, nobody gives up.
    s.in('. 1:1(0) ack 3001 win 0').ignore();
    for (let i = 0; i < 40; i++) s.after(60).in('. 1:1(0) ack 3001 win 0').ignore();
    expect(s.sk.err).toBe('');
    s.in('. 1:1(0) ack 3001 win 8000').after(130).ignore();
    s.in('. 1:1(0) ack 8001 win 8000').info({ unacked: 1 });
  });

  it('is probed when it is zero (MUST-36): first after an RTO, then doubled (SHLD-29, SHLD-30), for as long as answers come (MUST-37)', () => {
    const s = new Script().accepted({ mss: 1000, win: 4000, rtt: 0.1 });
    s.send(1000).out('P. 1:1001(1000) ack 1');
    s.after(0.1).in('. 1:1(0) ack 1001 win 0').send(2000).quiet();
    let due = 0.3;
    for (let i = 0; i < 30; i++) {
      s.after(due).out('. 1000:1000(0) ack 1').quiet();
      s.in('. 1:1(0) ack 1001 win 0');
      due = Math.min(due * 2, 120);
    }
    expect(s.sk.err).toBe('');
    expect(s.host.tcp.mib.TcpExt.TCPWinProbe).toBe(30);
    s.in('. 1:1(0) ack 1001 win 5000').out('. 1001:2001(1000) ack 1').out('P. 2001:3001(1000) ack 1').quiet();
    s.in('. 1:1(0) ack 3001 win 5000').info({ unacked: 0, backoff: 0, probes: 0 }).after(200).quiet();
  });

  it('is given up on when nobody answers the probes', () => {
    const s = new Script().accepted({ mss: 1000, win: 4000, rtt: 0.1 });
    s.send(1000).ignore();
    s.after(0.1).in('. 1:1(0) ack 1001 win 0').send(2000);
    s.after(3000);
    expect(s.sk.takeError()).toBe('ETIMEDOUT');
  });

  it('is taken from the newest segment alone', () => {
    const s = new Script().accepted({ mss: 1000, win: 5000 });
    s.in('. 11:11(0) ack 1 win 6000').info({ sndWnd: 6000 });
    s.in('. 1:1(0) ack 1 win 7000').info({ sndWnd: 6000 });
  });
});

describe('silly windows (SHLD-7, MUST-38)', () => {
  it('sends no small segment into a small window while data is in flight', () => {
    const s = new Script().accepted({ mss: 1000, win: 4000 });
    s.send(100).ignore().in('. 1:1(0) ack 101 win 1500');
    s.send(1800).out('. 101:1101(1000) ack 1').quiet();
    s.in('. 1:1(0) ack 1101 win 500').quiet(); // below half a segment: wait for more window, or the probe timer
    s.in('. 1:1(0) ack 1101 win 1500').out('P. 1101:1901(800) ack 1');
  });

  it('sends what fits after the override timeout', () => {
    const s = new Script().accepted({ mss: 1000, win: 4000, rtt: 0.1 });
    s.send(100).ignore().in('. 1:1(0) ack 101 win 1500');
    s.send(1800).out('. 101:1101(1000) ack 1');
    s.in('. 1:1(0) ack 1101 win 500').quiet();
    s.after(s.sk.rto / 1e6).out('P. 1101:1601(500) ack 1');
  });

  it('sends by then all but the FIN, where that alone is beyond the window', () => {
    const s = new Script().accepted({ mss: 1000, win: 4000, rtt: 0.1 });
    s.send(100).ignore().in('. 1:1(0) ack 101 win 500');
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_CORK', 1);
    s.send(500).quiet();
    s.host.tcp.shutdown(s.now, s.sk, 2);
    s.quiet().after(s.sk.rto / 1e6);
    s.out('P. 101:601(500) ack 1').in('. 1:1(0) ack 601 win 500').out('FP. 601:601(0) ack 1').quiet();
  });
});
