/**
 * `ip neighbour`.
 * @module
 */
import { formatMac, parseMac } from '@stack/ethernet';
import { formatAddress } from '@stack/ipv4';
import {
  formatState,
  NUD_FAILED,
  NUD_NOARP,
  NUD_NONE,
  NUD_PERMANENT,
  NUD_REACHABLE,
  NUD_STALE,
} from '@stack/neigh';
import type { Devices } from '../devices.ts';
import type { Kernel } from '../kernel.ts';
import { NetlinkError, refuse } from '../netlink-error.ts';
import type { ArpEntry, ArpTable } from '../wire-up/ipv4-to-neigh.ts';
import { addressOf } from './names.ts';

/** A state as `nud` takes it. */
export type NudName = 'permanent' | 'reachable' | 'stale' | 'noarp' | 'failed' | 'none';

/** What `ip neighbour add` is told behind the address. */
export interface NeighOptions {
  dev: string;
  /** MAC address as text. */
  lladdr?: string;
  /** Default `permanent`. */
  nud?: NudName;
}

/** One neighbour, as {@link NeighVerbs.show} gives it. */
export interface NeighInfo {
  /** `'192.168.1.1'`. */
  dst: string;
  dev: string;
  /** `undefined` while it is not known. */
  lladdr: string | undefined;
  /** `REACHABLE`, `STALE`, … */
  state: string;
  /** As `ip neighbour` prints it. */
  text: string;
}

const STATES: Readonly<Record<NudName, number>> = {
  permanent: NUD_PERMANENT,
  reachable: NUD_REACHABLE,
  stale: NUD_STALE,
  noarp: NUD_NOARP,
  failed: NUD_FAILED,
  none: NUD_NONE,
};

/** Neighbours of a host. */
export class NeighVerbs {
  readonly #kernel: Kernel;
  readonly #devices: Devices;
  readonly #table: ArpTable;

  constructor(kernel: Kernel, devices: Devices, table: ArpTable) {
    this.#kernel = kernel;
    this.#devices = devices;
    this.#table = table;
  }

  /** `ip neigh add 192.168.1.1 lladdr 02:… dev eth0`. @throws NetlinkError EEXIST, EINVAL, ENODEV, ENOBUFS (table full). */
  add(address: string, options: NeighOptions): void {
    this.#set('add', address, options);
  }

  /** `ip neigh replace`. @throws NetlinkError EINVAL, ENODEV, ENOBUFS. */
  replace(address: string, options: NeighOptions): void {
    this.#set('replace', address, options);
  }

  /** `ip neigh change`. @throws NetlinkError ENOENT, EINVAL, ENODEV. */
  change(address: string, options: NeighOptions): void {
    this.#set('change', address, options);
  }

  /** `ip neigh del 192.168.1.1 dev eth0`. @throws NetlinkError ENOENT, ENODEV. */
  del(address: string, { dev }: Pick<NeighOptions, 'dev'>): void {
    const device = this.#devices.get(dev);
    refuse(
      this.#kernel.run(() => this.#table.delete(this.#kernel.now(), device, addressOf(address))),
      `neigh del ${address} dev ${dev}`,
    );
  }

  /** `ip neigh flush`: all that is neither permanent nor noarp, over one device or all. Returns how many. @throws NetlinkError ENODEV. */
  flush(filter: { dev?: string } = {}): number {
    const device = filter.dev === undefined ? undefined : this.#devices.get(filter.dev);
    return this.#kernel.run(() =>
      this.#table.flush(this.#kernel.now(), device === undefined ? {} : { device }),
    );
  }

  /** Neighbours, those that need no asking left out. @throws NetlinkError ENODEV. */
  show(filter: { dev?: string } = {}): NeighInfo[] {
    const device = filter.dev === undefined ? undefined : this.#devices.get(filter.dev);
    const list = this.#table.list(device === undefined ? {} : { device });
    return list.filter(({ state }) => state !== NUD_NOARP && state !== NUD_NONE).map(infoOf);
  }

  /** A line a neighbour, as `ip neigh` prints them: it does not repeat the device that it was asked for. */
  format(filter: { dev?: string } = {}): string[] {
    const lines = this.show(filter).map(({ text }) => text);
    return filter.dev === undefined ? lines : lines.map((line) => line.replace(` dev ${filter.dev}`, ''));
  }

  #set(verb: 'add' | 'replace' | 'change', address: string, options: NeighOptions): void {
    const device = this.#devices.get(options.dev);
    const { nud = 'permanent' } = options;
    const state = STATES[nud];
    if (state === undefined) throw new NetlinkError('EINVAL', `nud ${nud}`);
    let lladdr: number | undefined;
    try {
      lladdr = options.lladdr === undefined ? undefined : parseMac(options.lladdr);
    } catch {
      throw new NetlinkError('EINVAL', `lladdr ${options.lladdr}`, 'Invalid link address');
    }
    const spec = { device, address: addressOf(address), state, ...(lladdr !== undefined && { lladdr }) };
    refuse(
      this.#kernel.run(() => this.#table[verb](this.#kernel.now(), spec)),
      `neigh ${verb} ${address} dev ${options.dev}`,
    );
  }
}

function infoOf(entry: ArpEntry): NeighInfo {
  const known = (entry.state & ~(0x01 | NUD_FAILED)) !== 0; // neither INCOMPLETE nor FAILED
  const dst = formatAddress(entry.address);
  const lladdr = known ? formatMac(entry.lladdr) : undefined;
  const state = formatState(entry.state);
  const text = `${dst} dev ${entry.device.name}${lladdr === undefined ? '' : ` lladdr ${lladdr}`} ${state}`;
  return { dst, dev: entry.device.name, lladdr, state, text };
}
