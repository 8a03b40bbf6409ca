/**
 * `struct proto_ops` of the datagram sockets of AF_INET: what UDP, raw and ping sockets have in common towards the socket layer.
 * @module
 */
import type { Dst, InetSock, Ipv4, OptionSock } from '@stack/ipv4/engine';
import type { Sock } from '@stack/skbuff/sock';
import {
  AF_INET,
  MSG_ERRQUEUE,
  type OptionData,
  type Phase,
  type Proto,
  type ReceiveMessage,
  receiveError,
  type SendMessage,
  SIOCINQ,
  SIOCOUTQ,
  SOL_IP,
  type SocketAddress,
  type SocketListener,
  type WireAddress,
} from '@stack/socket';
import { controlOf, type DatagramMessage, readControl } from './datagram-control.ts';
import { portOf, toNumber, toPeer, toText } from './inet-address.ts';
import { getIpOption, setIpOption } from './ip-options.ts';
import { errorControl } from './timestamps.ts';

const MSG_DONTWAIT = 0x40;
const RCV_SHUTDOWN = 1;

/** A datagram socket below the socket layer. */
export interface DatagramSock extends Sock {
  saddr: unknown;
  rcvSaddr: unknown;
  daddr: unknown;
  readonly inet: unknown;
  /** `CLOSE` while not connected. */
  readonly state: 'CLOSE' | 'ESTABLISHED';
  readonly protocol: number;
}

/** The calls of an engine of datagrams. */
export interface DatagramEngine<S> {
  bind(now: number, sk: S, address: number, port: number): string | undefined;
  connect(now: number, sk: S, address: number, port: number): string | undefined;
  disconnect(now: number, sk: S): string | undefined;
  sendmsg(
    now: number,
    sk: S,
    bytes: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    message: never,
  ): number | string;
  recvmsg(
    now: number,
    sk: S,
    into: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    message: never,
  ): number | string;
  shutdown(now: number, sk: S, how: number): string | undefined;
  close(now: number, sk: S): void;
  poll(sk: S): number;
}

/** A datagram socket as the socket layer sees it. */
export abstract class DatagramProto<S extends DatagramSock> implements Proto {
  readonly family: number = AF_INET;
  abstract readonly type: number;
  readonly protocol: number;
  readonly sk: S;
  listener: SocketListener | undefined = undefined;
  /** The message of the call that is going on; one for all sockets of a protocol. */
  protected readonly message: DatagramMessage;
  protected readonly ipv4: Ipv4;
  readonly #engine: DatagramEngine<S>;

  constructor(engine: DatagramEngine<S>, ipv4: Ipv4, sk: S, message: DatagramMessage) {
    this.#engine = engine;
    this.ipv4 = ipv4;
    this.sk = sk;
    this.protocol = sk.protocol;
    this.message = message;
    sk.socket = this;
    sk.wake = wake;
  }

  /** Options of the IPv4 layer. */
  protected get inet(): InetSock {
    return this.sk.inet as InetSock;
  }

  /** What stands where a port does: the socket's own, or the peer's. */
  protected abstract port(peer: boolean): number;
  /** Options of levels other than SOL_IP. */
  protected abstract setOption(
    now: number,
    level: number,
    name: string,
    value: OptionData,
  ): string | undefined;
  /** The value of one. */
  protected abstract getOption(
    now: number,
    level: number,
    name: string,
  ): OptionData | { readonly errno: string };
  /** The kind of socket that IP options ask for, and where it is connected to. */
  protected abstract optionSock(): OptionSock;

  bind(now: number, address: WireAddress): string | undefined {
    const local = toNumber(address);
    return typeof local === 'string' ? local : this.#engine.bind(now, this.sk, local, portOf(address));
  }

  connect(now: number, address: WireAddress): string | undefined {
    if (address.family === 'unspec') return this.#engine.disconnect(now, this.sk);
    const peer = toNumber(address);
    return typeof peer === 'string' ? peer : this.#engine.connect(now, this.sk, peer, portOf(address));
  }

