/**
 * Packets down: the queue of each device and what stands around it (Linux net/core/dev.c, the sending half).
 * @module
 */
import { Bfifo, Fq, Noqueue, Pfifo, PfifoFast, type Qdisc, type QdiscPorts, TxQueue } from '@stack/qdisc';
import type { SkBuff } from '@stack/skbuff';
import type { Device } from '@stack/skbuff/netdev';
import { SCM_TSTAMP_SCHED, SCM_TSTAMP_SND, SKBTX_SCHED_TSTAMP, SKBTX_SW_TSTAMP } from '@stack/skbuff/sock';
import type { Timers } from './clock/timing-wheel.ts';
import type { Drop, Drops } from './drops.ts';
import type { Kernel, Softirq } from './kernel.ts';
import type { NetDevice } from './net-device.ts';
import { flowHash } from './offload/flow-hash.ts';
import { segmentGso, validateXmit } from './offload/gso.ts';
import { setCe } from './offload/set-ce.ts';
import type { PacketTap } from './rx.ts';
import { enter, type Tracing } from './trace.ts';
import { txTimestamp } from './tx-timestamp.ts';

/** What {@link Transmitter} reads of `net.core`. */
export interface TxSysctl {
  /** Packets one run of a queue gives to its device. */
  readonly dev_weight: number;
  /** The discipline of a device that is set up: `pfifo_fast`, `pfifo`, `bfifo` or `fq`. */
  readonly default_qdisc: string;
}

/** Disciplines that can be the standard one, by name. */
const STANDARD: Readonly<Record<string, new (ports: QdiscPorts) => Qdisc>> = {
  pfifo_fast: PfifoFast,
  pfifo: Pfifo,
  bfifo: Bfifo,
  fq: Fq,
};

/** Names that `net.core.default_qdisc` takes. */
export const STANDARD_QDISCS: readonly string[] = /* @__PURE__ */ Object.keys(STANDARD);

/** What a {@link Transmitter} is built with. */
export interface TxOptions {
  readonly kernel: Kernel;
  readonly timers: Timers;
  readonly random: () => number;
  readonly sysctl: TxSysctl;
  readonly drops: Drops;
  readonly tracing: Tracing;
}

/** A queue that used up its quota goes on at the next exit. */
class Rerun implements Softirq {
  raised = false;
  readonly #dev: NetDevice;

  constructor(dev: NetDevice) {
    this.#dev = dev;
  }

  run(now: number): void {
    this.#dev.queue.run(now);
  }
}

/** A device that gathers packets sends them at the end of the call or interrupt they come from (the doorbell of a NIC). */
class Doorbell implements Softirq {
  raised = false;
  readonly #device: Device;

  constructor(device: Device) {
    this.#device = device;
  }

  run(): void {
    this.#device.flush?.();
  }
}

/** The way from the link layer to the devices of one host. */
export class Transmitter {
  /** Packet sockets; `undefined` while there are none. */
  tap: PacketTap | undefined = undefined;
  readonly #options: TxOptions;
  readonly #drop: Drop;

  constructor(options: TxOptions) {
    this.#options = options;
    this.#drop = options.drops.port('dev');
  }

  /** What a discipline of this device is made with: `new Netem(options, host.qdisc.ports('eth0'))`. */
  ports(dev: NetDevice): QdiscPorts {
    return {
      drop: this.#options.drops.port('qdisc'),
      random: this.#options.random,
      segment: segmentGso,
      setCe,
      flowHash,
      txQueueLen: dev.txqueuelen,
      mtu: dev.mtu + dev.hardHeaderLen,
    };
  }

  /** The discipline a device has unless it is given another one: none where there is no wire to wait for. */
  standard(dev: NetDevice): Qdisc {
    const ports = this.ports(dev);
    if (dev.loopback || dev.txqueuelen === 0) return new Noqueue(ports);
    const Kind = STANDARD[this.#options.sysctl.default_qdisc] ?? PfifoFast;
    return new Kind(ports);
  }

  /** Gives a device its queue. */
  attach(dev: NetDevice): void {
    const { kernel, timers, sysctl, tracing } = this.#options;
    const { points } = tracing;
    const rerun = new Rerun(dev);
    const { device } = dev;
    const queue = new TxQueue({
      device,
      qdisc: this.standard(dev),
      timers,
      drop: this.#options.drops.port('qdisc'),
      reschedule: () => kernel.raise(rerun),
      validate: (skb) => this.#validate(skb, dev),
      bql: 'completed' in device,
      weight: sysctl.dev_weight,
    });
    queue.queued = (skb) => {
      const point = points['net:net_dev_queue'];
      if (point.enabled) point.emit({ dev: dev.name, skb, len: skb.len }, kernel.now());
    };
    queue.started = (skb) => {
      this.tap?.(skb, dev);
      if ((skb.txFlags & SKBTX_SW_TSTAMP) !== 0) txTimestamp(kernel.now(), skb, SCM_TSTAMP_SND, dev);
      if (points.kprobe.enabled) enter(points.kprobe, 'dev_hard_start_xmit', skb, kernel.now());
    };
    const doorbell = device.flush === undefined ? undefined : new Doorbell(device);
    if (doorbell !== undefined) device.gathers = true;
    queue.xmitted = (len, rc) => {
      if (doorbell !== undefined) kernel.raise(doorbell);
      const point = points['net:net_dev_xmit'];
      if (point.enabled) point.emit({ dev: dev.name, len, rc }, kernel.now());
    };
    dev.queue = queue;
    device.wake = () => queue.wake();
    if ('completed' in device) {
      device.completed = (packets, bytes) => queue.completed(kernel.now(), packets, bytes);
    }
  }

  /** Queues a packet, `data` at its link-layer header, taking it over (Linux `dev_queue_xmit`). OK 0, DROP 1 or CN 2. */
  queueXmit(now: number, skb: SkBuff, dev: NetDevice): number {
    skb.dev = dev;
    skb.macHeader = skb.data;
    if ((skb.txFlags & SKBTX_SCHED_TSTAMP) !== 0) txTimestamp(now, skb, SCM_TSTAMP_SCHED, dev);
    enter(this.#options.tracing.points.kprobe, 'dev_queue_xmit', skb, now);
    return dev.queue.xmit(now, skb);
  }

  #validate(skb: SkBuff, dev: NetDevice): SkBuff | undefined {
    const result = validateXmit(skb, dev);
    if (result === undefined) this.#drop(skb, 'SKB_GSO_SEG');
    return result;
  }
}
