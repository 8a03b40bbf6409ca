/**
 * BBR over a bottleneck of 10 Mbit/s and 40 ms, in virtual time; and its reactions to single samples.
 */
import { SK_PACING_NEEDED } from '@stack/skbuff/sock';
import { describe, expect, it } from 'vitest';
import { bbr } from './bbr.ts';
import { type Bbr, BW_UNIT, PROBE_BW, PROBE_RTT, STARTUP } from './bbr-state.ts';
import { connected, Host, type LinkOptions, pair, pattern, read, seeded, World, write } from './fixture.ts';
import { tsoSegs } from './output.ts';
import { endCwndReduction } from './prr.ts';
import { RateSample } from './rate.ts';
import { Script } from './script.fixture.ts';
import type { TcpSock } from './tcb.ts';
import { CA_CWR, CA_LOSS, CA_OPEN, CA_RECOVERY } from './tcb-values.ts';

const SECOND = 1_000_000;
/** Bytes a second of payload that the bottleneck takes. */
const CAPACITY = (1_250_000 * 1448) / 1500;
const RTT = 40_000;
/** Segments of a bandwidth-delay product. */
const BDP = (CAPACITY * RTT) / SECOND / 1448;

/** A link with a bottleneck on its way: a frame waits until those before it are through, 1200 µs each. The queue has no end. */
function bottleneck(world: World): LinkOptions {
  let free = 0;
  return {
    delay: RTT / 2,
    jitter: () => {
      free = Math.max(free, world.now) + 1200;
      return free - world.now;
    },
  };
}

/** A connection over it, on which the client writes for ever, unless told otherwise. */
function bulk(lose: LinkOptions['lose'] = () => false, name = 'bbr', bytes = 60_000_000) {
  const { world, a, b } = pair({ delay: RTT / 2 });
  a.link = { ...bottleneck(world), lose };
  b.sysctl.tcp_rmem = [4096, 4_000_000, 6_291_456];
  a.sysctl.tcp_congestion_control = name;
  const { client, server } = connected(world, a, b);
  read(b, server, () => {});
  if (bytes > 0) write(a, client, pattern(bytes, 3));
  const state = () => client.caPriv as Bbr;
  /** Bytes a second that arrive in the next `seconds`. */
  const goodput = (seconds: number) => {
    const before = server.bytesReceived;
    world.advance(seconds * SECOND);
    return (server.bytesReceived - before) / seconds;
  };
  return { world, a, b, client, server, state, goodput };
}

