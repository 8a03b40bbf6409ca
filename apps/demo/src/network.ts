/**
 * The networks of the demo: two hosts on a LAN, or a client, a router and a server on two LANs.
 * @module
 */
import { type Clock, createHost, type Host, VirtualClock } from '@stack/host';
import { type Impairments, Nic, type Trace, type TraceEvent, Wire } from '@stack/nic-sim';
import { Pool } from '@stack/skbuff';
import type { Syscall } from '@stack/socket';
import type { Side } from './story.ts';

/** Name of a host. */
export type HostName = Exclude<Side, 'wire' | 'kernel'>;

/** Bytes that the packets of one host may take. */
const POOL_LIMIT = 1 << 30;

/** How a network is made. */
export interface NetworkOptions {
  /** With a router between the two. */
  routed: boolean;
  /** All that is random follows from it. */
  seed: number;
  /** What the wires do to frames. */
  wire: Partial<Impairments>;
  /** Sysctls of every host, by name. */
  sysctl: Readonly<Record<string, string>>;
  /** Largest send buffer of the client, bytes; `undefined` = Linux's. */
  wmem: number | undefined;
}

/** Told of a system call: as it begins, and as it ends. */
export interface CallListener {
  enter?(call: Syscall): void;
  exit?(call: Syscall): void;
}

/** A host with its cards, and what the demo knows of it. */
export interface Station {
  readonly name: HostName;
  readonly host: Host;
  /** The device that its program's packets leave by. */
  readonly device: string;
  /** By device: `eth0`, and of a router `eth1`. */
  readonly nics: ReadonlyMap<string, Nic>;
  /** Who is told what its cards do. */
  readonly cardListeners: Set<Trace>;
  /** Who is told of the system calls of its program. */
  readonly callListeners: Set<CallListener>;
  /** Memory its packets lie in: anything else is somebody's own. */
  readonly memory: ReadonlySet<ArrayBufferLike>;
}

/** A wire, and whose cards are at its ends. */
export interface Cable {
  readonly wire: Wire;
  readonly a: HostName;
  readonly b: HostName;
}

/** All of it, or what of it is ours. */
export interface Network {
  readonly clock: Clock;
  readonly stations: readonly Station[];
  /** `undefined` where that end is not ours. */
  readonly client: Station | undefined;
  readonly server: Station | undefined;
  readonly router: Station | undefined;
  /** The client's wire is the first. */
  readonly cables: readonly Cable[];
  /** Where the server listens. */
  readonly target: { readonly address: string; readonly port: number };
}

/** A network that is ours altogether. */
export interface SimulatedNetwork extends Network {
  readonly clock: VirtualClock;
  readonly client: Station;
  readonly server: Station;
}

const CLIENT = { address: '192.168.1.10/24', mac: 0x02_00_00_00_00_0a };
const SERVER = { address: '192.168.1.100/24', mac: 0x02_00_00_00_00_64 };
const FAR_SERVER = { address: '192.168.2.100/24', mac: 0x02_00_00_00_02_64 };
const NEAR_GATEWAY = { address: '192.168.1.1/24', mac: 0x02_00_00_00_01_01 };
const FAR_GATEWAY = { address: '192.168.2.1/24', mac: 0x02_00_00_00_02_01 };
const PORT = 8080;
/** Of a wire, one way, µs. */
const DELAY = 50;
/** Of a wire, bits per second. */
const GIGABIT = 1_000_000_000;
const FAULTS = ['loss', 'reorder', 'duplicate', 'corrupt'] as const;

