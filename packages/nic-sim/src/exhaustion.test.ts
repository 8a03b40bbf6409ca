import { type Page, Pool, type SkBuff, wrap } from '@stack/skbuff';
import { describe, expect, it } from 'vitest';
import { OK } from './core.ts';
import { type Bench, bench, frameBytes, packet, segmentTest, superPacket } from './fixture.ts';
import type { Nic } from './nic.ts';

/** A pool that refuses some of its allocations. */
class Miser extends Pool {
  /** Allocations asked for so far. */
  asked = 0;
  /** Which of them are refused. */
  refuses: (nth: number) => boolean = () => false;

  constructor() {
    super({ poison: true, chunkSize: 1 << 17 });
  }

  override page(size: number): Page | undefined {
    return this.refuses(++this.asked) ? undefined : super.page(size);
  }
}

const BARE = { headroom: 0, linear: 54, frags: [] };
const SEGMENTS = 4;

/** Everything that needs memory on the way down: tags and sums in software, linearizing, both kinds of segmentation. */
function packets(pool: Pool): SkBuff[] {
  const tagged = superPacket(pool, new Uint8Array(3000), 0, BARE);
  tagged.vlanProto = 0x8100;
  const pieces = packet(pool, frameBytes(10));
  for (let i = 0; i < 16; i++) pieces.addFrag(wrap(frameBytes(10)).page, 0, 10);
  const many = superPacket(pool, new Uint8Array(5000), 1400, BARE);
  const manyTagged = superPacket(pool, new Uint8Array(5000), 1400, BARE);
  manyTagged.vlanProto = 0x8100;
  return [wrap(frameBytes(100)), tagged, pieces, many, manyTagged];
}

interface Run {
  net: Bench;
  asked: number;
  /** Packets the sender's NIC took, by `xmit`. */
  sent: number;
}

/** Jumbo frames over a wire that doubles and damages them; one side's pool is a miser from the first packet on. */
function run(side: 'a' | 'b', refuses: (nth: number) => boolean): Run {
  const pool = new Miser();
  const net = bench({
    both: { mtu: 4000, txRing: 16, rxRing: 16, segment: segmentTest },
    [side]: { pool },
    wire: { seed: 3, rate: 0, duplicate: 0.3, corrupt: 0.2, delay: 3 },
  });
  let asked = 0;
  let sent = 0;
  for (const inDevice of [true, false]) {
    net.a.setFeatures({ tx: inDevice, tso: inDevice, txvlan: inDevice });
    for (const skb of packets(side === 'a' ? pool : net.poolA)) {
      pool.asked = asked;
      pool.refuses = refuses;
      expect(net.a.xmit(skb)).toBe(OK);
      net.clock.run();
      sent++;
      asked = pool.asked;
      pool.refuses = () => false;
    }
  }
  const { close } = net;
  net.close = () => {
    close();
    expect([pool.stats.inUse, pool.stats.skbs]).toEqual([0, 0]);
  };
  return { net, asked, sent };
}

function dropped(nic: Nic): number {
  return Object.values(nic.drops).reduce((sum, n) => sum + n, 0);
}

const RULES: [string, (n: number) => (nth: number) => boolean][] = [
  ['the n-th allocation', (n) => (nth) => nth === n],
  ['all from the n-th on', (n) => (nth) => nth >= n],
  ['every n-th', (n) => (nth) => nth % n === 0],
];

describe('a pool that refuses', () => {
  it.each(RULES)(
    '%s, on either side, for every n: nothing throws, nothing is left, all is counted',
    (_, rule) => {
      for (const side of ['a', 'b'] as const) {
        const rich = run(side, () => false);
        const frames = rich.net.a.stats.txPackets;
        expect(frames).toBe(rich.sent + 4 * (SEGMENTS - 1));
        rich.net.close();
        for (let n = 1; n <= rich.asked; n++) {
          const { net } = run(side, rule(n));
          const { a, b, wire } = net;
          b.poll(64); // buffers for what waits in the FIFO
          net.clock.run();
          // A super-packet that was dropped as a whole counts once and leaves its other segments unsent.
          const unsent = frames - a.stats.txPackets - dropped(a);
          expect([unsent % (SEGMENTS - 1), unsent >= 0, unsent <= 4 * (SEGMENTS - 1)]).toEqual([
            0,
            true,
            true,
          ]);
          expect(a.stats.txErrors + a.stats.txDropped).toBe(dropped(a));
          expect(a.stats.txErrors).toBeGreaterThanOrEqual(a.stats.txFifoErrors);
          expect(wire.aToB.stats.frames).toBe(a.stats.txPackets);
          expect(wire.aToB.stats.delivered).toBe(b.stats.rxPackets + dropped(b));
          expect(b.stats.rxErrors).toBe(b.stats.rxCrcErrors);
          expect(b.stats.rxMissedErrors).toBe(b.drops.NIC_RX_MISSED);
          net.close();
        }
      }
    },
  );
});
