/**
 * IPv4 asks the neighbour table: where a packet's next hop is on the link (Linux `ip_finish_output2`).
 * @module
 */
import { formatAddress } from '@stack/ipv4';
import type { Dst } from '@stack/ipv4/engine';
import type { AddressOps, Neighbour, NeighTable } from '@stack/neigh';
import type { SkBuff } from '@stack/skbuff';
import type { Drop } from '../drops.ts';
import type { NetDevice } from '../net-device.ts';
import { enter, type Tracepoint } from '../trace.ts';

/** The neighbours of a host. */
export type ArpTable = NeighTable<number, SkBuff, NetDevice>;
/** One of them. */
export type ArpEntry = Neighbour<number, SkBuff, NetDevice>;
/** A peer made progress: whoever packets to it go to is reachable. */
export type Confirm = (now: number, dst: Dst) => void;

/** What the neighbour table must know of IPv4 addresses. */
export const IPV4_OPS: AddressOps<number> = {
  hash: (address) => address | 0,
  same: (a, b) => a === b,
  format: formatAddress,
};

/** Sends a packet, `data` at its IP header, to `nexthop`, taking it over. The entry is kept with the route. */
export function neighbourOutput(
  table: () => ArpTable,
  drop: Drop,
  kprobe: Tracepoint<'kprobe'>,
): (now: number, skb: SkBuff, dst: Dst, nexthop: number) => number {
  return (now, skb, dst, nexthop) => {
    enter(kprobe, 'ip_finish_output2', skb, now);
    const dev = dst.dev as NetDevice;
    let entry = dst.neighbour as ArpEntry | undefined;
    if (entry === undefined || entry.dead || (entry.address !== nexthop && !dev.noarp)) {
      const found = table().ensure(now, dev, nexthop);
      if (typeof found === 'string') {
        drop(skb, 'NEIGH_CREATEFAIL');
        return 1;
      }
      entry = found;
      dst.neighbour = entry;
    }
    return table().output(now, entry, skb);
  };
}

/** Confirms the entry that a route has. */
export function confirmNeighbour(table: () => ArpTable): Confirm {
  return (now, dst) => {
    const entry = dst.neighbour as ArpEntry | undefined;
    if (entry !== undefined && !entry.dead) table().confirm(now, entry);
  };
}
