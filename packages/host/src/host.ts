/**
 * A host: the one place that knows all layers. It makes them, and `wire-up/` connects them, a file for each arrow.
 * @module
 */
import type { Arp } from '@stack/arp/engine';
import type { Icmp } from '@stack/icmp/engine';
import { Ipv4 } from '@stack/ipv4/engine';
import type { Fib } from '@stack/routing';
import type { Pool, SkBuff } from '@stack/skbuff';
import type { Device } from '@stack/skbuff/netdev';
import { type Socket, Sockets, type SocketsOptions, type SyscallTracer } from '@stack/socket';
import { Sysctl, type Value } from '@stack/sysctl';
import { standardCongestion, Tcp } from '@stack/tcp/engine';
import { type Family, Udp } from '@stack/udp/engine';
import type { Clock } from './clock/clock.ts';
import { TimingWheel } from './clock/timing-wheel.ts';
import { VirtualClock } from './clock/virtual-clock.ts';
import { Loopback } from './devices/loopback.ts';
import { Devices } from './devices.ts';
import { Drops } from './drops.ts';
import { Kernel, type Softirq } from './kernel.ts';
import { LoopedBack } from './looped-back.ts';
import { flatten } from './mib.ts';
import { NetDevice } from './net-device.ts';
import { Gro } from './offload/gro.ts';
import { segmentGso } from './offload/gso.ts';
import { defaultPool, type HostOptions, randomOf } from './options.ts';
import { PacketEngine } from './packet/packet.ts';
import { Receiver } from './rx.ts';
import { HostKernel } from './socket-kernel.ts';
import { Tracing } from './trace.ts';
import { STANDARD_QDISCS, Transmitter } from './tx.ts';
import { AddrVerbs } from './verbs/addr.ts';
import { LinkVerbs } from './verbs/link.ts';
import { NeighVerbs } from './verbs/neigh.ts';
import { QdiscVerbs } from './verbs/qdisc.ts';
import { RouteVerbs } from './verbs/route.ts';
import { RuleVerbs } from './verbs/rule.ts';
import { TcpMetricsVerbs } from './verbs/tcp-metrics.ts';
import { createIcmp } from './wire-up/icmp-to-ipv4.ts';
import { type ArpTable, confirmNeighbour, neighbourOutput } from './wire-up/ipv4-to-neigh.ts';
import { createFib, fibPort } from './wire-up/ipv4-to-routing.ts';
import { createArp } from './wire-up/neigh-to-arp.ts';
import { ethernetOutput } from './wire-up/neigh-to-ethernet.ts';
import { PacketProto } from './wire-up/socket-to-packet.ts';
import { PingProto } from './wire-up/socket-to-ping.ts';
import { RawProto } from './wire-up/socket-to-raw.ts';
import { type SkProbe, TcpProto } from './wire-up/socket-to-tcp.ts';
import { UdpProto } from './wire-up/socket-to-udp.ts';
import { type SynFilter, setSynFilter } from './wire-up/syn-filter.ts';
import { tcpOverIpv4 } from './wire-up/tcp-to-ipv4.ts';
import { stateTrace } from './wire-up/tcp-to-trace.ts';
import { udpOverIpv4 } from './wire-up/udp-to-ipv4.ts';

const ETH_P_IP = 0x0800;
const ETH_P_ARP = 0x0806;
const IP_HLEN = 20;

/** What of a device's `net.ipv4.conf` decides where its packets go. */
const ROUTED_BY = [
  'forwarding',
  'rp_filter',
  'accept_local',
  'route_localnet',
  'send_redirects',
  'shared_media',
  'src_valid_mark',
] as const;

/** Sends that freed packets made possible (TCP small queues). */
class TcpSoftirq implements Softirq {
  raised = false;
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  run(now: number): void {
    this.#host.tcp.softirq(now);
  }
}

