/**
 * What is measured of TCP: three tasks, each done by our stack on four networks and by Node's `net` in two ways.
 * @module
 */
import type { NetworkName } from './networks.ts';
import type { Peers } from './peers.ts';

/** A GiB over one connection; one byte to and fro; a connection opened and closed. */
export type Task = 'bulk' | 'request' | 'connect';

/** One task, done by one subject. */
export interface Stream {
  task: Task;
  /** Who does it, as the table names it. */
  subject: string;
  /** Loads and connects it. `program` is what to fork for more processes. */
  open: (program: string) => Promise<Peers>;
}

/** What one process measured. */
export interface StreamSample {
  /** Bytes, round trips or connections. */
  count: number;
  seconds: number;
  /** CPU time of all processes that took part. */
  cpuSeconds: number;
}

/**
 * How often a task is done, bytes of `bulk`: before it is timed, and then. No more connections than a client has ports of one parity (14,116):
 * the search for one would be what is measured.
 */
const COUNTS: Record<Task, readonly [warmUp: number, timed: number]> = {
  bulk: [2 ** 26, 2 ** 30],
  request: [4000, 40_000],
  connect: [3000, 8000],
};

/** The row that the others are compared with. */
export const NET = 'Node net, two processes';
/** What is gated: nothing computed that one machine need not, and everything. */
export const VETH = 'veth, GSO, partial checksums';
export const VETH_PLAIN = 'veth, MTU 1500, checksummed';

const SUBJECTS: readonly [subject: string, open: Stream['open']][] = [
  [VETH, stack('veth')],
  [VETH_PLAIN, stack('veth plain')],
  ['two NICs and a wire, offloads', stack('nic')],
  ['loopback of one host', stack('loopback')],
  ['Node net, one process', async () => (await import('./node-peers.ts')).nodePeersHere()],
  [NET, async (program) => (await import('./node-peers.ts')).nodePeersApart(program)],
];

function stack(name: NetworkName): Stream['open'] {
  return async () => (await import('./stack-peers.ts')).stackPeers(name);
}

/** All of them. */
export const STREAMS: readonly Stream[] = (['bulk', 'request', 'connect'] as const).flatMap((task) =>
  SUBJECTS.map(([subject, open]) => ({ task, subject, open })),
);

/** Does a task once, `part` of its count, warmed up. @throws Error where bytes are missing or something is left behind. */
export async function sampleStream(
  { task, open }: Stream,
  part: number,
  program: string,
): Promise<StreamSample> {
  const peers = await open(program);
  const [warmUp, timed] = COUNTS[task].map((count) => Math.ceil(count * part)) as [number, number];
  const run = { bulk: 'bulk', request: 'requests', connect: 'connects' } as const;
  await peers[run[task]](warmUp);
  const cpu = await peers.cpu();
  const start = performance.now();
  await peers[run[task]](timed);
  const seconds = (performance.now() - start) / 1000;
  const cpuSeconds = ((await peers.cpu()) - cpu) / 1e6;
  await peers.close();
  return { count: timed, seconds, cpuSeconds };
}
