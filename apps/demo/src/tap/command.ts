/**
 * The command line of `tap`.
 * @module
 */
import { Command } from 'commander';
import { CommandError } from '../errors.ts';
import { assignment, duration, percent, seed } from '../quantities.ts';
import { endpoint, mtu, type TapArgs } from './options.ts';

/** Options of the simulated network that mean nothing here. */
const ELSEWHERE = ['routed', 'rate', 'wmem', 'zerocopy'];

/** Makes it, to be added to `program`, whose options may stand in front of it. */
export function tapCommand(
  program: Command,
  out: (line: string) => void,
  end: (code: number) => void,
  color: boolean,
): Command {
  return new Command('tap')
    .description(
      'Puts our host, 10.0.0.2, and the Linux kernel of this machine, 10.0.0.1, on the two ends of a TAP, in a network namespace that ends with the command: curl asks, our host answers. Needs root and /dev/net/tun.',
    )
    .argument(
      '[program...]',
      'what to run on the side of the kernel instead of curl; with --connect, a server',
    )
    .passThroughOptions()
    .showSuggestionAfterError(false)
    .option(
      '--connect <address:port>',
      'our host asks instead, for /, a server on the side of the kernel',
      endpoint,
    )
    .option('--serve', 'answer whoever asks, until Ctrl-C')
    .option('--data <file>', 'serve a file, and have curl fetch it')
    .option('--mtu <bytes>', 'of both ends (default 1500)', mtu)
    .option('--no-offload', 'neither checksum offload nor super-packets')
    .option('--loss <percent>', 'frames of ours that are lost', percent)
    .option('--delay <time>', 'how long frames of ours are held back, such as 20ms', duration)
    .option(
      '--reorder <percent>',
      'frames of ours that pass others (with a delay, 10ms unless given)',
      percent,
    )
    .option('--duplicate <percent>', 'frames of ours that are sent twice', percent)
    .option('--corrupt <percent>', 'frames of ours in which a bit flips', percent)
    .option('--seed <number>', 'what is random on our side follows from it', seed)
    .option('--sysctl <name=value>', 'set a sysctl of our host (repeatable)', assignment)
    .option('--pcap <file>', 'write what crossed the TAP')
    .option('--strace', 'print the calls of our program instead of the story')
    .option('--json', 'one JSON document instead of text; with --serve, one a line')
    .option('-v, --verbose', 'a line for every frame')
    .action(async (words: string[], options: Omit<TapArgs, 'program'>) => {
      const before = program.opts();
      const idle = ELSEWHERE.find((name) => before[name] !== undefined);
      if (idle !== undefined) throw new CommandError(`--${idle} is of the simulated network, and not of tap`);
      const args: TapArgs = { ...before, ...options, program: words, color };
      const note = args.json ? (line: string) => void process.stderr.write(`${line}\n`) : out;
      const { tap } = await import('./tap.ts');
      end(await tap(args, out, note));
    });
}
