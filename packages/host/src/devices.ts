/**
 * The devices of one host, by index and by name.
 * @module
 */
import type { NetDevice } from './net-device.ts';
import { NetlinkError } from './netlink-error.ts';

/** All devices. */
export class Devices {
  readonly #byIndex: Map<number, NetDevice> = new Map();
  #next = 1;

  /** In the order of their indexes. */
  [Symbol.iterator](): IterableIterator<NetDevice> {
    return this.#byIndex.values();
  }

  /** A device by its index. */
  at(ifindex: number): NetDevice | undefined {
    return this.#byIndex.get(ifindex);
  }

  /** A device by its name. */
  find(name: string): NetDevice | undefined {
    for (const dev of this.#byIndex.values()) if (dev.name === name) return dev;
    return undefined;
  }

  /** A device by its name. @throws NetlinkError ENODEV. */
  get(name: string): NetDevice {
    const dev = this.find(name);
    if (dev === undefined)
      throw new NetlinkError('ENODEV', `no device ${name}`, `Cannot find device "${name}"`);
    return dev;
  }

  /** An index that no device has. */
  freeIndex(): number {
    while (this.#byIndex.has(this.#next)) this.#next++;
    return this.#next++;
  }

  /** @throws NetlinkError EEXIST for a name or index that is taken. */
  add(dev: NetDevice): void {
    if (this.find(dev.name) !== undefined || this.#byIndex.has(dev.ifindex)) {
      throw new NetlinkError('EEXIST', `device ${dev.name}, index ${dev.ifindex}`);
    }
    this.#byIndex.set(dev.ifindex, dev);
  }

  delete(dev: NetDevice): void {
    this.#byIndex.delete(dev.ifindex);
  }
}
