/**
 * What the engine's tests stand on: virtual time, a naive FIB, hosts of one `Ipv4` each, and LANs between them. Every pool poisons
 * freed memory; `World.finish` sees that nothing is left.
 * @module
 */
import { Pool, type SkBuff, viewOf } from '@stack/skbuff';
import { isMulticast, parseAddress } from '../address.ts';
import { decode, encode, type Header, sendCheck, size } from '../header.ts';
import { mask } from '../prefix.ts';
import type { NewAddress } from './devinet.ts';
import { type Dst, NO_METRICS } from './dst.ts';
import { InetSock } from './inet-sock.ts';
import { Ipv4 } from './ipv4.ts';
import type {
  FibFlow,
  FibPort,
  FibResult,
  KernelRoute,
  NetDevice,
  Nexthop,
  Ports,
  RouteMetrics,
  Timer,
} from './ports.ts';
import type { InDeviceConf, Ipv4Sysctl, RouteSysctl } from './sysctl.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

interface Event {
  at: number;
  order: number;
  run: (now: number) => void;
}

/** {@link Header} with addresses as text. */
export type HeaderPart = Partial<Omit<Header, 'saddr' | 'daddr'>> & { saddr: string; daddr: string };

/** A packet with a right checksum; lengths are derived unless given. */
export function packet(part: HeaderPart, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const options = part.options ?? [];
  const length = size({ options });
  const header: Header = {
    version: 4,
    ihl: length / 4,
    tos: 0,
    totLen: length + payload.length,
    id: 0,
    flags: 0,
    fragOff: 0,
    ttl: 64,
    protocol: 17,
    check: 0,
    options,
    ...part,
    saddr: parseAddress(part.saddr),
    daddr: parseAddress(part.daddr),
  };
  const bytes = new Uint8Array(length + payload.length);
  encode(header, bytes);
  bytes.set(payload, length);
  if (header.ihl * 4 <= bytes.length) sendCheck(viewOf(bytes), 0);
  return bytes;
}

/** An address as text, everywhere. */
export const ip4: (text: string) => number = parseAddress;

/** Virtual time, and all that lives in it. */
export class World {
  now = 1_000_000;
  readonly hosts: Toy[] = [];
  readonly lans: Lan[] = [];
  #events: Event[] = [];
  #order = 0;

