/**
 * The same programs on Node's `net`, over the loopback device of the kernel: in one process, or the server in another.
 * @module
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { CHUNK, checkCount, ownCpu, type Peers } from './peers.ts';

/** Ports of the servers, one for each task. */
interface Ports {
  sink: number;
  echo: number;
}

/** What the process of a server tells: first its ports, then, when asked, its CPU time, µs. */
type Message = { ports: Ports } | { cpu: number };

/** Both in this process. */
export async function nodePeersHere(): Promise<Peers> {
  const servers = await listen();
  return new NodePeers(
    portsOf(servers),
    () => Promise.resolve(0),
    async () => {
      for (const server of Object.values(servers)) server.close();
    },
  );
}

/** The server in a process of its own, which `program` becomes when its first argument is `net-server`. */
export async function nodePeersApart(program: string): Promise<Peers> {
  const child = fork(program, ['net-server'], { execArgv: ['--no-warnings'] });
  const ports = (await next(child)) as { ports: Ports };
  const cpu = async (): Promise<number> => {
    child.send('cpu');
    return ((await next(child)) as { cpu: number }).cpu;
  };
  return new NodePeers(ports.ports, cpu, async () => {
    const exit = once(child, 'exit');
    child.disconnect();
    await exit;
  });
}

/** The life of the process that {@link nodePeersApart} starts. */
export async function serveApart(): Promise<void> {
  const servers = await listen();
  const tell = (message: Message): void => void process.send?.(message);
  process.on('message', () => tell({ cpu: ownCpu() }));
  process.on('disconnect', () => {
    for (const server of Object.values(servers)) server.close();
  });
  tell({ ports: portsOf(servers) });
}

class NodePeers implements Peers {
  readonly #ports: Ports;
  readonly #otherCpu: () => Promise<number>;
  readonly close: () => Promise<void>;
  readonly #chunk: Uint8Array = new Uint8Array(CHUNK).fill(7);

  constructor(ports: Ports, otherCpu: () => Promise<number>, close: () => Promise<void>) {
    this.#ports = ports;
    this.#otherCpu = otherCpu;
    this.close = close;
  }

  async bulk(bytes: number): Promise<void> {
    const socket = await this.#connect(this.#ports.sink);
    const answer = all(socket);
    let sent = 0;
    for (; sent < bytes; sent += CHUNK) {
      if (!socket.write(this.#chunk)) await once(socket, 'drain');
    }
    socket.end();
    checkCount(Number(await answer), sent);
  }

  async requests(count: number): Promise<void> {
    const socket = await this.#connect(this.#ports.echo);
    const byte = new Uint8Array(1);
    await new Promise<void>((resolve) => {
      let left = count;
      socket.on('data', () => {
        left--;
        if (left === 0) resolve();
        else socket.write(byte);
      });
      socket.write(byte);
    });
    socket.end();
    await once(socket, 'close');
  }

  async connects(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const socket = await this.#connect(this.#ports.echo);
      socket.end();
      socket.resume();
      await once(socket, 'close');
    }
  }

  async cpu(): Promise<number> {
    return ownCpu() + (await this.#otherCpu());
  }

  async #connect(port: number): Promise<Socket> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return socket;
  }
}

/** One server counts what it gets and answers the number at the end; the other one gives back what it gets. */
async function listen(): Promise<Record<keyof Ports, Server>> {
  const sink = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    let count = 0;
    socket.on('data', (chunk) => {
      count += chunk.length;
    });
    socket.on('end', () => socket.end(String(count)));
  });
  const echo = createServer({ noDelay: true }, (socket) => {
    socket.on('data', (chunk) => socket.write(chunk));
  });
  for (const server of [sink, echo]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  return { sink, echo };
}

function portsOf(servers: Record<keyof Ports, Server>): Ports {
  const port = (server: Server): number => (server.address() as AddressInfo).port;
  return { sink: port(servers.sink), echo: port(servers.echo) };
}

async function next(child: ChildProcess): Promise<Message> {
  const [message] = (await once(child, 'message')) as [Message];
  return message;
}

/** All that a socket receives, as text. */
async function all(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}
