/**
 * Options of `netem`, by `tc`'s names.
 * @module
 */
import { percent, rate as rateText, time } from '../format.ts';
import { known, probability, U32, whole } from '../options.ts';
import type { Distribution } from './distribution.ts';
import { gemodelOf, type NetemLoss, stateOf } from './loss.ts';

/** When packets may leave at all: in bursts, as over Wi-Fi or LTE. */
export interface NetemSlot {
  /** Least time from one slot to the next, µs. */
  minDelay: number;
  /** And the most; default `minDelay`. */
  maxDelay?: number;
  /** Packets that leave in a slot; default no limit. */
  packets?: number;
  /** Bytes that leave in a slot; default no limit. */
  bytes?: number;
}

/** Options of `netem`. Times are µs, probabilities and correlations 0..1; tc-netem(8) has more to say about each. */
export interface NetemOptions {
  /** Packets it holds, u32. Default 1000. */
  limit?: number;
  /** Delay of each packet, up to 4,294,967,295. Default 0. */
  delay?: number;
  /** Variation of the delay, up to 2,147,483,647: half the range if uniform, else the standard deviation. Packets may overtake. Default 0. */
  jitter?: number;
  /** How much a delay takes after the one before. Default 0. */
  delayCorrelation?: number;
  /** Shape of the variation. Default `uniform`. */
  distribution?: Distribution;
  /** How packets are lost. Default 0. */
  loss?: NetemLoss;
  /** Probability that a packet is sent twice. Default 0. */
  duplicate?: number;
  duplicateCorrelation?: number;
  /** Probability that one bit in the linear part of a packet is flipped. Default 0. */
  corrupt?: number;
  corruptCorrelation?: number;
  /** Probability that a packet is sent at once while others are delayed. Default 0. */
  reorder?: number;
  reorderCorrelation?: number;
  /** Packets that are delayed before one can be sent at once, and that one, u32; without `reorder` it always is. Default 1 with `reorder`, else 0: none. */
  gap?: number | undefined;
  /** Bits per second, up to 10^12; 0 = no limit. Default 0. */
  rate?: number;
  /** Bytes each packet costs beyond its own, ±65535. Default 0. */
  packetOverhead?: number;
  /** Bytes of the cells that a packet is cut into, 0..65535; 0 = no cells. Default 0. */
  cellSize?: number;
  /** Bytes each cell costs beyond its own, ±65535. Default 0. */
  cellOverhead?: number;
  /** Default: at any time. */
  slot?: NetemSlot | undefined;
  /** All that is random follows from it, u32. Default: drawn from the `random` port. */
  seed?: number;
}

/** All options but the seed, as a discipline keeps them. */
export type NetemSettings = Required<Omit<NetemOptions, 'seed'>>;

const MAX_RATE = 1_000_000_000_000;
const MAX_OVERHEAD = 0xffff;

/** Options by default. */
export const NETEM_DEFAULTS: NetemSettings = {
  limit: 1000,
  delay: 0,
  jitter: 0,
  delayCorrelation: 0,
  distribution: 'uniform',
  loss: 0,
  duplicate: 0,
  duplicateCorrelation: 0,
  corrupt: 0,
  corruptCorrelation: 0,
  reorder: 0,
  reorderCorrelation: 0,
  gap: undefined,
  rate: 0,
  packetOverhead: 0,
  cellSize: 0,
  cellOverhead: 0,
  slot: undefined,
};

/** `base` with changes. @throws RangeError that names the option. */
export function netemSettings(base: NetemSettings, changes: NetemOptions): NetemSettings {
  known('netem', changes, [...Object.keys(NETEM_DEFAULTS), 'seed']);
  const { seed = 0, ...rest } = changes;
  const all: NetemSettings = { ...base, ...rest };
  whole('netem', 'seed', seed, 0, U32);
  whole('netem', 'limit', all.limit, 0, U32);
  whole('netem', 'delay', all.delay, 0, U32);
  whole('netem', 'jitter', all.jitter, 0, 0x7fff_ffff);
  whole('netem', 'gap', all.gap ?? 0, 0, U32);
  whole('netem', 'rate', all.rate, 0, MAX_RATE);
  whole('netem', 'packetOverhead', all.packetOverhead, -MAX_OVERHEAD, MAX_OVERHEAD);
  whole('netem', 'cellSize', all.cellSize, 0, MAX_OVERHEAD);
  whole('netem', 'cellOverhead', all.cellOverhead, -MAX_OVERHEAD, MAX_OVERHEAD);
  for (const name of PROBABILITIES) probability('netem', name, all[name]);
  if (!DISTRIBUTIONS.includes(all.distribution)) {
    throw new RangeError(
      `netem: distribution ${String(all.distribution)} is none of ${DISTRIBUTIONS.join(', ')}`,
    );
  }
  checkLoss(all.loss);
  if (all.slot !== undefined) checkSlot(all.slot);
  return all;
}

