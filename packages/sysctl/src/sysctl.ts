/**
 * The registry of a host's tunables: every value by name, as text as in /proc, and as live objects for engines.
 *
 * A refused write throws a {@link SysctlError} and changes nothing. Differs: where one of three numbers is bad, Linux keeps
 * those before it.
 * @module
 */
import { check } from './check.ts';
import type { CONF } from './conf.ts';
import type { CORE } from './core.ts';
import type { Definition, Value } from './definition.ts';
import { initialValue, valuesOf } from './directory.ts';
import { SysctlError } from './error.ts';
import type { IPV4 } from './ipv4.ts';
import { MEMORY, machine } from './machine.ts';
import { dotted, path } from './names.ts';
import type { NEIGH } from './neigh.ts';
import type { Options, Registries } from './ports.ts';
import type { ROUTE } from './route.ts';
import { isConsistent } from './rules.ts';
import { format, parse } from './text.ts';
import { type Place, Tree } from './tree.ts';
import type {
  ConfValues,
  CoreValues,
  Ipv4Values,
  NeighDefaultValues,
  NeighValues,
  RouteValues,
  SysctlName,
  SysctlValue,
} from './typed-names.ts';

/** Told of each value that changed: the name with dots, and the new value. */
export type Watcher = (name: string, value: Value) => void;

/** Known names are checked and completed; others, as those with slashes, are strings whose values may be anything. */
type AnyName = SysctlName | (string & {});

/** A host's sysctls. */
export class Sysctl {
  /** `net.core.*`, live. */
  readonly core: CoreValues;
  /** `net.ipv4.*` without its directories, live. */
  readonly ipv4: Ipv4Values;
  /** `net.ipv4.route.*`, live. */
  readonly route: RouteValues;

  readonly #registries: Registries;
  readonly #tree: Tree;
  readonly #watchers = new Map<string, readonly Watcher[]>();

