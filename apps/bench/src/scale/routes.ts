/**
 * Half a million routes, as a router without a default route has.
 * @module
 */
import { createHost, type Host, RealClock, vethPair } from '@stack/host';
import type { Flow } from '@stack/routing';
import { randomFrom } from '../random.ts';
import { nanoseconds } from './figures.ts';
import { each, memory } from './memory.ts';

/** Fewest lookups that are timed. */
const LOOKUPS = 50_000;
/** Destinations that are asked for in turn: more than any cache holds. */
const DESTINATIONS = 1 << 18;
const GATEWAYS = 200;

/** CPU time in ns, memory in bytes. */
export interface RouteCost {
  count: number;
  /** To add one. */
  add: number;
  heap: number;
  rss: number;
  /** `Fib.lookup`: local table, main table, any destination. */
  lookup: number;
  /** `Ipv4.routeOutput` for a destination that is not cached: lookup, source address, a new `Dst`. */
  output: number;
}

/** The cost with so many prefixes. */
export async function routes(count: number): Promise<RouteCost> {
  const clock = new RealClock();
  const host = createHost({ clock, seed: 1 });
  const [eth0, peer] = vethPair({ names: ['eth0', 'eth1'] });
  for (const [device, address] of [
    [eth0, '10.0.0.1/16'],
    [peer, '10.1.0.1/16'],
  ] as const) {
    host.link.add(device);
    host.addr.add(address, { dev: device.name });
    host.link.set(device.name, { up: true });
  }
  const prefixes = makePrefixes(count);
  const before = memory();
  const add = nanoseconds(count, () => fill(host, prefixes));
  const { heap, rss } = each(before, memory(), count);
  const random = randomFrom(3);
  const destinations = Float64Array.from({ length: DESTINATIONS }, () => {
    const { dst, length } = prefixes[random() % count] as Prefix;
    return dst + (random() % 2 ** (32 - length));
  });
  const times = Math.max(2 * count, LOOKUPS);
  const cost = {
    count,
    add,
    heap,
    rss,
    lookup: lookups(host, destinations, times),
    output: outputs(host, destinations, times),
  };
  await host.close();
  clock.close();
  return cost;
}

interface Prefix {
  dst: number;
  length: number;
}

/** Different prefixes of 1.0.0.0 to 223.255.255.255, six of ten a /24, as in the Internet. */
function makePrefixes(count: number): Prefix[] {
  const random = randomFrom(4);
  const known = new Set<number>();
  const prefixes: Prefix[] = [];
  while (prefixes.length < count) {
    const length = random() % 10 < 6 ? 24 : 16 + (random() % 8);
    const size = 2 ** (32 - length);
    const dst = Math.floor(random() / size) * size;
    const first = Math.floor(dst / 2 ** 24);
    const key = dst * 64 + length;
    if (first === 0 || first === 10 || first === 127 || first > 223 || known.has(key)) continue;
    known.add(key);
    prefixes.push({ dst, length });
  }
  return prefixes;
}

function fill(host: Host, prefixes: readonly Prefix[]): void {
  for (const [i, { dst, length }] of prefixes.entries()) {
    const error = host.fib.add({ dst, length, nexthops: [{ via: 0x0a00_0002 + (i % GATEWAYS) }] });
    if (error !== undefined) throw new Error(`route ${i}: ${error}`);
  }
}

function lookups(host: Host, destinations: Float64Array, times: number): number {
  const { fib } = host;
  const flow: { -readonly [K in keyof Flow<number>]: Flow<number>[K] } = {
    ...{ daddr: 0, saddr: undefined, iif: 1, oif: 0, mark: 0, tos: 0, scope: 0, hash: 0 },
  };
  const run = (): void => {
    for (let i = 0; i < times; i++) {
      flow.daddr = destinations[i & (DESTINATIONS - 1)] as number;
      if (typeof fib.lookup(flow) === 'string') throw new Error('no route');
    }
  };
  return nanoseconds(times, run, 5);
}

function outputs(host: Host, destinations: Float64Array, times: number): number {
  const { ipv4 } = host;
  const flow = { daddr: 0, saddr: 0, oif: 0, tos: 0, mark: 0, protocol: 6, sport: 1, dport: 2, flags: 0 };
  const run = (): void => {
    for (let i = 0; i < times; i++) {
      flow.daddr = destinations[i & (DESTINATIONS - 1)] as number;
      flow.saddr = 0;
      if (typeof ipv4.routeOutput(i, flow) === 'string') throw new Error('no route');
    }
  };
  return nanoseconds(times, run, 5);
}