const PROBABILITIES = [
  'delayCorrelation',
  'duplicate',
  'duplicateCorrelation',
  'corrupt',
  'corruptCorrelation',
  'reorder',
  'reorderCorrelation',
] as const;

const DISTRIBUTIONS: readonly string[] = ['uniform', 'normal', 'pareto', 'paretonormal'];

function checkLoss(loss: NetemLoss): void {
  if (typeof loss === 'number') probability('netem', 'loss', loss);
  else if ('random' in loss) {
    probability('netem', 'loss', loss.random);
    probability('netem', 'loss correlation', loss.correlation ?? 0);
  } else {
    const chain = 'state' in loss ? stateOf(loss.state) : gemodelOf(loss.gemodel);
    for (const p of chain) probability('netem', 'loss', p);
  }
}

function checkSlot({ minDelay, maxDelay = minDelay, packets = 1, bytes = 1 }: NetemSlot): void {
  whole('netem', 'slot minDelay', minDelay, 0, U32);
  whole('netem', 'slot maxDelay', maxDelay, minDelay, U32);
  whole('netem', 'slot packets', packets, 1, U32);
  whole('netem', 'slot bytes', bytes, 1, U32);
}

/** Options as `tc` prints them. */
export function describeNetem(s: NetemSettings, seed: number): string {
  let text = `limit ${s.limit}`;
  if (s.delay > 0 || s.jitter > 0) text += ` delay ${time(s.delay)}`;
  if (s.jitter > 0) text += `  ${time(s.jitter)}${correlated(s.delayCorrelation)}`;
  if (s.loss !== 0) text += ` loss ${lossText(s.loss)}`;
  if (s.duplicate > 0) text += ` duplicate ${percent(s.duplicate)}${correlated(s.duplicateCorrelation)}`;
  if (s.reorder > 0) text += ` reorder ${percent(s.reorder)}${correlated(s.reorderCorrelation)}`;
  if (s.corrupt > 0) text += ` corrupt ${percent(s.corrupt)}${correlated(s.corruptCorrelation)}`;
  if (s.rate > 0) text += ` rate ${rateText(s.rate)}`;
  if (s.packetOverhead !== 0) text += ` packetoverhead ${s.packetOverhead}`;
  if (s.cellSize > 0) text += ` cellsize ${s.cellSize}`;
  if (s.cellOverhead !== 0) text += ` celloverhead ${s.cellOverhead}`;
  if (s.slot !== undefined) text += ` slot ${slotText(s.slot)}`;
  const gap = s.gap ?? (s.reorder > 0 ? 1 : 0);
  if (gap > 0) text += ` gap ${gap}`;
  return `${text} seed ${seed}`;
}

function correlated(correlation: number): string {
  return correlation > 0 ? ` ${percent(correlation)}` : '';
}

function lossText(loss: NetemLoss): string {
  if (typeof loss === 'number') return percent(loss);
  if ('random' in loss) return percent(loss.random) + correlated(loss.correlation ?? 0);
  if ('state' in loss) {
    const names = ['p13', 'p31', 'p32', 'p23', 'p14'];
    return `state ${stateOf(loss.state)
      .map((p, i) => `${names[i]} ${percent(p)}`)
      .join(' ')}`;
  }
  const names = ['p', 'r', '1-h', '1-k'];
  return `gemodel ${gemodelOf(loss.gemodel)
    .map((p, i) => `${names[i]} ${percent(p)}`)
    .join(' ')}`;
}

function slotText({ minDelay, maxDelay = minDelay, packets, bytes }: NetemSlot): string {
  let text = `${time(minDelay)} ${time(maxDelay)}`;
  if (packets !== undefined) text += ` packets ${packets}`;
  if (bytes !== undefined) text += ` bytes ${bytes}`;
  return text;
}