  /** Runs something at a time, in order of time and then of insertion. */
  at(at: number, run: (now: number) => void): Event {
    const event = { at: Math.max(at, this.now), order: this.#order++, run };
    this.#events.push(event);
    return event;
  }

  cancel(event: Event): void {
    this.#events = this.#events.filter((one) => one !== event);
  }

  /** Runs everything that is due until then. */
  run(until: number = this.now): void {
    for (;;) {
      const due = this.#events
        .filter((one) => one.at <= until)
        .sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (due === undefined) break;
      this.cancel(due);
      this.now = Math.max(this.now, due.at);
      due.run(this.now);
    }
    this.now = Math.max(this.now, until);
  }

  /** Runs everything there is. */
  settle(): void {
    while (this.#events.length > 0) this.run(Math.min(...this.#events.map(({ at }) => at)));
  }

  /** Events that wait: timers and packets. */
  get pending(): number {
    return this.#events.length;
  }

  timer<A>(fire: (now: number, argument: A) => void, argument: A): Timer {
    const world = this;
    let event: Event | undefined;
    return {
      get pending() {
        return event !== undefined;
      },
      get expires() {
        return event?.at ?? 0;
      },
      mod(expires) {
        if (event !== undefined) world.cancel(event);
        event = world.at(expires, (now) => {
          event = undefined;
          fire(now, argument);
        });
      },
      del() {
        const armed = event !== undefined;
        if (event !== undefined) world.cancel(event);
        event = undefined;
        return armed;
      },
    };
  }

  lan(): Lan {
    const lan = new Lan(this);
    this.lans.push(lan);
    return lan;
  }

  host(name: string): Toy {
    const host = new Toy(this, name);
    this.hosts.push(host);
    return host;
  }

  /** Throws unless every packet of every host was freed. */
  finish(): void {
    this.run();
    for (const { name, pool, ip } of this.hosts) {
      ip.reassembly.purge();
      if (pool.stats.inUse !== 0 || pool.stats.skbs !== 0) {
        throw new Error(`${name}: ${JSON.stringify(pool.stats)} left`);
      }
      if (ip.reassembly.memory !== 0 || ip.reassembly.count !== 0) throw new Error(`${name}: fragments left`);
    }
  }
}

/** A link without addresses: frames name the next hop, and whoever has it gets them. */
export class Lan {
  readonly #world: World;
  readonly ports: { host: Toy; dev: ToyDevice }[] = [];
  /** Every packet that was sent, as bytes. */
  readonly sent: { at: number; from: string; nexthop: number; bytes: Uint8Array }[] = [];
  /** Loses a packet, where it says so. */
  loses: (bytes: Uint8Array) => boolean = () => false;

  constructor(world: World) {
    this.#world = world;
  }

  get headers(): Header[] {
    return this.sent.map(({ bytes }) => decode(bytes));
  }

  send(from: Toy, dev: ToyDevice, bytes: Uint8Array, nexthop: number, broadcast: boolean): void {
    this.sent.push({ at: this.#world.now, from: from.name, nexthop, bytes });
    if (this.loses(bytes)) return;
    for (const port of this.ports) {
      if (port.dev === dev || !port.dev.up) continue;
      const group = isMulticast(nexthop);
      if (!broadcast && !group && !port.host.ip.local.has(nexthop)) continue;
      if (group && !port.dev.groups.includes(nexthop)) continue;
      const kind = group ? 2 : broadcast ? 1 : 0;
      this.#world.at(this.#world.now + 1, () => port.host.inject(bytes, port.dev.ifindex, kind));
    }
  }
}

/** A device whose fields a test may set. */
export interface ToyDevice extends Writable<NetDevice> {
  groups: readonly number[];
  lan: Lan | undefined;
}

/** What arrived at a protocol. */
export interface Delivery {
  now: number;
  protocol: number;
  header: Header;
  payload: Uint8Array;
  pktType: number;
}

export interface SentIcmp {
  type: number;
  code: number;
  info: number;
  /** The packet it is about, from its IP header. */
  packet: Uint8Array;
}

export const CONF: InDeviceConf = {
  forwarding: 0,
  rp_filter: 0,
  accept_local: 0,
  accept_source_route: 0,
  route_localnet: 0,
  src_valid_mark: 0,
  accept_redirects: 1,
  secure_redirects: 1,
  send_redirects: 1,
  shared_media: 1,
  promote_secondaries: 0,
  drop_unicast_in_l2_multicast: 0,
  force_igmp_version: 0,
  igmpv2_unsolicited_report_interval: 10_000,
  igmpv3_unsolicited_report_interval: 1000,
};

/** A host: one `Ipv4`, handlers that keep what they get, ports that keep what they are told. */
export class Toy {
  readonly world: World;
  readonly name: string;
  readonly pool: Pool;
  readonly fib: NaiveFib = new NaiveFib();
  readonly ip: Ipv4;
  readonly lo: ToyDevice;
  readonly devices: ToyDevice[] = [];
  readonly confs: Map<string, Writable<InDeviceConf>> = new Map();
  readonly delivered: Delivery[] = [];
  readonly icmp: SentIcmp[] = [];
  readonly drops: string[] = [];
  readonly output: { bytes: Uint8Array; nexthop: number; dev: string; gsoSize: number }[] = [];
  readonly events: string[] = [];
  /** What `output` answers. */
  verdict = 0;
  readonly sysctl: Writable<Ipv4Sysctl> = {
    ip_default_ttl: 64,
    ip_no_pmtu_disc: 0,
    ip_forward_use_pmtu: 0,
    ip_forward_update_priority: 1,
    ip_nonlocal_bind: 0,
    ipfrag_high_thresh: 4 << 20,
    ipfrag_time: 30,
    ipfrag_max_dist: 64,
    igmp_max_memberships: 20,
    igmp_max_msf: 10,
    igmp_qrv: 2,
    igmp_link_local_mcast_reports: 1,
    fib_multipath_hash_policy: 0,
  };
  readonly routeSysctl: Writable<RouteSysctl> = {
    min_pmtu: 552,
    mtu_expires: 600,
    min_adv_mss: 256,
    redirect_number: 9,
    redirect_load: 20,
    redirect_silence: 20_480,
    error_cost: 1000,
    error_burst: 5000,
  };
  /** The next random numbers; then a generator. */
  readonly randoms: number[] = [];
  #seed = 12_345;

  constructor(world: World, name: string, overrides: Partial<Ports> = {}) {
    this.world = world;
    this.name = name;
    this.pool = overrides.pool ?? new Pool({ poison: true });
    this.ip = new Ipv4({
      pool: this.pool,
      timers: world,
      random: () => this.#random(),
      sysctl: this.sysctl,
      routeSysctl: this.routeSysctl,
      conf: (dev) => this.conf(dev.name),
      fib: this.fib,
      output: (_now, skb, dst, nexthop) => this.#output(skb, dst, nexthop),
      loopback: (skb) => this.#loopback(skb),
      icmpSend: (_now, skb, type, code, info) => this.#icmp(skb, type, code, info),
      gsoSegment: () => undefined,
      drop: (skb, reason) => {
        this.drops.push(reason);
        skb.free();
      },
      addressChanged: (_now, event, address) => this.events.push(`${event} ${address.local}`),
      ...overrides,
    });
    this.lo = this.device('lo', { loopback: true, broadcast: false, multicast: false, mtu: 65_536 });
    for (const protocol of [1, 6, 17]) this.#handler(protocol);
  }

  conf(name: string): Writable<InDeviceConf> {
    let conf = this.confs.get(name);
    if (conf === undefined) {
      conf = { ...CONF };
      this.confs.set(name, conf);
    }
    return conf;
  }

  /** A device that is up, with addresses. */
  device(name: string, part: Partial<ToyDevice> = {}, ...addresses: NewAddress[]): ToyDevice {
    const dev: ToyDevice = {
      ifindex: this.devices.length + 1,
      name,
      mtu: 1500,
      up: true,
      loopback: false,
      broadcast: true,
      multicast: true,
      pointToPoint: false,
      noarp: false,
      hardHeaderLen: 14,
      gsoMaxSize: 0,
      gsoMaxSegs: 0,
      features: {},
      groups: [],
      lan: undefined,
      setMulticast: (groups) => {
        dev.groups = groups;
      },
      ...part,
    };
    this.devices.push(dev);
    dev.lan?.ports.push({ host: this, dev });
    this.ip.addDevice(dev);
    this.ip.linkUp(this.world.now, dev.ifindex);
    for (const address of addresses) this.ip.addAddress(this.world.now, dev.ifindex, address);
    return dev;
  }

  /** Hands the engine a packet as from a device. */
  inject(bytes: Uint8Array, ifindex: number, pktType = 0): void {
    const skb = this.pool.alloc(bytes.length, 32) as SkBuff;
    skb.putData(bytes);
    skb.ifindex = ifindex;
    skb.pktType = pktType;
    this.ip.receive(this.world.now, skb);
  }

  /** A packet with room for headers. */
  skb(payload: Uint8Array, headroom = 96): SkBuff {
    const skb = this.pool.alloc(payload.length, headroom) as SkBuff;
    skb.putData(payload);
    skb.transportHeader = skb.data;
    return skb;
  }

  /** A route for {@link send}. */
  route(
    daddr: number,
    part: { saddr?: number; oif?: number; flags?: number; tos?: number } = {},
  ): Dst | string {
    return this.ip.routeOutput(this.world.now, {
      daddr,
      saddr: 0,
      oif: 0,
      tos: 0,
      mark: 0,
      protocol: 17,
      sport: 0,
      dport: 0,
      flags: 0,
      ...part,
    });
  }

  /** Sends a datagram. */
  send(
    daddr: number,
    payload: Uint8Array,
    inet: InetSock = new InetSock(),
    part: { saddr?: number; oif?: number; protocol?: number; ttl?: number; tos?: number } = {},
  ): number | string {
    const dst = this.route(daddr, part.oif === undefined ? {} : { oif: part.oif });
    if (typeof dst === 'string') return dst;
    return this.ip.sendSkb(this.world.now, this.skb(payload), dst, {
      saddr: part.saddr ?? dst.src,
      daddr,
      protocol: part.protocol ?? 17,
      tos: part.tos ?? inet.tos,
      ttl: part.ttl ?? inet.ttl,
      mark: 0,
      priority: 0,
      inet,
    });
  }

  #handler(protocol: number): void {
    this.ip.register(protocol, {
      receive: (now, skb) => {
        const header = decode(skb.bytes.slice(skb.networkHeader, skb.tail));
        this.delivered.push({ now, protocol, header, payload: skb.toBytes(), pktType: skb.pktType });
        skb.free();
      },
    });
  }

  #output(skb: SkBuff, dst: Dst, nexthop: number): number {
    const bytes = skb.toBytes();
    const dev = dst.dev as ToyDevice;
    this.output.push({ bytes, nexthop, dev: dev.name, gsoSize: skb.gsoSize });
    skb.free();
    if (this.verdict !== 0) return this.verdict;
    if (dev.loopback) this.world.at(this.world.now, () => this.inject(bytes, dev.ifindex));
    else dev.lan?.send(this, dev, bytes, nexthop, dst.type === 'broadcast');
    return 0;
  }

  #loopback(skb: SkBuff): void {
    this.world.at(this.world.now, (now) => this.ip.receive(now, skb));
  }

  #icmp(skb: SkBuff, type: number, code: number, info: number): void {
    const front = skb.bytes.slice(skb.networkHeader, skb.data);
    const packet = new Uint8Array(front.length + skb.len - Math.max(0, skb.networkHeader - skb.data));
    packet.set(front);
    const offset = Math.max(0, skb.networkHeader - skb.data);
    skb.copyBits(offset, packet, front.length, skb.len - offset);
    this.icmp.push({ type, code, info, packet });
  }

