/**
 * Sockets over IPv4 itself: `struct proto_ops` of SOCK_RAW.
 * @module
 */
import { formatAddress, parseAddress } from '@stack/ipv4';
import { type Ipv4, RawMessage, type RawSock } from '@stack/ipv4/engine';
import type { Sock } from '@stack/skbuff/sock';
import {
  AF_INET,
  type ControlMessage,
  IP_PKTINFO,
  IP_TOS,
  IP_TTL,
  MSG_ERRQUEUE,
  type OptionData,
  type PacketInfo,
  type Phase,
  type Proto,
  type ReceiveMessage,
  receiveError,
  type SendMessage,
  SIOCINQ,
  SIOCOUTQ,
  SO_TIMESTAMP,
  SOCK_RAW,
  SOL_IP,
  SOL_RAW,
  SOL_SOCKET,
  type SocketAddress,
  type SocketListener,
  type WireAddress,
} from '@stack/socket';
import { toNumber, toPeer, toText } from './inet-address.ts';
import { getIpOption, setIpOption } from './ip-options.ts';

const MSG_DONTWAIT = 0x40;
const message = new RawMessage();

/** A raw socket as the socket layer sees it. */
export class RawProto implements Proto {
  readonly family: number = AF_INET;
  readonly type: number = SOCK_RAW;
  readonly sk: RawSock;
  listener: SocketListener | undefined = undefined;
  readonly #ipv4: Ipv4;

  constructor(ipv4: Ipv4, sk: RawSock) {
    this.#ipv4 = ipv4;
    this.sk = sk;
    sk.socket = this;
    sk.wake = wake;
  }

  get protocol(): number {
    return this.sk.protocol;
  }

  bind(now: number, address: WireAddress): string | undefined {
    const local = toNumber(address);
    return typeof local === 'string' ? local : this.#ipv4.raw.bind(now, this.sk, local);
  }

  connect(now: number, address: WireAddress): string | undefined {
    if (address.family === 'unspec') return this.#ipv4.raw.disconnect(now, this.sk);
    const peer = toNumber(address);
    return typeof peer === 'string' ? peer : this.#ipv4.raw.connect(now, this.sk, peer);
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
    message.address = undefined;
    if (asked.address !== undefined) {
      const peer = toNumber(asked.address);
      if (typeof peer === 'string') return peer;
      message.address = peer;
    }
    const fault = readControl(asked.control);
    if (fault !== undefined) return fault;
    return this.#ipv4.raw.sendmsg(now, this.sk, bytes, offset, length, asked.flags, message);
  }

  recvmsg(
    now: number,
    into: Uint8Array,
    offset: number,
    length: number,
    asked: ReceiveMessage,
  ): number | string {
    const flags = asked.flags | MSG_DONTWAIT;
    const count = this.#ipv4.raw.recvmsg(now, this.sk, into, offset, length, flags, message);
    if (typeof count === 'string') return count === 'EAGAIN' && (this.sk.shutdown & 1) !== 0 ? 0 : count;
    asked.messageFlags = message.flags;
    if (asked.wantsAddress && message.address !== undefined) asked.address = toText(message.address, 0);
    if ((flags & MSG_ERRQUEUE) !== 0) {
      return receiveError(message.error, toPeer, into, offset, length, asked);
    }
    if (asked.wantsControl) asked.control = controlOf(this.sk);
    return count;
  }

  shutdown(now: number, how: number): string | undefined {
    return this.#ipv4.raw.shutdown(now, this.sk, how + 1);
  }

  close(now: number): void {
    this.listener = undefined;
    this.#ipv4.raw.close(now, this.sk);
  }

  getname(peer: boolean): SocketAddress | string {
    const { sk } = this;
    if (!peer) return toText(sk.saddr || sk.rcvSaddr, sk.protocol);
    return sk.state === 'CLOSE' ? 'ENOTCONN' : toText(sk.daddr, 0);
  }

  poll(): number {
    return this.#ipv4.raw.poll(this.sk);
  }

  setsockopt(now: number, level: number, name: string, value: OptionData): string | undefined {
    if (level === SOL_RAW) return this.#ipv4.raw.setsockopt(now, this.sk, name, Number(value));
    if (level !== SOL_IP) return 'ENOPROTOOPT';
    return setIpOption(this.#ipv4, now, this.#options(), name, value);
  }

  getsockopt(now: number, level: number, name: string): OptionData | { readonly errno: string } {
    if (level === SOL_IP) return getIpOption(this.#ipv4, now, this.#options(), name);
    if (level !== SOL_RAW) return { errno: 'ENOPROTOOPT' };
    const value = this.#ipv4.raw.getsockopt(now, this.sk, name);
    return typeof value === 'string' ? { errno: value } : value;
  }

  ioctl(_now: number, request: number): number | string {
    if (request === SIOCINQ) return this.sk.receiveQueue.first?.len ?? 0;
    return request === SIOCOUTQ ? this.sk.wmemAlloc : 'ENOTTY';
  }

  #options() {
    return { sk: this.sk, inet: this.sk.inet, type: 'SOCK_RAW', dst: undefined } as const;
  }
}

function readControl(control: readonly ControlMessage[]): string | undefined {
  message.source = undefined;
  message.ifindex = 0;
  message.ttl = -1;
  message.tos = -1;
  for (const { level, type, value } of control) {
    if (level !== SOL_IP) return 'EINVAL';
    if (type === IP_PKTINFO) {
      const { ifindex, specDst } = value as PacketInfo;
      message.ifindex = ifindex;
      if (specDst !== '' && specDst !== '0.0.0.0') message.source = parseAddress(specDst);
    } else if (type === IP_TTL) message.ttl = value as number;
    else if (type === IP_TOS) message.tos = value as number;
    else return 'EINVAL';
  }
  return undefined;
}

function controlOf(sk: RawSock): ControlMessage[] {
  const { inet } = sk;
  const control: ControlMessage[] = [];
  if (sk.timestamp && message.tstamp !== 0) {
    const value = { sec: Math.floor(message.tstamp / 1_000_000), usec: message.tstamp % 1_000_000 };
    control.push({ level: SOL_SOCKET, type: SO_TIMESTAMP, value });
  }
  if (inet.pktinfo) {
    const value: PacketInfo = {
      ifindex: message.ifindex,
      specDst: formatAddress(message.source ?? 0),
      addr: formatAddress(message.destination ?? 0),
    };
    control.push({ level: SOL_IP, type: IP_PKTINFO, value });
  }
  if (inet.recvttl) control.push({ level: SOL_IP, type: IP_TTL, value: message.ttl });
  if (inet.recvtos) control.push({ level: SOL_IP, type: IP_TOS, value: message.tos });
  return control;
}

function wake(sk: Sock, events: number): void {
  (sk.socket as Proto).listener?.wake(events);
}
