/**
 * Whether it takes longer to find one listener among ten thousand.
 * @module
 */
import { createHost, type Host, RealClock } from '@stack/host';
import { AF_INET, SOCK_STREAM } from '@stack/socket';
import { randomFrom } from '../random.ts';
import { nanoseconds } from './figures.ts';
import { Responder } from './responder.ts';

const ADDRESS = 0x0a00_0001;
const FIRST_PORT = 2000;
/** SYNs that are under way at a time: fewer than fit into the queue of one listener. */
const BATCH = 64;
const LOOKUPS = 1_000_000;

/** Ports that are asked for again and again: the listeners behind them are in the processor's cache. */
const HOT = 64;

/** CPU time, ns: for ports that are asked for again and again, and for any port. */
export interface ListenerCost {
  /** To find the listener of a port. */
  lookup: number;
  lookupAny: number;
  /** For a SYN, its answer, and the RST that ends it, the peer's side included. */
  syn: number;
  synAny: number;
}

/** The cost with so many listeners; `syns` is how many SYNs come. */
export async function listeners(count: number, syns: number): Promise<ListenerCost> {
  const clock = new RealClock();
  const host = createHost({ clock, seed: 1 });
  const responder = new Responder(host.pool);
  host.link.add(responder);
  host.addr.add('10.0.0.1/8', { dev: 'eth0' });
  host.link.set('eth0', { up: true });
  responder.refuses = true;
  for (let i = 0; i < count; i++) {
    const socket = host.socket(AF_INET, SOCK_STREAM);
    socket.bind({ port: FIRST_PORT + i });
    socket.listen();
  }
  const hot = randomPorts(count, HOT);
  const any = randomPorts(count, 4096);
  await knock(clock, responder, any, syns >> 2);
  const cost: ListenerCost = {
    lookup: find(host, hot),
    lookupAny: find(host, any),
    syn: await knock(clock, responder, hot, syns),
    synAny: await knock(clock, responder, any, syns),
  };
  if (host.tcp.mib.Tcp.CurrEstab > 0) throw new Error('a SYN was not refused');
  await host.close();
  clock.close();
  return cost;
}

/** `length` of the ports that `count` listeners have; a power of two. */
function randomPorts(count: number, length: number): number[] {
  const random = randomFrom(1);
  return Array.from({ length }, () => FIRST_PORT + (random() % count));
}

/** Looks for the listeners of ports, ns each. */
function find(host: Host, ports: readonly number[]): number {
  const { tables } = host.tcp;
  const [entry] = tables.entries();
  if (entry === undefined) throw new Error('nobody listens');
  const { family } = entry;
  const mask = ports.length - 1;
  let missed = 0;
  const run = (): void => {
    for (let i = 0; i < LOOKUPS; i++) {
      if (tables.listener(family, ADDRESS, ports[i & mask] as number, 2, i) === undefined) missed++;
    }
  };
  const cost = nanoseconds(LOOKUPS, run, 5);
  if (missed > 0) throw new Error(`${missed} listeners were not found`);
  return cost;
}

/** Sends SYNs to these ports, each from another port, ns each. */
async function knock(
  clock: RealClock,
  responder: Responder,
  ports: readonly number[],
  syns: number,
): Promise<number> {
  const { synAcks } = responder;
  const mask = ports.length - 1;
  const start = process.cpuUsage();
  for (let done = 0; done < syns; ) {
    for (const end = Math.min(done + BATCH, syns); done < end; done++) {
      const saddr = 0x0a02_0001 + (done >> 15);
      responder.open(saddr, 1024 + (done & 0x7fff), ADDRESS, ports[done & mask] as number);
    }
    while (responder.synAcks < synAcks + done) await clock.sleep(0);
  }
  const { user, system } = process.cpuUsage(start);
  return ((user + system) * 1000) / syns;
}
