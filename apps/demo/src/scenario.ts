/**
 * The whole trip: two stations, a wire between them, and one send() from the first to the second. The packets, the rings and
 * the wire are real; TCP is a script: a handshake, data in order, one acknowledgement per poll.
 * @module
 */
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import { VirtualClock, Wire } from '@stack/nic-sim';
import { SKB_GSO_TCPV4, type SkBuff, wrapPage } from '@stack/skbuff';
import * as tcp from '@stack/tcp';
import { type Copies, noCopies, watchPayload } from './copies.ts';
import { Endpoint, WINDOW } from './endpoint.ts';
import { Narrator } from './narrator.ts';
import { up } from './pipeline.ts';
import { Station } from './station.ts';
import type { Teller } from './story.ts';

/** The two ends of the classic example. */
export const CLIENT = { address: ipv4.parseAddress('192.168.1.10'), port: 54_321, mac: 0x02_00_00_00_00_0a };
export const SERVER = { address: ipv4.parseAddress('192.168.1.100'), port: 8080, mac: 0x02_00_00_00_00_64 };

/** TCP payload bytes per frame: MTU 1500 less IPv4 (20) and TCP with timestamps (32). */
export const MSS = 1448;
/** Payload of the largest super-packet: whole segments within a 16-bit IPv4 length. */
const SUPER = Math.floor((0xffff - 52) / MSS) * MSS;
/** Initial sequence number of the client. */
const ISN = 0x1000_0000;

/** What {@link run} is given. */
export interface ScenarioOptions {
  /** What the client sends. */
  data: Uint8Array;
  /** Hand the client's own memory down by reference instead of copying it (`MSG_ZEROCOPY`). */
  zerocopy?: boolean;
  /** Told the steps of the first data packet. */
  tell?: Teller;
  /** Given every frame that crosses the wire, without FCS, and its time in µs. */
  onFrame?: (bytes: Uint8Array, time: number) => void;
}

/** What came of it. */
export interface Outcome {
  /** What the server's recv() returned, whole. */
  received: Uint8Array;
  copies: Copies;
  /** What the DMA engines moved, client to server, all frames: gathered onto the wire, scattered into receive buffers. */
  dma: { gathers: number; gatherBytes: number; scatters: number; scatterBytes: number };
  /** Data packets given to the card, and data frames that arrived of them. */
  packets: number;
  segments: number;
  /** Frames on the wire, all kinds. */
  frames: number;
  /** Virtual time it took, µs. */
  time: number;
  /** Pages and skbs not given back. */
  leaked: number;
}

/** Runs the scenario. @throws Error if a packet is lost or refused: on this wire none is. */
export function run(options: ScenarioOptions): Outcome {
  return new Trip(options).run();
}

class Trip {
  readonly #data: Uint8Array;
  readonly #zerocopy: boolean;
  readonly #received: Uint8Array;
  readonly #clock = new VirtualClock();
  readonly #copies = noCopies();
  readonly #narrator: Narrator;
  readonly #client: Endpoint;
  readonly #server: Endpoint;
  readonly #wire: Wire;
  #established = false;
  #acked = 0;
  #arrived = 0;
  #segments = 0;
  #ackOwed = false;

  constructor({ data, zerocopy = false, tell, onFrame }: ScenarioOptions) {
    this.#data = data;
    this.#zerocopy = zerocopy;
    this.#received = new Uint8Array(data.length);
    this.#narrator = new Narrator(tell);
    const clock = this.#clock;
    const client = new Station({
      clock,
      name: 'client',
      ...CLIENT,
      receive: (skb) => this.#clientReceives(skb),
      trace: (event) => this.#narrator.transmitter(event),
    });
    const server = new Station({
      clock,
      name: 'server',
      ...SERVER,
      receive: (skb) => this.#serverReceives(skb),
      polled: () => this.#acknowledge(),
      trace: (event) => this.#narrator.receiver(event),
    });
    this.#client = new Endpoint(clock, client, CLIENT.port, ISN, SERVER);
    this.#server = new Endpoint(clock, server, SERVER.port, 0x2000_0000, CLIENT);
    this.#wire = new Wire({ clock, a: client.nic, b: server.nic, seed: 1, rate: 1_000_000_000, delay: 50 });
    if (onFrame) this.#wire.onFrame(({ bytes, time }) => onFrame(bytes, time));
  }

  run(): Outcome {
    this.#connect();
    const packets = this.#sendAll();
    this.#clock.run();
    return this.#outcome(packets);
  }

