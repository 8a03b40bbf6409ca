/**
 * `fq`: flows take turns, and each is paced. What TCP's pacing relies on.
 * @module
 */
import { type SkBuff, SkbQueue } from '@stack/skbuff';
import { SK_PACING_FQ } from '@stack/skbuff/sock';
import { rate, size, time } from '../format.ts';
import { bandOf, measure, pktLen, setBand, setTime, timeOf } from '../packet.ts';
import { OK, type PacedOwner, type QdiscPorts } from '../ports.ts';
import { TC_PRIO_CONTROL } from '../priority.ts';
import { BaseQdisc } from '../qdisc.ts';
import { TimeHeap } from '../time-heap.ts';
import { type Flow, FlowList, IDLE, NEW, OLD, THROTTLED } from './flow.ts';
import { FlowTable } from './flow-table.ts';
import { type FqOptions, type FqSettings, fqDefaults, fqSettings } from './options.ts';

const BANDS = 3;
const NS_PER_S = 1_000_000_000;

/** What only fq counts. */
export interface FqStats {
  /** Times a flow had to wait for its moment. */
  throttled: number;
  /** Flows that wait now. */
  throttledFlows: number;
  /** Packets of priority 7, which are served before all others. */
  highprio: number;
  /** Packets dropped because their flow had too many. */
  flowsPlimit: number;
  /** Packets that would have held their flow back for more than a second. */
  pktsTooLong: number;
  /** Packets dropped because `tstamp` lay beyond the horizon. */
  horizonDrops: number;
  /** Packets that leave at the horizon instead. */
  horizonCaps: number;
  /** Packets that had waited for longer than `ceThreshold`. */
  ceMark: number;
  /** Packets in each band. */
  bandPackets: [number, number, number];
  /** Packets dropped because their band was full. */
  bandDrops: [number, number, number];
}

interface Band {
  readonly fresh: FlowList;
  readonly old: FlowList;
  credit: number;
}

/**
 * Fair queueing. A packet leaves no earlier than `skb.tstamp` (µs; 0 = at once), and no earlier than its flow's rate allows, to the nanosecond;
 * among flows that may send, those that just began come first, then each sends a quantum in turn. Packets of priority 7 pass all of this by.
 */
export class Fq extends BaseQdisc {
  override readonly kind = 'fq';
  /** Counters of its own. */
  readonly fqStats: FqStats = {
    throttled: 0,
    throttledFlows: 0,
    highprio: 0,
    flowsPlimit: 0,
    pktsTooLong: 0,
    horizonDrops: 0,
    horizonCaps: 0,
    ceMark: 0,
    bandPackets: [0, 0, 0],
    bandDrops: [0, 0, 0],
  };
  #settings: FqSettings;
  /** Bytes per second: `maxrate` and `lowRateThreshold`. */
  #maxrate = Infinity;
  #lowRate = 0;
  readonly #table: FlowTable;
  readonly #internal: SkbQueue = new SkbQueue();
  readonly #throttled: TimeHeap<Flow> = new TimeHeap();
  readonly #bands: readonly Band[] = [band(), band(), band()];
  #turn = 0;

  /** @throws RangeError for an option out of its range. */
  constructor(ports: QdiscPorts, options: FqOptions = {}) {
    super(ports);
    this.#settings = fqSettings(fqDefaults(ports), options);
    this.#table = new FlowTable(0);
    this.#apply();
  }

  /** Options as they are. */
  get options(): Readonly<FqSettings> {
    return this.#settings;
  }

  /** Flows known, idle ones included. */
  get flows(): number {
    return this.#table.size;
  }

  /** Flows without packets. */
  get inactiveFlows(): number {
    return this.#table.idleCount;
  }

  /**
   * Changes options; those not given stay. Packets beyond a lower limit are dropped, as far as they could leave now.
   * @throws RangeError, and nothing changed, for one out of its range.
   */
  change(now: number, options: FqOptions): void {
    this.#settings = fqSettings(this.#settings, options);
    this.#apply();
    while (this.stats.qlen > this.#settings.limit) {
      const skb = this.#take(now);
      if (skb === undefined) return;
      this.stats.qlen--;
      this.stats.backlog -= pktLen(skb);
      this.refuse(skb, 'FQ_BAND_LIMIT');
    }
  }

