/**
 * The tree below /proc/sys/net: directories, those of devices, and what one write brings about in others.
 * @module
 */
import { CONF } from './conf.ts';
import { CORE } from './core.ts';
import type { Definition, Table, Value } from './definition.ts';
import { DeviceTree } from './devices.ts';
import { type Directory, directory } from './directory.ts';
import { combineInto } from './effective.ts';
import { IPV4 } from './ipv4.ts';
import { FRAME_TRUESIZE, NEIGH, NEIGH_TABLE } from './neigh.ts';
import { ROUTE } from './route.ts';
import { format } from './text.ts';

const CONF_ROOT = 'net/ipv4/conf';
const NEIGH_ROOT = 'net/ipv4/neigh';
/** What Linux takes for a device's name. */
const DEVICE_NAME = /^(?!\.{1,2}$|all$|default$)[^/:\s]{1,15}$/;

/** A sysctl that was found. */
export interface Place {
  readonly directory: Directory;
  readonly field: string;
  readonly definition: Definition;
}

/** All directories, by path. */
export class Tree {
  readonly core: Directory;
  readonly ipv4: Directory;
  readonly route: Directory;
  readonly #all: Directory;
  readonly #default: Directory;
  readonly #neighDefault: Directory;
  readonly #conf: DeviceTree;
  readonly #neigh: DeviceTree;
  readonly #effective = new Map<string, Record<string, Value>>();
  readonly #directories = new Map<string, Directory>();

  /** `initial` gives the value a row starts with. */
  constructor(initial: (field: string, definition: Definition) => Value) {
    const make = (at: string, table: Table, start = initial) => this.#keep(directory(at, table, start));
    this.core = make('net/core', CORE);
    this.ipv4 = make('net/ipv4', IPV4);
    this.route = make('net/ipv4/route', ROUTE);
    this.#all = make(`${CONF_ROOT}/all`, CONF, (field, row) => row.all ?? initial(field, row));
    this.#default = make(`${CONF_ROOT}/default`, CONF);
    this.#neighDefault = make(`${NEIGH_ROOT}/default`, { ...NEIGH, ...NEIGH_TABLE });
    this.#conf = new DeviceTree(CONF_ROOT, CONF, this.#default);
    this.#neigh = new DeviceTree(NEIGH_ROOT, NEIGH, this.#neighDefault);
  }

  /** The sysctl behind a path, if there is one. */
  find(at: string, field: string): Place | undefined {
    const found = this.#directories.get(at);
    return found !== undefined && Object.hasOwn(found.table, field) ? placeIn(found, field) : undefined;
  }

  /** Every directory. */
  directories(): IterableIterator<Directory> {
    return this.#directories.values();
  }

  /** @throws RangeError for a device that is not there. */
  conf(device: string): Directory {
    if (device === 'all') return this.#all;
    return device === 'default' ? this.#default : this.#conf.entry(device).directory;
  }

  /** @throws RangeError for a device that is not there. */
  neigh(device: string): Directory {
    return device === 'default' ? this.#neighDefault : this.#neigh.entry(device).directory;
  }

  /** @throws RangeError for a device that is not there. */
  effective(device: string): Record<string, Value> {
    this.#conf.entry(device);
    return this.#effective.get(device) as Record<string, Value>;
  }

  /** @throws RangeError for a name that is none or is taken. */
  addDevice(device: string): void {
    this.#refuseName(device);
    const { values } = this.#keep(this.#conf.add(device));
    this.#keep(this.#neigh.add(device));
    // A copy with all fields: from here on values change and the shape does not.
    this.#effective.set(device, { ...values });
    this.#recombine(device);
  }

