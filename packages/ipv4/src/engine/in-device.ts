/**
 * What IPv4 knows about a device: Linux `struct in_device` and its `struct in_ifaddr`s.
 * @module
 */
import type { MulticastGroup } from './igmp-group.ts';
import type { NetDevice, Timer } from './ports.ts';
import type { InDeviceConf } from './sysctl.ts';

/** One address of a device. */
export interface IfAddress {
  readonly device: InDevice;
  /** Ours, u32. */
  readonly local: number;
  /** The other end's on a point-to-point link, elsewhere `local`; its prefix is the subnet. */
  readonly address: number;
  /** 0..32. */
  readonly prefixLength: number;
  /** Netmask of that, u32. */
  readonly mask: number;
  /** Broadcast address, u32; 0 = not given. */
  readonly broadcast: number;
  /** `RT_SCOPE_*`. */
  readonly scope: number;
  /** `IFA_F_*`. */
  flags: number;
  /** Metric of its subnet's route. */
  readonly metric: number;
  /** Alias name, such as `eth0:1`; the device's otherwise. */
  readonly label: string;
}

/** A device with its IPv4 half. */
export class InDevice {
  readonly dev: NetDevice;
  readonly conf: InDeviceConf;
  /** Primaries by falling scope value, then secondaries, as `ip address` lists them. */
  addresses: IfAddress[] = [];
  /** Joined groups by address. */
  readonly groups: Map<number, MulticastGroup> = new Map();
  /** Groups left whose last reports are due, by address. */
  readonly leaving: Map<number, MulticastGroup> = new Map();
  /** What the IGMP queriers of its link said. */
  readonly igmp: IgmpDeviceState = {
    v1Until: 0,
    v2Until: 0,
    robustness: 0,
    queryInterval: 125_000_000,
    responseInterval: 10_000_000,
    generalTimer: undefined,
    changeTimer: undefined,
    changesLeft: 0,
  };
  /** False once the device is gone. */
  alive = true;

  constructor(dev: NetDevice, conf: InDeviceConf) {
    this.dev = dev;
    this.conf = conf;
  }
}

/** IGMP's view of a link. Times are µs. */
export interface IgmpDeviceState {
  /** Until when IGMPv1 is spoken, absolute. */
  v1Until: number;
  /** Until when IGMPv2 is spoken, absolute. */
  v2Until: number;
  /** The querier's robustness variable; 0 = sysctl. */
  robustness: number;
  /** Time between its general queries. */
  queryInterval: number;
  /** Time within which they are answered. */
  responseInterval: number;
  /** IGMPv3: answers a general query. */
  generalTimer: Timer | undefined;
  /** IGMPv3: reports changes. */
  changeTimer: Timer | undefined;
  /** IGMPv3: reports of changes still to send. */
  changesLeft: number;
}
