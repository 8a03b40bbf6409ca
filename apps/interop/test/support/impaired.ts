/**
 * A device behind a bad line: what it receives is lost, late, or out of order.
 * @module
 */
import type { RealClock } from '@stack/host';
import { rng } from '@stack/nic-sim';
import type { SkBuff } from '@stack/skbuff';
import { Backlog, type Device, type LinkStats, linkStats } from '@stack/skbuff/netdev';

/** What happens to packets, by the names of netem. */
export interface Impairment {
  /** Probability, 0..1. */
  loss: number;
  /** µs that a packet is late. */
  delay: number;
  /** Probability that it is not, and so passes others. */
  reorder: number;
  seed: number;
}

/** Wraps a device: the way in is impaired, the way out is not. */
export class Impaired implements Device {
  ifindex = 0;
  name: string;
  readonly type: 'ether' | 'none' | 'loopback';
  readonly features: Readonly<Record<string, boolean>>;
  readonly gsoMaxSize: number;
  readonly gsoMaxSegs: number;
  receive: ((skb: SkBuff) => void) | undefined = undefined;
  interrupt: ((device: Impaired) => void) | undefined = undefined;
  wake: ((device: Impaired) => void) | undefined = undefined;
  linkChange: ((device: Impaired, up: boolean) => void) | undefined = undefined;
  readonly stats: LinkStats = linkStats();
  /** Packets lost, and packets that were not late. */
  readonly done = { lost: 0, early: 0, late: 0 };
  readonly #inner: Device;
  readonly #clock: RealClock;
  readonly #impairment: Impairment;
  readonly #random: () => number;
  readonly #backlog: Backlog;
  readonly #late: Map<SkBuff, object> = new Map();

  constructor(inner: Device, clock: RealClock, impairment: Impairment) {
    this.#inner = inner;
    this.#clock = clock;
    this.#impairment = impairment;
    this.#random = rng(impairment.seed);
    this.name = inner.name;
    this.type = inner.type;
    this.features = inner.features;
    this.gsoMaxSize = inner.gsoMaxSize;
    this.gsoMaxSegs = inner.gsoMaxSegs;
    const interrupt = (): boolean => {
      this.interrupt?.(this);
      return this.interrupt !== undefined;
    };
    this.#backlog = new Backlog(this, interrupt);
    inner.receive = (skb) => this.#arrived(skb);
    inner.interrupt = () => void interrupt();
    inner.wake = () => this.wake?.(this);
    inner.linkChange = (_, up) => this.linkChange?.(this, up);
  }

  get mtu(): number {
    return this.#inner.mtu;
  }

  set mtu(mtu: number) {
    this.#inner.mtu = mtu;
  }

  get address(): number {
    return this.#inner.address;
  }

  set address(address: number) {
    this.#inner.address = address;
  }

  get carrierUp(): boolean {
    return this.#inner.carrierUp ?? true;
  }

  xmit(skb: SkBuff): number {
    return this.#inner.xmit(skb);
  }

  poll(budget: number): number {
    const arrived = this.#inner.poll(budget);
    return Math.max(arrived, this.#backlog.poll(budget));
  }

  close(): void {
    this.#inner.close();
    this.#backlog.purge();
    for (const [skb, event] of this.#late) {
      this.#clock.cancel(event);
      skb.free();
    }
    this.#late.clear();
  }

  #arrived(skb: SkBuff): void {
    const { loss, delay, reorder } = this.#impairment;
    if (this.#happens(loss)) {
      this.done.lost++;
      skb.free();
    } else if (this.#happens(reorder)) {
      this.done.early++;
      this.#backlog.push(skb);
    } else {
      this.done.late++;
      this.#late.set(
        skb,
        this.#clock.at(this.#clock.now() + delay, (one: SkBuff) => this.#due(one), skb),
      );
    }
  }

  #due(skb: SkBuff): void {
    this.#late.delete(skb);
    this.#backlog.push(skb);
  }

  #happens(probability: number): boolean {
    return this.#random() < probability * 0x1_0000_0000;
  }
}
