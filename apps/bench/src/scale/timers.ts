/**
 * The timers of a hundred thousand sockets.
 * @module
 */
import { type Timer, TimingWheel, VirtualClock } from '@stack/host';
import { randomFrom } from '../random.ts';
import { nanoseconds } from './figures.ts';
import { each, memory } from './memory.ts';

/** How often each is moved. */
const MODS = 10;
/** Times lie within two minutes, µs. */
const SPAN = 120_000_000;

/** CPU time in ns, memory in bytes. */
export interface TimerCost {
  heap: number;
  /** To move one of them to any other time. */
  mod: number;
  /** From the first to the last: to have one fire. */
  fire: number;
}

/** The cost of so many. */
export async function timers(count: number): Promise<TimerCost> {
  const clock = new VirtualClock();
  const wheel = new TimingWheel(clock);
  const random = randomFrom(5);
  let fired = 0;
  const fire = (): void => {
    fired++;
  };
  const all: Timer[] = new Array(count);
  const before = memory();
  for (let i = 0; i < count; i++) all[i] = wheel.timer(fire, undefined);
  for (const timer of all) timer.mod(random() % SPAN);
  const { heap } = each(before, memory(), count);
  const run = (): void => {
    for (let i = 0; i < MODS * count; i++) (all[(i * 7919) % count] as Timer).mod(random() % SPAN);
  };
  const mod = nanoseconds(MODS * count, run, 5);
  const start = process.cpuUsage();
  await clock.idle();
  const { user, system } = process.cpuUsage(start);
  if (fired !== count || wheel.pending > 0) throw new Error(`${fired} of ${count} timers fired`);
  return { heap, mod, fire: ((user + system) * 1000) / count };
}
