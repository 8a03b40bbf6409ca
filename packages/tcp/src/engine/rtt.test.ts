/**
 * RFC 6298, with Linux's variance.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rttEstimate, setRto } from './rtt.ts';
import { Script } from './script.fixture.ts';
import type { TcpSock } from './tcb.ts';

function socket(): TcpSock {
  return new Script().connected({ mss: 1000 }).sk;
}

/** Takes in one RTT, as the only segment of a round trip. */
function measure(sk: TcpSock, rtt: number): void {
  sk.sndUna = (sk.sndUna + 1) | 0;
  sk.sndNxt = sk.sndUna;
  rttEstimate(sk, rtt);
  setRto(sk);
}

describe('the estimator', () => {
  it('begins with the first measurement and half of it (2.2)', () => {
    const sk = socket();
    sk.srtt = 0;
    rttEstimate(sk, 300_000);
    setRto(sk);
    expect([sk.srtt >> 3, sk.mdev >> 2, sk.rttvar, sk.rto]).toStrictEqual([
      300_000, 150_000, 600_000, 900_000,
    ]);
  });

  it('moves by an eighth and a quarter (2.3)', () => {
    const sk = socket();
    sk.srtt = 0;
    measure(sk, 800_000);
    measure(sk, 1_600_000);
    expect(sk.srtt >> 3).toBe(900_000);
    expect(sk.mdev >> 2).toBe(500_000); // 400,000 + (800,000 - 400,000) / 4
  });

  it('takes a falling RTT in slowly', () => {
    const sk = socket();
    sk.srtt = 0;
    measure(sk, 800_000);
    for (let i = 0; i < 20; i++) measure(sk, 800_000);
    const before = sk.mdev;
    measure(sk, 100_000);
    expect(sk.mdev - before).toBeLessThan(700_000 / 8 + 1);
  });

  it('keeps the timeout between the RTT plus the lower bound and the upper bound (2.4, 2.5)', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3_000_000_000 }), { minLength: 1, maxLength: 50 }),
        (samples) => {
          const sk = socket();
          sk.srtt = 0;
          for (const sample of samples) {
            measure(sk, sample);
            expect(sk.srtt).toBeGreaterThan(0);
            expect(sk.rto).toBeLessThanOrEqual(120_000_000);
            expect(sk.rto).toBeGreaterThanOrEqual(Math.min((sk.srtt >> 3) + 200_000, 120_000_000) - 1);
            expect(Number.isInteger(sk.rto)).toBe(true);
          }
        },
      ),
    );
  });

  it('follows a steady RTT to it, and its variance to the bound', () => {
    const sk = socket();
    sk.srtt = 0;
    measure(sk, 1_000_000);
    for (let i = 0; i < 200; i++) measure(sk, 50_000);
    expect(Math.abs((sk.srtt >> 3) - 50_000)).toBeLessThan(10);
    expect(sk.rto).toBeLessThan(251_000);
  });

  it('has the lower bound of the route, and the upper one of TCP_RTO_MAX_MS', () => {
    const s = new Script();
    s.host.metrics.rto_min = 40;
    s.connected({ mss: 1000 });
    s.sk.srtt = 0;
    measure(s.sk, 1000);
    expect(s.sk.rto).toBe(41_000);
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_RTO_MAX_MS', 1000);
    measure(s.sk, 20_000_000);
    expect(s.sk.rto).toBe(1_000_000);
  });
});
