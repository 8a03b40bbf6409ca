/**
 * Networks for tests: hosts with NICs on wires and switches, all on one virtual clock.
 * @module
 */
import { type Impairments, Nic, Wire } from '@stack/nic-sim';
import { VirtualClock } from './clock/virtual-clock.ts';
import { createHost, type Host } from './host.ts';
import type { HostOptions } from './options.ts';

/** Two hosts on one wire: 192.168.1.10 and 192.168.1.100, both /24. */
export interface Lan {
  clock: VirtualClock;
  a: Host;
  b: Host;
  wire: Wire;
}

/** What differs from a gigabit wire without faults and hosts with Linux's defaults. */
export interface LanOptions extends Partial<Impairments> {
  seed?: number;
  sysctl?: HostOptions['sysctl'];
}

/** A host with one NIC that has an address and is still down. */
export function station(
  clock: VirtualClock,
  name: string,
  prefix: string,
  mac: number,
  options: Partial<HostOptions> = {},
): { host: Host; nic: Nic } {
  const host = createHost({ clock, name, ...options });
  const nic = new Nic({ clock, pool: host.pool, address: mac, name: 'eth0' });
  host.link.add(nic);
  host.addr.add(prefix, { dev: 'eth0' });
  return { host, nic };
}

/** See {@link Lan}. */
export function lan(options: LanOptions = {}): Lan {
  const { seed = 1, sysctl = {}, ...impairments } = options;
  const clock = new VirtualClock();
  const a = station(clock, 'a', '192.168.1.10/24', 0x02_00_00_00_00_0a, { seed, sysctl });
  const b = station(clock, 'b', '192.168.1.100/24', 0x02_00_00_00_00_64, { seed, sysctl });
  const wire = new Wire({ clock, a: a.nic, b: b.nic, seed, ...impairments });
  for (const { host } of [a, b]) host.link.set('eth0', { up: true });
  return { clock, a: a.host, b: b.host, wire };
}
