/**
 * One run of a script: a host of its own, on a clock of its own, and each line at its time.
 * @module
 */
import { createHost, type Host, isNetlinkError, VirtualClock } from '@stack/host';
import { mac } from '@stack/host/mac';
import { parseAddress } from '@stack/ipv4';
import { Pool } from '@stack/skbuff';
import { SOL_TCP, TCP_INFO } from '@stack/socket';
import { makeCall } from './calls/calls.ts';
import { CallFault } from './calls/fault.ts';
import { Process, type World } from './calls/process.ts';
import { CodeError, evaluate, type Value } from './code/evaluate.ts';
import type { Config } from './config.ts';
import { own } from './own.ts';
import { compare, isPart } from './packet/compare.ts';
import type { Connection } from './packet/connection.ts';
import { formatLive, formatPacket, formatTime } from './packet/format.ts';
import { type Live, readLive } from './packet/live.ts';
import { Peer } from './packet/peer.ts';
import { Tun } from './packet/tun.ts';
import { Refusal } from './refusal.ts';
import type { Failure, Result } from './result.ts';
import type { RunOptions } from './run.ts';
import { placeOf } from './script/cursor.ts';
import type {
  CallEvent,
  CodeEvent,
  Command,
  CommandEvent,
  Event,
  PacketEvent,
  Script,
} from './script/script.ts';
import { Machine } from './shell/machine.ts';
import { runCommands } from './shell/shell.ts';
import { CODE_NAMES } from './symbols.ts';
import { timeFault, toleranceOf, type Window, windowOf } from './timing.ts';

/** The clock's time when a script is set up, µs: a host that has been up for a while. */
const BOOT = 60_000_000;
/** µs that a line with the time `*` is waited for. */
const PATIENCE = 300_000_000;
/** µs that a system call takes, unless times are to be exact: on a real machine no two of them are made at once. */
const CALL_TIME = 10;
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

/** See the module. */
export class Run {
  readonly #script: Script;
  readonly #config: Config;
  readonly #options: RunOptions;
  readonly #clock: VirtualClock = new VirtualClock({ start: BOOT });
  readonly #host: Host;
  readonly #tun: Tun;
  readonly #machine: Machine;
  readonly #world: World;
  readonly #peer: Peer;
  readonly #variables: Map<string, Value> = new Map();
  readonly #output: string[] = [];
  #start = BOOT;
  /** Where relative times count from, µs of the script. */
  #last = 0;
  #pending: Pending | undefined;
  /** Wakes whoever waits for a packet. */
  #sent: (() => void) | undefined;

  constructor(script: Script, config: Config, options: RunOptions) {
    this.#script = script;
    this.#config = config;
    this.#options = options;
    const clock = this.#clock;
    const pool = new Pool({ limit: POOL_LIMIT });
    this.#host = createHost({ clock, pool, seed: options.seed ?? 1, name: 'packetdrill', mac });
    this.#tun = new Tun({
      pool,
      mtu: config.mtu,
      now: () => clock.now(),
      sent: () => this.#sent?.(),
    });
    const process = new Process();
    this.#world = { host: this.#host, clock, config, process, underTest: undefined, connections: [] };
    this.#peer = new Peer(this.#world, this.#tun);
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
    this.#peer.ends.local = parseAddress(localIp);
    this.#peer.ends.remote = parseAddress(remoteIp);
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
    // What takes time moves what follows, calls and commands; else the line's own time counts.
    this.#last = time.kind === 'any' ? this.#now() : at;
    this.#checkTime(event, windowOf(time, previous, this.#config), this.#now(), 'it');
    const { underTest } = this.#world;
    const left = this.#options.exhaustive === true ? this.#unasked() : undefined;
    switch (event.kind) {
      case 'packet':
        this.#trace(() => `${formatTime(this.#now())} < ${formatPacket(event.packet)}`);
        this.#peer.inject(event.packet, event.position);
        break;
      case 'call':
        await this.#call(event, previous);
        if (this.#config.tolerance > 0) await this.#until(this.#now() + CALL_TIME, event.position);
        this.#last = this.#now();
        break;
      case 'command':
        await this.#commands(event);
        this.#last = this.#now();
        break;
      case 'code':
        this.#code(event);
        break;
    }
    await this.#settle();
    // From now on another socket's packets count: nobody would look at those of the one before.
    if (left !== undefined && this.#world.underTest !== underTest) this.#refuseUnasked(left, event.position);
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

  // Packets out.

  async #expectPacket(event: PacketEvent): Promise<void> {
    const { packet } = event;
    const window = windowOf(event.time, this.#last, this.#config);
    const deadline =
      window.to === Number.POSITIVE_INFINITY
        ? this.#now() + PATIENCE
        : window.to + Math.ceil(window.tolerance);
    for (let done = 0; ; ) {
      const { live, connection } = await this.#nextPacket(event, Math.max(deadline, this.#now()), done);
      this.#peer.learn(packet, live, connection);
      const mayBePart = !this.#config.strictSegments;
      const options = { done, mayBePart, checksEchoes: this.#options.exhaustive === true };
      const part = isPart(packet, live, options);
      const actual = live.time - this.#start;
      const faults = compare(packet, live, connection, options);
      const clockFault = part ? undefined : timeFault(window, actual);
      if (clockFault !== undefined) faults.push(`it ${clockFault}`);
      const tick = this.#peer.tickFault(packet, live, connection, window, actual);
      if (tick !== undefined) faults.push(tick);
      if (faults.length > 0) this.#refuse(event, window, live, connection, faults, done);
      this.#peer.rememberTimestamp(packet, live, connection);
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
        const connection = this.#peer.ownerOf(live);
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
    await this.#settle(); // what happens at the deadline is in time, whichever event was there first
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
    const window = { from: returns, to: returns, tolerance: toleranceOf(returns - began, this.#config) };
    this.#checkTime(event, window, ended, `${event.name} returned, which`);
  }

  /** Calls are made one after the other: the one on its way has to return first. */
  async #awaitPending(): Promise<void> {
    const pending = this.#pending;
    if (pending === undefined) return;
    const { event, returns, began } = pending;
    const deadline = returns + Math.ceil(toleranceOf(returns - began, this.#config));
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
    const left = this.#unasked();
    if (left === undefined) return;
    const { position } = this.#script.events[this.#script.events.length - 1] as Event;
    this.#refuseUnasked(left, position);
  }

  /** The first packet of the connection under test that no line has asked for, as text. */
  #unasked(): string | undefined {
    for (const sent of this.#tun.queue) {
      const live = readLive(sent);
      const connection = this.#peer.ownerOf(live);
      if (connection !== undefined)
        return `${formatTime(live.time - this.#start)} ${formatLive(live, connection)}`;
    }
    return undefined;
  }

  #refuseUnasked(actual: string, position: number): never {
    throw new Refusal('packet', position, 'a packet came out that no line asks for', 'none', actual);
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
