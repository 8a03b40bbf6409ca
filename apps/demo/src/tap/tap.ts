/**
 * `npm start -- tap`: a host of ours and the kernel of this machine, with a TAP between them.
 * @module
 */
import { release } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { isSysctlError } from '@stack/sysctl';
import pc from 'picocolors';
import { Capture } from '../capture.ts';
import { CommandError } from '../errors.ts';
import { type Colors, Renderer } from '../render.ts';
import type { Teller, Told } from '../story.ts';
import { StraceLines } from '../strace-lines.ts';
import { ask, requestOf } from './client.ts';
import { pages } from './http/pages.ts';
import { HttpServer, type Visit } from './http/server.ts';
import { isListening, timeWaits } from './kernel-side.ts';
import { type Plan, planOf, type TapArgs } from './options.ts';
import { plain, renderTapOutcome, renderTapVerdicts, type TapOutcome } from './outcome.ts';
import { KERNEL, OURS, Place } from './place.ts';
import { Program } from './program.ts';
import { checkMachine } from './requirements.ts';
import { Signalled, untilSignalled } from './signals.ts';
import { Stage } from './stage.ts';

/** Number of our process, as `strace -f` shows it. */
const PID = 1001;
/** How long a port is waited for, ms: that of a program we start, and of one that a person starts. */
const STARTUP = 30_000;
const INVITATION = 120_000;
/** How long connections have to end behind their programs, ms. */
const SETTLING = 10_000;
const TICK = 10;
/** Frames that are told one by one, unless all are asked for. */
const FRAMES = 60;
/** Columns of a line of the story. */
const COLUMNS = 200;

/** Prints to `out`, a line a call; `note` gets what a person must know while it runs. Returns the exit code. @throws CommandError */
export async function tap(
  args: TapArgs,
  out: (line: string) => void,
  note: (line: string) => void,
): Promise<number> {
  const plan = planOf(args);
  checkMachine(plan.program?.[0]);
  const capture = args.pcap === undefined ? undefined : new Capture(args.pcap);
  const run = new Run(args, plan, capture, out, note);
  try {
    const code = await untilSignalled(() => run.run());
    capture?.save();
    return code;
  } catch (error) {
    if (error instanceof Signalled) {
      await run.close();
      capture?.save();
      return error.status;
    }
    capture?.discard();
    await run.close();
    if (isSysctlError(error)) throw new CommandError(error.message);
    throw error;
  }
}

/** What a mode comes to, before the counters are read. */
type Result = Pick<TapOutcome, 'errors' | 'verdicts' | 'printed' | 'reply'>;

/** One run of the command. */
class Run {
  readonly #args: TapArgs;
  readonly #plan: Plan;
  readonly #capture: Capture | undefined;
  readonly #colors: Colors;
  readonly #out: (line: string) => void;
  readonly #note: (line: string) => void;
  readonly #steps: Told[] = [];
  readonly #calls: string[] = [];
  #opening: Promise<Place> | undefined;
  #stage: Stage | undefined;
  /** Aborted when everything is taken away. */
  readonly #over = new AbortController();
  #tell: Teller = () => undefined;

  constructor(
    args: TapArgs,
    plan: Plan,
    capture: Capture | undefined,
    out: (line: string) => void,
    note: (line: string) => void,
  ) {
    this.#args = args;
    this.#plan = plan;
    this.#capture = capture;
    this.#colors = pc.createColors(args.color ?? false);
    this.#out = (line) => {
      if (!this.#over.signal.aborted) out(line);
    };
    this.#note = note;
  }

  /** Until it is done; `--serve` never is. */
  async run(): Promise<number> {
    const { mtu = 1500, offload = true, seed, sysctl = {}, ...faults } = this.#args;
    const { kind, target } = this.#plan;
    const role = kind === 'connect' ? 'client' : 'server';
    this.#opening = Place.open({ role, target, mtu, offloads: offload, seed, sysctl, faults });
    const place = await this.#opening;
    this.#stage = this.#watch(place);
    if (kind === 'serve') return this.#serve(place);
    const result = kind === 'connect' ? await this.#connect(place) : await this.#fetch(place);
    return this.#end(place, this.#stage, result);
  }

  /** Takes everything away, from whatever point on. */
  async close(): Promise<void> {
    this.#over.abort();
    this.#stage?.close();
    const place = await this.#opening?.catch(() => undefined);
    await place?.close();
  }

