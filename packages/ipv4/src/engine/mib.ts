/**
 * Counters by Linux's names, grouped as /proc/net/snmp, /proc/net/netstat and /proc/net/stat/rt_cache group them.
 * @module
 */
import { COUNTER_ZERO } from '@stack/skbuff';

/** `Ip` of /proc/net/snmp: RFC 4293's `ipSystemStats`. `Forwarding` and `DefaultTTL` are sysctls, not counters: the host adds them. */
export interface IpMib {
  InReceives: number;
  InHdrErrors: number;
  InAddrErrors: number;
  ForwDatagrams: number;
  InUnknownProtos: number;
  InDiscards: number;
  InDelivers: number;
  OutRequests: number;
  OutDiscards: number;
  OutNoRoutes: number;
  ReasmTimeout: number;
  ReasmReqds: number;
  ReasmOKs: number;
  ReasmFails: number;
  FragOKs: number;
  FragFails: number;
  FragCreates: number;
  OutTransmits: number;
}

/** `IpExt` of /proc/net/netstat. */
export interface IpExtMib {
  InNoRoutes: number;
  InTruncatedPkts: number;
  InMcastPkts: number;
  OutMcastPkts: number;
  InBcastPkts: number;
  OutBcastPkts: number;
  InOctets: number;
  OutOctets: number;
  InMcastOctets: number;
  OutMcastOctets: number;
  InBcastOctets: number;
  OutBcastOctets: number;
  InCsumErrors: number;
  InNoECTPkts: number;
  InECT1Pkts: number;
  InECT0Pkts: number;
  InCEPkts: number;
  ReasmOverlaps: number;
}

/** The part of `TcpExt` of /proc/net/netstat that IPv4 counts. */
export interface IpTcpExtMib {
  /** Dropped by the reverse path filter. */
  IPReversePathFilter: number;
}

/** /proc/net/stat/rt_cache. */
export interface RtCacheStat {
  in_slow_tot: number;
  in_slow_mc: number;
  in_no_route: number;
  in_brd: number;
  in_martian_dst: number;
  in_martian_src: number;
  out_slow_tot: number;
  out_slow_mc: number;
}

/** All counters of one IPv4. */
export interface Ipv4Mib {
  readonly Ip: IpMib;
  readonly IpExt: IpExtMib;
  readonly TcpExt: IpTcpExtMib;
  readonly rt_cache: RtCacheStat;
}

/** Counters at zero. */
export function createMib(): Ipv4Mib {
  return {
    Ip: {
      InReceives: 0,
      InHdrErrors: 0,
      InAddrErrors: 0,
      ForwDatagrams: 0,
      InUnknownProtos: 0,
      InDiscards: 0,
      InDelivers: 0,
      OutRequests: 0,
      OutDiscards: 0,
      OutNoRoutes: 0,
      ReasmTimeout: 0,
      ReasmReqds: 0,
      ReasmOKs: 0,
      ReasmFails: 0,
      FragOKs: 0,
      FragFails: 0,
      FragCreates: 0,
      OutTransmits: 0,
    },
    IpExt: {
      InNoRoutes: 0,
      InTruncatedPkts: 0,
      InMcastPkts: 0,
      OutMcastPkts: 0,
      InBcastPkts: 0,
      OutBcastPkts: 0,
      InOctets: COUNTER_ZERO,
      OutOctets: COUNTER_ZERO,
      InMcastOctets: COUNTER_ZERO,
      OutMcastOctets: COUNTER_ZERO,
      InBcastOctets: COUNTER_ZERO,
      OutBcastOctets: COUNTER_ZERO,
      InCsumErrors: 0,
      InNoECTPkts: 0,
      InECT1Pkts: 0,
      InECT0Pkts: 0,
      InCEPkts: 0,
      ReasmOverlaps: 0,
    },
    TcpExt: { IPReversePathFilter: 0 },
    rt_cache: {
      in_slow_tot: 0,
      in_slow_mc: 0,
      in_no_route: 0,
      in_brd: 0,
      in_martian_dst: 0,
      in_martian_src: 0,
      out_slow_tot: 0,
      out_slow_mc: 0,
    },
  };
}
