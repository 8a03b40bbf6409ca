/**
 * A network namespace with a TAP in it, and a host of ours behind the TAP.
 * @module
 */
import { createHost, type Host, isNetlinkError, POOL_LIMIT, RealClock } from '@stack/host';
import { Pool } from '@stack/skbuff';
import { Netns, NetnsError, openTap, type Tap, TapError } from '@stack/tap';
import { CommandError } from '../errors.ts';
import { type CallListener, forAll, type Network, type Station } from '../network.ts';

/** The kernel's end, and ours. */
export const KERNEL = '10.0.0.1';
export const OURS = '10.0.0.2';
const PREFIX = 24;
/** Reordering needs packets that wait, µs. */
const REORDER_DELAY = 10_000;

/** How a place is made. */
export interface PlaceOptions {
  /** What our host is in the story. */
  role: 'client' | 'server';
  target: { address: string; port: number };
  /** Bytes behind the Ethernet header, both sides. */
  mtu: number;
  offloads: boolean;
  seed: number | undefined;
  sysctl: Readonly<Record<string, string>>;
  /** What happens to frames that our host sends: probabilities, and µs. */
  faults: Faults;
}

/** See {@link PlaceOptions.faults}. */
export interface Faults {
  loss?: number | undefined;
  delay?: number | undefined;
  reorder?: number | undefined;
  duplicate?: number | undefined;
  corrupt?: number | undefined;
}

/** See the module. Everything is gone when it is closed, and when the process ends, however it does. */
export class Place implements Network {
  readonly clock: RealClock;
  readonly netns: Netns;
  readonly tap: Tap;
  readonly host: Host;
  readonly station: Station;
  readonly stations: readonly Station[];
  readonly client: Station | undefined;
  readonly server: Station | undefined;
  readonly router = undefined;
  readonly cables = [];
  readonly target: PlaceOptions['target'];

  private constructor(clock: RealClock, netns: Netns, tap: Tap, host: Host, options: PlaceOptions) {
    const { role, target } = options;
    this.clock = clock;
    this.netns = netns;
    this.tap = tap;
    this.host = host;
    this.target = target;
    const callListeners = new Set<CallListener>();
    host.strace = forAll(callListeners);
    this.station = {
      name: role,
      host,
      device: tap.name,
      nics: new Map(),
      cardListeners: new Set(),
      callListeners,
      memory: new Set(),
    };
    this.stations = [this.station];
    this.client = role === 'client' ? this.station : undefined;
    this.server = role === 'server' ? this.station : undefined;
  }

  /** Makes it. @throws CommandError what is not possible here; SysctlError. */
  static async open(options: PlaceOptions): Promise<Place> {
    const { role, mtu, offloads, seed, sysctl } = options;
    const clock = new RealClock();
    const pool = new Pool({ limit: POOL_LIMIT });
    const host = createHost({ clock, name: role, pool, sysctl, ...(seed !== undefined && { seed }) });
    let netns: Netns | undefined;
    let tap: Tap | undefined;
    try {
      netns = await Netns.open();
      tap = await openTap({ pool, mtu, offloads });
      const { kernelName } = tap;
      netns.adopt(kernelName);
      // No IPv6 chatter in between.
      netns.run('ip', 'link', 'set', kernelName, 'addrgenmode', 'none');
      netns.run('ip', 'link', 'set', kernelName, 'mtu', String(mtu), 'up');
      netns.run('ip', 'address', 'add', `${KERNEL}/${PREFIX}`, 'dev', kernelName);
      host.link.add(tap, { up: true });
      host.addr.add(`${OURS}/${PREFIX}`, { dev: tap.name });
      impair(host, tap.name, options);
      return new Place(clock, netns, tap, host, options);
    } catch (error) {
      tap?.close();
      await host.close();
      await netns?.close();
      throw isMissing(error) ? new CommandError(error.message) : error;
    }
  }

  /** Ends the host and takes the rest away. What is left of packets and timers is counted. */
  async close(): Promise<{ pages: number; skbs: number; timers: number }> {
    await this.host.close();
    this.clock.close();
    await this.netns.close();
    const { pool, timers } = this.host;
    return { pages: pool.stats.inUse, skbs: pool.stats.skbs, timers: timers.pending };
  }
}

/** Frames of ours pass a `netem`: what Linux would do with `tc qdisc`. */
function impair(host: Host, dev: string, { faults, seed }: PlaceOptions): void {
  const { loss = 0, delay = 0, reorder = 0, duplicate = 0, corrupt = 0 } = faults;
  if (loss + delay + reorder + duplicate + corrupt === 0) return;
  host.qdisc.replace(dev, {
    kind: 'netem',
    loss: { random: loss },
    delay: reorder > 0 && delay === 0 ? REORDER_DELAY : delay,
    reorder,
    duplicate,
    corrupt,
    ...(seed !== undefined && { seed }),
  });
}

function isMissing(error: unknown): error is Error {
  return error instanceof NetnsError || error instanceof TapError || isNetlinkError(error);
}
