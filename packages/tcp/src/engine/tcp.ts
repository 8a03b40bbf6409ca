/**
 * The TCP engine of one host: RFC 9293 without a socket API, a clock or a network of its own. Whoever holds it calls in with the
 * time and packets; what it wants sent goes out through {@link Family.output}. It never blocks and never throws on input.
 *
 * Nothing that it calls (`output`, `drop`, `wake`, `probe`, …) may call back into it; what must happen next is done later.
 * @module
 */
import type { Page, Pool, SkBuff } from '@stack/skbuff';
import { abortAll } from './abort.ts';
import { Auth } from './auth.ts';
import { bindSocket } from './bind.ts';
import { closeSocket, disconnectSocket, shutdownSocket } from './close.ts';
import { type CongestionOps, CongestionRegistry } from './cong.ts';
import { defaultCongestion, standardCongestion } from './congestion.ts';
import { ecnXmit } from './ecn.ts';
import { Blackhole } from './fastopen-blackhole.ts';
import { openFast } from './fastopen-client.ts';
import { HostKeys } from './fastopen-cookie.ts';
import { leaveQueue } from './fastopen-queue.ts';
import { icmpError } from './icmp.ts';
import { type TcpInfo, tcpInfo } from './info.ts';
import { receiveSegment } from './input.ts';
import { SecureSeq } from './isn.ts';
import type { Message, SendAttempt } from './messages.ts';
import { MetricsCache } from './metrics.ts';
import { type TcpMib, tcpMib } from './mib.ts';
import { acceptSocket, connectSocket, listenSocket } from './open.ts';
import { pollMask } from './poll.ts';
import type { Errno, Family, Flow, Quote, TcpOptions, Timers } from './ports.ts';
import { dataReady } from './receive-queue.ts';
import { type ReceivedViews, receiveMessage, receiveViews } from './recvmsg.ts';
import type { Control } from './reply.ts';
import { Segment } from './segment.ts';
import { notSentBytes } from './send-queue.ts';
import { sendMessage } from './sendmsg.ts';
import { streamWriteSpace } from './sndbuf.ts';
import { getOption, type OptionResult, type OptionValue, setKeepalive, setOption } from './sockopt.ts';
import { LISTEN, SYN_RECV, SYN_SENT } from './state.ts';
import type { SynCookies } from './syn-cookie.ts';
import type { CoreSysctl, TcpSysctl } from './sysctl.ts';
import { type EhashEntry, Tables } from './tables.ts';
import { TcpSock } from './tcb.ts';
import { timestampBase, txTimestamp } from './timestamping.ts';
import { tsqWrite } from './tsq.ts';
import { atMark, inqHint, readable } from './urgent.ts';
import { scalingRatio, setRcvlowat } from './window.ts';
import { endZerocopy } from './zerocopy.ts';

/** Bytes of the pages that what is sent is copied to. */
const FRAG_PAGE = 65_536;

/** TCP for every family of one host. */
export class Tcp {
  readonly sysctl: TcpSysctl;
  readonly core: CoreSysctl;
  readonly pool: Pool;
  readonly timers: Timers;
  readonly random: () => number;
  readonly drop: (skb: SkBuff, reason: string) => void;
  readonly raise: () => void;
  readonly privileged: (() => boolean) | undefined;
  /** What signs segments and judges signatures; `undefined` without a {@link TcpOptions.mac}. @internal */
  readonly auth: Auth | undefined;
  readonly mib: TcpMib = tcpMib();
  readonly congestion: CongestionRegistry = new CongestionRegistry();
  /** Sockets, requests, TIME-WAIT and ports. @internal */
  readonly tables: Tables;
  /** @internal */
  readonly secure: SecureSeq;
  /** Paths that are remembered: `ip tcp_metrics`. */
  readonly metrics: MetricsCache;
  /** @internal */
  readonly fastopenKeys: HostKeys;
  /** @internal */
  readonly blackhole: Blackhole = new Blackhole(this);
  /** Once the first SYN cookie was sent. @internal */
  cookies: SynCookies | undefined = undefined;
  /** Counters of RFC 6056's algorithm 4. @internal */
  readonly perturb: Uint32Array = new Uint32Array(256);
  /** The segment being processed. @internal */
  readonly seg: Segment = new Segment();
  /** A key for route lookups, used again. @internal */
  readonly flow: Flow<unknown> = {
    daddr: undefined,
    saddr: undefined,
    oif: 0,
    tos: 0,
    mark: 0,
    protocol: 6,
    sport: 0,
    dport: 0,
    dontroute: false,
  };
  /** Who answers for nobody. @internal */
  readonly controls: Map<Family<unknown>, Control> = new Map();
  /** `sk_memory_allocated`, pages of 4096 bytes. */
  memoryAllocated = 0;
  /** Whether that was above `tcp_mem[1]`. */
  memoryPressure = false;
  /** Sockets that exist. */
  socketsAllocated = 0;
  /** Sockets without owner. */
  orphanCount = 0;
  /** {@link TimewaitSock}s that exist. */
  timewaits = 0;
  /** @internal */
  challengeSecond = -1;
  /** @internal */
  challengesLeft = 0;
  /** ISN for the SYN that ends a TIME-WAIT. @internal */
  timewaitIsn = 0;
  /** A segment in SYN-SENT is to be answered with a RST. @internal */
  resetDue = false;
  /** Where the next byte to send is copied to. @internal */
  fragOffset = 0;
  /** Called at the entry of landmark functions, with the kernel's name for them. */
  probe: ((fn: string, skb: SkBuff) => void) | undefined = undefined;
  /** `sock:inet_sock_set_state`. Called after the change. */
  stateChange: ((sk: TcpSock, from: number, to: number) => void) | undefined = undefined;
  /** `tcp:tcp_retransmit_skb`. `skb` is a packet of the retransmit queue: payload only, to be read, not kept. */
  retransmitted: ((now: number, sk: TcpSock, skb: SkBuff) => void) | undefined = undefined;

