/**
 * `npm run bench`: what the codecs cost, as ratios within one run.
 * @module
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { installPcap } from './peers.ts';
import { report } from './report.ts';
import { gatesOf, resultsOf } from './results.ts';
import { runRounds } from './rounds.ts';
import { VARIANTS } from './variants.ts';
import { work } from './worker.ts';

const USAGE = `npm run bench -- [options]

  --rounds N       times every variant is measured (default 5)
  --ms N           how long each time, milliseconds (default 150)
  --only WORDS     only variants whose "group, subject, set" hold all the words
  --json [FILE]    results as JSON into FILE, else to standard output
  --gate           exit 1 when a gate is missed
  --help`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      ms: { type: 'string', default: '150' },
      only: { type: 'string', default: '' },
      json: { type: 'boolean', default: false },
      gate: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const file = positionals[0];
  if (values.help || positionals.length > (values.json ? 1 : 0)) {
    console.error(USAGE);
    return values.help ? 0 : 1;
  }
  if (!installPcap()) console.error('npm pcap cannot be installed: its rows are left out');

  const words = values.only.split(' ');
  const cells = await runRounds(VARIANTS, {
    rounds: atLeastOne('--rounds', values.rounds),
    milliseconds: atLeastOne('--ms', values.ms),
    wanted: ({ group, subject }, set) => words.every((word) => `${group} ${subject} ${set}`.includes(word)),
    progress,
    program: process.argv[1]!,
  });
  progress('');
  const results = resultsOf(cells);
  const gates = gatesOf(results);
  const json = `${JSON.stringify({ node: process.version, cpu: cpus()[0]?.model, results, gates }, null, 2)}\n`;
  if (values.json && file === undefined) process.stdout.write(json);
  else console.log(`Node ${process.version}, ${cpus()[0]?.model}\n\n${report(results, gates)}`);
  if (file !== undefined) writeFileSync(file, json);
  return values.gate && gates.some((gate) => !gate.pass) ? 1 : 0;
}

function atLeastOne(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${option} ${text}: not a whole number above 0`);
  return value;
}

function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`);
}

if (process.argv[2] === 'worker') {
  await work(JSON.parse(process.argv[3]!));
} else {
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
