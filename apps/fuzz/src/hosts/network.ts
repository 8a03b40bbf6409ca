/**
 * Two hosts on a wire, the first of them with more doors than that: what the targets do things to, and what must hold afterwards.
 * @module
 */
import { createHost, type Host, type Veth, VirtualClock, vethPair } from '@stack/host';
import { Frame, type Impairments, Nic, Wire } from '@stack/nic-sim';
import { Pool } from '@stack/skbuff';
import { AF_INET, isSocketError, SHUT_WR, SOCK_STREAM, type Socket } from '@stack/socket';
import { must, sameBytes } from '../target.ts';

/** Addresses on the wire, u32 and text. */
export const HERE = 0xc0a8_010a;
export const THERE = 0xc0a8_0114;
export const HERE_TEXT = '192.168.1.10';
export const THERE_TEXT = '192.168.1.20';
export const HERE_MAC = 0x02_00_00_00_00_0a;
export const THERE_MAC = 0x02_00_00_00_00_14;
/** And of the first host on its veth. */
export const VETH = 0x0a00_0001;
export const VETH_MAC = 0x02_00_00_00_00_01;
/** Echo (RFC 862), on both hosts. */
export const ECHO = 7;

/** Events of one run: more is a livelock. */
const MAX_EVENTS = 3_000_000;
/** Packet memory of each host, bytes. */
const MEMORY = 0x100_0000;
/** Truesize of the largest packet: what one more may exceed a buffer by. */
const LARGEST = 150_000;

/** How a network differs. */
export interface NetworkOptions extends Partial<Impairments> {
  seed?: number;
  sysctl?: Record<string, number | string>;
}

/** See the module. */
export class Network {
  readonly clock: VirtualClock = new VirtualClock({ maxEvents: MAX_EVENTS });
  readonly here: Host;
  readonly there: Host;
  /** The other end of `here`'s veth. */
  readonly peer: Veth;
  /** Where what comes from nowhere lives. */
  readonly pool: Pool = new Pool({ poison: true, chunkSize: 65_536 });
  readonly #nics: readonly [Nic, Nic];
  readonly #wire: Wire;
  readonly #programs: Promise<void>[] = [];
  readonly #failures: unknown[] = [];

  constructor({ seed = 1, sysctl = {}, ...impairments }: NetworkOptions = {}) {
    const { clock } = this;
    const host = (name: string): Host =>
      createHost({
        clock,
        name,
        seed,
        pool: new Pool({ poison: true, chunkSize: 65_536, limit: MEMORY }),
        sysctl,
      });
    this.here = host('here');
    this.there = host('there');
    this.#nics = [
      new Nic({ clock, pool: this.here.pool, address: HERE_MAC }),
      new Nic({ clock, pool: this.there.pool, address: THERE_MAC }),
    ];
    this.#wire = new Wire({ clock, a: this.#nics[0], b: this.#nics[1], seed, ...impairments });
    const [mine, peer] = vethPair({ addresses: [VETH_MAC, 0x02_00_00_00_00_02] });
    this.peer = peer;
    peer.receive = (skb) => skb.free();
    const drain = (): void => {
      while (peer.poll(64) === 64);
    };
    peer.interrupt = () => clock.at(clock.now(), drain, undefined);
    this.here.link.add(this.#nics[0], { up: true });
    this.here.link.add(mine, { up: true });
    this.there.link.add(this.#nics[1], { up: true });
    this.here.addr.add(`${HERE_TEXT}/24`, { dev: 'eth0' });
    this.here.addr.add('10.0.0.1/8', { dev: 'veth0' });
    this.there.addr.add(`${THERE_TEXT}/24`, { dev: 'eth0' });
  }

  /** A frame arrives at a host's card, from nowhere. Short ones are padded, as on a wire. */
  arrive(to: Host, bytes: Uint8Array): void {
    const padded = bytes.length < 60 ? new Uint8Array(60) : bytes;
    if (padded !== bytes) padded.set(bytes);
    const frame = Frame.of(this.pool, padded);
    if (frame !== undefined) this.#nics[to === this.here ? 0 : 1].arrive(frame);
  }

  /** A call or a program on a host that is not waited for here: it may end in a socket error, and in no other. */
  background(call: Promise<unknown>): void {
    this.#programs.push(
      call.then(
        () => undefined,
        (error: unknown) => {
          if (!isSocketError(error)) this.#failures.push(error);
        },
      ),
    );
  }

