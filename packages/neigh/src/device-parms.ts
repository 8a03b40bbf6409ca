/**
 * The settings of one device and what is drawn from them: Linux `struct neigh_parms`.
 * @module
 */
import type { NeighParms } from './ports.ts';
import { NUD_PROBE } from './state.ts';

/** After this long the reachable time is drawn anew, µs. Linux: 300 s. RFC 4861 §6.3.4: "at least every few hours". */
export const REDRAW_INTERVAL = 300_000_000;

/** Shortest time between probes, and from a state to its timer, µs. Linux: HZ / 100. */
export const MIN_DELAY = 10_000;

/** Settings of a device, in µs. */
export class DeviceParms {
  /** The sysctls. */
  readonly values: NeighParms;
  /** Requests of this device in the proxy queue. */
  proxyQlen = 0;
  readonly #random: () => number;
  #base = -1;
  #drawn = 0;
  #reachable = 0;

  constructor(values: NeighParms, random: () => number) {
    this.values = values;
    this.#random = random;
  }

  /**
   * How long a proof is worth, µs: half to three halves of `base_reachable_time_ms`, drawn anew every {@link REDRAW_INTERVAL} and
   * after the setting was written.
   */
  reachableTime(now: number): number {
    const base = this.values.base_reachable_time_ms;
    if (base !== this.#base || now - this.#drawn > REDRAW_INTERVAL) {
      this.#base = base;
      this.#drawn = now;
      this.#reachable = base <= 0 ? 0 : ((this.#random() % base) + (base >>> 1)) * 1000;
    }
    return this.#reachable;
  }

  /** Time between two probes, µs. */
  retransTime(): number {
    return Math.max(this.values.retrans_time_ms * 1000, MIN_DELAY);
  }

  /** Time for a proof to come by itself, µs. */
  delayProbeTime(): number {
    return this.values.delay_first_probe_time * 1_000_000;
  }

  /** Probes that an entry in this state may send before it fails; resolving starts at `ucast_solicit` of them. */
  maxProbes(state: number): number {
    const { ucast_solicit, app_solicit, mcast_solicit, mcast_resolicit } = this.values;
    return ucast_solicit + app_solicit + (state === NUD_PROBE ? mcast_resolicit : mcast_solicit);
  }
}