  #tsqFirst: TcpSock | undefined = undefined;
  #tsqLast: TcpSock | undefined = undefined;
  #fragPage: Page | undefined = undefined;
  #fragFresh = false;
  readonly #forgetPage: (page: Page) => void = (page) => {
    if (page === this.#fragPage) this.#fragPage = undefined;
  };

  constructor(options: TcpOptions) {
    this.sysctl = options.sysctl;
    this.core = options.core;
    this.pool = options.pool;
    this.timers = options.timers;
    this.random = options.random;
    this.drop = options.drop;
    this.raise = options.raise;
    this.privileged = options.privileged;
    this.auth = options.mac === undefined ? undefined : new Auth(options.mac);
    this.secure = new SecureSeq(options.random);
    const secret = options.random();
    this.tables = new Tables(secret);
    this.metrics = new MetricsCache(secret);
    this.fastopenKeys = new HostKeys(options.sysctl, options.random, options.fastopenKeyDrawn);
    for (const ops of standardCongestion()) this.congestion.register(ops);
  }

  /** A socket in CLOSE. */
  socket(family: Family<unknown>): TcpSock {
    const sk = new TcpSock(this, family, defaultCongestion(this));
    ecnXmit(sk);
    sk.sndbuf = this.sysctl.tcp_wmem[1];
    sk.rcvbuf = this.sysctl.tcp_rmem[1];
    sk.reordering = this.sysctl.tcp_reordering;
    sk.scalingRatio = scalingRatio(this.sysctl.tcp_adv_win_scale);
    this.socketsAllocated++;
    return sk;
  }

  /**
   * Gives a socket its local address and port; port 0 = a free one, at once.
   * EADDRINUSE, EADDRNOTAVAIL, EACCES, EINVAL (bound already, or not in CLOSE).
   */
  bind(_now: number, sk: TcpSock, address: unknown, port: number): Errno | undefined {
    return bindSocket(sk, address, port);
  }

  /**
   * Sends a SYN. `EINPROGRESS` when that is done: POLLOUT or POLLERR follow. `undefined` where TCP_FASTOPEN_CONNECT has it wait for
   * {@link fastopen}, and where TCP_REPAIR has it connected already. EISCONN, EALREADY, EADDRNOTAVAIL (no free port), ENETUNREACH and what else routing says.
   */
  connect(now: number, sk: TcpSock, address: unknown, port: number): Errno | undefined {
    return connectSocket(now, sk, address, port);
  }

  /**
   * Connects and sends with the SYN what of `bytes` it may carry (RFC 7413): how many, 0 where there is no cookie yet, which is then
   * asked for. What happens to the rest is the caller's concern, as it is of a {@link connect} that is on its way. On a socket whose
   * connect waits for this the address is that one's. EOPNOTSUPP (`tcp_fastopen`), EISCONN (not in CLOSE), and those of connect.
   */
  fastopen(
    now: number,
    sk: TcpSock,
    address: unknown,
    port: number,
    bytes: Uint8Array,
    flags: number,
  ): number | Errno {
    return openFast(now, sk, address, port, bytes, flags);
  }

  /** Listens, or changes the backlog of a socket that does. EINVAL, EADDRINUSE. */
  listen(now: number, sk: TcpSock, backlog: number): Errno | undefined {
    return listenSocket(now, sk, backlog);
  }

