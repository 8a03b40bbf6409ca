/**
 * `tc qdisc`.
 * @module
 */
import {
  Bfifo,
  Fq,
  type FqOptions,
  Netem,
  type NetemOptions,
  Noqueue,
  Pfifo,
  PfifoFast,
  type Qdisc,
  type QdiscPorts,
  Tbf,
  type TbfOptions,
} from '@stack/qdisc';
import type { Devices } from '../devices.ts';
import type { Kernel } from '../kernel.ts';
import { NetlinkError } from '../netlink-error.ts';
import type { Transmitter } from '../tx.ts';

/** A discipline by its name in `tc`, with its options. */
export type QdiscSpec =
  | { kind: 'noqueue' }
  | { kind: 'pfifo_fast' }
  | { kind: 'pfifo' | 'bfifo'; limit?: number }
  | ({ kind: 'fq' } & FqOptions)
  | ({ kind: 'netem' } & NetemOptions)
  | ({ kind: 'tbf' } & TbfOptions);

/** Queueing disciplines of a host. */
export class QdiscVerbs {
  readonly #kernel: Kernel;
  readonly #devices: Devices;
  readonly #transmitter: Transmitter;

  constructor(kernel: Kernel, devices: Devices, transmitter: Transmitter) {
    this.#kernel = kernel;
    this.#devices = devices;
    this.#transmitter = transmitter;
  }

  /**
   * `tc qdisc replace dev eth0 root netem delay 10ms`: `replace('eth0', { kind: 'netem', delay: 10_000 })`. What waited in the old one is
   * dropped. @throws NetlinkError ENODEV, EINVAL (an option), ENOENT (no such kind).
   */
  replace(dev: string, spec: QdiscSpec): void {
    const device = this.#devices.get(dev);
    const qdisc = make(spec, this.#transmitter.ports(device));
    this.#kernel.run(() => device.queue.setQdisc(qdisc));
  }

  /** `tc qdisc del dev eth0 root`: back to the standard one. @throws NetlinkError ENODEV. */
  del(dev: string): void {
    const device = this.#devices.get(dev);
    this.#kernel.run(() => device.queue.setQdisc(this.#transmitter.standard(device)));
  }

  /** The discipline of a device: counters and all. @throws NetlinkError ENODEV. */
  get(dev: string): Qdisc {
    return this.#devices.get(dev).queue.qdisc;
  }

  /** What `tc -s qdisc show` prints. @throws NetlinkError ENODEV. */
  format(dev?: string): string {
    const devices = dev === undefined ? [...this.#devices] : [this.#devices.get(dev)];
    return devices.map((device) => device.queue.qdisc.dump({ dev: device.name })).join('');
  }
}

function make(spec: QdiscSpec, ports: QdiscPorts): Qdisc {
  try {
    switch (spec.kind) {
      case 'noqueue':
        return new Noqueue(ports);
      case 'pfifo_fast':
        return new PfifoFast(ports);
      case 'pfifo':
        return new Pfifo(ports, optionsOf(spec));
      case 'bfifo':
        return new Bfifo(ports, optionsOf(spec));
      case 'fq':
        return new Fq(ports, optionsOf(spec));
      case 'netem':
        return new Netem(ports, optionsOf(spec));
      case 'tbf':
        return new Tbf(ports, optionsOf(spec));
      default:
        throw new NetlinkError('ENOENT', `qdisc ${String((spec as { kind: unknown }).kind)}`);
    }
  } catch (error) {
    if (error instanceof RangeError) throw new NetlinkError('EINVAL', error.message);
    throw error;
  }
}

/** A discipline refuses options that it has not, and `kind` is none. */
function optionsOf<Spec extends QdiscSpec>({ kind: _, ...options }: Spec): Omit<Spec, 'kind'> {
  return options;
}
