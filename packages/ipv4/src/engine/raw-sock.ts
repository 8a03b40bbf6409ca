/**
 * A raw socket: Linux's `struct raw_sock`. Fields only.
 * @module
 */
import { Sock } from '@stack/skbuff/sock';
import type { InetSock } from './inet-sock.ts';

/** Sends with `IP_HDRINCL`, receives nothing. */
export const IPPROTO_RAW = 255;

/** A socket of one protocol (`SOCK_RAW`). */
export class RawSock extends Sock {
  /** u8: what it receives, and what it sends unless it writes headers itself. */
  readonly protocol: number;
  readonly inet: InetSock;
  /** `CLOSE` while not connected. */
  state: 'CLOSE' | 'ESTABLISHED' = 'CLOSE';
  /** Source of what is sent, u32; 0 = by route. */
  saddr = 0;
  /** Destination of what is received, u32; 0 = any. */
  rcvSaddr = 0;
  /** The peer, u32; 0 = none. */
  daddr = 0;
  /** `ICMP_FILTER`: a bit for each type up to 31 that is not received, u32. */
  icmpFilter = 0;
  /** `SO_DONTROUTE`. */
  localRoute = false;
  /** An address was bound, so disconnecting keeps it. */
  bound = false;
  closed = false;

  /** Use `Raw.socket`. */
  constructor(protocol: number, inet: InetSock) {
    super();
    this.protocol = protocol;
    this.inet = inet;
    this.reuse = true; // Linux: INET_PROTOSW_REUSE
    // raw(7): IPPROTO_RAW implies enabled IP_HDRINCL.
    if (protocol === IPPROTO_RAW) inet.hdrincl = true;
  }
}
