/**
 * IPv4 of one host: RFC 791, 1122, 1812 as Linux 6.18 behaves. The class holds the state and is the list of what can be asked;
 * each answer is in the file of its concern.
 * @module
 */
import { type Pool, type SkBuff, wrap } from '@stack/skbuff';
import { daddr, HLEN, saddr } from '../fields.ts';
import { addressType, findDevice } from './address-type.ts';
import { IP_PMTUDISC_DONT, IP_PMTUDISC_WANT, RTCF_BROADCAST } from './constants.ts';
import { deliverError } from './deliver.ts';
import { addAddress, deleteAddress, flushAddresses, type NewAddress } from './devinet.ts';
import type { Dst, DstType, Generations } from './dst.ts';
import { Exceptions } from './exceptions.ts';
import { deviceDown, deviceGone, deviceUp } from './fib-frontend.ts';
import { Idents } from './ident.ts';
import { igmpProtocol } from './igmp-input.ts';
import { groupsDown, groupsGone, groupsUp } from './igmp-membership.ts';
import { type IfAddress, InDevice } from './in-device.ts';
import { type DatagramSock, InetSock, type XmitSock } from './inet-sock.ts';
import { createMib, type Ipv4Mib } from './mib.ts';
import { allowsSource, leaveAll, type MulticastRequest } from './multicast-sock.ts';
import { echoOptions } from './options-echo.ts';
import { compileOptions, type SocketOptions } from './options-out.ts';
import { queueXmit, sendSkb } from './output.ts';
import { quotePmtu, redirect, updatePmtu } from './path.ts';
import { Peers } from './peers.ts';
import type { Errno, FibFlow, FibPort, NetDevice, Ports, Protocol, Quote } from './ports.ts';
import { Raw } from './raw.ts';
import { Reassembly } from './reassembly.ts';
import { receive } from './receive.ts';
import { InputRoutes, OutputRoutes } from './route-cache.ts';
import { routeInput } from './route-input.ts';
import { type Flow, routeOutput } from './route-output.ts';
import { getsockopt, type OptionSock, type OptionValue, setsockopt } from './sockopt.ts';
import { selectAddress } from './source-address.ts';
import { specDstOf } from './spec-dst.ts';
import type { Ipv4Sysctl } from './sysctl.ts';
import { tosPriority } from './tos-priority.ts';

/** IPv4 of one host. `now` is integer µs, monotonic; nothing throws for what a packet holds. */
export class Ipv4 implements Generations {
  readonly ports: Ports;
  readonly pool: Pool;
  readonly sysctl: Ipv4Sysctl;
  readonly fib: FibPort;
  /** Counters. */
  readonly mib: Ipv4Mib = createMib();
  /** Called with the kernel's name of a landmark function when a packet enters it. */
  probe: ((fn: string, skb: SkBuff) => void) | undefined = undefined;
  /** Counts changes of devices, addresses and sysctls; see {@link flushCache}. */
  genid = 0;
  /** Devices by ifindex. */
  readonly devices: Map<number, InDevice> = new Map();
  /** The first loopback device. */
  loopback: NetDevice | undefined = undefined;
  /** What was learned about destinations. */
  readonly exceptions: Exceptions = new Exceptions();
  /** This host's addresses, by address: one entry a device that has it. @internal */
  readonly local: Map<number, IfAddress[]> = new Map();
  /** Handlers by protocol number. @internal */
  readonly protocols: (Protocol | undefined)[] = new Array(256).fill(undefined);
  /** Raw sockets. */
  readonly raw: Raw;
  /** Datagrams whose fragments are awaited. */
  readonly reassembly: Reassembly;
  /** Identifications of packets without a connected socket. @internal */
  readonly idents: Idents;
  /** @internal */
  readonly outputRoutes: OutputRoutes = new OutputRoutes();
  /** @internal */
  readonly inputRoutes: InputRoutes = new InputRoutes();
  /** What is counted about other hosts (Linux `inet_peer`). @internal */
  readonly peers: Peers = new Peers();
  /** The one flow that lookups fill in. @internal */
  readonly fibFlow: FibFlow = {
    daddr: 0,
    saddr: undefined,
    iif: 0,
    oif: 0,
    mark: 0,
    tos: 0,
    scope: 0,
    hash: 0,
  };
  /** Seed of multipath hashes, int32. @internal */
  readonly seed: number;

