/**
 * The TCP engine of one host: RFC 9293 without a socket API, a clock or a network of its own. Whoever holds it calls in with the
 * time and packets; what it wants sent goes out through {@link Family.output}. It never blocks and never throws on input.
 * @module
 */
import type { Pool, SkBuff } from '@stack/skbuff';
import { type CongestionOps, CongestionRegistry } from './cong.ts';
import type { TcpInfo } from './info.ts';
import type { Message } from './messages.ts';
import { type TcpMib, tcpMib } from './mib.ts';
import type { Errno, Family, Quote, TcpOptions, Timers } from './ports.ts';
import type { RequestSock, SynVerdict } from './request.ts';
import type { CoreSysctl, TcpSysctl } from './sysctl.ts';
import type { TcpSock } from './tcb.ts';

/** Bytes handed out by {@link Tcp.recvViews} without a copy. */
export interface ReceivedViews {
  /** In order; valid until {@link release}. */
  readonly views: readonly Uint8Array[];
  /** Bytes in all of them. */
  readonly length: number;
  /** Gives the memory back. Once. */
  release(): void;
}

/** TCP for every family of one host. */
export class Tcp {
  readonly sysctl: TcpSysctl;
  readonly core: CoreSysctl;
  readonly pool: Pool;
  readonly timers: Timers;
  readonly random: () => number;
  readonly drop: (skb: SkBuff, reason: string) => void;
  readonly raise: () => void;
  readonly mib: TcpMib = tcpMib();
  readonly congestion: CongestionRegistry = new CongestionRegistry();
  /** Called at the entry of landmark functions, with the kernel's name for them. */
  probe: ((fn: string, skb: SkBuff) => void) | undefined = undefined;
  /** `sock:inet_sock_set_state`. Called after the change. */
  stateChange: ((sk: TcpSock, from: number, to: number) => void) | undefined = undefined;
  /** `tcp:tcp_retransmit_skb`. `skb` is a packet of the retransmit queue: payload only, to be read, not kept. */
  retransmitted: ((now: number, sk: TcpSock, skb: SkBuff) => void) | undefined = undefined;

  constructor(options: TcpOptions) {
    this.sysctl = options.sysctl;
    this.core = options.core;
    this.pool = options.pool;
    this.timers = options.timers;
    this.random = options.random;
    this.drop = options.drop;
    this.raise = options.raise;
  }

  /** A socket in CLOSE. */
  socket(family: Family<unknown>): TcpSock {
    throw notYet(family);
  }

  /**
   * Gives a socket its local address and port; port 0 = a free one, at once.
   * EADDRINUSE, EADDRNOTAVAIL, EINVAL (bound already, or not in CLOSE).
   */
  bind(now: number, sk: TcpSock, address: unknown, port: number): Errno | undefined {
    throw notYet(now, sk, address, port);
  }

  /**
   * Sends a SYN. `EINPROGRESS` when that is done: POLLOUT or POLLERR follow. EISCONN, EALREADY, EADDRNOTAVAIL (no free port),
   * ENETUNREACH and what else routing says.
   */
  connect(now: number, sk: TcpSock, address: unknown, port: number): Errno {
    throw notYet(now, sk, address, port);
  }

  /** Listens, or changes the backlog of a socket that does. EINVAL, EADDRINUSE. */
  listen(now: number, sk: TcpSock, backlog: number): Errno | undefined {
    throw notYet(now, sk, backlog);
  }

  /** The oldest connection that waits. EAGAIN, EINVAL (does not listen). */
  accept(now: number, sk: TcpSock): TcpSock | Errno {
    throw notYet(now, sk);
  }

  /**
   * Queues up to `length` bytes and sends what may be sent. How many were taken: fewer than asked where the buffer filled up.
   * EAGAIN (nothing fits, or not connected yet), EPIPE, ENOTCONN, and the socket's pending error. `flags`: `MSG_OOB | MSG_MORE |
   * MSG_ZEROCOPY`; with MSG_ZEROCOPY and `sk.zerocopy` the bytes must not change until the error queue says so.
   */
  sendmsg(
    now: number,
    sk: TcpSock,
    bytes: Uint8Array,
    offset: number,
    length: number,
    flags: number,
  ): number | Errno {
    throw notYet(now, sk, bytes, offset, length, flags);
  }

  /**
   * Copies up to `length` received bytes to `into` at `offset`. How many: 0 = the peer sends no more. EAGAIN, ENOTCONN, EINVAL
   * (MSG_OOB without urgent data), and the socket's pending error. `flags`: `MSG_PEEK | MSG_TRUNC | MSG_OOB | MSG_WAITALL`.
   */
  recvmsg(
    now: number,
    sk: TcpSock,
    into: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    message?: Message,
  ): number | Errno {
    throw notYet(now, sk, into, offset, length, flags, message);
  }