/** One host of a network. Make it with `createHost`. */
export class Host {
  readonly name: string;
  readonly clock: Clock;
  /** Where its packets live: at rest `pool.stats.inUse` counts what its devices hold ready, and nothing else. */
  readonly pool: Pool;
  readonly sysctl: Sysctl;
  /** `ip address`. */
  readonly addr: AddrVerbs;
  /** `ip link`. */
  readonly link: LinkVerbs;
  /** `ip route`. */
  readonly route: RouteVerbs;
  /** `ip rule`. */
  readonly rule: RuleVerbs;
  /** `ip neighbour`. */
  readonly neigh: NeighVerbs;
  /** `ip tcp_metrics`. */
  readonly tcpMetrics: TcpMetricsVerbs;
  /** `tc qdisc`. */
  readonly qdisc: QdiscVerbs;
  /** The sockets of its first process; see {@link process}. */
  readonly sockets: Sockets;
  /** Tracepoints: `host.trace.on('skb:kfree_skb', listener)`. */
  readonly trace: Tracing;
  /** Its devices. */
  readonly devices: Devices = new Devices();
  /** Timers armed, of all layers. */
  readonly timers: TimingWheel;
  /** The engines, for whoever goes below the sockets. */
  readonly tcp: Tcp;
  readonly udp: Udp;
  readonly ipv4: Ipv4;
  readonly icmp: Icmp;
  readonly arp: Arp<NetDevice>;
  readonly neighbours: ArpTable;
  readonly fib: Fib<number>;
  readonly #kernel: Kernel;
  readonly #drops: Drops;
  readonly #receiver: Receiver;
  readonly #transmitter: Transmitter;
  readonly #socketKernel: HostKernel;
  readonly #udpFamily: Family<number>;
  /** Names who waits, where a virtual clock finds that nothing will ever happen. */
  readonly #witness: () => readonly string[];
  #closed = false;

