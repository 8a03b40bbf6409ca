/**
 * What the tests share: a kernel of hand-moved time, and protocols in memory whose network moves when told.
 * @module
 */
import type { SocketAddress, WireAddress } from './address.ts';
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
} from './index.ts';
import { PlainSock } from './plain-sock.ts';
import type {
  Capability,
  Errno,
  Kernel,
  OptionData,
  Phase,
  Proto,
  ReceiveMessage,
  SendMessage,
  SocketListener,
  Timer,
} from './ports.ts';
import type { Socket } from './socket.ts';
import { Sockets, type SocketsOptions } from './sockets.ts';
import type { SyscallTracer } from './trace.ts';

/** Passes what is ready to run: promises settled, and what follows from them. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 100; i++) await undefined;
}

export class FakeKernel implements Kernel {
  time = 0;
  depth = 0;
  wakes = 0;
  waiters = 0;
  capabilities: Capability[] = ['CAP_NET_ADMIN', 'CAP_NET_RAW'];
  tracer: SyscallTracer | undefined = undefined;
  readonly sysctl: { rmem_max: number; wmem_max: number } = { rmem_max: 212_992, wmem_max: 212_992 };
  /** Called when the outermost call is left, once: what softirqs would do. */
  softirq: (() => void) | undefined = undefined;
  /** Last socket's protocol that was made. */
  made: Proto | undefined = undefined;
  readonly #timers: { expires: number; fire: () => void }[] = [];

  now(): number {
    return this.time;
  }

  timer<A>(fire: (now: number, argument: A) => void, argument: A): Timer {
    const entry = { expires: 0, fire: () => fire(this.time, argument) };
    const list = this.#timers;
    return {
      mod(expires: number): void {
        entry.expires = expires;
        if (!list.includes(entry)) list.push(entry);
      },
      del(): boolean {
        const index = list.indexOf(entry);
        if (index >= 0) list.splice(index, 1);
        return index >= 0;
      },
    };
  }

  /** Timers that are armed. */
  get armed(): number {
    return this.#timers.length;
  }

  /** Moves the time on, and lets everything happen that does. */
  async advance(duration: number): Promise<void> {
    const end = this.time + duration;
    await settle();
    for (;;) {
      const due = this.#timers
        .filter(({ expires }) => expires <= end)
        .sort((a, b) => a.expires - b.expires)[0];
      if (due === undefined) break;
      this.time = Math.max(this.time, due.expires);
      this.#timers.splice(this.#timers.indexOf(due), 1);
      due.fire();
      await settle();
    }
    this.time = end;
  }

  enter(): void {
    this.depth++;
  }

  exit(): void {
    this.depth--;
    const { softirq } = this;
    if (this.depth > 0 || softirq === undefined) return;
    this.softirq = undefined;
    softirq();
  }

  woke(): void {
    this.wakes++;
  }

  waiting(change: 1 | -1): void {
    this.waiters += change;
  }

  create(family: number, type: number, _protocol: number): Proto | Errno {
    if (family !== AF_INET) return 'EAFNOSUPPORT';
    if (type === SOCK_STREAM) this.made = new FakeStream();
    else if (type === SOCK_DGRAM) this.made = new FakeDatagram();
    else return 'ESOCKTNOSUPPORT';
    return this.made;
  }

  capable(capability: Capability): boolean {
    return this.capabilities.includes(capability);
  }

  ifindex(name: string): number {
    return ['lo', 'eth0'].indexOf(name) + 1;
  }

  ifname(ifindex: number): string {
    return ['', 'lo', 'eth0'][ifindex] ?? '';
  }
}

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

/** A process on a fake kernel. */
export function start(options?: SocketsOptions): { kernel: FakeKernel; sockets: Sockets } {
  const kernel = new FakeKernel();
  return { kernel, sockets: new Sockets(kernel, options) };
}

/** A socket that is connected, its protocol, and the protocol of the peer. */
export function connected(options?: SocketsOptions): {
  kernel: FakeKernel;
  sockets: Sockets;
  socket: Socket;
  proto: FakeStream;
  peer: FakeStream;
} {
  const { kernel, sockets } = start(options);
  const socket = sockets.socket(AF_INET, SOCK_STREAM);
  const proto = kernel.made as FakeStream;
  const peer = new FakeStream();
  proto.join(peer, '192.168.1.10', 40_000);
  peer.join(proto, '192.168.1.100', 80);
  socket.core.connection = 'connected';
  return { kernel, sockets, socket, proto, peer };
}

/** Text as bytes. */
export function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Bytes as text. */
export function text(data: Iterable<number>): string {
  return String.fromCharCode(...data);
}

/** Where a promise stands, without waiting for it. */
export function watch<T>(promise: Promise<T>): { value: T | undefined; error: unknown; state: string } {
  const seen = { value: undefined as T | undefined, error: undefined as unknown, state: 'pending' };
  promise.then(
    (value) => {
      seen.value = value;
      seen.state = 'resolved';
    },
    (error: unknown) => {
      seen.error = error;
      seen.state = 'rejected';
    },
  );
  return seen;
}

/** An `AbortSignal` without a platform. */
export class FakeSignal {
  aborted = false;
  reason: unknown = undefined;
  readonly listeners: Set<() => void> = new Set();

  addEventListener(_type: 'abort', listener: () => void): void {
    this.listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.listeners.delete(listener);
  }

  abort(reason: unknown): void {
    this.aborted = true;
    this.reason = reason;
    for (const listener of this.listeners) listener();
  }
}
