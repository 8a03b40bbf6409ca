/**
 * For tests: hosts with nothing but TCP, over a link in virtual time that loses, delays and reorders as it is told.
 * @module
 */
import {
  CHECKSUM_NONE,
  checksumHelp,
  Pool,
  SKB_GSO_TCP_ACCECN,
  SKB_GSO_TCPV4,
  type SkBuff,
  segment,
} from '@stack/skbuff';
import { pseudoIpv4 } from '@stack/skbuff/checksum';
import { headerLength } from '../fields.ts';
import { CWR } from '../flags.ts';
import { gsoFixup } from '../gso.ts';
import type { AuthAddresses, Mac } from './mac.ts';
import type { Dst, Family, Flow, Inet } from './ports.ts';
import type { TcpSysctl } from './sysctl.ts';
import type { TcpSock } from './tcb.ts';
import { Tcp } from './tcp.ts';
import { seeded, World } from './world.fixture.ts';

export { seeded, World } from './world.fixture.ts';

/** A small copy of an IPv4 header in front of each segment: only its TOS and its addresses mean something. */
const NETWORK = 20;
const LINK = 14;

/** Values of Linux 6.18 on a machine with 8 GiB. */
export function sysctls(): { -readonly [K in keyof TcpSysctl]: TcpSysctl[K] } {
  return {
    ip_local_port_range: [32_768, 60_999],
    ip_local_reserved_ports: new Set<number>(),
    ip_unprivileged_port_start: 1024,
    tcp_abort_on_overflow: 0,
    tcp_adv_win_scale: 1,
    tcp_app_win: 31,
    tcp_autocorking: 1,
    tcp_challenge_ack_limit: 0x7fff_ffff,
    tcp_comp_sack_delay_ns: 1_000_000,
    tcp_comp_sack_nr: 44,
    tcp_comp_sack_slack_ns: 100_000,
    tcp_congestion_control: 'reno',
    tcp_dsack: 1,
    tcp_early_retrans: 3,
    tcp_ecn: 2,
    tcp_ecn_fallback: 1,
    tcp_ecn_option: 2,
    tcp_ecn_option_beacon: 3,
    tcp_fastopen: 1,
    tcp_fastopen_blackhole_timeout_sec: 0,
    tcp_fastopen_key: '',
    tcp_fin_timeout: 60,
    tcp_frto: 2,
    tcp_invalid_ratelimit: 500,
    tcp_keepalive_intvl: 75,
    tcp_keepalive_probes: 9,
    tcp_keepalive_time: 7200,
    tcp_limit_output_bytes: 4_194_304,
    tcp_max_orphans: 65_536,
    tcp_max_reordering: 300,
    tcp_max_syn_backlog: 1024,
    tcp_max_tw_buckets: 65_536,
    tcp_mem: [93_750, 125_000, 187_500],
    tcp_min_rtt_wlen: 300,
    tcp_min_snd_mss: 48,
    tcp_min_tso_segs: 2,
    tcp_moderate_rcvbuf: 1,
    tcp_base_mss: 1024,
    tcp_mtu_probe_floor: 48,
    tcp_mtu_probing: 0,
    tcp_probe_interval: 600,
    tcp_probe_threshold: 8,
    tcp_no_metrics_save: 0,
    tcp_no_ssthresh_metrics_save: 1,
    tcp_notsent_lowat: 0xffff_ffff,
    tcp_orphan_retries: 0,
    tcp_pacing_ca_ratio: 120,
    tcp_pacing_ss_ratio: 200,
    tcp_pingpong_thresh: 1,
    tcp_recovery: 1,
    tcp_reordering: 3,
    tcp_reflect_tos: 0,
    tcp_retrans_collapse: 1,
    tcp_retries1: 3,
    tcp_retries2: 15,
    tcp_rfc1337: 0,
    tcp_rmem: [4096, 131_072, 6_291_456],
    tcp_rto_max_ms: 120_000,
    tcp_rto_min_us: 200_000,
    tcp_sack: 1,
    tcp_shrink_window: 0,
    tcp_slow_start_after_idle: 1,
    tcp_stdurg: 0,
    tcp_syn_linear_timeouts: 4,
    tcp_syn_retries: 6,
    tcp_synack_retries: 5,
    tcp_syncookies: 1,
    tcp_thin_linear_timeouts: 0,
    tcp_timestamps: 1,
    tcp_tso_rtt_log: 9,
    tcp_tso_win_divisor: 3,
    tcp_tw_reuse: 2,
    tcp_tw_reuse_delay: 1000,
    tcp_window_scaling: 1,
    tcp_wmem: [4096, 16_384, 4_194_304],
    tcp_workaround_signed_windows: 0,
  };
}

