/**
 * The sysctls that UDP reads, live, by Linux's names and in Linux's units.
 * @module
 */

/** `net.ipv4.*`, as far as UDP reads it. */
export interface UdpSysctl {
  /** First and last port for sockets that ask for none. */
  readonly ip_local_port_range: readonly [number, number];
  /** Ports never given to a socket that asks for none. */
  readonly ip_local_reserved_ports: { has(port: number): boolean };
  /** First port that needs no privilege. */
  readonly ip_unprivileged_port_start: number;
  /** Memory of all sockets' received datagrams, pages of 4096 bytes: below it no limit, above it pressure, never above it. */
  readonly udp_mem: readonly [number, number, number];
  /** Bytes a socket may hold even under pressure. */
  readonly udp_rmem_min: number;
}

/** `net.core.*`, as far as UDP reads it. */
export interface CoreSysctl {
  /** `SO_RCVBUF` of a new socket, bytes of truesize. */
  readonly rmem_default: number;
  /** `SO_SNDBUF` of a new socket, bytes of truesize. */
  readonly wmem_default: number;
}
