/**
 * A route that was looked up, as sockets and packets hold it: Linux `struct dst_entry` and `struct rtable`.
 * @module
 */
import { HLEN } from '../fields.ts';
import { IP_MAX_MTU } from './constants.ts';
import type { Exception, Exceptions } from './exceptions.ts';
import type { NetDevice, RouteMetrics } from './ports.ts';

/** Where a route leads. */
export type DstType = 'unicast' | 'local' | 'broadcast' | 'multicast';

/** Metrics of a route that says nothing. */
export const NO_METRICS: RouteMetrics = /* @__PURE__ */ Object.freeze({
  mtu: 0,
  mtuLock: false,
  advmss: 0,
  hoplimit: 0,
  initcwnd: 0,
  initrwnd: 0,
  window: 0,
  rto_min: 0,
  quickack: 0,
  rtt: 0,
  rttvar: 0,
  ssthresh: 0,
  cwnd: 0,
  reordering: 0,
  features: 0,
  congctl: '',
  fastopen_no_cookie: 0,
  locks: 0,
});

/** TCP's and IP's header without options: what an MSS leaves out of an MTU. */
const TCP_IP_HEADERS = 40;
/** The MTU of a locked route over a gateway: what every IPv4 link must take (RFC 791 §3.1), with room for options. */
const LOCKED_MTU = 576;

/** What tells a {@link Dst} that it is outdated: Linux's `rt_genid`. */
export interface Generations {
  /** The FIB's. */
  readonly fib: { readonly genid: number };
  /** Counts what else changes routes: devices, addresses, sysctls. */
  genid: number;
}

/** A route to one destination. Valid until {@link obsolete}; then ask again. */
export class Dst {
  readonly type: DstType;
  /** The device packets leave by; the loopback device for `local`. */
  readonly dev: NetDevice;
  /** Destination, u32. */
  readonly daddr: number;
  /** Source address for it, u32. */
  readonly src: number;
  /** `RTCF_*`. */
  readonly flags: number;
  readonly metrics: RouteMetrics;
  /** MSS to tell a peer, bytes: the route's, or `mtu - 40` and at least `min_adv_mss`; as of the last lookup. */
  advmss = 0;
  /** Bytes that IP and what is below push in front of a transport header, without IP options. */
  readonly headroom: number;
  /** For whoever sends over it, to keep the neighbour entry in. */
  neighbour: unknown = undefined;
  readonly #gateway: number;
  readonly #exceptions: Exceptions;
  readonly #generations: Generations;
  readonly #genid: number;
  readonly #fibGenid: number;
  #exceptionGenid = -1;
  #exception: Exception | undefined = undefined;

  /** @internal */
  constructor(
    type: DstType,
    dev: NetDevice,
    daddr: number,
    src: number,
    gateway: number,
    flags: number,
    metrics: RouteMetrics,
    exceptions: Exceptions,
    generations: Generations,
  ) {
    this.type = type;
    this.dev = dev;
    this.daddr = daddr;
    this.src = src;
    this.flags = flags;
    this.metrics = metrics;
    this.headroom = dev.hardHeaderLen + HLEN;
    this.#gateway = gateway;
    this.#exceptions = exceptions;
    this.#generations = generations;
    this.#genid = generations.genid;
    this.#fibGenid = generations.fib.genid;
  }

  /** The next hop, u32, a redirect's where there was one; 0 = the destination is on the link. */
  get gateway(): number {
    const exception = this.#current();
    return exception === undefined || exception.gateway === 0 ? this.#gateway : exception.gateway;
  }

  /** The gateway of the route itself. @internal */
  get routeGateway(): number {
    return this.#gateway;
  }

  /** Largest super-packet, bytes; 0 = none. */
  get gsoMaxSize(): number {
    return this.dev.gsoMaxSize;
  }

  /** Most segments in one. */
  get gsoMaxSegs(): number {
    return this.dev.gsoMaxSegs;
  }

  /** The device's, by `ethtool -k` names. */
  get features(): Readonly<Record<string, boolean>> {
    return this.dev.features;
  }

  /** Largest packet for this path, bytes (Linux `ipv4_mtu`): what was learned of it, the route's, the device's. */
  mtu(now: number): number {
    const exception = this.#current();
    if (exception !== undefined && exception.pmtu !== 0 && now < exception.expires) return exception.pmtu;
    return this.linkMtu();
  }

  /** {@link mtu} without what was learned: for forwarding. */
  linkMtu(): number {
    const { metrics } = this;
    if (metrics.mtu !== 0) return Math.min(metrics.mtu, IP_MAX_MTU);
    const mtu = Math.min(this.dev.mtu, IP_MAX_MTU);
    return metrics.mtuLock && this.#gateway !== 0 ? Math.min(mtu, LOCKED_MTU) : mtu;
  }

  /** Whether DF shall not be set for discovery (Linux `ip_mtu_locked`): by the route, or a path MTU below `min_pmtu` was told. */
  mtuLocked(now: number): boolean {
    if (this.metrics.mtuLock) return true;
    const exception = this.#current();
    return exception?.locked === true && now < exception.expires;
  }

  /** Whether routes, addresses, devices or sysctls changed since, so that the answer may be another now. */
  obsolete(): boolean {
    return this.#genid !== this.#generations.genid || this.#fibGenid !== this.#generations.fib.genid;
  }

  /** Forgets what expired, and computes {@link advmss} anew. @internal */
  refresh(now: number, minAdvMss: number): void {
    const exception = this.#current();
    if (exception !== undefined && now >= exception.expires) this.#exceptions.forget(exception);
    const { advmss } = this.metrics;
    this.advmss =
      advmss !== 0
        ? advmss
        : Math.min(Math.max(this.mtu(now) - TCP_IP_HEADERS, minAdvMss), IP_MAX_MTU - TCP_IP_HEADERS);
  }

  #current(): Exception | undefined {
    const { genid } = this.#exceptions;
    if (genid !== this.#exceptionGenid) {
      this.#exceptionGenid = genid;
      this.#exception = this.#exceptions.find(this.daddr, this.dev.ifindex, this.#gateway);
    }
    return this.#exception;
  }
}