  /** ARP, and the scripted handshake. */
  #connect(): void {
    const { station } = this.#client;
    const asked: Uint8Array[] = [];
    const stop = this.#wire.onFrame(({ bytes }) => asked.push(bytes));
    station.solicit(SERVER.address);
    this.#wait(() => station.neighbours.has(SERVER.address), 'ARP');
    stop();
    this.#narrator.resolved(SERVER.address, station.neighbours.get(SERVER.address) ?? 0, asked);
    this.#client.transmit(tcp.SYN, station.alloc(0));
    this.#wait(() => this.#established, 'the handshake');
    this.#clock.run();
    this.#narrator.established();
  }

  /** The application's sendall(). Returns how many packets went to the card. */
  #sendAll(): number {
    const { length: total } = this.#data;
    let sent = 0;
    let packets = 0;
    while (sent < total) {
      const length = Math.min(SUPER, total - sent);
      this.#wait(() => sent + length - this.#acked <= WINDOW, 'an acknowledgement');
      const skb = this.#fill(sent, length);
      if (packets === 0) this.#narrator.begin(skb, this.#client.station.nic, total, this.#zerocopy);
      if (this.#transmit(skb, packets === 0)) {
        sent += length;
        packets++;
      } else this.#waitForRoom();
    }
    return packets;
  }

  #transmit(skb: SkBuff, first: boolean): boolean {
    const inPlace = watchPayload(skb, skb.len, this.#copies);
    return this.#client.transmit(
      tcp.PSH | tcp.ACK,
      skb,
      (layer, packet) => {
        inPlace();
        if (first) this.#narrator.pushed(layer, packet);
      },
      () => {
        if (first) this.#narrator.transmit();
      },
    );
  }

  /** User memory into an skb: a small message into the linear part, more into a page. */
  #fill(from: number, length: number): SkBuff {
    const { station } = this.#client;
    const source = this.#data.subarray(from, from + length);
    const linear = length <= MSS && !this.#zerocopy;
    const skb = station.alloc(linear ? length : 0);
    if (linear) skb.putData(source);
    else {
      const page = this.#zerocopy ? wrapPage(source) : station.page(length);
      if (!this.#zerocopy) page.arena.bytes.set(source, page.start);
      skb.addFrag(page, page.start, length);
    }
    if (!this.#zerocopy) {
      this.#copies.send.times++;
      this.#copies.send.bytes += length;
    }
    if (length > MSS) {
      skb.gsoSize = MSS;
      skb.gsoSegs = Math.ceil(length / MSS);
      skb.gsoType = SKB_GSO_TCPV4;
    }
    return skb;
  }

  /** The script at the client: answers the SYN-ACK, takes note of acknowledgements. */
  #clientReceives(skb: SkBuff): void {
    const { tcp: segment } = up(skb);
    skb.free();
    if (segment.flags & tcp.SYN) {
      this.#client.ackSeq = (segment.seq + 1) >>> 0;
      this.#client.transmit(tcp.ACK, this.#client.station.alloc(0));
      this.#established = true;
    } else this.#acked = (segment.ackSeq - ISN - 1) >>> 0;
  }

  /** The script at the server: answers the SYN, takes data that is in order, refuses anything else. */
  #serverReceives(skb: SkBuff): void {
    const { bytes, data } = skb;
    this.#narrator.arrived(skb);
    const { tcp: segment } = up(skb, (layer, packet) => this.#narrator.stripped(layer, packet));
    if (segment.flags & tcp.SYN) {
      skb.free();
      this.#server.ackSeq = (segment.seq + 1) >>> 0;
      this.#server.transmit(tcp.SYN | tcp.ACK, this.#server.station.alloc(0));
      return;
    }
    if (skb.len === 0) {
      skb.free(); // the last step of the handshake
      return;
    }
    if (segment.seq !== this.#server.ackSeq) {
      throw new Error(`segment ${segment.seq} where ${this.#server.ackSeq} was due`);
    }
    // The payload must lie where the card's DMA put it: each pull moved a pointer and nothing else.
    const headers = ethernet.HLEN + ipv4.HLEN + segment.doff * 4;
    if (skb.bytes === bytes && skb.data === data + headers) this.#copies.unmoved += 3;
    else this.#copies.moved++;
    this.#server.ackSeq = (segment.seq + skb.len) >>> 0;
    this.#segments++;
    this.#ackOwed = true;
    this.#narrator.read(skb);
    this.#read(skb);
  }

  /** The application's recv(): the second and last CPU copy. */
  #read(skb: SkBuff): void {
    skb.copyBits(0, this.#received, this.#arrived, skb.len);
    this.#arrived += skb.len;
    this.#copies.recv.times++;
    this.#copies.recv.bytes += skb.len;
    skb.free();
  }

  /** One acknowledgement for all that a poll brought. */
  #acknowledge(): void {
    if (this.#ackOwed) this.#server.transmit(tcp.ACK, this.#server.station.alloc(0));
    this.#ackOwed = false;
  }

  /** Lets virtual time pass until `done`. */
  #wait(done: () => boolean, what: string): void {
    while (!done()) if (!this.#clock.step()) throw new Error(`stalled, waiting for ${what}`);
  }

  #waitForRoom(): void {
    let room = false;
    this.#client.station.nic.wake = () => {
      room = true;
    };
    this.#wait(() => room, 'room in the ring');
  }

  #outcome(packets: number): Outcome {
    const stations = [this.#client.station, this.#server.station];
    const { ethtool: tx } = this.#client.station.nic;
    const { ethtool: rx } = this.#server.station.nic;
    const time = this.#clock.now();
    for (const { nic } of stations) nic.close();
    return {
      received: this.#received.subarray(0, this.#arrived),
      copies: this.#copies,
      dma: {
        gathers: tx.dmaGathers,
        gatherBytes: tx.dmaGatherBytes,
        scatters: rx.dmaScatters,
        scatterBytes: rx.dmaScatterBytes,
      },
      packets,
      segments: this.#segments,
      frames: this.#wire.aToB.stats.frames + this.#wire.bToA.stats.frames,
      time,
      leaked: stations.reduce((sum, { pool }) => sum + pool.stats.inUse + pool.stats.skbs, 0),
    };
  }
}
