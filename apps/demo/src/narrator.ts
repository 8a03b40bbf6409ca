/**
 * Tells the way of one packet: listens to the pipeline and to the cards, and turns what it hears into steps with Linux's names.
 * @module
 */
import * as arp from '@stack/arp';
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import { decode, format, kindOf, type Nic, type TraceEvent } from '@stack/nic-sim';
import type { SkBuff } from '@stack/skbuff';
import * as tcp from '@stack/tcp';
import { fieldsOf, hex } from './fields.ts';
import { geometryOf, type Layer, type Region } from './picture.ts';
import type { Step, Teller } from './story.ts';

type Header = Exclude<Layer, 'payload'>;

/** Where in Linux a header is prepended and stripped, and what else happens there. */
const PUSH: Record<Header, Pick<Step, 'call' | 'file' | 'text'>> = {
  tcp: {
    call: '__tcp_transmit_skb',
    file: 'net/ipv4/tcp_output.c',
    text: 'TCP moves data back and writes its header into the headroom. check holds the pseudo-header sum: the card will finish it (CHECKSUM_PARTIAL).',
  },
  ipv4: {
    call: '__ip_queue_xmit',
    file: 'net/ipv4/ip_output.c',
    text: 'IP prepends its header; its own checksum is complete.',
  },
  ethernet: {
    call: 'eth_header',
    file: 'net/ethernet/eth.c',
    text: 'The link header goes in front. The frame check sequence is not in the skb: the card makes it.',
  },
};
const PULL: Record<Header, Pick<Step, 'call' | 'file' | 'text'>> = {
  ethernet: {
    call: 'eth_type_trans',
    file: 'net/ethernet/eth.c',
    text: 'The link header is stripped: data moves on, the bytes stay. Its type says who is next.',
  },
  ipv4: {
    call: 'ip_rcv → ip_local_deliver',
    file: 'net/ipv4/ip_input.c',
    text: 'Header checksum verified, padding of short frames trimmed to totLen, the header stripped.',
  },
  tcp: {
    call: 'tcp_v4_rcv → tcp_rcv_established',
    file: 'net/ipv4/tcp_ipv4.c',
    text: "Checksum verified from the card's sum (CHECKSUM_COMPLETE); what is left is the payload.",
  },
};

/** Told about one packet from `begin` to `read`; silent before and after. */
export class Narrator {
  readonly #tell: Teller;
  #regions: Region[] = [];
  #posted: string[] = [];
  /** Events of the cards still to be told; a kind is told once. */
  readonly #awaited = new Set<string>();
  #receiving = false;
  #nic: Nic | undefined;
  #segments = 0;

  constructor(tell: Teller) {
    this.#tell = tell;
  }

