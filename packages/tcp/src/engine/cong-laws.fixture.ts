/**
 * For tests: what every congestion control keeps, whatever it computes.
 * @module
 */
import * as fc from 'fast-check';
import { expect } from 'vitest';
import type { CongestionOps } from './cong.ts';
import { connected, Host, pair, pattern, read, seeded, World, write } from './fixture.ts';
import { TCP_INFINITE_SSTHRESH, type TcpSock } from './tcb.ts';

/** Registers the laws with a test framework's `it`. */
export function congestionLaws(it: (name: string, run: () => void) => void, ops: CongestionOps): void {
  it(`${ops.name}: the threshold after a loss is 2 at least, and no more than the window`, () => {
    fc.assert(
      fc.property(windows(), (state) => {
        const sk = socket(ops, state);
        const ssthresh = ops.ssthresh(1_000_000, sk);
        expect(Number.isInteger(ssthresh)).toBe(true);
        expect(ssthresh).toBeGreaterThanOrEqual(2);
        expect(ssthresh).toBeLessThanOrEqual(Math.max(state.cwnd, 2));
      }),
    );
  });

  it(`${ops.name}: an ACK never shrinks the window, nor grows it by more than it acknowledged, nor above the clamp`, () => {
    fc.assert(
      fc.property(windows(), fc.integer({ min: 1, max: 1000 }), (state, acked) => {
        const sk = socket(ops, state);
        sk.isCwndLimited = true;
        ops.congAvoid?.(1_000_000, sk, sk.sndUna, acked);
        expect(Number.isInteger(sk.sndCwnd)).toBe(true);
        expect(sk.sndCwnd).toBeGreaterThanOrEqual(state.cwnd);
        expect(sk.sndCwnd).toBeLessThanOrEqual(Math.max(state.cwnd + acked + 1, state.cwnd));
        expect(sk.sndCwnd).toBeLessThanOrEqual(sk.sndCwndClamp);
      }),
    );
  });

  it(`${ops.name}: a window that was not used does not grow`, () => {
    fc.assert(
      fc.property(windows(), fc.integer({ min: 1, max: 100 }), (state, acked) => {
        const sk = socket(ops, state);
        sk.isCwndLimited = false;
        sk.maxPacketsOut = 0;
        ops.congAvoid?.(1_000_000, sk, sk.sndUna, acked);
        expect(sk.sndCwnd).toBe(state.cwnd);
      }),
    );
  });

  it(`${ops.name}: undoing gives at least the window that is`, () => {
    fc.assert(
      fc.property(windows(), fc.integer({ min: 1, max: 5000 }), (state, prior) => {
        const sk = socket(ops, state);
        sk.priorCwnd = prior;
        ops.ssthresh(1_000_000, sk);
        expect(ops.undoCwnd(1_000_000, sk)).toBeGreaterThanOrEqual(Math.min(state.cwnd, prior));
      }),
    );
  });

  it(`${ops.name}: hooks throw nothing, with or without a measurement`, () => {
    fc.assert(
      fc.property(windows(), fc.integer({ min: -1, max: 10_000_000 }), (state, rtt) => {
        const sk = socket(ops, state);
        for (const event of ['TX_START', 'CWND_RESTART', 'COMPLETE_CWR', 'LOSS'] as const)
          ops.cwndEvent?.(1, sk, event);
        ops.pktsAcked?.(1, sk, 3, rtt);
        for (let ca = 0; ca <= 4; ca++) ops.setState?.(1, sk, ca);
        ops.release?.(sk);
      }),
    );
  });

  it(`${ops.name}: carries a stream over a link that loses one frame in fifty`, () => {
    const random = seeded(11);
    const { world, a, b } = pair({ delay: 5000, usPerByte: 0.01, lose: () => random() % 50 === 0 });
    for (const host of [a, b]) {
      host.tcp.registerCongestionControl(ops);
      host.sysctl.tcp_congestion_control = ops.name;
    }
    const { client, server } = connected(world, a, b);
    expect(client.caOps).toBe(ops);
    expect(server.caOps).toBe(ops);
    const bytes = pattern(400_000);
    let arrived: Uint8Array | undefined;
    read(b, server, (all) => {
      arrived = all;
    });
    write(a, client, bytes, () => a.tcp.shutdown(world.now, client, 2));
    world.advance(600_000_000);
    expect(arrived).toStrictEqual(bytes);
  });
}

interface Windows {
  cwnd: number;
  ssthresh: number;
  count: number;
}

function windows(): fc.Arbitrary<Windows> {
  return fc.record(
    {
      cwnd: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 100_000 })),
      ssthresh: fc.oneof(
        fc.integer({ min: 2, max: 60 }),
        fc.integer({ min: 2, max: 100_000 }),
        fc.constant(TCP_INFINITE_SSTHRESH),
      ),
      count: fc.integer({ min: 0, max: 200 }),
    },
    { noNullPrototype: true },
  );
}

function socket(ops: CongestionOps, state: Windows): TcpSock {
  const host = new Host(new World(), 1, {}, seeded(1));
  host.tcp.registerCongestionControl(ops);
  const sk = host.socket();
  sk.caOps = ops;
  ops.init?.(0, sk);
  sk.sndCwnd = state.cwnd;
  sk.priorCwnd = state.cwnd;
  sk.sndSsthresh = state.ssthresh;
  sk.sndCwndCnt = state.count;
  sk.packetsOut = state.cwnd;
  return sk;
}