  /** @throws RangeError for a device that is not there. */
  removeDevice(device: string): void {
    for (const tree of [this.#conf, this.#neigh]) this.#directories.delete(tree.remove(device).path);
    this.#effective.delete(device);
  }

  /** @throws RangeError for a device that is not there, or a name that is none or is taken. */
  renameDevice(from: string, to: string): void {
    const effective = this.effective(from);
    if (from === to) return;
    this.#refuseName(to);
    for (const tree of [this.#conf, this.#neigh]) {
      this.#directories.delete(tree.entry(from).directory.path);
      this.#keep(tree.rename(from, to));
    }
    this.#effective.delete(from);
    this.#effective.set(to, effective);
  }

  /** @throws RangeError for a device that is not there. */
  settle(device: string): void {
    this.#conf.settle(device);
    this.#neigh.settle(device);
  }

  /** Stores a legal value and what follows from it; returns what changed, the sysctl itself first. */
  change(place: Place, value: Value): Place[] {
    const changes: Place[] = [];
    store(place, value, changes);
    const { directory: at, field } = place;
    if (at === this.ipv4) this.#followIpv4(field, value, changes);
    else if (at.path.startsWith(`${CONF_ROOT}/`)) this.#followConf(place, value, changes);
    else if (at.path.startsWith(`${NEIGH_ROOT}/`)) this.#followNeigh(place, value, changes);
    return changes;
  }

  #followIpv4(field: string, value: Value, changes: Place[]): void {
    if (field === 'ip_forward' && changes.length > 0) this.#forward(value, changes);
    if (field === 'tcp_congestion_control') this.#allow(value as string, changes);
  }

  /** Linux: the congestion control that is the default is allowed to everyone. */
  #allow(name: string, changes: Place[]): void {
    const place = placeIn(this.ipv4, 'tcp_allowed_congestion_control');
    const allowed = this.ipv4.values.tcp_allowed_congestion_control as readonly string[];
    if (!allowed.includes(name)) store(place, [...allowed, name], changes);
  }

  #followConf(place: Place, value: Value, changes: Place[]): void {
    const { directory: at, field } = place;
    if (at === this.#all) {
      if (field === 'forwarding' && changes.length > 0) this.#forward(value, changes);
    } else if (at === this.#default) {
      // Linux: forwarding has a handler of its own, which leaves the devices alone.
      if (field !== 'forwarding') reach(this.#conf, field, value, changes);
    } else {
      this.#conf.own(deviceOf(at), field);
    }
    this.#recombineAll();
  }

  /** Linux: forwarding everywhere, and `all` believes redirects where it does not forward. */
  #forward(value: Value, changes: Place[]): void {
    store(placeIn(this.ipv4, 'ip_forward'), value, changes);
    store(placeIn(this.#all, 'accept_redirects'), value === 0 ? 1 : 0, changes);
    for (const at of [this.#all, this.#default]) store(placeIn(at, 'forwarding'), value, changes);
    for (const device of this.#conf.names()) store(placeIn(this.conf(device), 'forwarding'), value, changes);
    this.#recombineAll();
  }

  /** `unres_qlen` and `unres_qlen_bytes` are one value in two units. */
  #followNeigh(place: Place, value: Value, changes: Place[]): void {
    const { directory: at, field } = place;
    const written = new Map([[field, value as number]]);
    if (field === 'unres_qlen') written.set('unres_qlen_bytes', (value as number) * FRAME_TRUESIZE);
    if (field === 'unres_qlen_bytes') {
      written.set('unres_qlen', Math.floor((value as number) / FRAME_TRUESIZE));
    }
    for (const [one, its] of written) {
      store(placeIn(at, one), its, changes);
      if (at !== this.#neighDefault) this.#neigh.own(deviceOf(at), one);
      else if (Object.hasOwn(NEIGH, one)) reach(this.#neigh, one, its, changes);
    }
  }

  #recombineAll(): void {
    for (const device of this.#conf.names()) this.#recombine(device);
  }

  #recombine(device: string): void {
    combineInto(this.effective(device), CONF, this.#all.values, this.conf(device).values);
  }

  #keep(made: Directory): Directory {
    this.#directories.set(made.path, made);
    return made;
  }

  #refuseName(device: string): void {
    if (!DEVICE_NAME.test(device)) throw new RangeError(`sysctl: ${device} is no name for a device`);
    if (this.#conf.has(device)) throw new RangeError(`sysctl: device ${device} is there already`);
  }
}

function placeIn(at: Directory, field: string): Place {
  return { directory: at, field, definition: at.table[field] as Definition };
}

/** Stores a value and notes the place, if it is another value than before. */
function store(place: Place, value: Value, changes: Place[]): void {
  const { directory: at, field, definition } = place;
  if (format(definition, at.values[field] as Value) === format(definition, value)) return;
  at.values[field] = value;
  changes.push(place);
}

/** Carries a write to `default` on to the devices that still follow it. */
function reach(devices: DeviceTree, field: string, value: Value, changes: Place[]): void {
  for (const at of devices.followers(field)) store(placeIn(at, field), value, changes);
}

/** The device that a directory belongs to. */
function deviceOf(at: Directory): string {
  return at.path.slice(at.path.lastIndexOf('/') + 1);
}