/** Builds it; links are up and their interrupts over. @throws SysctlError for a sysctl that is none, or a value that is not legal. */
export async function buildNetwork(options: NetworkOptions): Promise<SimulatedNetwork> {
  const clock = new VirtualClock();
  const { routed, seed, sysctl, wmem } = options;
  const make = (name: HostName, more: Readonly<Record<string, string>>): Maker =>
    new Maker(clock, name, seed, { ...sysctl, ...more });
  const client = make(
    'client',
    wmem === undefined ? {} : { 'net.ipv4.tcp_wmem': `${Math.min(wmem, 4096)} ${wmem} ${wmem}` },
  );
  const server = make('server', {});
  const router = routed ? make('router', { 'net.ipv4.ip_forward': '1' }) : undefined;
  const cables: Cable[] = [];
  const connect = (a: Maker, aNic: Nic, b: Maker, bNic: Nic): void => {
    const wire = new Wire({
      clock,
      a: aNic,
      b: bNic,
      seed: seed + cables.length,
      delay: DELAY,
      ...options.wire,
    });
    cables.push({ wire, a: a.name, b: b.name });
  };
  const near = client.card('eth0', CLIENT);
  if (router === undefined) connect(client, near, server, server.card('eth0', SERVER));
  else {
    connect(client, near, router, router.card('eth0', NEAR_GATEWAY));
    connect(router, router.card('eth1', FAR_GATEWAY), server, server.card('eth0', FAR_SERVER));
    client.host.route.add('default', { via: addressOf(NEAR_GATEWAY) });
    server.host.route.add('default', { via: addressOf(FAR_GATEWAY) });
  }
  await clock.runUntil(0);
  const address = addressOf(router === undefined ? SERVER : FAR_SERVER);
  return {
    clock,
    stations: [client, ...(router === undefined ? [] : [router]), server],
    client,
    server,
    router,
    cables,
    target: { address, port: PORT },
  };
}

/** The network in a line. */
export function describe({ routed, seed, wire }: NetworkOptions): string {
  const faults = FAULTS.filter((name) => wire[name] !== undefined).map(
    (name) => `${name} ${Math.round((wire[name] as number) * 100_000) / 1000} %`,
  );
  const link = [
    `${(wire.rate ?? GIGABIT) / 1_000_000} Mbit/s`,
    `${(wire.delay ?? DELAY) / 1000} ms`,
    ...faults,
  ];
  const client = `client ${addressOf(CLIENT)}`;
  const server = `server ${addressOf(routed ? FAR_SERVER : SERVER)}:${PORT}`;
  const router = `${addressOf(NEAR_GATEWAY)} router ${addressOf(FAR_GATEWAY)}`;
  const path = [client, ...(routed ? [router] : []), server].join(' ─── ');
  return `${path}   (${routed ? 'each wire' : 'wire'}: ${link.join(', ')}; seed ${seed})`;
}

/** A {@link Station} while it is built. */
class Maker implements Station {
  readonly name: HostName;
  readonly host: Host;
  readonly device = 'eth0';
  readonly nics = new Map<string, Nic>();
  readonly cardListeners = new Set<Trace>();
  readonly callListeners = new Set<CallListener>();
  readonly memory = new Set<ArrayBufferLike>();
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock, name: HostName, seed: number, sysctl: Readonly<Record<string, string>>) {
    this.name = name;
    this.#clock = clock;
    const memory = (bytes: number): Uint8Array => {
      const chunk = new Uint8Array(bytes);
      this.memory.add(chunk.buffer);
      return chunk;
    };
    const pool = new Pool({ limit: POOL_LIMIT, memory });
    this.host = createHost({ clock, name, seed, sysctl, pool });
    this.host.strace = forAll(this.callListeners);
  }

  /** A card with an address, up. */
  card(name: string, { address, mac }: { address: string; mac: number }): Nic {
    const { host, cardListeners } = this;
    const trace = (event: TraceEvent): void => {
      for (const listener of cardListeners) listener(event);
    };
    const nic = new Nic({ clock: this.#clock, pool: host.pool, address: mac, name, trace });
    this.nics.set(name, nic);
    host.link.add(nic, { up: true });
    host.addr.add(address, { dev: name });
    return nic;
  }
}

/** Tells each of them. */
export function forAll(listeners: ReadonlySet<CallListener>): Required<CallListener> {
  return {
    enter: (call) => {
      for (const listener of listeners) listener.enter?.(call);
    },
    exit: (call) => {
      for (const listener of listeners) listener.exit?.(call);
    },
  };
}

function addressOf({ address }: { address: string }): string {
  return address.slice(0, address.indexOf('/'));
}