describe('over a bottleneck', () => {
  it('doubles its rate each round trip, finds the bandwidth, and drains the queue that this made', () => {
    const { world, client, state, goodput } = bulk();
    expect(client.pacingStatus).toBe(SK_PACING_NEEDED);
    const modes: number[] = [];
    for (let i = 0; i < 200; i++) {
      world.advance(5000);
      if (modes.at(-1) !== state().mode) modes.push(state().mode);
    }
    expect(modes).toEqual([STARTUP, 1, PROBE_BW]);
    expect(goodput(2) / CAPACITY).toBeGreaterThan(0.97);
    expect((state().maxBw.value / BW_UNIT) * 1448 * SECOND).toBeCloseTo(CAPACITY, -5);
    expect(state().minRtt).toBeLessThan(RTT + 5000);
    expect(client.totalRetrans).toBe(0);
    // Two bandwidth-delay products, three super-packets, an even number.
    expect(client.sndCwnd).toBeGreaterThan(2 * BDP);
    expect(client.sndCwnd).toBeLessThan(2 * BDP + 20);
    expect(client.srtt >> 3).toBeLessThan(1.4 * RTT); // CUBIC would have filled any queue by now
  });

  it('probes for more, drains that, and cruises, eight round trips a turn', () => {
    const { world, state } = bulk();
    world.advance(2 * SECOND);
    const gains: number[] = [];
    for (let i = 0; i < 800; i++) {
      world.advance(1000);
      if (gains.at(-1) !== state().pacingGain) gains.push(state().pacingGain);
    }
    expect(new Set(gains)).toEqual(new Set([256, 320, 192]));
    const at = gains.indexOf(320);
    expect(gains.slice(at, at + 4)).toEqual([320, 192, 256, 320]);
  });

  it('begins the turn at a random phase, but never with the one that drains', () => {
    const phases = new Set<number>();
    for (let seed = 1; seed <= 40; seed++) {
      const sk = new Host(new World(), 1, {}, seeded(seed * 977)).socket();
      bbr.init?.(0, sk);
      const state = sk.caPriv as Bbr;
      state.filledPipe = true;
      state.mode = PROBE_RTT;
      state.probeRttDoneStamp = 1;
      sk.appLimited = 1;
      bbr.cwndEvent?.(2, sk, 'TX_START');
      phases.add(state.cycleIndex);
    }
    expect([...phases].sort()).toEqual([0, 2, 3, 4, 5, 6, 7]);
  });

  it('looks at the path without a queue after ten seconds that did not show a shorter round trip', () => {
    const { world, client, state } = bulk();
    world.advance(5 * SECOND);
    const { sndCwnd } = client;
    let small = 0;
    for (let i = 0; i < 12_000; i++) {
      world.advance(1000);
      if (client.sndCwnd === 4) {
        small++;
        expect(state().mode).toBe(PROBE_RTT);
        expect(client.appLimited).toBeGreaterThan(0); // what arrives now is not the bandwidth
      }
    }
    expect(small).toBeGreaterThan(200);
    expect(small).toBeLessThan(400);
    expect(client.sndCwnd).toBeGreaterThan(sndCwnd - 10);
    expect(state().minRtt).toBeLessThan(RTT + 2500); // a super-packet and its headers take that long
  });

  it('takes losses that do not come from a queue for what they are', () => {
    const shares = ['bbr', 'cubic'].map((name) => {
      const random = seeded(5);
      const { world, goodput } = bulk(() => random() % 50 === 0, name);
      world.advance(2 * SECOND);
      return goodput(8) / CAPACITY;
    });
    expect(shares[0]).toBeGreaterThan(0.85); // 2 % are lost
    expect(shares[1]).toBeLessThan(0.4);
  });

  it('keeps to the rate of a policer, and so loses little', () => {
    const rate = 0.25; // bytes a µs
    let tokens = 60_000;
    let last = 0;
    const world: { now?: World } = {};
    const lose: LinkOptions['lose'] = (_index, frame) => {
      const now = world.now?.now ?? 0;
      tokens = Math.min(60_000, tokens + (now - last) * rate);
      last = now;
      if (frame.len < 200) return false;
      if (tokens < frame.len) return true;
      tokens -= frame.len;
      return false;
    };
    const run = bulk(lose, 'bbr', 30_000_000);
    world.now = run.world;
    run.world.advance(SECOND);
    expect(run.state().isPoliced).toBe(true);
    const bytes = (run.state().policerBw / BW_UNIT) * 1448 * SECOND;
    expect(bytes / (250_000 * (1448 / 1500))).toBeGreaterThan(0.85);
    expect(bytes / (250_000 * (1448 / 1500))).toBeLessThan(1.1);
    const { totalRetrans, dataSegsOut } = run.client;
    const start = run.world.now;
    while (run.state().isPoliced) run.world.advance(RTT); // then it tries for more
    expect((run.world.now - start) / RTT).toBeGreaterThan(44); // 48 round trips since it was found
    const lost = run.client.totalRetrans - totalRetrans;
    expect(lost / (run.client.dataSegsOut - dataSegsOut)).toBeLessThan(0.02);
  });

  it('is not misled by an application that has little to send', () => {
    const { world, a, client, state } = bulk(undefined, 'bbr', 4_000_000);
    world.advance(5 * SECOND);
    expect(client.packetsOut).toBe(0);
    const before = state().maxBw.value;
    const chunk = pattern(2000);
    for (let i = 0; i < 60; i++) {
      expect(a.tcp.sendmsg(world.now, client, chunk, 0, 2000, 0)).toBe(2000);
      world.advance(60_000);
    }
    expect(state().maxBw.value).toBe(before);
    const { sndCwnd } = client;
    expect(sndCwnd).toBeGreaterThan(10);
    world.advance(5 * SECOND);
    a.tcp.sendmsg(world.now, client, chunk, 0, 2000, 0);
    expect(client.sndCwnd).toBe(sndCwnd); // it does not wither (RFC 2861)
    expect(client.rateAppLimited).toBe(false); // the last sample that counts is that of the bulk
  });

  it('carries a stream over a bad link, and leaves nothing behind', () => {
    const random = seeded(11);
    const { world, a, b } = pair({ delay: 5000, usPerByte: 0.01, lose: () => random() % 30 === 0 });
    a.sysctl.tcp_congestion_control = 'bbr';
    const { client, server } = connected(world, a, b);
    const bytes = pattern(400_000);
    let arrived: Uint8Array | undefined;
    read(b, server, (all) => {
      arrived = all;
    });
    write(a, client, bytes, () => a.tcp.shutdown(world.now, client, 2));
    world.advance(600 * SECOND);
    expect(arrived).toStrictEqual(bytes);
    expect(client.pacingTimer?.pending).toBe(false);
  });
});

