/**
 * System calls in any order with any arguments, legal or not: a call gives a value, a `SocketError`, or says by a `RangeError` or
 * `TypeError` that it was called wrongly. Nothing else, ever; and when the sockets are closed, every call is over.
 * @module
 */
import { AF_INET, isSocketError, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_STREAM, type Socket } from '@stack/socket';
import { ACCEPTED, must, type Outcome, type Target } from '../target.ts';
import {
  addressOf,
  dataOf,
  eventsOf,
  flagsOf,
  lengthOf,
  optionOf,
  optionValueOf,
  requestOf,
  socketOf,
} from './arguments.ts';
import { Network } from './network.ts';
import { Program, programs } from './program.ts';

/** See the module. */
export const hostSyscalls: Target = {
  name: 'host-syscalls',
  share: 0.02,
  limit: 5000,
  seeds: (seed) => programs(seed),
  trial,
};

/** Most sockets of one run. */
const MOST = 12;
/** Time for calls to come to an end of their own, µs. */
const PATIENCE = 300_000_000;

/** What can be called on a socket. A name that stands twice is called more often. */
const CALLS: readonly [name: string, call: (socket: Socket, program: Program) => unknown][] = [
  ['bind', (socket, program) => socket.bind(addressOf(program))],
  ['listen', (socket, program) => socket.listen(program.pick([1, 0, 5, -1, 0.5, 4096]))],
  ['accept', (socket, program) => socket.accept(program.pick([0, 0, SOCK_NONBLOCK, 1]))],
  ['connect', (socket, program) => socket.connect(addressOf(program))],
  ['connect', (socket, program) => socket.connect(addressOf(program))],
  ['send', (socket, program) => socket.send(dataOf(program), flagsOf(program))],
  ['send', (socket, program) => socket.send(dataOf(program), flagsOf(program))],
  ['sendto', (socket, program) => socket.sendto(dataOf(program), addressOf(program), flagsOf(program))],
  ['sendmsg', sendmsg],
  ['recv', (socket, program) => socket.recv(lengthOf(program), flagsOf(program))],
  ['recv', (socket, program) => socket.recv(lengthOf(program), flagsOf(program))],
  ['recvfrom', (socket, program) => socket.recvfrom(lengthOf(program), flagsOf(program))],
  ['recvmsg', (socket, program) => socket.recvmsg({ length: lengthOf(program), flags: flagsOf(program) })],
  ['shutdown', (socket, program) => socket.shutdown(program.pick([0, 1, 2, 3, -1]))],
  ['close', (socket) => socket.close()],
  ['setsockopt', setsockopt],
  ['setsockopt', setsockopt],
  ['getsockopt', (socket, program) => socket.getsockopt(...optionOf(program))],
  ['ioctl', (socket, program) => socket.ioctl(requestOf(program))],
  ['poll', (socket, program) => socket.poll(eventsOf(program), program.pick([0, 1, 100, -1]))],
  ['getsockname', (socket) => socket.getsockname()],
  ['getpeername', (socket) => socket.getpeername()],
  ['O_NONBLOCK', nonblocking],
];

function sendmsg(socket: Socket, program: Program): Promise<number> {
  const [level, type] = optionOf(program);
  const control = [{ level, type, value: optionValueOf(program) }] as never;
  const data = program.u8() < 128 ? dataOf(program) : [dataOf(program), dataOf(program)];
  const flags = flagsOf(program);
  const whole = program.u8() < 128 ? { data, flags, control } : { data, flags };
  return socket.sendmsg(program.u8() < 128 ? whole : { ...whole, address: addressOf(program) });
}

function setsockopt(socket: Socket, program: Program): void {
  socket.setsockopt(...optionOf(program), optionValueOf(program) as never);
}

function nonblocking(socket: Socket, program: Program): void {
  socket.nonblocking = program.u8() % 2 === 0;
}

async function trial(bytes: Uint8Array): Promise<Outcome> {
  const network = new Network();
  network.echo(network.there);
  const run = new Run(network, new Program(bytes));
  while (!run.program.isOver) {
    await run.step();
    network.check();
  }
  await network.clock.runFor(PATIENCE);
  await run.end();
  await network.end();
  return { outcome: ACCEPTED, features: [...run.features, ...network.features()] };
}

/** A process that does as the program says. */
class Run {
  readonly program: Program;
  /** Calls by name, with what they came to. */
  readonly features: Set<string> = new Set();
  readonly #network: Network;
  readonly #sockets: Socket[] = [];
  #waiting = 0;

  constructor(network: Network, program: Program) {
    this.#network = network;
    this.program = program;
    // Something to connect to, and somebody who does.
    const listener = network.here.socket(AF_INET, SOCK_STREAM);
    listener.bind({ port: 80 });
    listener.listen(3);
    const datagrams = network.here.socket(AF_INET, SOCK_DGRAM);
    datagrams.bind({ port: 80 });
    const client = network.here.socket(AF_INET, SOCK_STREAM);
    this.#sockets.push(listener, datagrams, client);
    this.#call('connect', () => client.connect({ address: '127.0.0.1', port: 80 }));
  }

  /** A call, or a while without. */
  async step(): Promise<void> {
    const { program } = this;
    const { clock, here } = this.#network;
    if (program.u8() % 6 === 0) {
      await clock.runFor(program.u8() < 200 ? program.u8() : program.u16() * 1000);
      return;
    }
    if (this.#sockets.length === 0 || program.u8() < 20)
      this.#call('socket', () => here.socket(...socketOf(program)));
    else {
      const socket = program.pick(this.#sockets);
      const [name, call] = program.pick(CALLS);
      this.#call(name, () => call(socket, program));
    }
    await clock.runFor(0);
  }

  /** Closes what is open. All calls are over then. */
  async end(): Promise<void> {
    for (const socket of this.#sockets) if (!socket.closed) this.#call('close', () => socket.close());
    await this.#network.clock.runFor(PATIENCE);
    must(this.#waiting === 0, `${this.#waiting} calls wait, and their sockets are closed`);
  }

  #call(name: string, call: () => unknown): void {
    try {
      const result = call();
      if (result instanceof Promise) this.#later(name, result);
      else this.#gave(name, result);
    } catch (error) {
      this.#judge(name, error);
    }
  }

  #later(name: string, call: Promise<unknown>): void {
    this.#waiting++;
    const over = call.then(
      (result) => this.#gave(name, result),
      (error: unknown) => this.#judge(name, error),
    );
    const counted = over.finally(() => {
      this.#waiting--;
    });
    this.#network.background(counted);
  }

  #gave(name: string, result: unknown): void {
    this.features.add(`${name} 0`);
    if (name !== 'socket' && name !== 'accept') return;
    const socket = result as Socket;
    if (this.#sockets.length < MOST) this.#sockets.push(socket);
    else this.#network.background(socket.close());
  }

  /** @throws what no call may end with. */
  #judge(name: string, error: unknown): void {
    if (isSocketError(error)) {
      must(/^E[A-Z0-9]+$/.test(error.code), `${name}: code ${error.code}`);
      this.features.add(`${name} ${error.code}`);
    } else if (error instanceof RangeError || error instanceof TypeError) {
      this.features.add(`${name} ${error.name}`);
    } else throw error;
  }
}
