/**
 * What receive offload costs and saves: `npm run build`, then `node --expose-gc packages/host/src/offload/gro.bench.ts`. Prints
 * nanoseconds and bytes of garbage for a packet, and how many packets go up of 64 that came in one poll.
 * @module
 */
import * as ethernet from '@stack/ethernet';
import { CHECKSUM_COMPLETE, CHECKSUM_NONE, CHECKSUM_UNNECESSARY, Pool, type SkBuff } from '@stack/skbuff';
import { csumPartial } from '@stack/skbuff/checksum';
import type * as tcp from '@stack/tcp';
import { platform } from '../clock/platform.ts';
import { tcpFrame } from './fixture.ts';
import { Gro } from './gro.ts';

const {
  console,
  process,
  gc = () => undefined,
} = globalThis as unknown as {
  console: { log(...values: unknown[]): void };
  process: { memoryUsage(): { heapUsed: number } };
  gc?: () => void;
};

/** Packets in a poll (`net.core.dev_weight`). */
const POLL = 64;
const ROUNDS = 500;
const TIMESTAMPS: tcp.Option[] = [{ kind: 1 }, { kind: 1 }, { kind: 8, tsval: 1, tsecr: 2 }];

/** One poll's frames of so many flows in turns. */
function frames(flows: number, payload: number): Uint8Array[] {
  return Array.from({ length: POLL }, (_, i) => {
    const step = Math.floor(i / flows);
    const seq = 5 + step * payload;
    return tcpFrame({ sport: 1000 + (i % flows), seq, id: step, payload, tcpOptions: TIMESTAMPS });
  });
}

function bench(name: string, bytes: Uint8Array[], state: number, enabled: boolean): void {
  const pool = new Pool();
  const skbs: SkBuff[] = [];
  const sums = bytes.map((frame) => csumPartial(new DataView(frame.buffer), 0, frame.length));
  let up = 0;
  const gro = new Gro({
    hardHeaderLen: ethernet.HLEN,
    deliver: (skb) => {
      up++;
      skb.free();
    },
  });
  gro.enabled = enabled;
  const poll = (): number => {
    for (let i = 0; i < POLL; i++) {
      const frame = bytes[i] as Uint8Array;
      const skb = pool.alloc(frame.length, POLL) as SkBuff;
      skb.bytes.set(frame, skb.put(frame.length));
      skb.ipSummed = state;
      skb.csum = sums[i] as number;
      skbs[i] = skb;
    }
    const start = platform.performance.now();
    for (let i = 0; i < POLL; i++) gro.receive(skbs[i] as SkBuff);
    gro.flush();
    return platform.performance.now() - start;
  };
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 12; round++) {
    let total = 0;
    for (let i = 0; i < ROUNDS; i++) total += poll();
    best = Math.min(best, total);
  }
  gc();
  up = 0;
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < ROUNDS; i++) poll();
  const garbage = (process.memoryUsage().heapUsed - before) / ROUNDS / POLL;
  const time = (best * 1e6) / ROUNDS / POLL;
  console.log(
    `${name.padEnd(44)}${time.toFixed(0).padStart(5)} ns ${garbage.toFixed(0).padStart(4)} B  ${POLL} -> ${up / ROUNDS}`,
  );
}

bench('1448 bytes, a device vouches', frames(1, 1448), CHECKSUM_UNNECESSARY, true);
bench('1448 bytes, a device summed', frames(1, 1448), CHECKSUM_COMPLETE, true);
bench('1448 bytes, summed here', frames(1, 1448), CHECKSUM_NONE, true);
bench('1448 bytes, 8 flows in turns, a device summed', frames(8, 1448), CHECKSUM_COMPLETE, true);
bench('ACKs', frames(1, 0), CHECKSUM_COMPLETE, true);
bench('switched off: the skb is freed, no more', frames(1, 1448), CHECKSUM_COMPLETE, false);