  /** Stands for a packet that is not there yet: of no protocol, without mark. */
  readonly #bare: SkBuff = wrap(new Uint8Array(HLEN));

  constructor(ports: Ports) {
    this.#bare.networkHeader = this.#bare.data;
    this.ports = ports;
    this.pool = ports.pool;
    this.sysctl = ports.sysctl;
    this.fib = ports.fib;
    this.seed = ports.random() | 0;
    this.idents = new Idents(ports.random);
    this.reassembly = new Reassembly(this);
    this.raw = new Raw(this);
    this.register(2, igmpProtocol(this));
  }

  // Devices and addresses.

  /** A device exists now, up or not. The first loopback device is that of `local` routes. A second call for its index does nothing. */
  addDevice(dev: NetDevice): InDevice {
    const known = this.devices.get(dev.ifindex);
    if (known !== undefined) return known;
    const device = new InDevice(dev, this.ports.conf(dev));
    this.devices.set(dev.ifindex, device);
    if (dev.loopback) this.loopback ??= dev;
    this.genid++;
    return device;
  }

  /** The device is up: routes of its addresses, its groups, and on loopback 127.0.0.1/8 where it has no address. `dev.up` is true. */
  linkUp(now: number, ifindex: number): void {
    const device = this.devices.get(ifindex);
    if (device === undefined) return;
    groupsUp(this, now, device);
    deviceUp(this, now, device);
    this.genid++;
  }

  /** The device is down: routes over it go, its addresses stay. `dev.up` is false. */
  linkDown(now: number, ifindex: number): void {
    const device = this.devices.get(ifindex);
    if (device === undefined) return;
    groupsDown(this, now, device);
    deviceDown(this, device);
    this.genid++;
  }

  /** The device is gone, and with it its addresses, groups and routes. */
  removeDevice(now: number, ifindex: number): void {
    const device = this.devices.get(ifindex);
    if (device === undefined) return;
    groupsGone(device);
    flushAddresses(this, now, device);
    deviceGone(this, device);
    device.alive = false;
    this.devices.delete(ifindex);
    if (this.loopback === device.dev) this.loopback = undefined;
    this.genid++;
  }

  /**
   * Gives a device an address. `ENODEV`; `EINVAL`: prefix length above 32, or the scope of an address of the same subnet differs;
   * `EEXIST`: it has it already.
   */
  addAddress(now: number, ifindex: number, address: NewAddress): Errno | undefined {
    const device = this.devices.get(ifindex);
    return device === undefined ? 'ENODEV' : addAddress(this, now, device, address);
  }

  /** Takes an address away, the first that fits. `ENODEV`, `EADDRNOTAVAIL`. */
  deleteAddress(
    now: number,
    ifindex: number,
    local: number,
    prefixLength: number | undefined = undefined,
  ): Errno | undefined {
    const device = this.devices.get(ifindex);
    return device === undefined ? 'ENODEV' : deleteAddress(this, now, device, local, prefixLength);
  }

  /** Takes all addresses of a device away. */
  flushAddresses(now: number, ifindex: number): void {
    const device = this.devices.get(ifindex);
    if (device !== undefined) flushAddresses(this, now, device);
  }

  /** The addresses of a device, or of all, in the order of `ip address`. */
  addresses(ifindex = 0): IfAddress[] {
    const all: IfAddress[] = [];
    for (const device of this.devices.values()) {
      if (ifindex === 0 || device.dev.ifindex === ifindex) for (const one of device.addresses) all.push(one);
    }
    return all;
  }

