/**
 * Pacing: earliest departure times, the socket's own timer, and what else follows from the rate.
 */
import { SK_PACING_FQ, SK_PACING_NEEDED, SK_PACING_NONE } from '@stack/skbuff/sock';
import { describe, expect, it } from 'vitest';
import { connected, pair, pattern, read, write } from './fixture.ts';
import { smallQueueCheck, tsoSegs } from './output.ts';
import { departureTime, pacingDelay, updatePacingRate } from './pacing.ts';
import { Script, type ScriptOptions } from './script.fixture.ts';
import type { TcpSock } from './tcb.ts';

function limit(sk: TcpSock, rate: number): void {
  sk.maxPacingRate = rate;
  sk.pacingRate = rate;
  sk.pacingStatus = SK_PACING_NEEDED;
}

/** RTT 100 ms; ten segments of 1000 bytes were acknowledged, so that pacing is on. */
function paced(rate: number, options: ScriptOptions = {}): Script {
  const s = new Script(options).accepted({ mss: 1000, win: 60_000, sack: true, rtt: 0.1 });
  s.host.tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
  s.sk.sndbuf = 1 << 20;
  limit(s.sk, rate);
  s.send(10_000);
  expect(s.take().length).toBe(10); // the first ten leave at once
  return s.after(0.1).in(ack(10_001));
}

function ack(una: number, ...blocks: string[]): string {
  const sack = blocks.length === 0 ? '' : ` <nop,nop,sack ${blocks.join(' ')}>`;
  return `. 1:1(0) ack ${una} win 60000${sack}`;
}

/** When each packet is sent, µs from now. */
function times(s: Script): number[] {
  const start = s.now;
  const seen: number[] = [];
  s.host.tap = () => {
    seen.push(s.now - start);
    return true;
  };
  return seen;
}

describe('a socket that paces itself', () => {
  it('sends each packet as much after the one before as that takes at its rate', () => {
    const s = paced(100_000);
    const seen = times(s);
    s.send(5000).after(1);
    // The first one was late, by far, so the second may come half its time earlier.
    expect(seen.slice(0, 5)).toEqual([0, 5000, 15_000, 25_000, 35_000]);
  });

  it('loses nothing below a microsecond', () => {
    const s = paced(300_000);
    const seen = times(s);
    s.send(20_000).after(0.08);
    const at = (k: number) => Math.ceil((1_666_667 + (k - 1) * 3_333_333) / 1000);
    expect(seen.slice(1)).toEqual(Array.from({ length: 19 }, (_, i) => at(i + 1)));
  });

  it('paces what it sends again', () => {
    const s = paced(100_000);
    s.sk.sndCwnd = 20;
    s.send(10_000).after(0.2).take();
    const seen = times(s);
    s.in(ack(10_001, '15001:20001'));
    expect(s.sk.lostOut).toBe(5);
    s.after(0.03);
    expect(seen).toEqual([0, 5000, 15_000, 25_000]);
    expect(s.sk.retransOut).toBe(4);
  });

  it('counts its timers from when the next packet may leave', () => {
    const s = paced(1000).after(1).send(2000).out('. 10001:11001(1000) ack 1');
    expect(pacingDelay(s.now, s.sk)).toBe(900_000); // the first was late by 100 ms
    expect(s.sk.timeout).toBe(s.now + 300_000 + 900_000); // a timeout is sooner than two round trips and a delayed ACK
    s.after(0.899).quiet().after(0.001).out('P. 11001:12001(1000) ack 1');
  });

  it('sends all that its rate allows, and no more, and leaves no timer behind', () => {
    const { world, a, b } = pair({ delay: 5000 });
    const { client, server, listener } = connected(world, a, b, (_client, listening) =>
      limit(listening, 77_777),
    );
    limit(client, 250_000);
    expect([server.maxPacingRate, server.pacingRate, server.pacingStatus]).toEqual([
      77_777,
      77_777,
      SK_PACING_NEEDED,
    ]);
    const start = world.now;
    let end = 0;
    read(b, server, () => {
      end = world.now;
    });
    write(a, client, pattern(1_000_000), () => a.tcp.close(world.now, client));
    world.advance(1_000_000);
    const info = a.tcp.info(world.now, client);
    expect([info.pacingRate, info.maxPacingRate]).toEqual([250_000, 250_000]);
    world.advance(60_000_000);
    expect((end - start) / 1_000_000).toBeCloseTo(4, 1);
    limit(client, 1);
    expect(client.pacingTimer?.pending).toBe(false);
    b.tcp.close(world.now, listener);
    b.tcp.close(world.now, server);
    world.run();
  });

  it('has its timer stopped with the connection', () => {
    const s = paced(1000).send(5000);
    expect(s.sk.pacingTimer?.pending).toBe(true);
    s.host.tcp.disconnect(s.now, s.sk);
    expect(s.sk.pacingTimer?.pending).toBe(false);
  });
});