  /** ARP has resolved the next hop: `frames` are its question and its answer. */
  resolved(address: number, mac: number, frames: readonly Uint8Array[]): void {
    this.#tell?.({
      side: 'client',
      call: 'arp_solicit, arp_process',
      file: 'net/ipv4/arp.c',
      text: `Before the first packet: who has ${ipv4.formatAddress(address)}? The question is broadcast, the answer learned.`,
      details: [
        ...frames.flatMap((frame) => [arp.format(arp.decode(frame, ethernet.HLEN)), ...lines(frame)]),
        neighbour(address, mac),
      ],
    });
  }

  /** The scripted handshake is done. */
  established(): void {
    this.#tell?.({
      side: 'client',
      call: 'connect',
      file: 'scripted',
      text: 'SYN, SYN-ACK and ACK crossed the wire as real frames, but a script wrote them: no TCP state machine ran. The same goes for the acknowledgements to come.',
    });
  }

  /** The application's bytes are in the skb, which will go to `nic`. */
  begin(skb: SkBuff, nic: Nic, total: number, zerocopy: boolean): void {
    this.#nic = nic;
    this.#segments = skb.gsoSegs;
    if (this.#tell === undefined) return;
    this.#regions = [{ layer: 'payload', at: skb.data, length: skb.headlen }];
    const how = zerocopy
      ? 'by reference (MSG_ZEROCOPY): no copy'
      : skb.dataLen > 0
        ? 'copied once, into a page that the skb refers to'
        : 'copied once, into the linear part';
    const more = skb.len < total ? ` The first ${skb.len} of ${total} bytes.` : '';
    const gso =
      skb.gsoSize > 0 ? ` One super-packet of ${skb.gsoSegs} segments (gsoSize ${skb.gsoSize}).` : '';
    this.#skb('client', skb, {
      call: 'sendto → tcp_sendmsg_locked',
      file: 'net/ipv4/tcp.c',
      text: `${skb.len} bytes of the application, ${how}.${more}${gso} Headroom waits in front for every header.`,
    });
  }

  /** A layer prepended its header. */
  pushed(layer: Header, skb: SkBuff): void {
    if (this.#tell === undefined) return;
    const [first] = this.#regions as [Region];
    const length = first.at - skb.data;
    this.#regions.unshift({ layer, at: skb.data, length });
    if (layer === 'ethernet') {
      const daddr = ipv4.daddr(skb.view, skb.networkHeader);
      const dest = ethernet.dest(skb.view, skb.data);
      this.#tell({
        side: 'client',
        call: 'ip_finish_output2 → neigh_output',
        file: 'net/ipv4/ip_output.c',
        text: `The next hop is ${ipv4.formatAddress(daddr)} itself, on the same link. ARP has its address.`,
        details: [neighbour(daddr, dest)],
      });
    }
    this.#skb('client', skb, {
      ...PUSH[layer],
      fields: fieldsOf(layer, skb.bytes.subarray(skb.data, skb.data + length)),
      change: 'added',
    });
  }

  /** The packet goes to the card now. */
  transmit(): void {
    if (this.#tell === undefined) return;
    for (const kind of ['post', 'doorbell', 'dma-read', 'wire', 'dma-write', 'interrupt']) {
      this.#awaited.add(kind);
    }
  }

  /** Something happened in the sender's card. */
  transmitter(event: TraceEvent): void {
    const tell = this.#tell;
    const nic = this.#nic;
    if (this.#awaited.size === 0 || tell === undefined || nic === undefined) return;
    if (event.kind === 'post' && event.ring === 'tx' && this.#awaited.has('post')) {
      const at = event.index * 16;
      const kind = kindOf(nic.tx.view, at);
      if (kind) this.#posted.push(`[${event.index}] ${format(decode(nic.tx.bytes, kind, at))}`);
    } else if (event.kind === 'doorbell' && event.ring === 'tx' && this.#heard('doorbell')) {
      this.#awaited.delete('post');
      tell({
        side: 'client',
        call: 'dev_hard_start_xmit → e1000_xmit_frame',
        file: 'drivers/net/ethernet/intel/e1000/e1000_main.c',
        text: `The driver maps the skb's memory for DMA, writes descriptors that point to it into the TX ring, and rings the doorbell: TDT = ${event.tail}.`,
        details: this.#posted,
      });
    } else if (event.kind === 'dma-read' && this.#heard('dma-read')) {
      tell({
        side: 'client',
        call: 'DMA read',
        file: 'the card',
        text: `The card fetches descriptors ${event.first}..${event.last} and gathers ${event.bytes} bytes from where they lie: no CPU copy. It completes the TCP checksum${this.#segments > 1 ? ` and cuts the super-packet into ${this.#segments} frames (TSO)` : ''}.`,
      });
    } else if (event.kind === 'wire' && this.#heard('wire')) {
      const bytes = event.frame.bytesWithFcs();
      tell({
        side: 'wire',
        call: 'the wire',
        file: '1 Gbit/s, 50 µs',
        text: `${bytes.length} bytes with the frame check sequence (CRC-32, little-endian, last 4).`,
        details:
          bytes.length <= 256
            ? lines(bytes)
            : [...lines(bytes.subarray(0, 96)), '…', ...lines(bytes.subarray(-4))],
      });
    }
  }

  /** Something happened in the receiver's card. */
  receiver(event: TraceEvent): void {
    const tell = this.#tell;
    if (this.#awaited.size === 0 || tell === undefined) return;
    if (event.kind === 'dma-write' && this.#heard('dma-write')) {
      tell({
        side: 'server',
        call: 'DMA write',
        file: 'the card',
        text: `FCS right, address ours: the card writes ${event.bytes} bytes into the page that RX descriptor ${event.index} points to, sums them on the way, and sets DD in the descriptor.`,
      });
    } else if (event.kind === 'interrupt' && event.names.includes('RXT0') && this.#heard('interrupt')) {
      tell({
        side: 'server',
        call: 'e1000_intr → napi_schedule',
        file: 'drivers/net/ethernet/intel/e1000/e1000_main.c',
        text: `Interrupt ${event.names.join(' ')}. The handler masks further ones and asks for a poll.`,
      });
      this.#receiving = true;
    }
  }

  #heard(kind: string): boolean {
    return this.#awaited.delete(kind);
  }

  /** The card's poll hands a frame up. */
  arrived(skb: SkBuff): void {
    if (!this.#receiving) return;
    const network = skb.data + ethernet.headerLength(skb.view, skb.data);
    const transport = network + ipv4.headerLength(skb.view, network);
    const payload = transport + tcp.headerLength(skb.view, transport);
    this.#regions = [
      { layer: 'ethernet', at: skb.data, length: network - skb.data },
      { layer: 'ipv4', at: network, length: transport - network },
      { layer: 'tcp', at: transport, length: payload - transport },
      { layer: 'payload', at: payload, length: network + ipv4.totLen(skb.view, network) - payload },
    ];
    this.#skb('server', skb, {
      call: 'e1000_clean → napi_gro_receive',
      file: 'drivers/net/ethernet/intel/e1000/e1000_main.c',
      text: 'NAPI poll: the page becomes the head of an skb, and a fresh page is posted in its place.',
    });
  }

  /** A layer stripped its header. */
  stripped(layer: Header, skb: SkBuff): void {
    if (!this.#receiving) return;
    const region = this.#regions.find((candidate) => candidate.layer === layer) as Region;
    const bytes = skb.bytes.subarray(region.at, region.at + region.length);
    this.#skb('server', skb, { ...PULL[layer], fields: fieldsOf(layer, bytes), change: 'stripped' });
  }

  /** The application reads. */
  read(skb: SkBuff): void {
    if (!this.#receiving) return;
    this.#receiving = false;
    this.#awaited.clear();
    this.#skb('server', skb, {
      call: 'recvfrom → tcp_recvmsg → skb_copy_datagram_msg',
      file: 'net/ipv4/tcp.c',
      text: `${skb.len} bytes are copied to the application, and the skb is freed.`,
    });
  }

  #skb(side: Step['side'], skb: SkBuff, step: Omit<Step, 'side' | 'geometry'>): void {
    this.#tell?.({ side, ...step, geometry: geometryOf(skb, this.#regions) });
  }
}

/** A line of `ip neigh`. */
function neighbour(address: number, mac: number): string {
  return `${ipv4.formatAddress(address)} dev eth0 lladdr ${ethernet.formatMac(mac)} REACHABLE`;
}

/** Bytes as rows of sixteen. */
function lines(bytes: Uint8Array): string[] {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) rows.push(hex(bytes.subarray(at, at + 16)));
  return rows;
}
