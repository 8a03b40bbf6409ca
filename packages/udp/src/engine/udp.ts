/**
 * The UDP engine: sockets, ports, datagrams in and out. Thin: each call is a function in a file of its own.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { bind } from './bind.ts';
import { connect, disconnect } from './connect.ts';
import { Cork } from './cork.ts';
import { error } from './error.ts';
import { wantsGro } from './gro.ts';
import { Message } from './message.ts';
import { type UdpMib, udpMib } from './mib.ts';
import { PageFrag } from './page-frag.ts';
import type { Errno, Family, Flow, Quote, UdpOptions } from './ports.ts';
import { receive } from './receive.ts';
import { recvmsg, recvSkb } from './recvmsg.ts';
import { sendmsg } from './sendmsg.ts';
import { close, poll, shutdown } from './shutdown.ts';
import { getsockopt, setsockopt } from './sockopt.ts';
import { Tables } from './tables.ts';
import { type Memory, UdpSock } from './udp-sock.ts';

/** UDP of one host, over any number of families. Nothing here waits: a call that would answers `EAGAIN`, and `sk.wake` tells. */
export class Udp {
  /** Counters by Linux's names. */
  readonly mib: { readonly Udp: UdpMib } = { Udp: udpMib() };
  /** Told, when set, of each landmark function a packet enters: `udp_sendmsg`, `udp_send_skb`, `udp_rcv`, `udp_queue_rcv_skb`. */
  probe: ((fn: string, skb: SkBuff) => void) | undefined = undefined;
  /** What it was built with. @internal */
  readonly options: UdpOptions;
  /** Who has which port. @internal */
  readonly tables: Tables;
  /** Truesize of what waits in receive queues. @internal */
  readonly memory: Memory = { bytes: 0 };
  /** Where user bytes are copied to. @internal */
  readonly frag: PageFrag;
  /** The datagram being sent, where it is not held back. @internal */
  readonly cork: Cork = new Cork();
  /** The key of a route lookup, used again and again. @internal */
  readonly flow: Flow<unknown> = {
    daddr: undefined,
    saddr: undefined,
    oif: 0,
    tos: 0,
    mark: 0,
    protocol: 17,
    sport: 0,
    dport: 0,
    dontroute: false,
  };
  /** A list for who gets a group's datagram; taken while it is in use. @internal */
  matches: UdpSock[] | undefined = undefined;
  /** For callers that pass none. @internal */
  readonly message: Message = new Message();
  /** Sockets with `UDP_GRO`. @internal */
  groSockets = 0;
  /** Sockets that were made and not closed. @internal */
  open = 0;

  constructor(options: UdpOptions) {
    this.options = options;
    this.tables = new Tables(options.random() | 0);
    this.frag = new PageFrag(options.pool);
  }

  /** A new socket (`SOCK_DGRAM`). */
  socket(family: Family<unknown>): UdpSock {
    const sk = new UdpSock(family, this.memory);
    sk.sndbuf = this.options.core.wmem_default;
    sk.rcvbuf = this.options.core.rmem_default;
    this.open++;
    return sk;
  }

  /**
   * Gives the socket an address and a port; port 0 takes a free one.
   * Errors: EADDRNOTAVAIL no address of this host, EACCES a privileged port, EINVAL has a port already, EADDRINUSE.
   */
  bind(_now: number, sk: UdpSock, address: unknown, port: number): Errno | undefined {
    return bind(this, sk, address, port);
  }

  /** `SO_BINDTODEVICE` and `SO_BINDTOIFINDEX`: index of the one device to use; 0 = any. */
  bindToIndex(_now: number, sk: UdpSock, ifindex: number): void {
    sk.boundDevIf = ifindex;
    sk.dst = undefined;
  }

  /**
   * Sets the peer: the only one it hears, and the default one to send to. Binds a socket without a port.
   * Errors: EAGAIN no free port, EACCES broadcast without `SO_BROADCAST`, or what the route lookup says.
   */
  connect(now: number, sk: UdpSock, address: unknown, port: number): Errno | undefined {
    return connect(now, this, sk, address, port);
  }

