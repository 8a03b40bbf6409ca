/**
 * A host under attack: frames come in at every device it has, from nowhere, while a friend on the same LAN uses its services. What it
 * may hold is named here, a line for each limit.
 * @module
 */
import { Frame, Nic, Wire } from '@stack/nic-sim';
import { Pool, type SkBuff } from '@stack/skbuff';
import type { Device } from '@stack/skbuff/netdev';
import {
  AF_INET,
  AF_PACKET,
  ETH_P_ALL,
  IPPROTO_ICMP,
  isSocketError,
  SHUT_WR,
  SO_RCVBUF,
  SO_RCVTIMEO,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
} from '@stack/socket';
import { ESTABLISHED, LISTEN, TcpSock } from '@stack/tcp/engine';
import { expect } from 'vitest';
import { VirtualClock } from '../clock/virtual-clock.ts';
import { type Veth, vethPair } from '../devices/veth.ts';
import { createHost, type Host } from '../host.ts';
import type { HostOptions } from '../options.ts';
import { icmp } from './craft.fixture.ts';
import { Tun } from './tun.fixture.ts';

/** The host on the LAN, u32, and on the veth. */
export const HOST = 0xc0a8_010a;
export const HOST_VETH = 0x0a00_0001;
/** Its friend. */
export const FRIEND = 0xc0a8_0114;
export const HOST_MAC = 0x02_00_00_00_00_0a;
export const HOST_VETH_MAC = 0x02_00_00_00_00_01;
export const FRIEND_MAC = 0x02_00_00_00_00_14;
/** Echo, in UDP and in TCP (RFC 862). */
export const ECHO = 7;
/** A listener from which nobody accepts. */
export const IDLE = 9;
/** Backlog of that listener. */
export const BACKLOG = 8;

/** Truesize of the largest packet there is: what one more may exceed a buffer by, bytes. */
const LARGEST = 150_000;
/** Packets one super-packet can become. */
const MAX_SEGMENTS = 65_535;
/** A lost cause after so many tries of a second each. */
const TRIES = 60;

/** Where a frame comes in. */
export type Door = 'eth0' | 'veth0' | 'tun0' | 'lo';

/** How a {@link Siege} differs. */
export interface SiegeOptions {
  sysctl?: HostOptions['sysctl'];
  /** Bytes of packet memory. Default 16 MiB. */
  memory?: number;
}

/** A host, its friend, and the doors of the attacker. */
export class Siege {
  readonly clock: VirtualClock = new VirtualClock({ maxEvents: 5_000_000 });
  readonly host: Host;
  readonly friend: Host;
  /** Where the attacker's packets live. */
  readonly pool: Pool = new Pool({ poison: true, chunkSize: 65_536 });
  /** The other end of the host's veth. */
  readonly peer: Veth;
  readonly #nic: Nic;
  readonly #tun: Tun = new Tun();
  readonly #wire: Wire;
  readonly #programs: Promise<void>[] = [];

