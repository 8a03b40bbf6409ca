/**
 * A connection request: what a SYN leaves behind at a listener until the handshake is complete (Linux `struct tcp_request_sock`).
 * Small, for a flood makes many.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import type { FastopenCookie } from './fastopen-cookie.ts';
import { decideDeferred } from './minisocks.ts';
import type { Dst, Family, Inet, PacketSource, Timer } from './ports.ts';
import type { Segment } from './segment.ts';
import { NEW_SYN_RECV } from './state.ts';
import type { EhashEntry } from './tables.ts';
import { IPPROTO_TCP, type TcpSock } from './tcb.ts';

/** What {@link TcpSock.synFilter} decides about a SYN; after `'defer'` the request's own methods do. */
export type SynVerdict = 'accept' | 'reset' | 'drop' | 'defer';

/** A half-open connection of a listener. */
export class RequestSock implements EhashEntry, PacketSource<unknown> {
  readonly state: number = NEW_SYN_RECV;
  readonly protocol: number = IPPROTO_TCP;
  readonly family: Family<unknown>;
  readonly listener: TcpSock;
  inet: Inet;
  /** Options of the network layer that the SYN asked for, for the answers and for the connection; see {@link Family.answerOptions}. */
  options: unknown = undefined;
  /** Ours. */
  saddr: unknown;
  /** The peer's. */
  daddr: unknown;
  sport = 0;
  dport = 0;
  boundDevIf = 0;
  mark = 0;
  priority = 0;
  hash = 0;
  hashNext: EhashEntry | undefined = undefined;
  /** Whether it is in the established table. */
  hashed = false;
  dst: Dst | undefined = undefined;
  /** Initial sequence numbers, int32: ours, the peer's. */
  sntIsn = 0;
  rcvIsn = 0;
  /** RCV.NXT. */
  rcvNxt = 0;
  /** Peer's MSS option, or 536; TCP_MAXSEG of the listener where that is less. */
  mss = 536;
  sackOk = false;
  /** The SYN asked for ECN, and the SYN-ACK agrees. */
  ecnOk = false;
  /** It asked for Accurate ECN, and gets that: the ECN bits that it came with, -1 = it did not. */
  accecn = -1;
  /** The SYN-ACK has the option of that: it goes without when it is sent again (§3.2.3.2.1). */
  accecnOption = true;
  wscaleOk = false;
  sndWscale = 0;
  rcvWscale = 0;
  tstampOk = false;
  tsRecent = 0;
  tsoffset = 0;
  /** Our timestamp clock when the SYN-ACK was sent first. */
  tsFirst = 0;
  /** What is meant by the window of the SYN-ACK, bytes; its field says {@link synackWindow}. */
  rsksRcvWnd = 0;
  windowClamp = 0;
  /** SYN-ACKs retransmitted. */
  numRetrans = 0;
  /** Timeouts. */
  numTimeout = 0;
  /** First timeout, µs. */
  timeout = 0;
  timer: Timer | undefined = undefined;
  /** The ACK came, and the request waits for data (TCP_DEFER_ACCEPT) or room in the accept queue. */
  acked = false;
  /** {@link TcpSock.synFilter} said `'defer'` and nothing was decided yet. */
  deferred = false;
  /** When the SYN-ACK was sent first, µs. */
  sntSynack = 0;
  lastOowAckTime = 0;
  /** TOS of the SYN. */
  tos = 0;
  /** The SYN was signed with TCP-AO: the KeyID of what we send << 8 | the one of what the peer sends; -1 = it was not. */
  aoIds = -1;
  /** Fast open: what the first SYN-ACK gives the client. */
  cookie: FastopenCookie | undefined = undefined;
  /** Fast open: the socket that is there before the handshake is over. */
  child: TcpSock | undefined = undefined;
  /** And the application has it. */
  accepted = false;

  /** @internal */
  constructor(listener: TcpSock) {
    this.listener = listener;
    this.family = listener.family;
    this.inet = listener.inet;
    this.saddr = listener.family.any;
    this.daddr = listener.family.any;
  }

  /** Whose it is: the addresses and ports of a segment from the peer, the rest as the listener has it. @internal */
  takeAddresses(skb: SkBuff, seg: Segment): void {
    const { family, listener } = this;
    this.saddr = family.daddr(skb);
    this.daddr = family.saddr(skb);
    this.sport = seg.dest;
    this.dport = seg.source;
    this.boundDevIf = listener.boundDevIf;
    this.mark = listener.mark;
    this.priority = listener.priority;
  }

  /** Takes over which keys the segment, the one whose signature was judged last, asks to be answered with. */
  takeAo({ view }: SkBuff): void {
    const aoAt = this.listener.tcp.auth?.aoAt ?? 0;
    if (aoAt !== 0) this.aoIds = (view.getUint8(aoAt + 3) << 8) | view.getUint8(aoAt + 2);
  }

  /** Window that the SYN-ACK offers, bytes: it is never scaled. */
  get synackWindow(): number {
    return Math.min(this.rsksRcvWnd, 0xffff);
  }

  /** Decides a deferred request: answers the SYN. Does nothing on one that is decided or gone. */
  accept(now: number): void {
    decideDeferred(now, this, 'accept');
  }

  /** Decides a deferred request: refuses it with a RST. */
  reset(now: number): void {
    decideDeferred(now, this, 'reset');
  }

  /** Decides a deferred request: forgets it without a word. */
  drop(): void {
    decideDeferred(0, this, 'drop');
  }
}

/** The KeyID of {@link RequestSock.aoIds}: the key that the peer wants to be sent segments with. */
export function keyIdOf(aoIds: number): number {
  return aoIds >> 8;
}

/** Its RNextKeyID: the key that the peer signed its SYN with. */
export function rNextOf(aoIds: number): number {
  return aoIds & 0xff;
}