const ADDRESSES: AuthAddresses<number> = {
  bits: 32,
  write: (view, at, address) => {
    view.setUint32(at, address);
    return at + 4;
  },
  writePseudo: (view, at, saddr, daddr, protocol, length) => {
    view.setUint32(at, saddr);
    view.setUint32(at + 4, daddr);
    view.setUint32(at + 8, (protocol << 16) | length);
    return at + 12;
  },
  sharePrefix: (a, b, length) => length === 0 || (a ^ b) >>> (32 - length) === 0,
  isPrefix: (address, length) => length >= 32 || (address << length) >>> 0 === 0,
};

/** What a link does to frames. Times µs. */
export interface LinkOptions {
  delay?: number;
  mtu?: number;
  /** µs a byte takes on the wire. */
  usPerByte?: number;
  /** Loses frame number `index` of this direction. */
  lose?: (index: number, frame: SkBuff) => boolean;
  /** More delay for a frame, which may so be overtaken. */
  jitter?: (index: number) => number;
  duplicate?: (index: number) => boolean;
  /** Marks a frame that is ECN-capable: congestion. */
  mark?: (index: number) => boolean;
  /** Whether super-packets cross whole, as over loopback. */
  gso?: boolean;
  /** Bytes that wait at most; beyond, frames are dropped and the sender told. */
  queue?: number;
}

/** An address, and all that TCP needs below it. */
export class Host {
  readonly world: World;
  readonly address: number;
  readonly pool: Pool = new Pool({ poison: true });
  readonly sysctl: { -readonly [K in keyof TcpSysctl]: TcpSysctl[K] } = sysctls();
  readonly tcp: Tcp;
  readonly family: Family<number>;
  readonly drops: Record<string, number> = {};
  /** Sees each segment that goes out, after segmentation; true keeps it from the link. */
  tap: ((skb: SkBuff) => boolean) | undefined;
  peer: Host | undefined;
  link: LinkOptions;
  mtu: number;
  advmss: number | undefined;
  routeError: string | undefined;
  metrics = {
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
  };
  generation = 0;
  gsoMaxSize = 65_536;
  confirmed = 0;
  /** Frames sent so far. */
  frames = 0;
  #raised = false;
  #wireFree = 0;
  #queued = 0;

  constructor(world: World, address: number, link: LinkOptions, random: () => number, mac?: Mac) {
    this.world = world;
    this.address = address;
    this.link = link;
    this.mtu = link.mtu ?? 1500;
    this.family = this.#family();
    this.tcp = new Tcp({
      sysctl: this.sysctl,
      core: { somaxconn: 4096, rmem_max: 4_194_304, max_skb_frags: 17 },
      pool: this.pool,
      timers: world,
      random,
      mac,
      drop: (skb, reason) => {
        this.drops[reason] = (this.drops[reason] ?? 0) + 1;
        skb.free();
      },
      raise: () => {
        this.#raised = true;
      },
    });
    world.workers.push(this);
  }

  softirq(): void {
    while (this.#raised) {
      this.#raised = false;
      this.tcp.softirq(this.world.now);
    }
  }

  socket(): TcpSock {
    return this.tcp.socket(this.family);
  }

  /** Bytes on the wire as a segment that came in, its addresses from `saddr` to this host. */
  receive(bytes: Uint8Array, saddr: number, checksum: number = CHECKSUM_NONE, tos = 0): void {
    const skb = this.pool.alloc(NETWORK + bytes.length, LINK) as SkBuff;
    const at = skb.put(NETWORK);
    skb.view.setUint32(at + 12, saddr);
    skb.view.setUint32(at + 16, this.address);
    skb.putData(bytes);
    skb.networkHeader = at;
    skb.pull(NETWORK);
    skb.ttl = 64;
    skb.ifindex = 1;
    skb.ipSummed = checksum;
    skb.tos = tos;
    this.tcp.receive(this.world.now, skb, this.family);
    this.softirq();
  }