  override enqueue(now: number, skb: SkBuff): number {
    const settings = this.#settings;
    const { fqStats } = this;
    const priority = skb.priority & 15;
    const index = settings.priomap[priority] as 0 | 1 | 2;
    measure(skb);
    if (fqStats.bandPackets[index] >= settings.limit) {
      fqStats.bandDrops[index]++;
      return this.refuse(skb, 'FQ_BAND_LIMIT');
    }
    let leaves = skb.tstamp === 0 ? now : skb.tstamp;
    if (leaves > now + settings.horizon) {
      if (settings.horizonDrop) {
        fqStats.horizonDrops++;
        return this.refuse(skb, 'FQ_HORIZON_LIMIT');
      }
      fqStats.horizonCaps++;
      leaves = now + settings.horizon;
    }
    if (priority === TC_PRIO_CONTROL) {
      fqStats.highprio++;
      this.#internal.push(skb);
    } else {
      const flow = this.#classify(now, skb);
      if (flow.packets.qlen >= settings.flowLimit) {
        fqStats.flowsPlimit++;
        return this.refuse(skb, 'FQ_FLOW_LIMIT');
      }
      if (flow.state === IDLE) this.#start(now, flow, index);
      setTime(skb, leaves);
      flow.add(skb, leaves);
    }
    setBand(skb, index);
    fqStats.bandPackets[index]++;
    this.entered(skb);
    return OK;
  }

  override dequeue(now: number): SkBuff | undefined {
    const skb = this.#take(now);
    return skb === undefined ? undefined : this.left(skb);
  }

  override nextTime(_now: number): number | undefined {
    return this.#throttled.whole;
  }

  override reset(): void {
    for (let skb = this.#internal.shift(); skb !== undefined; skb = this.#internal.shift()) this.purge(skb);
    for (let flow = this.#throttled.pop(); flow !== undefined; flow = this.#throttled.pop())
      this.#empty(flow);
    for (const { fresh, old } of this.#bands) {
      this.#emptyAll(fresh);
      this.#emptyAll(old);
    }
    this.#table.clear();
    this.fqStats.throttledFlows = 0;
    this.fqStats.bandPackets.fill(0);
  }

  protected override describe(): string {
    const s = this.#settings;
    const words = [
      `limit ${s.limit}p flow_limit ${s.flowLimit}p buckets ${s.buckets} orphan_mask ${s.orphanMask}`,
      `bands 3 priomap ${s.priomap.join(' ')} weights ${s.weights.join(' ')}`,
    ];
    if (!s.pacing) words.push('nopacing');
    words.push(`quantum ${size(s.quantum)} initial_quantum ${size(s.initialQuantum)}`);
    if (s.maxrate !== Infinity) words.push(`maxrate ${rate(s.maxrate)}`);
    words.push(`low_rate_threshold ${rate(s.lowRateThreshold)} refill_delay ${time(s.refillDelay)}`);
    words.push(`horizon ${time(s.horizon)} ${s.horizonDrop ? 'horizon_drop' : 'horizon_cap'}`);
    if (s.ceThreshold !== Infinity) words.push(`ce_threshold ${time(s.ceThreshold)}`);
    return words.join(' ');
  }

  protected override describeStats(): string {
    const s = this.fqStats;
    const bands = s.bandPackets.map((count, i) => ` band${i}_pkts ${count}`).join('');
    let text = `  flows ${this.flows} (inactive ${this.inactiveFlows} throttled ${s.throttledFlows})${bands}\n`;
    text += `  gc ${this.#table.collected} highprio ${s.highprio} throttled ${s.throttled}`;
    if (s.ceMark > 0) text += ` ce_mark ${s.ceMark}`;
    if (s.pktsTooLong > 0) text += ` pkts_too_long ${s.pktsTooLong}`;
    if (s.flowsPlimit > 0) text += ` flows_plimit ${s.flowsPlimit}`;
    if (s.horizonDrops > 0) text += ` horizon_drops ${s.horizonDrops}`;
    if (s.horizonCaps > 0) text += ` horizon_caps ${s.horizonCaps}`;
    s.bandDrops.forEach((count, i) => {
      if (count > 0) text += ` band${i}_drops ${count}`;
    });
    return `${text}\n`;
  }

  /** The packet whose turn it is, still in the books but for its band's. */
  #take(now: number): SkBuff | undefined {
    const first = this.#internal.shift();
    if (first !== undefined) return this.#unband(first);
    this.#release(now);
    for (;;) {
      const current = this.#nextBand();
      if (current === undefined) return undefined;
      const skb = this.#fromBand(now, current);
      if (skb !== undefined) return this.#unband(skb);
    }
  }

  #apply(): void {
    const { maxrate, lowRateThreshold, buckets } = this.#settings;
    this.#maxrate = maxrate === Infinity ? Infinity : Math.floor(maxrate / 8);
    this.#lowRate = Math.floor(lowRateThreshold / 8);
    this.#table.maxIdle = 2 * buckets;
  }

