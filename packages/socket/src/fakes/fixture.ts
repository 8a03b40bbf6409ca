/**
 * Protocols in memory whose network moves when told.
 * @module
 */
import type { SocketAddress, WireAddress } from '../address.ts';
import {
  AF_INET,
  IPPROTO_TCP,
  IPPROTO_UDP,
  MSG_PEEK,
  MSG_TRUNC,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  SHUT_RD,
  SHUT_WR,
  SIOCINQ,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../index.ts';
import { PlainSock } from '../plain-sock.ts';
import type {
  Errno,
  OptionData,
  Phase,
  Proto,
  ReceiveMessage,
  SendMessage,
  SocketListener,
} from '../ports.ts';

/** What both protocols have in common. */
abstract class FakeProto {
  readonly family: number = AF_INET;
  readonly sk: PlainSock = new PlainSock();
  listener: SocketListener | undefined = undefined;
  local: SocketAddress = { address: '0.0.0.0', family: 'IPv4', port: 0 };
  remote: SocketAddress | undefined = undefined;
  isClosed = false;
  /** Options of other levels, by name. */
  readonly options: Map<string, OptionData> = new Map();
  /** Names that {@link optionSet} was told. */
  readonly set: string[] = [];

  bind(_now: number, address: WireAddress): Errno | undefined {
    if (address.family !== 'IPv4') return 'EAFNOSUPPORT';
    if (address.port === 99) return 'EADDRINUSE';
    this.local = address;
    return undefined;
  }

  getname(peer: boolean): SocketAddress | Errno {
    return peer ? (this.remote ?? 'ENOTCONN') : this.local;
  }

  setsockopt(_now: number, level: number, name: string, value: OptionData): Errno | undefined {
    if (level === SOL_SOCKET && name !== 'SO_OOBINLINE') return 'ENOPROTOOPT';
    this.options.set(name, value);
    return undefined;
  }

  getsockopt(_now: number, _level: number, name: string): OptionData | { readonly errno: Errno } {
    return this.options.get(name) ?? { errno: 'ENOPROTOOPT' };
  }

  optionSet(_now: number, name: string): void {
    this.set.push(name);
  }

  close(_now: number): void {
    this.isClosed = true;
  }

  /** An error that the next call gets. */
  fail(errno: string): void {
    this.sk.err = errno;
    this.listener?.wake(POLLERR);
  }
}

/** A stream whose bytes travel when {@link deliver} is called. */
export class FakeStream extends FakeProto implements Proto {
  readonly type: number = SOCK_STREAM;
  readonly protocol: number = IPPROTO_TCP;
  peer: FakeStream | undefined = undefined;
  state: Phase = 'unconnected';
  /** Bytes that may wait to be sent. */
  room = 1000;
  sent: number[] = [];
  received: number[] = [];
  backlog: FakeStream[] = [];
  /** Flags of each send that took bytes. */
  readonly flags: number[] = [];
  /** Buffers that receives were given, by size. */
  readonly sizes: number[] = [];
  hasFinished = false;
  isUnacknowledged = false;
  /** Calls of {@link sendEnded}. */
  ended = 0;

  sendEnded(): void {
    this.ended++;
  }

  /** Two connected ends. */
  static pair(): [FakeStream, FakeStream] {
    const a = new FakeStream();
    const b = new FakeStream();
    a.join(b, '192.168.1.10', 40_000);
    b.join(a, '192.168.1.100', 80);
    return [a, b];
  }

  join(peer: FakeStream, address: string, port: number): void {
    this.peer = peer;
    this.state = 'connected';
    this.local = { address, family: 'IPv4', port };
    peer.remote = this.local;
  }

  connect(_now: number, address: WireAddress): Errno | undefined {
    if (address.family === 'unspec') {
      this.state = 'unconnected';
      this.remote = undefined;
      return undefined;
    }
    if (address.family !== 'IPv4') return 'EAFNOSUPPORT';
    if (address.port === 9) return 'ENETUNREACH';
    this.state = 'connecting';
    this.remote = address;
    return 'EINPROGRESS';
  }

  /** The handshake ends. */
  finishConnect(errno = ''): void {
    this.state = errno === '' ? 'connected' : 'unconnected';
    this.sk.err = errno;
    this.listener?.wake(errno === '' ? POLLOUT : POLLERR | POLLHUP);
  }

  listen(_now: number, _backlog: number): Errno | undefined {
    this.state = 'listening';
    return undefined;
  }

  /** A connection that waits to be accepted, and its peer. */
  offer(): FakeStream {
    const [peer, child] = FakeStream.pair();
    this.backlog.push(child);
    this.listener?.wake(POLLIN);
    return peer;
  }

  accept(_now: number): Proto | Errno {
    if (this.state !== 'listening') return 'EINVAL';
    return this.backlog.shift() ?? 'EAGAIN';
  }

  phase(): Phase {
    return this.state;
  }

  sendmsg(
    _now: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    message: SendMessage,
  ): number | Errno {
    const errno = this.sk.takeError();
    if (errno !== '') return errno;
    if (this.state === 'connecting') return 'EAGAIN';
    if (this.state !== 'connected' || (this.sk.shutdown & SEND_SHUTDOWN) !== 0) return 'EPIPE';
    const count = Math.min(length, this.room - this.sent.length);
    if (count === 0 && length > 0) return 'EAGAIN';
    for (let i = 0; i < count; i++) this.sent.push(bytes[offset + i] as number);
    this.flags.push(message.flags);
    return count;
  }

  recvmsg(
    _now: number,
    into: Uint8Array,
    offset: number,
    length: number,
    message: ReceiveMessage,
  ): number | Errno {
    this.sizes.push(into.length);
    if (this.received.length === 0) {
      const errno = this.sk.takeError();
      if (errno !== '') return errno;
      if ((this.sk.shutdown & RCV_SHUTDOWN) !== 0) return 0;
      return this.state === 'unconnected' ? 'ENOTCONN' : 'EAGAIN';
    }
    const count = Math.min(length, this.received.length);
    for (let i = 0; i < count; i++) into[offset + i] = this.received[i] as number;
    if ((message.flags & MSG_PEEK) === 0) this.received.splice(0, count);
    return count;
  }

  /** Moves up to `count` bytes to the peer; with all of them, the end of the stream. */
  deliver(count: number = Number.POSITIVE_INFINITY): void {
    const { peer } = this;
    if (peer === undefined) return;
    const moved = this.sent.splice(0, count);
    for (const byte of moved) peer.received.push(byte);
    if (moved.length > 0) peer.listener?.wake(POLLIN);
    if (moved.length > 0) this.listener?.wake(POLLOUT);
    if (!this.hasFinished || this.sent.length > 0) return;
    this.isUnacknowledged = false;
    peer.sk.shutdown |= RCV_SHUTDOWN;
    peer.listener?.wake(POLLIN | POLLRDHUP);
    this.listener?.wake(POLLHUP);
  }

  shutdown(_now: number, how: number): Errno | undefined {
    if (this.state !== 'connected') return 'ENOTCONN';
    if (how !== SHUT_WR) this.sk.shutdown |= RCV_SHUTDOWN;
    if (how === SHUT_RD) return undefined;
    this.sk.shutdown |= SEND_SHUTDOWN;
    this.hasFinished = true;
    this.isUnacknowledged = true;
    return undefined;
  }

  closing(): boolean {
    return this.isUnacknowledged;
  }

  poll(): number {
    let events = 0;
    const { err, shutdown, rcvlowat } = this.sk;
    if (err !== '') events |= POLLERR;
    if (this.state === 'listening') return events | (this.backlog.length > 0 ? POLLIN : 0);
    if (this.state === 'unconnected') return events | POLLOUT | POLLHUP;
    if (this.received.length >= rcvlowat || (shutdown & RCV_SHUTDOWN) !== 0) events |= POLLIN;
    if ((shutdown & RCV_SHUTDOWN) !== 0) events |= POLLRDHUP;
    if (this.state === 'connected' && this.sent.length < this.room) events |= POLLOUT;
    return events;
  }

  ioctl(_now: number, request: number): number | Errno {
    if (this.state === 'listening') return 'EINVAL';
    return request === SIOCINQ ? this.received.length : 'ENOTTY';
  }
}

/** Datagrams; what is sent is kept, what is received is pushed. */
export class FakeDatagram extends FakeProto implements Proto {
  readonly type: number = SOCK_DGRAM;
  readonly protocol: number = IPPROTO_UDP;
  readonly sent: { bytes: Uint8Array; message: SendMessage }[] = [];
  readonly received: { bytes: Uint8Array; address: SocketAddress }[] = [];
  /** Datagrams that may wait to be sent. */
  room = 3;

  connect(_now: number, address: WireAddress): Errno | undefined {
    this.remote = address.family === 'unspec' ? undefined : address;
    return undefined;
  }

  listen(): Errno {
    return 'EOPNOTSUPP';
  }

  accept(): Errno {
    return 'EOPNOTSUPP';
  }

  phase(): Phase {
    return this.remote === undefined ? 'unconnected' : 'connected';
  }

  sendmsg(
    _now: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    message: SendMessage,
  ): number | Errno {
    if (message.address === undefined && this.remote === undefined) return 'EDESTADDRREQ';
    if (length > 65_507) return 'EMSGSIZE';
    if (this.sent.length >= this.room) return 'EAGAIN';
    this.sent.push({ bytes: bytes.slice(offset, offset + length), message: { ...message } });
    return length;
  }

  recvmsg(
    _now: number,
    into: Uint8Array,
    offset: number,
    length: number,
    message: ReceiveMessage,
  ): number | Errno {
    const errno = this.sk.takeError();
    if (errno !== '') return errno;
    const first = this.received[0];
    if (first === undefined) return 'EAGAIN';
    if ((message.flags & MSG_PEEK) === 0) this.received.shift();
    const count = Math.min(length, first.bytes.length);
    into.set(first.bytes.subarray(0, count), offset);
    if (message.wantsAddress) message.address = first.address;
    message.messageFlags = count < first.bytes.length ? MSG_TRUNC : 0;
    return (message.flags & MSG_TRUNC) !== 0 ? first.bytes.length : count;
  }

  push(bytes: Uint8Array, port = 53): void {
    this.received.push({ bytes, address: { address: '192.168.1.1', family: 'IPv4', port } });
    this.listener?.wake(POLLIN);
  }

  shutdown(): Errno | undefined {
    return this.remote === undefined ? 'ENOTCONN' : undefined;
  }

  poll(): number {
    return (this.received.length > 0 ? POLLIN : 0) | (this.sent.length < this.room ? POLLOUT : 0);
  }

  ioctl(_now: number, request: number): number | Errno {
    return request === SIOCINQ ? (this.received[0]?.bytes.length ?? 0) : 'ENOTTY';
  }
}
