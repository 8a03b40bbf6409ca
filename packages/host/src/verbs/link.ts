/**
 * `ip link`.
 * @module
 */
import { formatMac, isMulticast, parseMac } from '@stack/ethernet';
import type { Device, LinkStats } from '@stack/skbuff/netdev';
import type { Devices } from '../devices.ts';
import type { NetDevice } from '../net-device.ts';
import { NetlinkError } from '../netlink-error.ts';

/** Least MTU that IPv4 can do with (RFC 791: 68 bytes without fragmentation). */
const MIN_MTU = 68;
/** Headers that a super-packet has room for: it must be larger (Linux `MAX_TCP_HEADER`). */
const MAX_TCP_HEADER = 320;
const ZERO_MAC = '00:00:00:00:00:00';
const BROADCAST_MAC = 'ff:ff:ff:ff:ff:ff';

/** What {@link LinkVerbs.set} changes. */
export interface LinkOptions {
  up?: boolean;
  /** Bytes. */
  mtu?: number;
  /** MAC address as text; the device must be down or not mind. */
  address?: string;
  /** Packets in the default queue of a device that is set up later. */
  txqueuelen?: number;
  /**
   * Bytes of the largest super-packet of TCP over IPv4. 65,536 at first; more, up to what the device takes ({@link LinkInfo.tso_max_size}),
   * is BIG TCP: such packets have an IPv4 total length of 0.
   */
  gso_ipv4_max_size?: number;
  /** Take every frame, whoever it is for. */
  promisc?: boolean;
  /** New name, 1 to 15 characters. */
  name?: string;
}

/** One device, as {@link LinkVerbs.show} gives it. */
export interface LinkInfo {
  ifindex: number;
  name: string;
  /** As in `<BROADCAST,MULTICAST,UP,LOWER_UP>`. */
  flags: string[];
  mtu: number;
  /** Its queueing discipline. */
  qdisc: string;
  /** `UP`, `DOWN` or `UNKNOWN`. */
  state: string;
  /** MAC address as text. */
  address: string;
  txqueuelen: number;
  gso_ipv4_max_size: number;
  /** The most that the device lets it be. */
  tso_max_size: number;
  stats: Readonly<LinkStats>;
}

/** What the verbs ask of the host. */
export interface LinkHost {
  readonly devices: Devices;
  addDevice(device: Device): NetDevice;
  removeDevice(dev: NetDevice): void;
  setUp(dev: NetDevice, up: boolean): void;
  rename(dev: NetDevice, name: string): void;
  addressChanged(dev: NetDevice): void;
  mtuChanged(dev: NetDevice): void;
}

/** Devices of a host. */
export class LinkVerbs {
  readonly #host: LinkHost;

  constructor(host: LinkHost) {
    this.#host = host;
  }

  /**
   * Gives the host a device: a NIC, one end of a veth, or anything of the shape {@link Device}. It gets an index where it has none. It
   * is down until it is set up. @throws NetlinkError EEXIST.
   */
  add(device: Device, options: LinkOptions = {}): NetDevice {
    const dev = this.#host.addDevice(device);
    this.#apply(dev, options);
    return dev;
  }

  /** `ip link set eth0 up`. @throws NetlinkError ENODEV, EINVAL, EEXIST (a name that is taken), EADDRNOTAVAIL. */
  set(name: string, options: LinkOptions): void {
    this.#apply(this.#host.devices.get(name), options);
  }

  /** `ip link del eth0`: closes the device. @throws NetlinkError ENODEV, EOPNOTSUPP (loopback). */
  del(name: string): void {
    const dev = this.#host.devices.get(name);
    if (dev.loopback) throw new NetlinkError('EOPNOTSUPP', `link del ${name}`);
    this.#host.removeDevice(dev);
  }

  /** All devices, or the one. @throws NetlinkError ENODEV. */
  show(name?: string): LinkInfo[] {
    const { devices } = this.#host;
    return (name === undefined ? [...devices] : [devices.get(name)]).map(infoOf);
  }