  /** The oldest connection that waits. EAGAIN, EINVAL (does not listen). */
  accept(_now: number, sk: TcpSock): TcpSock | Errno {
    return acceptSocket(sk);
  }

  /**
   * Queues up to `length` bytes and sends what may be sent. How many were taken: fewer than asked where the buffer filled up.
   * EAGAIN (nothing fits, or not connected yet), EPIPE, and the socket's pending error. `flags`: `MSG_OOB | MSG_MORE | MSG_EOR |
   * MSG_ZEROCOPY`; with MSG_ZEROCOPY and `sk.zerocopy` the bytes must not change until the error queue says so.
   * `attempt`: it is one of several of the same send; {@link sendEnded} is due behind the last one with MSG_ZEROCOPY, and where that one
   * was to be followed by more. Left out = it is a send of its own.
   */
  sendmsg(
    now: number,
    sk: TcpSock,
    bytes: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    attempt?: SendAttempt,
  ): number | Errno {
    return sendMessage(now, sk, bytes, offset, length, flags, attempt);
  }

  /** The send that was made in attempts is over, with `attempt.more` before its end: see {@link sendmsg}. */
  sendEnded(sk: TcpSock, attempt?: SendAttempt): void {
    endZerocopy(sk);
    if (attempt?.more === true) txTimestamp(sk, attempt.tsflags);
  }

  /** What SOF_TIMESTAMPING_OPT_ID counts from, when `flags` set it: for `sk.timestamping.base`. */
  timestampBase(sk: TcpSock, flags: number): number {
    return timestampBase(sk, flags);
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
    const count = receiveMessage(now, sk, into, offset, length, flags, message);
    if (sk.recvmsgInq && message !== undefined && typeof count === 'number') message.inq = inqHint(sk);
    return count;
  }

  /** As {@link recvmsg}, but hands out the memory the bytes arrived in, up to `length` of them: no copy. It fills the buffer until it is released. */
  recvViews(now: number, sk: TcpSock, length: number): ReceivedViews | Errno {
    return receiveViews(now, sk, length);
  }

  /** `how`: RCV_SHUTDOWN, SEND_SHUTDOWN or both. ENOTCONN. */
  shutdown(now: number, sk: TcpSock, how: number): Errno | undefined {
    return shutdownSocket(now, sk, how);
  }

  /**
   * `close(2)`: the socket is no longer the caller's; the connection ends as RFC 9293 says, or with a RST where data was not read or
   * `sk.linger` is 0. The caller does the waiting of a positive `sk.linger` (until `sk.state` is past LAST-ACK) before it calls.
   */
  close(now: number, sk: TcpSock): void {
    closeSocket(now, sk);
  }

  /** `connect(AF_UNSPEC)`: aborts the connection with a RST and makes the socket usable again. */
  disconnect(now: number, sk: TcpSock): Errno | undefined {
    return disconnectSocket(now, sk);
  }

  /**
   * Ends every connection with a RST, and forgets requests and TIME-WAIT: no timer is left, and no packet. Who still has a socket gets
   * ECONNABORTED, and closes it as ever.
   */
  abortAll(now: number): void {
    abortAll(now, this);
  }

  /** `tcp_fastopen_blackhole_timeout_sec` was changed: fast open is done without no more, and the times in a row are none. */
  forgetBlackholes(): void {
    this.blackhole.times = 0;
  }

  /** What `poll(2)` answers: `POLL*` bits. */
  poll(sk: TcpSock): number {
    return pollMask(sk);
  }

  /** `TCP_*` options by name, and SO_OOBINLINE. ENOPROTOOPT, EINVAL, ENOENT (no such congestion control). */
  setsockopt(now: number, sk: TcpSock, name: string, value: OptionValue): Errno | undefined {
    return setOption(now, sk, name, value);
  }

  /**
   * The value of a `TCP_*` option; `TCP_INFO` gives a {@link TcpInfo}, `TCP_CC_INFO` what the algorithm tells. ENOPROTOOPT comes as
   * `{ errno }`.
   */
  getsockopt(now: number, sk: TcpSock, name: string): OptionResult {
    return getOption(now, sk, name);
  }

  /** `struct tcp_info`. */
  info(now: number, sk: TcpSock): TcpInfo {
    return tcpInfo(now, sk);
  }

  /** `SO_KEEPALIVE`: sets `sk.keepOpen` and the timer. */
  setKeepalive(now: number, sk: TcpSock, on: boolean): void {
    setKeepalive(now, sk, on);
  }