  /** `connect` with `AF_UNSPEC`: forgets the peer, and what was not bound explicitly. */
  disconnect(_now: number, sk: UdpSock): Errno | undefined {
    return disconnect(this, sk);
  }

  /**
   * Sends `length` bytes of `bytes` from `offset` as one datagram, or as several of {@link Message.gsoSize} bytes. The bytes are
   * copied, unless `MSG_ZEROCOPY` is asked for on a socket with `SO_ZEROCOPY`. Gives `length`.
   * Errors: EMSGSIZE, EOPNOTSUPP `MSG_OOB`, EDESTADDRREQ, EINVAL port 0 or a gsoSize that cannot be, EACCES broadcast, EPIPE shut
   * down, EAGAIN no send buffer, ENOBUFS no memory, EIO, the pending error, or what the route lookup says.
   */
  sendmsg(
    now: number,
    sk: UdpSock,
    bytes: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    message?: Message,
  ): number | Errno {
    return sendmsg(now, this, sk, bytes, offset, length, flags, message);
  }

  /**
   * Copies the next datagram to `into` from `offset`, at most `length` bytes, and says in `message` whose it was. Gives the bytes
   * copied, or with `MSG_TRUNC` the datagram's length.
   * Errors: EAGAIN nothing there (0 where reading is shut down, without `MSG_DONTWAIT`), or the pending error.
   */
  recvmsg(
    now: number,
    sk: UdpSock,
    into: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    message?: Message,
  ): number | Errno {
    return recvmsg(now, this, sk, into, offset, length, flags, message);
  }

  /** The next datagram itself, `data` at its payload: no copy. It is the caller's, and is to be freed. Errors as {@link recvmsg}. */
  recvSkb(now: number, sk: UdpSock, message?: Message): SkBuff | Errno {
    return recvSkb(now, this, sk, message);
  }

  /** `how`: RCV_SHUTDOWN, SEND_SHUTDOWN or both. ENOTCONN, and done all the same, where there is no peer. */
  shutdown(_now: number, sk: UdpSock, how: number): Errno | undefined {
    return shutdown(sk, how);
  }

  /** Gives up the port and what is queued. What is on its way down still goes. */
  close(_now: number, sk: UdpSock): void {
    close(this, sk);
  }

  /** `POLL*` bits that hold now. */
  poll(sk: UdpSock): number {
    return poll(sk);
  }

  /** Sets an option of `SOL_UDP`, `SO_NO_CHECK` or `SO_PEEK_OFF`. Errors: ENOPROTOOPT, EINVAL. */
  setsockopt(now: number, sk: UdpSock, name: string, value: number): Errno | undefined {
    return setsockopt(now, this, sk, name, value);
  }

  /** The value of an option that {@link setsockopt} knows. Errors: ENOPROTOOPT. */
  getsockopt(_now: number, sk: UdpSock, name: string): number | Errno {
    return getsockopt(sk, name);
  }

  /** `SIOCINQ`: bytes of the datagram that is read next; 0 where there is none. */
  inq(sk: UdpSock): number {
    return sk.receiveQueue.first?.len ?? 0;
  }

  /** `SIOCOUTQ`: truesize of what the layers below hold for the socket, bytes. */
  outq(sk: UdpSock): number {
    return sk.wmemAlloc;
  }

  /**
   * A datagram from the network layer, which is taken over: `data` at the UDP header, `networkHeader`, `ifindex`, `ttl` and `tos`
   * set. Its checksum is verified here, before any socket sees it.
   */
  receive(now: number, skb: SkBuff, family: Family<unknown>): void {
    receive(now, this, skb, family);
  }

  /**
   * Whether a datagram, its header at `at` and `networkHeader` set, is for a socket with `UDP_GRO`: receive offload may then merge it with
   * others of its flow.
   */
  wantsGro(skb: SkBuff, at: number, family: Family<unknown>): boolean {
    return wantsGro(this, skb, at, family);
  }

  /** An ICMP error about a datagram of ours. */
  error(now: number, family: Family<unknown>, quote: Quote<unknown>): void {
    error(now, this, family, quote);
  }

  /** Every socket with a port, in no particular order: for `ss` and /proc/net/udp. */
  sockets(): IterableIterator<UdpSock> {
    return this.tables.all();
  }
}
