/**
 * Sockets over TCP: `struct proto_ops` of SOCK_STREAM.
 * @module
 */
import type { Dst, InetSock, Ipv4, OptionSock } from '@stack/ipv4/engine';
import type { Sock } from '@stack/skbuff/sock';
import {
  AF_INET,
  type ControlMessage,
  IPPROTO_TCP,
  MSG_ERRQUEUE,
  MSG_OOB,
  type OptionData,
  type Phase,
  POLLIN,
  POLLOUT,
  type Proto,
  type ReceiveMessage,
  receiveError,
  type SendMessage,
  SIOCATMARK,
  SIOCINQ,
  SIOCOUTQ,
  SIOCOUTQNSD,
  SO_MARK,
  SO_TIMESTAMPING,
  SOCK_STREAM,
  SOL_IP,
  SOL_SOCKET,
  SOL_TCP,
  type SocketAddress,
  type SocketListener,
  sentTimestamping,
  TCP_CM_INQ,
  type WireAddress,
} from '@stack/socket';
import {
  CLOSE,
  CLOSING,
  type Family,
  FIN_WAIT1,
  isRepairing,
  LAST_ACK,
  LISTEN,
  type Message,
  type OptionValue,
  type ReceivedViews,
  type SendAttempt,
  SYN_RECV,
  SYN_SENT,
  syncMss,
  type Tcp,
  type TcpSock,
} from '@stack/tcp/engine';
import { portOf, toNumber, toPeer, toText } from './inet-address.ts';
import { withNumber, withText } from './inet-keys.ts';
import { getIpOption, setIpOption } from './ip-options.ts';
import { addReceiveTimes, errorControl } from './timestamps.ts';

/** What one call of `sendmsg` says; used again for every call. */
const attempt: SendAttempt = { queued: 0, more: false, waits: false, tsflags: -1 };

/** What one call of `recvmsg` is told; used again for every call. */
const told: Message = { flags: 0, tstamp: 0, inq: 0 };

/** Told of the entry of a function of Linux that takes a socket. */
export type SkProbe = (kernelFunction: string, sk: TcpSock) => void;

/** A TCP socket as the socket layer sees it. */
export class TcpProto implements Proto {
  readonly family: number = AF_INET;
  readonly type: number = SOCK_STREAM;
  readonly protocol: number = IPPROTO_TCP;
  readonly sk: TcpSock;
  listener: SocketListener | undefined = undefined;
  readonly #tcp: Tcp;
  readonly #ipv4: Ipv4;
  readonly #probe: SkProbe;

  constructor(tcp: Tcp, ipv4: Ipv4, sk: TcpSock, probe: SkProbe) {
    this.#tcp = tcp;
    this.#ipv4 = ipv4;
    this.#probe = probe;
    this.sk = sk;
    sk.socket = this;
    sk.wake = wake;
  }

  /** A fresh socket. */
  static create(tcp: Tcp, ipv4: Ipv4, family: Family<number>, probe: SkProbe): TcpProto {
    return new TcpProto(tcp, ipv4, tcp.socket(family as Family<unknown>), probe);
  }

  bind(now: number, address: WireAddress): string | undefined {
    const local = toNumber(address);
    if (typeof local === 'string') return local;
    return this.#tcp.bind(now, this.sk, local, portOf(address));
  }

  connect(now: number, address: WireAddress): string | undefined {
    if (address.family === 'unspec') return this.#tcp.disconnect(now, this.sk);
    const peer = toNumber(address);
    if (typeof peer === 'string') return peer;
    return this.#tcp.connect(now, this.sk, peer, portOf(address));
  }

