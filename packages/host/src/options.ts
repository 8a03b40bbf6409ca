/**
 * How a host is made.
 * @module
 */
import { rng } from '@stack/nic-sim';
import { Pool } from '@stack/skbuff';
import type { Value } from '@stack/sysctl';
import type { Mac } from '@stack/tcp/engine';
import type { Clock } from './clock/clock.ts';
import { VirtualClock } from './clock/virtual-clock.ts';

/** Options of `createHost`. */
export interface HostOptions {
  /** A `VirtualClock` or a `RealClock`; hosts, NICs and wires of one network share it. */
  clock: Clock;
  /** For traces and messages. Default `host`. */
  name?: string;
  /**
   * All that is random on the host follows from it, and from its name. With a virtual clock the default is 1; with another one
   * numbers come from the platform's generator unless a seed is given.
   */
  seed?: number;
  /** A source of random u32 values, in place of a seed. */
  random?: () => number;
  /** Sysctls that differ from Linux's defaults: `{ 'net.ipv4.ip_forward': 1 }`. */
  sysctl?: Readonly<Record<string, Value | string>>;
  /** Bytes of the machine whose defaults are taken (`tcp_mem`, `tcp_max_orphans`, …). Default 8 GiB. */
  memory?: number;
  /** Where packets live. Default: a pool of at most {@link POOL_LIMIT} bytes. */
  pool?: Pool;
  /** Whether there is a loopback device, up. Default true. */
  loopback?: boolean;
  /** Milliseconds since midnight UT, for ICMP and IP timestamps. Without it they carry the host's own time, marked as such. */
  timeOfDay?: (now: number) => number;
  /** Message authentication codes, for `TCP_MD5SIG` and `TCP_AO_*`: `mac` of `@stack/host/mac`. Without them there are no such options. */
  mac?: Mac;
  /** Whether programs may do what CAP_NET_ADMIN, CAP_NET_RAW and CAP_NET_BIND_SERVICE allow. Default true. */
  privileged?: boolean;
}

/** Bytes that the packets of a host may take unless it is given a pool. */
export const POOL_LIMIT = 0x4000_0000;

/** A pool with the default limit. */
export function defaultPool(): Pool {
  return new Pool({ limit: POOL_LIMIT });
}

interface Crypto {
  getRandomValues(array: Uint32Array): Uint32Array;
}

/** Where a host's random numbers come from. */
export function randomOf({ clock, name = 'host', seed, random }: HostOptions): () => number {
  if (random !== undefined) return random;
  if (seed !== undefined || clock instanceof VirtualClock) return rng(seed ?? 1, streamOf(name));
  const { crypto } = globalThis as { crypto?: Crypto };
  if (crypto === undefined) throw new TypeError('host: no crypto here; give createHost a seed or random');
  return platformRandom(crypto);
}

/** Draws from the platform 256 values at a time. */
function platformRandom(crypto: Crypto): () => number {
  const drawn = new Uint32Array(256);
  let next = drawn.length;
  return () => {
    if (next === drawn.length) {
      crypto.getRandomValues(drawn);
      next = 0;
    }
    return drawn[next++] as number;
  };
}

/** FNV-1a: hosts of one seed differ by their names. */
function streamOf(name: string): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x0100_0193);
  return hash >>> 0;
}
