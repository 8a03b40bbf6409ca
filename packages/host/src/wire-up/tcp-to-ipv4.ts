/**
 * TCP over IPv4: the family that TCP sockets of AF_INET carry.
 * @module
 */
import { isMulticast, daddr as readDaddr, saddr as readSaddr } from '@stack/ipv4';
import type { Dst, InetSock, Ipv4, SocketOptions, XmitSock } from '@stack/ipv4/engine';
import { SKB_GSO_TCPV4 } from '@stack/skbuff';
import { pseudoIpv4 } from '@stack/skbuff/checksum';
import {
  type AuthAddresses,
  type Family,
  type PacketSource,
  type Dst as TcpDst,
  TcpSock,
} from '@stack/tcp/engine';
import { fillFlow, flowKey } from './inet-flow.ts';
import type { Confirm } from './ipv4-to-neigh.ts';

/** For keys and signatures. */
export const ADDRESSES: AuthAddresses<number> = {
  bits: 32,
  write: (view, at, address) => {
    view.setUint32(at, address);
    return at + 4;
  },
  writePseudo: (view, at, saddr, daddr, protocol, length) => {
    view.setUint32(at, saddr);
    view.setUint32(at + 4, daddr);
    view.setUint16(at + 8, protocol);
    view.setUint16(at + 10, length);
    return at + 12;
  },
  sharePrefix: (a, b, length) => length === 0 || (a ^ b) >>> (32 - length) === 0,
  isPrefix: (address, length) => length >= 32 || (address << length) >>> 0 === 0,
};

/** The family: `confirm` tells the neighbour layer that the peer answers. */
export function tcpOverIpv4(ipv4: Ipv4, random: () => number, confirm: Confirm): Family<number> {
  const flow = flowKey(6);
  return {
    name: 'AF_INET',
    any: 0,
    same: (a, b) => a === b,
    hash: (address) => address | 0,
    saddr: (skb) => readSaddr(skb.view, skb.networkHeader),
    daddr: (skb) => readDaddr(skb.view, skb.networkHeader),
    pseudo: pseudoIpv4,
    gsoType: SKB_GSO_TCPV4,
    headerLength: 20,
    inet: () => ipv4.inet(),
    answerOptions: (skb) => {
      const given = ipv4.echoOptions(skb);
      const options = given && ipv4.compileOptions(given);
      return typeof options === 'string' ? undefined : options;
    },
    setOptions: (inet, options) => {
      (inet as InetSock).options = options as SocketOptions;
    },
    inherit: (from, to) => (to as InetSock).inherit(from as InetSock),
    route: (now, wanted, inet) => {
      const detour = fillFlow(flow, wanted, wanted.dontroute, inet as InetSock | undefined);
      const dst = ipv4.routeOutput(now, flow);
      if (typeof dst === 'string') return dst;
      wanted.saddr = flow.saddr;
      if (!detour) wanted.daddr = flow.daddr;
      return dst as unknown as TcpDst;
    },
    output: (now, skb, dst, from) => {
      const inet = from.inet as InetSock;
      // A connection counts its ids up from a random one; what answers without one (SYN,ACK, RST) has none to count.
      if (!inet.connected && from instanceof TcpSock) inet.connect(random());
      return ipv4.queueXmit(now, skb, dst as unknown as Dst, from as PacketSource<number> as XmitSock);
    },
    local: (address) =>
      ipv4.sysctl.ip_nonlocal_bind !== 0 || isMulticast(address) || ipv4.addressType(address) !== 'unicast',
    isMulticast,
    isBroadcast: (address) => address === 0xffff_ffff || ipv4.addressType(address) === 'broadcast',
    isLoopback: (address) => address >>> 24 === 127,
    confirm: (now, dst) => confirm(now, dst as unknown as Dst),
    auth: ADDRESSES,
    updatePmtu: (now, dst, mtu) => ipv4.updatePmtu(now, dst as unknown as Dst, mtu),
  };
}
