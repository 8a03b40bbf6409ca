/**
 * The neighbour table asks ARP, ARP fills the table (the `Solicit` port of the neighbour layer).
 * @module
 */
import { Arp } from '@stack/arp/engine';
import { formatMac } from '@stack/ethernet';
import type { Icmp } from '@stack/icmp/engine';
import { formatAddress } from '@stack/ipv4';
import type { Ipv4 } from '@stack/ipv4/engine';
import { formatState, NeighTable } from '@stack/neigh';
import type { Fib } from '@stack/routing';
import type { Pool, SkBuff } from '@stack/skbuff';
import type { Sysctl } from '@stack/sysctl';
import type { Timers } from '../clock/timing-wheel.ts';
import type { Devices } from '../devices.ts';
import type { Drops } from '../drops.ts';
import type { NetDevice } from '../net-device.ts';
import type { Tracing } from '../trace.ts';
import { type ArpEntry, type ArpTable, IPV4_OPS } from './ipv4-to-neigh.ts';

const ICMP_DEST_UNREACH = 3;
const ICMP_HOST_UNREACH = 1;
const RT_SCOPE_LINK = 253;

/** What the two are made of. */
export interface ArpParts {
  readonly ipv4: Ipv4;
  readonly icmp: () => Icmp;
  readonly fib: Fib<number>;
  readonly devices: Devices;
  readonly sysctl: Sysctl;
  readonly pool: Pool;
  readonly timers: Timers;
  readonly random: () => number;
  readonly drops: Drops;
  readonly tracing: Tracing;
  /** Pushes the Ethernet header to `lladdr` and queues the packet. */
  readonly send: (now: number, skb: SkBuff, dev: NetDevice, lladdr: number) => number;
}

/** The neighbour table of IPv4 and the ARP that fills it. */
export function createArp(parts: ArpParts): { arp: Arp<NetDevice>; table: ArpTable } {
  const { ipv4, fib, devices, sysctl, drops, tracing } = parts;
  const drop = drops.port('arp');
  const table: ArpTable = new NeighTable(IPV4_OPS, {
    timers: parts.timers,
    random: parts.random,
    table: sysctl.neigh('default'),
    parms: (dev) => sysctl.neigh(dev.name),
    key: (dev, address) => arp.key(dev, address),
    mapped: (dev, address) => arp.mapped(dev, address),
    solicit: (now, entry, skb) => arp.solicit(now, entry, skb),
    send: (now, skb, entry) => parts.send(now, skb, entry.device, entry.lladdr),
    unreachable: (now, skb) => unreachable(now, skb, parts.icmp()),
    drop: drops.port('neigh'),
    proxyRedo: (now, skb, dev) => arp.proxyRedo(now, skb, dev),
    notify: (now, entry) => notify(now, entry, tracing),
  });
  const arp: Arp<NetDevice> = new Arp<NetDevice>({
    pool: parts.pool,
    timers: parts.timers,
    random: parts.random,
    table,
    conf: (dev) => sysctl.inDevice(dev.name),
    addresses: (dev) => ipv4.addresses(dev?.ifindex ?? 0),
    addressType: (address) => ipv4.addressType(address),
    selectAddress: (dev, daddr) => ipv4.selectAddress(dev.ifindex, daddr, RT_SCOPE_LINK),
    routeInput: (_now, daddr, saddr, dev) => {
      const way = ipv4.routeInput(dev.ifindex, daddr, saddr);
      return way && { type: way.type, device: way.dev as NetDevice };
    },
    routeOutput: (_now, daddr, saddr) => {
      const found = fib.lookup({ daddr, saddr, iif: 1, oif: 0, mark: 0, tos: 0, scope: 0, hash: 0 });
      return typeof found === 'string' ? undefined : devices.at(found.nexthop.ifindex);
    },
    isOwnMac: (mac) => {
      for (const dev of devices) if (dev.address === mac) return true;
      return false;
    },
    send: (now, skb, dev, dest) => {
      parts.send(now, skb, dev, dest);
    },
    drop,
  });
  return { arp, table };
}

/** Nobody answered for the next hop (Linux `arp_error_report`): the sender is told, who may be a socket of this host. */
function unreachable(now: number, skb: SkBuff, icmp: Icmp): void {
  if (skb.networkHeader < 0) return;
  icmp.send(now, skb, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
}

function notify(now: number, entry: ArpEntry, tracing: Tracing): void {
  const point = tracing.points['neigh:neigh_update'];
  if (!point.enabled) return;
  const { device, address, lladdr, state } = entry;
  point.emit(
    {
      dev: device.name,
      address: formatAddress(address),
      lladdr: formatMac(lladdr),
      state: formatState(state),
    },
    now,
  );
}
