/**
 * `struct net_device`: a device with what the host keeps for it. The drivers' shape is {@link Device}; this is the kernel's.
 * @module
 */
import { multicastMac } from '@stack/ipv4';
import type { TxQueue } from '@stack/qdisc';
import type { Device } from '@stack/skbuff/netdev';
import type { Gro } from './offload/gro.ts';

/** ARPHRD_* of a device, as packet sockets and `ip link` tell it. */
export const ARPHRD_ETHER = 1;
/** A loopback device. */
export const ARPHRD_LOOPBACK = 772;
/** A device without link-layer header, such as a TUN. */
export const ARPHRD_NONE = 0xfffe;

const ETH_HLEN = 14;
/** Super-packets are cut in software where the device cannot: every device takes them. As long as IPv4 can tell (Linux `GSO_LEGACY_MAX_SIZE`). */
const GSO_LEGACY_MAX_SIZE = 65_536;
const GSO_MAX_SEGS = 65_535;

/** One device of a host. */
export class NetDevice {
  readonly device: Device;
  readonly ifindex: number;
  /** `IFF_UP`: set with `link.set(name, { up: true })`. */
  up = false;
  /** `IFF_LOOPBACK`. */
  readonly loopback: boolean;
  /** `IFF_BROADCAST`. */
  readonly broadcast: boolean;
  /** `IFF_MULTICAST`. */
  readonly multicast: boolean;
  /** `IFF_POINTOPOINT`. */
  readonly pointToPoint: boolean;
  /** `IFF_NOARP`. */
  readonly noarp: boolean;
  /** Bytes of its link-layer header. */
  readonly hardHeaderLen: number;
  /** ARPHRD_*. */
  readonly hatype: number;
  /** Most packets that wait in its default queue. */
  txqueuelen = 1000;
  /** Largest super-packet of TCP over IPv4, bytes (`gso_ipv4_max_size`). Beyond 65,536 it is BIG TCP. */
  gsoMaxSize: number;
  /** `ip link set promisc on`. */
  promisc = false;
  /** How many want every frame (`IFF_PROMISC`). */
  promiscuity = 0;
  /** IPv4 groups whose frames are taken, u32. */
  groups: readonly number[] = [];
  /** Its queue and the discipline on it. */
  queue!: TxQueue;
  /** What merges received segments. */
  gro!: Gro;
  /** Whether it waits for a poll. */
  scheduled = false;
  /** Packets dropped by the host on the way up, of no known protocol. */
  rxNohandler = 0;

  constructor(device: Device, ifindex: number) {
    this.device = device;
    this.gsoMaxSize = Math.min(GSO_LEGACY_MAX_SIZE, this.tsoMaxSize);
    this.ifindex = ifindex;
    const { type } = device;
    this.loopback = type === 'loopback';
    this.broadcast = type === 'ether';
    this.multicast = type !== 'loopback';
    this.pointToPoint = type === 'none';
    this.noarp = type !== 'ether';
    this.hardHeaderLen = type === 'none' ? 0 : ETH_HLEN;
    this.hatype = type === 'ether' ? ARPHRD_ETHER : type === 'loopback' ? ARPHRD_LOOPBACK : ARPHRD_NONE;
  }

  /** Such as `eth0`. */
  get name(): string {
    return this.device.name;
  }

  /** Most bytes of a packet without link-layer header. */
  get mtu(): number {
    return this.device.mtu;
  }

  /** MAC address, u48. */
  get address(): number {
    return this.device.address;
  }

  /** By `ethtool -k` names. */
  get features(): Readonly<Record<string, boolean>> {
    return this.device.features;
  }

  /** The most that {@link gsoMaxSize} may be, bytes (`tso_max_size`). */
  get tsoMaxSize(): number {
    return this.device.gsoMaxSize || GSO_LEGACY_MAX_SIZE;
  }

  /** Most segments of one. */
  get gsoMaxSegs(): number {
    return Math.min(GSO_MAX_SEGS, this.device.gsoMaxSegs || GSO_MAX_SEGS);
  }

  /** Whether frames can leave: it is up and has a carrier. */
  get running(): boolean {
    return this.up && this.device.carrierUp !== false;
  }

  /** Takes frames to these IPv4 groups, u32, and to no others. */
  setMulticast(groups: readonly number[]): void {
    const { filter } = this.device;
    if (filter !== undefined) {
      for (const group of this.groups) if (!groups.includes(group)) filter.delete(multicastMac(group));
      for (const group of groups) if (!filter.add(multicastMac(group))) filter.allMulticast = true;
    }
    this.groups = [...groups];
  }

  /** One more, or one less, wants every frame. */
  setPromiscuity(change: 1 | -1): void {
    this.promiscuity += change;
    const { filter } = this.device;
    if (filter !== undefined) filter.promiscuous = this.promiscuity > 0;
  }
}
