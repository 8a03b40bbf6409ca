/**
 * `struct packet_sock`: what one AF_PACKET socket sees and how it sends (Linux net/packet/af_packet.c).
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { POLLIN, POLLOUT, Sock } from '@stack/skbuff/sock';

/** Protocol of a socket that sees every packet, outgoing ones too (Linux `ETH_P_ALL`). */
export const ETH_P_ALL = 0x0003;

/** Where a packet came from, or is to go: Linux's `struct sockaddr_ll`. */
export interface LinkAddress {
  /** Index of the device. */
  ifindex: number;
  /** EtherType. */
  protocol: number;
  /** MAC address, u48: the sender's of a received packet, the destination of one to send. */
  address: number;
  /** `PACKET_*` of a received packet. */
  pktType: number;
  /** ARPHRD_* of the device. */
  hatype: number;
}

/** A received packet's address rides in the control block: nothing is allocated while it waits. */
const CB_IFINDEX = 0;
const CB_PROTOCOL = 1;
const CB_ADDRESS_HIGH = 2;
const CB_ADDRESS_LOW = 3;
const CB_PKTTYPE = 4;
const CB_HATYPE = 5;

/** One packet socket. */
export class PacketSock extends Sock {
  /** Whether it sees and gives link-layer headers (`SOCK_RAW`) or not (`SOCK_DGRAM`). */
  readonly isRaw: boolean;
  /** EtherType it takes; {@link ETH_P_ALL} all; 0 none. */
  protocol: number;
  /** Device it is bound to; 0 = any. */
  ifindex = 0;
  /** Packets queued since `PACKET_STATISTICS` was read. */
  packets = 0;
  /** Packets dropped for want of room since then. */
  dropped = 0;
  /** Devices it made promiscuous (`PACKET_ADD_MEMBERSHIP`), by index. */
  readonly promiscuous: Set<number> = new Set();

  constructor(isRaw: boolean, protocol: number) {
    super();
    this.isRaw = isRaw;
    this.protocol = protocol;
  }

  /** Whether it wants to see a packet of `protocol` at `ifindex`. */
  wants(protocol: number, ifindex: number, isOutgoing: boolean): boolean {
    if (this.ifindex !== 0 && this.ifindex !== ifindex) return false;
    if (this.protocol === ETH_P_ALL) return true;
    return !isOutgoing && this.protocol === protocol;
  }

  /**
   * Takes a packet over, its link-layer header at `macHeader`. False where there is no room; it is then still the caller's.
   */
  take(skb: SkBuff, ifindex: number, source: number, hatype: number): boolean {
    const { cb } = skb;
    cb[CB_IFINDEX] = ifindex;
    cb[CB_PROTOCOL] = skb.protocol;
    cb[CB_ADDRESS_HIGH] = Math.floor(source / 0x1_0000_0000);
    cb[CB_ADDRESS_LOW] = (source % 0x1_0000_0000) | 0;
    cb[CB_PKTTYPE] = skb.pktType;
    cb[CB_HATYPE] = hatype;
    if (!this.queueRcv(skb)) {
      this.dropped++;
      return false;
    }
    this.packets++;
    return true;
  }

  /** `poll(2)`. */
  poll(): number {
    let events = this.wmemAlloc * 2 <= this.sndbuf ? POLLOUT : 0;
    if (this.receiveQueue.qlen > 0) events |= POLLIN;
    return events;
  }
}

/** The address of a packet that {@link PacketSock.take} queued. */
export function addressOf(skb: SkBuff): LinkAddress {
  const { cb } = skb;
  return {
    ifindex: cb[CB_IFINDEX] as number,
    protocol: cb[CB_PROTOCOL] as number,
    address: (cb[CB_ADDRESS_HIGH] as number) * 0x1_0000_0000 + ((cb[CB_ADDRESS_LOW] as number) >>> 0),
    pktType: cb[CB_PKTTYPE] as number,
    hatype: cb[CB_HATYPE] as number,
  };
}
