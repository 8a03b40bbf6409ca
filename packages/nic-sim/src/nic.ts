/**
 * The network card as its host sees it: `xmit` down, `receive` up, and between them a driver, two rings and a device.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { type LinkStats, linkStats } from '@stack/skbuff/netdev';
import { bitNames, ICR } from './bits.ts';
import { throwFrom } from './clock.ts';
import type { Core, Features, Segmenter } from './core.ts';
import { RxDriver, TxDriver } from './driver.ts';
import { Filter } from './filter.ts';
import type { Frame } from './frame.ts';
import { Interrupts } from './interrupt.ts';
import type { Endpoint, Link } from './link.ts';
import { Memory } from './memory.ts';
import { allFeatures, checkFeatures, checkMtu, type NicOptions } from './nic-options.ts';
import { need } from './options.ts';
import { Receiver } from './receive.ts';
import { RxRing } from './rx-ring.ts';
import { type Drop, dropCounts, type EthtoolStats, ethtoolStats } from './stats.ts';
import type { TraceStep } from './trace.ts';
import { Transmitter } from './transmit.ts';
import { TxRing } from './tx-ring.ts';

/** Bytes of the page a receive buffer lies in. */
const RX_PAGE = 2048;
/** Causes the driver lets through. */
const CAUSES = ICR.TXDW | ICR.LSC | ICR.RXDMT0 | ICR.RXO | ICR.RXT0;
/** Every cause there is. */
const ALL_CAUSES = 0xffff;
/** Packets per poll when the NIC polls itself (Linux's `netdev_budget` per device). */
const BUDGET = 64;

/** A simulated Ethernet card: Intel 8254x descriptors and offloads, a driver as Linux's e1000. */
export class Nic implements Endpoint {
  /** Interface index; 0 until somebody assigns one. */
  ifindex: number;
  name: string;
  readonly type = 'ether';
  readonly gsoMaxSize: number;
  readonly gsoMaxSegs: number;
  /** The transmit ring: descriptors and registers. */
  readonly tx: TxRing;
  /** The receive ring: descriptors and registers. */
  readonly rx: RxRing;
  /** Causes, mask and throttling: `nic.interrupts.itr = 200`. */
  readonly interrupts: Interrupts;
  /** Which addresses it takes. */
  readonly filter: Filter;
  /** The physical memory its rings lie in. */
  readonly memory: Memory;
  /** `ip -s link`. */
  readonly stats: LinkStats;
  /** Packets dropped, by reason. */
  readonly drops: Readonly<Record<Drop, number>>;
  /** Called when a sender that got `BUSY` should try again. */
  wake: ((nic: Nic) => void) | undefined = undefined;
  /**
   * Takes a received packet over: `data` at the Ethernet header; `dev`, `ifindex`, `pktType`, `tstamp`, `macHeader`, `ipSummed`,
   * `csum`, `vlanProto` and `vlanTci` set. Without it packets are counted as `rxNohandler`.
   */
  receive: ((skb: SkBuff) => void) | undefined;
  /**
   * The interrupt: call {@link poll}, now or later, until it does less than its budget. Interrupts are masked till then.
   * Without it the NIC polls itself.
   */
  interrupt: ((nic: Nic) => void) | undefined;
  /** Told, by interrupt, that the carrier came or went. */
  linkChange: ((nic: Nic, up: boolean) => void) | undefined;

  readonly #core: Core;
  readonly #transmitter: Transmitter;
  readonly #receiver: Receiver;
  readonly #txDriver: TxDriver;
  readonly #rxDriver: RxDriver;
  readonly #options: NicOptions;
  #link: Link | undefined = undefined;
  #polling = false;

