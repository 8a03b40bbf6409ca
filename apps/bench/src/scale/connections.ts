/**
 * A hundred thousand connections that do nothing.
 * @module
 */
import { createHost, type Host, RealClock } from '@stack/host';
import { AF_INET, SOCK_STREAM, type Socket } from '@stack/socket';
import { each, type Memory, memory } from './memory.ts';
import { Responder } from './responder.ts';

const ADDRESS = 0x0a00_0001;
const PORT = 5001;
/** Ports of each peer, so that no search for one takes long: the host has 28,232 to one address. */
const PORTS = 1024;
/** SYNs that are under way at a time: their answers fit into the queue of a neighbour that is not resolved yet. */
const BATCH = 64;
/** Opened before anything is measured, so that code is compiled and tables have grown. */
const WARM_UP = 256;

/** What a connection costs. */
export interface Cost extends Memory {
  /** CPU time from its first call to its last, µs. */
  microseconds: number;
}

/** A host with a {@link Responder} on its only device, and the connections on it. */
export class Connections {
  readonly clock: RealClock = new RealClock();
  readonly host: Host;
  /** Those that have a socket. */
  readonly sockets: Socket[] = [];
  readonly #responder: Responder;
  readonly #listener: Socket;
  #peers = 0;

  constructor() {
    const { clock } = this;
    this.host = createHost({ clock, seed: 1, sysctl: { 'net.core.somaxconn': 0x7fff_ffff } });
    const { host } = this;
    this.#responder = new Responder(host.pool);
    host.link.add(this.#responder);
    host.addr.add('10.0.0.1/8', { dev: 'eth0' });
    host.link.set('eth0', { up: true });
    this.#listener = host.socket(AF_INET, SOCK_STREAM);
    this.#listener.bind({ port: PORT });
    this.#listener.listen(0x7fff_ffff);
  }

  /** Opens so many from here. */
  async connect(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const socket = this.host.socket(AF_INET, SOCK_STREAM);
      const peer = Math.floor(this.#peers++ / PORTS);
      await socket.connect({ address: `10.1.${peer >> 8}.${peer & 0xff}`, port: 80 });
      this.sockets.push(socket);
    }
  }

  /** Has peers open so many: they are established, and nobody accepted them. */
  async open(count: number): Promise<void> {
    const { CurrEstab } = this.host.tcp.mib.Tcp;
    for (let done = 0; done < count; ) {
      for (const end = Math.min(done + BATCH, count); done < end; done++) {
        const peer = this.#peers++;
        this.#responder.open(0x0a02_0000 + Math.floor(peer / PORTS), 1024 + (peer % PORTS), ADDRESS, PORT);
      }
      while (this.host.tcp.mib.Tcp.CurrEstab < CurrEstab + done) await this.clock.sleep(0);
    }
  }

  /** Accepts so many that are there. */
  async accept(count: number): Promise<void> {
    for (let i = 0; i < count; i++) this.sockets.push(await this.#listener.accept());
  }

  /** Ends the host. */
  async close(): Promise<void> {
    await this.host.close();
    this.clock.close();
  }

  /** What each of `count` costs that `make` makes. @throws Error where packets are still under way. */
  async cost(count: number, make: (count: number) => Promise<void>): Promise<Cost> {
    const before = memory();
    const start = process.cpuUsage();
    await make(count);
    const { user, system } = process.cpuUsage(start);
    const after = memory();
    const { skbs } = this.host.pool.stats;
    if (skbs > 0) throw new Error(`${skbs} packets are left`);
    return { ...each(before, after, count), microseconds: (user + system) / count };
  }
}

/** The cost of a connection that was opened here and has a socket. */
export async function opened(count: number): Promise<Cost> {
  const all = new Connections();
  await all.connect(WARM_UP);
  const cost = await all.cost(count, (n) => all.connect(n));
  await all.close();
  return cost;
}

/** The cost of a connection that peers opened, without a socket, and what accepting it adds. */
export async function accepted(count: number): Promise<{ established: Cost; socket: Cost }> {
  const all = new Connections();
  await all.open(WARM_UP);
  await all.accept(WARM_UP);
  const established = await all.cost(count, (n) => all.open(n));
  const socket = await all.cost(count, (n) => all.accept(n));
  await all.close();
  return { established, socket };
}
