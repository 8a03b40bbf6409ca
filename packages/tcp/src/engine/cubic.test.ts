/**
 * CUBIC (RFC 9438) and HyStart. Windows at each step are Linux 6.18's, but above the window that the last loss met (§4.3).
 */
import { SK_PACING_FQ, SK_PACING_NONE } from '@stack/skbuff/sock';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { congestionLaws } from './cong-laws.fixture.ts';
import { cubeRoot, cubic } from './cubic.ts';
import { Script } from './script.fixture.ts';
import type { TcpSock } from './tcb.ts';
import { CA_LOSS } from './tcb-values.ts';

describe('laws of congestion control', () => {
  congestionLaws(it, cubic);
});

/** A socket in congestion avoidance whose window is used up. */
function avoiding(cwnd: number, prior = 0): { sk: TcpSock; ack: (now: number, segments: number) => void } {
  const sk = new Script().host.socket();
  sk.caOps = cubic;
  cubic.init?.(0, sk);
  sk.minRtt = 100_000;
  if (prior > 0) {
    sk.sndCwnd = prior;
    sk.sndSsthresh = cubic.ssthresh(0, sk);
  }
  sk.sndCwnd = cwnd;
  sk.sndSsthresh = Math.min(sk.sndSsthresh, cwnd);
  sk.isCwndLimited = true;
  const ack = (now: number, segments: number) => {
    cubic.pktsAcked?.(now, sk, segments, 100_000);
    cubic.congAvoid?.(now, sk, 0, segments);
  };
  return { sk, ack };
}

function cube(n: bigint): bigint {
  return n * n * n;
}

describe('the cube root', () => {
  it('is the greatest integer whose cube is no more', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (n) => {
        const root = cubeRoot(n);
        expect(cube(BigInt(root))).toBeLessThanOrEqual(BigInt(n));
        expect(cube(BigInt(root + 1))).toBeGreaterThan(BigInt(n));
      }),
    );
    expect([0, 1, 7, 8, 26, 27, 2 ** 30].map(cubeRoot)).toStrictEqual([0, 1, 1, 2, 2, 3, 1024]);
  });
});

describe('the window', () => {
  it('comes down to 717/1024 (§4.6), and lower the maximum that is aimed at when it was not reached (§4.7)', () => {
    const { sk } = avoiding(100);
    expect(cubic.ssthresh(0, sk)).toBe(70);
    expect(sk.caPriv).toMatchObject({ lastMax: 100 });
    sk.sndCwnd = 80;
    expect(cubic.ssthresh(0, sk)).toBe(56);
    expect(sk.caPriv).toMatchObject({ lastMax: 68 });
    sk.sndCwnd = 1;
    expect(cubic.ssthresh(0, sk)).toBe(2);
  });

  it('grows fast, slows down at the old maximum, and probes beyond it (§4.2)', () => {
    const { ack, sk } = avoiding(716, 1000);
    const windows: number[] = [];
    // K = cbrt(284 / 0.4) = 8.9 s; a round trip each 100 ms.
    for (let now = 100_000; now <= 14_000_000; now += 100_000) {
      ack(now, sk.sndCwnd);
      windows.push(sk.sndCwnd);
    }
    const at = (seconds: number) => windows[seconds * 10 - 1] as number;
    const ideal = (seconds: number) => {
      const offset = seconds + 0.1 - 8.92;
      return 0.4 * offset * offset * offset + 1000;
    };
    for (const seconds of [1, 2, 4, 6, 8, 9, 10, 12, 14]) {
      expect(Math.abs(at(seconds) - ideal(seconds)), `after ${seconds} s`).toBeLessThan(12);
    }
    for (let i = 1; i < windows.length; i++) {
      expect(windows[i]).toBeGreaterThanOrEqual(windows[i - 1] as number);
    }
  });

  it('is never below what Reno with this reduction would have, and grows as fast as Reno from the old window on (§4.3)', () => {
    const { ack, sk } = avoiding(14, 20);
    const grow = (from: number, rounds: number) => {
      for (let i = 0; i < rounds; i++) ack(20_000 * (from + i + 1), sk.sndCwnd);
      return sk.sndCwnd;
    };
    // 0.8 s in all: the cubic function is flat. alpha = 3 * 0.3 / 1.7 = 0.53 segments in a round trip until 20, in the twelfth, then 1.
    const below = grow(0, 10);
    expect(below).toBeGreaterThanOrEqual(14 + 4);
    expect(below).toBeLessThanOrEqual(14 + 6);
    const back = grow(10, 5);
    expect(Math.abs(back - 24)).toBeLessThanOrEqual(1);
    expect(Math.abs(grow(15, 20) - back - 20)).toBeLessThanOrEqual(2);
  });

  it('knows after a timeout, too, which window the loss met', () => {
    const { sk } = avoiding(14, 20);
    cubic.setState?.(0, sk, CA_LOSS);
    expect(sk.caPriv).toMatchObject({ prior: 20, lastMax: 0 });
  });

  it('grows by half in a round trip at most', () => {
    const { ack, sk } = avoiding(10, 5000);
    ack(100_000, 10);
    ack(60_000_000, 10);
    const before = sk.sndCwnd;
    ack(60_100_000, before);
    expect(sk.sndCwnd - before).toBeLessThanOrEqual(Math.ceil(before / 2));
  });

  it('does not grow for time in which nothing was sent (§5.8)', () => {
    const { ack, sk } = avoiding(70, 100);
    ack(1_000_000, 1);
    const { epochStart } = sk.caPriv as { epochStart: number };
    sk.lsndtime = 1_200_000;
    cubic.cwndEvent?.(5_200_000, sk, 'TX_START');
    expect(sk.caPriv).toMatchObject({ epochStart: epochStart + 4_000_000 });
  });

  it('knows of no maximum after a timeout: a segment for each twenty acknowledged', () => {
    const { ack, sk } = avoiding(70, 100);
    cubic.setState?.(0, sk, CA_LOSS);
    sk.sndCwnd = 1000;
    sk.sndSsthresh = 1000;
    ack(1_000_000, 1000);
    expect(sk.sndCwnd).toBe(1050);
  });
});

