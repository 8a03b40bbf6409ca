/**
 * One round: all senders at the same time, over wires that lose the same segments.
 * @module
 */
import { RealClock } from '@stack/host';
import { type GoodputSample, SECONDS, SENDERS, type Sender } from './goodputs.ts';
import { Lane } from './lane.ts';

/** Bits per second of each sender. `loss` in per cent; `part` of the usual time. @throws Error what {@link Lane.run} does. */
export async function sampleGoodput(
  loss: number,
  seed: number,
  part: number,
  program: string,
): Promise<GoodputSample> {
  const clock = new RealClock({ keepAlive: 'always' });
  const lanes = new Map<Sender, Lane>();
  try {
    for (const name of Object.keys(SENDERS) as Sender[]) {
      lanes.set(name, await Lane.open(clock, program, SENDERS[name], { loss: loss / 100, seed }));
    }
    const rates = [...lanes].map(async ([name, lane]) => [name, await lane.run(SECONDS * part)] as const);
    return Object.fromEntries(await Promise.all(rates)) as GoodputSample;
  } finally {
    for (const lane of lanes.values()) await lane.close();
    clock.close();
  }
}
