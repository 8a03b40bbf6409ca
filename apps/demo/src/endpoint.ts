/**
 * One end of a connection whose TCP is a script: it numbers what it sends, and that is all it knows of TCP.
 * @module
 */
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import { type Clock, OK } from '@stack/nic-sim';
import type { SkBuff } from '@stack/skbuff';
import * as tcp from '@stack/tcp';
import { down, type Observer } from './pipeline.ts';
import type { Station } from './station.ts';

/** Shift announced in the SYN: windows count 2^7 bytes. */
const WSCALE = 7;
/** Receive window that both ends announce, bytes: what may be in flight. */
export const WINDOW = 512 * 1024;

/** Sends segments from one address and port to another. */
export class Endpoint {
  readonly station: Station;
  readonly port: number;
  /** Next sequence number to send. */
  seq: number;
  /** Next sequence number expected. */
  ackSeq = 0;
  readonly #clock: Clock;
  readonly #peer: { address: number; port: number };
  #id = 0x1a00;

  constructor(
    clock: Clock,
    station: Station,
    port: number,
    seq: number,
    peer: { address: number; port: number },
  ) {
    this.#clock = clock;
    this.station = station;
    this.port = port;
    this.seq = seq;
    this.#peer = peer;
  }

  /** Sends the payload in `skb` down the whole pipeline. False: the card's ring is full, and `skb` is freed. */
  transmit(flags: number, skb: SkBuff, observe?: Observer, ready?: () => void): boolean {
    const { station } = this;
    const dest = station.neighbours.get(this.#peer.address);
    if (dest === undefined) throw new Error('no neighbour: ARP comes first');
    const length = skb.len;
    const headers = {
      tcp: {
        source: this.port,
        dest: this.#peer.port,
        seq: this.seq,
        ackSeq: this.ackSeq,
        flags,
        window: flags & tcp.SYN ? 64_240 : WINDOW >>> WSCALE,
        options: this.#options(flags),
      },
      ipv4: {
        id: this.#id,
        flags: ipv4.FLAG_DF,
        protocol: ipv4.IPPROTO.IPPROTO_TCP,
        saddr: station.address,
        daddr: this.#peer.address,
      },
      ethernet: { dest, source: station.mac, proto: ethernet.ETH_P_IP },
    };
    down(skb, headers, observe);
    ready?.();
    const segments = Math.max(1, skb.gsoSegs);
    if (station.nic.xmit(skb) !== OK) {
      skb.free();
      return false;
    }
    this.#id = (this.#id + segments) & 0xffff;
    this.seq = (this.seq + length + (flags & tcp.SYN ? 1 : 0)) >>> 0;
    return true;
  }

  /** SYN: what Linux offers. Otherwise timestamps, aligned with two NOPs. */
  #options(flags: number): tcp.Option[] {
    const tsval = 1_000_000 + Math.floor(this.#clock.now() / 1000);
    const timestamps: tcp.Option = { kind: tcp.TCPOPT_TIMESTAMP, tsval, tsecr: flags & tcp.ACK ? tsval : 0 };
    if (!(flags & tcp.SYN)) return [{ kind: tcp.TCPOPT_NOP }, { kind: tcp.TCPOPT_NOP }, timestamps];
    return [
      { kind: tcp.TCPOPT_MSS, mss: 1460 },
      { kind: tcp.TCPOPT_SACK_PERM },
      timestamps,
      { kind: tcp.TCPOPT_NOP },
      { kind: tcp.TCPOPT_WINDOW, wscale: WSCALE },
    ];
  }
}