  /** @internal */
  constructor(options: HostOptions) {
    const { clock, name = 'host', pool = defaultPool(), privileged = true } = options;
    const random = randomOf(options);
    this.name = name;
    this.clock = clock;
    this.pool = pool;
    const kernel = new Kernel(clock);
    this.#kernel = kernel;
    this.timers = new TimingWheel(clock, { run: (expire) => kernel.run(expire) });
    const { devices, timers } = this;
    this.trace = new Tracing(() => this.#hook());
    this.#drops = new Drops(kernel, this.trace.points['skb:kfree_skb']);
    const drops = this.#drops;
    this.sysctl = new Sysctl({
      ...(options.memory !== undefined && { memory: options.memory }),
      congestionControl: () => this.tcp?.congestion.names() ?? standardCongestion().map(({ name }) => name),
      qdisc: () => STANDARD_QDISCS,
    });
    const { sysctl, trace: tracing } = this;

    this.#receiver = new Receiver(kernel, sysctl.core, drops.port('dev'), tracing);
    this.#transmitter = new Transmitter({ kernel, timers, random, sysctl: sysctl.core, drops, tracing });
    const transmitter = this.#transmitter;
    this.fib = createFib(
      (ifindex) => devices.at(ifindex),
      (dev) => sysctl.inDevice(dev.name).ignore_routes_with_linkdown !== 0,
    );
    const looped = new LoopedBack((now, skb) => this.ipv4.receive(now, skb));
    this.ipv4 = new Ipv4({
      pool,
      timers,
      random,
      sysctl: sysctl.ipv4,
      routeSysctl: sysctl.route,
      conf: (dev) => sysctl.inDevice(dev.name),
      fib: fibPort(this.fib),
      output: neighbourOutput(() => this.neighbours, drops.port('neigh'), tracing.points.kprobe),
      loopback: (skb) => {
        looped.add(skb);
        kernel.raise(looped);
      },
      icmpSend: (now, skb, type, code, info) => this.icmp.send(now, skb, type, code, info),
      icmpSent: (type) => this.icmp.countOut(type),
      gsoSegment: segmentGso,
      drop: drops.port('ipv4'),
      timeOfDay: options.timeOfDay,
      addressChanged: (now, event, { device, local }) => {
        if (event !== 'NETDEV_UP') return;
        const dev = device.dev as NetDevice;
        sysctl.settle(dev.name);
        if (dev.up && sysctl.inDevice(dev.name).arp_notify !== 0) this.arp.announce(now, dev, local);
      },
    });
    const { ipv4 } = this;
    this.icmp = createIcmp({
      ipv4,
      sysctl: sysctl.ipv4,
      pool,
      random,
      drop: drops.port('icmp'),
      devices,
      timeOfDay: options.timeOfDay,
    });
    const made = createArp({
      ipv4,
      icmp: () => this.icmp,
      fib: this.fib,
      devices,
      sysctl,
      pool,
      timers,
      random,
      drops,
      tracing,
      send: ethernetOutput(transmitter, drops.port('ethernet')),
    });
    this.arp = made.arp;
    this.neighbours = made.table;
    const confirm = confirmNeighbour(() => this.neighbours);

    const tcpSoftirq = new TcpSoftirq(this);
    this.tcp = new Tcp({
      sysctl: sysctl.ipv4,
      core: sysctl.core,
      pool,
      timers,
      random,
      drop: drops.port('tcp'),
      raise: () => kernel.raise(tcpSoftirq),
      privileged: () => privileged,
      fastopenKeyDrawn: (key) => sysctl.set('net.ipv4.tcp_fastopen_key', key),
      mac: options.mac,
    });
    const { tcp } = this;
    const tcpFamily = tcpOverIpv4(ipv4, random, confirm);
    ipv4.register(6, {
      receive: (now, skb) => tcp.receive(now, skb, tcpFamily),
      error: (now, quote) => tcp.error(now, tcpFamily, quote),
    });
    this.udp = new Udp({
      sysctl: sysctl.ipv4,
      core: sysctl.core,
      pool,
      random,
      drop: drops.port('udp'),
      privileged: () => privileged,
    });
    const { udp } = this;
    const udpFamily = udpOverIpv4(ipv4, this.icmp, confirm);
    this.#udpFamily = udpFamily;
    ipv4.register(17, {
      receive: (now, skb) => udp.receive(now, skb, udpFamily),
      error: (now, quote) => udp.error(now, udpFamily, quote),
    });
    this.#receiver.handlers.set(ETH_P_IP, (now, skb) => ipv4.receive(now, skb));
    this.#receiver.handlers.set(ETH_P_ARP, (now, skb, dev) => this.arp.receive(now, skb, dev));

    const packet = new PacketEngine({
      pool,
      drop: drops.port('packet'),
      device: (ifindex) => devices.at(ifindex),
      queueXmit: (now, skb, dev) => transmitter.queueXmit(now, skb, dev),
      active: (on) => {
        this.#receiver.tap = on ? (skb, dev) => packet.received(skb, dev) : undefined;
        transmitter.tap = on ? (skb, dev) => packet.sent(skb, dev) : undefined;
      },
    });
    const skPoint = tracing.points['kprobe:sk'];
    const probeSk: SkProbe = (kernelFunction, sk) => {
      if (skPoint.enabled) skPoint.emit({ function: kernelFunction, sk }, kernel.now());
    };
    const factories = {
      tcp: () => TcpProto.create(tcp, ipv4, tcpFamily, probeSk),
      udp: () => new UdpProto(udp, ipv4, udpFamily),
      ping: () => new PingProto(this.icmp, ipv4),
      raw: (protocol: number) => {
        const sk = ipv4.raw.socket(protocol);
        return typeof sk === 'string' ? sk : new RawProto(ipv4, sk);
      },
      packet: (type: number, protocol: number) => new PacketProto(packet, devices, type, protocol),
    };
    this.#socketKernel = new HostKernel(kernel, timers, devices, sysctl.core, factories, privileged);
    this.sockets = new Sockets(this.#socketKernel);
    this.#witness = () => this.sockets.waiting();
    if (clock instanceof VirtualClock) clock.witnesses.add(this.#witness);

    this.addr = new AddrVerbs(kernel, devices, ipv4);
    this.route = new RouteVerbs(
      kernel,
      devices,
      ipv4,
      this.fib,
      (name) => tcp.congestion.find(name) !== undefined,
    );
    this.rule = new RuleVerbs(devices, this.fib);
    this.neigh = new NeighVerbs(kernel, devices, this.neighbours);
    this.tcpMetrics = new TcpMetricsVerbs(kernel, tcp.metrics);
    this.qdisc = new QdiscVerbs(kernel, devices, transmitter);
    this.link = new LinkVerbs({
      devices,
      addDevice: (device) => this.#add(device),
      removeDevice: (dev) => this.#remove(dev),
      setUp: (dev, up) => kernel.run(() => (up ? this.#up(dev) : this.#down(dev))),
      rename: (dev, to) => this.#rename(dev, to),
      addressChanged: (dev) =>
        kernel.run(() => {
          this.neighbours.changeAddress(kernel.now(), dev);
          if (dev.up) this.arp.deviceChanged(kernel.now(), dev);
        }),
      mtuChanged: () => ipv4.flushCache(),
    });
    this.#watch();
    this.#set(options.sysctl ?? {});
    if (options.loopback !== false) this.link.add(new Loopback(), { up: true });
  }

  /** `socket(AF_INET, SOCK_STREAM)`, in the first process. @throws SocketError as `socket(2)`. */
  socket(family: number, type: number, protocol = 0): Socket {
    return this.sockets.socket(family, type, protocol);
  }

  /**
   * Has `filter` look at each SYN to a listening socket before it is answered: `'accept'`, `'reset'` or `'drop'` at once, or `'defer'` and
   * decide later. `undefined` accepts all again. @throws TypeError for a socket that is not TCP.
   */
  onSyn(listener: Socket, filter: SynFilter | undefined): void {
    setSynFilter(this.#kernel, listener.core.proto, filter);
  }

  /** The descriptors of one more process. */
  process(options: SocketsOptions = {}): Sockets {
    return new Sockets(this.#socketKernel, options);
  }

  /** Who is told of system calls; `undefined` = nobody. `formatSyscall` of `@stack/socket` prints them as strace does. */
  get strace(): SyscallTracer | undefined {
    return this.#socketKernel.tracer;
  }

  set strace(tracer: SyscallTracer | undefined) {
    this.#socketKernel.tracer = tracer;
  }

  /** What `nstat -az` prints: counters by Linux's names. */
  nstat(): Record<string, number> {
    return flatten([this.ipv4.mib, this.icmp.mib, this.tcp.mib, this.udp.mib, this.arp.mib]);
  }

  /** Packets dropped, by reason: Linux's `enum skb_drop_reason` without its prefix. */
  get drops(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#drops.counts);
  }

  /**
   * Ends it: sockets are closed, connections aborted, devices closed; what is queued is freed, and no timer is left. What other hosts
   * hold of its packets they free.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.sockets.close();
    this.#kernel.run(() => this.tcp.abortAll(this.#kernel.now()));
    if (this.clock instanceof VirtualClock) this.clock.witnesses.delete(this.#witness);
    for (const dev of [...this.devices]) this.#remove(dev);
    this.neighbours.close(this.#kernel.now());
  }

  #add(device: Device): NetDevice {
    if (device.ifindex === 0) device.ifindex = this.devices.freeIndex();
    const dev = new NetDevice(device, device.ifindex);
    this.devices.add(dev);
    this.sysctl.addDevice(dev.name);
    const receiver = this.#receiver;
    dev.gro = new Gro({
      hardHeaderLen: dev.hardHeaderLen,
      deliver: (skb) => receiver.receive(skb, dev),
    });
    dev.gro.enabled = !dev.loopback;
    dev.gro.udp = (skb, network) => {
      skb.networkHeader = network;
      return this.udp.wantsGro(skb, network + IP_HLEN, this.#udpFamily as Family<unknown>);
    };
    this.#transmitter.attach(dev);
    device.receive = (skb) => dev.gro.receive(skb);
    device.interrupt = () => receiver.schedule(dev);
    if ('segment' in device) device.segment = segmentGso;
    if ('drop' in device) device.drop = this.#drops.port('dev');
    this.#limitBacklog(device);
    device.setUp?.(false);
    device.linkChange = (_, up) => this.#kernel.run(() => this.#carrier(dev, up));
    this.ipv4.addDevice(dev);
    return dev;
  }

  #remove(dev: NetDevice): void {
    const { device } = dev;
    this.#kernel.run(() => {
      const now = this.#kernel.now();
      if (dev.up) this.#down(dev);
      this.ipv4.removeDevice(now, dev.ifindex);
      this.neighbours.deviceGone(now, dev);
      dev.queue.close(now);
      dev.gro.purge();
      device.close();
    });
    device.receive = undefined;
    device.interrupt = undefined;
    device.wake = undefined;
    device.linkChange = undefined;
    this.devices.delete(dev);
    this.sysctl.removeDevice(dev.name);
  }

  #up(dev: NetDevice): void {
    if (dev.up) return;
    const now = this.#kernel.now();
    dev.device.setUp?.(true);
    dev.up = true;
    dev.queue.setQdisc(this.#transmitter.standard(dev));
    if (dev.running) dev.queue.activate();
    this.ipv4.linkUp(now, dev.ifindex);
    this.arp.deviceChanged(now, dev);
    this.#receiver.schedule(dev);
  }

  #down(dev: NetDevice): void {
    if (!dev.up) return;
    const now = this.#kernel.now();
    dev.up = false;
    dev.device.setUp?.(false);
    dev.queue.deactivate();
    this.neighbours.deviceDown(now, dev);
    this.arp.deviceDown(dev);
    this.ipv4.linkDown(now, dev.ifindex);
  }

  /** The carrier came or went. Addresses and routes stay; what waits is dropped, neighbours are forgotten. */
  #carrier(dev: NetDevice, up: boolean): void {
    if (!dev.up) return;
    const now = this.#kernel.now();
    if (up) {
      dev.queue.activate();
      this.fib.carrierUp(dev.ifindex);
    } else {
      dev.queue.deactivate();
      this.neighbours.carrierDown(now, dev);
      this.fib.carrierDown(dev.ifindex);
    }
  }

  #rename(dev: NetDevice, name: string): void {
    this.sysctl.renameDevice(dev.name, name);
    dev.device.name = name;
  }

  /** As many packets wait as `netdev_max_backlog` says, and one more. */
  #limitBacklog(device: Device): void {
    if ('maxBacklog' in device) device.maxBacklog = Math.max(0, this.sysctl.core.netdev_max_backlog) + 1;
  }

  /** Sysctls whose change outdates something, or that somebody else keeps. */
  #watch(): void {
    const { sysctl, ipv4 } = this;
    const flush = () => ipv4.flushCache();
    for (const name of ROUTED_BY) sysctl.watch(`net.ipv4.conf.*.${name}`, flush);
    sysctl.watch('net.ipv4.tcp_fastopen_blackhole_timeout_sec', () => this.tcp.forgetBlackholes());
    sysctl.watch('net.core.netdev_max_backlog', () => {
      for (const dev of this.devices) this.#limitBacklog(dev.device);
    });
    for (const name of ['gc_thresh1', 'gc_thresh2', 'gc_thresh3'] as const) {
      sysctl.watch(`net.ipv4.neigh.default.${name}`, () => this.neighbours.threshChanged(this.#kernel.now()));
    }
  }

  #set(values: Readonly<Record<string, Value | string>>): void {
    for (const [name, value] of Object.entries(values)) {
      if (typeof value === 'string') this.sysctl.write(name, value);
      else this.sysctl.set(name, value);
    }
  }

  /** Engines tell of their functions only while somebody listens. */
  #hook(): void {
    const { points } = this.trace;
    const { kprobe } = points;
    const probe = kprobe.enabled
      ? (fn: string, skb: SkBuff) => kprobe.emit({ function: fn, skb }, this.#kernel.now())
      : undefined;
    for (const engine of [this.tcp, this.udp, this.ipv4, this.icmp, this.arp]) engine.probe = probe;
    stateTrace(this.tcp, points, this.#kernel);
  }
}

/**
 * A host of its own: loopback, and whatever devices it is given with `link.add`.
 * @throws SysctlError for a sysctl that is none, or a value that is not legal.
 */
export function createHost(options: HostOptions): Host {
  return new Host(options);
}