/** A socket with BBR that has seen a full pipe: 1000 segments a second, 100 ms, window 200. */
function warm(): { sk: TcpSock; state: Bbr; ack: (now: number, what: Partial<RateSample>) => void } {
  const sk = new Host(new World(), 1, {}, seeded(1)).socket();
  sk.mssCache = 1000;
  sk.srtt = 800_000;
  sk.minRtt = 100_000;
  sk.sndCwnd = 200;
  sk.delivered = 1000;
  sk.packetsOut = 100;
  bbr.init?.(SECOND, sk);
  const state = sk.caPriv as Bbr;
  const ack = (now: number, what: Partial<RateSample>) => {
    sk.deliveredMstamp = now;
    sk.delivered += what.ackedSacked ?? 0;
    const sample = new RateSample();
    sample.begin(sk.packetsOut);
    bbr.congControl?.(now, sk, Object.assign(sample, what));
  };
  state.maxBw.update(10, 0, Math.floor(BW_UNIT / 1000));
  state.filledPipe = true;
  state.mode = PROBE_BW;
  state.pacingGain = 256;
  state.cwndGain = 512;
  state.cycleIndex = 3;
  state.cycleStamp = SECOND;
  state.ackEpochStamp = SECOND;
  return { sk, state, ack };
}

describe('after an ACK', () => {
  it('paces at the bandwidth less one percent, and windows are two of its products with the round trip', () => {
    const { sk, ack } = warm();
    ack(SECOND + 1000, {
      ackedSacked: 1,
      delivered: 100,
      interval: 100_000,
      priorDelivered: 900,
      rtt: 100_000,
    });
    expect(sk.pacingRate).toBe(989_987);
    // 2 * 100, one that came early, three super-packets of two, even.
    for (let i = 0; i < 20; i++) ack(SECOND + 2000 + i * 1000, { ackedSacked: 1 });
    expect(sk.sndCwnd).toBe(208);
  });

  it('in recovery sends a segment for each one delivered, for a round trip, and then grows again', () => {
    const { sk, state, ack } = warm();
    bbr.ssthresh(SECOND, sk);
    sk.caState = CA_RECOVERY;
    sk.lostOut = 10;
    ack(SECOND + 1000, { ackedSacked: 5, losses: 10 });
    expect(sk.sndCwnd).toBe(95); // 90 in flight
    sk.lostOut = 40;
    ack(SECOND + 2000, { ackedSacked: 1, losses: 30 });
    expect(sk.sndCwnd).toBe(65); // the window less what was lost, not less than what is in flight and one more
    expect(state.packetConservation).toBe(true);
    ack(SECOND + 100_000, { ackedSacked: 5, delivered: 100, interval: 100_000, priorDelivered: 1005 });
    expect(state.packetConservation).toBe(false);
    expect(sk.sndCwnd).toBe(70);
    sk.caState = CA_OPEN;
    ack(SECOND + 110_000, { ackedSacked: 5 });
    expect(sk.sndCwnd).toBe(205); // what it was when the loss came, and the five
  });

  it('makes the window larger by what came beyond the bandwidth, in either of the last five round trips', () => {
    const { sk, state, ack } = warm();
    ack(SECOND + 10_000, { ackedSacked: 60, delivered: 100, interval: 100_000, priorDelivered: 900 });
    expect(state.extraAcked).toEqual([60, 0]); // sixty in an epoch that began with them
    ack(SECOND + 20_000, { ackedSacked: 30, delivered: 100, interval: 100_000, priorDelivered: 900 });
    expect(state.extraAcked).toEqual([81, 0]); // ninety, of which the bandwidth explains nine
    expect(sk.sndCwnd).toBe(288); // 200 and 81, three super-packets of two, even
    for (let round = 0; round < 10; round++) {
      const priorDelivered = sk.delivered;
      ack(SECOND + 200_000 + round * 100_000, {
        ackedSacked: 1,
        delivered: 100,
        interval: 100_000,
        priorDelivered,
      });
      if (round === 8) expect(Math.max(...state.extraAcked)).toBe(81);
    }
    expect(Math.max(...state.extraAcked)).toBeLessThan(5);
  });

  it('counts a timeout as the begin of a round trip and of a stretch with losses', () => {
    const { sk, state } = warm();
    state.fullBw = 7;
    bbr.setState?.(SECOND, sk, CA_LOSS);
    expect([state.roundStart, state.fullBw, state.priorCaState, state.isSampling]).toEqual([
      true,
      0,
      CA_LOSS,
      true,
    ]);
    bbr.setState?.(SECOND, sk, CA_OPEN);
    expect(state.priorCaState).toBe(CA_LOSS);
    expect(bbr.undoCwnd(SECOND, sk)).toBe(200);
    expect([state.isSampling, state.policerBw]).toEqual([false, 0]);
  });

  it('takes nothing of a sample that is none', () => {
    const { sk, state, ack } = warm();
    const before = { ...state };
    ack(SECOND + 1000, {});
    expect(state).toMatchObject({ ...before, roundStart: false });
    expect(sk.sndCwnd).toBe(200);
  });
});

