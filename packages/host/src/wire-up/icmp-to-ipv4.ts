/**
 * ICMP over IPv4: messages out by the routes, errors up to who sent what they are about.
 * @module
 */
import { Icmp, type IcmpOptions } from '@stack/icmp/engine';
import { type Dst, InetSock, type Ipv4, RT_SCOPE_LINK } from '@stack/ipv4/engine';
import type { Pool, SkBuff } from '@stack/skbuff';
import type { Devices } from '../devices.ts';
import type { Drop } from '../drops.ts';

/** What an {@link Icmp} of a host is made of. */
export interface IcmpParts {
  readonly ipv4: Ipv4;
  readonly sysctl: IcmpOptions['sysctl'];
  readonly pool: Pool;
  readonly random: () => number;
  readonly drop: Drop;
  readonly devices: Devices;
  readonly timeOfDay: ((now: number) => number) | undefined;
}

/** The sender of messages fragments what is too big. Its options are those of the message at hand. */
const PMTUDISC_DONT = 0;
const IPPROTO_TCP = 6;

/** ICMP, registered with IPv4. */
export function createIcmp({ ipv4, sysctl, pool, random, drop, devices, timeOfDay }: IcmpParts): Icmp {
  const inet = new InetSock(PMTUDISC_DONT);
  const source = {
    saddr: 0,
    daddr: 0,
    protocol: 1,
    mark: 0,
    priority: 0,
    tos: 0,
    ttl: -1,
    inet,
  };
  const key = { daddr: 0, saddr: 0, oif: 0, tos: 0, mark: 0, protocol: 1, sport: 0, dport: 0, flags: 0 };
  const icmp = new Icmp({
    sysctl,
    pool,
    random,
    drop,
    route: (now, flow) => {
      key.daddr = flow.daddr;
      key.saddr = flow.saddr;
      key.oif = flow.oif;
      key.tos = flow.tos;
      key.mark = flow.mark;
      const dst = ipv4.routeOutput(now, key);
      flow.saddr = key.saddr;
      flow.daddr = key.daddr;
      return dst;
    },
    output: (now, skb, dst, flow) => {
      source.saddr = flow.saddr;
      source.daddr = flow.daddr;
      source.mark = flow.mark;
      source.priority = flow.priority;
      source.inet = (flow.inet as InetSock | undefined) ?? inet;
      if (flow.options !== undefined) {
        const options = ipv4.compileOptions(flow.options);
        if (typeof options !== 'string') inet.options = options;
      }
      source.tos = flow.tos;
      source.ttl = flow.ttl;
      const result = ipv4.sendSkb(now, skb, dst as Dst, source);
      inet.options = undefined;
      return result;
    },
    isLocal: (address) => ipv4.addressType(address) === 'local',
    isBroadcast: (address, ifindex) => ipv4.addressType(address, ifindex) === 'broadcast',
    specDst: (skb) => ipv4.specDst(skb),
    selectAddress: (ifindex, daddr) => ipv4.selectAddress(ifindex, daddr, RT_SCOPE_LINK),
    isLoopback: (ifindex) => devices.at(ifindex)?.loopback === true,
    echoOptions: (skb) => ipv4.echoOptions(skb),
    error: (now, quote) => ipv4.error(now, quote),
    // TCP believes a path MTU only once it has seen that the quote is of a segment in flight.
    pmtu: (now, quote) => {
      if (quote.protocol !== IPPROTO_TCP) ipv4.quotePmtu(now, quote);
    },
    redirect: (now, quote) => ipv4.redirect(now, quote.ifindex, quote.daddr, quote.offender, quote.info),
    timeOfDay,
  });
  ipv4.register(1, {
    receive: (now: number, skb: SkBuff) => icmp.receive(now, skb),
    error: (now, quote) => icmp.error(now, quote),
  });
  return icmp;
}
