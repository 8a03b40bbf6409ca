/**
 * DCTCP behind a bottleneck of 5 Mbit/s that marks what waited for more than 20 ms (fq with all flows in one queue, which is then
 * a FIFO with a step mark: RFC 8257 §4.1, K), round trip 80 ms without a queue; and CUBIC there, to compare. Virtual time, so
 * the numbers are exact: any change of behaviour shows.
 *
 * What is to be expected of the numbers: DCTCP's queue stays about where marks begin, 12.5 kB, and the link is full. CUBIC asks for no ECN by
 * default, and fills the queue.
 */
import { describe, expect, it } from 'vitest';
import { jain, MSS, received, SECONDS, SETTLING, share, WIRE_MSS } from './fairness.fixture.ts';

const RATE = 5_000_000;

describe('a bottleneck that marks', () => {
  const rows: string[] = [];

  for (const names of [
    ['dctcp', 'dctcp'],
    ['dctcp', 'dctcp', 'dctcp', 'dctcp'],
    ['cubic', 'cubic'],
  ]) {
    it(`${names.length} of ${names[0]}`, async () => {
      const backlogs: number[] = [];
      const queue = { kind: 'fq', orphanMask: 0, flowLimit: 200, ceThreshold: 20_000 } as const;
      const flows = await share(queue, RATE, names, (backlog) => backlogs.push(backlog), 20_000);
      const bytes = flows.map((flow) => received(flow, SETTLING, SECONDS));
      const sum = bytes.reduce((a, b) => a + b, 0);
      const used = sum / ((RATE / 8) * (MSS / WIRE_MSS) * (SECONDS - SETTLING));
      const retransmitted = flows.reduce((total, flow) => total + flow.retransmitted, 0);
      backlogs.sort((a, b) => a - b);
      const at = (share: number) => backlogs[Math.floor((backlogs.length - 1) * share)] as number;
      expect(used).toBeGreaterThan(0.9);
      if (names[0] === 'dctcp') {
        expect(jain(bytes)).toBeGreaterThan(0.95);
        expect(at(0.99)).toBeLessThan(40_000);
        expect(retransmitted).toBe(0);
      } else expect(at(0.5)).toBeGreaterThan(100_000);
      rows.push(
        [
          `${names.length} ${names[0]}`.padEnd(8),
          (used * 100).toFixed(1).padStart(5),
          jain(bytes).toFixed(4),
          String(retransmitted).padStart(5),
          [0.5, 0.9, 0.99, 1].map((share) => String(at(share)).padStart(6)).join(' '),
        ].join('  '),
      );
    });
  }

  it('has the queue that it had', async () => {
    const head = 'flows     used%  Jain    rexmt  queue, bytes: 50 %  90 %  99 %  most';
    await expect(`${[head, ...rows].join('\n')}\n`).toMatchFileSnapshot('__snapshots__/dctcp.txt');
  });
});
