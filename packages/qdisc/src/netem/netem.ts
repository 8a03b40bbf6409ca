/**
 * `netem`: a network in a queue. Delays, loses, doubles, damages and reorders packets.
 * @module
 */
import { CHECKSUM_PARTIAL, checksumHelp, type SkBuff, SkbQueue } from '@stack/skbuff';
import { cut } from '../cut.ts';
import { measure, pktLen } from '../packet.ts';
import { DROP, OK, type QdiscPorts } from '../ports.ts';
import { BaseQdisc } from '../qdisc.ts';
import { Correlated, mulHigh, type Random, rng, threshold } from '../rng.ts';
import { TimeHeap } from '../time-heap.ts';
import { tableOf, vary } from './distribution.ts';
import { type Loss, lossOf } from './loss.ts';
import {
  describeNetem,
  NETEM_DEFAULTS,
  type NetemOptions,
  type NetemSettings,
  type NetemSlot,
  netemSettings,
} from './options.ts';

// Streams of the seed: what one decision draws never shifts another's.
const LOSS = 1;
const DUPLICATE = 2;
const CORRUPT = 3;
const DAMAGE = 4;
const DELAY = 5;
const REORDER = 6;
const SLOT = 7;

/**
 * Network emulation. A packet is lost, doubled and damaged when it enters, and leaves when its time has come; times are kept to the nanosecond.
 * Packets that are delayed are parted from their owners, as in Linux: they count as sent. A super-packet is one packet here, unless it is to be damaged.
 */
export class Netem extends BaseQdisc {
  override readonly kind = 'netem';
  #settings: NetemSettings;
  #seed: number;
  #loss: Loss | undefined = undefined;
  #duplicate!: Correlated;
  #corrupt!: Correlated;
  #delay!: Correlated;
  #reorder!: Correlated;
  #damage!: Random;
  #slotRandom!: Random;
  #table: Int16Array | undefined = undefined;

  /** Packets that wait for their time. */
  readonly #later: TimeHeap<SkBuff> = new TimeHeap();
  /** Packets that overtake the others. */
  readonly #now: SkbQueue = new SkbQueue();
  /** Packets since the last one that overtook. */
  #sinceGap = 0;
  /** When the last packet will have left at {@link NetemOptions.rate}: µs, ns, and a rest in units of 1 / rate ns. */
  #busy = 0;
  #busyNs = 0;
  #busyRest = 0;
  /** When the slot begins, µs; -1 without slots. */
  #slotAt = -1;
  #slotPackets = 0;
  #slotBytes = 0;

  /** @throws RangeError for an option out of its range. */
  constructor(ports: QdiscPorts, options: NetemOptions = {}) {
    super(ports);
    this.#settings = netemSettings(NETEM_DEFAULTS, options);
    this.#seed = options.seed ?? ports.random?.() ?? 0;
    this.#sow();
    this.#apply();
  }

