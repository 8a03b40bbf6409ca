/**
 * A link with the whole Internet behind it, and no memory: every address answers ARP and every port takes connections. What it
 * says to a segment follows from that segment alone, so that it costs the host that is measured nothing but its own end.
 * @module
 */
import { type Pool, type SkBuff, SkbQueue } from '@stack/skbuff';
import { csumFold, csumPartial } from '@stack/skbuff/checksum';
import { type Device, type LinkStats, linkStats } from '@stack/skbuff/netdev';

const ETH_HLEN = 14;
const ETH_P_IP = 0x0800;
const ETH_P_ARP = 0x0806;
const IP_HLEN = 20;
const TCP_HLEN = 20;
const ARP_LENGTH = 28;
const IPPROTO_TCP = 6;
const PACKET_HOST = 0;
const CHECKSUM_UNNECESSARY = 1;

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;

/** The station of all addresses. */
const ADDRESS = 0x02_00_00_00_00_fe;
/** Sequence number that all its connections begin with. */
const ISN = 0x1000_0000;
const WINDOW = 0xffff;

/** A SYN of ours: MSS 1460, window scale 7. */
const SYN_OPTIONS = [0x0204_05b4, 0x0103_0307];

/** The device to add to the host that is measured. Packets live in that host's pool. */
export class Responder implements Device {
  ifindex = 0;
  name = 'eth0';
  readonly type = 'ether';
  mtu = 1500;
  address = 0x02_00_00_00_00_01;
  readonly features: Readonly<Record<string, boolean>> = { rx: true, tx: true };
  readonly gsoMaxSize = 65_536;
  readonly gsoMaxSegs = 65_535;
  wake: ((device: Responder) => void) | undefined = undefined;
  receive: ((skb: SkBuff) => void) | undefined = undefined;
  interrupt: ((device: Responder) => void) | undefined = undefined;
  readonly stats: LinkStats = linkStats();
  /** Answers the SYN-ACKs of its own SYNs with RST. */
  refuses = false;
  /** SYN-ACKs that came. */
  synAcks = 0;
  readonly #pool: Pool;
  readonly #queue = new SkbQueue();
  #scheduled = false;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  xmit(skb: SkBuff): number {
    this.stats.txPackets++;
    this.stats.txBytes += skb.len;
    if (skb.mayPull(Math.min(skb.len, ETH_HLEN + 80))) this.#answer(skb);
    skb.free();
    return 0;
  }

  poll(budget: number): number {
    let done = 0;
    for (; done < budget; done++) {
      const skb = this.#queue.shift();
      if (skb === undefined) break;
      this.stats.rxPackets++;
      this.stats.rxBytes += skb.len;
      skb.macHeader = skb.data;
      this.receive?.(skb);
    }
    if (done < budget) this.#scheduled = false;
    return done;
  }

  close(): void {
    this.#queue.purge();
  }

  /** Sends a SYN of its own, from any address and port; answers to what follows are by rule again. */
  open(saddr: number, sport: number, daddr: number, dport: number): void {
    const skb = this.#frame(ETH_HLEN + IP_HLEN + TCP_HLEN + 4 * SYN_OPTIONS.length, ETH_P_IP);
    const { view, data } = skb;
    const ip = data + ETH_HLEN;
    writeIp(view, ip, skb.len - ETH_HLEN, saddr, daddr);
    writeTcp(view, ip + IP_HLEN, sport, dport, ISN, 0, SYN, SYN_OPTIONS);
    this.#push(skb);
  }

  #answer(skb: SkBuff): void {
    const { view, data, len } = skb;
    const type = view.getUint16(data + 12);
    if (type === ETH_P_ARP && len >= ETH_HLEN + ARP_LENGTH) this.#arp(view, data + ETH_HLEN);
    else if (type === ETH_P_IP && len >= ETH_HLEN + IP_HLEN + TCP_HLEN) this.#ip(view, data + ETH_HLEN);
  }

  /** Whoever is asked for, it is this station. */
  #arp(view: DataView, at: number): void {
    if (view.getUint16(at + 6) !== 1) return;
    const skb = this.#frame(ETH_HLEN + ARP_LENGTH, ETH_P_ARP);
    const reply = skb.data + ETH_HLEN;
    skb.view.setInt32(reply, 0x0001_0800);
    skb.view.setInt32(reply + 4, 0x0604_0002);
    writeMac(skb.view, reply + 8, ADDRESS);
    skb.view.setInt32(reply + 14, view.getInt32(at + 24));
    writeMac(skb.view, reply + 18, this.address);
    skb.view.setInt32(reply + 24, view.getInt32(at + 14));
    this.#push(skb);
  }

  /** SYN → SYN,ACK; SYN,ACK → ACK; FIN → FIN,ACK; data → ACK; the rest needs no answer. */
  #ip(view: DataView, ip: number): void {
    if (view.getUint8(ip + 9) !== IPPROTO_TCP || view.getUint8(ip) !== 0x45) return;
    const tcp = ip + IP_HLEN;
    const flags = view.getUint8(tcp + 13);
    const data = view.getUint16(ip + 2) - IP_HLEN - (view.getUint8(tcp + 12) >> 4) * 4;
    if ((flags & RST) !== 0) return;
    const isSyn = (flags & SYN) !== 0;
    const isFin = (flags & FIN) !== 0;
    if (!isSyn && !isFin && data === 0) return;
    const isOpening = isSyn && (flags & ACK) === 0;
    if (isSyn && !isOpening) this.synAcks++;
    const options = isOpening ? SYN_OPTIONS : NO_OPTIONS;
    const skb = this.#frame(ETH_HLEN + IP_HLEN + TCP_HLEN + 4 * options.length, ETH_P_IP);
    const at = skb.data + ETH_HLEN;
    const ackSeq = (view.getInt32(tcp + 4) + data + (isSyn ? 1 : 0) + (isFin ? 1 : 0)) | 0;
    writeIp(skb.view, at, skb.len - ETH_HLEN, view.getInt32(ip + 16), view.getInt32(ip + 12));
    writeTcp(
      skb.view,
      at + IP_HLEN,
      view.getUint16(tcp + 2),
      view.getUint16(tcp),
      isOpening ? ISN : view.getInt32(tcp + 8),
      ackSeq,
      isSyn && !isOpening && this.refuses ? RST : ACK | (isOpening ? SYN : 0) | (isFin ? FIN : 0),
      options,
    );
    this.#push(skb);
  }

  /** A frame to the host, all but its header still to be written. */
  #frame(length: number, type: number): SkBuff {
    const skb = this.#pool.alloc(length, 2);
    if (skb === undefined) throw new Error('the pool is empty');
    skb.put(length);
    writeMac(skb.view, skb.data, this.address);
    writeMac(skb.view, skb.data + 6, ADDRESS);
    skb.view.setUint16(skb.data + 12, type);
    skb.pktType = PACKET_HOST;
    skb.ipSummed = CHECKSUM_UNNECESSARY;
    return skb;
  }

  #push(skb: SkBuff): void {
    this.#queue.push(skb);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.interrupt?.(this);
  }
}