  /** What an address is to this host, or to one of its devices (Linux `inet_addr_type`, `inet_dev_addr_type`). */
  addressType(address: number, ifindex = 0): DstType {
    return addressType(this, address, ifindex);
  }

  /** Whether packets to `address` are for this host: it has it, or a `local` route covers it. */
  isLocal(address: number): boolean {
    return findDevice(this, address) !== undefined;
  }

  /** A source address for `daddr` (0 = any) over a device (0 = any), of `scope` or wider; 0 = none (Linux `inet_select_addr`). */
  selectAddress(ifindex: number, daddr: number, scope: number): number {
    return selectAddress(this, this.devices.get(ifindex), daddr, scope);
  }

  /** Outdates all routes that were looked up: a sysctl changed that took part. */
  flushCache(): void {
    this.genid++;
  }

  // Routes.

  /**
   * The way to `flow.daddr` (Linux `ip_route_output_key`). Fills in `flow.saddr` where it is 0, and `flow.daddr` where it is 0 too.
   * `EINVAL`: no source or destination can be that; `ENETUNREACH`: no route, no such source here, the device is down; `ENODEV`; and what
   * the FIB says: `EHOSTUNREACH`, `EACCES`.
   */
  routeOutput(now: number, flow: Flow): Dst | Errno {
    return routeOutput(this, now, flow);
  }

