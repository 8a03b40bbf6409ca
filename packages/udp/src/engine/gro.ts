/**
 * `UDP_GRO`: for whom merged datagrams are (Linux `udp_gro_receive`).
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { dest, source } from '../fields.ts';
import type { Family } from './ports.ts';
import type { Udp } from './udp.ts';
import type { UdpSock } from './udp-sock.ts';

/** Sets the option, and counts who has it: while nobody does, no datagram is looked up for it. */
export function setGro(udp: Udp, sk: UdpSock, on: boolean): void {
  if (sk.gro === on) return;
  sk.gro = on;
  udp.groSockets += on ? 1 : -1;
}

/** See {@link Udp.wantsGro}. */
export function wantsGro(udp: Udp, skb: SkBuff, at: number, family: Family<unknown>): boolean {
  if (udp.groSockets === 0) return false;
  const { view, ifindex } = skb;
  const sk = udp.tables.lookup(
    family,
    family.saddr(skb),
    source(view, at),
    family.daddr(skb),
    dest(view, at),
    ifindex,
  );
  return sk?.gro === true;
}