describe('its place among the others', () => {
  it('is chosen by name, takes super-packets of one segment below 1.2 Mbit/s, and three windows of send buffer', () => {
    const s = new Script({ sysctl: { tcp_congestion_control: 'cubic' } }).accepted({ mss: 1000, rtt: 0.1 });
    expect(s.host.tcp.congestion.names()).toEqual(['reno', 'cubic', 'bbr', 'dctcp']);
    expect(s.host.tcp.getsockopt(s.now, s.sk, 'TCP_CC_INFO')).toEqual({});
    expect(s.host.tcp.setsockopt(s.now, s.sk, 'TCP_CONGESTION', 'bbr')).toBeUndefined();
    expect(s.host.tcp.getsockopt(s.now, s.sk, 'TCP_CONGESTION')).toBe('bbr');
    expect(s.host.tcp.getsockopt(s.now, s.sk, 'TCP_CC_INFO')).toEqual({
      bbrBwLo: 0,
      bbrBwHi: 0,
      bbrMinRtt: 100_000,
      bbrPacingGain: 739,
      bbrCwndGain: 739,
    });
    // The initial window in a round trip, times 2.89, less a percent.
    expect(s.sk.pacingRate).toBe(285_662);
    expect(bbr.minTsoSegs?.(s.sk)).toBe(2);
    s.sk.pacingRate = 149_999;
    expect(bbr.minTsoSegs?.(s.sk)).toBe(1);
    expect(bbr.sndbufExpand?.(s.sk)).toBe(3);
  });

  it('is asked for all of that', () => {
    const [other, s] = ['cubic', 'bbr'].map((tcp_congestion_control) =>
      new Script({ sysctl: { tcp_congestion_control }, gsoMaxSize: 65_536 }).accepted({
        mss: 1000,
        rtt: 0.1,
      }),
    ) as [Script, Script];
    expect(s.sk.pacingRate).toBe(285_662); // not what the window alone would give
    expect(s.sk.sndbuf).toBe((other.sk.sndbuf * 3) / 2);
    for (const { sk } of [other, s]) sk.pacingRate = 100_000;
    expect([tsoSegs(other.sk, 1000), tsoSegs(s.sk, 1000)]).toEqual([2, 1]);
    for (const { sk, now } of [other, s]) {
      sk.caState = CA_CWR;
      sk.sndSsthresh = 5;
      endCwndReduction(now, sk);
    }
    expect([other.sk.sndCwnd, s.sk.sndCwnd]).toEqual([5, 10]);
  });

  it('does without a measured round trip, and without a state that was made', () => {
    const sk = new Host(new World(), 1, {}, seeded(1)).socket();
    bbr.cwndEvent?.(5, sk, 'TX_START'); // data in a SYN
    bbr.setState?.(5, sk, CA_LOSS);
    expect(bbr.info?.(sk)).toMatchObject({ bbrMinRtt: 0xffff_ffff });
    bbr.init?.(6, sk);
    expect(sk.pacingRate).toBe(
      Math.floor((Math.floor((Math.floor((10 * BW_UNIT) / 1000) * 536 * 739) / 256) * 990_000) / BW_UNIT),
    );
  });
});