describe('a socket above a queue that paces', () => {
  it('sends at once, each packet with the time at which it is to leave, which is where its round trip begins', () => {
    const s = paced(100_000, { sysctl: { tcp_timestamps: 0 } });
    s.sk.pacingStatus = SK_PACING_FQ;
    const stamps: number[] = [];
    s.host.tap = (skb) => {
      stamps.push(skb.tstamp - s.now);
      return true;
    };
    s.send(4000);
    expect(stamps).toEqual([0, 5000, 15_000, 25_000]);
    expect(s.sk.rtxQueue.last?.tstamp).toBe(s.now + 25_000);
    expect(departureTime(s.now, s.sk)).toBe(s.now + 35_000);
    s.after(0.125).in(ack(14_001));
    expect(s.sk.rackRtt).toBe(100_000);
  });

  it('measures no negative round trip where the queue is gone', () => {
    const s = paced(1000);
    s.sk.pacingStatus = SK_PACING_FQ;
    s.send(3000).after(0.1).in(ack(13_001));
    expect([s.sk.rackRtt, s.sk.minRtt]).toEqual([0, 1000]); // none is a millisecond: Linux's clock of it has no less
  });
});

describe('the rate', () => {
  it('is the window in a round trip, and tcp_pacing_ca_ratio or tcp_pacing_ss_ratio of that', () => {
    const { sk, host } = new Script().accepted({ mss: 1000, rtt: 0.1 });
    sk.srtt = 800_000;
    sk.sndCwnd = 20;
    sk.packetsOut = 0;
    updatePacingRate(sk);
    expect(sk.pacingRate).toBe(400_000); // slow start, below half of the threshold
    sk.sndSsthresh = 40;
    updatePacingRate(sk);
    expect(sk.pacingRate).toBe(240_000);
    sk.packetsOut = 30; // the window shrank below what is out
    updatePacingRate(sk);
    expect(sk.pacingRate).toBe(360_000);
    host.sysctl.tcp_pacing_ca_ratio = 50;
    updatePacingRate(sk);
    expect(sk.pacingRate).toBe(150_000);
    sk.maxPacingRate = 99_999;
    updatePacingRate(sk);
    expect(sk.pacingRate).toBe(99_999);
  });

  it('bounds super-packets to a millisecond, and tcp_min_tso_segs', () => {
    const { sk, host } = paced(8_000_000, { gsoMaxSize: 65_536 });
    expect(sk.pacingRate).toBeLessThan(8_000_000);
    sk.pacingRate = 8_000_000;
    expect(tsoSegs(sk, 1000)).toBe(7);
    sk.pacingRate = 1000;
    expect(tsoSegs(sk, 1000)).toBe(2);
    host.sysctl.tcp_min_tso_segs = 3;
    expect(tsoSegs(sk, 1000)).toBe(3);
  });

  it('bounds what waits below to a millisecond; and tcp_limit_output_bytes does, unless packets are paced', () => {
    const s = paced(Number.POSITIVE_INFINITY).send(3000).after(0.02);
    const head = s.sk.rtxQueue.first;
    if (head === undefined) throw new Error('nothing in flight');
    s.sk.pacingRate = 1024 * 100_000;
    s.sk.pacingStatus = SK_PACING_NONE;
    s.host.sysctl.tcp_limit_output_bytes = 50_000;
    const throttled = (bytes: number) => {
      s.sk.wmemAlloc = bytes;
      return smallQueueCheck(s.sk, head, 1);
    };
    expect([throttled(50_000), throttled(50_001)]).toEqual([false, true]);
    s.sk.pacingStatus = SK_PACING_FQ;
    expect([throttled(100_000), throttled(100_001)]).toEqual([false, true]);
    s.sk.wmemAlloc = 0;
  });
});
