/**
 * TCP over bad networks: each combination of what befalls frames, both ways at once. Every byte must be right, and nothing may be left
 * behind. How long it took is kept in a table, exact, so that any change of behaviour shows.
 */
import { isSocketError } from '@stack/socket';
import { describe, expect, it } from 'vitest';
import { exchange, type Lan, lan, pattern } from './fixture.ts';

const LOSS = [0, 0.01, 0.05, 0.1, 0.3];
const REORDER = [0, 0.25];
const DUPLICATE = [0, 0.05];
const DELAY = [0, 40_000];
const CORRUPT = [0, 0.01];

const MIB = 0x10_0000;
/** Orphans and TIME-WAIT are gone after that, whatever is lost; µs. */
const LONG_AFTER = 3_600_000_000;

/** With Linux's limits one direction in a hundred gives up at 30 % loss; who wants to see the bytes arrive has patience. */
const PATIENT = {
  'net.ipv4.tcp_syn_retries': 30,
  'net.ipv4.tcp_synack_retries': 30,
  'net.ipv4.tcp_retries2': 60,
  'net.ipv4.tcp_orphan_retries': 60,
  'net.ipv4.neigh.default.mcast_solicit': 30,
  'net.ipv4.neigh.default.ucast_solicit': 30,
};

const GAVE_UP = ['ETIMEDOUT', 'EHOSTUNREACH', 'ECONNRESET'];

/** Ends both hosts, and sees that they leave nothing. */
async function bury({ clock, a, b, wire }: Lan): Promise<void> {
  await clock.runFor(LONG_AFTER);
  for (const host of [a, b]) {
    expect([...host.tcp.entries()]).toEqual([]);
    expect(host.sockets.size).toBe(0);
    await host.close();
  }
  wire.close();
  await clock.run();
  for (const { pool, timers } of [a, b]) {
    expect(timers.pending).toBe(0);
    expect(pool.stats).toMatchObject({ inUse: 0, skbs: 0 });
  }
}

describe('a grid of bad networks', () => {
  const rows: string[] = [];

  for (const loss of LOSS) {
    for (const reorder of REORDER) {
      for (const duplicate of DUPLICATE) {
        for (const delay of DELAY) {
          for (const corrupt of CORRUPT) {
            const name = [
              `loss ${loss * 100}%`,
              `reorder ${reorder * 100}%`,
              `duplicate ${duplicate * 100}%`,
              `delay ${delay / 1000} ms`,
              `corrupt ${corrupt * 100}%`,
            ].join(', ');
            it(name, async () => {
              const length = loss < 0.3 ? MIB : MIB / 8;
              const there = pattern(length, 1);
              const back = pattern(length, 2);
              const network = lan({ loss, reorder, duplicate, delay, corrupt, sysctl: PATIENT });
              const { clock, a, b } = network;
              const got = await clock.run(exchange(a, b, '192.168.1.100', there, back));
              expect(got.server).toEqual(there);
              expect(got.client).toEqual(back);
              const errors =
                a.link.show('eth0')[0]!.stats.rxCrcErrors + b.link.show('eth0')[0]!.stats.rxCrcErrors;
              if (corrupt > 0) expect(errors).toBeGreaterThan(0);
              else expect(errors).toBe(0);
              rows.push(
                row(
                  [loss, reorder, duplicate, delay / 1000, corrupt],
                  length,
                  got.time,
                  a.nstat().TcpRetransSegs! + b.nstat().TcpRetransSegs!,
                ),
              );
              await bury(network);
            });
          }
        }
      }
    }
  }

  it('takes as long as it took', async () => {
    expect(rows.length).toBe(80);
    const head = 'loss reorder duplicate delay/ms corrupt    bytes      time/ms  Mbit/s  retransmitted';
    await expect(`${[head, ...rows].join('\n')}\n`).toMatchFileSnapshot('__snapshots__/goodput.txt');
  });
});

describe('with Linux’s own limits', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'seed %i at 30 % loss: all bytes, or ETIMEDOUT, and never a wrong byte',
    async (seed) => {
      const there = pattern(32_768, 3);
      const network = lan({ loss: 0.3, delay: 10_000, seed });
      const { clock, a, b } = network;
      try {
        const got = await clock.run(exchange(a, b, '192.168.1.100', there, there));
        expect(got.server).toEqual(there);
        expect(got.client).toEqual(there);
      } catch (error) {
        // One end gave up; the other did as well, or asked and was told so.
        if (!isSocketError(error) || !GAVE_UP.includes(error.code)) throw error;
      }
      await bury(network);
    },
  );
});

/** A line of the table: time in ms with three decimals, goodput of both directions together. */
function row(conditions: number[], bytes: number, time: number, retransmitted: number): string {
  const columns = conditions.map((value, index) => String(value).padStart([4, 7, 9, 8, 7][index] as number));
  const goodput = ((2 * bytes * 8) / time).toFixed(2);
  return [
    ...columns,
    String(bytes).padStart(8),
    (time / 1000).toFixed(3).padStart(12),
    goodput.padStart(7),
    String(retransmitted).padStart(14),
  ].join(' ');
}
