/**
 * A BSD socket. Calls that may wait are promises; the others answer at once. All fail with a `SocketError`.
 * @module
 */
import { type AddressInput, complete, type SocketAddress, type WireAddress } from './address.ts';
import { close } from './close.ts';
import { accept, connect } from './connect.ts';
import { SHUT_RD, SHUT_RDWR, SOCK_CLOEXEC, SOCK_NONBLOCK } from './constants/families.ts';
import { POLLHUP, POLLIN, POLLOUT, POLLRDHUP } from './constants/messages.ts';
import type { CallOptions, Core } from './core.ts';
import type { OptionInput, OptionValue } from './option-types.ts';
import { isFailure, optionOf, setOption } from './options.ts';
import { type Signal, toBytes } from './platform.ts';
import type { Errno } from './ports.ts';
import {
  type Received,
  type ReceivedFrom,
  type ReceiveRequest,
  recv,
  recvfrom,
  recvInto,
  recvmsg,
} from './receive-calls.ts';
import { type ReceivedViews, recvViews } from './receive-views.ts';
import { type SendRequest, sendmsg, sendto } from './send-calls.ts';
import type { Sockets } from './sockets.ts';
import { begin } from './tracing.ts';

/** Bytes that reading a socket with `for await` takes at most at once. */
const CHUNK = 65_536;

/** Flags, or flags and a signal. */
export type Options = number | CallOptions;

/** An open socket of a process: see {@link Sockets.socket}. */
export class Socket {
  /** The descriptor: 3 or more. It is given to others after {@link close}. */
  readonly fd: number;
  /** @internal */
  readonly core: Core;
  readonly #sockets: Sockets;

  /** @internal */
  constructor(sockets: Sockets, core: Core) {
    this.#sockets = sockets;
    this.core = core;
    this.fd = core.fd;
  }

  /** `AF_*`. */
  get family(): number {
    return this.core.proto.family;
  }

  /** `SOCK_*`. */
  get type(): number {
    return this.core.proto.type;
  }

  /** Whether {@link close} was called. */
  get closed(): boolean {
    return this.core.isClosed;
  }

  /** `O_NONBLOCK`: calls fail with EAGAIN (connect: EINPROGRESS) instead of waiting. */
  get nonblocking(): boolean {
    return this.core.nonblocking;
  }

  set nonblocking(on: boolean) {
    this.core.nonblocking = on;
  }

  /** Takes a local address. EADDRINUSE, EADDRNOTAVAIL, EINVAL (it has one), EACCES. @throws RangeError for a bad port. */
  bind(address: AddressInput): void {
    const full = this.#complete(address);
    const { fd } = this;
    const call = begin(this.core, () => ({ name: 'bind', fd, address: full }));
    const errno = this.#errno((now) => this.core.proto.bind(now, full));
    call?.end(errno ?? 0);
    if (errno !== undefined) throw this.core.error('bind', errno, full);
  }

  /** Listens, with room for `backlog` connections that nobody accepted yet. EADDRINUSE, EINVAL, EOPNOTSUPP. */
  listen(backlog = 128): void {
    const call = begin(this.core, () => ({ name: 'listen', fd: this.fd, backlog }));
    const errno = this.#errno((now) => this.core.proto.listen(now, backlog));
    call?.end(errno ?? 0);
    if (errno !== undefined) throw this.core.error('listen', errno);
  }

  /** Waits for a connection. `flags`: SOCK_NONBLOCK. EAGAIN, EINVAL (it does not listen), EMFILE, EOPNOTSUPP. */
  async accept(options: Options = 0): Promise<Socket> {
    const { core, fd } = this;
    const { flags = 0, signal } = optionsOf(options);
    const name = flags === 0 ? 'accept' : 'accept4';
    const { family } = core.proto;
    const call = begin(core, () => ({ name, fd, family, flags, address: undefined }));
    let result = (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) === 0 ? this.#sockets.full() : 'EINVAL';
    const child = result ?? (await accept(core, { signal }));
    core.kernel.woke();
    if (typeof child !== 'string') {
      const opened = this.#sockets.open(child, flags);
      if (typeof opened !== 'string') {
        opened.core.connection = 'connected';
        opened.core.rcvtimeo = core.rcvtimeo; // inherited, as Linux clones the listener's sock; O_NONBLOCK is not
        opened.core.sndtimeo = core.sndtimeo;
        const address = child.getname(true);
        call?.end(opened.fd, typeof address === 'string' ? {} : { address });
        return opened;
      }
      child.close(core.kernel.now());
      result = opened;
    } else result = child;
    call?.end(result);
    throw this.#failure('accept', result, signal);
  }