  /** Linux's defaults on a machine of `options.memory` bytes. @throws RangeError for less than 16 MiB. */
  constructor(options: Options = {}) {
    this.#registries = {
      congestionControl: options.congestionControl ?? (() => ['reno']),
      qdisc: options.qdisc ?? (() => ['pfifo_fast']),
    };
    const model = machine(options.memory ?? MEMORY);
    this.#tree = new Tree((field, row) => this.#known(row, initialValue(model, field, row)));
    this.core = valuesOf<typeof CORE>(this.#tree.core);
    this.ipv4 = valuesOf<typeof IPV4>(this.#tree.ipv4);
    this.route = valuesOf<typeof ROUTE>(this.#tree.route);
    this.set('net.ipv4.tcp_congestion_control', this.ipv4.tcp_congestion_control); // allows it too
  }

  /** `net.ipv4.conf.<device>.*` as they were set, live. @throws RangeError for a device that is not there. */
  conf(device: string): ConfValues {
    return valuesOf<typeof CONF>(this.#tree.conf(device));
  }

  /**
   * What is in effect on a device, by the same names: `all` and the device's own put together, as each field has it. A live
   * object of plain fields, to be asked for once and read for each packet. @throws RangeError for a device that is not there.
   */
  inDevice(device: string): ConfValues {
    return this.#tree.effective(device) as unknown as ConfValues;
  }

  /** `net.ipv4.neigh.<device>.*`, live. @throws RangeError for a device that is not there. */
  neigh(device: 'default'): NeighDefaultValues;
  neigh(device: string): NeighValues;
  neigh(device: string): NeighValues {
    return valuesOf<typeof NEIGH>(this.#tree.neigh(device));
  }

  /** Gives a device its directories, with the values of `default`. @throws RangeError for a name that is none or is taken. */
  addDevice(device: string): void {
    this.#tree.addDevice(device);
  }

  /** Takes a device's directories away. @throws RangeError for a device that is not there. */
  removeDevice(device: string): void {
    this.#tree.removeDevice(device);
  }

  /**
   * Keeps values and live objects under another name. @throws RangeError for a device that is not there, or a name that is
   * none or is taken.
   */
  renameDevice(from: string, to: string): void {
    this.#tree.renameDevice(from, to);
  }

  /**
   * Says that the device got an address: from now on writing `default` does not reach it (Linux: ipv4_devconf_setall). @throws
   * RangeError for a device that is not there.
   */
  settle(device: string): void {
    this.#tree.settle(device);
  }

  /** The value of a name, with dots or slashes. @throws SysctlError `ENOENT`. */
  get<N extends AnyName>(name: N): SysctlValue<N> {
    return this.#value(this.#locate(name)) as SysctlValue<N>;
  }

  /**
   * Sets a value of the type {@link get} gives. @throws SysctlError `ENOENT` no such sysctl, or a name that is not registered;
   * `EINVAL` not of the type, outside the range, or at odds with another; `EACCES` read-only.
   */
  set<N extends AnyName>(name: N, value: SysctlValue<N>): void {
    this.#change(this.#writable(name), name, value);
  }

  /** What `cat` prints, newline and all. @throws SysctlError `ENOENT`. */
  read(name: string): string {
    const place = this.#locate(name);
    return `${format(place.definition, this.#value(place))}\n`;
  }

  /** What `echo` writes; empty text changes nothing. @throws SysctlError as {@link set}. */
  write(name: string, text: string): void {
    const place = this.#writable(name);
    if (text !== '') this.#change(place, name, parse(place.definition, text, this.#value(place)));
  }

  /** Every name with dots, in order: what `sysctl -aN` prints. */
  list(): string[] {
    const names: string[] = [];
    for (const { path: at, table } of this.#tree.directories()) {
      for (const field of Object.keys(table)) names.push(dotted(at, field));
    }
    return names.sort();
  }

  /** The row behind a name: kind, unit, limits, default. @throws SysctlError `ENOENT`. */
  describe(name: string): Definition {
    return this.#locate(name).definition;
  }

  /**
   * Calls `watcher` after each change of a sysctl, its own or one that another write brought about; for a device `*` stands for
   * each, for `all` and for `default`. Returns what ends it. @throws SysctlError `ENOENT`.
   */
  watch(name: SysctlName, watcher: Watcher): () => void {
    this.#locate(name.replace('*', 'default'));
    const { directory: at, field } = path(name);
    const key = dotted(at, field);
    this.#watchers.set(key, [...(this.#watchers.get(key) ?? []), watcher]);
    return () => {
      const watchers = this.#watchers.get(key) ?? [];
      this.#watchers.set(
        key,
        watchers.filter((one) => one !== watcher),
      );
    };
  }

  #locate(name: string): Place {
    const { directory: at, field } = path(name);
    const place = this.#tree.find(at, field);
    if (place === undefined) throw new SysctlError('ENOENT', name, 'no such sysctl');
    return place;
  }

  #writable(name: string): Place {
    const place = this.#locate(name);
    if (place.definition.mode === 'read-only') throw new SysctlError('EACCES', name, 'read-only');
    return place;
  }

  /** The stored value; of a list of names those that the registry still has, in its order. */
  #value({ directory: { values }, field, definition }: Place): Value {
    const value = values[field] as Value;
    if (definition.kind !== 'names') return value;
    const registered = this.#registered(definition);
    if (definition.mode === 'read-only') return [...registered];
    return registered.filter((name) => (value as readonly string[]).includes(name));
  }

  #registered(definition: Definition): readonly string[] {
    return this.#registries[definition.registry ?? 'congestionControl']();
  }

  /** A default that nobody registered gives way to the registry's first. */
  #known(definition: Definition, value: Value): Value {
    if (definition.kind !== 'name') return value;
    const registered = this.#registered(definition);
    return registered.includes(value as string) ? value : (registered[0] ?? value);
  }

  /** Judges a value whole, and only then stores it. */
  #change(place: Place, name: string, wanted: unknown): void {
    const { definition, directory: at, field } = place;
    const value = check(definition, wanted);
    if (value === undefined) throw new SysctlError('EINVAL', name, 'not a legal value');
    this.#refuseUnknown(definition, name, value);
    if (at === this.#tree.ipv4 && !isConsistent(this.ipv4, field, value)) {
      throw new SysctlError('EINVAL', name, 'at odds with another sysctl');
    }
    for (const change of this.#tree.change(place, value)) this.#notify(change);
  }

  #refuseUnknown(definition: Definition, name: string, value: Value): void {
    if (definition.registry === undefined) return;
    const registered = this.#registered(definition);
    const unknown = [value].flat().find((one) => !registered.includes(one as string));
    if (unknown !== undefined) throw new SysctlError('ENOENT', name, `there is no "${unknown}"`);
  }

  #notify(place: Place): void {
    const name = dotted(place.directory.path, place.field);
    const value = this.#value(place);
    const any = name.replace(/^(net\.ipv4\.(?:conf|neigh))\.[^.]+/, '$1.*');
    for (const watcher of this.#watchers.get(name) ?? []) watcher(name, value);
    if (any === name) return;
    for (const watcher of this.#watchers.get(any) ?? []) watcher(name, value);
  }
}
