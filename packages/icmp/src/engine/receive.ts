/**
 * Messages in (Linux `icmp_rcv`): RFC 1122 §3.2.2.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { verify } from '../checksum.ts';
import { HLEN } from '../fields.ts';
import {
  ICMP_ADDRESS,
  ICMP_ADDRESSREPLY,
  ICMP_DEST_UNREACH,
  ICMP_ECHO,
  ICMP_ECHOREPLY,
  ICMP_EXT_ECHO,
  ICMP_EXT_ECHOREPLY,
  ICMP_PARAMETERPROB,
  ICMP_REDIRECT,
  ICMP_SOURCE_QUENCH,
  ICMP_TIME_EXCEEDED,
  ICMP_TIMESTAMP,
  NR_ICMP_TYPES,
} from '../types.ts';
import { isMulticast } from './address.ts';
import type { Icmp } from './icmp.ts';
import { countIn } from './mib.ts';
import { echo, timestamp } from './reply.ts';
import { unreach } from './unreach.ts';

/** See {@link Icmp.receive}. */
export function receive(now: number, icmp: Icmp, skb: SkBuff): void {
  const { mib } = icmp;
  if (icmp.probe !== undefined) icmp.probe('icmp_rcv', skb);
  mib.Icmp.InMsgs++;
  if (!verify(skb)) {
    mib.Icmp.InCsumErrors++;
    refuse(icmp, skb, 'ICMP_CSUM');
    return;
  }
  if (!skb.mayPull(HLEN)) {
    refuse(icmp, skb, skb.len < HLEN ? 'PKT_TOO_SMALL' : 'NOMEM');
    return;
  }
  skb.transportHeader = skb.data;
  const type = skb.view.getUint8(skb.data);
  countIn(mib, type);
  // RFC 1122 §3.2.2: a message of unknown type MUST be silently discarded.
  if (type > NR_ICMP_TYPES && type !== ICMP_EXT_ECHO && type !== ICMP_EXT_ECHOREPLY) {
    refuse(icmp, skb, 'UNHANDLED_PROTO');
    return;
  }
  if (type <= NR_ICMP_TYPES && !mayBeForMany(icmp, skb, type)) {
    refuse(icmp, skb, 'INVALID_PROTO');
    return;
  }
  if (type === ICMP_ECHOREPLY || type === ICMP_EXT_ECHOREPLY) {
    const dropped = icmp.ping.receive(skb); // takes it over where it is wanted
    if (dropped !== undefined) icmp.options.drop(skb, dropped);
    return;
  }
  const reason = handle(now, icmp, skb, type);
  if (reason === undefined) skb.free();
  else icmp.options.drop(skb, reason);
}

/** Acts on a message; why it is dropped, or `undefined` where it was understood, be it that nothing was to do. */
function handle(now: number, icmp: Icmp, skb: SkBuff, type: number): string | undefined {
  switch (type) {
    case ICMP_ECHO:
      echo(now, icmp, skb);
      return undefined;
    case ICMP_TIMESTAMP:
      if (timestamp(now, icmp, skb)) return undefined;
      icmp.mib.Icmp.InErrors++;
      return 'PKT_TOO_SMALL';
    case ICMP_DEST_UNREACH:
    case ICMP_SOURCE_QUENCH:
    case ICMP_REDIRECT:
    case ICMP_TIME_EXCEEDED:
    case ICMP_PARAMETERPROB:
      return unreach(now, icmp, skb, type);
    default:
      // Other replies are for raw sockets, which have had them; RFC 6918 retires the rest; extended echo is off unless asked for.
      return undefined;
  }
}

/** RFC 1122 §3.2.2.6, §3.2.2.8: what may come to a broadcast or multicast address, and whether that is answered. */
function mayBeForMany(icmp: Icmp, skb: SkBuff, type: number): boolean {
  const daddr = skb.view.getUint32(skb.networkHeader + 16);
  if (!isMulticast(daddr) && !icmp.options.isBroadcast(daddr, skb.ifindex)) return true;
  if (type === ICMP_ECHO || type === ICMP_TIMESTAMP) {
    return icmp.options.sysctl.icmp_echo_ignore_broadcasts === 0;
  }
  return type === ICMP_ADDRESS || type === ICMP_ADDRESSREPLY;
}

function refuse(icmp: Icmp, skb: SkBuff, reason: string): void {
  icmp.mib.Icmp.InErrors++;
  icmp.options.drop(skb, reason);
}
