/**
 * Runs every variant of the codecs over every set, round after round.
 * @module
 */
import type { Sample } from './measure.ts';
import { type JobOptions, runJobs } from './processes.ts';
import type { Group, Variant } from './variants.ts';

/** The samples of one variant over one set, one a round. */
export interface Cell {
  group: Group;
  subject: string;
  set: string;
  samples: Sample[];
}

/** How to run. */
export interface RoundsOptions extends JobOptions {
  /** How long each process measures, ms. */
  milliseconds: number;
  /** Leaves cells out. */
  wanted: (variant: Variant, set: string) => boolean;
}

/** All wanted cells; those of variants that are not to be had are left out. */
export async function runRounds(variants: readonly Variant[], options: RoundsOptions): Promise<Cell[]> {
  const { milliseconds, wanted } = options;
  const cells = variants.flatMap((variant, index) =>
    variant.sets
      .filter((set) => wanted(variant, set))
      .map((set) => ({
        ...{ group: variant.group, subject: variant.subject, set },
        job: {
          title: `${variant.group}  ${variant.subject}  ${set}`,
          order: { kind: 'codec', variant: index, set, milliseconds },
        },
      })),
  );
  const samples = await runJobs<Sample>(
    cells.map(({ job }) => job),
    options,
  );
  return cells
    .map(({ group, subject, set }, index) => ({ group, subject, set, samples: samples[index] ?? [] }))
    .filter((cell) => cell.samples.length > 0);
}
