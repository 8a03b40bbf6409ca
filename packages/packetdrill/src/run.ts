/**
 * Runs a script: a host of its own, on a clock of its own, and each line at its time.
 * @module
 */
import { createHost, type Host, isNetlinkError, VirtualClock } from '@stack/host';
import { parseAddress } from '@stack/ipv4';
import { Pool } from '@stack/skbuff';
import { SOL_TCP, TCP_INFO } from '@stack/socket';
import { ACK, SYN, TCPOPT_TIMESTAMP } from '@stack/tcp';
import { makeCall } from './calls/calls.ts';
import { CallFault } from './calls/fault.ts';
import { Process, type World } from './calls/process.ts';
import { CodeError, evaluate, type Value } from './code/evaluate.ts';
import { type Config, configure, type IpVersion } from './config.ts';
import { own } from './own.ts';
import { buildIcmp, buildTcp, buildUdp, type Ends } from './packet/build.ts';
import { compare, isPart } from './packet/compare.ts';
import { Connection, TimestampError } from './packet/connection.ts';
import { formatLive, formatPacket, formatTime } from './packet/format.ts';
import { type Live, readLive } from './packet/live.ts';
import { Tun } from './packet/tun.ts';
import type { Failure, FailureKind, Result } from './result.ts';
import { placeOf } from './script/cursor.ts';
import { parse } from './script/parse.ts';
import type {
  CallEvent,
  CodeEvent,
  Command,
  CommandEvent,
  Event,
  EventTime,
  Packet,
  PacketEvent,
  Script,
} from './script/script.ts';
import { isScriptError } from './script-error.ts';
import { Machine } from './shell/machine.ts';
import { runCommands } from './shell/shell.ts';
import { CODE_NAMES } from './symbols.ts';

/** How a script is run. */
export interface RunOptions {
  /** For messages, and what {@link include} is told paths relative to. Default `script`. */
  file?: string;
  /** Default `'4'`. */
  ipVersion?: IpVersion;
  /** Words that stand for others in packets and calls. Those that run_all.py of packetdrill defines for IPv4 are there from the start. */
  define?: Readonly<Record<string, string>>;
  /** The text of a script that a set-up command runs, by its path as written; `undefined` = there is none. */
  include?: (path: string) => string | undefined;
  /** µs that an event may be early or late: 0 = exact. Default: what the script says, else 4000 or an eighth of the time since the event before. */
  tolerance?: number;
  /** Also refuse packets that no line asks for at the end, and timestamps echoed wrongly. Default false, as packetdrill has it. */
  exhaustive?: boolean;
  /** Told what happens, a line each: as `-v` prints it. */
  trace?: (line: string) => void;
  /** All that is random. Default 1. */
  seed?: number;
}

/** What run_all.py defines for IPv4. The cookie belongs to the key of defaults.sh and the addresses. */
const DEFINED: Readonly<Record<IpVersion, Readonly<Record<string, string>>>> = {
  4: {
    TFO_COOKIE: '3021b9d889017eeb',
    CODE: 'host_unreachable',
    CMSG_LEVEL_IP: 'SOL_IP',
    CMSG_TYPE_RECVERR: 'IP_RECVERR',
  },
  6: { TFO_COOKIE: 'c1d1e9742a47a9bc', CMSG_LEVEL_IP: 'SOL_IPV6', CMSG_TYPE_RECVERR: 'IPV6_RECVERR' },
  '4in6': {
    TFO_COOKIE: '3021b9d889017eeb',
    CODE: 'host_unreachable',
    CMSG_LEVEL_IP: 'SOL_IPV6',
    CMSG_TYPE_RECVERR: 'IPV6_RECVERR',
  },
};

/** The clock's time when a script is set up, µs: a host that has been up for a while. */
const BOOT = 60_000_000;
/** µs that a line with the time `*` is waited for. */
const PATIENCE = 300_000_000;
/** First port of peers that connect. */
const FIRST_PORT = 50_000;

