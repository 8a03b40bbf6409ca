/**
 * What is measured with the kernel as the peer: bulk both ways, round trips and connections over a TAP, and the same over a veth where the kernel
 * is both ends.
 * @module
 */
import type { StreamSample } from '../streams/streams.ts';
import type { TapKind } from './links.ts';

/** Seen from our side: bytes to the kernel, and from it; who asks and who connects is the kernel, or we (`out`). */
export type TapTask = 'out' | 'in' | 'request' | 'request out' | 'connect' | 'connect out';

/** One row of the tables. */
export interface TapRow {
  task: TapTask;
  /** Who does it, as the table names it. */
  subject: string;
  /** Does it, `part` of its count, warmed up. `program` is what to fork. @throws Error where bytes are missing or something is left behind. */
  sample: (part: number, program: string) => Promise<StreamSample>;
}

/** Two ends that are connected, whoever they are. */
interface Ends {
  run(task: TapTask, count: number): Promise<void>;
  cpu(): Promise<number>;
  close(): Promise<void>;
}

/** Rows that gates name. */
export const TAP = 'TAP, offloads';
export const TAP_BIG = 'TAP, offloads, BIG TCP';
export const TAP_PLAIN = 'TAP, MTU 1500, no offloads';
export const TAP_GRO = 'TAP, MTU 1500, no offloads, GRO';
export const TAP_THREAD = 'TAP, MTU 1500, no offloads, GRO in a thread';
export const IPERF = 'kernel, iperf3 over veth';
export const IPERF_PLAIN = 'kernel, iperf3 over veth, no offloads';
export const KERNELS = 'kernel, our peer over veth';

/** How often a task is done, bytes of bulk: in each warm-up, and when it is timed. */
type Counts = readonly [warmUp: number, timed: number];
/** V8 compiles what it has seen: the end of one connection and the beginning of the next, too. */
const WARM_UPS = 2;
const BULK: Counts = [2 ** 32, 2 ** 32];
const BULK_PLAIN: Counts = [2 ** 29, 2 ** 30];
const REQUESTS: Counts = [4000, 40_000];
/** No more connections than the client has ports. */
const CONNECTS: Counts = [1500, 6000];

/** Longest time for one sample, s: a peer that waits for ever would wait with us. */
const PATIENCE = 120;

/** All of them. */
export const TAPS: readonly TapRow[] = [
  { task: 'out', subject: TAP, sample: ours('out', 'offloads', BULK) },
  { task: 'in', subject: TAP, sample: ours('in', 'offloads', BULK) },
  { task: 'out', subject: TAP_BIG, sample: ours('out', 'big', BULK) },
  { task: 'in', subject: IPERF, sample: iperf(true, BULK) },
  { task: 'in', subject: KERNELS, sample: kernels('in', true, BULK) },
  { task: 'out', subject: TAP_PLAIN, sample: ours('out', 'plain', BULK_PLAIN) },
  { task: 'in', subject: TAP_PLAIN, sample: ours('in', 'plain', BULK_PLAIN) },
  { task: 'out', subject: TAP_GRO, sample: ours('out', 'gro', BULK_PLAIN) },
  { task: 'in', subject: TAP_GRO, sample: ours('in', 'gro', BULK_PLAIN) },
  { task: 'out', subject: TAP_THREAD, sample: ours('out', 'thread', BULK_PLAIN) },
  { task: 'in', subject: TAP_THREAD, sample: ours('in', 'thread', BULK_PLAIN) },
  { task: 'in', subject: IPERF_PLAIN, sample: iperf(false, BULK_PLAIN) },
  { task: 'connect', subject: TAP, sample: ours('connect', 'offloads', CONNECTS) },
  { task: 'connect out', subject: TAP, sample: ours('connect out', 'offloads', CONNECTS) },
  { task: 'connect', subject: KERNELS, sample: kernels('connect', true, CONNECTS) },
  { task: 'request', subject: TAP, sample: ours('request', 'offloads', REQUESTS) },
  { task: 'request out', subject: TAP, sample: ours('request out', 'offloads', REQUESTS) },
  { task: 'request', subject: KERNELS, sample: kernels('request', true, REQUESTS) },
];

function ours(task: TapTask, kind: TapKind, counts: Counts): TapRow['sample'] {
  return async (part, program) => {
    const { Ours } = await import('./ours.ts');
    return sample(await Ours.open(kind, program), task, counts, part);
  };
}

function kernels(task: TapTask, offloads: boolean, counts: Counts): TapRow['sample'] {
  return async (part, program) => {
    const { Kernels } = await import('./kernels.ts');
    return sample(await Kernels.open(offloads, program), task, counts, part);
  };
}

function iperf(offloads: boolean, [, timed]: Counts): TapRow['sample'] {
  return async (part) => (await import('./kernels.ts')).sampleIperf(offloads, timed * part);
}

async function sample(ends: Ends, task: TapTask, counts: Counts, part: number): Promise<StreamSample> {
  const late = setTimeout(() => {
    process.stderr.write(`${task}: nothing came of it in ${PATIENCE} s\n`);
    process.exit(1); // and with us whoever blocks in the namespaces
  }, PATIENCE * 1000);
  const [warmUp, timed] = counts.map((count) => Math.ceil(count * part)) as [number, number];
  try {
    for (let i = 0; i < WARM_UPS; i++) await ends.run(task, warmUp);
    const cpu = await ends.cpu();
    const start = performance.now();
    await ends.run(task, timed);
    const seconds = (performance.now() - start) / 1000;
    const cpuSeconds = ((await ends.cpu()) - cpu) / 1e6;
    return { count: timed, seconds, cpuSeconds };
  } finally {
    clearTimeout(late);
    await ends.close();
  }
}
