/**
 * `ip tcp_metrics`.
 * @module
 */
import { formatAddress } from '@stack/ipv4';
import type { FastopenMetrics, MetricsCache, PathMetrics } from '@stack/tcp/engine';
import type { Kernel } from '../kernel.ts';
import { NetlinkError } from '../netlink-error.ts';
import { addressOf } from './names.ts';

/** Which paths: those to an address, from an address. */
export interface TcpMetricsFilter {
  address?: string;
  source?: string;
}

/** One path, as {@link TcpMetricsVerbs.show} gives it. A field is left out where nothing is known. */
export interface TcpMetricsInfo {
  /** Peer's address. */
  address: string;
  /** Our address. */
  source: string;
  /** Since it was written last, µs. */
  age: number;
  /** µs. */
  rtt?: number;
  /** µs. */
  rttvar?: number;
  /** Segments. */
  ssthresh?: number;
  /** Segments. */
  cwnd?: number;
  /** Segments. */
  reordering?: number;
  /** For fast open: MSS of the peer, bytes. */
  foMss?: number;
  /** Handshakes in a row that got lost. */
  foSynDrops?: number;
  /** Since the last of them, µs. */
  foSynDropAge?: number;
  /** In hexadecimal. */
  foCookie?: string;
  /** As `ip tcp_metrics` prints it. */
  text: string;
}

/** What TCP remembers of paths. */
export class TcpMetricsVerbs {
  readonly #kernel: Kernel;
  readonly #cache: MetricsCache;

  constructor(kernel: Kernel, cache: MetricsCache) {
    this.#kernel = kernel;
    this.#cache = cache;
  }

  /** `ip tcp_metrics show`. @throws NetlinkError EINVAL for what is no address. */
  show(filter: TcpMetricsFilter = {}): TcpMetricsInfo[] {
    const now = this.#kernel.now();
    const matches = matcher(filter);
    return [...this.#cache.entries()].filter(matches).map((entry) => infoOf(now, entry));
  }

  /** A line a path, as `ip tcp_metrics` prints them. @throws NetlinkError EINVAL. */
  format(filter: TcpMetricsFilter = {}): string[] {
    return this.show(filter).map(({ text }) => text);
  }

  /** `ip tcp_metrics delete ADDRESS`. @throws NetlinkError ESRCH where there is none, EINVAL. */
  del(address: string, { source }: Pick<TcpMetricsFilter, 'source'> = {}): void {
    const which = matcher(source === undefined ? { address } : { address, source });
    if (this.#cache.forget(which) === 0) throw new NetlinkError('ESRCH', `tcp_metrics delete ${address}`);
  }

  /** `ip tcp_metrics flush`: all, or those to an address. Returns how many. @throws NetlinkError EINVAL. */
  flush(filter: TcpMetricsFilter = {}): number {
    return this.#cache.forget(matcher(filter));
  }
}

function matcher({ address, source }: TcpMetricsFilter): (entry: PathMetrics) => boolean {
  const daddr = address === undefined ? undefined : addressOf(address);
  const saddr = source === undefined ? undefined : addressOf(source);
  return (entry) =>
    (daddr === undefined || entry.daddr === daddr) && (saddr === undefined || entry.saddr === saddr);
}

function infoOf(now: number, entry: PathMetrics): TcpMetricsInfo {
  const address = formatAddress(entry.daddr as number);
  const source = formatAddress(entry.saddr as number);
  const age = now - entry.stamp;
  const known = { ...pathOf(entry), ...fastopenOf(now, entry.fastopen) };
  return { address, source, age, ...known, text: textOf(address, source, age, known) };
}

type Known = Omit<TcpMetricsInfo, 'address' | 'source' | 'age' | 'text'>;

function pathOf({ cwnd, reordering, rtt, rttvar, ssthresh }: PathMetrics): Known {
  return {
    ...(rtt !== 0 && { rtt: rtt >> 3 }),
    ...(rttvar !== 0 && { rttvar: rttvar >> 2 }),
    ...(ssthresh !== 0 && { ssthresh }),
    ...(cwnd !== 0 && { cwnd }),
    ...(reordering !== 0 && { reordering }),
  };
}

function fastopenOf(now: number, { cookie, lastSynLoss, mss, synLoss }: FastopenMetrics): Known {
  const hex = cookie === undefined ? '' : Array.from(cookie.bytes, hexOf).join('');
  return {
    ...(mss !== 0 && { foMss: mss }),
    ...(synLoss !== 0 && { foSynDrops: synLoss, foSynDropAge: now - lastSynLoss }),
    ...(hex !== '' && { foCookie: hex }),
  };
}

function hexOf(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

function textOf(address: string, source: string, age: number, known: Known): string {
  const words = [address, `age ${seconds(age)}`];
  if (known.ssthresh !== undefined) words.push(`ssthresh ${known.ssthresh}`);
  if (known.cwnd !== undefined) words.push(`cwnd ${known.cwnd}`);
  if (known.reordering !== undefined) words.push(`reordering ${known.reordering}`);
  if (known.rtt !== undefined) words.push(`rtt ${known.rtt}us`);
  if (known.rttvar !== undefined) words.push(`rttvar ${known.rttvar}us`);
  if (known.foMss !== undefined) words.push(`fo_mss ${known.foMss}`);
  if (known.foSynDrops !== undefined) {
    words.push(`fo_syn_drops ${known.foSynDrops}/${seconds(known.foSynDropAge ?? 0)} ago`);
  }
  if (known.foCookie !== undefined) words.push(`fo_cookie ${known.foCookie}`);
  words.push(`source ${source}`);
  return words.join(' ');
}

function seconds(us: number): string {
  return `${Math.floor(us / 1_000_000)}.${String(Math.floor(us / 1000) % 1000).padStart(3, '0')}sec`;
}