  #random(): number {
    const next = this.randoms.shift();
    if (next !== undefined) return next;
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#seed;
  }
}

interface NaiveRoute {
  dst: number;
  length: number;
  tos: number;
  table: number;
  type: string;
  scope: number;
  protocol: number;
  metric: number;
  prefsrc: number | undefined;
  metrics: RouteMetrics;
  nexthops: Nexthop[];
}

/** The shortest FIB that can be right: a list. Local table first, then main. */
export class NaiveFib implements FibPort {
  genid = 0;
  /** Lookups asked for: caches are seen to spare them. */
  lookups = 0;
  /** What the last one was for. */
  asked: FibFlow | undefined;
  routes: NaiveRoute[] = [];

  /** `ip route add`. */
  route(
    dst: number,
    length: number,
    ifindex: number,
    part: Partial<NaiveRoute> & { via?: number } = {},
  ): void {
    const { via, ...rest } = part;
    this.genid++;
    this.routes.push({
      dst,
      length,
      tos: 0,
      table: 254,
      type: 'unicast',
      scope: via === undefined ? 253 : 0,
      protocol: 3,
      metric: 0,
      prefsrc: undefined,
      metrics: NO_METRICS,
      nexthops: [{ ifindex, via, onlink: false }],
      ...rest,
    });
  }

