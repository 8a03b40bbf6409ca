/**
 * What two applications may do, as commands of fast-check: each says whether it makes sense now, does it, and prints itself.
 * @module
 */
import {
  MSG_DONTWAIT,
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
import type fc from 'fast-check';
import { accept, close, connect, listen, recv, send, shutdown, unlisten } from './calls.fixture.ts';
import { type End, nameOf, type Side, type World } from './world.fixture.ts';

/** A command: the world is model and reality in one. */
export type Command = fc.AsyncCommand<World, World>;

/** A setting of a socket: {@link SETTINGS}. */
export type Setting = readonly [keyof typeof SETTINGS, number];

/** Settings by name, each with a number. */
export const SETTINGS = {
  sndbuf: ({ socket }: End, value: number): void => socket.setsockopt(SOL_SOCKET, SO_SNDBUF, value),
  // Not below what was offered before: see `a window that was taken back` in stalls.test.ts.
  rcvbuf: ({ socket }: End, value: number): void => socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 65_536 + value),
  nodelay: ({ socket }: End, value: number): void => socket.setsockopt(SOL_TCP, TCP_NODELAY, value & 1),
  cork: ({ socket }: End, value: number): void => socket.setsockopt(SOL_TCP, TCP_CORK, value & 1),
  quickack: ({ socket }: End, value: number): void => socket.setsockopt(SOL_TCP, TCP_QUICKACK, value & 1),
  keepalive: ({ socket }: End, value: number): void => socket.setsockopt(SOL_SOCKET, SO_KEEPALIVE, value & 1),
  linger(end: End, value: number): void {
    const seconds = value % 4;
    end.socket.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: value & 1, linger: seconds });
    end.lingersNot = (value & 1) === 1 && seconds === 0;
  },
  rcvlowat(end: End, value: number): void {
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

/** `send`; it waits unless MSG_DONTWAIT says otherwise. */
export class Send extends OnEnd {
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

/** `recv`. */
export class Recv extends OnEnd {
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

/** `shutdown`. */
export class Shutdown extends OnEnd {
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

/** `close`. */
export class Close extends OnEnd {
  act(world: World, end: End): undefined {
    world.background(`${end.out.name} close`, () => close(world, end));
  }

  describe(): string {
    return 'close()';
  }
}

/** `setsockopt`. */
export class SetOption extends OnEnd {
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

/** `socket`, `bind`, `listen`. */
export class Listen extends OnPort {
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

/** `close` of a socket that listens. */
export class Unlisten extends OnPort {
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

/** `accept`. */
export class Accept extends OnPort {
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

/** `socket` and `connect`, to a port of the other side. */
export class Connect extends OnPort {
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

/** Nothing, for some time. */
export class Pass implements Command {
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