  /**
   * Where a packet from `saddr` to `daddr` that came in over a device would go; `undefined` where it would be refused, for instance for its
   * source (Linux `ip_route_input`). ARP asks before it answers. `daddr` is no group.
   */
  routeInput(ifindex: number, daddr: number, saddr: number): { type: DstType; dev: NetDevice } | undefined {
    const device = this.devices.get(ifindex);
    const route = device && routeInput(this, this.#bare, device, daddr, saddr, 0);
    if (route === undefined || typeof route === 'string' || route.action === 'refuse') return undefined;
    if (route.dst !== undefined) return { type: 'unicast', dev: route.dst.dev };
    const type = (route.flags & RTCF_BROADCAST) !== 0 ? 'broadcast' : 'local';
    return { type, dev: this.loopback ?? (device as InDevice).dev };
  }

  /** An ICMP message told `mtu`, bytes, for a path (Linux `ip_rt_update_pmtu`): the path MTU falls, never below `min_pmtu`. */
  updatePmtu(now: number, dst: Dst, mtu: number): void {
    updatePmtu(this, now, dst, mtu);
  }

  /**
   * An ICMP redirect from `oldGateway` to `newGateway` for `daddr`, on a device (Linux `ip_do_redirect`). Ignored where the sysctls or
   * RFC 1122 §3.2.2.2 say so.
   */
  redirect(now: number, ifindex: number, daddr: number, oldGateway: number, newGateway: number): void {
    redirect(this, now, ifindex, daddr, oldGateway, newGateway);
  }

  // Packets.

  /** A packet from a device, `data` at the IP header, `ifindex` and `pktType` set (Linux `ip_rcv`). Takes it over. */
  receive(now: number, skb: SkBuff): void {
    receive(this, now, skb);
  }

  /**
   * Sends a segment of a connected socket, `data` at the transport header (Linux `ip_queue_xmit`). Takes it over. {@link OK}, {@link DROP},
   * {@link CN}, or why it was dropped here: `EMSGSIZE`, `ENOBUFS`.
   */
  queueXmit(now: number, skb: SkBuff, dst: Dst, sk: XmitSock): number | Errno {
    return queueXmit(this, now, skb, dst, sk);
  }

  /**
   * Sends a datagram, `data` at the transport header, fragmenting it where it is too big and the socket allows (Linux
   * `ip_make_skb` and `ip_send_skb`). Takes it over. As {@link queueXmit}; `EMSGSIZE`: it is too big and may not be fragmented.
   */
  sendSkb(now: number, skb: SkBuff, dst: Dst, sk: DatagramSock): number | Errno {
    return sendSkb(this, now, skb, dst, sk);
  }

  /** Names the handler of a protocol, u8; `undefined` takes it away. */
  register(protocol: number, handler: Protocol | undefined): void {
    this.protocols[protocol & 0xff] = handler;
  }

  /** An ICMP error about a packet we sent: for raw sockets and for its protocol (Linux `icmp_socket_deliver`). */
  error(now: number, quote: Quote): void {
    deliverError(this, now, quote);
  }

  /** A path MTU that an ICMP error tells, `quote.info` bytes, for a packet of ours: {@link updatePmtu} of its route. */
  quotePmtu(now: number, quote: Quote): void {
    quotePmtu(this, now, quote);
  }

  // Sockets.

  /** Whether a socket may be bound to an address (Linux `inet_addr_valid_or_nonlocal`): any of ours, a group, a broadcast address, or any at all. */
  mayBind(inet: InetSock, address: number): boolean {
    if (address === 0 || inet.freebind || inet.transparent || this.sysctl.ip_nonlocal_bind !== 0) return true;
    return addressType(this, address) !== 'unicast';
  }

  /**
   * Sets an option of level IPPROTO_IP by name, such as `IP_TTL`. `ENOPROTOOPT`: no such option here; `EINVAL`: not that value; and what
   * the option says: `EADDRNOTAVAIL`, `ENODEV`, `EADDRINUSE`, `ENOBUFS`, `EPROTO`.
   */
  setsockopt(now: number, socket: OptionSock, name: string, value: OptionValue): Errno | undefined {
    return setsockopt(this, now, socket, name, value);
  }

  /** The value of an option of level IPPROTO_IP; `request` names the group of `IP_MSFILTER`. `ENOPROTOOPT`, `ENOTCONN` (`IP_MTU`). */
  getsockopt(
    now: number,
    socket: OptionSock,
    name: string,
    request: MulticastRequest | undefined = undefined,
  ): OptionValue | Errno {
    return getsockopt(this, now, socket, name, request);
  }

  /** Leaves the groups of a socket that is closed. */
  dropMemberships(now: number, inet: InetSock): void {
    leaveAll(this, now, inet);
  }

  /** Whether a socket gets a packet to a group (Linux `ip_mc_sf_allow`); true for unicast. */
  allowsSource(inet: InetSock, daddr: number, saddr: number, ifindex: number): boolean {
    return allowsSource(inet, daddr, saddr, ifindex);
  }

  /** {@link allowsSource} of a received packet. */
  mayHear(skb: SkBuff, inet: InetSock): boolean {
    const at = skb.networkHeader;
    return allowsSource(inet, daddr(skb.view, at), saddr(skb.view, at), skb.ifindex);
  }

  /** The address a reply to a received packet comes from (`ipi_spec_dst`). From addresses and device alone, so that it can be asked late. */
  specDst(skb: SkBuff): number {
    const to = daddr(skb.view, skb.networkHeader);
    if (addressType(this, to) === 'local') return to;
    return specDstOf(this, saddr(skb.view, skb.networkHeader), skb.ifindex, skb.tos);
  }

  /** The options that a reply to a packet carries (Linux `ip_options_echo`), as `IP_OPTIONS` takes them; `undefined` = none. */
  echoOptions(skb: SkBuff): Uint8Array | undefined {
    return echoOptions(skb);
  }

  /** Options ready to be written on packets, for an {@link InetSock} that is no socket's. `EINVAL`: no packet may carry them. */
  compileOptions(bytes: Uint8Array): SocketOptions | Errno {
    return compileOptions(this, bytes);
  }

  /** `SO_PRIORITY` for a TOS octet (Linux `rt_tos2priority`). */
  tosPriority(tos: number): number {
    return tosPriority(tos);
  }

  /** Fresh IP options for a socket. */
  inet(): InetSock {
    return new InetSock(this.sysctl.ip_no_pmtu_disc !== 0 ? IP_PMTUDISC_DONT : IP_PMTUDISC_WANT);
  }
}
