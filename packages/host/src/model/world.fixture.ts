/**
 * Two hosts on a bad wire, and what the model knows of them: who listens, which connections there are, which calls wait.
 * @module
 */
import { AF_INET, SOCK_STREAM, type Socket } from '@stack/socket';
import { type Lan, type LanOptions, lan } from '../fixture.ts';
import type { Host } from '../host.ts';
import { Stream, Violation } from './stream.fixture.ts';

/** Whose application. */
export type Side = 'a' | 'b';

/** What befalls frames, and what differs from Linux's defaults. */
export type Network = LanOptions;

/**
 * Nobody gives up: at 20 % loss a connection with Linux's own limits may end in ETIMEDOUT, honestly, and the model would have to allow
 * that always.
 */
const PATIENT = {
  'net.ipv4.tcp_syn_retries': 30,
  'net.ipv4.tcp_synack_retries': 30,
  'net.ipv4.tcp_retries2': 60,
  'net.ipv4.tcp_orphan_retries': 60,
  'net.ipv4.neigh.default.mcast_solicit': 30,
  'net.ipv4.neigh.default.ucast_solicit': 30,
};

/** Bytes that a receiver always has room for. */
const WINDOW = 1000;
/**
 * A closed window is probed for ever, but for a peer from whom nothing is heard for two times the longest RTO: of the few probes in that
 * time all may be lost. Half of that, for it is not looked at often; µs.
 */
const PROBED = 100_000_000;
/** How often that is looked at, µs. */
const WHILE = 50_000_000;
/** `net.ipv4.tcp_fin_timeout`, µs. */
const FIN_TIMEOUT = 60_000_000;

const ADDRESS = { a: '192.168.1.10', b: '192.168.1.100' };

/** One end of a connection. */
export class End {
  readonly side: Side;
  readonly socket: Socket;
  readonly connection: Connection;
  readonly out: Stream;
  readonly in: Stream;
  isConnected = false;
  isClosed = false;
  /** When it was closed, µs. */
  closedAt = 0;
  readShut = false;
  writeShut = false;
  /** `SO_LINGER` with a time of zero: close resets. */
  lingersNot = false;
  rcvlowat = 1;
  /** Calls that wait; the model makes one of each kind at a time. */
  receiving: { readonly target: number; readonly over: Promise<unknown> } | undefined = undefined;
  isSending = false;
  /** Somebody reads it to the end. */
  isDrained = false;

  constructor(side: Side, socket: Socket, connection: Connection, out: Stream, into: Stream) {
    this.side = side;
    this.socket = socket;
    this.connection = connection;
    this.out = out;
    this.in = into;
  }
}

/** A connection that somebody asked for. */
export class Connection {
  readonly client: End;
  server: End | undefined = undefined;
  /** The client's port. */
  readonly port: number;
  readonly listener: string;
  /** Whether it must come about: `undefined` = it may. */
  expected: boolean | undefined;
  /** A reset is possible: bytes may be lost, calls may say so. */
  isBroken = false;
  /** How long somebody has not read what fills a window, µs. */
  stalled = 0;
  readonly there: Stream;
  readonly back: Stream;

  constructor(index: number, side: Side, socket: Socket, port: number, listener: string, expected: boolean) {
    this.there = new Stream(`${index}>`, 2 * index);
    this.back = new Stream(`${index}<`, 2 * index + 1);
    this.client = new End(side, socket, this, this.there, this.back);
    this.port = port;
    this.listener = listener;
    this.expected = expected;
  }

  /** The server's application has it. */
  accepted(side: Side, socket: Socket): End {
    this.server = new End(side, socket, this, this.back, this.there);
    this.server.isConnected = true;
    return this.server;
  }

  /** The other end, where its application has it. */
  peer(end: End): End | undefined {
    return end === this.client ? this.server : this.client;
  }

