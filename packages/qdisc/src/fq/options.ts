/**
 * Options of `fq`, by `tc`'s names.
 * @module
 */
import { known, U32, whole } from '../options.ts';
import type { QdiscPorts } from '../ports.ts';
import { PRIOMAP } from '../priority.ts';

/** Options of `fq`; tc-fq(8) has more to say about each. */
export interface FqOptions {
  /** Packets in each band, 0..u32. Default 10,000. */
  limit?: number;
  /** Packets of each flow, 0..u32. Default 100. */
  flowLimit?: number;
  /** Bytes a flow may send before it is the next one's turn, at least 1. Default two frames. */
  quantum?: number;
  /** Bytes a new flow may send at once. Default ten frames. */
  initialQuantum?: number;
  /** Bits per second of each flow, at least 8; `Infinity` = no limit. Default `Infinity`. */
  maxrate?: number;
  /** Whether flows are paced: by `skb.tstamp`, by what their sockets ask for, by {@link maxrate}. Default true. */
  pacing?: boolean;
  /** Bits per second at which, and below, each packet is paced by itself, not a quantum at a time. Default 550,000. */
  lowRateThreshold?: number;
  /** How long a flow must be idle to get a quantum of credit, µs. Default 40,000. */
  refillDelay?: number;
  /** How far in the future `skb.tstamp` may lie, µs. Default 10,000,000. */
  horizon?: number;
  /** Whether packets beyond the horizon are dropped; else they leave at it. Default true. */
  horizonDrop?: boolean;
  /** How long a packet may have waited before it is marked (ECN) as it leaves, µs; `Infinity` = for ever. Default `Infinity`. */
  ceThreshold?: number;
  /** A power of two, 1..262,144: twice as many idle flows are remembered. Default 1024. */
  buckets?: number;
  /** Packets without a socket are spread over this many flows less one, u32. Default 1023. */
  orphanMask?: number;
  /** Band of each of the sixteen priorities, 0..2. Default that of pfifo_fast. */
  priomap?: readonly number[];
  /** Bytes each band may send while others wait, at least 16,384. Default 589,824, 196,608 and 65,536. */
  weights?: readonly [number, number, number];
}

/** All options, as a discipline keeps them. */
export type FqSettings = Required<FqOptions>;

/** Linux `FQ_MIN_WEIGHT`. */
const MIN_WEIGHT = 16_384;
const MAX_INT = 0x7fff_ffff;

/** Options by default. */
export function fqDefaults({ mtu = 1514 }: QdiscPorts): FqSettings {
  return {
    limit: 10_000,
    flowLimit: 100,
    quantum: 2 * mtu,
    initialQuantum: 10 * mtu,
    maxrate: Infinity,
    pacing: true,
    lowRateThreshold: 550_000,
    refillDelay: 40_000,
    horizon: 10_000_000,
    horizonDrop: true,
    ceThreshold: Infinity,
    buckets: 1024,
    orphanMask: 1023,
    priomap: PRIOMAP,
    weights: [589_824, 196_608, 65_536],
  };
}

/** `base` with changes. @throws RangeError that names the option. */
export function fqSettings(base: FqSettings, changes: FqOptions): FqSettings {
  known('fq', changes, Object.keys(base));
  const all = { ...base, ...changes };
  whole('fq', 'limit', all.limit, 0, U32);
  whole('fq', 'flowLimit', all.flowLimit, 0, U32);
  whole('fq', 'quantum', all.quantum, 1, 1 << 20);
  whole('fq', 'initialQuantum', all.initialQuantum, 0, MAX_INT);
  if (all.maxrate !== Infinity) whole('fq', 'maxrate', all.maxrate, 8, Number.MAX_SAFE_INTEGER);
  whole('fq', 'lowRateThreshold', all.lowRateThreshold, 0, Number.MAX_SAFE_INTEGER);
  whole('fq', 'refillDelay', all.refillDelay, 0, U32);
  whole('fq', 'horizon', all.horizon, 0, U32);
  if (all.ceThreshold !== Infinity) whole('fq', 'ceThreshold', all.ceThreshold, 0, U32);
  whole('fq', 'buckets', all.buckets, 1, 1 << 18);
  whole('fq', 'orphanMask', all.orphanMask, 0, U32);
  if ((all.buckets & (all.buckets - 1)) !== 0) {
    throw new RangeError(`fq: buckets ${all.buckets} is not a power of two`);
  }
  if (all.priomap.length !== 16)
    throw new RangeError(`fq: priomap has ${all.priomap.length} entries, not 16`);
  for (const band of all.priomap) whole('fq', 'priomap', band, 0, 2);
  if (all.weights.length !== 3) throw new RangeError(`fq: weights has ${all.weights.length} entries, not 3`);
  for (const weight of all.weights) whole('fq', 'weights', weight, MIN_WEIGHT, MAX_INT);
  return all;
}