  constructor({ sysctl = {}, memory = 0x100_0000 }: SiegeOptions = {}) {
    const { clock } = this;
    this.host = createHost({
      clock,
      name: 'host',
      pool: new Pool({ poison: true, chunkSize: 65_536, limit: memory }),
      sysctl: { 'net.ipv4.ip_forward': 1, 'net.ipv4.icmp_ratelimit': 0, ...sysctl },
    });
    this.friend = createHost({ clock, name: 'friend' });
    const nics = [
      new Nic({ clock, pool: this.host.pool, address: HOST_MAC }),
      new Nic({ clock, pool: this.friend.pool, address: FRIEND_MAC }),
    ] as const;
    this.#nic = nics[0];
    this.#wire = new Wire({ clock, a: nics[0], b: nics[1] });
    const [mine, peer] = vethPair({ addresses: [HOST_VETH_MAC, 0x02_00_00_00_00_02] });
    this.peer = peer;
    peer.receive = (skb) => skb.free();
    const drain = (): void => {
      while (peer.poll(64) === 64);
    };
    peer.interrupt = () => clock.at(clock.now(), drain, undefined);
    this.host.link.add(nics[0], { up: true });
    this.host.link.add(mine, { up: true });
    this.host.link.add(this.#tun, { up: true });
    this.friend.link.add(nics[1], { up: true });
    this.host.addr.add('192.168.1.10/24', { dev: 'eth0' });
    this.host.addr.add('10.0.0.1/8', { dev: 'veth0' });
    this.host.addr.add('172.16.0.1/24', { dev: 'tun0' });
    this.host.route.add('default', { via: '10.0.0.2' });
    this.friend.addr.add('192.168.1.20/24', { dev: 'eth0' });
    this.#serve();
  }

  /** Bytes come in at a door: at all but the card as `shape` makes a packet of them. */
  attack(door: Door, bytes: Uint8Array, shape: (bytes: Uint8Array, pool: Pool) => SkBuff = linear): void {
    if (door === 'eth0') {
      const padded = bytes.length < 60 ? new Uint8Array(60) : bytes;
      if (padded !== bytes) padded.set(bytes);
      const frame = Frame.of(this.pool, padded);
      if (frame !== undefined) this.#nic.arrive(frame);
      return;
    }
    if (door === 'tun0') {
      this.#tun.inject(shape(bytes, this.pool));
      return;
    }
    const device: Device = door === 'lo' ? (this.host.devices.get('lo').device as Device) : this.peer;
    device.xmit(shape(bytes, this.pool));
  }

  /** A device goes down and comes up again. The default route goes with its device, and is made anew. */
  async flap(dev: string, time: number): Promise<void> {
    const { link, route } = this.host;
    link.set(dev, { up: false });
    await this.clock.runFor(time);
    link.set(dev, { up: true });
    if (dev === 'veth0') route.add('default', { via: '10.0.0.2' });
  }

  /** The limits that are exceeded, a line for each. */
  excesses(): string[] {
    const { host } = this;
    const found: string[] = [];
    const limit = (name: string, value: number, most: number): void => {
      if (!(value <= most)) found.push(`${name}: ${value} of ${most}`);
    };
    const { sysctl } = host;
    limit('neigh.default.gc_thresh3', host.neighbours.entries, sysctl.neigh('default').gc_thresh3);
    for (const entry of host.neighbours.list()) {
      const { unres_qlen_bytes } = sysctl.neigh(entry.device.name);
      limit('unres_qlen_bytes', entry.queue.bytes, unres_qlen_bytes + LARGEST);
    }
    limit('ipfrag_high_thresh', host.ipv4.reassembly.memory, sysctl.ipv4.ipfrag_high_thresh + LARGEST);
    limit('exceptions', host.ipv4.exceptions.size, 10_240);
    limit('icmp peers', host.icmp.limit.peers, 65_664);
    // pfifo_fast: three bands of that length, and what a super-packet was cut into as it left.
    for (const dev of host.devices) {
      limit(`queue of ${dev.name}`, dev.queue.qlen, 3 * dev.txqueuelen + MAX_SEGMENTS);
    }
    for (const { core } of host.sockets) {
      const sk = core.proto.sk as unknown as { rmemAlloc: number; rcvbuf: number };
      limit(`SO_RCVBUF of ${core.fd}`, sk.rmemAlloc, sk.rcvbuf + LARGEST);
    }
    for (const entry of host.tcp.entries()) {
      if (!(entry instanceof TcpSock)) continue;
      const { listener } = entry;
      if (entry.state === LISTEN && listener !== undefined) {
        limit('accept queue', listener.acceptLength, listener.backlog + 1);
        limit('SYN queue', listener.requests.size, listener.backlog + 1);
      }
      limit(`rcvbuf of port ${entry.sport}`, entry.rmemAlloc, entry.rcvbuf + LARGEST);
    }
    return found;
  }

  /** A connection from the friend to the echo service, as the host sees it; `undefined` where there is none. */
  get connection(): TcpSock | undefined {
    for (const entry of this.host.tcp.entries()) {
      if (entry instanceof TcpSock && entry.state === ESTABLISHED && entry.daddr === FRIEND) return entry;
    }
    return undefined;
  }

  /** The friend connects to the echo service and stays. */
  async befriend(): Promise<Socket> {
    const socket = this.friend.socket(AF_INET, SOCK_STREAM);
    await this.clock.run(socket.connect({ address: '192.168.1.10', port: ECHO }));
    return socket;
  }

  /** Whether the friend still gets an answer: to a ping, a datagram, over a connection. */
  async answers(): Promise<void> {
    await this.clock.run(this.#ping());
    await this.clock.run(this.#datagram());
    await this.clock.run(this.#stream());
  }

  /** Ends both hosts, and sees that nothing is left. */
  async bury(): Promise<void> {
    const { host, friend, clock } = this;
    for (const one of [host, friend]) await clock.run(one.close());
    await Promise.all(this.#programs);
    this.#wire.close();
    this.peer.close();
    await clock.run();
    for (const one of [host, friend]) {
      expect(one.timers.pending).toBe(0);
      expect([...one.tcp.entries()]).toEqual([]);
      expect(one.pool.stats).toMatchObject({ inUse: 0, skbs: 0 });
    }
    expect(this.pool.stats).toMatchObject({ inUse: 0, skbs: 0 });
    expect(clock.pending).toBe(0);
  }

  #serve(): void {
    const { host } = this;
    const udp = host.socket(AF_INET, SOCK_DGRAM);
    udp.setsockopt(SOL_SOCKET, SO_RCVBUF, 8192);
    udp.bind({ port: ECHO });
    this.#programs.push(echoDatagrams(udp));
    const unread = host.socket(AF_INET, SOCK_DGRAM);
    unread.setsockopt(SOL_SOCKET, SO_RCVBUF, 8192);
    unread.bind({ port: IDLE });
    host.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP).setsockopt(SOL_SOCKET, SO_RCVBUF, 8192);
    host.socket(AF_PACKET, SOCK_RAW, ETH_P_ALL).setsockopt(SOL_SOCKET, SO_RCVBUF, 65_536);
    const tcp = host.socket(AF_INET, SOCK_STREAM);
    tcp.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    tcp.bind({ port: ECHO });
    tcp.listen(64);
    this.#programs.push(echoStreams(tcp));
    const idle = host.socket(AF_INET, SOCK_STREAM);
    idle.bind({ port: IDLE });
    idle.listen(BACKLOG);
  }

  async #ping(): Promise<void> {
    const raw = this.friend.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    raw.setsockopt(SOL_SOCKET, SO_RCVTIMEO, { sec: 1, usec: 0 });
    const request = icmp(8, 0, 0x1234_0001, Uint8Array.of(1, 2, 3, 4));
    await retry('ping', async () => {
      await raw.sendto(request, { address: '192.168.1.10' });
      for (;;) {
        const { data } = await raw.recvfrom(1500);
        if (data[20] === 0 && data[24] === 0x12 && data[25] === 0x34) return;
      }
    });
    await raw.close();
  }

  async #datagram(): Promise<void> {
    const socket = this.friend.socket(AF_INET, SOCK_DGRAM);
    socket.setsockopt(SOL_SOCKET, SO_RCVTIMEO, { sec: 1, usec: 0 });
    await socket.connect({ address: '192.168.1.10', port: ECHO });
    await retry('datagram', async () => {
      await socket.send(Uint8Array.of(5, 6, 7));
      expect(await socket.recv(100)).toEqual(Uint8Array.of(5, 6, 7));
    });
    await socket.close();
  }

  async #stream(): Promise<void> {
    const bytes = Uint8Array.from({ length: 5000 }, (_, i) => i * 7);
    await retry('stream', async () => {
      const socket = this.friend.socket(AF_INET, SOCK_STREAM);
      try {
        await socket.connect({ address: '192.168.1.10', port: ECHO });
        await socket.sendall(bytes);
        socket.shutdown(SHUT_WR);
        const got: number[] = [];
        for await (const chunk of socket) got.push(...chunk);
        expect(Uint8Array.from(got)).toEqual(bytes);
      } finally {
        await socket.close();
      }
    });
  }
}

