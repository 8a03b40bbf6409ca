/**
 * The process that one measurement has to itself.
 * @module
 */
import { sample } from './measure.ts';
import { answer } from './processes.ts';
import { STREAMS, sampleStream } from './streams/streams.ts';
import { TAPS } from './tap/taps.ts';
import { VARIANTS } from './variants.ts';

/** What a worker is told: a place in one of the lists, and how to measure. */
export type Order =
  | { kind: 'codec'; variant: number; set: string; milliseconds: number }
  | { kind: 'stream'; stream: number; part: number }
  | { kind: 'tap'; row: number; part: number }
  | { kind: 'goodput'; loss: number; part: number; round: number }
  | { kind: 'scale'; scale: number; part: number };

/** Carries out one order and sends the answer to the parent. */
export function work(order: Order, program: string): Promise<void> {
  return answer<unknown>(async () => {
    switch (order.kind) {
      case 'codec': {
        const pass = await VARIANTS[order.variant]!.prepare(order.set);
        return pass && sample(pass, order.milliseconds);
      }
      case 'stream':
        return sampleStream(STREAMS[order.stream]!, order.part, program);
      case 'tap':
        return TAPS[order.row]!.sample(order.part, program);
      case 'goodput':
        return (await import('./goodput/sample.ts')).sampleGoodput(
          order.loss,
          order.round,
          order.part,
          program,
        );
      case 'scale':
        return (await import('./scale/scales.ts')).SCALES[order.scale]!.run(order.part);
    }
  });
}
