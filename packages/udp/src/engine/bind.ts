/**
 * Addresses and ports (Linux `__inet_bind`, `udp_lib_get_port`).
 * @module
 */
import type { Errno } from './ports.ts';
import { joinGroup, leaveGroup } from './reuseport.ts';
import type { Udp } from './udp.ts';
import { SOCK_BINDADDR_LOCK, SOCK_BINDPORT_LOCK, type UdpSock } from './udp-sock.ts';

/** See {@link Udp.bind}. */
export function bind(udp: Udp, sk: UdpSock, address: unknown, port: number): Errno | undefined {
  const { family, inet } = sk;
  const unspecified = family.same(address, family.any);
  const anywhere = unspecified || inet.freebind || inet.transparent;
  if (!anywhere && !family.local(address)) return 'EADDRNOTAVAIL';
  const { sysctl, privileged } = udp.options;
  if (port !== 0 && port < sysctl.ip_unprivileged_port_start && privileged?.() === false) return 'EACCES';
  if (sk.num !== 0) return 'EINVAL';
  sk.rcvSaddr = address;
  // Nobody may be spoken to from a group's address.
  const group = family.isMulticast(address) || family.isBroadcast(address);
  sk.saddr = group ? family.any : address;
  const failed = port === 0 && inet.bindAddressNoPort ? undefined : takePort(udp, sk, port);
  if (failed !== undefined) {
    sk.rcvSaddr = family.any;
    sk.saddr = family.any;
    return failed;
  }
  sk.locks = (unspecified ? 0 : SOCK_BINDADDR_LOCK) | (port === 0 ? 0 : SOCK_BINDPORT_LOCK);
  sk.dst = undefined;
  return undefined;
}

/** Gives a socket without a port a free one. EAGAIN where there is none. */
export function autobind(udp: Udp, sk: UdpSock): Errno | undefined {
  if (sk.num !== 0 || takePort(udp, sk, 0) === undefined) return undefined;
  return 'EAGAIN';
}

/** Gives up the port. */
export function releasePort(udp: Udp, sk: UdpSock): void {
  leaveGroup(sk);
  udp.tables.unhash(sk);
  sk.num = 0;
}

/** Takes `port`, or a free one for 0, and files the socket under it. EADDRINUSE. */
function takePort(udp: Udp, sk: UdpSock, port: number): Errno | undefined {
  const num = port === 0 ? freePort(udp, sk) : port;
  if (num === 0 || (port !== 0 && inUse(udp, sk, num))) return 'EADDRINUSE';
  sk.num = num;
  if (sk.reusePort) joinGroup(sk, twinOf(udp, sk));
  udp.tables.hash(sk);
  return undefined;
}

/** A free port from a random one on, RFC 6056 §3.3.1; 0 = there is none. */
function freePort(udp: Udp, sk: UdpSock): number {
  const { sysctl, random } = udp.options;
  const range = sysctl.ip_local_port_range;
  const low = within(range, sk.inet.localPortRange & 0xffff, range[0]);
  const high = within(range, sk.inet.localPortRange >>> 16, range[1]);
  const count = high - low + 1;
  const first = random() % count;
  const reserved = sysctl.ip_local_reserved_ports;
  for (let i = 0; i < count; i++) {
    const port = low + ((first + i) % count);
    if (!reserved.has(port) && !inUse(udp, sk, port)) return port;
  }
  return 0;
}

/** A socket's own bound, where the host's range has it. */
function within([low, high]: readonly [number, number], own: number, bound: number): number {
  return own >= low && own <= high ? own : bound;
}

/**
 * Whether another socket keeps `sk` from the port: one whose address and device overlap, unless both have `SO_REUSEADDR`, or both
 * `SO_REUSEPORT` and the same user.
 */
function inUse(udp: Udp, sk: UdpSock, port: number): boolean {
  for (let link = udp.tables.byPort.first(port); link !== undefined; link = link.next) {
    const other = link.sk;
    if (other === sk || !overlap(sk, other) || (sk.reuse && other.reuse)) continue;
    // One that shares means that all before it agreed to share, too: those behind it need not be asked.
    return !(sk.reusePort && other.reusePort && sk.uid === other.uid);
  }
  return false;
}

/** Whether some datagram could be for both. */
function overlap(a: UdpSock, b: UdpSock): boolean {
  const { family } = a;
  if (b.family !== family) return false;
  if (a.boundDevIf !== 0 && b.boundDevIf !== 0 && a.boundDevIf !== b.boundDevIf) return false;
  const wildcard = family.same(a.rcvSaddr, family.any) || family.same(b.rcvSaddr, family.any);
  return wildcard || family.same(a.rcvSaddr, b.rcvSaddr);
}

/** A socket whose group `sk` joins: same address, port, device and user. */
function twinOf(udp: Udp, sk: UdpSock): UdpSock | undefined {
  const { family } = sk;
  for (let link = udp.tables.byPort.first(sk.num); link !== undefined; link = link.next) {
    const other = link.sk;
    if (
      other.group !== undefined &&
      other.family === family &&
      other.uid === sk.uid &&
      other.boundDevIf === sk.boundDevIf &&
      family.same(other.rcvSaddr, sk.rcvSaddr)
    )
      return other;
  }
  return undefined;
}
