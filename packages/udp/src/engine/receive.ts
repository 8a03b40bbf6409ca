/**
 * Datagrams in (Linux `__udp4_lib_rcv`).
 *
 * Checksums are verified here, before a socket sees the datagram. Linux waits until somebody reads it, and sums while it copies:
 * the same datagrams are dropped and counted, but here nobody is woken for one of them.
 * @module
 */
import { CHECKSUM_UNNECESSARY, type SkBuff } from '@stack/skbuff';
import { verify } from '../checksum.ts';
import { checksum, HLEN, len } from '../fields.ts';
import { deliver } from './deliver.ts';
import type { Family } from './ports.ts';
import type { Udp } from './udp.ts';
import type { UdpSock } from './udp-sock.ts';

/** See {@link Udp.receive}. */
export function receive(now: number, udp: Udp, skb: SkBuff, family: Family<unknown>): void {
  if (udp.probe !== undefined) udp.probe('udp_rcv', skb);
  if (!skb.mayPull(HLEN)) {
    refuse(udp, skb, skb.len < HLEN ? 'PKT_TOO_SMALL' : 'NOMEM');
    return;
  }
  const length = len(skb.view, skb.data);
  if (length < HLEN || length > skb.len) {
    refuse(udp, skb, 'PKT_TOO_SMALL');
    return;
  }
  skb.trim(length);
  skb.transportHeader = skb.data;
  const saddr = family.saddr(skb);
  const daddr = family.daddr(skb);
  if (!verify(skb, family.pseudo(saddr, daddr, 17, length))) {
    badChecksum(udp, skb);
    return;
  }
  const sport = skb.view.getUint16(skb.data);
  const dport = skb.view.getUint16(skb.data + 2);
  if (family.isMulticast(daddr) || family.isBroadcast(daddr)) {
    deliverToGroup(now, udp, skb, family, saddr, sport, daddr, dport);
    return;
  }
  const sk = udp.tables.lookup(family, saddr, sport, daddr, dport, skb.ifindex);
  if (sk === undefined) {
    udp.mib.Udp.NoPorts++;
    // RFC 1122 §4.1.3.1: nobody has the port, so an ICMP Port Unreachable SHOULD be sent.
    family.portUnreachable(now, skb);
    udp.options.drop(skb, 'NO_SOCKET');
    return;
  }
  // RFC 8200 §8.1: an IPv6 datagram without checksum is dropped, except on ports that were told otherwise (RFC 6936).
  const unsummed = family.name === 'AF_INET6' && checksum(skb.view, skb.data) === 0;
  if (unsummed && !sk.noCheck6Rx) {
    badChecksum(udp, skb);
    return;
  }
  deliver(udp, sk, skb);
}

/** Every socket that wants it gets a datagram to a group or a broadcast address (Linux `__udp4_lib_mcast_deliver`). */
function deliverToGroup(
  _now: number,
  udp: Udp,
  skb: SkBuff,
  family: Family<unknown>,
  saddr: unknown,
  sport: number,
  daddr: unknown,
  dport: number,
): void {
  const matches = udp.matches ?? [];
  udp.matches = undefined; // who is woken may have the next one come in
  udp.tables.collect(family, saddr, sport, daddr, dport, skb.ifindex, matches);
  const multicast = family.isMulticast(daddr);
  let wanting = 0;
  for (let i = 0; i < matches.length; i++) {
    const sk = matches[i] as UdpSock;
    if (!multicast || family.isMember(skb, sk as UdpSock)) matches[wanting++] = sk;
  }
  if (skb.ipSummed !== CHECKSUM_UNNECESSARY) skb.ipSummed = CHECKSUM_UNNECESSARY; // verified, once for all
  for (let i = 1; i < wanting; i++) deliver(udp, matches[i] as UdpSock, skb.clone());
  const first = matches[0];
  matches.length = 0;
  udp.matches = matches;
  if (wanting > 0 && first !== undefined) deliver(udp, first, skb);
  else {
    udp.mib.Udp.IgnoredMulti++;
    udp.options.drop(skb, 'NOT_SPECIFIED');
  }
}

function badChecksum(udp: Udp, skb: SkBuff): void {
  udp.mib.Udp.InCsumErrors++;
  refuse(udp, skb, 'UDP_CSUM');
}

function refuse(udp: Udp, skb: SkBuff, reason: string): void {
  udp.mib.Udp.InErrors++;
  udp.options.drop(skb, reason);
}
