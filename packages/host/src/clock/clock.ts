/**
 * Time as a host sees it: what devices and wires ask of a clock, and what applications that wait add to it.
 * @module
 */

/** A clock of integer microseconds that never goes back. Everything that asks for `@stack/nic-sim`'s `Clock` takes it. */
export interface Clock {
  /** Microseconds since some fixed moment. */
  now(): number;
  /** Looks at the time again, in the middle of an event that takes long: during an event {@link now} may stand still. */
  update(): number;
  /**
   * Calls `run(argument)` once at `time`, or as soon as possible if that has passed; never from inside this call. Events of
   * the same time run in the order of these calls. @throws RangeError if `time` is not an integer.
   */
  at<A>(time: number, run: (argument: A) => void, argument: A): object;
  /** Forgets an event. One that ran or was cancelled before is no error. */
  cancel(handle: object): void;
  /** Tells that an application's promise was settled: the application runs before the next event does. */
  woke(): void;
  /** Counts the applications that wait for something: 1 when one begins, -1 when it no longer does. */
  waiting(change: 1 | -1): void;
  /** Stops virtual time, for as long as something outside of it is awaited, until the function returned is called. */
  hold(): () => void;
}

/** What {@link sleep} watches to be called off: an `AbortSignal`. */
export interface SleepSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * Waits `duration` µs of the clock's time; rejects with the signal's reason when it is aborted before.
 * @throws RangeError (as a rejection) if `duration` is not a whole number of at least 0.
 */
export function sleep(clock: Clock, duration: number, signal?: SleepSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!Number.isSafeInteger(duration) || duration < 0) {
      throw new RangeError(`clock: cannot sleep ${duration} µs`);
    }
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const end = (): void => {
      signal?.removeEventListener('abort', abort);
      clock.waiting(-1);
      clock.woke();
    };
    const handle = clock.at(
      clock.now() + duration,
      () => {
        end();
        resolve();
      },
      undefined,
    );
    const abort = (): void => {
      clock.cancel(handle);
      end();
      reject(signal?.reason);
    };
    clock.waiting(1);
    signal?.addEventListener('abort', abort);
  });
}
