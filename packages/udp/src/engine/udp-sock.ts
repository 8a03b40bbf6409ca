/**
 * A UDP socket: Linux's `struct udp_sock`. Fields only; what they do stands in the file that uses them.
 * @module
 */
import { Sock } from '@stack/skbuff/sock';
import type { Link } from './chains.ts';
import type { Cork } from './cork.ts';
import type { Dst, Family, Inet } from './ports.ts';
import type { ReuseGroup } from './reuseport.ts';

/** Bytes of truesize that the received datagrams of all sockets take. */
export interface Memory {
  bytes: number;
}

/** {@link UdpSock.locks}: an address was bound, so disconnecting keeps it. */
export const SOCK_BINDADDR_LOCK = 1;
/** {@link UdpSock.locks}: a port was bound, so disconnecting keeps it. */
export const SOCK_BINDPORT_LOCK = 2;

/** A socket of one family. `num` is 0 until it has a port; `dport` is 0 while it is not connected. */
export class UdpSock extends Sock {
  readonly family: Family<unknown>;
  /** Options of the network layer. */
  readonly inet: Inet<unknown>;
  /** IPPROTO_UDP. */
  readonly protocol = 17;
  /** `CLOSE` while not connected, as `ss` shows it. */
  state: 'CLOSE' | 'ESTABLISHED' = 'CLOSE';
  /** Source of what is sent; `any` = by route. Differs from {@link rcvSaddr} where a group is bound. */
  saddr: unknown;
  /** Destination of what is received; `any` = every address. */
  rcvSaddr: unknown;
  /** Local port; 0 = none yet. */
  num = 0;
  /** The peer; `any` while not connected. */
  daddr: unknown;
  /** The peer's port. */
  dport = 0;
  /** `SOCK_BIND*_LOCK` bits. */
  locks = 0;
  /** `SO_DONTROUTE`. */
  localRoute = false;
  /** User that owns it: sockets of different users never share a port through `SO_REUSEPORT`. */
  uid = 0;

  /** `UDP_CORK`. */
  corkFlag = false;
  /** `UDP_SEGMENT`: bytes per datagram of what is sent; 0 = off. */
  gsoSize = 0;
  /** `UDP_GRO`: merged datagrams may be delivered as one. */
  gro = false;
  /** `SO_NO_CHECK`, `UDP_NO_CHECK6_TX`: send without checksum. */
  noCheckTx = false;
  /** `UDP_NO_CHECK6_RX`: take IPv6 datagrams without checksum (RFC 6936). */
  noCheck6Rx = false;
  /** `SO_PEEK_OFF`: where the next peek starts; below 0 = off. */
  peekOff = -1;

  /** The datagram that `MSG_MORE` or `UDP_CORK` holds back. */
  cork: Cork | undefined = undefined;
  /** Where the peer is, with what it was looked up for. */
  dst: Dst | undefined = undefined;
  dstTos = 0;
  dstMark = 0;
  dstOif = 0;
  /** Number of the next zero-copy send. */
  zcKey = 0;

  /** Whether it was given up. */
  closed = false;
  /** Places in the engine's tables. */
  portLink: Link | undefined = undefined;
  addressLink: Link | undefined = undefined;
  peerLink: Link | undefined = undefined;
  /** `SO_REUSEPORT`: those it shares its port with. */
  group: ReuseGroup | undefined = undefined;
  /** Shared by all sockets of an engine. */
  readonly memory: Memory;

  /** Use `Udp.socket`. */
  constructor(family: Family<unknown>, memory: Memory) {
    super();
    this.family = family;
    this.inet = family.inet();
    this.saddr = family.any;
    this.rcvSaddr = family.any;
    this.daddr = family.any;
    this.memory = memory;
  }
}
