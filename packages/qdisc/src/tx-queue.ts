/**
 * The transmit queue of a device: what takes packets out of a discipline and gives them to the driver (Linux net/sched/sch_generic.c).
 * @module
 */
import { type SkBuff, SkbQueue } from '@stack/skbuff';
import { Dql } from './dql.ts';
import { measure, pktLen, pktSegments, startsNow } from './packet.ts';
import { CN, DROP, type Drop, OK, type Timer, type Timers, type TxDevice } from './ports.ts';
import type { Qdisc } from './qdisc.ts';

/** How deep packets may be sent from within sending (Linux `XMIT_RECURSION_LIMIT`). */
const RECURSION_LIMIT = 8;

/** How to make a {@link TxQueue}. */
export interface TxQueueOptions {
  device: TxDevice;
  qdisc: Qdisc;
  timers: Timers;
  drop: Drop;
  /** Asks that {@link TxQueue.run} be called soon, from a context of its own (Linux `__netif_schedule`). */
  reschedule: () => void;
  /**
   * Makes a packet what the device can take (Linux `validate_xmit_skb`): cuts super-packets, completes checksums, inserts tags. Takes the
   * packet over and gives the packets to send, linked through `next`; `undefined` if it dropped all of them. Default: as it is.
   */
  validate?: ((skb: SkBuff) => SkBuff | undefined) | undefined;
  /** Whether the device reports completions to {@link TxQueue.completed}, so that its bytes are limited (BQL). Default false. */
  bql?: boolean;
  /** Packets per {@link TxQueue.run} (`net.core.dev_weight`), at least 1. Default 64. */
  weight?: number;
}

/** One transmit queue. It is inactive, and drops, until {@link activate}. */
export class TxQueue {
  /** Packets per run (`net.core.dev_weight`). */
  weight: number;
  /** The limit on bytes in the device; `undefined` without BQL. */
  readonly dql: Dql | undefined;
  /** `net:net_dev_queue`: a packet is about to be queued. */
  queued: ((skb: SkBuff) => void) | undefined = undefined;
  /** `net:net_dev_start_xmit`, and what packet sockets see: a packet is given to the device for the first time. It is only lent. */
  started: ((skb: SkBuff) => void) | undefined = undefined;
  /** `net:net_dev_xmit`: the device took (0) or did not take (1) a packet of so many bytes. */
  xmitted: ((length: number, rc: number) => void) | undefined = undefined;

  readonly #device: TxDevice;
  readonly #drop: Drop;
  readonly #validate: ((skb: SkBuff) => SkBuff | undefined) | undefined;
  readonly #reschedule: () => void;
  readonly #watchdog: Timer;
  #qdisc: Qdisc;
  /** Packets that were validated and that the device had no room for. They are in the discipline's books. */
  readonly #requeued: SkbQueue = new SkbQueue();
  #active = false;
  /** The device said BUSY and has not woken us. */
  #busy = false;
  #running = false;
  #depth = 0;

  /** @throws RangeError if `weight` is no whole number of at least 1. */
  constructor(options: TxQueueOptions) {
    const { device, qdisc, timers, drop, reschedule, validate, bql = false, weight = 64 } = options;
    if (!Number.isInteger(weight) || weight < 1) throw new RangeError(`txqueue: weight ${weight} is below 1`);
    this.#device = device;
    this.#qdisc = qdisc;
    this.#drop = drop;
    this.#reschedule = reschedule;
    this.#validate = validate;
    this.weight = weight;
    this.dql = bql ? new Dql() : undefined;
    this.#watchdog = timers.timer(watchdog, this);
  }

  /** The discipline; see {@link setQdisc}. */
  get qdisc(): Qdisc {
    return this.#qdisc;
  }

  /** Whether it sends: the link is up. */
  get active(): boolean {
    return this.#active;
  }

  /** Whether nothing may be given to the device now: it was busy, or holds as many bytes as it may. */
  get stopped(): boolean {
    return this.#busy || (this.dql !== undefined && this.dql.available < 0);
  }

  /** Packets waiting, those that the device sent back included. */
  get qlen(): number {
    return this.#qdisc.stats.qlen;
  }

  /**
   * Sends a packet, taking it over: `data` at its link header (Linux `dev_queue_xmit`). `OK`; `DROP` if it was dropped for want of room;
   * `CN` while the queue is inactive. Called from within a run of this queue, it queues the packet for that run.
   */
  xmit(now: number, skb: SkBuff): number {
    this.queued?.(skb);
    if (!this.#active) {
      this.#drop(skb, 'QDISC_DROP');
      return CN;
    }
    const { bypass, stats } = this.#qdisc;
    if (bypass === 'always') return this.#direct(skb);
    if (bypass === 'empty' && stats.qlen === 0 && !this.#running && !this.stopped) {
      measure(skb);
      stats.bytes += pktLen(skb);
      stats.packets += pktSegments(skb);
      this.#running = true;
      try {
        this.#send(skb);
      } finally {
        this.#running = false;
      }
      if (stats.qlen > 0) this.run(now);
      return OK;
    }
    const rc = this.#qdisc.enqueue(now, skb);
    this.run(now);
    return rc;
  }

