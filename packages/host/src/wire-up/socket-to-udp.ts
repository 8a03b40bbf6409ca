/**
 * Sockets over UDP: `struct proto_ops` of SOCK_DGRAM.
 * @module
 */
import { formatAddress, parseAddress } from '@stack/ipv4';
import type { Dst, InetSock, Ipv4, OptionSock } from '@stack/ipv4/engine';
import type { Sock } from '@stack/skbuff/sock';
import {
  AF_INET,
  type ControlMessage,
  IP_ORIGDSTADDR,
  IP_PKTINFO,
  IP_TOS,
  IP_TTL,
  IPPROTO_UDP,
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
  SOCK_DGRAM,
  SOL_IP,
  SOL_SOCKET,
  SOL_UDP,
  type SocketAddress,
  type SocketListener,
  UDP_GRO,
  UDP_SEGMENT,
  type WireAddress,
} from '@stack/socket';
import { type Family, Message, type Udp, type UdpSock } from '@stack/udp/engine';
import { toNumber, toPeer, toText } from './inet-address.ts';
import { getIpOption, setIpOption } from './ip-options.ts';

const MSG_DONTWAIT = 0x40;
/** `inet` options that ask for a control message with each datagram. */
const message = new Message();

/** A UDP socket as the socket layer sees it. */
export class UdpProto implements Proto {
  readonly family: number = AF_INET;
  readonly type: number = SOCK_DGRAM;
  readonly protocol: number = IPPROTO_UDP;
  readonly sk: UdpSock;
  listener: SocketListener | undefined = undefined;
  readonly #udp: Udp;
  readonly #ipv4: Ipv4;

  constructor(udp: Udp, ipv4: Ipv4, family: Family<number>) {
    this.#udp = udp;
    this.#ipv4 = ipv4;
    this.sk = udp.socket(family as Family<unknown>);
    this.sk.socket = this;
    this.sk.wake = wake;
  }

  bind(now: number, address: WireAddress): string | undefined {
    const local = toNumber(address);
    return typeof local === 'string' ? local : this.#udp.bind(now, this.sk, local, portOf(address));
  }

  connect(now: number, address: WireAddress): string | undefined {
    if (address.family === 'unspec') return this.#udp.disconnect(now, this.sk);
    const peer = toNumber(address);
    return typeof peer === 'string' ? peer : this.#udp.connect(now, this.sk, peer, portOf(address));
  }

  listen(): string {
    return 'EOPNOTSUPP';
  }

  accept(): string {
    return 'EOPNOTSUPP';
  }

  phase(): Phase {
    return this.sk.dport === 0 ? 'unconnected' : 'connected';
  }

  sendmsg(
    now: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    asked: SendMessage,
  ): number | string {
    const { address } = asked;
    message.address = undefined;
    message.port = 0;
    if (address !== undefined) {
      const peer = toNumber(address);
      if (typeof peer === 'string') return peer;
      message.address = peer;
      message.port = portOf(address);
    }
    const fault = readControl(asked.control);
    if (fault !== undefined) return fault;
    return this.#udp.sendmsg(now, this.sk, bytes, offset, length, asked.flags, message);
  }

  recvmsg(
    now: number,
    into: Uint8Array,
    offset: number,
    length: number,
    asked: ReceiveMessage,
  ): number | string {
    const count = this.#udp.recvmsg(now, this.sk, into, offset, length, asked.flags | MSG_DONTWAIT, message);
    if (typeof count === 'string') return count === 'EAGAIN' && (this.sk.shutdown & 1) !== 0 ? 0 : count;
    asked.messageFlags = message.flags;
    if (asked.wantsAddress && message.address !== undefined) {
      asked.address = toText(message.address as number, message.port);
    }
    if ((asked.flags & MSG_ERRQUEUE) !== 0) {
      return receiveError(message.error, toPeer, into, offset, length, asked);
    }
    if (asked.wantsControl) asked.control = controlOf(this.sk);
    return count;
  }

  shutdown(now: number, how: number): string | undefined {
    return this.#udp.shutdown(now, this.sk, how + 1);
  }

  close(now: number): void {
    this.listener = undefined;
    const inet = this.sk.inet as unknown as InetSock;
    this.#ipv4.dropMemberships(now, inet);
    this.#udp.close(now, this.sk);
  }

