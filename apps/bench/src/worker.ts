/**
 * The process that one variant has to itself: feedback of one would change the machine code of another.
 * @module
 */
import { type Sample, sample } from './measure.ts';
import { VARIANTS } from './variants.ts';

/** What a worker is told: a place in {@link VARIANTS}, a set, and how long to measure, ms. */
export interface Order {
  variant: number;
  set: string;
  milliseconds: number;
}

/** What a worker answers; no sample where the variant is not to be had. */
export interface Answer {
  sample?: Sample;
  error?: string;
}

/** Carries out one order and sends the answer to the parent. */
export async function work(order: Order): Promise<void> {
  process.send?.(await answer(order));
  process.disconnect?.();
}

async function answer(order: Order): Promise<Answer> {
  try {
    const pass = await VARIANTS[order.variant]!.prepare(order.set);
    return pass === undefined ? {} : { sample: await sample(pass, order.milliseconds) };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