  /** Gives packets to the device: up to {@link weight}, then asks to be called again. */
  run(now: number): void {
    if (this.#running || !this.#active) return;
    this.#running = true;
    try {
      this.#drain(now);
    } finally {
      this.#running = false;
    }
  }

  /** The device that was busy has room again; call it from the device's `wake`. */
  wake(): void {
    if (!this.#busy) return;
    this.#busy = false;
    if (this.#active) this.#reschedule();
  }

  /** The device is done with packets; call it from the device's `completed`. `bytes` as the packets had when they were sent. */
  completed(now: number, _packets: number, bytes: number): void {
    const { dql } = this;
    if (dql === undefined) return;
    dql.completed(now, bytes);
    if (dql.available >= 0 && this.#active && this.#qdisc.stats.qlen > 0) this.#reschedule();
  }

  /** The link came: packets are taken from now on (Linux `dev_activate`). */
  activate(): void {
    this.#active = true;
  }

  /** The link went: drops what waits, and whatever comes (Linux `dev_deactivate`). */
  deactivate(): void {
    this.#active = false;
    this.#busy = false;
    this.#watchdog.del();
    this.#reset();
  }

  /** Puts another discipline in place of the one there was; what waited in that one is dropped. */
  setQdisc(qdisc: Qdisc): void {
    this.#watchdog.del();
    this.#reset();
    this.#qdisc = qdisc;
  }

  /** Takes the device away: {@link deactivate}, and what it held is forgotten. */
  close(now: number): void {
    this.deactivate();
    this.dql?.reset(now);
  }

  #drain(now: number): void {
    let quota = this.weight;
    while (!this.stopped) {
      if (quota <= 0) {
        this.#reschedule();
        return;
      }
      const again = this.#requeued.shift();
      if (again !== undefined) {
        this.#retry(again);
        quota--;
        continue;
      }
      const skb = this.#qdisc.dequeue(now);
      if (skb === undefined) {
        this.#watch(now);
        return;
      }
      quota -= this.#send(skb);
    }
  }

  /** Arms the watchdog for the moment at which the discipline has something again. */
  #watch(now: number): void {
    const time = this.#qdisc.nextTime(now);
    if (time === undefined) this.#watchdog.del();
    else this.#watchdog.mod(time);
  }

  /** Validates a packet and gives what that makes to the device; what it does not take is kept. Returns how many there were. */
  #send(skb: SkBuff): number {
    let segment = this.#validate === undefined ? skb : this.#validate(skb);
    if (segment === undefined) return 1;
    let count = 0;
    while (segment !== undefined) {
      const next: SkBuff | undefined = segment.next;
      segment.next = undefined;
      measure(segment); // cut or tagged, it no longer weighs what it did
      if (this.stopped || !this.#xmit(segment)) this.#requeue(segment);
      segment = next;
      count++;
    }
    return count;
  }

  /** Gives one packet to the device; false if it was busy. */
  #xmit(skb: SkBuff): boolean {
    const { dql } = this;
    if (startsNow(skb)) this.started?.(skb);
    const length = skb.len;
    dql?.queued(length); // before: the device may be done with it at once
    const rc = this.#device.xmit(skb);
    if (rc !== OK) {
      dql?.unqueued(length);
      this.#busy = true;
    }
    this.xmitted?.(length, rc);
    return rc === OK;
  }

  /** Gives the packet that waited longest to the device once more. */
  #retry(skb: SkBuff): void {
    this.#unbook(skb);
    if (this.#xmit(skb)) return;
    this.#book(skb);
    this.#requeued.unshift(skb);
  }

  /** Keeps a packet for later, behind others like it. */
  #requeue(skb: SkBuff): void {
    this.#book(skb);
    this.#requeued.push(skb);
  }

  #book(skb: SkBuff): void {
    const { stats } = this.#qdisc;
    stats.requeues++;
    stats.qlen++;
    stats.backlog += pktLen(skb);
  }

  #unbook(skb: SkBuff): void {
    const { stats } = this.#qdisc;
    stats.qlen--;
    stats.backlog -= pktLen(skb);
  }

  /** Without a queue: the device takes it now, or it is lost. */
  #direct(skb: SkBuff): number {
    if (this.#depth >= RECURSION_LIMIT) {
      this.#drop(skb, 'RECURSION_LIMIT');
      return DROP;
    }
    this.#depth++;
    let rc = OK;
    try {
      let segment = this.#validate === undefined ? skb : this.#validate(skb);
      while (segment !== undefined) {
        const next: SkBuff | undefined = segment.next;
        segment.next = undefined;
        measure(segment);
        if (this.stopped || !this.#xmit(segment)) {
          this.#drop(segment, 'QDISC_DROP');
          rc = DROP;
        }
        segment = next;
      }
    } finally {
      this.#depth--;
    }
    return rc;
  }

  #reset(): void {
    for (let skb = this.#requeued.shift(); skb !== undefined; skb = this.#requeued.shift()) {
      this.#unbook(skb);
      this.#drop(skb, 'QUEUE_PURGE');
    }
    this.#qdisc.reset();
  }
}

function watchdog(now: number, queue: TxQueue): void {
  queue.run(now);
}
