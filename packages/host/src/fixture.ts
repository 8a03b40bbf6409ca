/**
 * Networks for tests: hosts with NICs on wires and switches, all on one virtual clock.
 * @module
 */
import { type Impairments, Nic, Wire } from '@stack/nic-sim';
import {
  AF_INET,
  SHUT_WR,
  SO_KEEPALIVE,
  SOCK_STREAM,
  SOL_SOCKET,
  SOL_TCP,
  type Socket,
  TCP_KEEPIDLE,
} from '@stack/socket';
import { VirtualClock } from './clock/virtual-clock.ts';
import { vethPair } from './devices/veth.ts';
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
  mac?: HostOptions['mac'];
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
  const { mac, seed = 1, sysctl = {}, ...impairments } = options;
  const own: Partial<HostOptions> = { seed, sysctl, ...(mac !== undefined && { mac }) };
  const clock = new VirtualClock();
  const a = station(clock, 'a', '192.168.1.10/24', 0x02_00_00_00_00_0a, own);
  const b = station(clock, 'b', '192.168.1.100/24', 0x02_00_00_00_00_64, own);
  const wire = new Wire({ clock, a: a.nic, b: b.nic, seed, ...impairments });
  for (const { host } of [a, b]) host.link.set('eth0', { up: true });
  return { clock, a: a.host, b: b.host, wire };
}

/** Two hosts joined by a veth, `eth0` at both: 10.0.0.1 and 10.0.0.2, both /24, and both ends down. */
export function vethLan(sysctl: HostOptions['sysctl'] = {}): { clock: VirtualClock; a: Host; b: Host } {
  const clock = new VirtualClock();
  const [a, b] = vethPair({ names: ['eth0', 'eth0'] }).map((end, i) => {
    const host = createHost({ clock, name: 'ab'[i] as string, sysctl });
    host.link.add(end);
    host.addr.add(`10.0.0.${i + 1}/24`, { dev: 'eth0' });
    return host;
  });
  if (a === undefined || b === undefined) throw new RangeError('a veth has two ends');
  return { clock, a, b };
}

/** A client and a server on two LANs, and the router between them; the router's devices are `eth0` (client's side) and `eth1`. */
export interface Routed {
  clock: VirtualClock;
  client: Host;
  router: Host;
  server: Host;
  wires: [Wire, Wire];
}

/** See {@link Routed}: 10.0.1.2 and 10.0.2.2, the router is .1 on both sides. */
export function routed(options: LanOptions & { farMtu?: number } = {}): Routed {
  const { farMtu, mac, seed = 1, sysctl = {}, ...impairments } = options;
  const own: Partial<HostOptions> = { seed, sysctl, ...(mac !== undefined && { mac }) };
  const clock = new VirtualClock();
  const client = station(clock, 'client', '10.0.1.2/24', 0x02_00_00_00_01_02, own);
  const server = station(clock, 'server', '10.0.2.2/24', 0x02_00_00_00_02_02, own);
  const router = station(clock, 'router', '10.0.1.1/24', 0x02_00_00_00_01_01, {
    seed,
    sysctl: { ...sysctl, 'net.ipv4.ip_forward': 1 },
  });
  const far = new Nic({ clock, pool: router.host.pool, address: 0x02_00_00_00_02_01, name: 'eth1' });
  router.host.link.add(far);
  router.host.addr.add('10.0.2.1/24', { dev: 'eth1' });
  const wires: [Wire, Wire] = [
    new Wire({ clock, a: client.nic, b: router.nic, seed, ...impairments }),
    new Wire({ clock, a: far, b: server.nic, seed: seed + 1, ...impairments }),
  ];
  if (farMtu !== undefined) {
    router.host.link.set('eth1', { mtu: farMtu });
    server.host.link.set('eth0', { mtu: farMtu });
  }
  router.host.link.set('eth1', { up: true });
  for (const { host } of [client, server, router]) host.link.set('eth0', { up: true });
  client.host.route.add('default', { via: '10.0.1.1' });
  server.host.route.add('default', { via: '10.0.2.1' });
  return { clock, client: client.host, router: router.host, server: server.host, wires };
}

/** What the two ends of {@link exchange} received. */
export interface Exchanged {
  /** What the client received. */
  client: Uint8Array;
  /** What the server received. */
  server: Uint8Array;
  /** When the last byte was read, µs. */
  time: number;
}

/** Bytes that differ from place to place. */
export function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed | 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
    bytes[i] = state >>> 16;
  }
  return bytes;
}

/** Connects `a` to port 7 of `b`, sends `there` and `back` at the same time, each end half-closing when it has sent, and closes both. */
export async function exchange(
  a: Host,
  b: Host,
  address: string,
  there: Uint8Array,
  back: Uint8Array,
): Promise<Exchanged> {
  const listener = b.socket(AF_INET, SOCK_STREAM);
  listener.bind({ port: 7 });
  listener.listen(1);
  const serve = async (): Promise<Uint8Array> => {
    const socket = await listener.accept();
    return talk(socket, back);
  };
  const request = async (): Promise<Uint8Array> => {
    const socket = a.socket(AF_INET, SOCK_STREAM);
    try {
      await socket.connect({ address, port: 7 });
    } catch (error) {
      await socket.close();
      throw error;
    }
    return talk(socket, there);
  };
  const server = serve();
  const client = request();
  try {
    const [atServer, atClient] = await Promise.all([server, client]);
    return { client: atClient, server: atServer, time: a.clock.now() };
  } finally {
    await listener.close();
    await Promise.allSettled([server, client]);
  }
}

/** Sends all of `bytes`, reads to the end, closes. Who only listens hears by keepalive that the other end gave up. */
async function talk(socket: Socket, bytes: Uint8Array): Promise<Uint8Array> {
  socket.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1);
  socket.setsockopt(SOL_TCP, TCP_KEEPIDLE, 300);
  const send = async (): Promise<void> => {
    await socket.sendall(bytes);
    socket.shutdown(SHUT_WR);
  };
  const receive = async (): Promise<Uint8Array> => {
    const chunks: Uint8Array[] = [];
    for (;;) {
      const chunk = await socket.recv(65_536);
      if (chunk.length === 0) return concat(chunks);
      chunks.push(chunk);
    }
  };
  const [sent, received] = await Promise.allSettled([send(), receive()]);
  await socket.close();
  if (sent.status === 'rejected') throw sent.reason;
  if (received.status === 'rejected') throw received.reason;
  return received.value;
}

/** Arrays one after another. */
export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
