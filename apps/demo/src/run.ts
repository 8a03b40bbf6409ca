/**
 * The whole: a network, two programs on it, everybody who watches, and what came of it.
 * @module
 */
import type { Impairments } from '@stack/nic-sim';
import type { Syscall } from '@stack/socket';
import type { Capture } from './capture.ts';
import { type Copies, CopyWatch } from './copies.ts';
import { type Counters, CounterWatch } from './counters.ts';
import { firstDifference } from './difference.ts';
import { bodyOf, ok, post } from './http.ts';
import { buildNetwork, type SimulatedNetwork, type Station } from './network.ts';
import { answer, echo, request, transfer } from './programs.ts';
import { Ears, FirstData, type Scene, SocketsSeen } from './scene.ts';
import { SegmentLines } from './segment-lines.ts';
import { formatLeft } from './ss.ts';
import type { Teller } from './story.ts';
import { tellAll } from './tell/all.ts';
import type { Waits } from './tell/buffer.ts';
import { CARD } from './tell/driver.ts';

/** Numbers of the two processes, as `strace -f` shows them. */
export const PIDS = { server: 1001, client: 1002 } as const;

/** Beyond this virtual time whatever is left is left for good: orphans and TIME-WAIT are over, µs. */
const LONG_AFTER = 3_600_000_000;

/** What {@link run} is given. */
export interface RunOptions {
  /** What the client sends: as it is, or as the body of a request. */
  data: Uint8Array;
  /** `request`: it is a request, and answered; `transfer`: it is posted, and sent back. */
  program: 'request' | 'transfer';
  routed: boolean;
  /** Lend the bytes instead of having them copied (`MSG_ZEROCOPY`). */
  zerocopy: boolean;
  seed: number;
  wire: Partial<Impairments>;
  sysctl: Readonly<Record<string, string>>;
  wmem: number | undefined;
  /** Tell every frame, those after the end included. */
  verbose: boolean;
  tell: Teller;
  /** Told of the programs' system calls. */
  calls?: {
    enter(call: Syscall): void;
    exit(call: Syscall): void;
    exited(pid: number, time: number, status: number): void;
  };
  capture?: Capture | undefined;
}

/** One direction's bytes. */
export interface Delivery {
  from: 'client' | 'server';
  /** Bytes the program sent, and the peer's program received, without the head of a message that carries them. */
  sent: number;
  received: number;
  identical: boolean;
  /** First byte that differs; -1 = none. */
  difference: number;
  /** When the first byte was given to send(), and the last returned by recv(), µs. */
  begin: number;
  end: number;
}

/** What came of it. */
export interface Outcome extends Counters {
  deliveries: Delivery[];
  /** What programs failed with: `client: connect ECONNREFUSED …`. */
  errors: string[];
  /** When both programs had ended, µs. */
  time: number;
  copies: Copies;
  waits: Waits;
  /** Not given back once all is over: packets and pages of the pools, timers, connections. */
  left: { pages: number; skbs: number; timers: number; connections: number };
}

/** The server's answer to a request. */
export function reply(request: Uint8Array): Uint8Array {
  return ok(new TextEncoder().encode(`${request.length} bytes received`));
}

/** The server's answer to bytes that it is to send back. */
function echoed(request: Uint8Array): Uint8Array {
  return ok(bodyOf(request));
}

/** Runs it. The same options, the same story, the same outcome. @throws SysctlError for a sysctl that is none. */
export async function run(options: RunOptions): Promise<Outcome> {
  const network = await buildNetwork(options);
  const isRequest = options.program === 'request';
  const asked = isRequest ? options.data : post(options.data);
  const answered = isRequest ? reply(asked) : echoed(asked);
  const { clock, client, server } = network;
  const ears = new Ears();
  const late = new Ears();
  const scene: Scene = {
    network,
    tell: options.tell,
    lines: new SegmentLines(),
    sockets: new SocketsSeen(network, ears),
    first: new FirstData(network, ears),
    driver: CARD,
    total: asked.length,
    zerocopy: options.zerocopy,
    everyFrame: isRequest || options.verbose,
  };
  const counters = new CounterWatch(network);
  const watch = new CopyWatch(network, ears);
  const progress = new Progress(network, ears);
  const { calls, capture } = options;
  if (calls) for (const { callListeners } of [client, server]) ears.join(callListeners, calls);
  if (capture && network.cables[0]) capture.watch(network.cables[0]);
  const waits = tellAll(scene, ears, options.verbose ? late : ears);
  const ended = await runPrograms(network, options, asked);
  const time = clock.now();
  await scene.sockets.allClosed(clock);
  ears.close();
  tellTimeWait(scene, client);
  await clock.runFor(LONG_AFTER);
  late.close();
  const told = counters.read();
  const payload = isRequest ? (bytes: Uint8Array) => bytes : bodyOf;
  const deliveries = [
    progress.delivery('client', payload(asked), payload(joined(ended.server))),
    progress.delivery('server', payload(answered), payload(joined(ended.client))),
  ];
  watch.sent(client, asked.length);
  watch.sent(server, answered.length);
  watch.received(server, ended.server);
  watch.received(client, ended.client);
  const left = await takeDown(network);
  return { deliveries, errors: ended.errors, time, copies: watch.copies, waits, ...told, left };
}

