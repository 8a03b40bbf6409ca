/**
 * What was counted, by the names of the tools that show it.
 * @module
 */
import { type LinkStats, since } from '@stack/host';
import type { EthtoolStats } from '@stack/nic-sim';
import type { Cable, HostName, Network, Station } from './network.ts';

/** A counter of each host, by the host's name. */
export type PerHost<T> = Partial<Record<HostName, T>>;

/** What the cards' DMA engines moved. */
export interface Dma {
  /** Frames gathered from memory onto the wire, and their bytes. */
  gathers: number;
  gatherBytes: number;
  /** Frames scattered from the wire into memory, and their bytes. */
  scatters: number;
  scatterBytes: number;
}

/** One wire, one direction. Frames. */
export interface WireCount {
  from: HostName;
  to: HostName;
  frames: number;
  delivered: number;
  lost: number;
  corrupted: number;
  duplicated: number;
  reordered: number;
  /** Dropped for other reasons: no room on the wire. */
  dropped: number;
}

/** Everything. */
export interface Counters {
  /** `nstat`: what moved. */
  nstat: PerHost<Record<string, number>>;
  /** `ip -s link`: what is not 0, by device. */
  links: PerHost<Record<string, Partial<LinkStats>>>;
  /** Packets dropped, by reason: the host's and its cards'. */
  drops: PerHost<Record<string, number>>;
  dma: PerHost<Dma>;
  wires: WireCount[];
}

/** Groups of /proc/net/snmp and netstat, which is what nstat prints. */
const NSTAT = /^(Ip|Icmp|Tcp|Udp)/;

/** Counters from a moment on. */
export class CounterWatch {
  readonly #network: Network;
  readonly #before = new Map<HostName, Record<string, number>>();

  constructor(network: Network) {
    this.#network = network;
    for (const { name, host } of network.stations) this.#before.set(name, host.nstat());
  }

  /** What was counted since. */
  read(): Counters {
    const { stations, cables } = this.#network;
    const perHost = <T>(of: (station: Station) => T): PerHost<T> =>
      Object.fromEntries(stations.map((station) => [station.name, of(station)]));
    return {
      nstat: this.#nstat(),
      links: perHost(linksOf),
      drops: perHost(dropsOf),
      dma: perHost(dmaOf),
      wires: cables.flatMap(wiresOf),
    };
  }

  /** Names that moved on one host at least; every host has all of them. */
  #nstat(): PerHost<Record<string, number>> {
    const { stations } = this.#network;
    const moved = stations.map(({ name, host }) => ({
      name,
      by: since(this.#before.get(name) ?? {}, host.nstat()),
    }));
    const names = Object.keys(stations[0]?.host.nstat() ?? {}).filter(
      (name) => NSTAT.test(name) && moved.some(({ by }) => by[name] !== undefined),
    );
    return Object.fromEntries(
      moved.map(({ name, by }) => [
        name,
        Object.fromEntries(names.map((counter) => [counter, by[counter] ?? 0])),
      ]),
    );
  }
}

function linksOf({ nics }: Station): Record<string, Partial<LinkStats>> {
  return Object.fromEntries([...nics].map(([name, { stats }]) => [name, nonZero(stats)]));
}

function dropsOf({ host, nics }: Station): Record<string, number> {
  const drops: Record<string, number> = { ...host.drops };
  for (const nic of nics.values()) {
    for (const [reason, count] of Object.entries(nonZero(nic.drops)))
      drops[reason] = (drops[reason] ?? 0) + count;
  }
  return drops;
}

function dmaOf({ nics }: Station): Dma {
  const sum = (name: keyof EthtoolStats): number =>
    [...nics.values()].reduce((total, { ethtool }) => total + ethtool[name], 0);
  return {
    gathers: sum('dmaGathers'),
    gatherBytes: sum('dmaGatherBytes'),
    scatters: sum('dmaScatters'),
    scatterBytes: sum('dmaScatterBytes'),
  };
}

function wiresOf({ wire, a, b }: Cable): WireCount[] {
  return [
    { from: a, to: b, stats: wire.aToB.stats },
    { from: b, to: a, stats: wire.bToA.stats },
  ].map(({ from, to, stats: { frames, delivered, drops, corrupted, duplicated, reordered } }) => ({
    from,
    to,
    frames,
    delivered,
    lost: drops.WIRE_LOSS,
    corrupted,
    duplicated,
    reordered,
    dropped: drops.WIRE_QUEUE + drops.WIRE_DOWN + drops.WIRE_NOMEM,
  }));
}

function nonZero<T extends object>(counters: T): Partial<T> {
  return Object.fromEntries(Object.entries(counters).filter(([, value]) => value !== 0)) as Partial<T>;
}
