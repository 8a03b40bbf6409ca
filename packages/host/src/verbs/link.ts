/**
 * `ip link`.
 * @module
 */
import { formatMac, parseMac } from '@stack/ethernet';
import type { Device, LinkStats } from '@stack/skbuff/netdev';
import type { Devices } from '../devices.ts';
import type { NetDevice } from '../net-device.ts';
import { NetlinkError } from '../netlink-error.ts';

/** What {@link LinkVerbs.set} changes. */
export interface LinkOptions {
  up?: boolean;
  /** Bytes. */
  mtu?: number;
  /** MAC address as text; the device must be down or not mind. */
  address?: string;
  /** Packets in the default queue of a device that is set up later. */
  txqueuelen?: number;
  /** Take every frame, whoever it is for. */
  promisc?: boolean;
  /** New name; the device must be down. */
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

  /** `ip link set eth0 up`. @throws NetlinkError ENODEV, EINVAL, EBUSY (renamed while up), EEXIST. */
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
    return this.show(name).flatMap((link) => [
      `${link.ifindex}: ${link.name}: <${link.flags.join(',')}> mtu ${link.mtu} qdisc ${link.qdisc} state ${link.state} mode DEFAULT group default qlen ${link.txqueuelen}`,
      `    link/${link.flags.includes('LOOPBACK') ? 'loopback' : link.address === '' ? 'none' : 'ether'} ${link.address}`.trimEnd(),
    ]);
  }

  #apply(dev: NetDevice, options: LinkOptions): void {
    const { mtu, address, txqueuelen, promisc, name, up } = options;
    if (up === false) this.#host.setUp(dev, false);
    if (name !== undefined && name !== dev.name) {
      if (dev.up) throw new NetlinkError('EBUSY', `${dev.name} is up`);
      this.#host.rename(dev, name);
    }
    if (mtu !== undefined) {
      change(() => {
        dev.device.mtu = mtu;
      }, `mtu ${mtu}`);
      this.#host.mtuChanged(dev);
    }
    if (address !== undefined) {
      change(() => {
        dev.device.address = parseMac(address);
      }, `address ${address}`);
      this.#host.addressChanged(dev);
    }
    if (txqueuelen !== undefined) {
      if (!Number.isInteger(txqueuelen) || txqueuelen < 0)
        throw new NetlinkError('EINVAL', `txqueuelen ${txqueuelen}`);
      dev.txqueuelen = txqueuelen;
    }
    if (promisc !== undefined && promisc !== dev.promisc) {
      dev.promisc = promisc;
      dev.setPromiscuity(promisc ? 1 : -1);
    }
    if (up === true) this.#host.setUp(dev, true);
  }
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
    stats: dev.device.stats,
  };
}
