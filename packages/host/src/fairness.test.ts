/**
 * Flows that share one bottleneck: who gets how much, and how soon. A client, a router and a server; the router's way out takes 10 Mbit/s
 * (two flows) or 20 Mbit/s (ten), round trip 40 ms without a queue. Virtual time, so the numbers are exact: any change of behaviour shows.
 *
 * What is to be expected of the numbers:
 * - One queue, loss-based: CUBIC with CUBIC converges to halves, slowly. CUBIC and Reno are alike here: with 66 to 130 segments a flow at
 *   40 ms CUBIC is in its Reno-friendly region (RFC 9438 §4.3), and a loss costs it 30 % and not half, so it keeps somewhat more.
 * - BBR with CUBIC in one queue: BBR has two bandwidth-delay products in flight at most, CUBIC fills whatever is there. The queue of two
 *   products (two flows) has room for both, and they share roughly evenly, in turns: CUBIC is more as its window grows, less after a loss,
 *   and BBR's ten-second look at the empty path gives some back. The queue of one product (ten flows) has no room for what BBR's flows
 *   together keep in flight: it overflows all the time, which BBR ignores and CUBIC does not (Hock et al., ICNP 2017). Among themselves
 *   BBR's flows share unevenly there, at the price of many retransmissions: one of ten has a fifth or a third of it all. Which one and how much is
 *   chance; any change of when an ACK comes makes it another (Jain's index of BBR with CUBIC was seen from 0.43 to 0.58).
 * - fq gives each flow its turn: all shares are equal whatever the flows do, and Jain's index is 1.
 */
import { describe, expect, it } from 'vitest';
import { jain, MSS, received, SECONDS, SETTLING, share, WIRE_MSS } from './fairness.fixture.ts';
import type { QdiscSpec } from './verbs/qdisc.ts';

const QUEUES: Readonly<Record<'fifo' | 'fq', QdiscSpec>> = {
  fifo: { kind: 'bfifo', limit: 100_000 },
  fq: { kind: 'fq', flowLimit: 40 },
};

const MIXES: readonly (readonly [a: string, b: string])[] = [
  ['cubic', 'cubic'],
  ['cubic', 'reno'],
  ['bbr', 'cubic'],
  ['bbr', 'bbr'],
];

describe('flows that share a bottleneck', () => {
  const rows: string[] = [];

  for (const count of [2, 10]) {
    for (const mix of MIXES) {
      for (const queue of ['fifo', 'fq'] as const) {
        it(`${count} flows, ${mix.join(' and ')}, ${queue}`, async () => {
          const rate = count === 2 ? 10_000_000 : 20_000_000;
          const half = count / 2;
          const names = mix.flatMap((name) => Array.from({ length: half }, () => name));
          const flows = await share(QUEUES[queue], rate, names);
          const bytes = flows.map((flow) => received(flow, SETTLING, SECONDS));
          const sum = bytes.reduce((a, b) => a + b, 0);
          const used = sum / ((rate / 8) * (MSS / WIRE_MSS) * (SECONDS - SETTLING));
          expect(used).toBeGreaterThan(0.9);
          expect(used).toBeLessThan(1.005);
          if (queue === 'fq') expect(jain(bytes)).toBeGreaterThan(0.99);
          // How even the shares were in each five seconds.
          const course = [5, 10, 15, 20].map((to) =>
            jain(flows.map((flow) => received(flow, to - 5, to))).toFixed(3),
          );
          rows.push(
            [
              `${count} ${mix.join('/')} ${queue}`.padEnd(18),
              (used * 100).toFixed(1).padStart(5),
              jain(bytes).toFixed(4),
              course.join(' '),
              String(flows.reduce((total, flow) => total + flow.retransmitted, 0)).padStart(5),
              bytes.map((part) => ((part / sum) * 100).toFixed(1).padStart(4)).join(' '),
            ].join('  '),
          );
        });
      }
    }
  }

  it('get what they got', async () => {
    expect(rows.length).toBe(2 * MIXES.length * 2);
    const head = 'flows               used%  Jain    Jain in each 5 s                       rexmt  shares, %';
    await expect(`${[head, ...rows].join('\n')}\n`).toMatchFileSnapshot('__snapshots__/fairness.txt');
  });
});