/** What the programs received, and what they failed with. */
interface Ended {
  client: Uint8Array[];
  server: Uint8Array[];
  errors: string[];
}

async function runPrograms(
  { clock, client, server, target }: SimulatedNetwork,
  { program, zerocopy, calls }: RunOptions,
  data: Uint8Array,
): Promise<Ended> {
  const here = client.host.process({ pid: PIDS.client });
  const there = server.host.process({ pid: PIDS.server });
  const ended: Ended = { client: [], server: [], errors: [] };
  let failed = false;
  const main = async (name: 'client' | 'server', result: Promise<Uint8Array[]>): Promise<void> => {
    try {
      ended[name] = await result;
      calls?.exited(PIDS[name], clock.now(), 0);
    } catch (error) {
      if (!failed) ended.errors.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      failed = true;
      calls?.exited(PIDS[name], clock.now(), 1);
      // The end of a program closes its sockets; whoever waits for it is not left waiting for ever.
      await Promise.all([here.close(), there.close()]);
    }
  };
  const isRequest = program === 'request';
  const serving = main(
    'server',
    isRequest ? answer(there, target.port, reply) : echo(there, target.port, echoed),
  );
  const asking = main('client', (isRequest ? request : transfer)(here, target, data, zerocopy));
  await clock.run(Promise.all([serving, asking]));
  return ended;
}

/** Arrays as one. */
function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
}

/** The small socket that stays behind. */
function tellTimeWait({ tell }: Scene, { host }: Station): void {
  const details = formatLeft(host);
  if (details.length === 0) return;
  tell({
    kind: 'step',
    time: host.clock.now(),
    side: 'client',
    call: 'tcp_fin → tcp_time_wait',
    file: 'net/ipv4/tcp_minisocks.c',
    text: 'Who closes first keeps the address for 60 s more, in case its last ACK was lost or segments wander about: the socket is gone, a small inet_timewait_sock answers for it.',
    details,
  });
}

/** Ends both hosts and counts what they leave. */
async function takeDown({ clock, stations, cables }: SimulatedNetwork): Promise<Outcome['left']> {
  const left = { pages: 0, skbs: 0, timers: 0, connections: 0 };
  for (const { host } of stations) {
    left.connections += [...host.tcp.entries()].length;
    await host.close();
  }
  for (const { wire } of cables) wire.close();
  await clock.run();
  for (const { host } of stations) {
    left.pages += host.pool.stats.inUse;
    left.skbs += host.pool.stats.skbs;
    left.timers += host.timers.pending;
  }
  return left;
}

/** When each direction began and ended, by the system calls. */
class Progress {
  readonly #begin = new Map<string, number>();
  readonly #end = new Map<string, number>();

  constructor({ client, server }: SimulatedNetwork, ears: Ears) {
    for (const { name, callListeners } of [client, server]) {
      ears.join(callListeners, {
        enter: (call) => {
          if (call.name === 'sendto' && !this.#begin.has(name)) this.#begin.set(name, call.start);
        },
        exit: (call) => {
          if (call.name === 'recvfrom' && call.result > 0) this.#end.set(name, call.end);
        },
      });
    }
  }

  delivery(from: 'client' | 'server', sent: Uint8Array, received: Uint8Array): Delivery {
    const difference = firstDifference(sent, received);
    const begin = this.#begin.get(from) ?? 0;
    return {
      from,
      sent: sent.length,
      received: received.length,
      identical: difference < 0,
      difference,
      begin,
      end: this.#end.get(from === 'client' ? 'server' : 'client') ?? begin,
    };
  }
}