  /** An echo service on a host. */
  echo(on: Host): void {
    const listener = on.socket(AF_INET, SOCK_STREAM);
    listener.bind({ port: ECHO });
    listener.listen(16);
    const answer = async (connection: Socket): Promise<void> => {
      try {
        for await (const chunk of connection) await connection.sendall(chunk);
      } finally {
        if (!connection.closed) await connection.close();
      }
    };
    const serve = async (): Promise<void> => {
      for (;;) this.background(answer(await listener.accept()));
    };
    this.background(serve());
  }

  /** Whether limits that have a name hold, and nothing in the background failed. */
  check(): void {
    if (this.#failures.length > 0) throw this.#failures[0];
    for (const host of [this.here, this.there]) {
      const { sysctl, neighbours, ipv4 } = host;
      const most = sysctl.neigh('default').gc_thresh3;
      must(neighbours.entries <= most, `gc_thresh3: ${neighbours.entries} of ${most}`);
      const { memory } = ipv4.reassembly;
      must(memory <= sysctl.ipv4.ipfrag_high_thresh + LARGEST, `ipfrag_high_thresh: ${memory}`);
      must(host.pool.stats.bytes <= MEMORY, `pool: ${host.pool.stats.bytes}`);
      for (const { core, fd } of host.sockets) {
        const { rmemAlloc, rcvbuf } = core.proto.sk as unknown as { rmemAlloc: number; rcvbuf: number };
        must(rmemAlloc <= rcvbuf + LARGEST, `SO_RCVBUF of ${fd}: ${rmemAlloc} of ${rcvbuf}`);
      }
    }
  }

  /** Whether `there` gets its bytes back from `here`, over a fresh connection. It may take its time, but not for ever. */
  async checkEcho(): Promise<void> {
    const bytes = Uint8Array.from({ length: 3000 }, (_, i) => i * 5);
    for (let tries = 20; ; tries--) {
      const socket = this.there.socket(AF_INET, SOCK_STREAM);
      try {
        must(sameBytes(await this.clock.run(roundTrip(socket, bytes)), bytes), 'the echo is another');
        return;
      } catch (error) {
        if (!isSocketError(error)) throw error;
        must(tries > 0, `no echo: ${error.code}`);
        await this.clock.runFor(10_000_000);
      } finally {
        await this.clock.run(socket.close());
      }
    }
  }

  /** Ends everything: nothing may be left. */
  async end(): Promise<void> {
    const { here, there, clock } = this;
    for (const host of [here, there]) await clock.run(host.close());
    await clock.run(Promise.all(this.#programs));
    this.check();
    this.#wire.close();
    this.peer.close();
    await clock.run();
    for (const { name, timers, pool, tcp } of [here, there]) {
      must(timers.pending === 0, `${name}: ${timers.pending} timers are left`);
      must([...tcp.entries()].length === 0, `${name}: connections are left`);
      must(pool.stats.inUse === 0, `${name}: ${pool.stats.inUse} pages are left`);
      must(pool.stats.skbs === 0, `${name}: ${pool.stats.skbs} packets are left`);
    }
    must(this.pool.stats.inUse === 0 && this.pool.stats.skbs === 0, 'packets from nowhere are left');
    must(clock.pending === 0, `${clock.pending} events are left`);
  }

  /** Names of all counters that count something. */
  features(): string[] {
    const names: string[] = [];
    for (const host of [this.here, this.there]) {
      const { nstat, drops } = { nstat: host.nstat(), drops: host.drops };
      for (const [name, value] of Object.entries(nstat)) if (value > 0) names.push(name);
      for (const reason of Object.keys(drops)) names.push(`drop ${reason}`);
    }
    return names;
  }
}

async function roundTrip(socket: Socket, bytes: Uint8Array): Promise<Uint8Array> {
  await socket.connect({ address: HERE_TEXT, port: ECHO });
  await socket.sendall(bytes);
  socket.shutdown(SHUT_WR);
  const got: number[] = [];
  for await (const chunk of socket) got.push(...chunk);
  return Uint8Array.from(got);
}