  /** A moment. @throws AbortError when it is over. */
  async #pause(): Promise<void> {
    await sleep(TICK, undefined, { signal: this.#over.signal });
  }

  #watch(place: Place): Stage {
    const { json = false, strace = false, verbose = false } = this.#args;
    const { kind, target } = this.#plan;
    const begin = place.clock.update();
    const renderer = new Renderer(this.#colors);
    const isStory = kind !== 'serve' && (json || !strace);
    if (isStory && !json) this.#out(this.#colors.bold(describe(place, this.#args)));
    let last = 0;
    const tell = (told: Told): void => {
      // A clock that goes by itself goes on between those who tell of the same moment.
      last = Math.max(last, told.time - begin);
      const from = { ...told, time: last, text: short(told) };
      if (json) this.#steps.push(from);
      else for (const line of renderer.render(from)) this.#out(line);
    };
    if (isStory) this.#tell = tell;
    const tracer = new StraceLines(json ? (line) => this.#calls.push(line) : this.#out, midnight(begin));
    return new Stage(place, {
      tell,
      story: isStory,
      frames: verbose ? Number.POSITIVE_INFINITY : isStory && this.#plan.expected === undefined ? FRAMES : 0,
      total: kind === 'connect' ? requestOf(target).length : undefined,
      calls: strace || (json && kind !== 'serve') ? tracer : undefined,
      capture: this.#capture,
    });
  }

  /** A program of the kernel's side asks, ours answers. */
  async #fetch(place: Place): Promise<Result> {
    const { program = [], expected, file } = this.#plan;
    const server = new HttpServer({
      sockets: place.host.process({ pid: PID }),
      port: this.#plan.target.port,
      answer: pages(file),
    });
    const serving = server.serve();
    serving.catch(() => undefined); // told of where it is waited for
    const printed = await new Program(place.netns, program).ended();
    await this.#settle(1);
    await server.close();
    await Promise.race([serving, sleep(SETTLING, undefined, { ref: false })]);
    const errors = printed.status === 0 ? [] : [`${program[0]} ended with ${printed.status}`];
    const verdicts: string[] = [];
    if (expected !== undefined) {
      const isSame = Buffer.compare(expected, printed.stdout) === 0;
      if (isSame) verdicts.push(`identical: ${expected.length} bytes, ours to ${program[0]}`);
      else errors.push(`different: of ${expected.length} bytes ${printed.stdout.length} arrived`);
    }
    return { errors, verdicts, printed, reply: undefined };
  }

  /** Ours asks, a program of the kernel's side answers. */
  async #connect(place: Place): Promise<Result> {
    const { program } = this.#plan;
    const running = program && new Program(place.netns, program);
    await this.#listening(place, running);
    const result: Result = { errors: [], verdicts: [], printed: undefined, reply: undefined };
    try {
      const { reply, verdict } = await this.#ask(place);
      result.reply = reply;
      if (verdict.isWhole) result.verdicts.push(verdict.text);
      else result.errors.push(verdict.text);
    } catch (error) {
      result.errors.push(error instanceof Error ? error.message : String(error));
    }
    await this.#settle(0);
    result.printed = await running?.stop();
    return result;
  }

