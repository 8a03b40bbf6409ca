/**
 * Sockets over the devices themselves: `struct proto_ops` of AF_PACKET.
 * @module
 */
import { formatMac, parseMac } from '@stack/ethernet';
import type { Sock } from '@stack/skbuff/sock';
import {
  AF_PACKET,
  type ControlMessage,
  MSG_PEEK,
  MSG_TRUNC,
  type OptionData,
  type PacketSocketAddress,
  type Phase,
  type Proto,
  type ReceiveMessage,
  type SendMessage,
  SIOCINQ,
  SIOCOUTQ,
  SOCK_DGRAM,
  SOCK_RAW,
  SOL_PACKET,
  type SocketAddress,
  type SocketListener,
  type WireAddress,
} from '@stack/socket';
import type { Devices } from '../devices.ts';
import type { PacketEngine } from '../packet/packet.ts';
import { addressOf, type PacketSock } from '../packet/packet-sock.ts';
import { addReceiveTimes } from './timestamps.ts';

/** A packet socket as the socket layer sees it. */
export class PacketProto implements Proto {
  readonly family: number = AF_PACKET;
  readonly type: number;
  readonly sk: PacketSock;
  listener: SocketListener | undefined = undefined;
  readonly #packet: PacketEngine;
  readonly #devices: Devices;

  constructor(packet: PacketEngine, devices: Devices, type: number, protocol: number) {
    this.#packet = packet;
    this.#devices = devices;
    this.type = type;
    this.sk = packet.socket(type === SOCK_RAW, protocol);
    this.sk.socket = this;
    this.sk.wake = wake;
  }

  get protocol(): number {
    return this.sk.protocol;
  }

  bind(_now: number, address: WireAddress): string | undefined {
    if (address.family !== 'packet') return 'EINVAL';
    const ifindex = this.#ifindex(address);
    return ifindex === undefined ? 'ENODEV' : this.#packet.bind(this.sk, ifindex, address.protocol);
  }

  connect(): string {
    return 'EOPNOTSUPP';
  }

  listen(): string {
    return 'EOPNOTSUPP';
  }

  accept(): string {
    return 'EOPNOTSUPP';
  }

  phase(): Phase {
    return 'unconnected';
  }

  sendmsg(
    now: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    message: SendMessage,
  ): number | string {
    const { address } = message;
    if (address !== undefined && address.family !== 'packet') return 'EINVAL';
    let ifindex = 0;
    let mac: number | undefined;
    if (address !== undefined) {
      const found = this.#ifindex(address);
      if (found === undefined) return 'ENXIO';
      ifindex = found;
      try {
        if (address.address !== '') mac = parseMac(address.address);
      } catch {
        return 'EINVAL';
      }
    }
    const frame = bytes.subarray(offset, offset + length);
    return this.#packet.sendmsg(now, this.sk, frame, ifindex, address?.protocol ?? 0, mac);
  }

  recvmsg(
    _now: number,
    into: Uint8Array,
    offset: number,
    length: number,
    message: ReceiveMessage,
  ): number | string {
    const skb = this.#packet.recvSkb(this.sk, message.flags);
    if (typeof skb === 'string') return skb;
    const whole = skb.len;
    const copied = Math.min(whole, length);
    skb.copyBits(0, into, offset, copied);
    message.messageFlags = whole > length ? MSG_TRUNC : 0;
    if (message.wantsAddress) message.address = this.#addressOf(addressOf(skb));
    if (message.wantsControl) {
      const control: ControlMessage[] = [];
      addReceiveTimes(control, this.sk, skb.tstamp);
      message.control = control;
    }
    if ((message.flags & MSG_PEEK) === 0) skb.free();
    return (message.flags & MSG_TRUNC) !== 0 ? whole : copied;
  }

  shutdown(): string {
    return 'EOPNOTSUPP';
  }

  close(): void {
    this.listener = undefined;
    this.#packet.close(this.sk);
  }

  getname(peer: boolean): SocketAddress | string {
    if (peer) return 'EOPNOTSUPP';
    const dev = this.#devices.at(this.sk.ifindex);
    return this.#addressOf({
      ifindex: this.sk.ifindex,
      protocol: this.sk.protocol,
      address: dev?.address ?? 0,
      pktType: 0,
      hatype: dev?.hatype ?? 0,
    });
  }

  poll(): number {
    return this.sk.poll();
  }

  setsockopt(_now: number, level: number, name: string, value: OptionData): string | undefined {
    const isMembership = name === 'PACKET_ADD_MEMBERSHIP' || name === 'PACKET_DROP_MEMBERSHIP';
    if (level !== SOL_PACKET || !isMembership) return 'ENOPROTOOPT';
    const { ifindex } = value as { ifindex?: number };
    if (ifindex === undefined) return 'EINVAL';
    return this.#packet.setPromiscuous(this.sk, ifindex, name === 'PACKET_ADD_MEMBERSHIP');
  }

  getsockopt(_now: number, level: number, name: string): OptionData | { readonly errno: string } {
    if (level !== SOL_PACKET || name !== 'PACKET_STATISTICS') return { errno: 'ENOPROTOOPT' };
    const { sk } = this;
    const statistics = { packets: sk.packets + sk.dropped, drops: sk.dropped };
    sk.packets = 0;
    sk.dropped = 0;
    return statistics;
  }

  ioctl(_now: number, request: number): number | string {
    if (request === SIOCINQ) return this.sk.receiveQueue.first?.len ?? 0;
    return request === SIOCOUTQ ? this.sk.wmemAlloc : 'ENOTTY';
  }

  #ifindex({ ifindex, ifname }: PacketSocketAddress): number | undefined {
    if (ifname === '') return ifindex;
    return this.#devices.find(ifname)?.ifindex;
  }

  #addressOf(link: {
    ifindex: number;
    protocol: number;
    address: number;
    pktType: number;
    hatype: number;
  }): PacketSocketAddress {
    const { ifindex, protocol, address, pktType, hatype } = link;
    const ifname = this.#devices.at(ifindex)?.name ?? '';
    return { address: formatMac(address), family: 'packet', ifindex, ifname, protocol, pktType, hatype };
  }
}

/** Types that AF_PACKET has. */
export function isPacketType(type: number): boolean {
  return type === SOCK_RAW || type === SOCK_DGRAM;
}

function wake(sk: Sock, events: number): void {
  (sk.socket as Proto).listener?.wake(events);
}
