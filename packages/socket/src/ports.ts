/**
 * What the socket layer needs: a kernel around it, and for each socket a protocol below it. A host fills these; nothing here knows
 * a protocol.
 * @module
 */
import type { SocketAddress, WireAddress } from './address.ts';
import type { ControlMessage } from './control.ts';
import type { SyscallTracer } from './trace.ts';

/** A name of Linux's table of errors, such as `ECONNREFUSED`. A call answers it in place of its value. */
export type Errno = string;

/** A timer: Linux's `timer_list`. */
export interface Timer {
  /** (Re)arms it for an absolute time, µs. It never fires from inside this call. */
  mod(expires: number): void;
  /** Disarms it; whether it was armed. */
  del(): boolean;
}

/** Rights of a process that some options ask for. */
export type Capability = 'CAP_NET_ADMIN' | 'CAP_NET_RAW';

/** The sysctls that bound a socket's buffers, in bytes (`net.core.*`); read at each use. */
export interface CoreSysctl {
  readonly rmem_max: number;
  /** Most bytes of control messages in one call. */
  readonly optmem_max: number;
  readonly wmem_max: number;
}

/** The host. */
export interface Kernel {
  /** Monotonic time, integer µs. */
  now(): number;
  /** A timer that calls `fire(now, argument)`. */
  timer<A>(fire: (now: number, argument: A) => void, argument: A): Timer;
  /** A system call begins. */
  enter(): void;
  /** It ends or goes to sleep: what was deferred (softirqs) may run, and may wake this or other sockets. */
  exit(): void;
  /** An application's promise was settled: a virtual clock lets the application run before its next event. */
  woke(): void;
  /** An application begins (1) or ceases (-1) to wait: a real clock keeps the process alive meanwhile. */
  waiting(change: 1 | -1): void;
  /**
   * The protocol of a new socket (`net_proto_family.create`). `type` is without flags; `protocol` 0 = the type's own.
   * EAFNOSUPPORT, ESOCKTNOSUPPORT, EPROTONOSUPPORT, EPERM (SOCK_RAW, AF_PACKET), ENOBUFS.
   */
  create(family: number, type: number, protocol: number): Proto | Errno;
  /** Whether the process may. */
  capable(capability: Capability): boolean;
  /** Index of a device by its name; 0 = there is none. */
  ifindex(name: string): number;
  /** Name of a device by its index; `''` = there is none. */
  ifname(ifindex: number): string;
  readonly sysctl: CoreSysctl;
  /** Told of every call, where set; off, it costs one branch a call. */
  tracer: SyscallTracer | undefined;
}

/** `struct sock`, as far as options of SOL_SOCKET and waiting need it: `Sock` of `@stack/skbuff/sock`. */
export interface SockFields {
  /** Most truesize to send, bytes. */
  sndbuf: number;
  /** Most truesize to read, bytes. */
  rcvbuf: number;
  /** Bits `SOCK_SNDBUF_LOCK`, `SOCK_RCVBUF_LOCK`. */
  userlocks: number;
  /** The pending error; `''` = none. */
  err: string;
  /** An error that ended nothing (`sk_err_soft`); `''` = none. SO_ERROR tells it where there is no other. Left out = never. */
  errSoft?: string;
  /** Bits `RCV_SHUTDOWN`, `SEND_SHUTDOWN`. */
  shutdown: number;
  /** Bytes a second it sends at most now, and at any time (SO_MAX_PACING_RATE); Infinity = no limit. */
  pacingRate: number;
  maxPacingRate: number;
  /** Who spaces its packets: 0 nobody, 1 the protocol, 2 a queue below. */
  pacingStatus: number;
  mark: number;
  priority: number;
  boundDevIf: number;
  /** SO_DONTROUTE. Left out = the protocol has none. */
  localRoute?: boolean;
  reuse: boolean;
  reusePort: boolean;
  keepOpen: boolean;
  broadcast: boolean;
  /** Seconds; -1 = off. */
  linger: number;
  rcvlowat: number;
  zerocopy: boolean;
  /** SO_TIMESTAMP or SO_TIMESTAMPNS, whichever was set last; 0 = none. */
  timestamp: number;
  /** SO_TIMESTAMPING: `SOF_TIMESTAMPING_*`, OPT_ID's next number, and what numbers count from; `undefined` until it was set. */
  timestamping: { flags: number; next: number; base: number } | undefined;
  /** The pending error, which is cleared by this; `''` = none. */
  takeError(): string;
}

