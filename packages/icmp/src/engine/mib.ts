/**
 * ICMP's counters, by the names of /proc/net/snmp.
 * @module
 */
import {
  ICMP_ADDRESS,
  ICMP_ADDRESSREPLY,
  ICMP_DEST_UNREACH,
  ICMP_ECHO,
  ICMP_ECHOREPLY,
  ICMP_PARAMETERPROB,
  ICMP_REDIRECT,
  ICMP_SOURCE_QUENCH,
  ICMP_TIME_EXCEEDED,
  ICMP_TIMESTAMP,
  ICMP_TIMESTAMPREPLY,
} from '../types.ts';

/** The `Icmp:` line of /proc/net/snmp. */
export interface IcmpCounters {
  /** Messages received, bad ones too. */
  InMsgs: number;
  /** Messages that were wrong: checksum, length, a type that is not known. */
  InErrors: number;
  InCsumErrors: number;
  InDestUnreachs: number;
  InTimeExcds: number;
  InParmProbs: number;
  InSrcQuenchs: number;
  InRedirects: number;
  InEchos: number;
  InEchoReps: number;
  InTimestamps: number;
  InTimestampReps: number;
  InAddrMasks: number;
  InAddrMaskReps: number;
  /** Messages sent, raw sockets' too. */
  OutMsgs: number;
  /** Messages that were not made for want of memory. */
  OutErrors: number;
  /** Messages held back by `icmp_msgs_per_sec`. */
  OutRateLimitGlobal: number;
  /** Messages held back by `icmp_ratelimit`. */
  OutRateLimitHost: number;
  OutDestUnreachs: number;
  OutTimeExcds: number;
  OutParmProbs: number;
  OutSrcQuenchs: number;
  OutRedirects: number;
  OutEchos: number;
  OutEchoReps: number;
  OutTimestamps: number;
  OutTimestampReps: number;
  OutAddrMasks: number;
  OutAddrMaskReps: number;
}

/** Both lines. `IcmpMsg` has the types that were seen: `InType8`, `OutType0`, … */
export interface IcmpMib {
  readonly Icmp: IcmpCounters;
  readonly IcmpMsg: Record<string, number>;
}

type Name = keyof IcmpCounters;

/** Types that have a counter of their own. */
const TYPE_NAMES: Readonly<Record<number, readonly [Name, Name]>> = /* @__PURE__ */ Object.freeze({
  [ICMP_DEST_UNREACH]: ['InDestUnreachs', 'OutDestUnreachs'],
  [ICMP_TIME_EXCEEDED]: ['InTimeExcds', 'OutTimeExcds'],
  [ICMP_PARAMETERPROB]: ['InParmProbs', 'OutParmProbs'],
  [ICMP_SOURCE_QUENCH]: ['InSrcQuenchs', 'OutSrcQuenchs'],
  [ICMP_REDIRECT]: ['InRedirects', 'OutRedirects'],
  [ICMP_ECHO]: ['InEchos', 'OutEchos'],
  [ICMP_ECHOREPLY]: ['InEchoReps', 'OutEchoReps'],
  [ICMP_TIMESTAMP]: ['InTimestamps', 'OutTimestamps'],
  [ICMP_TIMESTAMPREPLY]: ['InTimestampReps', 'OutTimestampReps'],
  [ICMP_ADDRESS]: ['InAddrMasks', 'OutAddrMasks'],
  [ICMP_ADDRESSREPLY]: ['InAddrMaskReps', 'OutAddrMaskReps'],
});

/** `InType0` to `InType255`, each made when it is first counted: none of them is per packet. */
const IN_NAMES: (string | undefined)[] = [];
const OUT_NAMES: (string | undefined)[] = [];

/** All zero. */
export function icmpMib(): IcmpMib {
  const Icmp: IcmpCounters = {
    InMsgs: 0,
    InErrors: 0,
    InCsumErrors: 0,
    InDestUnreachs: 0,
    InTimeExcds: 0,
    InParmProbs: 0,
    InSrcQuenchs: 0,
    InRedirects: 0,
    InEchos: 0,
    InEchoReps: 0,
    InTimestamps: 0,
    InTimestampReps: 0,
    InAddrMasks: 0,
    InAddrMaskReps: 0,
    OutMsgs: 0,
    OutErrors: 0,
    OutRateLimitGlobal: 0,
    OutRateLimitHost: 0,
    OutDestUnreachs: 0,
    OutTimeExcds: 0,
    OutParmProbs: 0,
    OutSrcQuenchs: 0,
    OutRedirects: 0,
    OutEchos: 0,
    OutEchoReps: 0,
    OutTimestamps: 0,
    OutTimestampReps: 0,
    OutAddrMasks: 0,
    OutAddrMaskReps: 0,
  };
  return { Icmp, IcmpMsg: {} };
}

/** A message of `type` was received. */
export function countIn(mib: IcmpMib, type: number): void {
  const names = TYPE_NAMES[type];
  if (names !== undefined) mib.Icmp[names[0]]++;
  IN_NAMES[type] ??= `InType${type}`;
  bump(mib.IcmpMsg, IN_NAMES[type]);
}

/** A message of `type` is sent. */
export function countOut(mib: IcmpMib, type: number): void {
  mib.Icmp.OutMsgs++;
  const names = TYPE_NAMES[type];
  if (names !== undefined) mib.Icmp[names[1]]++;
  OUT_NAMES[type] ??= `OutType${type}`;
  bump(mib.IcmpMsg, OUT_NAMES[type]);
}

function bump(counters: Record<string, number>, name: string): void {
  counters[name] = (counters[name] ?? 0) + 1;
}