  fastopen(now: number, bytes: Uint8Array, message: SendMessage): number | string {
    const { address } = message;
    const { sk } = this;
    if (address?.family === 'unspec') return 'EOPNOTSUPP';
    if (address === undefined && sk.state === CLOSE) return 'EINVAL';
    const peer = address === undefined ? 0 : toNumber(address);
    if (typeof peer === 'string') return peer;
    const port = address === undefined ? 0 : portOf(address);
    const count = this.#tcp.fastopen(now, sk, peer, port, bytes, message.flags);
    sk.writePending = message.waits && typeof count === 'number' && count < bytes.length;
    return count;
  }

  listen(now: number, backlog: number): string | undefined {
    return this.#tcp.listen(now, this.sk, backlog);
  }

  accept(now: number): Proto | string {
    const child = this.#tcp.accept(now, this.sk);
    return typeof child === 'string' ? child : new TcpProto(this.#tcp, this.#ipv4, child, this.#probe);
  }

  phase(): Phase {
    switch (this.sk.state) {
      case CLOSE:
        return 'unconnected';
      case SYN_SENT:
        return this.sk.deferConnect ? 'deferred' : 'connecting';
      case SYN_RECV:
        return this.sk.fastopenRsk === undefined ? 'connecting' : 'connected';
      case LISTEN:
        return 'listening';
      default:
        return 'connected';
    }
  }

  sendmsg(
    now: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    message: SendMessage,
  ): number | string {
    const { sk } = this;
    const failed = readMessage(sk, message);
    if (failed !== undefined) return failed;
    const count = this.#tcp.sendmsg(now, sk, bytes, offset, length, message.flags, attempt);
    sk.writePending = count === 'EAGAIN' && message.waits;
    if (count === 'EAGAIN') this.#probe('sk_stream_wait_memory', sk);
    return count;
  }

  sendEnded(_now: number, message: SendMessage): void {
    readMessage(this.sk, message);
    this.#tcp.sendEnded(this.sk, attempt);
  }

  timestampBase(flags: number): number {
    return this.#tcp.timestampBase(this.sk, flags);
  }

  recvmsg(
    now: number,
    into: Uint8Array,
    offset: number,
    length: number,
    message: ReceiveMessage,
  ): number | string {
    if ((message.flags & MSG_ERRQUEUE) !== 0) {
      const error = this.sk.shiftError();
      const control = errorControl(this.sk, error, (this.sk.inet as InetSock).pktinfo);
      return receiveError(error, toPeer, into, offset, length, message, control);
    }
    told.flags = 0;
    told.tstamp = 0;
    this.#probe('tcp_recvmsg', this.sk);
    const count = this.#tcp.recvmsg(now, this.sk, into, offset, length, message.flags, told);
    message.messageFlags = told.flags & MSG_OOB;
    if (message.wantsControl && typeof count === 'number') message.control = controlOf(this.sk, told);
    return count;
  }

  recvViews(now: number, length: number): ReceivedViews | string {
    return this.#tcp.recvViews(now, this.sk, length);
  }

  shutdown(now: number, how: number): string | undefined {
    return this.#tcp.shutdown(now, this.sk, how + 1); // SHUT_RD 0, SHUT_WR 1, SHUT_RDWR 2 are the bits 1, 2, 3
  }

  close(now: number): void {
    this.listener = undefined;
    this.#tcp.close(now, this.sk);
  }

  closing(): boolean {
    const { state } = this.sk;
    return state === FIN_WAIT1 || state === CLOSING || state === LAST_ACK;
  }

  lingers(): boolean {
    return !isRepairing(this.sk);
  }

  getname(peer: boolean): SocketAddress | string {
    const { sk } = this;
    if (!peer) return toText((sk.saddr || sk.rcvSaddr) as number, sk.sport);
    const { state } = sk;
    if (sk.dport === 0 || state === CLOSE || state === SYN_SENT || state === LISTEN) return 'ENOTCONN';
    return toText(sk.daddr as number, sk.dport);
  }

  poll(): number {
    return this.#tcp.poll(this.sk);
  }

  setsockopt(now: number, level: number, name: string, value: OptionData): string | undefined {
    if (level === SOL_TCP || name === 'SO_OOBINLINE') {
      const own = withNumber(value);
      return own === undefined ? 'EINVAL' : this.#tcp.setsockopt(now, this.sk, name, own as OptionValue);
    }
    if (level !== SOL_IP) return 'ENOPROTOOPT';
    const fault = setIpOption(this.#ipv4, now, this.#options(), name, value);
    const { pmtuCookie } = this.sk;
    if (name === 'IP_OPTIONS' && fault === undefined && pmtuCookie > 0) syncMss(this.sk, pmtuCookie);
    return fault;
  }

  getsockopt(now: number, level: number, name: string): OptionData | { readonly errno: string } {
    if (level === SOL_TCP || name === 'SO_OOBINLINE') {
      const value = this.#tcp.getsockopt(now, this.sk, name);
      return Array.isArray(value) ? withText(value) : value;
    }
    if (level !== SOL_IP) return { errno: level === SOL_SOCKET ? 'ENOPROTOOPT' : 'EOPNOTSUPP' };
    return getIpOption(this.#ipv4, now, this.#options(), name);
  }

  optionSet(now: number, name: string): void {
    const { sk } = this;
    if (name === 'SO_KEEPALIVE') this.#tcp.setKeepalive(now, sk, sk.keepOpen);
    else if (name === 'SO_RCVLOWAT') this.#tcp.setRcvlowat(now, sk, sk.rcvlowat);
    else if (name === 'SO_SNDBUF') this.#tcp.writeSpace(sk);
    else if (name === 'SO_MARK' || name === 'SO_BINDTODEVICE') sk.dst = undefined;
  }

  ioctl(_now: number, request: number): number | string {
    switch (request) {
      case SIOCINQ:
        return this.#tcp.inq(this.sk);
      case SIOCOUTQ:
        return this.#tcp.outq(this.sk);
      case SIOCOUTQNSD:
        return this.#tcp.outqNotSent(this.sk);
      case SIOCATMARK:
        return this.#tcp.atMark(this.sk) ? 1 : 0;
      default:
        return 'ENOTTY';
    }
  }

  /** Something happened that programs wait for: `POLL*` bits. @internal */
  woken(events: number): void {
    if (events === POLLIN) this.#probe('sk_data_ready', this.sk);
    else if (events === POLLOUT) this.#probe('sk_stream_write_space', this.sk);
    else this.#probe('sk_state_change', this.sk);
    this.listener?.wake(events);
  }

  #options(): OptionSock {
    const { sk } = this;
    const dst = sk.dst as unknown as Dst | undefined;
    return { sk, inet: sk.inet as InetSock, type: 'SOCK_STREAM', dst };
  }
}

/** Takes over what a send says besides its bytes. EINVAL for what says nothing here; Linux passes over other levels than SOL_SOCKET. */
function readMessage(sk: TcpSock, { control, more, queued, waits }: SendMessage): string | undefined {
  attempt.queued = queued;
  attempt.more = more;
  attempt.waits = waits;
  attempt.tsflags = -1;
  for (const { level, type, value } of control) {
    if (level !== SOL_SOCKET || type === SO_MARK) continue;
    const flags = type === SO_TIMESTAMPING ? sentTimestamping(sk, value) : 'EINVAL';
    if (typeof flags === 'string') return flags;
    attempt.tsflags = flags;
  }
  return undefined;
}

/** The control messages that a socket asked for. */
function controlOf(sk: TcpSock, { tstamp, inq }: Message): ControlMessage[] {
  const control: ControlMessage[] = [];
  addReceiveTimes(control, sk, tstamp);
  if (sk.recvmsgInq) control.push({ level: SOL_TCP, type: TCP_CM_INQ, value: inq });
  return control;
}

function wake(sk: Sock, events: number): void {
  (sk.socket as TcpProto).woken(events);
}
