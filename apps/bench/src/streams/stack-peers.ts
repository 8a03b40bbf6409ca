/**
 * Programs on hosts of this stack, on real time.
 * @module
 */
import { RealClock } from '@stack/host';
import { AF_INET, SHUT_WR, SOCK_STREAM, type Socket } from '@stack/socket';
import { makeNetwork, type Network, type NetworkName } from './networks.ts';
import { CHUNK, checkCount, ownCpu, type Peers } from './peers.ts';

/** Client and server on the network of that name. */
export function stackPeers(name: NetworkName): Peers {
  return new StackPeers(name);
}

class StackPeers implements Peers {
  readonly #clock: RealClock = new RealClock();
  readonly #network: Network;
  readonly #listener: Socket;
  readonly #chunk: Uint8Array = new Uint8Array(CHUNK).fill(7);
  readonly #into: Uint8Array = new Uint8Array(CHUNK);

  constructor(name: NetworkName) {
    this.#network = makeNetwork(name, this.#clock);
    this.#listener = this.#network.server.socket(AF_INET, SOCK_STREAM);
    this.#listener.bind({ port: 0 });
    this.#listener.listen();
  }

  async bulk(bytes: number): Promise<void> {
    const [client, server] = await this.#connect();
    const receiving = drain(server, this.#into);
    let sent = 0;
    for (; sent < bytes; sent += CHUNK) await client.sendall(this.#chunk);
    client.shutdown(SHUT_WR);
    checkCount(await receiving, sent);
    await end(client, server);
  }

  async requests(count: number): Promise<void> {
    const [client, server] = await this.#connect();
    const echoing = echo(server);
    const byte = new Uint8Array(1);
    for (let i = 0; i < count; i++) {
      await client.send(byte);
      await client.recvInto(byte);
    }
    client.shutdown(SHUT_WR);
    await echoing;
    await end(client, server);
  }

  async connects(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const [client, server] = await this.#connect();
      client.shutdown(SHUT_WR);
      await drain(server, this.#into);
      await end(client, server);
    }
  }

  cpu(): Promise<number> {
    return Promise.resolve(ownCpu());
  }

  async close(): Promise<void> {
    const { client, server } = this.#network;
    await server.close();
    await client.close();
    await this.#clock.sleep(0); // what closing made due
    const left = [client, server].flatMap(({ name, pool: { stats }, timers, tcp }) => [
      ...(stats.skbs > 0 ? [`${name}: ${stats.skbs} packets`] : []),
      ...(stats.inUse > 0 ? [`${name}: ${stats.inUse} pages`] : []),
      ...(timers.pending > 0 ? [`${name}: ${timers.pending} timers`] : []),
      ...(tcp.socketsAllocated > 0 ? [`${name}: ${tcp.socketsAllocated} sockets`] : []),
    ]);
    if (this.#clock.pending > 0) left.push(`${this.#clock.pending} events`);
    this.#clock.close();
    if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`);
  }

  async #connect(): Promise<[client: Socket, server: Socket]> {
    const client = this.#network.client.socket(AF_INET, SOCK_STREAM);
    const accepting = this.#listener.accept();
    const { port } = this.#listener.getsockname() as { port: number };
    await client.connect({ address: this.#network.address, port });
    return [client, await accepting];
  }
}

/** Receives to the end; how many bytes. */
async function drain(socket: Socket, into: Uint8Array): Promise<number> {
  let count = 0;
  for (;;) {
    const n = await socket.recvInto(into);
    if (n === 0) return count;
    count += n;
  }
}

async function echo(socket: Socket): Promise<void> {
  const byte = new Uint8Array(1);
  while ((await socket.recvInto(byte)) === 1) await socket.send(byte);
}

/** The server closes, the client sees it and does. */
async function end(client: Socket, server: Socket): Promise<void> {
  await server.close();
  await client.recv(1);
  await client.close();
}