  /** @throws RangeError for an option out of its range, TypeError for one that is missing. */
  constructor(options: NicOptions) {
    need('nic', options, ['clock', 'pool', 'address']);
    const { name = 'eth0', ifindex = 0, mtu = 1500, rxHeadroom = 66 } = options;
    const { gsoMaxSize = 65_536, gsoMaxSegs = 65_535, fcs = 'lazy', memory = new Memory() } = options;
    if (!Number.isInteger(rxHeadroom) || rxHeadroom < 0 || rxHeadroom > RX_PAGE / 2) {
      throw new RangeError(`nic: rxHeadroom ${rxHeadroom} is not within 0..${RX_PAGE / 2}`);
    }
    this.#options = options;
    this.receive = options.receive;
    this.interrupt = options.interrupt;
    this.linkChange = options.linkChange;
    this.ifindex = ifindex;
    this.name = name;
    this.gsoMaxSize = gsoMaxSize;
    this.gsoMaxSegs = gsoMaxSegs;
    this.memory = memory;
    this.filter = new Filter(options.address);
    this.interrupts = new Interrupts(options.clock, () => this.#interrupt());
    this.interrupts.itr = options.itr ?? 0;
    this.stats = linkStats();
    const drops = dropCounts();
    this.drops = drops;
    this.#core = {
      name,
      clock: options.clock,
      pool: options.pool,
      memory,
      filter: this.filter,
      interrupts: this.interrupts,
      stats: this.stats,
      ethtool: ethtoolStats(),
      drops,
      features: allFeatures(options.features),
      segment: options.segment,
      completed: undefined,
      fcs,
      gsoMaxSize,
      gsoMaxSegs,
      trace: options.trace === undefined ? undefined : (step) => this.#trace(step),
      mtu: checkMtu(mtu),
      carrier: false,
      closed: false,
      lastError: undefined,
    };
    this.tx = new TxRing(memory, options.txRing);
    this.rx = new RxRing(memory, options.rxRing, RX_PAGE - rxHeadroom);
    this.tx.trace = this.#core.trace;
    this.rx.trace = this.#core.trace;
    this.#transmitter = new Transmitter(this.#core, this.tx);
    this.#receiver = new Receiver(this.#core, this.rx);
    this.#txDriver = new TxDriver(this.#core, this.tx);
    this.#rxDriver = new RxDriver(this.#core, this.rx, rxHeadroom, (skb) => this.#deliver(skb));
    this.#rxDriver.refill();
    this.interrupts.enable(CAUSES);
  }

  /** MAC address, a 48-bit integer. */
  get address(): number {
    return this.filter.address;
  }

  /** @throws RangeError if it is not a unicast MAC address. */
  set address(address: number) {
    this.filter.address = address;
  }

  /** Bytes of payload behind the Ethernet header. */
  get mtu(): number {
    return this.#core.mtu;
  }

  /** @throws RangeError if it is not within 68..16110. */
  set mtu(mtu: number) {
    this.#core.mtu = checkMtu(mtu);
  }

  /** What is switched on; see {@link setFeatures}. */
  get features(): Readonly<Features> {
    return this.#core.features;
  }

  /**
   * Cuts super-packets, for the device (`tso`) and in software. Without it they are dropped; those it throws over, too, and the error
   * is {@link lastError}.
   */
  get segment(): Segmenter | undefined {
    return this.#core.segment;
  }

  set segment(segment: Segmenter | undefined) {
    this.#core.segment = segment;
  }

  /**
   * Told, for byte queue limits, how many packets {@link xmit} took are done with, and how long they were when it took them: every one
   * once, dropped ones too, until the NIC is closed. Called from within {@link poll}, and from within `xmit` for what is dropped there.
   */
  get completed(): ((packets: number, bytes: number) => void) | undefined {
    return this.#core.completed;
  }

  set completed(completed: ((packets: number, bytes: number) => void) | undefined) {
    this.#core.completed = completed;
  }

  /** What the segment function threw last: the reason of a `NIC_TX_SEGMENT`. `undefined` as long as it never did. */
  get lastError(): unknown {
    return this.#core.lastError;
  }

  /** `ethtool -S`, as of now. */
  get ethtool(): Readonly<EthtoolStats> {
    const { ethtool } = this.#core;
    ethtool.interrupts = this.interrupts.count;
    ethtool.badRegisterWrites = this.tx.badWrites + this.rx.badWrites;
    return ethtool;
  }

  /** Whether it is plugged into a link that is up. */
  get carrierUp(): boolean {
    return this.#core.carrier;
  }