  /** `SO_RCVLOWAT`: sets `sk.rcvlowat`, from 1 to half a buffer, grows a buffer that nobody set, and wakes who has enough now. */
  setRcvlowat(_now: number, sk: TcpSock, bytes: number): void {
    setRcvlowat(sk, bytes);
    dataReady(sk);
  }

  /** `SIOCINQ`: bytes to read, up to an urgent one that is out of line. EINVAL on a listener. */
  inq(sk: TcpSock): number | Errno {
    if (sk.state === LISTEN) return 'EINVAL';
    if (sk.state === SYN_SENT || sk.state === SYN_RECV) return 0;
    return readable(sk);
  }

  /** `SIOCOUTQ`: bytes not acknowledged. EINVAL on a listener. */
  outq(sk: TcpSock): number | Errno {
    if (sk.state === LISTEN) return 'EINVAL';
    if (sk.state === SYN_SENT || sk.state === SYN_RECV) return 0;
    return (sk.writeSeq - sk.sndUna) | 0;
  }

  /** `SIOCOUTQNSD`: bytes not sent. EINVAL on a listener. */
  outqNotSent(sk: TcpSock): number | Errno {
    if (sk.state === LISTEN) return 'EINVAL';
    if (sk.state === SYN_SENT || sk.state === SYN_RECV) return 0;
    return notSentBytes(sk);
  }

  /** `SIOCATMARK`: whether the next byte to read is the urgent one. */
  atMark(sk: TcpSock): boolean {
    return atMark(sk);
  }

  /**
   * A segment from the network, taken over: `data` at the TCP header, `networkHeader` set, padding trimmed, `pktType`, `ifindex`, `ttl`,
   * `tos` as received.
   */
  receive(now: number, skb: SkBuff, family: Family<unknown>): void {
    receiveSegment(now, this, skb, family);
  }

  /** An ICMP error about a segment of ours. */
  error(now: number, family: Family<unknown>, quote: Quote<unknown>): void {
    icmpError(now, this, family, quote);
  }

  /** Goes on with what {@link TcpOptions.raise} was called for. */
  softirq(now: number): void {
    let sk = this.#tsqFirst;
    this.#tsqFirst = undefined;
    this.#tsqLast = undefined;
    while (sk !== undefined) {
      const next: TcpSock | undefined = sk.tsqNext;
      sk.tsqNext = undefined;
      tsqWrite(now, sk);
      sk = next;
    }
  }

  /** Adds an algorithm for TCP_CONGESTION. EEXIST. @throws TypeError where `ops` is not complete. */
  registerCongestionControl(ops: CongestionOps): Errno | undefined {
    return this.congestion.register(ops);
  }

  /** Every socket, request and TIME-WAIT, for `ss`; in no order. */
  entries(): Generator<EhashEntry, void, undefined> {
    return this.tables.entries();
  }

  /** Puts a socket into the list that {@link softirq} works off. @internal */
  queueTsq(sk: TcpSock): void {
    if (this.#tsqLast === undefined) {
      this.#tsqFirst = sk;
      this.raise();
    } else this.#tsqLast.tsqNext = sk;
    this.#tsqLast = sk;
  }

  /** A socket went to CLOSE: nobody finds it any more, and a port that was not bound is free. @internal */
  forget(sk: TcpSock, from: number): void {
    leaveQueue(sk);
    if (from === LISTEN) this.tables.unlisten(sk);
    else this.tables.remove(sk);
    if (!sk.portLocked) this.tables.release(sk);
  }

  /** @internal */
  writeSpace(sk: TcpSock): void {
    streamWriteSpace(sk);
  }

  /**
   * A page to copy the next bytes to, from {@link fragOffset} on; `undefined` without memory. What is copied is held by its frags alone,
   * so that a stream at rest holds no page.
   * @internal
   */
  fragPage(): Page | undefined {
    const current = this.#fragPage;
    if (current !== undefined && this.fragOffset < current.start + current.size) return current;
    if (current !== undefined) current.onRelease = undefined;
    const page = this.pool.page(FRAG_PAGE);
    this.#fragPage = page;
    if (page === undefined) return undefined;
    page.onRelease = this.#forgetPage;
    this.#fragFresh = true;
    this.fragOffset = page.start;
    return page;
  }

  /** `n` bytes were copied, and a frag holds the page. @internal */
  usedFragPage(page: Page, n: number): void {
    this.fragOffset += n;
    this.unusedFragPage(page);
  }

  /** Drops the reference that a fresh page came with. @internal */
  unusedFragPage(page: Page): void {
    if (!this.#fragFresh) return;
    this.#fragFresh = false;
    page.put();
  }
}
