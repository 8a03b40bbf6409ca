/**
 * `npm run bench`: what the codecs cost, what TCP reaches, and what many of something cost, as ratios within one run.
 * @module
 */
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { type GoodputSample, LOSSES } from './goodput/goodputs.ts';
import { goodputReport } from './goodput/report.ts';
import { goodputGates, goodputResults } from './goodput/results.ts';
import { installPcap } from './peers.ts';
import { runJobs } from './processes.ts';
import { gateReport, report } from './report.ts';
import { type Gate, gatesOf, resultsOf } from './results.ts';
import { runRounds } from './rounds.ts';
import type { Figure } from './scale/figures.ts';
import { scalePasses, scaleReport, scaleResults } from './scale/report.ts';
import { SCALES } from './scale/scales.ts';
import { serveApart } from './streams/node-peers.ts';
import { streamReport } from './streams/report.ts';
import { streamGates, streamResults } from './streams/results.ts';
import { STREAMS, type StreamSample } from './streams/streams.ts';
import { tapMissing } from './tap/missing.ts';
import { tapReport } from './tap/report.ts';
import { tapGates, tapResults } from './tap/results.ts';
import { TAPS } from './tap/taps.ts';
import { VARIANTS } from './variants.ts';
import { work } from './worker.ts';

const USAGE = `npm run bench -- [codecs] [streams] [tap] [goodput] [scale] [options]

  codecs           Ethernet, IPv4, TCP headers and checksums, against npm packages
  streams          TCP between two hosts, against Node's net over the kernel's loopback
  tap              TCP between a host and the Linux kernel over a TAP, against the kernel with itself over a veth: for root
  goodput          TCP to the kernel over wires that lose segments, against the kernel's own: for root; a round takes a minute
  scale            100,000 connections, 10,000 listeners, 500,000 routes, 100,000 timers: about 1 GB of memory
                   without one of these words: codecs, streams and, where it is possible, tap

  --rounds N       times everything is measured (default 5; of scale 1)
  --ms N           how long a codec is measured each time, milliseconds (default 150)
  --only WORDS     only what has all the words in its "group, subject, set", or in its title
  --json [FILE]    results as JSON into FILE, else to standard output
  --gate           exit 1 when a gate is missed
  --help`;

const SUITES = ['codecs', 'streams', 'tap', 'goodput', 'scale'] as const;
const DEFAULT: readonly Suite[] = ['codecs', 'streams', 'tap'];
/** What takes Linux and root. */
const WITH_TAPS: readonly Suite[] = ['tap', 'goodput'];
type Suite = (typeof SUITES)[number];

/** What a suite comes to. */
interface Outcome {
  /** For machines. */
  results: unknown;
  gates: readonly Gate[];
  /** For people. */
  text: string;
  passes: boolean;
}

interface Options {
  rounds: number | undefined;
  milliseconds: number;
  words: readonly string[];
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      ms: { type: 'string', default: '150' },
      only: { type: 'string', default: '' },
      json: { type: 'boolean', default: false },
      gate: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const suites = SUITES.filter((suite) => positionals.includes(suite));
  const [file, ...more] = positionals.filter((word) => !SUITES.includes(word as Suite));
  if (values.help || more.length > 0 || (file !== undefined && !values.json)) {
    console.error(USAGE);
    return values.help ? 0 : 1;
  }
  const options: Options = {
    rounds: values.rounds === undefined ? undefined : atLeastOne('--rounds', values.rounds),
    milliseconds: atLeastOne('--ms', values.ms),
    words: values.only.split(' '),
  };
  const outcomes: Outcome[] = [];
  for (const suite of suites.length > 0 ? suites : DEFAULT) {
    const missing = WITH_TAPS.includes(suite) ? await tapMissing() : undefined;
    if (missing !== undefined && suites.length > 0) throw new Error(`${suite}: ${missing}`);
    if (missing !== undefined) {
      console.error(`tap is skipped: ${missing}`);
      continue;
    }
    outcomes.push(await RUN[suite](options));
    progress('');
  }
  const gates = outcomes.flatMap((outcome) => outcome.gates);
  const load = loadavg().map((value) => Math.round(value * 10) / 10);
  const results = outcomes.flatMap((outcome) => outcome.results);
  const json = `${JSON.stringify({ node: process.version, cpu: cpus()[0]?.model, load, results, gates }, null, 2)}\n`;
  if (values.json && file === undefined) process.stdout.write(json);
  else {
    const head = `Node ${process.version}, ${cpus()[0]?.model}, load average ${load.join(' ')}`;
    const tables = outcomes.map(({ text }) => text);
    console.log([head, ...tables, ...(gates.length > 0 ? [gateReport(gates)] : [])].join('\n\n'));
  }
  if (file !== undefined) writeFileSync(file, json);
  return values.gate && !outcomes.every(({ passes }) => passes) ? 1 : 0;
}

