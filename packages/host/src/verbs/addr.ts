/**
 * `ip address`.
 * @module
 */
import { broadcast as broadcastOf, formatAddress } from '@stack/ipv4';
import type { IfAddress, Ipv4 } from '@stack/ipv4/engine';
import type { Devices } from '../devices.ts';
import type { Kernel } from '../kernel.ts';
import { NetlinkError, refuse } from '../netlink-error.ts';
import { addressOf, nameOf, numberOf, prefixOf, SCOPES } from './names.ts';

/** Whose address. */
export interface AddrOptions {
  /** Name of the device. */
  dev: string;
  /** Broadcast address; `'+'` = the last one of the subnet (the default below /31), `'-'` = none. */
  broadcast?: string;
  /** `global` (default; `host` on loopback), `link`, `host`, or a number. */
  scope?: string | number;
  /** Alias; begins with the device's name. */
  label?: string;
  /** The other end of a point-to-point link. */
  peer?: string;
  /** Metric of the subnet's route. */
  metric?: number;
  /** Make no route to the subnet. */
  noprefixroute?: boolean;
}

/** One address, as {@link AddrVerbs.show} gives it. */
export interface AddrInfo {
  dev: string;
  /** `'192.168.1.10'`. */
  local: string;
  prefixlen: number;
  broadcast: string | undefined;
  scope: string;
  label: string;
  /** Another address of its subnet was there before. */
  secondary: boolean;
}

const IFA_F_SECONDARY = 0x01;
const IFA_F_NOPREFIXROUTE = 0x200;

/** Addresses of a host's devices. */
export class AddrVerbs {
  readonly #kernel: Kernel;
  readonly #devices: Devices;
  readonly #ipv4: Ipv4;

  constructor(kernel: Kernel, devices: Devices, ipv4: Ipv4) {
    this.#kernel = kernel;
    this.#devices = devices;
    this.#ipv4 = ipv4;
  }

  /** `ip address add 192.168.1.10/24 dev eth0`. @throws NetlinkError EEXIST, EINVAL, ENODEV. */
  add(prefix: string, options: AddrOptions): void {
    const { address, length } = prefixOf(prefix);
    const dev = this.#devices.get(options.dev);
    const { broadcast = dev.loopback ? '-' : '+' } = options;
    const peer = options.peer === undefined ? undefined : prefixOf(options.peer);
    const local = {
      local: address,
      prefixLength: peer?.length ?? length,
      ...(peer && { peer: peer.address }),
      broadcast:
        broadcast === '-'
          ? 0
          : broadcast === '+'
            ? (broadcastOf({ address, length }) ?? 0)
            : addressOf(broadcast),
      scope:
        options.scope === undefined ? (dev.loopback ? 254 : 0) : numberOf(SCOPES, 'scope', options.scope),
      label: options.label ?? dev.name,
      metric: options.metric ?? 0,
      flags: options.noprefixroute ? IFA_F_NOPREFIXROUTE : 0,
    };
    refuse(
      this.#kernel.run(() => this.#ipv4.addAddress(this.#kernel.now(), dev.ifindex, local)),
      `address add ${prefix} dev ${options.dev}`,
      { EEXIST: 'ipv4: Address already assigned' },
    );
  }

  /** `ip address del 192.168.1.10/24 dev eth0`. @throws NetlinkError EADDRNOTAVAIL, EINVAL, ENODEV. */
  del(prefix: string, { dev }: Pick<AddrOptions, 'dev'>): void {
    const { address, length } = prefixOf(prefix);
    const { ifindex } = this.#devices.get(dev);
    refuse(
      this.#kernel.run(() =>
        this.#ipv4.deleteAddress(
          this.#kernel.now(),
          ifindex,
          address,
          prefix.includes('/') ? length : undefined,
        ),
      ),
      `address del ${prefix} dev ${dev}`,
      { EADDRNOTAVAIL: 'ipv4: Address not found' },
    );
  }

  /** `ip address flush dev eth0`. @throws NetlinkError ENODEV. */
  flush({ dev }: Pick<AddrOptions, 'dev'>): void {
    const { ifindex } = this.#devices.get(dev);
    this.#kernel.run(() => this.#ipv4.flushAddresses(this.#kernel.now(), ifindex));
  }

  /** The addresses of a device, or of all. @throws NetlinkError ENODEV. */
  show(filter: { dev?: string } = {}): AddrInfo[] {
    const ifindex = filter.dev === undefined ? 0 : this.#devices.get(filter.dev).ifindex;
    return this.#ipv4.addresses(ifindex).map(infoOf);
  }

  /** The address that {@link show} lists first on a device. @throws NetlinkError ENODEV, EADDRNOTAVAIL if it has none. */
  first(dev: string): string {
    const [info] = this.show({ dev });
    if (info === undefined) throw new NetlinkError('EADDRNOTAVAIL', `${dev} has no address`);
    return info.local;
  }
}

function infoOf(address: IfAddress): AddrInfo {
  return {
    dev: address.device.dev.name,
    local: formatAddress(address.local),
    prefixlen: address.prefixLength,
    broadcast: address.broadcast === 0 ? undefined : formatAddress(address.broadcast),
    scope: nameOf(SCOPES, address.scope),
    label: address.label,
    secondary: (address.flags & IFA_F_SECONDARY) !== 0,
  };
}
