/**
 * net.ipv4.udp_*.
 * @module
 */

/** `net.ipv4.udp_*` */
export const UDP = {
  /** Memory of all UDP sockets: below low no pressure, above high nothing more. */
  udp_mem: { kind: 'longs', default: 'machine', unit: 'pages' },
  /** Receive memory a socket may use even under pressure. */
  udp_rmem_min: { kind: 'int', default: 4096, min: 1, unit: 'bytes' },
} as const;
