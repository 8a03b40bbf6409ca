/**
 * The settings that each device has of its own, beside those of `default`: one such tree for conf and one for neigh.
 *
 * A new device starts as a copy of `default`. As in Linux, writing `default` later still reaches the devices on which nobody
 * has set the field, until the device gets its first address ({@link DeviceTree.settle}).
 * @module
 */
import type { Table, Value } from './definition.ts';
import { type Directory, directory } from './directory.ts';

/** A device's directory, and which of its fields follow `default` no more. */
interface Entry {
  readonly directory: Directory;
  readonly own: Set<string>;
}

/** Directories by device, all with the rows of one table. */
export class DeviceTree {
  readonly #root: string;
  readonly #table: Table;
  readonly #default: Directory;
  readonly #entries = new Map<string, Entry>();

  /** `root` is the path above the devices; `fallback` the directory `default`, which may have more rows than `table`. */
  constructor(root: string, table: Table, fallback: Directory) {
    this.#root = root;
    this.#table = table;
    this.#default = fallback;
  }

  /** Adds a device with the values of `default`; the directory is fresh. */
  add(device: string): Directory {
    const { values } = this.#default;
    return this.#insert(device, values, new Set());
  }

  /** Takes a device out; its live object goes stale. */
  remove(device: string): Directory {
    const { directory } = this.entry(device);
    this.#entries.delete(device);
    return directory;
  }

  /** Gives the device another name; values are kept, in the same live object. */
  rename(from: string, to: string): Directory {
    const { directory, own } = this.entry(from);
    this.#entries.delete(from);
    const renamed: Directory = { ...directory, path: `${this.#root}/${to}` };
    this.#entries.set(to, { directory: renamed, own });
    return renamed;
  }

  /** From now on `default` does not reach this device. */
  settle(device: string): void {
    const { own } = this.entry(device);
    for (const field of Object.keys(this.#table)) own.add(field);
  }

  /** `field` of this device follows `default` no more. */
  own(device: string, field: string): void {
    this.entry(device).own.add(field);
  }

  /** Directories on which `field` still follows `default`. */
  *followers(field: string): Generator<Directory> {
    for (const { directory, own } of this.#entries.values()) {
      if (!own.has(field)) yield directory;
    }
  }

  /** Every device's name. */
  names(): IterableIterator<string> {
    return this.#entries.keys();
  }

  has(device: string): boolean {
    return this.#entries.has(device);
  }

  /** @throws RangeError for a device that is not there. */
  entry(device: string): Entry {
    const entry = this.#entries.get(device);
    if (entry === undefined) throw new RangeError(`sysctl: no device ${device}`);
    return entry;
  }

  #insert(device: string, values: Readonly<Record<string, Value>>, own: Set<string>): Directory {
    const fresh = directory(`${this.#root}/${device}`, this.#table, (field) => values[field] as Value);
    this.#entries.set(device, { directory: fresh, own });
    return fresh;
  }
}
