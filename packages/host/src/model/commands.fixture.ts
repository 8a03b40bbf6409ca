/**
 * What two applications may do, as commands of fast-check: each says whether it makes sense now, does it, and prints itself.
 * @module
 */
import {
  MSG_DONTWAIT,
  MSG_MORE,
  MSG_PEEK,
  MSG_WAITALL,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_RCVBUF,
  SO_RCVLOWAT,
  SO_SNDBUF,
  SOL_SOCKET,
  SOL_TCP,
  TCP_CORK,
  TCP_NODELAY,
  TCP_QUICKACK,
} from '@stack/socket';
import fc from 'fast-check';
import { accept, close, connect, listen, recv, send, shutdown, unlisten } from './calls.fixture.ts';
import { type End, type Network, nameOf, type Side, type World } from './world.fixture.ts';

/** A command: the world is model and reality in one. */
export type Command = fc.AsyncCommand<World, World>;

/** A setting of a socket: {@link SETTINGS}. */
type Setting = readonly [keyof typeof SETTINGS, number];

const SETTINGS = {
  sndbuf: ({ socket }: End, value: number) => socket.setsockopt(SOL_SOCKET, SO_SNDBUF, value),
  // Not below what was offered before: see `a window that was taken back` in stalls.test.ts.
  rcvbuf: ({ socket }: End, value: number) => socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 65_536 + value),
  nodelay: ({ socket }: End, value: number) => socket.setsockopt(SOL_TCP, TCP_NODELAY, value & 1),
  cork: ({ socket }: End, value: number) => socket.setsockopt(SOL_TCP, TCP_CORK, value & 1),
  quickack: ({ socket }: End, value: number) => socket.setsockopt(SOL_TCP, TCP_QUICKACK, value & 1),
  keepalive: ({ socket }: End, value: number) => socket.setsockopt(SOL_SOCKET, SO_KEEPALIVE, value & 1),
  linger(end: End, value: number) {
    const seconds = value % 4;
    end.socket.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: value & 1, linger: seconds });
    end.lingersNot = (value & 1) === 1 && seconds === 0;
  },
  rcvlowat(end: End, value: number) {
    end.socket.setsockopt(SOL_SOCKET, SO_RCVLOWAT, value % 3000);
    end.rcvlowat = end.socket.getsockopt(SOL_SOCKET, SO_RCVLOWAT) as number;
  },
} as const;

/** Ends that an application may use. */
function usable(world: World): End[] {
  return world.ends().filter((end) => end.isConnected && !end.isClosed);
}

/** A command on one of the ends that are there. */
abstract class OnEnd implements Command {
  readonly #pick: number;

  constructor(pick: number) {
    this.#pick = pick;
  }

