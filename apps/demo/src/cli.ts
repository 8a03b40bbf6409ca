#!/usr/bin/env node
/**
 * `npm start`: the walk, and `npm start -- decode CAPTURE`.
 * @module
 */
import { Command } from 'commander';
import { type DecodeArgs, decodeCommand } from './decode.ts';
import { CommandError } from './errors.ts';
import { exitWithReader, print } from './stdout.ts';
import { type WalkOptions, walk } from './walk.ts';

const color = process.stdout.isTTY === true && !process.env.NO_COLOR;
exitWithReader();

const program = new Command('npm start --')
  .description('Walks one send() from 192.168.1.10 to 192.168.1.100:8080 down to the wire and back.')
  .option('--data <file>', 'send the bytes of a file instead of the classic request')
  .option('--pcap <file>', 'write what crossed the wire')
  .option('--zerocopy', 'hand the payload down by reference (MSG_ZEROCOPY)')
  .option('--json', 'one JSON document instead of text')
  .action((options: WalkOptions) => {
    process.exitCode = walk({ ...options, color }, print);
  });

program
  .command('decode')
  .description('Reads pcap and pcapng captures and prints a line per packet, as tcpdump would.')
  .argument('<captures...>', 'capture files')
  .option('-v, --verbose', 'every field of every header')
  .option('--check', 're-encode every header and report what does not come out byte-identical')
  .option('--json', 'one JSON object per packet')
  .action(async (captures: string[], options: Omit<DecodeArgs, 'captures'>) => {
    process.exitCode = await decodeCommand({ ...program.opts(), ...options, captures, color }, print);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
