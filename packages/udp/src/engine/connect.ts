/**
 * Peers (Linux `__ip4_datagram_connect`, `__udp_disconnect`).
 * @module
 */
import { autobind, releasePort } from './bind.ts';
import type { Errno } from './ports.ts';
import { routeTo } from './route.ts';
import type { Udp } from './udp.ts';
import { SOCK_BINDADDR_LOCK, SOCK_BINDPORT_LOCK, type UdpSock } from './udp-sock.ts';

/** See {@link Udp.connect}. */
export function connect(
  now: number,
  udp: Udp,
  sk: UdpSock,
  address: unknown,
  port: number,
): Errno | undefined {
  const unbound = autobind(udp, sk);
  if (unbound !== undefined) return unbound;
  const { family, inet } = sk;
  sk.dst = undefined;
  let oif = sk.boundDevIf;
  let { saddr } = sk;
  if (family.isMulticast(address)) {
    if (oif === 0) oif = inet.mcIndex;
    if (family.same(saddr, family.any)) saddr = inet.mcAddr;
  } else if (oif === 0) oif = inet.ucIndex;
  const dst = routeTo(now, udp, sk, address, port, saddr, oif, inet.tos, sk.mark, sk.localRoute);
  if (typeof dst === 'string') return dst;
  if (dst.type === 'broadcast' && !sk.broadcast) return 'EACCES';
  const { flow } = udp;
  if (family.same(sk.saddr, family.any)) sk.saddr = flow.saddr;
  if (family.same(sk.rcvSaddr, family.any)) sk.rcvSaddr = flow.saddr;
  sk.daddr = flow.daddr;
  sk.dport = port;
  sk.state = 'ESTABLISHED';
  inet.connect?.(udp.options.random() & 0xffff);
  udp.tables.hash(sk);
  sk.dst = dst;
  sk.dstTos = inet.tos;
  sk.dstMark = sk.mark;
  sk.dstOif = sk.boundDevIf;
  return undefined;
}

/** See {@link Udp.disconnect}. */
export function disconnect(udp: Udp, sk: UdpSock): undefined {
  const { any } = sk.family;
  sk.state = 'CLOSE';
  sk.daddr = any;
  sk.dport = 0;
  sk.boundDevIf = 0; // Linux: the device goes as well
  sk.dst = undefined;
  if ((sk.locks & SOCK_BINDADDR_LOCK) === 0) {
    sk.saddr = any;
    sk.rcvSaddr = any;
  }
  if ((sk.locks & SOCK_BINDPORT_LOCK) === 0) releasePort(udp, sk);
  else udp.tables.hash(sk);
  return undefined;
}