const NO_OPTIONS: readonly number[] = [];

function writeMac(view: DataView, at: number, address: number): void {
  view.setUint16(at, address / 0x1_0000_0000);
  view.setInt32(at + 2, address | 0);
}

function writeIp(view: DataView, at: number, length: number, saddr: number, daddr: number): void {
  view.setInt32(at, 0x4500_0000 | length);
  view.setInt32(at + 4, 0x0000_4000); // don't fragment
  view.setInt32(at + 8, 0x4006_0000);
  view.setInt32(at + 12, saddr);
  view.setInt32(at + 16, daddr);
  view.setUint16(at + 10, csumFold(csumPartial(view, at, IP_HLEN)));
}

function writeTcp(
  view: DataView,
  at: number,
  sport: number,
  dport: number,
  seq: number,
  ackSeq: number,
  flags: number,
  options: readonly number[],
): void {
  view.setInt32(at, (sport << 16) | dport);
  view.setInt32(at + 4, seq);
  view.setInt32(at + 8, ackSeq);
  view.setUint16(at + 12, ((5 + options.length) << 12) | flags);
  view.setUint16(at + 14, WINDOW);
  view.setInt32(at + 16, 0); // CHECKSUM_UNNECESSARY: nobody looks
  for (let i = 0; i < options.length; i++) view.setInt32(at + TCP_HLEN + 4 * i, options[i] as number);
}