  /** Two lines a device, as `ip link` prints them. @throws NetlinkError ENODEV. */
  format(name?: string): string[] {
    const kind = ({ flags, address }: LinkInfo) =>
      flags.includes('LOOPBACK') ? 'loopback' : address === '' ? 'none' : 'ether';
    const broadcast = ({ flags }: LinkInfo) => (flags.includes('LOOPBACK') ? ZERO_MAC : BROADCAST_MAC);
    return this.show(name).flatMap((link) => [
      `${link.ifindex}: ${link.name}: <${link.flags.join(',')}> mtu ${link.mtu} qdisc ${link.qdisc} state ${link.state} mode DEFAULT group default qlen ${link.txqueuelen}`,
      `    link/${kind(link)}${link.address === '' ? '' : ` ${link.address} brd ${broadcast(link)}`}`,
    ]);
  }

  #apply(dev: NetDevice, options: LinkOptions): void {
    const { mtu, address, txqueuelen, gso_ipv4_max_size: size, promisc, name, up } = options;
    if (up === false) this.#host.setUp(dev, false);
    if (name !== undefined && name !== dev.name) {
      if (!isName(name)) throw new NetlinkError('EINVAL', `name ${name}`);
      if (this.#host.devices.find(name) !== undefined) throw new NetlinkError('EEXIST', `name ${name}`);
      this.#host.rename(dev, name);
    }
    if (mtu !== undefined) {
      if (!(mtu >= (dev.loopback ? 0 : MIN_MTU)))
        throw new NetlinkError('EINVAL', `mtu ${mtu}`, 'mtu less than device minimum');
      change(() => {
        dev.device.mtu = mtu;
      }, `mtu ${mtu}`);
      this.#host.mtuChanged(dev);
    }
    if (address !== undefined) {
      change(() => {
        const mac = parseMac(address);
        if (mac === 0 || isMulticast(mac)) throw new NetlinkError('EADDRNOTAVAIL', `address ${address}`);
        dev.device.address = mac;
      }, `address ${address}`);
      this.#host.addressChanged(dev);
    }
    if (txqueuelen !== undefined) {
      if (!Number.isInteger(txqueuelen) || txqueuelen < 0)
        throw new NetlinkError('EINVAL', `txqueuelen ${txqueuelen}`);
      dev.txqueuelen = txqueuelen;
    }
    if (size !== undefined) {
      const detail = `gso_ipv4_max_size ${size}`;
      if (size > dev.tsoMaxSize) throw new NetlinkError('EINVAL', detail, 'too big gso_ipv4_max_size');
      if (!Number.isInteger(size) || size <= MAX_TCP_HEADER)
        throw new NetlinkError('ERANGE', detail, 'integer out of range');
      dev.gsoMaxSize = size;
    }
    if (promisc !== undefined && promisc !== dev.promisc) {
      dev.promisc = promisc;
      dev.setPromiscuity(promisc ? 1 : -1);
    }
    if (up === true) this.#host.setUp(dev, true);
  }
}

/** Linux `dev_valid_name`. */
function isName(name: string): boolean {
  return /^[^\s/:]{1,15}$/.test(name) && name !== '.' && name !== '..';
}

/** A driver refuses by a RangeError what the kernel refuses with EINVAL. */
function change(body: () => void, detail: string): void {
  try {
    body();
  } catch (error) {
    if (error instanceof RangeError) throw new NetlinkError('EINVAL', detail);
    throw error;
  }
}

function infoOf(dev: NetDevice): LinkInfo {
  const flags: [boolean, string][] = [
    [!dev.running && dev.up, 'NO-CARRIER'],
    [dev.loopback, 'LOOPBACK'],
    [dev.broadcast, 'BROADCAST'],
    [dev.pointToPoint, 'POINTOPOINT'],
    [dev.pointToPoint, 'NOARP'],
    [dev.multicast, 'MULTICAST'],
    [dev.promiscuity > 0, 'PROMISC'],
    [dev.up, 'UP'],
    [dev.running, 'LOWER_UP'],
  ];
  const known = dev.device.carrierUp !== undefined;
  return {
    ifindex: dev.ifindex,
    name: dev.name,
    flags: flags.filter(([on]) => on).map(([, flag]) => flag),
    mtu: dev.mtu,
    qdisc: dev.queue.qdisc.kind,
    state: !dev.up ? 'DOWN' : !dev.running ? 'DOWN' : known ? 'UP' : 'UNKNOWN',
    address: dev.device.type === 'none' ? '' : formatMac(dev.address),
    txqueuelen: dev.txqueuelen,
    gso_ipv4_max_size: dev.gsoMaxSize,
    tso_max_size: dev.tsoMaxSize,
    stats: dev.device.stats,
  };
}