  /** Options as they are. */
  get options(): Readonly<NetemSettings & { seed: number }> {
    return { ...this.#settings, seed: this.#seed };
  }

  /**
   * Changes options; those not given stay, and packets inside keep their times. A seed begins everything random anew.
   * @throws RangeError, and nothing changed, for one out of its range.
   */
  change(_now: number, options: NetemOptions): void {
    this.#settings = netemSettings(this.#settings, options);
    if (options.seed !== undefined) {
      this.#seed = options.seed;
      this.#sow();
    } else if (options.loss !== undefined) this.#sowLoss();
    this.#busyRest = 0; // it was a fraction of the rate there was
    if ('slot' in options) this.#slotAt = -1;
    this.#apply();
  }

  override enqueue(now: number, skb: SkBuff): number {
    measure(skb);
    return this.#enter(now, skb, this.#settings.duplicate);
  }

  override dequeue(now: number): SkBuff | undefined {
    const first = this.#now.shift();
    if (first !== undefined) return this.left(first);
    if (!this.#later.isDue(now)) return undefined;
    const { slot } = this.#settings;
    if (slot !== undefined && !this.#slotOpens(now, slot, this.#later.whole as number)) return undefined;
    const skb = this.#later.pop() as SkBuff;
    if (slot !== undefined) this.#useSlot(now, slot, pktLen(skb));
    return this.left(skb);
  }

  override nextTime(_now: number): number | undefined {
    const time = this.#later.whole;
    return time === undefined ? undefined : Math.max(time, this.#slotAt);
  }

  override reset(): void {
    for (let skb = this.#now.shift(); skb !== undefined; skb = this.#now.shift()) this.purge(skb);
    for (let skb = this.#later.pop(); skb !== undefined; skb = this.#later.pop()) this.purge(skb);
    this.#busy = 0;
    this.#busyNs = 0;
    this.#busyRest = 0;
    this.#sinceGap = 0;
    this.#slotAt = -1;
  }

  protected override describe(): string {
    return describeNetem(this.#settings, this.#seed);
  }

  #sow(): void {
    this.#sowLoss();
    this.#duplicate = new Correlated(rng(this.#seed, DUPLICATE));
    this.#corrupt = new Correlated(rng(this.#seed, CORRUPT));
    this.#delay = new Correlated(rng(this.#seed, DELAY));
    this.#reorder = new Correlated(rng(this.#seed, REORDER));
    this.#damage = rng(this.#seed, DAMAGE);
    this.#slotRandom = rng(this.#seed, SLOT);
  }

  #sowLoss(): void {
    this.#loss = lossOf(this.#settings.loss, rng(this.#seed, LOSS));
  }

  #apply(): void {
    const settings = this.#settings;
    this.#duplicate.correlation = settings.duplicateCorrelation;
    this.#corrupt.correlation = settings.corruptCorrelation;
    this.#delay.correlation = settings.delayCorrelation;
    this.#reorder.correlation = settings.reorderCorrelation;
    this.#table = tableOf(settings.distribution);
  }

  /** What befalls a packet on its way in. `duplicate` is the probability that it is doubled, 0 for a packet that is a double. */
  #enter(now: number, skb: SkBuff, duplicate: number): number {
    const settings = this.#settings;
    const doubled = duplicate > 0 && this.#duplicate.next() < threshold(duplicate);
    const lost = this.#loss?.lost() ?? false;
    if (lost && !doubled) {
      this.refuse(skb, 'QDISC_DROP');
      return OK; // the network lost it: its sender is not to know
    }
    if (settings.delay > 0 || settings.jitter > 0 || settings.rate > 0) skb.orphan();
    if (doubled && !lost) this.#enter(now, skb.clone(), 0);
    if (settings.corrupt > 0 && this.#corrupt.next() < threshold(settings.corrupt)) {
      return this.#enterDamaged(now, skb);
    }
    return this.#queue(now, skb);
  }

  /** Damages a packet; of a super-packet the first segment. */
  #enterDamaged(now: number, skb: SkBuff): number {
    const segments = skb.gsoSize > 0 ? cut(this.ports, skb) : [skb];
    if (segments === undefined) return this.refuse(skb, 'QDISC_DROP');
    let rc = OK;
    for (let i = 0; i < segments.length; i++) {
      const segment = segments[i] as SkBuff;
      const spoilt = i > 0 || this.#flip(segment);
      const done = spoilt ? this.#queue(now, segment) : this.refuse(segment, 'QDISC_DROP');
      if (done !== OK) rc = DROP;
    }
    return rc;
  }

  /** Flips a bit, after the checksum that is to notice it is in its place. False at the pool's limit. */
  #flip(skb: SkBuff): boolean {
    if (skb.len === 0) return true;
    if (skb.headlen === 0 && !skb.mayPull(1)) return false;
    if (skb.ipSummed === CHECKSUM_PARTIAL) {
      const start = skb.csumStart - skb.data;
      if (start < 0 || skb.csumOffset < 0 || start + skb.csumOffset + 2 > skb.len) return false;
      if (!checksumHelp(skb)) return false;
    }
    if (!skb.cow()) return false;
    const at = skb.data + mulHigh(this.#damage(), skb.headlen);
    skb.bytes[at] = (skb.bytes[at] as number) ^ (1 << (this.#damage() & 7));
    return true;
  }

  #queue(now: number, skb: SkBuff): number {
    const { limit, reorder, gap = reorder > 0 ? 1 : 0 } = this.#settings;
    if (this.#later.size + this.#now.qlen >= limit) return this.refuse(skb, 'QDISC_DROP');
    this.entered(skb);
    const overtakes =
      gap > 0 && this.#sinceGap >= gap - 1 && this.#reorder.next() < threshold(reorder === 0 ? 1 : reorder);
    if (overtakes) {
      this.#sinceGap = 0;
      this.stats.requeues++; // Linux counts them so
      this.#now.push(skb);
      return OK;
    }
    this.#sinceGap++;
    this.#schedule(now, skb);
    return OK;
  }

  /** Says when the packet leaves: after its delay, and at a rate behind the packet before. */
  #schedule(now: number, skb: SkBuff): void {
    const { delay, jitter, rate } = this.#settings;
    const random = jitter > 0 ? this.#delay.next() : 0;
    const ns = Math.max(0, vary(delay * 1000, jitter * 1000, random, this.#table));
    const rest = ns % 1000;
    const time = now + (ns - rest) / 1000;
    if (rate === 0) this.#later.push(time, rest, skb);
    else {
      if (time > this.#busy || (time === this.#busy && rest > this.#busyNs)) {
        this.#busy = time;
        this.#busyNs = rest;
        this.#busyRest = 0;
      }
      this.#transmit(this.#wireLength(pktLen(skb)) * 8, rate);
      this.#later.push(this.#busy, this.#busyNs, skb);
    }
  }

  /** Moves the end of transmission on by so many bits, exactly. */
  #transmit(bits: number, rate: number): void {
    // Microseconds first, then the nanoseconds of what is left: each product is exact.
    const microbits = bits * 1_000_000;
    const us = Math.floor(microbits / rate);
    const nanobits = (microbits - us * rate) * 1000 + this.#busyRest;
    const ns = Math.floor(nanobits / rate);
    this.#busyRest = nanobits - ns * rate;
    const total = this.#busyNs + ns;
    const over = Math.floor(total / 1000);
    this.#busy += us + over;
    this.#busyNs = total - over * 1000;
  }

  /** Bytes that a packet takes on the emulated wire. */
  #wireLength(length: number): number {
    const { packetOverhead, cellSize, cellOverhead } = this.#settings;
    const bytes = Math.max(0, length + packetOverhead);
    return cellSize === 0 ? bytes : Math.ceil(bytes / cellSize) * Math.max(0, cellSize + cellOverhead);
  }

  /** Whether packets may leave now. One that became due after the slot began waits for the next. */
  #slotOpens(now: number, slot: NetemSlot, due: number): boolean {
    if (this.#slotAt < due) this.#nextSlot(now, slot);
    return this.#slotAt <= now;
  }

  /** A packet left in this slot, which may be full now. */
  #useSlot(now: number, slot: NetemSlot, length: number): void {
    this.#slotPackets--;
    this.#slotBytes -= length;
    if (this.#slotPackets <= 0 || this.#slotBytes <= 0) this.#nextSlot(now, slot);
  }

  #nextSlot(now: number, slot: NetemSlot): void {
    const { minDelay, maxDelay = minDelay, packets = Infinity, bytes = Infinity } = slot;
    this.#slotAt = now + minDelay + mulHigh(this.#slotRandom(), maxDelay - minDelay);
    this.#slotPackets = packets;
    this.#slotBytes = bytes;
  }
}