/** Who is told of a socket's events. The socket layer sets itself; set `Sock.wake` so that it calls {@link wake}. */
export interface SocketListener {
  /** `POLL*` bits that may have become true. Only takes note: it calls nothing of the protocol, and never throws. */
  wake(events: number): void;
}

/** What goes with the bytes of a send. */
export interface SendMessage {
  /** Where to; `undefined` = where the socket is connected to. */
  address: WireAddress | undefined;
  /** `MSG_*`, without MSG_DONTWAIT: the protocol never waits. */
  flags: number;
  /** Ancillary data (`IP_PKTINFO`, `IP_TTL`, `UDP_SEGMENT`, …); empty = none. */
  control: readonly ControlMessage[];
  /** Bytes that earlier attempts of this same call have queued; 0 at the first. A zero-copy send has one number. */
  queued: number;
  /** More buffers of this same call follow, or were to when it was interrupted. */
  more: boolean;
  /** The caller waits where the answer is EAGAIN. */
  readonly waits: boolean;
}

/** What a receive asks, and what it is told besides bytes. */
export interface ReceiveMessage {
  /** Asked: `MSG_*`, without MSG_DONTWAIT and MSG_WAITALL. */
  flags: number;
  /** Asked: whether the caller waits where the answer is EAGAIN. */
  waits: boolean;
  /** Asked: whether {@link address} is wanted. Text costs something, so it is not made for nobody. */
  wantsAddress: boolean;
  /** Asked: whether {@link control} is wanted. */
  wantsControl: boolean;
  /** Told: where the bytes came from; `undefined` on a stream. */
  address: SocketAddress | undefined;
  /** Told: `MSG_TRUNC`, `MSG_OOB`, `MSG_ERRQUEUE`, `MSG_CONFIRM`, … */
  messageFlags: number;
  /** Told: ancillary data, replaced as a whole. */
  control: readonly ControlMessage[];
}

/** Bytes that a protocol lends: in order, none at the end of a stream. */
export interface LentViews {
  readonly views: readonly Uint8Array[];
  readonly length: number;
  /** Takes them back. Called once. */
  release(now: number): void;
}

/** What an option holds. */
export type OptionData = number | string | Uint8Array | object;

/**
 * Where a socket stands between `connect` and `close`: what `sk_state` says, as far as all connection-oriented protocols agree.
 * `deferred`: `connect` was called, and the first send opens the connection.
 */
export type Phase = 'unconnected' | 'deferred' | 'connecting' | 'connected' | 'listening';

/**
 * A socket as its protocol sees it: Linux's `struct proto_ops`. `now` is the time, µs. Nothing here waits: a call that would answers
 * `EAGAIN`, and {@link listener} is woken when it is worth another try.
 */