  listen(): string {
    return 'EOPNOTSUPP';
  }

  accept(): string {
    return 'EOPNOTSUPP';
  }

  phase(): Phase {
    return this.sk.state === 'CLOSE' ? 'unconnected' : 'connected';
  }

  sendmsg(
    now: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    asked: SendMessage,
  ): number | string {
    const { message, sk } = this;
    const { address, flags } = asked;
    message.address = undefined;
    if (address !== undefined) {
      const peer = toNumber(address);
      if (typeof peer === 'string') return peer;
      message.address = peer;
      if (message.port !== undefined) message.port = portOf(address);
    }
    const fault = readControl(sk, message, asked.control);
    if (fault !== undefined) return fault;
    return this.#engine.sendmsg(now, sk, bytes, offset, length, flags, message as never);
  }

  recvmsg(
    now: number,
    into: Uint8Array,
    offset: number,
    length: number,
    asked: ReceiveMessage,
  ): number | string {
    const { message, sk } = this;
    const flags = asked.flags | MSG_DONTWAIT;
    const count = this.#engine.recvmsg(now, sk, into, offset, length, flags, message as never);
    // Who shut reading down does not wait for more: that is the end. Linux tells it to those alone who would wait.
    if (typeof count === 'string') {
      return count === 'EAGAIN' && asked.waits && (sk.shutdown & RCV_SHUTDOWN) !== 0 ? 0 : count;
    }
    if ((flags & MSG_ERRQUEUE) !== 0) {
      const control = errorControl(sk, message.error, this.inet.pktinfo);
      return receiveError(message.error, toPeer, into, offset, length, asked, control);
    }
    asked.messageFlags = message.flags;
    if (asked.wantsAddress && message.address !== undefined) {
      asked.address = toPeer(message.address, message.port ?? 0);
    }
    if (asked.wantsControl) asked.control = controlOf(sk, this.inet, message);
    return count;
  }

  shutdown(now: number, how: number): string | undefined {
    return this.#engine.shutdown(now, this.sk, how + 1); // SHUT_RD 0, SHUT_WR 1, SHUT_RDWR 2 are the bits 1, 2, 3
  }

  close(now: number): void {
    this.listener = undefined;
    this.ipv4.dropMemberships(now, this.inet);
    this.#engine.close(now, this.sk);
  }

  getname(peer: boolean): SocketAddress | string {
    const { sk } = this;
    if (!peer) return toText((sk.saddr || sk.rcvSaddr) as number, this.port(false));
    // Linux: a peer without a port is none.
    const port = this.port(true);
    return sk.state === 'CLOSE' || port === 0 ? 'ENOTCONN' : toText(sk.daddr as number, port);
  }

  poll(): number {
    return this.#engine.poll(this.sk);
  }

  setsockopt(now: number, level: number, name: string, value: OptionData): string | undefined {
    if (level !== SOL_IP) return this.setOption(now, level, name, value);
    return setIpOption(this.ipv4, now, this.optionSock(), name, value);
  }

  getsockopt(now: number, level: number, name: string): OptionData | { readonly errno: string } {
    if (level !== SOL_IP) return this.getOption(now, level, name);
    return getIpOption(this.ipv4, now, this.optionSock(), name);
  }

  ioctl(_now: number, request: number): number | string {
    if (request === SIOCINQ) return this.sk.receiveQueue.first?.len ?? 0;
    return request === SIOCOUTQ ? this.sk.wmemAlloc : 'ENOTTY';
  }
}

/** The destination a socket has cached, as IPv4 made it. */
export function asDst(dst: unknown): Dst | undefined {
  return dst as Dst | undefined;
}

function wake(sk: Sock, events: number): void {
  (sk.socket as Proto).listener?.wake(events);
}