  #family(): Family<number> {
    const host = this;
    const dst = (generation: number): Dst => ({
      mtu: () => host.mtu,
      get advmss() {
        return host.advmss ?? host.mtu - 40;
      },
      headroom: LINK + NETWORK,
      get gsoMaxSize() {
        return host.gsoMaxSize;
      },
      gsoMaxSegs: 65_535,
      metrics: host.metrics,
      obsolete: () => generation !== host.generation,
    });
    return {
      name: 'AF_INET',
      any: 0,
      auth: ADDRESSES,
      same: (a, b) => a === b,
      hash: (a) => a | 0,
      saddr: (skb) => skb.view.getUint32(skb.networkHeader + 12),
      daddr: (skb) => skb.view.getUint32(skb.networkHeader + 16),
      pseudo: pseudoIpv4,
      gsoType: SKB_GSO_TCPV4,
      headerLength: 20,
      inet: (): Inet => ({ tos: 0, minttl: 0, recverr: false, pmtudisc: 1 }),
      route(_now: number, flow: Flow<number>) {
        if (host.routeError !== undefined) return host.routeError;
        if (flow.saddr === 0) flow.saddr = host.address;
        return dst(host.generation);
      },
      output: (_now, skb, _dst, from) => host.#output(skb, from.saddr, from.daddr, from.inet.tos),
      local: (a) => a === host.address,
      isMulticast: (a) => a >>> 28 === 0xe,
      isBroadcast: (a) => a >>> 0 === 0xffff_ffff,
      confirm: () => {
        host.confirmed++;
      },
    };
  }

  #output(skb: SkBuff, saddr: number, daddr: number, tos: number): number {
    const at = skb.push(NETWORK);
    skb.view.setUint8(at + 1, tos);
    skb.view.setUint32(at + 12, saddr);
    skb.view.setUint32(at + 16, daddr);
    skb.networkHeader = at;
    if (this.link.queue !== undefined && this.#queued + skb.len > this.link.queue) {
      skb.free();
      return 1;
    }
    if (skb.gsoSize === 0 || this.link.gso === true) {
      this.#send(skb);
      return 0;
    }
    const length = NETWORK + headerLength(skb.view, at + NETWORK);
    const whole = skb.len - NETWORK;
    const parts = segment(skb, length, (part, index, count, offset) => {
      const own = part.len - NETWORK;
      const firstOnly = (skb.gsoType & SKB_GSO_TCP_ACCECN) === 0 ? CWR : 0;
      gsoFixup(part.view, part.data + NETWORK, index, count, offset, whole, own, firstOnly);
    });
    if (parts === undefined) throw new Error('no memory');
    for (const part of parts) this.#send(part);
    // The packet itself leaves with its last segment.
    this.world.at(this.#wireFree, () => skb.free());
    return 0;
  }

  #send(skb: SkBuff): void {
    const { link, world } = this;
    const index = this.frames++;
    if (skb.networkHeader < 0) skb.networkHeader = skb.data;
    if (this.tap?.(skb) === true) {
      skb.free();
      return;
    }
    this.#wireFree = Math.max(this.#wireFree, world.now) + Math.ceil(skb.len * (link.usPerByte ?? 0));
    const arrival = this.#wireFree + (link.delay ?? 0) + (link.jitter?.(index) ?? 0);
    const { len } = skb;
    this.#queued += len;
    const lost = link.lose?.(index, skb) === true;
    const copies = lost ? 0 : link.duplicate?.(index) === true ? 2 : 1;
    const frames: SkBuff[] = [];
    for (let i = 0; i < copies; i++) {
      const frame = this.#wire(skb);
      if (frame !== undefined) frames.push(frame);
    }
    world.at(this.#wireFree, () => {
      this.#queued -= len;
      skb.free();
    });
    for (const frame of frames) {
      if ((frame.tos & 3) !== 0 && link.mark?.(index) === true) frame.tos |= 3;
      world.at(arrival, () =>
        this.peer?.tcp.receive(world.now, frame, (this.peer as Host).family as Family<unknown>),
      );
    }
  }

  /** The frame as the peer's NIC puts it into its own memory. */
  #wire(skb: SkBuff): SkBuff | undefined {
    const { peer } = this;
    if (peer === undefined) return undefined;
    const frame = peer.pool.alloc(skb.len, LINK) as SkBuff;
    skb.copyBits(0, frame.bytes, frame.put(skb.len), skb.len);
    frame.gsoSize = skb.gsoSize;
    frame.gsoSegs = skb.gsoSegs;
    frame.gsoType = skb.gsoType;
    frame.networkHeader = frame.data;
    frame.tos = frame.view.getUint8(frame.data + 1);
    frame.pull(NETWORK);
    frame.ipSummed = skb.ipSummed;
    frame.csumStart = frame.data;
    frame.csumOffset = skb.csumOffset;
    if (skb.gsoSize === 0) checksumHelp(frame);
    frame.ttl = 64;
    frame.ifindex = 1;
    return frame;
  }
}

