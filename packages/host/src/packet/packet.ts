/**
 * AF_PACKET: sockets that see and send frames as they are (Linux net/packet/af_packet.c).
 * @module
 */
import {
  PACKET_BROADCAST,
  PACKET_HOST,
  PACKET_MULTICAST,
  PACKET_OUTGOING,
  type Pool,
  type SkBuff,
} from '@stack/skbuff';
import { RCV_SHUTDOWN } from '@stack/skbuff/sock';
import type { Drop } from '../drops.ts';
import type { NetDevice } from '../net-device.ts';
import { ETH_P_ALL, PacketSock } from './packet-sock.ts';

const ETH_HLEN = 14;
const VLAN_HLEN = 4;
const ETH_P_8021Q = 0x8100;
const BROADCAST = 0xffff_ffff_ffff;
const MSG_PEEK = 0x2;

/** What {@link PacketEngine} is built with. */
export interface PacketOptions {
  readonly pool: Pool;
  readonly drop: Drop;
  /** Device by index. */
  device(ifindex: number): NetDevice | undefined;
  /** Queues a frame to a device, taking it over. */
  queueXmit(now: number, skb: SkBuff, dev: NetDevice): number;
  /** The first socket came, or the last one went: taps are switched. */
  active(on: boolean): void;
}

/** All packet sockets of a host. */
export class PacketEngine {
  readonly #options: PacketOptions;
  readonly #sockets: Set<PacketSock> = new Set();

  constructor(options: PacketOptions) {
    this.#options = options;
  }