  getname(peer: boolean): SocketAddress | string {
    const { sk } = this;
    if (!peer) return toText((sk.saddr || sk.rcvSaddr) as number, sk.num);
    return sk.dport === 0 ? 'ENOTCONN' : toText(sk.daddr as number, sk.dport);
  }

  poll(): number {
    return this.#udp.poll(this.sk);
  }

  setsockopt(now: number, level: number, name: string, value: OptionData): string | undefined {
    if (level === SOL_UDP || level === SOL_SOCKET) {
      return this.#udp.setsockopt(now, this.sk, name, Number(value));
    }
    if (level !== SOL_IP) return 'ENOPROTOOPT';
    return setIpOption(this.#ipv4, now, this.#options(), name, value);
  }

  getsockopt(now: number, level: number, name: string): OptionData | { readonly errno: string } {
    if (level === SOL_IP) return getIpOption(this.#ipv4, now, this.#options(), name);
    if (level !== SOL_UDP && level !== SOL_SOCKET) return { errno: 'ENOPROTOOPT' };
    const value = this.#udp.getsockopt(now, this.sk, name);
    return typeof value === 'string' ? { errno: value } : value;
  }

  optionSet(now: number, name: string): void {
    if (name === 'SO_BINDTODEVICE') this.#udp.bindToIndex(now, this.sk, this.sk.boundDevIf);
    if (name === 'SO_MARK') this.sk.dst = undefined;
  }

  ioctl(_now: number, request: number): number | string {
    if (request === SIOCINQ) return this.#udp.inq(this.sk);
    return request === SIOCOUTQ ? this.#udp.outq(this.sk) : 'ENOTTY';
  }

  #options(): OptionSock {
    const { sk } = this;
    const dst = sk.dst as unknown as Dst | undefined;
    return { sk, inet: sk.inet as unknown as InetSock, type: 'SOCK_DGRAM', dst };
  }
}

/** Takes over what a send's control messages say; EINVAL for one that says nothing to UDP. */
function readControl(control: readonly ControlMessage[]): string | undefined {
  message.source = undefined;
  message.ifindex = 0;
  message.ttl = -1;
  message.tos = -1;
  message.gsoSize = 0;
  for (const { level, type, value } of control) {
    if (level === SOL_IP && type === IP_PKTINFO) {
      const { ifindex, specDst } = value as PacketInfo;
      message.ifindex = ifindex;
      if (specDst !== '' && specDst !== '0.0.0.0') message.source = parseAddress(specDst);
    } else if (level === SOL_IP && type === IP_TTL) message.ttl = value as number;
    else if (level === SOL_IP && type === IP_TOS) message.tos = value as number;
    else if (level === SOL_UDP && type === UDP_SEGMENT) message.gsoSize = value as number;
    else return 'EINVAL';
  }
  return undefined;
}

/** The control messages that a socket asked for, of the datagram just read. */
function controlOf(sk: UdpSock): ControlMessage[] {
  const inet = sk.inet as unknown as InetSock;
  const control: ControlMessage[] = [];
  const address = (value: unknown): string => formatAddress((value ?? 0) as number);
  if (sk.timestamp && message.tstamp !== 0) {
    const value = { sec: Math.floor(message.tstamp / 1_000_000), usec: message.tstamp % 1_000_000 };
    control.push({ level: SOL_SOCKET, type: SO_TIMESTAMP, value });
  }
  if (inet.pktinfo) {
    const value: PacketInfo = {
      ifindex: message.ifindex,
      specDst: address(message.source),
      addr: address(message.destination),
    };
    control.push({ level: SOL_IP, type: IP_PKTINFO, value });
  }
  if (inet.recvttl) control.push({ level: SOL_IP, type: IP_TTL, value: message.ttl });
  if (inet.recvtos) control.push({ level: SOL_IP, type: IP_TOS, value: message.tos });
  if (inet.recvorigdstaddr) {
    const value = toText((message.destination ?? 0) as number, message.destinationPort);
    control.push({ level: SOL_IP, type: IP_ORIGDSTADDR, value });
  }
  if (sk.gro && message.gsoSize > 0) control.push({ level: SOL_UDP, type: UDP_GRO, value: message.gsoSize });
  return control;
}

function portOf(address: WireAddress): number {
  return address.family === 'IPv4' ? address.port : 0;
}

function wake(sk: Sock, events: number): void {
  (sk.socket as Proto).listener?.wake(events);
}