  /** As {@link recvmsg}, but hands out the memory the bytes arrived in, up to `length` of them: no copy. Release it soon. */
  recvViews(now: number, sk: TcpSock, length: number): ReceivedViews | Errno {
    throw notYet(now, sk, length);
  }

  /** `how`: RCV_SHUTDOWN, SEND_SHUTDOWN or both. ENOTCONN. */
  shutdown(now: number, sk: TcpSock, how: number): Errno | undefined {
    throw notYet(now, sk, how);
  }

  /**
   * `close(2)`: the socket is no longer the caller's; the connection ends as RFC 9293 says, or with a RST where data was not read or
   * `sk.linger` is 0. The caller does the waiting of a positive `sk.linger` (until `sk.state` is past LAST-ACK) before it calls.
   */
  close(now: number, sk: TcpSock): void {
    throw notYet(now, sk);
  }

  /** `connect(AF_UNSPEC)`: aborts the connection with a RST and makes the socket usable again. */
  disconnect(now: number, sk: TcpSock): Errno | undefined {
    throw notYet(now, sk);
  }

  /** What `poll(2)` answers: `POLL*` bits. */
  poll(sk: TcpSock): number {
    throw notYet(sk);
  }

  /** `TCP_*` options by name. ENOPROTOOPT, EINVAL, ENOENT (no such congestion control). */
  setsockopt(now: number, sk: TcpSock, name: string, value: number | string): Errno | undefined {
    throw notYet(now, sk, name, value);
  }

  /** The value of a `TCP_*` option; `TCP_INFO` gives a {@link TcpInfo}. ENOPROTOOPT comes as `{ errno }`. */
  getsockopt(now: number, sk: TcpSock, name: string): number | string | TcpInfo | { errno: Errno } {
    throw notYet(now, sk, name);
  }

  /** `struct tcp_info`. */
  info(now: number, sk: TcpSock): TcpInfo {
    throw notYet(now, sk);
  }

  /** `SO_KEEPALIVE`: sets `sk.keepOpen` and the timer. */
  setKeepalive(now: number, sk: TcpSock, on: boolean): void {
    throw notYet(now, sk, on);
  }

  /** `SO_RCVLOWAT`: sets `sk.rcvlowat`, at least 1, and wakes who has enough now. */
  setRcvlowat(now: number, sk: TcpSock, bytes: number): void {
    throw notYet(now, sk, bytes);
  }

  /** `SIOCINQ`: bytes to read. EINVAL on a listener. */
  inq(sk: TcpSock): number | Errno {
    throw notYet(sk);
  }

  /** `SIOCOUTQ`: bytes not acknowledged. EINVAL on a listener. */
  outq(sk: TcpSock): number | Errno {
    throw notYet(sk);
  }

  /** `SIOCOUTQNSD`: bytes not sent. EINVAL on a listener. */
  outqNotSent(sk: TcpSock): number | Errno {
    throw notYet(sk);
  }

  /** `SIOCATMARK`: whether the next byte to read is the urgent one. */
  atMark(sk: TcpSock): boolean {
    throw notYet(sk);
  }

  /**
   * A segment from the network, taken over: `data` at the TCP header, `networkHeader` set, padding trimmed, `pktType`, `ifindex`, `ttl`,
   * `tos` as received.
   */
  receive(now: number, skb: SkBuff, family: Family<unknown>): void {
    throw notYet(now, skb, family);
  }

  /** An ICMP error about a segment of ours. */
  error(now: number, family: Family<unknown>, quote: Quote<unknown>): void {
    throw notYet(now, family, quote);
  }

  /** Goes on with what {@link TcpOptions.raise} was called for. */
  softirq(now: number): void {
    throw notYet(now);
  }

  /** Adds an algorithm for TCP_CONGESTION. EEXIST. @throws TypeError where `ops` is not complete. */
  registerCongestionControl(ops: CongestionOps): Errno | undefined {
    return this.congestion.register(ops);
  }

  /** Every socket, request and TIME-WAIT, for `ss`; in no order. */
  *entries(): Generator<unknown, void, undefined> {}

  /** @internal */
  decideRequest(now: number, request: RequestSock, verdict: SynVerdict): void {
    throw notYet(now, request, verdict);
  }

  /** @internal */
  writeSpace(sk: TcpSock): void {
    throw notYet(sk);
  }
}

function notYet(..._: unknown[]): Error {
  return new Error('tcp: not there yet');
}
