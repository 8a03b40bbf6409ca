/**
 * `struct Qdisc`: what all queueing disciplines have in common.
 * @module
 */
import { COUNTER_ZERO, type SkBuff } from '@stack/skbuff';
import { size } from './format.ts';
import { pktLen, pktSegments } from './packet.ts';
import { DROP, type DropReason, type QdiscPorts } from './ports.ts';

/** What `tc -s qdisc` shows of any discipline. */
export interface QdiscStats {
  /** Bytes that left it. */
  bytes: number;
  /** Packets that left it; a super-packet counts its segments. */
  packets: number;
  /** Packets it dropped. */
  drops: number;
  /** Times it had to hold packets back. */
  overlimits: number;
  /** Packets it got back because the device was busy. */
  requeues: number;
  /** Packets in it now; a super-packet counts as one. */
  qlen: number;
  /** Their bytes. */
  backlog: number;
}

/** How `tc` would name a discipline; see {@link Qdisc.dump}. */
export interface DumpOptions {
  /** Major number of its handle, u16, printed in hexadecimal. Default 0. */
  handle?: number;
  /** Device it stands on, where more than one is listed. */
  dev?: string;
  /** With the lines of `-s`. Default true. */
  stats?: boolean;
}

/**
 * A queueing discipline. It owns the packets in it, and tells why each packet that never comes out was dropped. Times are integer µs that
 * never go back.
 */
export interface Qdisc {
  /** By the name `tc` has for it. */
  readonly kind: string;
  /** Live counters. */
  readonly stats: QdiscStats;
  /** Whether a packet may pass it by: never, while it is empty (`TCQ_F_CAN_BYPASS`), or always (it has no queue). */
  readonly bypass: 'never' | 'empty' | 'always';
  /** Packets in it. */
  readonly qlen: number;
  /** Bytes in it. */
  readonly backlog: number;
  /** Takes a packet over, `data` at its link header: `OK`, or `DROP` if that packet or another one in its place was dropped, or `CN`. */
  enqueue(now: number, skb: SkBuff): number;
  /** The packet whose turn it is, now the caller's; `undefined` if there is none, or {@link nextTime} has not come. */
  dequeue(now: number): SkBuff | undefined;
  /**
   * When {@link dequeue}, which just gave nothing, will give something, µs and later than `now`; `undefined` when it is empty or cannot
   * tell.
   */
  nextTime(now: number): number | undefined;
  /** Drops every packet in it, uncounted; it is then as new but for its counters. */
  reset(): void;
  /** Options and counters, as `tc -s qdisc show` prints them; lines end in `\n`. */
  dump(options?: DumpOptions): string;
}

/** The books of a discipline. */
export abstract class BaseQdisc implements Qdisc {
  abstract readonly kind: string;
  readonly stats: QdiscStats = {
    bytes: COUNTER_ZERO,
    packets: 0,
    drops: 0,
    overlimits: 0,
    requeues: 0,
    qlen: 0,
    backlog: 0,
  };
  readonly bypass: 'never' | 'empty' | 'always' = 'never';
  /** @internal */
  protected readonly ports: QdiscPorts;

  constructor(ports: QdiscPorts) {
    this.ports = ports;
  }

  get qlen(): number {
    return this.stats.qlen;
  }

  get backlog(): number {
    return this.stats.backlog;
  }

  abstract enqueue(now: number, skb: SkBuff): number;

  abstract dequeue(now: number): SkBuff | undefined;

  nextTime(_now: number): number | undefined {
    return undefined;
  }

  abstract reset(): void;

  dump(options: DumpOptions = {}): string {
    const { handle = 0, dev, stats: withStats = true } = options;
    const { stats } = this;
    const where = dev === undefined ? '' : ` dev ${dev}`;
    let text =
      `qdisc ${this.kind} ${handle.toString(16)}:${where} root refcnt 2 ${this.describe()}`.trimEnd();
    text += '\n';
    if (!withStats) return text;
    text += ` Sent ${stats.bytes} bytes ${stats.packets} pkt`;
    text += ` (dropped ${stats.drops}, overlimits ${stats.overlimits} requeues ${stats.requeues})\n`;
    text += ` backlog ${size(stats.backlog)} ${stats.qlen}p requeues ${stats.requeues}\n`;
    return text + this.describeStats();
  }

  /** Its options, as `tc` prints them. @internal */
  protected abstract describe(): string;

  /** Lines of counters of its own. @internal */
  protected describeStats(): string {
    return '';
  }

  /** Books a packet in, once it was measured. @internal */
  protected entered(skb: SkBuff): void {
    this.stats.qlen++;
    this.stats.backlog += pktLen(skb);
  }

  /** Books a packet out that goes on to the device. @internal */
  protected left(skb: SkBuff): SkBuff {
    const { stats } = this;
    const length = pktLen(skb);
    stats.qlen--;
    stats.backlog -= length;
    stats.bytes += length;
    stats.packets += pktSegments(skb);
    return skb;
  }

  /** Drops and counts a packet that is not in the books, or no longer. @internal */
  protected refuse(skb: SkBuff, reason: DropReason): number {
    this.stats.drops++;
    this.ports.drop(skb, reason);
    return DROP;
  }

  /** Books a packet out that is thrown away by {@link reset}. @internal */
  protected purge(skb: SkBuff): void {
    this.stats.qlen--;
    this.stats.backlog -= pktLen(skb);
    this.ports.drop(skb, 'QUEUE_PURGE');
  }
}