  add(route: KernelRoute): void {
    const { ifindex, ...rest } = route;
    const known = this.routes.some((one) => same(one, route) && one.prefsrc === route.prefsrc);
    if (!known) this.route(route.dst, route.length, ifindex, rest);
  }

  delete(route: KernelRoute): void {
    this.genid++;
    const index = this.routes.findIndex((one) => same(one, route));
    if (index >= 0) this.routes.splice(index, 1);
  }

  linkDown(ifindex: number): void {
    this.#keep((one) => one.type === 'local' || one.nexthops[0]?.ifindex !== ifindex);
  }

  linkUp(): void {
    this.genid++;
  }

  addressGone(address: number): void {
    this.#keep((one) => one.prefsrc !== address);
  }

  deviceGone(ifindex: number): void {
    this.#keep((one) => one.nexthops[0]?.ifindex !== ifindex);
  }

  lookup(flow: FibFlow): FibResult | string {
    this.lookups++;
    this.asked = { ...flow };
    for (const table of [255, 254]) {
      const fitting = this.routes
        .filter((one) => one.table === table && fits(one, flow))
        .sort((a, b) => b.length - a.length || b.tos - a.tos || a.metric - b.metric);
      const [route] = fitting;
      if (route === undefined) continue;
      const error = ERRORS[route.type];
      if (error !== undefined) return error;
      const usable = route.nexthops.filter(({ ifindex }) => flow.oif === 0 || ifindex === flow.oif);
      const nexthop = usable[flow.hash % usable.length] as Nexthop;
      return { type: route.type, route, nexthop, prefixLength: route.length, table, scope: route.scope };
    }
    return 'ENETUNREACH';
  }

  #keep(wanted: (route: NaiveRoute) => boolean): void {
    this.genid++;
    this.routes = this.routes.filter(wanted);
  }
}

const ERRORS: Record<string, string> = {
  blackhole: 'EINVAL',
  unreachable: 'EHOSTUNREACH',
  prohibit: 'EACCES',
};

function fits(route: NaiveRoute, flow: FibFlow): boolean {
  if (((route.dst ^ flow.daddr) & mask(route.length)) !== 0 || route.scope < flow.scope) return false;
  if (route.tos !== 0 && route.tos !== flow.tos) return false;
  if (flow.oif === 0 || route.nexthops.length === 0) return true;
  return route.nexthops.some(({ ifindex }) => ifindex === flow.oif);
}

function same(one: NaiveRoute, other: KernelRoute): boolean {
  return (
    one.dst === other.dst &&
    one.length === other.length &&
    one.table === other.table &&
    one.type === other.type &&
    one.nexthops[0]?.ifindex === other.ifindex
  );
}