/** One run of packet memory, as a card makes it. */
export function linear(bytes: Uint8Array, pool: Pool): SkBuff {
  const skb = pool.alloc(bytes.length, 0) as SkBuff;
  skb.putData(bytes);
  return skb;
}

async function echoDatagrams(socket: Socket): Promise<void> {
  for (;;) {
    try {
      const { data, address } = await socket.recvfrom(65_535);
      // Not to another echo service, which may be this one: that would go on for ever (RFC 862's is known for it).
      if (address?.family === 'IPv4' && address.port !== ECHO) await socket.sendto(data, address);
    } catch (error) {
      if (!isSocketError(error)) throw error;
      if (error.code === 'EBADF') return;
    }
  }
}

async function echoStreams(listener: Socket): Promise<void> {
  for (;;) {
    try {
      const connection = await listener.accept();
      void echo(connection);
    } catch (error) {
      if (!isSocketError(error)) throw error;
      if (error.code === 'EBADF') return;
    }
  }
}

async function echo(connection: Socket): Promise<void> {
  try {
    for await (const chunk of connection) await connection.sendall(chunk);
  } catch (error) {
    if (!isSocketError(error)) throw error;
  }
  if (!connection.closed) await connection.close();
}

/** Tries again after each errno; the last one is thrown. */
async function retry(name: string, attempt: () => Promise<void>): Promise<void> {
  for (let left = TRIES; ; left--) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (!isSocketError(error)) throw error;
      if (left === 0) throw new Error(`${name}: ${error.code} after ${TRIES} tries`);
    }
  }
}
