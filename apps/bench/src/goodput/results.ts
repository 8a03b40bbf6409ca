/**
 * Medians, ratios and gates of goodput over bad wires.
 * @module
 */
import type { Gate } from '../results.ts';
import { type Spread, spread } from '../spread.ts';
import { type GoodputSample, SENDERS, type Sender } from './goodputs.ts';

/** The samples of one rate of loss, one a round. */
export interface GoodputCell {
  /** Per cent. */
  loss: number;
  samples: GoodputSample[];
}

/** One line of the table. */
export interface GoodputResult {
  loss: number;
  sender: Sender;
  /** Mbit/s that the receiving program got. */
  goodput: Spread;
  /** Times the kernel's own, within each round; `undefined` for the kernel. */
  ratio: Spread | undefined;
}

/** What each of ours is compared with. */
const PEERS = { 'our CUBIC': "kernel's CUBIC", 'our Reno, no SACK': "kernel's Reno, no SACK" } as const;

/** The lines of what was measured. */
export function goodputResults(cells: readonly GoodputCell[]): GoodputResult[] {
  return cells
    .filter(({ samples }) => samples.length > 0)
    .flatMap(({ loss, samples }) =>
      (Object.keys(SENDERS) as Sender[]).map((sender) => ({
        ...{ loss, sender },
        goodput: spread(samples.map((sample) => sample[sender] / 1e6)) as Spread,
        ratio: ratios(samples, sender, (PEERS as Partial<Record<Sender, Sender>>)[sender]),
      })),
    );
}

/** What each rate of loss must reach. */
export function goodputGates(cells: readonly GoodputCell[]): Gate[] {
  return cells.flatMap(({ loss, samples }) => {
    const gate = (sender: Sender, than: Sender, must: number): Gate => {
      const value = ratios(samples, sender, than)?.median;
      const name = `${loss} % loss: ${sender}, against ${than}`;
      return { name, unit: 'x', must, aim: 1, value, pass: value !== undefined && value >= must };
    };
    return [
      gate('our CUBIC', PEERS['our CUBIC'], 0.8),
      gate('our Reno, no SACK', PEERS['our Reno, no SACK'], 0.8),
      gate('our CUBIC', 'our Reno, no SACK', 1),
    ];
  });
}

/** Within each round: both had the same losses. */
function ratios(
  samples: readonly GoodputSample[],
  sender: Sender,
  than: Sender | undefined,
): Spread | undefined {
  return than && spread(samples.map((sample) => sample[sender] / sample[than]));
}