export interface Proto {
  readonly family: number;
  readonly type: number;
  /** The number of SO_PROTOCOL: never 0 for a protocol that has one. */
  readonly protocol: number;
  readonly sk: SockFields;
  /** Set by the socket layer. */
  listener: SocketListener | undefined;
  bind(now: number, address: WireAddress): Errno | undefined;
  /**
   * A stream answers EINPROGRESS: POLLOUT or POLLERR follow, {@link phase} tells which; or `undefined` where it waits for
   * {@link fastopen}. `unspec` disconnects.
   */
  connect(now: number, address: WireAddress): Errno | undefined;
  /**
   * Connects and takes as many bytes as the first packet may carry: how many, 0 too; or goes on with a connect that is `deferred`, to
   * its own address. EISCONN where a handshake was begun, EOPNOTSUPP, and those of {@link connect}. Left out = there is no such thing.
   */
  fastopen?(now: number, bytes: Uint8Array, message: SendMessage): number | Errno;
  listen(now: number, backlog: number): Errno | undefined;
  /** The protocol of the oldest connection that waits; EAGAIN, EINVAL, EOPNOTSUPP. */
  accept(now: number): Proto | Errno;
  /** Where a stream stands; always `unconnected` or `connected` otherwise. */
  phase(): Phase;
  /**
   * Takes `length` bytes at `offset`: all, or, on a stream, as many as there is room for. EAGAIN where there is none. It keeps no
   * reference to `bytes` but with MSG_ZEROCOPY.
   */
  sendmsg(
    now: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    message: SendMessage,
  ): number | Errno;
  /**
   * Told when a send is over that queued something, in one attempt or more, where it was made with MSG_ZEROCOPY, so that it has one
   * completion, and where it was interrupted. Left out = nobody asks.
   */
  sendEnded?(now: number, message: SendMessage): void;
  /**
   * Puts up to `length` bytes at `offset`. How many; on a stream 0 = the peer sends no more; with MSG_TRUNC the datagram's whole
   * length; MSG_ERRQUEUE answers an entry of the error queue (see `receiveError`).
   */
  recvmsg(
    now: number,
    into: Uint8Array,
    offset: number,
    length: number,
    message: ReceiveMessage,
  ): number | Errno;
  /**
   * As {@link recvmsg} without flags, but lends up to `length` bytes where they lie. They fill the receive buffer until they are released.
   * Left out = there is no such thing.
   */
  recvViews?(now: number, length: number): LentViews | Errno;
  /** `how`: `SHUT_RD`, `SHUT_WR`, `SHUT_RDWR`. */
  shutdown(now: number, how: number): Errno | undefined;
  /** Lets go of the socket, whose protocol may live on. {@link listener} hears nothing more. */
  close(now: number): void;
  /**
   * Whether what {@link shutdown} of SHUT_WR sent, its end included, is not acknowledged yet: SO_LINGER waits for that before
   * {@link close}, and is woken by any event. Left out = never.
   */
  closing?(): boolean;
  /** Whether a close is to wait as SO_LINGER says. Left out = yes, on a stream. */
  lingers?(): boolean;
  /** The local address, or the peer's. ENOTCONN. */
  getname(peer: boolean): SocketAddress | Errno;
  /** `POLL*` bits that are true now. */
  poll(): number;
  /**
   * Options of other levels, and those of SOL_SOCKET that the protocol alone knows (`SO_OOBINLINE`, `SO_NO_CHECK`, …). `name` as in
   * Linux: `'TCP_NODELAY'`. ENOPROTOOPT, EINVAL, …
   */
  setsockopt(now: number, level: number, name: string, value: OptionData): Errno | undefined;
  getsockopt(now: number, level: number, name: string): OptionData | { readonly errno: Errno };
  /** What SOF_TIMESTAMPING_OPT_ID counts from, for who counts bytes; asked when it is set. Left out = packets, from 0. */
  timestampBase?(flags: number): number;
  /**
   * Told after an option of SOL_SOCKET was put into {@link sk}: `'SO_KEEPALIVE'` arms a timer, `'SO_MARK'` and `'SO_BINDTODEVICE'`
   * forget a route, `'SO_SNDBUF'` may make room.
   */
  optionSet?(now: number, name: string): void;
  /** `SIOCINQ`, `SIOCOUTQ`, `SIOCATMARK`, … by number. ENOTTY for one it does not know. */
  ioctl(now: number, request: number): number | Errno;
}