  /**
   * Whether the other end was closed so long ago that nobody there remembers it (`tcp_fin_timeout`): the end's own FIN is then answered
   * with a reset, which loses no bytes, for none were on their way.
   */
  isForgotten(end: End, now: number): boolean {
    const peer = this.peer(end);
    return peer?.isClosed === true && now - peer.closedAt >= FIN_TIMEOUT;
  }

  /** Whether a receiver leaves so much unread that its window may be closed. */
  get isStalled(): boolean {
    const { there, back } = this;
    return there.offered - there.received > WINDOW || back.offered - back.received > WINDOW;
  }

  /** Notes whether an end that is closed, or deaf and mute, gets what it will answer with a reset. */
  judge(): void {
    for (const end of [this.client, this.server]) {
      if (end === undefined) continue;
      const isGone = end.isClosed || (end.readShut && end.writeShut);
      if (isGone && (end.lingersNot || end.in.offered > end.in.received)) this.isBroken = true;
    }
  }
}

/** A socket that listens. */
export interface ListenerState {
  readonly socket: Socket;
  /** A call of `accept` waits. */
  isAccepting: boolean;
}

/** Hosts and knowledge. */
export class World {
  readonly network: Lan;
  readonly connections: Connection[] = [];
  /** By {@link nameOf}. */
  readonly listeners: Map<string, ListenerState> = new Map();
  /** Everything that happened, a line each: frames as they are sent, results of calls. */
  readonly trace: string[] = [];
  /** What calls that waited found wrong. */
  readonly violations: Violation[] = [];
  readonly #pending: Set<Promise<void>> = new Set();
  readonly #isLossy: boolean;

  constructor(network: Network) {
    this.#isLossy = (network.loss ?? 0) !== 0 || (network.corrupt ?? 0) !== 0;
    this.network = lan({ ...network, sysctl: { ...PATIENT, ...network.sysctl } });
    const { wire } = this.network;
    wire.onFrame(({ time, direction, bytes }) => {
      this.trace.push(`${time} ${direction} ${bytes.length} ${hashOf(bytes)}`);
    });
  }

  /** µs. */
  get now(): number {
    return this.network.clock.now();
  }

  host(side: Side): Host {
    return this.network[side];
  }

  addressOf(side: Side): string {
    return ADDRESS[side];
  }

  /** Both ends of all connections, those that applications have. */
  ends(): End[] {
    return this.connections.flatMap(({ client, server }) =>
      server === undefined ? [client] : [client, server],
    );
  }

  /** A fresh stream socket. */
  socket(side: Side): Socket {
    return this.host(side).socket(AF_INET, SOCK_STREAM);
  }

  /** A call that is not waited for here. What it finds wrong is told by {@link check}. */
  background(what: string, call: () => Promise<void>): void {
    const running = call()
      .catch((error: unknown) => {
        this.violations.push(error instanceof Violation ? error : new Violation(`${what}: ${String(error)}`));
      })
      .finally(() => this.#pending.delete(running));
    this.#pending.add(running);
  }

  /** Calls that still wait. */
  get pending(): number {
    return this.#pending.size;
  }

  /** A line of the trace. */
  note(line: string): void {
    this.trace.push(`${this.now} ${line}`);
  }

  /** @throws Violation what a call found that nobody waited for. */
  check(): void {
    const [first] = this.violations;
    if (first !== undefined) throw first;
  }

  /** Lets time pass. */
  async pass(microseconds: number): Promise<void> {
    for (let left = microseconds; left > 0 || left === microseconds; left -= WHILE) {
      const time = Math.min(left, WHILE);
      await this.network.clock.runFor(time);
      for (const one of this.connections) {
        one.stalled = one.isStalled ? one.stalled + time : 0;
        if (one.stalled > PROBED && this.#isLossy) one.isBroken = true;
      }
      this.check();
    }
  }
}

/** A listener's name: `b:2`. */
export function nameOf(side: Side, port: number): string {
  return `${side}:${port}`;
}

function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x0100_0193);
  return hash >>> 0;
}