describe('HyStart', () => {
  /** Twenty segments in flight, RTT 200 ms, window 20. */
  function slowStart(): Script {
    const s = new Script({ sysctl: { tcp_congestion_control: 'cubic' } });
    s.accepted({ mss: 1000, win: 64_000, sack: true, rtt: 0.2 });
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
    s.sk.sndbuf = 1 << 20;
    s.send(10_000).after(0.2).in('. 1:1(0) ack 10001 win 64000').send(20_000).ignore();
    return s.info({ sndCwnd: 20 });
  }

  it('ends slow start at the ninth sample of a round trip that all are an eighth longer', () => {
    const s = slowStart().after(0.24);
    for (let i = 0; i < 8; i++) {
      s.in(`. 1:1(0) ack ${12_001 + 2000 * i} win 64000`).info({
        sndCwnd: 22 + 2 * i,
        sndSsthresh: 0x7fff_ffff,
      });
      s.after(0.003);
    }
    s.in('. 1:1(0) ack 28001 win 64000').info({ sndCwnd: 36, sndSsthresh: 36 });
    s.in('. 1:1(0) ack 30001 win 64000').info({ sndCwnd: 36 });
    const { TcpExt } = s.host.tcp.mib;
    expect(TcpExt).toMatchObject({
      TCPHystartDelayDetect: 1,
      TCPHystartDelayCwnd: 36,
      TCPHystartTrainDetect: 0,
    });
  });

  it('goes on where the round trip is as short as ever', () => {
    const s = slowStart().after(0.2);
    for (let i = 0; i < 10; i++) s.in(`. 1:1(0) ack ${12_001 + 2000 * i} win 64000`).after(0.003);
    s.info({ sndCwnd: 40, sndSsthresh: 0x7fff_ffff });
  });

  /** Trains of ACKs over 13 of 20 ms, as a queue at the bottleneck spreads them. */
  function train(pacingStatus: number): Script {
    const s = new Script({ sysctl: { tcp_congestion_control: 'cubic' } });
    s.accepted({ mss: 1000, win: 64_000, sack: true, rtt: 0.02 });
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
    s.sk.sndbuf = 1 << 20;
    s.sk.pacingStatus = pacingStatus;
    s.send(10_000).after(0.02).in('. 1:1(0) ack 10001 win 64000').send(20_000).ignore().after(0.02);
    for (let i = 0; i < 9; i++) s.in(`. 1:1(0) ack ${11_001 + 1000 * i} win 64000`).after(0.0015);
    return s;
  }

  it('ends slow start where one train of ACKs lasts for half a round trip', () => {
    const s = train(SK_PACING_NONE);
    const { TcpExt } = s.host.tcp.mib;
    expect(TcpExt.TCPHystartTrainDetect).toBe(1);
    expect(TcpExt.TCPHystartTrainCwnd).toBe(s.sk.sndSsthresh);
    expect(s.sk.sndSsthresh).toBeLessThan(40);
  });

  it('needs a train of a whole one where pacing may have made it', () => {
    expect(train(SK_PACING_FQ).host.tcp.mib.TcpExt.TCPHystartTrainDetect).toBe(0);
  });
});