  /** Switches offloads, as `ethtool -K` does. @throws RangeError for a name that is none. */
  setFeatures(changes: Partial<Features>): void {
    Object.assign(this.#core.features, checkFeatures(changes));
  }

  /** Switches one offload. @throws RangeError for a name that is none. */
  setFeature(name: keyof Features, on: boolean): void {
    this.setFeatures({ [name]: on });
  }

  /**
   * Sends a packet, `data` at its Ethernet header. `OK`: the NIC has it; what could not be sent is counted in {@link drops}.
   * `BUSY`: the ring is full, the caller still owns it, and {@link wake} will be called. @throws RangeError if the packet was freed.
   */
  xmit(skb: SkBuff): number {
    return this.#txDriver.xmit(skb);
  }

  /**
   * NAPI: frees what was sent, delivers up to `budget` received packets and returns how many. Below its budget it lets interrupts
   * through again. 0 when called from within itself or on a closed NIC.
   */
  poll(budget: number): number {
    if (this.#polling || this.#core.closed) return 0;
    this.#polling = true;
    let done: number;
    try {
      const woken = this.#txDriver.clean();
      done = this.#rxDriver.poll(budget);
      if (woken && !this.#core.closed) this.wake?.(this);
    } catch (error) {
      this.#resume();
      throw error;
    } finally {
      this.#polling = false;
    }
    this.#core.trace?.({ kind: 'poll', budget, done });
    if (done < budget && !this.#core.closed) this.interrupts.enable(CAUSES);
    return done;
  }

  /** A receiver threw: what it left in the ring comes with the next interrupt. */
  #resume(): void {
    if (this.#core.closed) return;
    this.interrupts.raise(ICR.RXT0 | ICR.TXDW);
    this.interrupts.enable(CAUSES);
  }

  /** Takes the NIC away: unplugs it, frees all it holds, and drops whatever still comes. */
  close(): void {
    if (this.#core.closed) return;
    this.#core.closed = true;
    this.interrupts.stop();
    this.#link?.unplug();
    this.#transmitter.stop();
    this.#receiver.stop();
    this.#txDriver.close();
    this.#rxDriver.close();
  }

  /** See {@link Endpoint.plug}. What it was plugged into before is unplugged. */
  plug(link: Link | undefined): void {
    const old = this.#link;
    this.#link = undefined;
    if (link !== undefined) old?.unplug();
    this.#link = link;
    this.#transmitter.plug(link);
  }

  /** See {@link Endpoint.carrier}. */
  carrier(up: boolean): void {
    if (this.#core.carrier === up) return;
    this.#core.carrier = up;
    if (this.#core.closed) return;
    this.interrupts.raise(ICR.LSC);
    this.#transmitter.restart();
  }

  /** See {@link Endpoint.arrive}. */
  arrive(frame: Frame): void {
    this.#receiver.arrive(frame);
  }

  #interrupt(): void {
    const cause = this.interrupts.take();
    this.interrupts.disable(ALL_CAUSES);
    this.#core.trace?.({ kind: 'interrupt', cause, names: bitNames(cause, ICR) });
    if ((cause & ICR.LSC) !== 0 && !this.#core.closed) this.linkChange?.(this, this.#core.carrier);
    if (this.#core.closed) return;
    if (this.interrupt !== undefined) this.interrupt(this);
    else this.#pollSelf();
  }

  #pollSelf(): void {
    if (this.poll(BUDGET) === BUDGET) this.#core.clock.at(this.#core.clock.now(), pollAgain, this);
  }

  /** The next round of a NIC that polls itself. @internal */
  pollAgain(): void {
    this.#pollSelf();
  }

  #deliver(skb: SkBuff): boolean {
    if (this.receive === undefined) return false;
    skb.dev = this;
    skb.ifindex = this.ifindex;
    skb.tstamp = this.#core.clock.now();
    skb.macHeader = skb.data;
    skb.pktType = this.filter.packetType(skb.view, skb.data);
    this.receive(skb);
    return true;
  }

  #trace(step: TraceStep): void {
    const { clock } = this.#core;
    try {
      this.#options.trace?.({ ...step, time: clock.now(), nic: this.name });
    } catch (error) {
      throwFrom(clock, error);
    }
  }
}

function pollAgain(nic: Nic): void {
  nic.pollAgain();
}
