/**
 * UDP over IPv4: the family that UDP sockets of AF_INET carry.
 * @module
 */

import type { Icmp } from '@stack/icmp/engine';
import { isMulticast, daddr as readDaddr, saddr as readSaddr } from '@stack/ipv4';
import type { DatagramSock, Dst, InetSock, Ipv4 } from '@stack/ipv4/engine';
import { pseudoIpv4 } from '@stack/skbuff/checksum';
import type { Family, PacketSource, Dst as UdpDst } from '@stack/udp/engine';
import { fillFlow, flowKey } from './inet-flow.ts';
import type { Confirm } from './ipv4-to-neigh.ts';

const ICMP_DEST_UNREACH = 3;
const ICMP_PORT_UNREACH = 3;

/** The family. `icmp` answers for ports nobody has; `confirm` serves `MSG_CONFIRM`. */
export function udpOverIpv4(ipv4: Ipv4, icmp: Icmp, confirm: Confirm): Family<number> {
  const flow = flowKey(17);
  return {
    name: 'AF_INET',
    any: 0,
    same: (a, b) => a === b,
    hash: (address) => address | 0,
    saddr: (skb) => readSaddr(skb.view, skb.networkHeader),
    daddr: (skb) => readDaddr(skb.view, skb.networkHeader),
    specDst: (skb) => ipv4.specDst(skb),
    pseudo: pseudoIpv4,
    headerLength: 20,
    inet: () => ipv4.inet(),
    route: (now, wanted, inet) => {
      const detour = fillFlow(flow, wanted, wanted.dontroute, inet as unknown as InetSock);
      const dst = ipv4.routeOutput(now, flow);
      if (typeof dst === 'string') return dst;
      wanted.saddr = flow.saddr;
      if (!detour) wanted.daddr = flow.daddr;
      return dst as unknown as UdpDst;
    },
    output: (now, skb, dst, from) =>
      ipv4.sendSkb(now, skb, dst as unknown as Dst, from as PacketSource<number> as unknown as DatagramSock),
    local: (address) =>
      ipv4.sysctl.ip_nonlocal_bind !== 0 || isMulticast(address) || ipv4.addressType(address) !== 'unicast',
    isMulticast,
    isBroadcast: (address) => address === 0xffff_ffff || ipv4.addressType(address) === 'broadcast',
    isMember: (skb, sk) => ipv4.mayHear(skb, sk.inet as unknown as InetSock),
    portUnreachable: (now, skb) => icmp.send(now, skb, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0),
    confirm: (now, dst) => confirm(now, dst as unknown as Dst),
  };
}