const RUN: Record<Suite, (options: Options) => Promise<Outcome>> = { codecs, streams, tap, goodput, scale };

async function codecs({ rounds = 5, milliseconds, words }: Options): Promise<Outcome> {
  if (!installPcap()) console.error('npm pcap cannot be installed: its rows are left out');
  const cells = await runRounds(VARIANTS, {
    ...{ rounds, milliseconds, progress, program: program() },
    wanted: ({ group, subject }, set) => hasAll(words, `${group} ${subject} ${set}`),
  });
  const results = resultsOf(cells);
  const gates = gatesOf(results);
  return { results, gates, text: report(results), passes: gates.every(({ pass }) => pass) };
}

async function streams({ rounds = 5, words }: Options): Promise<Outcome> {
  const wanted = STREAMS.filter(({ task, subject }) => hasAll(words, `${task} ${subject}`));
  const jobs = wanted.map((stream) => ({
    title: `${stream.task}  ${stream.subject}`,
    order: { kind: 'stream', stream: STREAMS.indexOf(stream), part: 1 },
  }));
  const samples = await runJobs<StreamSample>(jobs, { rounds, progress, program: program() });
  const results = streamResults(
    wanted.map(({ task, subject }, index) => ({ task, subject, samples: samples[index] ?? [] })),
  );
  const gates = streamGates(results);
  return { results, gates, text: streamReport(results), passes: gates.every(({ pass }) => pass) };
}

async function tap({ rounds = 5, words }: Options): Promise<Outcome> {
  const wanted = TAPS.filter(({ task, subject }) => hasAll(words, `${task} ${subject}`));
  const jobs = wanted.map((row) => ({
    title: `${row.task}  ${row.subject}`,
    order: { kind: 'tap', row: TAPS.indexOf(row), part: 1 },
  }));
  const samples = await runJobs<StreamSample>(jobs, { rounds, progress, program: program() });
  const cells = wanted.map(({ task, subject }, index) => ({ task, subject, samples: samples[index] ?? [] }));
  const gates = tapGates(cells);
  return {
    ...{ results: tapResults(cells), gates, text: tapReport(cells) },
    passes: gates.every(({ pass }) => pass),
  };
}

async function goodput({ rounds = 5, words }: Options): Promise<Outcome> {
  const wanted = LOSSES.filter((loss) => hasAll(words, title(loss)));
  const jobs = wanted.map((loss) => ({ title: title(loss), order: { kind: 'goodput', loss, part: 1 } }));
  const samples = await runJobs<GoodputSample>(jobs, { rounds, progress, program: program() });
  const cells = wanted.map((loss, index) => ({ loss, samples: samples[index] ?? [] }));
  const gates = goodputGates(cells);
  return {
    ...{ results: goodputResults(cells), gates, text: goodputReport(cells) },
    passes: gates.every(({ pass }) => pass),
  };
}

/** What `--only` looks at. */
function title(loss: number): string {
  return `goodput  loss ${loss} %`;
}

async function scale({ rounds = 1, words }: Options): Promise<Outcome> {
  const wanted = SCALES.filter(({ title }) => hasAll(words, title));
  const jobs = wanted.map((each) => ({
    title: each.title,
    order: { kind: 'scale', scale: SCALES.indexOf(each), part: 1 },
  }));
  const samples = await runJobs<Figure[]>(jobs, { rounds, progress, program: program() });
  const results = scaleResults(
    wanted.map(({ title }) => title),
    samples,
  );
  return { results, gates: [], text: scaleReport(results), passes: scalePasses(results) };
}

function hasAll(words: readonly string[], text: string): boolean {
  return words.every((word) => text.includes(word));
}

function atLeastOne(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${option} ${text}: not a whole number above 0`);
  return value;
}

function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`);
}

/** What to fork. */
function program(): string {
  return process.argv[1] as string;
}

try {
  if (process.argv[2] === 'worker') await work(JSON.parse(process.argv[3]!), program());
  else if (process.argv[2] === 'net-server') await serveApart();
  else if (process.argv[2] === 'tap-peer') (await import('./tap/kernel-peer.ts')).servePeer();
  else process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
