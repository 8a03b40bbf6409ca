/**
 * A datagram in the making, and how it is to be sent: Linux's `struct inet_cork`.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import type { Dst, Inet, PacketSource } from './ports.ts';

/** One datagram, or super-packet of datagrams, from the first byte until it is sent. */
export class Cork implements PacketSource<unknown> {
  saddr: unknown = undefined;
  daddr: unknown = undefined;
  inet: Inet<unknown> = undefined as unknown as Inet<unknown>;
  tos = 0;
  ttl = -1;
  mark = 0;
  priority = 0;
  readonly protocol = 17;
  dport = 0;
  dst: Dst = undefined as unknown as Dst;
  /** `UDP_SEGMENT`: bytes per datagram; 0 = one datagram. */
  gsoSize = 0;
  /** `SOF_TIMESTAMPING_*` wanted, -1 = the socket's, and their number, -1 = the next. */
  tsflags = -1;
  tskey = -1;
  /** What one packet may have, headers included, bytes. */
  fragSize = 0;
  /** The bytes so far. */
  skb: SkBuff | undefined = undefined;
}