  check(world: Readonly<World>): boolean {
    const ends = usable(world as World);
    return ends.length > 0 && this.may(this.#end(ends));
  }

  async run(world: World): Promise<void> {
    await this.act(world, this.#end(usable(world)));
    await world.pass(0);
  }

  may(_end: End): boolean {
    return true;
  }

  /** What is not waited for gives nothing. */
  abstract act(world: World, end: End): Promise<unknown> | undefined;

  abstract describe(): string;

  toString(): string {
    return `${this.#pick}.${this.describe()}`;
  }

  #end(ends: readonly End[]): End {
    return ends[this.#pick % ends.length] as End;
  }
}

class Send extends OnEnd {
  readonly #length: number;
  readonly #flags: number;

  constructor(pick: number, length: number, flags: number) {
    super(pick);
    this.#length = length;
    this.#flags = flags;
  }

  override may(end: End): boolean {
    return !end.isSending || this.#isQuick;
  }

  act(world: World, end: End): Promise<unknown> | undefined {
    const call = () => send(world, end, this.#length, this.#flags);
    if (this.#isQuick) return call();
    world.background(`${end.out.name} send`, call);
    return undefined;
  }

  describe(): string {
    return `send(${this.#length}, ${this.#flags})`;
  }

  get #isQuick(): boolean {
    return (this.#flags & MSG_DONTWAIT) !== 0;
  }
}

class Recv extends OnEnd {
  readonly #length: number;
  readonly #flags: number;

  constructor(pick: number, length: number, flags: number) {
    super(pick);
    this.#length = length;
    this.#flags = flags;
  }

  override may(end: End): boolean {
    return end.receiving === undefined || this.#isQuick;
  }

  act(world: World, end: End): Promise<unknown> | undefined {
    const call = async () => {
      await recv(world, end, this.#length, this.#flags);
    };
    if (this.#isQuick) return call();
    world.background(`${end.in.name} recv`, call);
    return undefined;
  }

  describe(): string {
    return `recv(${this.#length}, ${this.#flags})`;
  }

  get #isQuick(): boolean {
    return (this.#flags & MSG_DONTWAIT) !== 0;
  }
}

class Shutdown extends OnEnd {
  readonly #how: number;

  constructor(pick: number, how: number) {
    super(pick);
    this.#how = how;
  }

  act(world: World, end: End): undefined {
    shutdown(world, end, this.#how);
  }

  describe(): string {
    return `shutdown(${this.#how})`;
  }
}

class Close extends OnEnd {
  act(world: World, end: End): undefined {
    world.background(`${end.out.name} close`, () => close(world, end));
  }

  describe(): string {
    return 'close()';
  }
}

class SetOption extends OnEnd {
  readonly #setting: Setting;

  constructor(pick: number, setting: Setting) {
    super(pick);
    this.#setting = setting;
  }

  act(_world: World, end: End): undefined {
    const [name, value] = this.#setting;
    SETTINGS[name](end, value);
  }

  describe(): string {
    return `set(${this.#setting.join(', ')})`;
  }
}

/** A command on a port of one of the hosts. */
abstract class OnPort implements Command {
  readonly side: Side;
  readonly port: number;

  constructor(side: Side, port: number) {
    this.side = side;
    this.port = port;
  }

  abstract check(world: Readonly<World>): boolean;

  /** See {@link OnEnd.act}. */
  abstract act(world: World): Promise<unknown> | undefined;

  async run(world: World): Promise<void> {
    await this.act(world);
    await world.pass(0);
  }

  get name(): string {
    return nameOf(this.side, this.port);
  }

  abstract toString(): string;
}

class Listen extends OnPort {
  check(world: Readonly<World>): boolean {
    return !world.listeners.has(this.name);
  }

  act(world: World): undefined {
    listen(world, this.side, this.port);
  }

  toString(): string {
    return `listen(${this.name})`;
  }
}

class Unlisten extends OnPort {
  check(world: Readonly<World>): boolean {
    return world.listeners.has(this.name);
  }

  act(world: World): Promise<void> {
    return unlisten(world, this.name);
  }

  toString(): string {
    return `unlisten(${this.name})`;
  }
}

class Accept extends OnPort {
  readonly #waits: boolean;

  constructor(side: Side, port: number, waits: boolean) {
    super(side, port);
    this.#waits = waits;
  }

  check(world: Readonly<World>): boolean {
    const listener = world.listeners.get(this.name);
    return listener !== undefined && !(this.#waits && listener.isAccepting);
  }

  act(world: World): Promise<unknown> | undefined {
    const call = async () => {
      await accept(world, this.side, this.port, this.#waits);
    };
    if (!this.#waits) return call();
    world.background(`accept(${this.name})`, call);
    return undefined;
  }

  toString(): string {
    return `accept(${this.name}${this.#waits ? '' : ', nonblocking'})`;
  }
}

/** To a port of the other side. */
class Connect extends OnPort {
  readonly #settings: readonly Setting[];

  constructor(side: Side, port: number, settings: readonly Setting[]) {
    super(side, port);
    this.#settings = settings;
  }

  check(world: Readonly<World>): boolean {
    return world.connections.length < 8;
  }

  act(world: World): undefined {
    world.background(`connect(${this.port})`, () =>
      connect(world, this.side, this.port, (end) => {
        for (const [name, value] of this.#settings) SETTINGS[name](end, value);
      }),
    );
  }

  toString(): string {
    return `${this.side}.connect(${this.port}, [${this.#settings.map((one) => one.join(' ')).join(', ')}])`;
  }
}

class Pass implements Command {
  readonly #time: number;

  constructor(time: number) {
    this.#time = time;
  }

  check(): boolean {
    return true;
  }

  run(world: World): Promise<void> {
    return world.pass(this.#time);
  }

  toString(): string {
    return `pass(${this.#time})`;
  }
}

const pick = fc.nat(15);
const side = fc.constantFrom<Side>('a', 'b');
const port = fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, fc.constant(2));
const length = fc.oneof(fc.nat(10), fc.nat(3000), fc.nat(200_000));

function setting(): fc.Arbitrary<Setting> {
  const names = Object.keys(SETTINGS) as (keyof typeof SETTINGS)[];
  return fc.tuple(fc.constantFrom(...names), fc.oneof(fc.nat(7), fc.nat(100_000)));
}

/** Any of these flags. */
function anyOf(...flags: readonly number[]): fc.Arbitrary<number> {
  return fc.subarray([...flags]).map((chosen) => chosen.reduce((all, flag) => all | flag, 0));
}

/** All commands; those that move bytes come more often. */
export function commands(): fc.Arbitrary<Command>[] {
  const sends = fc
    .tuple(pick, length, anyOf(MSG_MORE, MSG_DONTWAIT))
    .map(([at, bytes, flags]) => new Send(at, bytes, flags));
  // To look at more than fits into the buffer would wait for ever, in Linux too.
  const receives = fc
    .tuple(pick, length, fc.oneof(anyOf(MSG_WAITALL, MSG_DONTWAIT), anyOf(MSG_PEEK, MSG_DONTWAIT)))
    .map(([at, bytes, flags]) => new Recv(at, bytes, flags));
  const passes = fc
    .oneof(fc.nat(100), fc.nat(50_000), fc.nat(3_000_000), fc.nat(100_000_000))
    .map((time) => new Pass(time));
  const connects = fc
    .tuple(side, port, fc.array(setting(), { maxLength: 2 }))
    .map(([from, to, settings]) => new Connect(from, to, settings));
  const listens = fc.tuple(side, port).map(([at, number]) => new Listen(at, number));
  const accepts = fc
    .tuple(side, port, fc.boolean())
    .map(([at, number, waits]) => new Accept(at, number, waits));
  return [
    listens,
    connects,
    connects,
    accepts,
    accepts,
    ...[sends, sends, sends, sends, sends, sends],
    ...[receives, receives, receives, receives, receives, receives],
    ...[passes, passes, passes, passes],
    fc.tuple(pick, setting()).map(([at, one]) => new SetOption(at, one)),
    fc.tuple(pick, setting()).map(([at, one]) => new SetOption(at, one)),
    fc
      .tuple(pick, fc.constantFrom(SHUT_RD, SHUT_WR, SHUT_WR, SHUT_RDWR))
      .map(([at, how]) => new Shutdown(at, how)),
    pick.map((at) => new Close(at)),
    fc.tuple(side, port).map(([at, number]) => new Unlisten(at, number)),
  ];
}

/** How every run begins: both hosts listen, and `a` is connected to `b`. */
export function beginning(): Command[] {
  return [
    new Listen('a', 1),
    new Listen('b', 1),
    new Accept('b', 1, true),
    new Connect('a', 1, []),
    new Pass(10_000_000),
  ];
}

/** Networks from good to bad, and hosts with small buffers or without TCP's options. */
export function network(): fc.Arbitrary<Network> {
  return fc.record(
    {
      seed: fc.nat(0xffff),
      loss: fc.constantFrom(0, 0.05, 0.2),
      reorder: fc.constantFrom(0, 0.25),
      duplicate: fc.constantFrom(0, 0.05),
      corrupt: fc.constantFrom(0, 0.01),
      delay: fc.constantFrom(0, 1000, 40_000),
      rate: fc.constantFrom(1_000_000_000, 1_000_000),
      sysctl: fc.constantFrom(
        {},
        {},
        { 'net.ipv4.tcp_timestamps': 0 },
        { 'net.ipv4.tcp_window_scaling': 0 },
        { 'net.ipv4.tcp_wmem': '4096 8192 16384', 'net.ipv4.tcp_rmem': '4096 8192 16384' },
      ),
    },
    { noNullPrototype: true },
  );
}
