/**
 * One end of the demo's link: a card, an address, and the table of neighbours it has learned.
 * @module
 */
import * as arp from '@stack/arp';
import * as ethernet from '@stack/ethernet';
import { type Clock, Nic, OK } from '@stack/nic-sim';
import { type Page, Pool, type SkBuff } from '@stack/skbuff';
import { segmentTcpv4 } from './gso.ts';

/** Room in front of every packet: Ethernet with a tag, IPv4 and TCP with all their options, and some to spare. */
export const HEADROOM = 160;

/** How an end is set up. */
export interface StationOptions {
  clock: Clock;
  name: string;
  /** u32. */
  address: number;
  /** u48. */
  mac: number;
  /** Takes over every IPv4 packet; its data is at the Ethernet header. */
  receive: (skb: SkBuff) => void;
  /** Called after each poll of the card. */
  polled?: () => void;
  /** What the card does, step by step. */
  trace?: ConstructorParameters<typeof Nic>[0]['trace'];
}

/** A card with an address, that answers ARP as RFC 826 says. */
export class Station {
  readonly pool = new Pool();
  readonly nic: Nic;
  readonly address: number;
  readonly mac: number;
  /** IPv4 address → MAC address, filled by ARP. */
  readonly neighbours = new Map<number, number>();
  readonly #receive: (skb: SkBuff) => void;

  constructor({ clock, name, address, mac, receive, polled, trace }: StationOptions) {
    this.address = address;
    this.mac = mac;
    this.#receive = receive;
    this.nic = new Nic({
      clock,
      name,
      pool: this.pool,
      address: mac,
      segment: segmentTcpv4,
      receive: (skb) => this.#deliver(skb),
      interrupt: (nic) => {
        nic.poll(64);
        polled?.();
      },
      ...(trace && { trace }),
    });
  }

  /** An empty packet with room for every header. */
  alloc(size: number): SkBuff {
    return this.pool.alloc(size, HEADROOM) as SkBuff; // this pool has no limit
  }

  /** A page of at least `size` bytes. */
  page(size: number): Page {
    return this.pool.page(size) as Page;
  }

  /** Asks the link who has `address`. */
  solicit(address: number): void {
    this.#arp(arp.request(this.mac, this.address, address), ethernet.BROADCAST);
  }

  /** RFC 826 "Packet Reception": learn the sender, answer if asked. */
  #learn(skb: SkBuff): void {
    ethernet.pull(skb);
    const { view, data, tail } = skb;
    const usable = arp.check(view, data, tail) === undefined && arp.isEthernetIpv4(view, data);
    if (usable && arp.tpa(view, data) === this.address) {
      const mac = arp.sha(view, data);
      const address = arp.spa(view, data);
      this.neighbours.set(address, mac);
      if (arp.op(view, data) === arp.ARPOP_REQUEST) {
        this.#arp(arp.reply(this.mac, this.address, mac, address), mac);
      }
    }
    skb.free();
  }

  #arp(header: arp.Header, dest: number): void {
    const skb = this.alloc(0);
    arp.push(skb, header);
    ethernet.push(skb, { dest, source: this.mac, proto: ethernet.ETH_P_ARP });
    if (this.nic.xmit(skb) !== OK) skb.free();
  }

  #deliver(skb: SkBuff): void {
    const type = ethernet.protocol(skb.view, skb.data);
    if (type === ethernet.ETH_P_IP) this.#receive(skb);
    else if (type === ethernet.ETH_P_ARP) this.#learn(skb);
    else skb.free();
  }
}