/** Runs a script to its end, or to the first line that does not hold. It never rejects because of the script. */
export async function run(text: string, options: RunOptions = {}): Promise<Result> {
  const { file = 'script', ipVersion } = options;
  let script: Script;
  let config: Config;
  try {
    script = parse(text, { file, define: { ...DEFINED[ipVersion ?? '4'], ...options.define } });
    config = configure(script, {
      ...(ipVersion !== undefined && { ipVersion }),
      ...(options.tolerance !== undefined && { tolerance: options.tolerance, tolerancePercent: 0 }),
    });
  } catch (error) {
    if (!isScriptError(error)) throw error;
    const { line, column, reason } = error;
    return { file, ok: false, time: 0, output: [], failure: { kind: 'syntax', line, column, reason } };
  }
  return new Run(script, config, options).run();
}

/** A line that does not hold. */
class Refusal extends Error {
  readonly kind: FailureKind;
  readonly position: number;
  readonly expected: string | undefined;
  readonly actual: string | undefined;

  constructor(kind: FailureKind, position: number, reason: string, expected?: string, actual?: string) {
    super(reason);
    this.kind = kind;
    this.position = position;
    this.expected = expected;
    this.actual = actual;
  }
}

/** A call on its way. */
interface Pending {
  event: CallEvent;
  /** When it was made, µs of the script. */
  began: number;
  /** When it has to return, µs of the script. */
  returns: number;
  /** When it did; `undefined` = not yet. */
  ended: number | undefined;
  error: unknown;
  /** Called when it ends. */
  wake: (() => void) | undefined;
}

/** When an event may happen, µs of the script. */
interface Window {
  from: number;
  to: number;
  tolerance: number;
}

class Run {
  readonly #script: Script;
  readonly #config: Config;
  readonly #options: RunOptions;
  readonly #clock: VirtualClock = new VirtualClock({ start: BOOT });
  readonly #host: Host;
  readonly #tun: Tun;
  readonly #machine: Machine;
  readonly #world: World;
  readonly #ends: Ends;
  readonly #variables: Map<string, Value> = new Map();
  readonly #output: string[] = [];
  #start = BOOT;
  /** Where relative times count from, µs of the script. */
  #last = 0;
  #pending: Pending | undefined;
  #nextPort = FIRST_PORT;
  /** Wakes whoever waits for a packet. */
  #sent: (() => void) | undefined;