/** Two hosts, 10.0.0.1 and 10.0.0.2, and what is between them. */
export function pair(link: LinkOptions = {}, seed = 1, mac?: Mac): { world: World; a: Host; b: Host } {
  const world = new World();
  const random = seeded(seed);
  const a = new Host(world, 0x0a00_0001, { delay: 1000, ...link }, random, mac);
  const b = new Host(world, 0x0a00_0002, { delay: 1000, ...link }, random, mac);
  a.peer = b;
  b.peer = a;
  return { world, a, b };
}

/** A connection from `a` to `b`'s port 80, established. */
export function connected(
  world: World,
  a: Host,
  b: Host,
  prepare?: (client: TcpSock, listener: TcpSock) => void,
): { client: TcpSock; server: TcpSock; listener: TcpSock } {
  const listener = b.socket();
  const client = a.socket();
  prepare?.(client, listener);
  expectOk(b.tcp.bind(world.now, listener, 0, 80));
  expectOk(b.tcp.listen(world.now, listener, 8));
  const result = a.tcp.connect(world.now, client, b.address, 80);
  if (result !== 'EINPROGRESS') throw new Error(result);
  world.advance(1_000_000);
  const server = b.tcp.accept(world.now, listener);
  if (typeof server === 'string') throw new Error(server);
  return { client, server, listener };
}

function expectOk(error: string | undefined): void {
  if (error !== undefined) throw new Error(error);
}

/** An application that writes `bytes` and then does `after`. */
export function write(host: Host, sk: TcpSock, bytes: Uint8Array, after?: () => void): void {
  const { tcp, world } = host;
  let at = 0;
  const go = () => {
    while (at < bytes.length) {
      const n = tcp.sendmsg(world.now, sk, bytes, at, bytes.length - at, 0);
      if (n === 'EAGAIN') return;
      if (typeof n === 'string') throw new Error(n);
      at += n;
    }
    sk.wake = undefined;
    after?.();
  };
  sk.wake = () => world.at(world.now, go);
  go();
}

/** An application that reads until the end, in pieces of `size`, and then does `after`. */
export function read(
  host: Host,
  sk: TcpSock,
  after: (bytes: Uint8Array, error: string | undefined) => void,
  size = 65_536,
): void {
  const { tcp, world } = host;
  const buffer = new Uint8Array(size);
  const parts: Uint8Array[] = [];
  let done = false;
  const go = () => {
    while (!done) {
      const n = tcp.recvmsg(world.now, sk, buffer, 0, size, 0);
      if (n === 'EAGAIN') return;
      if (typeof n === 'string' || n === 0) {
        done = true;
        after(concat(parts), n === 0 ? undefined : (n as string));
        return;
      }
      parts.push(buffer.slice(0, n));
    }
  };
  sk.wake = () => world.at(world.now, go);
  go();
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** `n` bytes that tell where they are. */
export function pattern(n: number, seed = 1): Uint8Array {
  const random = seeded(seed);
  const bytes = new Uint8Array(n);
  for (let i = 0; i < n; i++) bytes[i] = random();
  return bytes;
}

/** What is left of hosts that should have nothing: empty when all is well. */
export function leftovers(world: World): string[] {
  const left: string[] = [];
  if (world.timersPending !== 0) left.push(`${world.timersPending} timers`);
  for (const worker of world.workers) {
    const { pool, tcp } = worker as Host;
    if (pool.stats.inUse !== 0) left.push(`${pool.stats.inUse} pages`);
    if (pool.stats.skbs !== 0) left.push(`${pool.stats.skbs} skbs`);
    if (tcp.tables.count !== 0) left.push(`${tcp.tables.count} in the established table`);
    if (tcp.memoryAllocated !== 0) left.push(`${tcp.memoryAllocated} pages of tcp_mem`);
    if (tcp.socketsAllocated !== 0) left.push(`${tcp.socketsAllocated} sockets`);
    if (tcp.orphanCount !== 0) left.push(`${tcp.orphanCount} orphans`);
    if (tcp.mib.Tcp.CurrEstab !== 0) left.push(`CurrEstab ${tcp.mib.Tcp.CurrEstab}`);
  }
  return left;
}
