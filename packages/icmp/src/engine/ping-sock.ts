/**
 * A ping socket: `SOCK_DGRAM` with `IPPROTO_ICMP`, Linux's `struct ping_sock`. Fields only.
 * @module
 */
import { Sock } from '@stack/skbuff/sock';
import type { Inet } from './ports.ts';

/** Asks with echo requests whose identifier is its port, and hears the replies. */
export class PingSock extends Sock {
  /** Options of the network layer. */
  readonly inet: Inet;
  /** IPPROTO_ICMP. */
  readonly protocol = 1;
  /** `CLOSE` while not connected. */
  state: 'CLOSE' | 'ESTABLISHED' = 'CLOSE';
  /** Source of what is sent, u32; 0 = by route. */
  saddr = 0;
  /** Destination of what is received, u32; 0 = every address. */
  rcvSaddr = 0;
  /** Identifier of its echo requests; 0 = none yet. */
  num = 0;
  /** Where requests go by default, u32. */
  daddr = 0;
  /** What `connect` was told, and `getpeername` tells. */
  dport = 0;
  /** An address was bound: disconnecting keeps it. */
  boundAddress = false;
  /** An identifier was bound: disconnecting keeps it. */
  boundPort = false;
  /** Whether it was given up. */
  closed = false;

  /** Use `Ping.socket`. */
  constructor(inet: Inet) {
    super();
    this.inet = inet;
    this.reuse = true; // Linux: identifiers may be shared unless a socket says no
  }
}