  constructor(script: Script, config: Config, options: RunOptions) {
    this.#script = script;
    this.#config = config;
    this.#options = options;
    const clock = this.#clock;
    const pool = new Pool({ limit: POOL_LIMIT });
    this.#host = createHost({ clock, pool, seed: options.seed ?? 1, name: 'packetdrill' });
    this.#tun = new Tun({
      pool,
      mtu: config.mtu,
      now: () => clock.now(),
      sent: () => this.#sent?.(),
    });
    const process = new Process();
    this.#world = { host: this.#host, clock, config, process, underTest: undefined, connections: [] };
    this.#ends = { local: 0, remote: 0 };
    this.#machine = new Machine({
      host: this.#host,
      clock,
      tun: this.#tun,
      process,
      include: (path) => options.include?.(path),
    });
  }

  async run(): Promise<Result> {
    let failure: Failure | undefined;
    try {
      this.#plug();
      for (const command of this.#script.setup) await this.#commands(command);
      this.#start = this.#clock.now();
      for (const event of this.#script.events) await this.#event(event);
      await this.#finish();
      for (const command of this.#script.cleanup) await this.#commands(command);
    } catch (error) {
      failure = this.#failureOf(error);
    }
    const time = this.#now();
    this.#tun.queue.length = 0;
    await this.#clock.run(this.#host.close()).catch(() => undefined);
    const { file } = this.#script;
    return { file, ok: failure === undefined, time, output: this.#output, failure };
  }

  /** Puts the host on its network. */
  #plug(): void {
    const { ipVersion, localIp, remoteIp, gatewayIp, prefixLength } = this.#config;
    if (ipVersion !== '4' || localIp.includes(':') || remoteIp.includes(':')) {
      throw new Refusal('unsupported', 0, 'the host speaks IPv4 alone, through IPv4 sockets');
    }
    this.#ends.local = parseAddress(localIp);
    this.#ends.remote = parseAddress(remoteIp);
    const host = this.#host;
    host.link.add(this.#tun, { up: true });
    try {
      host.addr.add(`${localIp}/${prefixLength}`, { dev: 'tun0' });
      const via = gatewayIp === localIp ? {} : { via: gatewayIp };
      host.route.add(`${remoteIp}/32`, { ...via, dev: 'tun0' });
    } catch (error) {
      if (!isNetlinkError(error)) throw error;
      throw new Refusal('setup', 0, `the network cannot be set up: ${error.message}`);
    }
  }

  /** Microseconds of the script. */
  #now(): number {
    return this.#clock.now() - this.#start;
  }

  async #event(event: Event): Promise<void> {
    this.#settled();
    if (event.kind === 'packet' && event.packet.direction === 'out') {
      await this.#expectPacket(event);
      return;
    }
    const { time } = event;
    let at = time.kind === 'any' ? this.#now() : time.time;
    if (time.kind.startsWith('relative')) at += this.#last;
    if (event.kind === 'call') await this.#awaitPending();
    await this.#until(at, event.position);
    const previous = this.#last;
    this.#last = time.kind === 'any' ? this.#now() : at;
    this.#checkTime(event, this.#windowOf(time, previous), this.#now(), 'it');
    switch (event.kind) {
      case 'packet':
        this.#inject(event.packet, event.position);
        break;
      case 'call':
        await this.#call(event, previous);
        break;
      case 'command':
        await this.#commands(event);
        this.#last = this.#now(); // those that take time move what follows
        break;
      case 'code':
        this.#code(event);
        break;
    }
    await this.#settle();
  }

  #windowOf(time: EventTime, base: number): Window {
    if (time.kind === 'any') return { from: 0, to: Number.POSITIVE_INFINITY, tolerance: 0 };
    const isRelative = time.kind === 'relative' || time.kind === 'relative range';
    const from = time.time + (isRelative ? base : 0);
    const to = 'end' in time ? time.end + (isRelative ? base : 0) : from;
    return { from, to, tolerance: this.#tolerance(from - base) };
  }

  #tolerance(elapsed: number): number {
    const { tolerance, tolerancePercent } = this.#config;
    return Math.max(tolerance, (elapsed * tolerancePercent) / 100);
  }

  /** @throws Refusal where an event is too early or too late. */
  #checkTime(event: Event | CommandEvent, window: Window, actual: number, what: string): void {
    const fault = timeFault(window, actual);
    if (fault !== undefined) throw new Refusal('time', event.position, `${what} ${fault}`);
  }

  /** Lets time pass until `at`, µs of the script; the past is now. */
  async #until(at: number, position: number): Promise<void> {
    const target = Math.max(this.#start + at, this.#clock.now());
    await this.#drive(this.#clock.runUntil(target), position);
    this.#settled();
  }

  /** What happens now happens. */
  #settle(): Promise<void> {
    return this.#until(this.#now(), 0);
  }

  async #drive(going: Promise<unknown>, position: number): Promise<void> {
    try {
      await going;
    } catch (error) {
      if (error instanceof RangeError && error.message.startsWith('clock: still busy')) {
        throw new Refusal('time', position, 'the host never comes to rest');
      }
      throw error;
    }
  }

  // Packets in.

  #inject(packet: Packet, position: number): void {
    const connection = this.#connectionOf(packet, position);
    const ends = this.#ends;
    let bytes: Uint8Array;
    let gsoSize = 0;
    try {
      switch (packet.protocol) {
        case 'tcp':
          bytes = buildTcp(packet, connection, ends, this.#config.infersEchoes);
          if (this.#config.mss > 0 && packet.length > this.#config.mss) gsoSize = this.#config.mss;
          break;
        case 'udp':
          bytes = buildUdp(packet, connection, ends);
          break;
        case 'icmp':
          if (packet.onlyIpv6) throw new Refusal('unsupported', position, 'this message belongs to ICMPv6');
          bytes = buildIcmp(packet, connection, ends, connection.socket?.type === 2 ? 'udp' : 'tcp');
          break;
      }
    } catch (error) {
      if (error instanceof RangeError || error instanceof TimestampError) {
        throw new Refusal('packet', position, error.message);
      }
      throw error;
    }
    this.#trace(() => `${formatTime(this.#now())} < ${formatPacket(packet)}`);
    if (!this.#tun.inject(bytes, gsoSize)) throw new Refusal('packet', position, 'there is no memory for it');
  }

  /** Whose packet one from the peer is; the SYN to a listener begins a connection. */
  #connectionOf(packet: Packet, position: number): Connection {
    const world = this.#world;
    let connection = world.underTest;
    if (connection === undefined)
      throw new Refusal('packet', position, 'no socket is there that it could go to');
    const isSyn = packet.protocol === 'tcp' && (packet.flags & (SYN | ACK)) === SYN;
    if (connection.stage === 'listening' && packet.protocol === 'tcp' && isSyn) {
      const child = new Connection();
      child.stage = 'passive';
      child.localPort = connection.localPort;
      world.connections.push(child);
      world.underTest = child;
      connection = child;
    }
    if (connection.remotePort === 0) {
      connection.remotePort = connection.stage === 'passive' ? this.#nextPort++ : this.#config.connectPort;
    }
    if (packet.protocol === 'tcp' && (packet.flags & SYN) !== 0) {
      connection.remote ??= { live: packet.seq, script: packet.seq };
    }
    return connection;
  }

  // Packets out.

  async #expectPacket(event: PacketEvent): Promise<void> {
    const { packet } = event;
    const window = this.#windowOf(event.time, this.#last);
    const deadline =
      window.to === Number.POSITIVE_INFINITY
        ? this.#now() + PATIENCE
        : window.to + Math.ceil(window.tolerance);
    for (let done = 0; ; ) {
      const { live, connection } = await this.#nextPacket(event, Math.max(deadline, this.#now()), done);
      this.#learn(packet, live, connection);
      const mayBePart = !this.#config.strictSegments;
      const options = { done, mayBePart, checksEchoes: this.#options.exhaustive === true };
      const part = isPart(packet, live, options);
      const actual = live.time - this.#start;
      const faults = compare(packet, live, connection, options);
      const clockFault = part ? undefined : timeFault(window, actual);
      if (clockFault !== undefined) faults.push(`it ${clockFault}`);
      const tick = this.#tickFault(packet, live, connection, window, actual);
      if (tick !== undefined) faults.push(tick);
      if (faults.length > 0) this.#refuse(event, window, live, connection, faults, done);
      this.#rememberTimestamp(packet, live, connection);
      this.#trace(() => `${formatTime(actual)} > ${formatLive(live, connection)}`);
      if (part) {
        done += live.payload.length;
        continue;
      }
      // Relative times count from the time the line says; of a line that says none, or a range, from when it was.
      this.#last = event.time.kind === 'any' || 'end' in event.time ? actual : window.from;
      return;
    }
  }

  #refuse(
    event: PacketEvent,
    window: Window,
    live: Live,
    connection: Connection,
    faults: readonly string[],
    done: number,
  ): never {
    const when = window.to === Number.POSITIVE_INFINITY ? '*' : formatTime(window.from);
    const expected = `${when.padEnd(9)} ${formatPacket(event.packet)}`;
    const actual = `${formatTime(live.time - this.#start).padEnd(9)} ${formatLive(live, connection)}`;
    const reason = `the packet that came out differs${within(done)}: ${faults.join('; ')}`;
    throw new Refusal('packet', event.position, reason, expected, actual);
  }

  /** The next packet of the connection under test; others are nobody's concern. */
  async #nextPacket(
    event: PacketEvent,
    deadline: number,
    done: number,
  ): Promise<{ live: Live; connection: Connection }> {
    const { queue } = this.#tun;
    for (;;) {
      for (let sent = queue.shift(); sent !== undefined; sent = queue.shift()) {
        const live = readLive(sent);
        const connection = this.#ownerOf(live);
        if (connection !== undefined) return { live, connection };
        this.#trace(
          () => `${formatTime(live.time - this.#start)} > a packet of another socket, not looked at`,
        );
      }
      if (this.#now() >= deadline || !(await this.#packetBefore(deadline, event.position))) {
        if (queue.length > 0) continue;
        const expected = formatPacket(event.packet);
        throw new Refusal('packet', event.position, `no packet came out${within(done)}`, expected, 'none');
      }
    }
  }

  /** Lets time pass until a packet goes out; false where none does up to `deadline`, µs of the script. */
  async #packetBefore(deadline: number, position: number): Promise<boolean> {
    let happened = false;
    await this.#wait(deadline, position, (end) => {
      this.#sent = () => {
        happened = true;
        end();
      };
    });
    this.#sent = undefined;
    return happened;
  }

  /** Lets time pass until what `arm` was given is called, or `deadline`, µs of the script, is there. */
  async #wait(deadline: number, position: number, arm: (end: () => void) => void): Promise<void> {
    const clock = this.#clock;
    const going = new Promise<void>((resolve) => {
      const end = (): void => {
        clock.cancel(timer);
        clock.woke();
        resolve();
      };
      const timer = clock.at(this.#start + deadline, end, undefined);
      arm(end);
    });
    await this.#drive(clock.run(going), position);
    this.#settled();
  }

  /** The connection under test, if a packet of the host's is its. */
  #ownerOf(live: Live): Connection | undefined {
    const { underTest, connections } = this.#world;
    if (underTest === undefined || live.ip.daddr !== this.#ends.remote) return undefined;
    if (live.icmp !== undefined) return underTest;
    const header = live.tcp ?? live.udp;
    if (header === undefined) return undefined;
    const { source, dest } = header;
    if (underTest.localPort === source && underTest.remotePort === dest) return underTest;
    const isNew =
      underTest.stage === 'connecting' && underTest.localPort === 0 && underTest.remotePort === dest;
    if (isNew && !connections.some((each) => each !== underTest && each.localPort === source)) {
      underTest.localPort = source;
      return underTest;
    }
    if (live.udp !== undefined && underTest.socket?.type === 2) {
      underTest.localPort = source;
      underTest.remotePort = dest;
      return underTest;
    }
    return undefined;
  }

  /** Our first sequence number, from the first SYN that comes out. */
  #learn(packet: Packet, live: Live, connection: Connection): void {
    if (packet.protocol !== 'tcp' || live.tcp === undefined || (live.tcp.flags & SYN) === 0) return;
    connection.local ??= { live: live.tcp.seq, script: packet.seq };
  }

  #rememberTimestamp(packet: Packet, live: Live, connection: Connection): void {
    const pair = timestamps(packet, live);
    if (pair !== undefined) connection.sawTimestamp(pair.script, pair.live);
  }

  /** Whether a timestamp of ours grew as much as the script's did. */
  #tickFault(
    packet: Packet,
    live: Live,
    connection: Connection,
    window: Window,
    actual: number,
  ): string | undefined {
    const { timestampTick } = this.#config;
    const first = connection.firstTimestamp;
    const pair = timestamps(packet, live);
    if (timestampTick === 0 || first === undefined || pair === undefined) return undefined;
    const grown = ((pair.live - first.live) | 0) * timestampTick;
    const expected = ((pair.script - first.script) | 0) * timestampTick;
    const tolerance = Math.max(this.#tolerance(actual), window.tolerance, timestampTick);
    if (Math.abs(grown - expected) <= tolerance) return undefined;
    return `TS val is ${first.script + Math.round(grown / timestampTick)}, not ${pair.script}`;
  }

  // Calls.

  async #call(event: CallEvent, previous: number): Promise<void> {
    const { returns } = event;
    const base = event.time.kind === 'relative' ? previous : 0;
    const pending: Pending = {
      event,
      began: this.#now(),
      returns: returns === undefined ? this.#now() : returns + base,
      ended: undefined,
      error: undefined,
      wake: undefined,
    };
    this.#pending = pending;
    const context = { start: this.#start, tolerance: this.#config.tolerance };
    const end = (error: unknown): void => {
      pending.ended = this.#now();
      pending.error = error;
      pending.wake?.();
    };
    makeCall(this.#world, event, context).then(() => end(undefined), end);
    await this.#settle();
    if (returns === undefined && pending.ended === undefined && this.#pending === pending) {
      throw new Refusal(
        'call',
        event.position,
        `${event.name} waits; the script says that it returns at once`,
      );
    }
  }

  /** Looks whether the call on its way has returned. @throws Refusal where it should not have, or not so. */
  #settled(): void {
    const pending = this.#pending;
    if (pending?.ended === undefined) return;
    this.#pending = undefined;
    const { event, error, ended, returns, began } = pending;
    if (error !== undefined) {
      if (!(error instanceof CallFault)) throw error;
      throw new Refusal('call', error.position ?? event.position, `${event.name}: ${error.message}`);
    }
    this.#trace(() => `${formatTime(ended)} ${event.name} returned`);
    const window = { from: returns, to: returns, tolerance: this.#tolerance(returns - began) };
    this.#checkTime(event, window, ended, `${event.name} returned, which`);
  }

  /** Calls are made one after the other: the one on its way has to return first. */
  async #awaitPending(): Promise<void> {
    const pending = this.#pending;
    if (pending === undefined) return;
    const { event, returns, began } = pending;
    const deadline = returns + Math.ceil(this.#tolerance(returns - began));
    if (this.#now() < deadline) {
      await this.#wait(deadline, event.position, (end) => {
        pending.wake = end;
      });
    }
    if (this.#pending !== undefined) {
      throw new Refusal('call', event.position, `${event.name} did not return by ${formatTime(returns)}`);
    }
  }

  // Code and commands.

  #code(event: CodeEvent): void {
    const { socket } = this.#world.underTest ?? {};
    if (socket === undefined || socket.closed) {
      throw new Refusal('code', event.position, 'no descriptor is there whose tcp_info could be asked');
    }
    let info: Readonly<Record<string, number>> | undefined;
    const lookup = (name: string): Value | undefined => {
      if (!name.startsWith('tcpi_')) return own(CODE_NAMES, name);
      info ??= socket.getsockopt(SOL_TCP, TCP_INFO);
      return own(info, camelCase(name.slice('tcpi_'.length)));
    };
    const print = (line: string): void => {
      this.#output.push(line);
      this.#trace(() => line);
    };
    try {
      evaluate(event.statements, { lookup, variables: this.#variables, print });
    } catch (error) {
      if (!(error instanceof CodeError)) throw error;
      throw new Refusal('code', error.position, error.message);
    }
  }

  async #commands(command: Command): Promise<void> {
    this.#trace(() => `${formatTime(this.#now())} \`${command.text.trim()}\``);
    const going = runCommands(command.text, this.#machine);
    await this.#drive(this.#clock.run(going), command.position);
    const { status, complaints } = await going;
    for (const line of complaints) this.#trace(() => line);
    if (status === 0) return;
    const last = complaints[complaints.length - 1];
    const why = last === undefined ? '' : `: ${last}`;
    throw new Refusal('command', command.position, `the commands failed with status ${status}${why}`);
  }

  // The end.

  async #finish(): Promise<void> {
    await this.#settle();
    if (this.#pending !== undefined) {
      const { event } = this.#pending;
      throw new Refusal('call', event.position, `the script ends while ${event.name} waits`);
    }
    if (this.#options.exhaustive !== true) return;
    for (const sent of this.#tun.queue) {
      const live = readLive(sent);
      const connection = this.#ownerOf(live);
      if (connection === undefined) continue;
      const actual = `${formatTime(live.time - this.#start)} ${formatLive(live, connection)}`;
      const { position } = this.#script.events[this.#script.events.length - 1] as Event;
      throw new Refusal('packet', position, 'a packet came out that no line asks for', 'none', actual);
    }
  }

  #failureOf(error: unknown): Failure {
    const { text } = this.#script;
    if (error instanceof Refusal) {
      const { kind, position, message: reason, expected, actual } = error;
      const failure: Failure = { kind, ...placeOf(text, position), reason };
      if (expected !== undefined) failure.expected = expected;
      if (actual !== undefined) failure.actual = actual;
      return failure;
    }
    throw error;
  }

  #trace(line: () => string): void {
    this.#options.trace?.(line());
  }
}

const POOL_LIMIT = 0x4000_0000;

/** `snd_cwnd` → `sndCwnd`. */
function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** How much of a line's payload has come out before. */
function within(done: number): string {
  return done === 0 ? '' : `, ${done} bytes of the line into it`;
}

function timeFault({ from, to, tolerance }: Window, actual: number): string | undefined {
  if (actual >= from - tolerance && actual <= to + tolerance) return undefined;
  const span = from === to ? formatTime(from) : `${formatTime(from)}~${formatTime(to)}`;
  return `happened at ${formatTime(actual)}, not at ${span} (tolerance ${formatTime(tolerance)})`;
}

/** TS val of a line and of the packet that answers it. */
function timestamps(packet: Packet, live: Live): { script: number; live: number } | undefined {
  if (packet.protocol !== 'tcp' || packet.options === undefined || live.tcp === undefined) return undefined;
  const expected = packet.options.find((option) => option.kind === 'TS');
  const actual = live.tcp.options.find((option) => option.kind === TCPOPT_TIMESTAMP);
  if (expected?.kind !== 'TS' || actual?.kind !== TCPOPT_TIMESTAMP) return undefined;
  return { script: expected.val, live: actual.tsval };
}
