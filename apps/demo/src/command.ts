/**
 * The command line: what `npm start --` takes.
 * @module
 */
import { Command } from 'commander';
import { type DecodeArgs, decodeCommand } from './decode.ts';
import { assignment, duration, percent, rate, seed, size } from './quantities.ts';
import { tapCommand } from './tap/command.ts';
import { type WalkOptions, walk } from './walk.ts';

/** Makes the command; it prints to `out`, a line a call, and tells `end` its exit code. */
export function createCommand(
  out: (line: string) => void,
  end: (code: number) => void,
  color: boolean,
): Command {
  const program = new Command('npm start --')
    .description(
      'A connection between two simulated hosts, 192.168.1.10 and 192.168.1.100:8080, shown at every layer from send() to recv().',
    )
    .showSuggestionAfterError(false)
    .enablePositionalOptions()
    .option(
      '--data <file>',
      'post the bytes of a file, and have them sent back, instead of the classic request',
    )
    .option('--routed', 'put a router between the two, with a LAN on either side')
    .option('--loss <percent>', 'frames that the wires lose', percent)
    .option('--delay <time>', 'one-way delay of a wire, such as 20ms (default 50us)', duration)
    .option('--reorder <percent>', 'frames held back while others pass', percent)
    .option('--duplicate <percent>', 'frames that arrive twice', percent)
    .option('--corrupt <percent>', 'frames in which a bit flips', percent)
    .option('--rate <rate>', 'of the wires, such as 100mbit (default 1gbit)', rate)
    .option('--seed <number>', 'all that is random follows from it (default 1)', seed)
    .option('--wmem <bytes>', 'largest send buffer of the client: send() will have to wait', size)
    .option('--sysctl <name=value>', 'set a sysctl on every host (repeatable)', assignment)
    .option('--zerocopy', 'lend the payload instead of having it copied (MSG_ZEROCOPY)')
    .option('--pcap <file>', "write what crossed the client's wire")
    .option('--strace', 'print the calls as strace -f -tt -T -e trace=network does, instead of the story')
    .option('--json', 'one JSON document instead of text')
    .option('-v, --verbose', 'a line for every frame')
    .action(async (options: WalkOptions) => end(await walk({ ...options, color }, out)));

  program
    .command('decode')
    .description('Reads pcap and pcapng captures and prints a line per packet, as tcpdump would.')
    .argument('<captures...>', 'capture files')
    .option('-v, --verbose', 'every field of every header')
    .option('--check', 're-encode every header and report what does not come out byte-identical')
    .option('--json', 'one JSON object per packet')
    .action(async (captures: string[], options: Omit<DecodeArgs, 'captures'>) => {
      end(await decodeCommand({ ...program.opts(), ...options, captures, color }, out));
    });
  program.addCommand(tapCommand(program, out, end, color));
  return program;
}
