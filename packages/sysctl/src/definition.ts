/**
 * What a row of the tables says about one sysctl, and the type of the values it has.
 * @module
 */

/**
 * How a value is stored, printed and parsed; each stands for one of Linux's handlers.
 * `int` i32 · `u8` 0..255 · `uint` u32 · `ulong` 0..2^53-1 · `seconds` i32 whose milliseconds fit an i32 · `ms` 0..2^31-1 ·
 * `ticks` hundredths of a second · `triple` three `int`s · `longs` three `ulong`s · `range` two ports, low and high ·
 * `ports` a set of ports · `key` one or two 128-bit keys as text, empty = none · `name` one of a registry · `names` some of a registry.
 */
export type Kind =
  | 'int'
  | 'u8'
  | 'uint'
  | 'ulong'
  | 'seconds'
  | 'ms'
  | 'ticks'
  | 'triple'
  | 'longs'
  | 'range'
  | 'ports'
  | 'key'
  | 'name'
  | 'names';

/**
 * How the value of `conf.all` and that of a device become the one that counts.
 * `max` the larger · `or` 1 where either is not 0 · `and` 1 where both are not 0 · `device` the device's alone ·
 * `redirects` `and` on a device that forwards, else `or` · `oldest` the smaller that is not 0.
 */
export type Combine = 'max' | 'or' | 'and' | 'device' | 'redirects' | 'oldest';

/** One row: a sysctl without its name. */
export interface Definition {
  readonly kind: Kind;
  /** The value of a fresh host; `'machine'` where it depends on memory, see {@link Machine}. */
  readonly default: number | string | readonly number[];
  /** Smallest legal value, of each member where there are several; the kind's own where absent. */
  readonly min?: number;
  /** Largest legal value, of each member where there are several; the kind's own where absent. */
  readonly max?: number;
  /** What the number counts: `bytes`, `s`, `ms`, `packets`, …; empty for a flag or a mode. */
  readonly unit: string;
  /** Which registry names come from, for `name` and `names`. */
  readonly registry?: 'congestionControl' | 'qdisc';
  /** Absent: anyone who may write, writes. Writing a read-only one is EACCES, for root too. */
  readonly mode?: 'read-only';
  /** For a device's setting: how it meets that of `all`. */
  readonly combine?: Combine;
  /** For a device's setting: the value that `all` starts with, where it is not `default`. */
  readonly all?: number;
}

/** A family of sysctls, by the last component of the name. */
export type Table = Readonly<Record<string, Definition>>;

/** Minimum, default, maximum; or low, pressure, high. */
export type Triple = readonly [number, number, number];
/** Low and high, both included. */
export type Range = readonly [number, number];

/** The type of a value, from its row. */
export type ValueOf<D extends Definition> = D['kind'] extends 'triple' | 'longs'
  ? Triple
  : D['kind'] extends 'range'
    ? Range
    : D['kind'] extends 'ports'
      ? ReadonlySet<number>
      : D['kind'] extends 'name' | 'key'
        ? string
        : D['kind'] extends 'names'
          ? readonly string[]
          : number;

/**
 * A live object: a family's values by name, never to be written to directly. Lists of names are not in it: what they hold
 * follows a registry and is only known when it is asked for.
 */
export type Values<T extends Table> = {
  readonly [K in keyof T as T[K]['kind'] extends 'names' ? never : K]: ValueOf<T[K]>;
};

/** Any value a sysctl can have. */
export type Value = number | string | Triple | Range | ReadonlySet<number> | readonly string[];