  /** A socket that takes frames of `protocol`, an EtherType or {@link ETH_P_ALL}; 0 = none until it is bound. */
  socket(isRaw: boolean, protocol: number): PacketSock {
    const sk = new PacketSock(isRaw, protocol);
    this.#sockets.add(sk);
    if (this.#sockets.size === 1) this.#options.active(true);
    return sk;
  }

  /** Binds to a device (0 = all) and to a protocol (0 = the one it has). `ENODEV`. */
  bind(sk: PacketSock, ifindex: number, protocol: number): string | undefined {
    if (ifindex !== 0 && this.#options.device(ifindex) === undefined) return 'ENODEV';
    sk.ifindex = ifindex;
    if (protocol !== 0) sk.protocol = protocol;
    return undefined;
  }

  /** Ends a socket. */
  close(sk: PacketSock): void {
    if (!this.#sockets.delete(sk)) return;
    for (const ifindex of sk.promiscuous) this.#options.device(ifindex)?.setPromiscuity(-1);
    sk.promiscuous.clear();
    sk.purgeQueues();
    if (this.#sockets.size === 0) this.#options.active(false);
  }

  /** `PACKET_ADD_MEMBERSHIP` and `PACKET_DROP_MEMBERSHIP` of type PROMISC. `ENODEV`, `EADDRNOTAVAIL`. */
  setPromiscuous(sk: PacketSock, ifindex: number, on: boolean): string | undefined {
    const dev = this.#options.device(ifindex);
    if (dev === undefined) return 'ENODEV';
    if (on === sk.promiscuous.has(ifindex)) return on ? undefined : 'EADDRNOTAVAIL';
    if (on) sk.promiscuous.add(ifindex);
    else sk.promiscuous.delete(ifindex);
    dev.setPromiscuity(on ? 1 : -1);
    return undefined;
  }

  /** Shows a received frame, `data` at its link-layer header, to who wants it. It stays the caller's. */
  received(skb: SkBuff, dev: NetDevice): void {
    for (const sk of this.#sockets) if (sk.wants(skb.protocol, dev.ifindex, false)) this.#take(sk, skb, dev);
  }

  /** Shows a frame that is about to leave to who wants it. It stays the caller's. */
  sent(skb: SkBuff, dev: NetDevice): void {
    for (const sk of this.#sockets)
      if (sk.wants(skb.protocol, dev.ifindex, true)) this.#take(sk, skb, dev, PACKET_OUTGOING);
  }

  /**
   * Sends one frame. A raw socket gives the whole of it; a cooked one the payload, and `address` and `protocol` make the header.
   * Gives the bytes taken. `ENXIO` no such device, `ENETDOWN`, `EMSGSIZE`, `EINVAL` shorter than a header, `ENOBUFS`, `EAGAIN`.
   */
  sendmsg(
    now: number,
    sk: PacketSock,
    bytes: Uint8Array,
    ifindex: number,
    protocol: number,
    address: number | undefined,
  ): number | string {
    const dev = this.#options.device(ifindex || sk.ifindex);
    if (dev === undefined) return 'ENXIO';
    if (!dev.up) return 'ENETDOWN';
    const { hardHeaderLen } = dev;
    const header = sk.isRaw ? 0 : hardHeaderLen;
    if (sk.isRaw && bytes.length < hardHeaderLen) return 'EINVAL';
    const tag =
      sk.isRaw &&
      bytes.length >= ETH_HLEN &&
      ((bytes[12] as number) << 8) + (bytes[13] as number) === ETH_P_8021Q;
    if (bytes.length + header > dev.mtu + hardHeaderLen + (tag ? VLAN_HLEN : 0)) return 'EMSGSIZE';
    if (sk.wmemAlloc >= sk.sndbuf) return 'EAGAIN';
    const skb = this.#options.pool.alloc(bytes.length, header);
    if (skb === undefined) return 'ENOBUFS';
    skb.putData(bytes);
    skb.networkHeader = skb.data + (sk.isRaw ? hardHeaderLen : 0);
    skb.protocol = protocol !== 0 ? protocol : sk.protocol === ETH_P_ALL ? 0 : sk.protocol;
    if (header > 0) writeHeader(skb, address ?? BROADCAST, dev.address);
    else if (hardHeaderLen > 0) skb.protocol = skb.view.getUint16(skb.data + 12);
    skb.macHeader = skb.data;
    skb.priority = sk.priority;
    skb.mark = sk.mark;
    sk.setOwnerW(skb);
    this.#options.queueXmit(now, skb, dev);
    return bytes.length;
  }

  /** The next frame, `data` where the socket's bytes begin. With MSG_PEEK it stays queued; else it is the caller's. `EAGAIN`. */
  recvSkb(sk: PacketSock, flags: number): SkBuff | string {
    if (sk.err !== '') return sk.takeError();
    if ((flags & MSG_PEEK) !== 0) return sk.receiveQueue.first ?? 'EAGAIN';
    const skb = sk.receiveQueue.shift();
    return skb ?? ((sk.shutdown & RCV_SHUTDOWN) !== 0 ? 'ENOTCONN' : 'EAGAIN');
  }

  #take(sk: PacketSock, skb: SkBuff, dev: NetDevice, pktType: number = skb.pktType): void {
    const twin = skb.clone();
    twin.pktType = pktType;
    const { view, data } = twin;
    const hasHeader = dev.hardHeaderLen > 0 && twin.headlen >= ETH_HLEN;
    const source = hasHeader ? view.getUint16(data + 6) * 0x1_0000_0000 + view.getUint32(data + 8) : 0;
    if (!sk.isRaw && hasHeader) twin.pull(ETH_HLEN);
    if (!sk.take(twin, dev.ifindex, source, dev.hatype)) this.#options.drop(twin, 'PACKET_SOCK_ERROR');
  }
}

function writeHeader(skb: SkBuff, dest: number, source: number): void {
  const at = skb.push(ETH_HLEN);
  const { view } = skb;
  view.setUint16(at, dest / 0x1_0000_0000);
  view.setUint32(at + 2, dest % 0x1_0000_0000);
  view.setUint16(at + 6, source / 0x1_0000_0000);
  view.setUint32(at + 8, source % 0x1_0000_0000);
  view.setUint16(at + 12, skb.protocol);
}

/** `PACKET_HOST` and its like by their names in `tcpdump -e` and Node-like address objects. */
export function packetTypeName(pktType: number): string {
  switch (pktType) {
    case PACKET_HOST:
      return 'PACKET_HOST';
    case PACKET_BROADCAST:
      return 'PACKET_BROADCAST';
    case PACKET_MULTICAST:
      return 'PACKET_MULTICAST';
    case PACKET_OUTGOING:
      return 'PACKET_OUTGOING';
    default:
      return 'PACKET_OTHERHOST';
  }
}
