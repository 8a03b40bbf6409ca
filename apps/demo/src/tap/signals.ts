/**
 * Ctrl-C and its like, as something to wait for.
 * @module
 */
import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A signal that asks us to end. */
export class Signalled extends Error {
  override readonly name = 'Signalled';
  /** What a shell tells of a program that this signal ended: 128 + its number. */
  readonly status: number;

  constructor(signal: (typeof SIGNALS)[number]) {
    super(signal);
    this.status = 128 + constants.signals[signal];
  }
}

/** Runs `work` until it is done or a signal comes. @throws Signalled; a second signal ends the process as ever. */
export async function untilSignalled<T>(work: () => Promise<T>): Promise<T> {
  let stop: () => void = () => undefined;
  const signalled = new Promise<never>((_, reject) => {
    const listeners = SIGNALS.map((signal) => {
      const listener = (): void => {
        stop();
        reject(new Signalled(signal));
      };
      process.on(signal, listener);
      return { signal, listener };
    });
    stop = () => {
      for (const { signal, listener } of listeners) process.off(signal, listener);
    };
  });
  const working = work();
  working.catch(() => undefined); // nobody waits for it any more once a signal came
  try {
    return await Promise.race([working, signalled]);
  } finally {
    stop();
  }
}
