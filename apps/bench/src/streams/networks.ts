/**
 * The networks that our TCP is measured on: two hosts in this process, or one.
 * @module
 */
import { type Clock, createHost, type Device, type Host, vethPair } from '@stack/host';
import { Nic, Wire } from '@stack/nic-sim';

/** `veth`: super-packets and partial checksums, as Linux has them within one machine. `veth plain`: MTU 1500, every checksum computed and verified. */
export type NetworkName = 'veth' | 'veth plain' | 'nic' | 'loopback';

/** Hosts that are connected. */
export interface Network {
  readonly client: Host;
  readonly server: Host;
  /** The server's. */
  readonly address: string;
}

const CLIENT = '10.0.0.1';
const SERVER = '10.0.0.2';

/** The network of that name. */
export function makeNetwork(name: NetworkName, clock: Clock): Network {
  const client = createHost({ clock, name: 'client', seed: 1 });
  if (name === 'loopback') return { client, server: client, address: '127.0.0.1' };
  const server = createHost({ clock, name: 'server', seed: 1 });
  const [a, b] = devices(name, clock, client, server);
  attach(client, a, CLIENT);
  attach(server, b, SERVER);
  return { client, server, address: SERVER };
}

function devices(
  name: Exclude<NetworkName, 'loopback'>,
  clock: Clock,
  client: Host,
  server: Host,
): readonly [Device, Device] {
  if (name !== 'nic') {
    const on = name === 'veth';
    return vethPair({ names: ['eth0', 'eth0'], features: { gso: on, tso: on, tx: on, rx: on } });
  }
  const a = new Nic({ clock, pool: client.pool, address: 0x02_00_00_00_00_01 });
  const b = new Nic({ clock, pool: server.pool, address: 0x02_00_00_00_00_02 });
  new Wire({ clock, a, b, rate: 0 });
  return [a, b];
}

function attach(host: Host, device: Device, address: string): void {
  host.link.add(device);
  host.addr.add(`${address}/24`, { dev: 'eth0' });
  host.link.set('eth0', { up: true });
}
