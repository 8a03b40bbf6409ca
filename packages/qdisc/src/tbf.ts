/**
 * `tbf`: a token bucket. Packets leave at a rate, with bursts of a size.
 * @module
 */
import { type SkBuff, SkbQueue } from '@stack/skbuff';
import { Bucket } from './bucket.ts';
import { cut } from './cut.ts';
import { rate as rateText, size, time } from './format.ts';
import { known, U32, whole } from './options.ts';
import { measure, pktLen } from './packet.ts';
import { DROP, OK, type QdiscPorts } from './ports.ts';
import { BaseQdisc } from './qdisc.ts';

/** Options of {@link Tbf}; tc-tbf(8) has more to say about each. */
export interface TbfOptions {
  /** Bits per second, 8..10^12. */
  rate: number;
  /** Bytes that may leave at once, 1..2^30; longer packets are dropped, unless they are super-packets, which are cut. */
  burst: number;
  /** Bytes that may wait, u32. Default: what {@link latency} says. */
  limit?: number | undefined;
  /** How long a packet may wait, µs, instead of `limit`. Default 50,000. */
  latency?: number;
  /** Bits per second of a burst itself; 0 = as fast as the device is. Default 0. */
  peakrate?: number;
  /** Bytes that may leave at once at `peakrate`, 1..2^30. Default one frame. */
  mtu?: number;
}

interface Settings {
  readonly rate: number;
  readonly burst: number;
  readonly limit: number;
  readonly peakrate: number;
  readonly mtu: number;
}

const MAX_RATE = 1_000_000_000_000;
const MAX_BURST = 1 << 30;
const LATENCY = 50_000;

/** Token bucket filter: in any time `t` no more than `rate * t + burst` leaves, exactly. */
export class Tbf extends BaseQdisc {
  override readonly kind = 'tbf';
  readonly #queue: SkbQueue = new SkbQueue();
  #asked: TbfOptions;
  #settings: Settings;
  #bucket: Bucket;
  #peak: Bucket | undefined;

  /** @throws RangeError for an option out of its range; TypeError without `rate` or `burst`. */
  constructor(ports: QdiscPorts, options: TbfOptions) {
    super(ports);
    this.#asked = options;
    this.#settings = settings(options, ports.mtu ?? 1514);
    this.#bucket = bucket(this.#settings);
    this.#peak = peak(this.#settings);
  }

  /** Options as they are. */
  get options(): Readonly<Settings> {
    return this.#settings;
  }

  /** Changes options; those not given stay. The buckets are full again. @throws RangeError, and nothing changed, for one out of its range. */
  change(now: number, options: Partial<TbfOptions>): void {
    const limit = options.latency === undefined ? this.#asked.limit : undefined; // the one replaces the other
    const asked = { ...this.#asked, limit, ...options };
    this.#settings = settings(asked, this.ports.mtu ?? 1514);
    this.#asked = asked;
    this.#bucket = bucket(this.#settings);
    this.#peak = peak(this.#settings);
    this.#bucket.fill(now);
    this.#peak?.fill(now);
  }

  override enqueue(_now: number, skb: SkBuff): number {
    measure(skb);
    if (skb.gsoSize === 0 || pktLen(skb) <= this.#largest()) return this.#queueOne(skb);
    const segments = cut(this.ports, skb);
    if (segments === undefined) return this.refuse(skb, 'QDISC_DROP');
    let rc = DROP;
    for (const segment of segments) if (this.#queueOne(segment) === OK) rc = OK;
    return rc;
  }

  override dequeue(now: number): SkBuff | undefined {
    const skb = this.#queue.first;
    if (skb === undefined) return undefined;
    const length = pktLen(skb);
    this.#bucket.fill(now);
    this.#peak?.fill(now);
    if (!this.#bucket.has(length) || this.#peak?.has(length) === false) {
      this.stats.overlimits++;
      return undefined;
    }
    this.#bucket.take(length);
    this.#peak?.take(length);
    this.#queue.remove(skb);
    return this.left(skb);
  }

  override nextTime(now: number): number | undefined {
    const skb = this.#queue.first;
    if (skb === undefined) return undefined;
    const length = pktLen(skb);
    return now + Math.max(this.#bucket.wait(now, length), this.#peak?.wait(now, length) ?? 0);
  }

  override reset(): void {
    for (let skb = this.#queue.shift(); skb !== undefined; skb = this.#queue.shift()) this.purge(skb);
    this.#bucket = bucket(this.#settings);
    this.#peak = peak(this.#settings);
  }

  protected override describe(): string {
    const { rate, burst, limit, peakrate, mtu } = this.#settings;
    let text = `rate ${rateText(rate)} burst ${size(burst)}`;
    if (peakrate > 0) text += ` peakrate ${rateText(peakrate)} minburst ${size(mtu)}`;
    return `${text} lat ${time(Math.max(0, limit - burst) / (rate / 8_000_000))}`;
  }

  #queueOne(skb: SkBuff): number {
    const length = pktLen(skb);
    const fits = length <= this.#largest() && this.stats.backlog + length <= this.#settings.limit;
    if (!fits) return this.refuse(skb, 'QDISC_DROP');
    this.entered(skb);
    this.#queue.push(skb);
    return OK;
  }

  /** Bytes of the longest packet that could ever leave. */
  #largest(): number {
    const { burst, peakrate, mtu } = this.#settings;
    return peakrate > 0 ? Math.min(burst, mtu) : burst;
  }
}

function settings(options: TbfOptions, frame: number): Settings {
  known('tbf', options, ['rate', 'burst', 'limit', 'latency', 'peakrate', 'mtu']);
  for (const name of ['rate', 'burst'] as const) {
    if (options[name] === undefined) throw new TypeError(`tbf: option ${name} is missing`);
  }
  const { rate, burst, peakrate = 0, mtu = frame } = options;
  whole('tbf', 'rate', rate, 8, MAX_RATE);
  whole('tbf', 'burst', burst, 1, MAX_BURST);
  if (peakrate !== 0) whole('tbf', 'peakrate', peakrate, rate, MAX_RATE);
  whole('tbf', 'mtu', mtu, 1, MAX_BURST);
  const latency = options.limit === undefined ? (options.latency ?? LATENCY) : undefined;
  if (latency !== undefined) whole('tbf', 'latency', latency, 1, U32);
  const limit = options.limit ?? limitOf(latency as number, { rate, burst, peakrate, mtu });
  whole('tbf', 'limit', limit, 0, U32);
  return { rate, burst, limit, peakrate, mtu };
}

/** Bytes that wait no longer than `latency`, as `tc` computes them. */
function limitOf(
  latency: number,
  { rate, burst, peakrate, mtu }: { rate: number; burst: number; peakrate: number; mtu: number },
): number {
  const limit = Math.floor((rate / 8_000_000) * latency) + burst;
  if (peakrate === 0) return Math.min(U32, limit);
  return Math.min(U32, limit, Math.floor((peakrate / 8_000_000) * latency) + mtu);
}

function bucket({ rate, burst }: Settings): Bucket {
  return new Bucket(rate, burst);
}

function peak({ peakrate, mtu }: Settings): Bucket | undefined {
  return peakrate > 0 ? new Bucket(peakrate, mtu) : undefined;
}
