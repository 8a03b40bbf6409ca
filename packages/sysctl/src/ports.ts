/**
 * What the registry needs from its host.
 * @module
 */

/** Whose names some sysctls hold. Asked at each read and write, so that what is registered later counts. */
export interface Registries {
  /** Congestion controls in the order they were registered; `reno` is always among them. */
  congestionControl(): readonly string[];
  /** Queueing disciplines a device may have by default. */
  qdisc(): readonly string[];
}

/** What a {@link Sysctl} may be made of; all optional. */
export interface Options extends Partial<Registries> {
  /** Memory of the machine in bytes, from 16 MiB; 8 GiB unless told. See {@link machine}. */
  memory?: number;
}