  #classify(now: number, skb: SkBuff): Flow {
    const { flowOwner, flowHash } = this.ports;
    const owner = flowOwner === undefined ? skb.sk : flowOwner(skb);
    if (owner !== undefined) {
      const paced = owner as PacedOwner;
      if (this.#settings.pacing && paced.pacingStatus !== undefined) paced.pacingStatus = SK_PACING_FQ;
      return this.#table.find(now, owner, this.#settings.initialQuantum);
    }
    const hash = flowHash === undefined ? skb.hash : flowHash(skb);
    return this.#table.find(now, (hash & this.#settings.orphanMask) >>> 0, this.#settings.initialQuantum);
  }

  /** An idle flow has a packet again. */
  #start(now: number, flow: Flow, index: number): void {
    const { refillDelay, quantum } = this.#settings;
    this.#table.rouse(flow);
    if (now > flow.idleSince + refillDelay) flow.credit = Math.max(flow.credit, quantum);
    flow.band = index;
    flow.state = NEW;
    this.#band(flow).fresh.push(flow);
  }

  /** Lets flows whose moment has come take their turns. */
  #release(now: number): void {
    while (this.#throttled.isDue(now)) {
      const flow = this.#throttled.pop() as Flow;
      this.fqStats.throttledFlows--;
      this.#wait(flow);
    }
  }

  /** The band whose turn it is: the next one with flows and credit. Each gets its weight in credit as the turn comes to it. */
  #nextBand(): Band | undefined {
    for (let without = 0; without < BANDS; ) {
      const current = this.#bands[this.#turn] as Band;
      if ((current.fresh.first ?? current.old.first) === undefined) without++;
      else if (current.credit > 0) return current;
      else without = 0;
      this.#turn = this.#turn + 1 === BANDS ? 0 : this.#turn + 1;
      const weight = this.#settings.weights[this.#turn] as number;
      const next = this.#bands[this.#turn] as Band;
      next.credit = Math.min(next.credit + weight, weight);
    }
    return undefined;
  }

  /** The packet of the flow in front, if that flow may send; else something was moved on, and it is to be tried again. */
  #fromBand(now: number, current: Band): SkBuff | undefined {
    const list = current.fresh.first === undefined ? current.old : current.fresh;
    const flow = list.first as Flow;
    if (flow.credit <= 0) {
      flow.credit += this.#settings.quantum;
      list.remove(flow);
      this.#wait(flow);
      return undefined;
    }
    const skb = flow.packets.first;
    if (skb === undefined) {
      list.remove(flow);
      // A flow that was new goes through the old ones once: else one packet now and then would always come first.
      if (flow.state === NEW && current.old.first !== undefined) this.#wait(flow);
      else this.#table.idle(flow, now);
      return undefined;
    }
    if (this.#mustWait(now, flow, timeOf(skb))) {
      list.remove(flow);
      this.#throttle(flow);
      return undefined;
    }
    this.#mark(now, flow, skb);
    flow.packets.remove(skb);
    const length = pktLen(skb);
    flow.credit -= length;
    current.credit -= length;
    if (this.#settings.pacing) this.#pace(now, flow, skb, length);
    return skb;
  }

  /** Whether the flow's moment has not come, which is then noted in it: the later of the packet's time and its rate's. */
  #mustWait(now: number, flow: Flow, leaves: number): boolean {
    if (leaves > flow.timeNext) {
      if (leaves <= now) return false;
      flow.timeNext = leaves;
      flow.timeNextNs = 0;
      return true;
    }
    return flow.timeNext > now || (flow.timeNext === now && flow.timeNextNs > 0);
  }

  /** Marks what could have left a while ago: its own time had come, and its flow's. */
  #mark(now: number, flow: Flow, skb: SkBuff): void {
    const { ceThreshold } = this.#settings;
    if (ceThreshold === Infinity) return;
    if (now - Math.max(timeOf(skb), flow.timeNext) <= ceThreshold) return;
    this.ports.setCe?.(skb);
    this.fqStats.ceMark++;
  }

  #throttle(flow: Flow): void {
    flow.state = THROTTLED;
    this.#throttled.push(flow.timeNext, flow.timeNextNs, flow);
    this.fqStats.throttled++;
    this.fqStats.throttledFlows++;
  }

  #wait(flow: Flow): void {
    flow.state = OLD;
    this.#band(flow).old.push(flow);
  }

  /** Says when the flow's next packet may leave, after this one left. */
  #pace(now: number, flow: Flow, skb: SkBuff, length: number): void {
    let bytesPerSecond = this.#maxrate;
    let cost = length;
    // A packet that came with its time was paced by its sender; only maxrate holds it back further.
    if (skb.tstamp === 0) {
      bytesPerSecond = Math.min(bytesPerSecond, this.#wish(skb));
      if (bytesPerSecond <= this.#lowRate) flow.credit = 0;
      else {
        cost = Math.max(length, this.#settings.quantum);
        if (flow.credit > 0) return;
      }
    }
    if (bytesPerSecond === Infinity) return;
    let ns = bytesPerSecond > 0 ? Math.floor((cost * NS_PER_S) / bytesPerSecond) : NS_PER_S;
    // The rate may change, so no packet costs more than a second.
    if (ns > NS_PER_S) {
      ns = NS_PER_S;
      this.fqStats.pktsTooLong++;
    }
    if (flow.timeNext !== 0) {
      const late = (now - flow.timeNext) * 1000 - flow.timeNextNs;
      ns -= Math.min(Math.floor(ns / 2), Math.max(0, late));
    }
    const rest = ns % 1000;
    flow.timeNext = now + (ns - rest) / 1000;
    flow.timeNextNs = rest;
  }

  /** Bytes per second the packet's socket wants. */
  #wish(skb: SkBuff): number {
    const { flowOwner } = this.ports;
    const owner = (flowOwner === undefined ? skb.sk : flowOwner(skb)) as PacedOwner | undefined;
    return owner?.pacingRate ?? Infinity;
  }

  #unband(skb: SkBuff): SkBuff {
    this.fqStats.bandPackets[bandOf(skb) as 0 | 1 | 2]--;
    return skb;
  }

  #band(flow: Flow): Band {
    return this.#bands[flow.band] as Band;
  }

  #empty(flow: Flow): void {
    for (let skb = flow.packets.shift(); skb !== undefined; skb = flow.packets.shift()) this.purge(skb);
  }

  #emptyAll(list: FlowList): void {
    for (let flow = list.first; flow !== undefined; flow = list.first) {
      list.remove(flow);
      this.#empty(flow);
    }
  }
}

function band(): Band {
  return { fresh: new FlowList(), old: new FlowList(), credit: 0 };
}