  async #ask(place: Place): Promise<{
    reply: TapOutcome['reply'];
    verdict: { isWhole: boolean; text: string };
  }> {
    const reply = await ask(place.host.process({ pid: PID }), this.#plan.target);
    const { promised, body, bytes } = reply;
    const isWhole = promised === undefined || promised === body.length;
    const text = isWhole
      ? `whole: ${promised === undefined ? `${bytes.length} bytes, to the end of the connection` : `${promised} bytes, as Content-Length says`}`
      : `not whole: ${body.length} of ${promised} bytes arrived`;
    return { reply, verdict: { isWhole, text } };
  }

  /** Waits until something listens where we are to connect to. */
  async #listening({ netns }: Place, program: Program | undefined): Promise<void> {
    const { address, port } = this.#plan.target;
    if (!isListening(netns.pid, port) && program === undefined) {
      this.#note(
        `waiting for a server on ${address}:${port}; start one with: ${enter(netns.pid)} python3 -m http.server ${port}`,
      );
    }
    const patience = program === undefined ? INVITATION : STARTUP;
    for (let waited = 0; !isListening(netns.pid, port); waited += TICK) {
      if (program?.isOver) {
        const { status, stderr } = await program.ended();
        const last = Buffer.from(stderr).toString().trim().split('\n').at(-1);
        throw new CommandError(
          `${program.command}: ended with ${status} before it listened on port ${port}${last ? ` (${last})` : ''}`,
        );
      }
      if (waited >= patience)
        throw new CommandError(`nothing listened on ${address}:${port} within ${patience / 1000} s`);
      await this.#pause();
    }
  }

  /** Gives connections time to end, `listening` sockets aside. */
  async #settle(listening: number): Promise<void> {
    for (let waited = 0; waited < SETTLING; waited += TICK) {
      if ((this.#stage?.sockets.open ?? 0) <= listening) return;
      await this.#pause();
    }
  }

  /** Answers whoever asks, a line for each, until a signal comes. */
  async #serve(place: Place): Promise<number> {
    const { json } = this.#args;
    const { address } = this.#plan.target;
    const line = (visit: Visit, what: string, about: object): void => {
      const peer = `${visit.peer.address}:${visit.peer.port}`;
      const time = new Date();
      this.#out(
        json
          ? JSON.stringify({ time: time.toISOString(), peer, event: what, ...about })
          : `${time.toTimeString().slice(0, 8)}  ${peer.padEnd(15)}  ${[what, ...Object.values(about)].join(' ')}`,
      );
    };
    const server = new HttpServer({
      sockets: place.host.process({ pid: PID }),
      port: this.#plan.target.port,
      answer: pages(this.#plan.file),
      opened: (visit) => line(visit, 'connected', {}),
      answered: (visit, about) => line(visit, 'answered', about),
      closed: (visit, error) => line(visit, 'closed', { requests: visit.requests, ...(error && { error }) }),
    });
    this.#note(
      `serving http://${address}/ until Ctrl-C; to reach it: ${enter(place.netns.pid)} curl http://${address}/`,
    );
    await server.serve();
    throw new Error('the server ended');
  }

  /** What the kernel keeps where it closed first; ours is told of at the end as the connection it was. */
  #tellTimeWait({ clock, netns }: Place): void {
    const details = timeWaits(netns.pid);
    if (details.length === 0) return;
    this.#tell({
      kind: 'step',
      time: clock.update(),
      side: 'kernel',
      call: 'tcp_fin → tcp_time_wait',
      file: 'net/ipv4/tcp_minisocks.c',
      text: "The kernel's end closed first, and keeps the address for 60 s more, in case its last ACK was lost or segments wander about: ss -tan there shows",
      details,
    });
  }

  async #end(place: Place, stage: Stage, result: Result): Promise<number> {
    this.#tellTimeWait(place);
    stage.close();
    const counters = stage.read();
    const left = await place.close();
    const outcome: TapOutcome = { ...result, ...counters, left };
    const wrong = Object.values(counters.checksumErrors).reduce((sum, count) => sum + count, 0);
    if (wrong === 0) outcome.verdicts.push('checksum errors: none on either side');
    else if ((this.#args.corrupt ?? 0) > 0)
      outcome.verdicts.push(`checksum errors: ${wrong}, of frames that were corrupted`);
    else outcome.errors.push(`checksum errors: ${wrong}`);
    const leaks = Object.entries(left).filter(([, count]) => count !== 0);
    if (leaks.length === 0) outcome.verdicts.push('left when all is over: nothing');
    else outcome.errors.push(`left when all is over: ${leaks.map(([what, n]) => `${n} ${what}`).join(', ')}`);
    const isRight = outcome.errors.length === 0;
    if (this.#args.json) {
      const { color: _color, json: _json, ...options } = this.#args;
      this.#out(
        JSON.stringify({ options, steps: this.#steps, calls: this.#calls, ...plain(outcome), ok: isRight }),
      );
    } else {
      const render = this.#args.strace ? renderTapVerdicts : renderTapOutcome;
      if (this.#args.strace) this.#out('');
      for (const line of render(outcome, this.#colors)) this.#out(line);
    }
    return isRight ? 0 : 1;
  }
}

/** The place in a line. */
function describe({ station, tap, netns, target }: Place, args: TapArgs): string {
  const { offload = true, mtu = 1500 } = args;
  const faults = (['loss', 'reorder', 'duplicate', 'corrupt'] as const)
    .filter((name) => args[name] !== undefined)
    .map((name) => `${name} ${Math.round((args[name] as number) * 100_000) / 1000} %`);
  const delay = args.delay === undefined ? [] : [`delay ${args.delay / 1000} ms`];
  const sent = [...delay, ...faults];
  const link = [
    `mtu ${mtu}`,
    `offloads ${offload ? 'on' : 'off'}`,
    ...(sent.length === 0 ? [] : [`of what we send: ${sent.join(', ')}`]),
  ];
  const ours = station.name === 'client' ? OURS : `${target.address}:${target.port}`;
  const peer = station.name === 'client' ? `${target.address}:${target.port}` : KERNEL;
  return `${station.name} ${ours} ─── ${tap.kernelName} ─── ${peer} Linux ${release()}   (${link.join(', ')}; namespace of process ${netns.pid})`;
}

/** Calls in a line of the story: a TCP_INFO has more to say than fits. */
function short({ kind, text }: Told): string {
  return kind === 'line' && text.length > COLUMNS ? `${text.slice(0, COLUMNS)}…` : text;
}

/** How a person gets a program into the namespace. */
function enter(pid: number): string {
  return `nsenter --net --target ${pid}`;
}

/** The last midnight, here, on a clock that says `now`, µs. */
function midnight(now: number): number {
  const time = new Date();
  return now - (time.getTime() - new Date(time).setHours(0, 0, 0, 0)) * 1000;
}
