/**
 * Delivery rate samples (draft-cheng-iccrg-delivery-rate-estimation §3), and what a sender's time goes to.
 */
import { describe, expect, it } from 'vitest';
import { rateGenerate, rateSample } from './rate.ts';
import { Script } from './script.fixture.ts';
import type { TcpSock } from './tcb.ts';

/** A connection with an RTT of 100 ms and segments of 1000 bytes. */
function script(): Script {
  const s = new Script().accepted({ mss: 1000, win: 60_000, sack: true, rtt: 0.1 });
  s.host.tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
  s.sk.sndbuf = 1 << 20;
  return s;
}

function ack(una: number, ...blocks: string[]): string {
  const sack = blocks.length === 0 ? '' : ` <nop,nop,sack ${blocks.join(' ')}>`;
  return `. 1:1(0) ack ${una} win 60000${sack}`;
}

function lastSample({ rateDelivered, rateInterval }: TcpSock): [number, number] {
  return [rateDelivered, rateInterval];
}

describe('a sample', () => {
  it('is none before anything was delivered', () => {
    script().info({ deliveryRate: 0, deliveryRateAppLimited: 1, delivered: 1 });
  });

  it('is what was delivered since the segment was sent, over the time that took', () => {
    const s = script().send(10_000);
    s.after(0.1).in(ack(4001)).info({ delivered: 5, deliveryRate: 40_000 });
    s.after(0.02).in(ack(10_001)).info({ delivered: 11, deliveryRate: 83_333 });
    expect(lastSample(s.sk)).toEqual([10, 120_000]);
  });

  it('takes the segment sent last of those that an ACK delivers', () => {
    const s = script().send(2000).after(0.03).send(2000);
    // Two were delivered when the second pair was acknowledged, and none when it was sent.
    s.after(0.08).in(ack(2001)).after(0.02).in(ack(4001));
    expect(lastSample(s.sk)).toEqual([4, 130_000]);
  });

  it('is no faster than the segments were sent, however close their ACKs come (§3.2)', () => {
    const s = script();
    for (let i = 0; i < 10; i++) s.send(1000).after(0.01);
    s.after(0.1).in(ack(9001)); // nine ACKs that something held up
    expect(lastSample(s.sk)).toEqual([9, 200_000]);
    s.send(9000).after(0.1).in(ack(19_001));
    // Ten were acknowledged 100 ms after those; but the last of them was sent 120 ms after the last of those.
    expect(lastSample(s.sk)).toEqual([10, 120_000]);
  });

  it('counts what SACK told of once', () => {
    const s = script().send(10_000);
    s.after(0.1).in(ack(1, '5001:10001')).info({ delivered: 6 });
    expect(lastSample(s.sk)).toEqual([5, 100_000]);
    s.after(0.1).in(ack(10_001)).info({ delivered: 11 });
    // The holes were sent again at 100 ms, when five were delivered: five more in the next 100 ms.
    expect(lastSample(s.sk)).toEqual([5, 100_000]);
  });

  it('is not taken again from what SACK told of, when it is acknowledged', () => {
    const s = script().send(1000).after(0.095).send(1000).after(0.005).in(ack(1001)).send(1000);
    s.after(0.1).in(ack(1001, '2001:3001'));
    expect(lastSample(s.sk)).toEqual([1, 100_000]);
    // The one that was late, and not the one behind it: three were delivered since that was sent.
    s.after(0.01).in(ack(3001));
    expect(lastSample(s.sk)).toEqual([3, 210_000]);
  });

  it('is not taken where the time is less than a round trip: it was not this transmission that arrived', () => {
    const { sk, now } = script();
    for (const [time, interval] of [
      [99_999, -1],
      [100_000, 100_000],
    ] as const) {
      rateSample.begin(1);
      Object.assign(rateSample, { found: true, priorDelivered: 1, priorMstamp: (now - time) | 0 });
      rateGenerate(now, sk, 1, 0, false);
      expect([rateSample.interval, sk.rateInterval]).toEqual([interval, Math.max(interval, 0)]);
    }
  });

  it('is not taken from a peer that takes back what SACK told', () => {
    const s = script().send(4000).after(0.1);
    s.sk.isSackReneg = true;
    s.in(ack(4001)).info({ deliveryRate: 0, delivered: 5 });
  });
});

describe('the application', () => {
  it('limits a sample while it has less than a segment to send, and until that is delivered', () => {
    const s = script().send(4000).after(0.1).in(ack(4001)).info({ deliveryRateAppLimited: 1 });
    s.send(30_000).ignore(); // into an idle connection, whose window is ten segments
    s.after(0.1).in(ack(14_001)).info({ deliveryRateAppLimited: 1, deliveryRate: 100_000 });
    s.after(0.1).in(ack(34_001)).info({ deliveryRateAppLimited: 0, deliveryRate: 200_000 });
  });

  it('does not replace a better sample by a limited one, only by one at least as good', () => {
    const s = script().send(40_000).ignore();
    s.after(0.1).in(ack(10_001)).after(0.1).in(ack(30_001)).after(0.1).in(ack(40_001));
    s.info({ deliveryRateAppLimited: 0, deliveryRate: 100_000 });
    s.send(1000).after(0.1).in(ack(41_001)).info({ deliveryRateAppLimited: 0, deliveryRate: 100_000 });
    s.send(30_000).ignore().after(0.1).in(ack(71_001));
    s.info({ deliveryRateAppLimited: 1, deliveryRate: 300_000 });
  });

  it('does not limit while the window is what limits, or while packets wait in this host', () => {
    const s = script().send(10_000);
    s.after(0.05).send(1000);
    expect(s.sk.appLimited).toBe(1); // as at the first write
    s.after(0.05).in(ack(10_001));
    expect(s.sk.appLimited).toBe(0);
    s.sk.wmemAlloc += 640;
    s.send(500);
    expect(s.sk.appLimited).toBe(0);
    s.sk.wmemAlloc -= 640;
    s.send(500);
    expect(s.sk.appLimited).toBe(13); // eleven delivered, two in flight
  });
});

describe('a sender', () => {
  it('is busy from the write to the ACK, and limited by the window while that is closed', () => {
    const s = script().send(1000).after(0.1).in(ack(1001)).after(1);
    s.info({ busyTime: 100_000, rwndLimited: 0, sndbufLimited: 0 });
    s.send(1000).after(0.1).in('. 1:1(0) ack 2001 win 0').send(1000).after(0.15);
    s.info({ busyTime: 350_000, rwndLimited: 150_000 });
    s.in(ack(2001)).after(0.1).in(ack(3001)).after(1);
    s.info({ busyTime: 450_000, rwndLimited: 150_000 });
  });

  it('is busy while it waits for anything, though nothing is in flight', () => {
    const s = script().send(1000).after(0.1).in('. 1:1(0) ack 1001 win 0').send(500).after(0.05);
    s.info({ unacked: 0, busyTime: 150_000 });
  });
});
