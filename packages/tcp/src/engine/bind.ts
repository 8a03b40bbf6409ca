/**
 * Local ports: who may have which (Linux inet_connection_sock.c and inet_hashtables.c).
 * @module
 */
import type { Errno } from './ports.ts';
import { isRepairing } from './repair.ts';
import { CLOSE, LISTEN, TIME_WAIT } from './state.ts';
import type { BindOwner } from './tables.ts';
import type { TcpSock } from './tcb.ts';
import type { Tcp } from './tcp.ts';
import { reuseTimewait } from './timewait.ts';

/** See {@link Tcp.bind}. */
export function bindSocket(sk: TcpSock, address: unknown, port: number): Errno | undefined {
  const { family, tcp } = sk;
  if (!Number.isInteger(port) || port < 0 || port > 0xffff) return 'EINVAL';
  const any = family.same(address, family.any);
  const { inet } = sk;
  const anywhere = any || inet.freebind === true || inet.transparent === true;
  if (!anywhere && !family.local(address)) return 'EADDRNOTAVAIL';
  if (port !== 0 && port < tcp.sysctl.ip_unprivileged_port_start && tcp.privileged?.() === false)
    return 'EACCES';
  if (sk.state !== CLOSE || sk.bindBucket !== undefined) return 'EINVAL';
  sk.rcvSaddr = address;
  sk.saddr = family.isMulticast(address) || family.isBroadcast(address) ? family.any : address;
  const isTaken = port !== 0 && !isRepairing(sk) && bindConflict(tcp, sk, port);
  const chosen = port === 0 ? openPort(sk) : isTaken ? 0 : port;
  if (chosen === 0) {
    sk.rcvSaddr = family.any;
    sk.saddr = family.any;
    return 'EADDRINUSE';
  }
  sk.sport = chosen;
  sk.addressLocked = !any;
  sk.portLocked = port !== 0;
  tcp.tables.hold(sk, chosen, false);
  return undefined;
}

/** Gives a socket that is about to listen a port, and refuses one that another listener has. */
export function bindForListen(sk: TcpSock): Errno | undefined {
  const { tables } = sk.tcp;
  if (sk.bindBucket === undefined) {
    const port = openPort(sk);
    if (port === 0) return 'EADDRINUSE';
    sk.sport = port;
    tables.hold(sk, port, false);
    return undefined;
  }
  return bindConflict(sk.tcp, sk, sk.sport) ? 'EADDRINUSE' : undefined;
}

/** Whether another holder of the port stands in the way of `sk` and its {@link TcpSock.rcvSaddr}. */
function bindConflict(tcp: Tcp, sk: TcpSock, port: number): boolean {
  const bucket = tcp.tables.bucket(port);
  if (bucket === undefined) return false;
  for (let other = bucket.first; other !== undefined; other = other.bindNext) {
    if (other !== sk && conflicts(sk, other)) return true;
  }
  return false;
}

function conflicts(sk: TcpSock, other: BindOwner): boolean {
  const { family } = sk;
  if (sk.boundDevIf !== 0 && other.boundDevIf !== 0 && sk.boundDevIf !== other.boundDevIf) return false;
  if (sk.reuse && other.reuse && other.state !== LISTEN) return false;
  if (sk.reusePort && (other.reusePort || other.state === TIME_WAIT)) return false;
  if (other.family !== family) return false;
  return (
    family.same(sk.rcvSaddr, other.rcvSaddr) ||
    family.same(sk.rcvSaddr, family.any) ||
    family.same(other.rcvSaddr, family.any)
  );
}

/** A free port for `bind` without one: odd distances from a random start, so that even ones stay for `connect`; 0 = none. */
function openPort(sk: TcpSock): number {
  const { tcp } = sk;
  const { low, high } = portRange(sk);
  const reserved = tcp.sysctl.ip_local_reserved_ports;
  const count = high - low + 1;
  const start = tcp.random() % count;
  for (let parity = 1; parity >= 0; parity--) {
    for (let i = 0; i < count; i++) {
      const port = low + ((start + i) % count);
      if (((port - low) & 1) !== parity || reserved.has(port)) continue;
      if (!bindConflict(tcp, sk, port)) return port;
    }
  }
  return 0;
}

/**
 * A port for a connection whose addresses are known (RFC 6056 §3.3.4, double hash), and the socket put into the established table.
 * EADDRNOTAVAIL.
 */
export function hashConnect(now: number, sk: TcpSock): Errno | undefined {
  const { tcp } = sk;
  if (sk.bindBucket !== undefined) {
    return joinEstablished(now, sk, sk.sport, true) ? undefined : 'EADDRNOTAVAIL';
  }
  const { low, high } = portRange(sk);
  const reserved = tcp.sysctl.ip_local_reserved_ports;
  let count = high - low + 1;
  if (count > 1) count &= ~1;
  const { family } = sk;
  const offset = tcp.secure.ephemeral(family.hash(sk.saddr), family.hash(sk.daddr), sk.dport);
  const index = offset & 0xff;
  const start = (((tcp.perturb[index] as number) + (tcp.secure.ephemeralHigh >>> 0)) % count) & ~1;
  for (let parity = 0; parity < 2; parity++) {
    for (let i = 0; i < count; i += 2) {
      const port = low + ((start + parity + i) % count);
      if (reserved.has(port)) continue;
      const bucket = tcp.tables.bucket(port);
      if (bucket !== undefined && !bucket.ephemeral) continue;
      if (!joinEstablished(now, sk, port, false)) continue;
      // The next connection to the same peer starts its search behind this one.
      tcp.perturb[index] = (tcp.perturb[index] as number) + i + 2;
      tcp.tables.hold(sk, port, bucket === undefined || bucket.ephemeral);
      return undefined;
    }
  }
  return 'EADDRNOTAVAIL';
}

/** Ports for those who ask for none: the sysctl's, narrowed by the socket's own range. */
function portRange(sk: TcpSock): { low: number; high: number } {
  const [low, high] = sk.tcp.sysctl.ip_local_port_range;
  const own = sk.inet.localPortRange ?? 0;
  const first = own & 0xffff;
  const last = own >>> 16;
  return {
    low: first >= low && first <= high ? first : low,
    high: last >= low && last <= high ? last : high,
  };
}

/** Puts the socket into the established table with `port`, unless the connection exists; one in TIME-WAIT may give way, to `bound` rather. */
function joinEstablished(now: number, sk: TcpSock, port: number, bound: boolean): boolean {
  const { family, tcp } = sk;
  const other = tcp.tables.lookup(family, sk.saddr, port, sk.daddr, sk.dport, sk.boundDevIf);
  if (other !== undefined && !(other.state === TIME_WAIT && reuseTimewait(now, sk, other, bound)))
    return false;
  sk.sport = port;
  tcp.tables.insert(sk);
  return true;
}