  /**
   * Connects, and waits until it is connected. Without {@link nonblocking}: ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT,
   * EINPROGRESS (SO_SNDTIMEO), EISCONN. A datagram socket only remembers the address; `{ family: 'unspec' }` forgets it.
   */
  async connect(address: AddressInput, options: { signal?: Signal | undefined } = {}): Promise<void> {
    const full = this.#complete(address);
    const { core, fd } = this;
    const call = begin(core, () => ({ name: 'connect', fd, address: full }));
    const errno = await connect(core, full, options);
    core.kernel.woke();
    call?.end(errno ?? 0);
    if (errno !== undefined) throw this.#failure('connect', errno, options.signal, full);
  }

  /** Sends; how many bytes. A stream that waits queues all of them. EAGAIN, EPIPE, ECONNRESET, ENOTCONN, EMSGSIZE, … */
  send(data: Uint8Array | string, options: Options = 0): Promise<number> {
    return sendto(this.core, 'send', toBytes(data), undefined, optionsOf(options));
  }

  /** {@link send} to an address: of a datagram socket. */
  async sendto(data: Uint8Array | string, address: AddressInput, options: Options = 0): Promise<number> {
    return sendto(this.core, 'sendto', toBytes(data), this.#complete(address), optionsOf(options));
  }

  /** Sends several buffers, an address and control messages. A datagram socket makes one datagram of them. */
  async sendmsg(message: SendRequest): Promise<number> {
    const { address } = message;
    return sendmsg(this.core, message, address === undefined ? undefined : this.#complete(address));
  }

  /** Sends until all is sent: one `send` or more. @throws as {@link send}; how much was sent by then is not known. */
  async sendall(data: Uint8Array | string, options: Options = 0): Promise<void> {
    let rest = toBytes(data);
    do {
      const count = await this.send(rest, options);
      rest = rest.subarray(count);
    } while (rest.length > 0);
  }

  /**
   * Waits for bytes, at most `length`. Of a stream: at least one, or as many as SO_RCVLOWAT or MSG_WAITALL ask for; none when the
   * peer sends no more. Of a datagram socket: one datagram, whose rest is lost. EAGAIN, ECONNRESET, ENOTCONN, …
   */
  recv(length: number, options: Options = 0): Promise<Uint8Array> {
    return recv(this.core, length, optionsOf(options));
  }

  /** {@link recv}, and who sent it: `undefined` on a stream. */
  recvfrom(length: number, options: Options = 0): Promise<ReceivedFrom> {
    return recvfrom(this.core, length, optionsOf(options));
  }

  /** {@link recv} into a buffer; how many bytes, or with MSG_TRUNC how long the datagram was. */
  recvInto(buffer: Uint8Array, options: Options = 0): Promise<number> {
    return recvInto(this.core, buffer, optionsOf(options));
  }

  /**
   * {@link recv} of a stream without a copy: views of the bytes where they lie, until they are released. Only MSG_DONTWAIT. EOPNOTSUPP.
   */
  recvViews(length: number, options: Options = 0): Promise<ReceivedViews> {
    return recvViews(this.core, length, optionsOf(options));
  }

  /** {@link recv} with all that comes along: the address, control messages, flags. MSG_ERRQUEUE reads the queue of errors. */
  recvmsg(request: ReceiveRequest): Promise<Received> {
    return recvmsg(this.core, request);
  }

  /** Ends one direction, or both: `SHUT_RD`, `SHUT_WR`, `SHUT_RDWR`. ENOTCONN. */
  shutdown(how: number): void {
    const { core, fd } = this;
    const call = begin(core, () => ({ name: 'shutdown', fd, how }));
    const isKnown = how >= SHUT_RD && how <= SHUT_RDWR;
    const errno = isKnown ? this.#errno((now) => core.proto.shutdown(now, how)) : 'EINVAL';
    // A handshake is called off by it.
    if (core.connection === 'connecting' && core.proto.phase() === 'unconnected')
      core.connection = 'unconnected';
    // Whoever waits for what will not come any more looks again.
    if (errno === undefined) core.wake(POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
    call?.end(errno ?? 0);
    if (errno !== undefined) throw core.error('shutdown', errno);
  }

  /**
   * Closes. Calls that wait end with EBADF. It waits itself only where SO_LINGER says so. EBADF where it is closed already; other than
   * that it never fails.
   */
  async close(): Promise<void> {
    const { core } = this;
    if (core.isClosed) throw core.error('close', 'EBADF');
    const call = begin(core, () => ({ name: 'close', fd: this.fd }));
    this.#sockets.forget(this);
    const lingering = close(core);
    if (lingering !== undefined) await lingering;
    core.kernel.woke();
    call?.end(0);
  }

  /** {@link close}, unless it is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.core.isClosed) await this.close();
  }

  /** The local address. */
  getsockname(): SocketAddress {
    return this.#getname('getsockname');
  }

  /** The peer's address. ENOTCONN. */
  getpeername(): SocketAddress {
    return this.#getname('getpeername');
  }

  /** Sets an option: `setsockopt(SOL_TCP, TCP_NODELAY, true)`. ENOPROTOOPT, EINVAL, EDOM, EPERM, … */
  setsockopt<L extends number, O extends number>(level: L, option: O, value: OptionInput<L, O>): void {
    const { core, fd } = this;
    const data = typeof value === 'boolean' ? Number(value) : (value as Exclude<typeof value, boolean>);
    const call = begin(core, () => ({ name: 'setsockopt', fd, level, option, value: data }));
    const errno = setOption(core, level, option, data);
    call?.end(errno ?? 0);
    if (errno !== undefined) throw core.error('setsockopt', errno);
  }

  /** Reads an option. ENOPROTOOPT, … */
  getsockopt<L extends number, O extends number>(level: L, option: O): OptionValue<L, O> {
    const { core, fd } = this;
    const call = begin(core, () => ({ name: 'getsockopt', fd, level, option, value: undefined }));
    const answer = optionOf(core, level, option);
    if (isFailure(answer)) {
      call?.end(answer.errno);
      throw core.error('getsockopt', answer.errno);
    }
    call?.end(0, { value: answer });
    return answer as OptionValue<L, O>;
  }

  /** Asks for a number: `SIOCINQ`, `SIOCOUTQ`, `SIOCATMARK`. ENOTTY, EINVAL. */
  ioctl(request: number): number {
    const { core, fd } = this;
    const call = begin(core, () => ({ name: 'ioctl', fd, request, value: 0 }));
    const answer = core.isClosed ? 'EBADF' : core.run((now, proto) => proto.ioctl(now, request));
    call?.end(typeof answer === 'string' ? answer : 0, typeof answer === 'string' ? {} : { value: answer });
    if (typeof answer === 'string') throw core.error('ioctl', answer);
    return answer;
  }

  /** Waits for events of this socket alone: see {@link Sockets.poll}. Which of them are true; 0 after `timeout` ms. */
  async poll(events: number, timeout = -1, signal?: Signal): Promise<number> {
    const entry = { socket: this as Socket, events, revents: 0 };
    await this.#sockets.poll([entry], timeout, signal);
    return entry.revents;
  }

  /**
   * Tells `listener` of events as they happen: `POLL*` bits that may have become true. It only takes note, and must not throw. What epoll
   * is made of. Returns what ends it.
   */
  watch(listener: (events: number) => void): () => void {
    const { core } = this;
    const watcher = (events: number): void => listener(events);
    core.watchers ??= new Set();
    core.watchers.add(watcher);
    return () => core.watchers?.delete(watcher);
  }

  /** The bytes of a stream, chunk by chunk, until the peer sends no more. Leaving the loop leaves the socket open. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (let chunk = await this.recv(CHUNK); chunk.length > 0; chunk = await this.recv(CHUNK)) yield chunk;
  }

  #getname(name: 'getsockname' | 'getpeername'): SocketAddress {
    const { core, fd } = this;
    const { family } = core.proto;
    const call = begin(core, () => ({ name, fd, family, address: undefined }));
    const answer = core.isClosed ? 'EBADF' : core.proto.getname(name === 'getpeername');
    call?.end(typeof answer === 'string' ? answer : 0, typeof answer === 'string' ? {} : { address: answer });
    if (typeof answer === 'string') throw core.error(name, answer);
    return answer;
  }

  #complete(address: AddressInput): WireAddress {
    return complete(address, this.core.proto.family, this.core.kernel);
  }

  #errno(body: (now: number) => Errno | undefined): Errno | undefined {
    return this.core.isClosed ? 'EBADF' : this.core.run(body);
  }

  #failure(syscall: string, errno: Errno, signal: Signal | undefined, about?: WireAddress): unknown {
    return errno === 'EINTR' && signal?.aborted ? signal.reason : this.core.error(syscall, errno, about);
  }
}

function optionsOf(options: Options): CallOptions {
  return typeof options === 'number' ? { flags: options } : options;
}
