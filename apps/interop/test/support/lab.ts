/**
 * A host of ours with the kernel behind a TAP or TUN, or behind two.
 * @module
 */
import { createHost, type Device, type Host, RealClock } from '@stack/host';
import { mac } from '@stack/host/mac';
import { Netns, openTap, openTun, type Tap } from '@stack/tap';
import { BAD, type Counters, kernelCounters } from './counters.ts';

/** How a {@link Lab} is made. */
export interface LabOptions {
  /** Bytes, of both sides. Default 1500. */
  mtu?: number;
  /** Whether super-packets and partial checksums cross. Default true. */
  offloads?: boolean;
  /** A TUN in place of a TAP. */
  tun?: boolean;
  /** Kernels with a TAP each, 10.0.0.1, 10.0.1.1, and so on. Default 1. */
  peers?: number;
  /** Of our side. */
  sysctl?: Record<string, number | string>;
  /** Of the kernel's side, in place of what the machine has. */
  kernelSysctl?: Record<string, string>;
  /** Puts something between the TAP and our host. */
  wrap?: (device: Device, clock: RealClock) => Device;
}

/** A kernel on the other side. */
export interface Peer {
  readonly ns: Netns;
  readonly tap: Tap;
  /** The kernel's address. */
  readonly address: string;
  /** Ours, on the same link. */
  readonly ours: string;
  readonly before: Counters;
}

/** Names of our interfaces, for who looks whether one is left. */
export const PREFIX: string = `ix${process.pid}n`;
/** The interface's name, on both sides. */
export const DEV = 'tap0';

/** The kernel's address, and ours. */
export const KERNEL = '10.0.0.1';
export const OURS = '10.0.0.2';

let count = 0;

/** A host, and the kernels behind its devices. */
export class Lab {
  readonly clock: RealClock = new RealClock();
  readonly host: Host;
  readonly peers: Peer[] = [];

  private constructor(options: LabOptions) {
    this.host = createHost({ clock: this.clock, name: 'ours', sysctl: options.sysctl ?? {}, mac });
  }

  static async open(options: LabOptions = {}): Promise<Lab> {
    const lab = new Lab(options);
    try {
      for (let i = 0; i < (options.peers ?? 1); i++) await lab.#attach(i, options);
      return lab;
    } catch (error) {
      await lab.#release();
      throw error;
    }
  }

  get ns(): Netns {
    return this.#first.ns;
  }

  get tap(): Tap {
    return this.#first.tap;
  }

  get #first(): Peer {
    return this.peers[0] as Peer;
  }

  /** Ends all, and returns what either side found wrong with the bytes of the other, and what of ours is left. */
  async close(): Promise<string[]> {
    const faults: string[] = [];
    try {
      faults.push(...this.peers.flatMap((peer) => this.#faults(peer)));
    } finally {
      await this.#release();
    }
    const { inUse } = this.host.pool.stats;
    if (inUse !== 0) faults.push(`${inUse} packets or pages are left`);
    return faults;
  }

  async #attach(index: number, options: LabOptions): Promise<void> {
    const { mtu = 1500, offloads = true, tun = false, kernelSysctl = {}, wrap } = options;
    const ns = await Netns.open();
    const dev = `tap${index}`;
    const [address, ours] = [`10.0.${index}.1`, `10.0.${index}.2`];
    let tap: Tap;
    try {
      const name = `${PREFIX}${count++ % 1000}`;
      tap = await (tun ? openTun : openTap)({
        pool: this.host.pool,
        name,
        mtu,
        offloads,
        address: 0x02_00_00_00_01_00 + index,
      });
    } catch (error) {
      await ns.close();
      throw error;
    }
    this.peers.push({ ns, tap, address, ours, before: {} });
    const values = {
      'net.ipv6.conf.all.disable_ipv6': '1',
      'net.ipv4.icmp_ratelimit': '0',
      ...kernelSysctl,
    };
    ns.run('sysctl', '-qw', ...Object.entries(values).map(([key, value]) => `${key}=${value}`));
    ns.adopt(tap.kernelName);
    ns.run('ip', 'link', 'set', tap.kernelName, 'name', DEV, 'mtu', String(mtu), 'up');
    ns.run('ip', 'address', 'add', `${address}/24`, 'dev', DEV);
    tap.name = dev;
    this.host.link.add(wrap === undefined ? tap : wrap(tap, this.clock), { up: true });
    this.host.addr.add(`${ours}/24`, { dev });
    this.peers[index] = { ns, tap, address, ours, before: kernelCounters(ns) };
  }

  #faults({ ns, tap, before }: Peer): string[] {
    const theirs = kernelCounters(ns);
    const ours = this.host.nstat();
    const faults: [string, number][] = BAD.flatMap((name) => [
      [`the kernel's ${name}`, (theirs[name] ?? 0) - (before[name] ?? 0)],
      [`our ${name}`, ours[name] ?? 0],
    ]);
    faults.push(['rxErrors of our device', tap.stats.rxErrors]);
    return faults.filter(([, count]) => count !== 0).map(([name, count]) => `${name}: ${count}`);
  }

  async #release(): Promise<void> {
    await this.host.close();
    this.clock.close();
    for (const { ns, tap } of this.peers) {
      tap.close();
      await ns.close();
    }
  }
}
