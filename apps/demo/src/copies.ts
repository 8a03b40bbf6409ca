/**
 * Where the payload lies at each step, so that "copied once" is a measurement: a byte that lies somewhere else than before was copied.
 * @module
 */
import * as ethernet from '@stack/ethernet';
import type { Page, SkBuff } from '@stack/skbuff';
import * as tcp from '@stack/tcp';
import type { TcpSock } from '@stack/tcp/engine';
import { portsAndNumbers, type Segment, segmentInFrame } from './inspect.ts';
import type { SimulatedNetwork, Station } from './network.ts';
import type { Ears } from './scene.ts';

/** A host with a program. */
export type ProgramName = 'client' | 'server';

/** Bytes, and how many of them were copied. */
export interface Share {
  bytes: number;
  copied: number;
}

/** What was found. Bytes are of payload. */
export interface Copies {
  /** Bytes that a program gave to send(), and of those how many lay in the host's memory when they were first sent: copied. */
  send: Record<ProgramName, Share>;
  /** Bytes that recv() gave to a program, and of those how many lay in memory of the program's: copied. */
  recv: Record<ProgramName, Share>;
  /** Bytes that were sent from where they were put, or received from where DMA put them: as often as somebody looked. */
  inPlace: number;
  /** Bytes that were found elsewhere on the way. */
  moved: number;
}

/** Watches both programs' hosts. */
export class CopyWatch {
  readonly copies: Copies = {
    send: { client: { bytes: 0, copied: 0 }, server: { bytes: 0, copied: 0 } },
    recv: { client: { bytes: 0, copied: 0 }, server: { bytes: 0, copied: 0 } },
    inPlace: 0,
    moved: 0,
  };

  constructor(network: SimulatedNetwork, ears: Ears) {
    for (const station of [network.client, network.server]) {
      const down = new Down(this.copies, this.copies.send[programOf(station)]);
      const up = new Up(this.copies);
      ears.on(station.host, 'kprobe', ({ function: entered, skb }) => {
        if (entered === 'ip_queue_xmit') down.queued(skb);
        else if (entered === 'dev_queue_xmit') down.sent(skb);
      });
      ears.on(station.host, 'net:netif_receive_skb', ({ skb }) => up.landed(skb));
      ears.on(station.host, 'kprobe:sk', ({ function: entered, sk }) => {
        if (entered === 'tcp_recvmsg') up.read(sk as TcpSock);
      });
    }
  }

  /** A program has what it received in these arrays. */
  received(station: Station, chunks: readonly Uint8Array[]): void {
    const recv = this.copies.recv[programOf(station)];
    for (const { buffer, length } of chunks) {
      recv.bytes += length;
      if (!station.memory.has(buffer)) recv.copied += length;
    }
  }

  /** A program gave so many bytes to send(). */
  sent(station: Station, bytes: number): void {
    this.copies.send[programOf(station)].bytes += bytes;
  }
}

/** One run of bytes. */
interface Run {
  page: Page;
  offset: number;
  length: number;
}

/** Packets on their way down: their data must be where it is at the end as at the beginning. */
class Down {
  readonly #copies: Copies;
  readonly #send: Share;
  readonly #places = new WeakMap<SkBuff, Run[]>();
  /** First sequence number that was not sent yet, by connection. */
  readonly #next = new Map<string, number>();

  constructor(copies: Copies, send: Share) {
    this.#copies = copies;
    this.#send = send;
  }

  /** TCP is done with a packet. */
  queued(skb: SkBuff): void {
    const { view, data } = skb;
    const header = tcp.headerLength(view, data);
    const length = skb.len - header;
    if (length === 0) return;
    const runs = runsOf(skb, header);
    this.#places.set(skb, runs);
    const { source, dest, seq } = portsAndNumbers(view, data);
    const key = `${source}>${dest}`;
    const next = this.#next.get(key) ?? seq;
    const fresh = (seq + length - next) | 0;
    if (fresh <= 0) return;
    this.#next.set(key, (seq + length) >>> 0);
    // Of a packet that was sent before in part, the end is new.
    let skip = length - fresh;
    for (const { page, length: run } of runs) {
      const part = Math.max(0, run - skip);
      skip = Math.max(0, skip - run);
      if (page.pool !== undefined) this.#send.copied += part;
    }
  }

  /** The device's queue gets it. */
  sent(skb: SkBuff): void {
    const before = this.#places.get(skb);
    if (before === undefined) return;
    this.#places.delete(skb);
    const bytes = before.reduce((sum, { length }) => sum + length, 0);
    const now = runsOf(skb, skb.len - bytes);
    const isSame = now.length === before.length && now.every((run, index) => isSameRun(run, before[index]));
    if (isSame) this.#copies.inPlace += bytes;
    else this.#copies.moved += bytes;
  }
}

/** Packets on their way up: their data must be read from where DMA put it. */
class Up {
  readonly #copies: Copies;
  readonly #landed = new WeakMap<Page, { from: number; to: number }>();
  #seen: SkBuff | undefined;
  #seenAt = 0;

  constructor(copies: Copies) {
    this.#copies = copies;
  }

  landed(skb: SkBuff): void {
    const segment = segmentInFrame(skb.view, skb.data);
    if (segment === undefined || segment.length === 0) return;
    for (const { page, offset, length } of runsOf(skb, headerOf(segment))) {
      this.#landed.set(page, { from: offset, to: offset + length });
    }
  }

  /** The packet at the head of the receive queue is read. */
  read(sk: TcpSock): void {
    const skb = sk.receiveQueue.first;
    if (skb === undefined || skb.len === 0) return;
    if (skb === this.#seen && sk.copiedSeq === this.#seenAt) return;
    this.#seen = skb;
    this.#seenAt = sk.copiedSeq;
    for (const { page, offset, length } of runsOf(skb, 0)) {
      const place = this.#landed.get(page);
      if (place !== undefined && offset >= place.from && offset + length <= place.to)
        this.#copies.inPlace += length;
      else this.#copies.moved += length;
    }
  }
}

function programOf({ name }: Station): ProgramName {
  return name === 'client' ? 'client' : 'server';
}

function headerOf({ payload, ip }: Segment): number {
  return ethernet.HLEN + payload - ip;
}

/** Where the bytes of a packet lie that are behind the first `skip`. */
function runsOf(skb: SkBuff, skip: number): Run[] {
  const runs: Run[] = [];
  const linear = skb.tail - skb.data - skip;
  if (linear > 0) runs.push({ page: skb.page, offset: skb.data + skip, length: linear });
  let left = Math.max(0, -linear);
  for (let i = 0; i < skb.nrFrags; i++) {
    const { page, offset, length } = skb.frags[i] as Run;
    if (left < length) runs.push({ page, offset: offset + left, length: length - left });
    left = Math.max(0, left - length);
  }
  return runs;
}

function isSameRun(a: Run, b: Run | undefined): boolean {
  return b !== undefined && a.page === b.page && a.offset === b.offset && a.length === b.length;
}
