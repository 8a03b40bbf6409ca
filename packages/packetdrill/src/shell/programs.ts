/**
 * The commands that set-up scripts use.
 * @module
 */
import { isNetlinkError, type QdiscSpec, type RouteOptions } from '@stack/host';
import { own } from '../own.ts';
import type { Machine } from './machine.ts';

/** A command while it runs. */
export interface PipelineCommand {
  readonly words: readonly string[];
  /** What the command before it in a pipe printed. */
  readonly input: string;
  /** What it prints. */
  output: string;
  complain(line: string): void;
}

type Program = (command: PipelineCommand, machine: Machine) => number | Promise<number>;

/** By name. */
export const PROGRAMS: Readonly<Record<string, Program>> = {
  sysctl,
  'set_sysctls.py': setSysctls,
  ip,
  tc,
  ethtool,
  nstat,
  grep,
  cat,
  echo,
  rm,
  dd,
  sleep,
  true: () => 0,
  false: () => 1,
  ':': () => 0,
};

/** `sysctl -q net.ipv4.tcp_sack=1 …`, also `name = value`; `-e` forgives names that are none. */
function sysctl({ words, complain }: PipelineCommand, machine: Machine): number {
  const forgives = words.includes('-e') || words.includes('-eq') || words.includes('-qe');
  let status = 0;
  for (const word of words.slice(1)) {
    if (word.startsWith('-')) continue;
    const at = word.indexOf('=');
    if (at < 0) {
      if (machine.readFile(`/proc/sys/${word.replaceAll('.', '/')}`) === undefined) status = 255;
      continue;
    }
    const fault = machine.setSysctl(word.slice(0, at).trim(), word.slice(at + 1).trim());
    if (fault === undefined || (forgives && fault.includes('ENOENT'))) continue;
    complain(`sysctl: ${fault}`);
    status = 255;
  }
  return status;
}

/** `set_sysctls.py /proc/sys/net/ipv4/tcp_timestamps=0 …`: what undoes it is a script of its own. */
function setSysctls({ words, complain }: PipelineCommand, machine: Machine): number {
  const before: [string, string][] = [];
  let status = 0;
  for (const word of words.slice(1)) {
    const at = word.indexOf('=');
    const path = word.slice(0, at);
    const old = at < 0 ? undefined : machine.readFile(path);
    if (old === undefined) {
      complain(`${path}: no such sysctl`);
      status = 1;
      break;
    }
    before.push([path, old.trim()]);
    const fault = machine.setSysctl(path, word.slice(at + 1));
    if (fault !== undefined) complain(fault); // a write that fails is not noticed, as echo in a subshell is not
  }
  const name = `/tmp/sysctl_restore_${machine.variables.PACKETDRILL_PID ?? ''}.sh`;
  machine.restores.set(name, () => {
    for (const [path, value] of before) machine.setSysctl(path, value);
  });
  return status;
}

/** `ip tcp_metrics flush all`, `ip route change …`. */
function ip(command: PipelineCommand, machine: Machine): number {
  const { complain, words } = command;
  const args = words.slice(1).filter((word) => word !== '-4');
  if (args.includes('-6')) return complained(complain, 'ip: there is no IPv6 here', 1);
  const [object, verb, ...rest] = args;
  if (object === 'tcp_metrics' || object === 'tcpmetrics') return tcpMetrics(command, machine, verb, rest);
  if (object === 'link' && verb === 'set') return 0;
  if (object !== 'route' && object !== 'r')
    return complained(complain, `ip ${object ?? ''}: not known here`, 1);
  const [prefix = '', ...words2] = rest;
  try {
    const options = routeOptions(words2);
    const full = prefix === 'default' || prefix.includes('/') ? prefix : `${prefix}/32`;
    if (verb === 'add') machine.host.route.add(full, options);
    else if (verb === 'change' || verb === 'replace') machine.host.route.replace(full, options);
    else if (verb === 'del' || verb === 'delete') machine.host.route.del(full, options);
    else return complained(complain, `ip route ${verb ?? ''}: not known here`, 1);
    return 0;
  } catch (error) {
    if (!isNetlinkError(error) && !(error instanceof RangeError)) throw error;
    return complained(complain, `ip route: ${(error as Error).message}`, 2);
  }
}

/** `ip tcp_metrics flush all`, `ip tcp_metrics show`, `ip tcp_metrics delete 192.0.2.1`. */
function tcpMetrics(
  command: PipelineCommand,
  machine: Machine,
  verb: string | undefined,
  rest: readonly string[],
): number {
  const { complain } = command;
  const { tcpMetrics: verbs } = machine.host;
  const [first] = rest.filter((word) => word !== 'address');
  const filter = first === undefined || first === 'all' ? {} : { address: first };
  try {
    if (verb === undefined || verb === 'show' || verb === 'list') {
      command.output = verbs
        .format(filter)
        .map((line) => `${line}\n`)
        .join('');
    } else if (verb === 'flush') verbs.flush(filter);
    else if ((verb === 'delete' || verb === 'del') && first !== undefined) verbs.del(first);
    else return complained(complain, `ip tcp_metrics ${verb}: not known here`, 1);
    return 0;
  } catch (error) {
    if (!isNetlinkError(error)) throw error;
    return complained(complain, `ip tcp_metrics: ${error.message}`, 2);
  }
}

const ROUTE_NUMBERS: Readonly<Record<string, keyof RouteOptions>> = {
  advmss: 'advmss',
  mtu: 'mtu',
  initcwnd: 'initcwnd',
  initrwnd: 'initrwnd',
  window: 'window',
  metric: 'metric',
  hoplimit: 'hoplimit',
  ssthresh: 'ssthresh',
  cwnd: 'cwnd',
  reordering: 'reordering',
};

/** Times, and what a number without a unit counts, of a millisecond. */
const ROUTE_TIMES: Readonly<Record<string, readonly [name: keyof RouteOptions, unit: number]>> = {
  rtt: ['rtt', 8],
  rttvar: ['rttvar', 4],
  rto_min: ['rtoMin', 1],
};

/** ms. */
function routeTime(text: string, unit: number): number {
  const value = Number.parseFloat(text);
  if (text.endsWith('ms')) return value;
  return text.endsWith('s') ? value * 1000 : value / unit;
}

/** @throws RangeError for a word that is none. */
function routeOptions(words: readonly string[]): RouteOptions {
  const options: Record<string, unknown> = {};
  for (let i = 0; i < words.length; i += 2) {
    const word = words[i] ?? '';
    let value = words[i + 1];
    if (value === 'lock') {
      if (word === 'mtu') options.mtuLock = true;
      else options.lock = [...((options.lock as string[] | undefined) ?? []), word];
      i++;
      value = words[i + 1];
    }
    if (value === undefined) throw new RangeError(`no value for ${word}`);
    const name = own(ROUTE_NUMBERS, word);
    const time = own(ROUTE_TIMES, word);
    if (word === 'via' || word === 'dev' || word === 'src' || word === 'proto') {
      options[word === 'proto' ? 'protocol' : word] = value;
    } else if (name !== undefined) options[name] = Number.parseInt(value, 10);
    else if (time !== undefined) options[time[0]] = routeTime(value, time[1]);
    else if (word === 'congctl' || word === 'features') options[word] = value;
    else if (word === 'quickack') options.quickack = value !== '0';
    else if (word === 'fastopen_no_cookie') options.fastopenNoCookie = value !== '0';
    else throw new RangeError(`'${word}' is not known here`);
  }
  return options as RouteOptions;
}

/** `tc qdisc add dev tun0 root pfifo limit 0`. */
function tc({ words, complain }: PipelineCommand, machine: Machine): number {
  const [, object, verb, ...rest] = words;
  if (object !== 'qdisc') return complained(complain, `tc ${object ?? ''}: not known here`, 1);
  const dev = rest[rest.indexOf('dev') + 1] ?? '';
  const kind = rest[rest.indexOf('root') + 1];
  try {
    if (verb === 'del' || verb === 'delete') machine.host.qdisc.del(dev);
    else machine.host.qdisc.replace(dev, qdiscSpec(kind ?? '', rest.slice(rest.indexOf('root') + 2)));
    return 0;
  } catch (error) {
    if (!isNetlinkError(error) && !(error instanceof RangeError)) throw error;
    return complained(complain, `tc qdisc: ${(error as Error).message}`, 2);
  }
}

/** @throws RangeError for a discipline or an option that is none. */
function qdiscSpec(kind: string, options: readonly string[]): QdiscSpec {
  if (kind === 'noqueue' || kind === 'pfifo_fast') return { kind };
  const limit = options[0] === 'limit' ? { limit: Number(options[1]) } : {};
  if (options.length > 0 && options[0] !== 'limit') throw new RangeError(`'${options[0]}' is not known here`);
  if (kind === 'pfifo' || kind === 'bfifo') return { kind, ...limit };
  if (kind === 'fq') return { kind: 'fq' };
  throw new RangeError(`'${kind}' is not known here`);
}

/** `ethtool -K tun0 tso off gso off`. */
function ethtool({ words, complain }: PipelineCommand, machine: Machine): number {
  if (words[1] !== '-K') return complained(complain, 'ethtool: only -K is known here', 1);
  if (words[2] !== machine.tun.name) return complained(complain, `ethtool: no device ${words[2] ?? ''}`, 1);
  const { features } = machine.tun;
  for (let i = 3; i < words.length; i += 2) {
    const feature = words[i] ?? '';
    const value = words[i + 1];
    if (value !== 'on' && value !== 'off') return complained(complain, `ethtool: ${feature} is on or off`, 1);
    if (feature === 'gro' || feature === 'lro') continue;
    if (!Object.hasOwn(features, feature)) return complained(complain, `ethtool: no feature ${feature}`, 1);
    features[feature] = value === 'on';
  }
  return 0;
}

/** `nstat`: what moved since the last time. */
function nstat(command: PipelineCommand, machine: Machine): number {
  command.output = machine.counters();
  return 0;
}

/** `grep TEXT FILE…`: lines that have the text; no pattern but `^` and `$`. */
function grep(command: PipelineCommand, machine: Machine): number {
  const args = command.words.slice(1);
  const isQuiet = args.includes('-q');
  const [text = '', ...files] = args.filter((word) => !/^-[a-zA-Z]+$/.test(word));
  const source =
    files.length === 0 ? command.input : files.map((file) => machine.readFile(file) ?? '').join('');
  const found = source.split('\n').filter((line) => line !== '' && matches(line, text));
  if (!isQuiet) command.output = found.map((line) => `${line}\n`).join('');
  return found.length > 0 ? 0 : 1;
}

function matches(line: string, text: string): boolean {
  const inner = text.replace(/^\^/, '').replace(/\$$/, '');
  if (text.startsWith('^') && !line.startsWith(inner)) return false;
  if (text.endsWith('$') && !line.endsWith(inner)) return false;
  return line.includes(inner);
}

function cat(command: PipelineCommand, machine: Machine): number {
  let status = 0;
  for (const path of command.words.slice(1)) {
    const text = machine.readFile(path);
    if (text === undefined) {
      command.complain(`cat: ${path}: no such file`);
      status = 1;
    } else command.output += text;
  }
  return status;
}

function echo(command: PipelineCommand): number {
  command.output = `${command.words.slice(1).join(' ')}\n`;
  return 0;
}

/** Takes away files that a script made. */
function rm({ words, complain }: PipelineCommand, machine: Machine): number {
  const forces = words.some((word) => /^-\w*f/.test(word));
  let status = 0;
  for (const path of words.slice(1)) {
    if (path.startsWith('-')) continue;
    if (!machine.process.files.delete(path) && !forces)
      status = complained(complain, `rm: ${path}: no such file`, 1);
  }
  return status;
}

/** `dd if=/dev/zero of=FILE bs=N count=N`. */
function dd({ words, complain }: PipelineCommand, machine: Machine): number {
  const options = new Map(words.slice(1).map((word) => word.split('=', 2) as [string, string]));
  const to = options.get('of');
  if (options.get('if') !== '/dev/zero' || to === undefined) {
    return complained(complain, 'dd: only zeros go into a file here', 1);
  }
  const length = sizeOf(options.get('bs') ?? '512') * Number(options.get('count') ?? 1);
  if (!Number.isSafeInteger(length) || length > MOST_BYTES)
    return complained(complain, 'dd: too many bytes', 1);
  machine.process.files.set(to, new Uint8Array(length));
  return 0;
}

const MOST_BYTES = 64 << 20;

function sizeOf(text: string): number {
  const unit = own({ k: 1024, K: 1024, M: 1024 * 1024 }, text.slice(-1)) ?? 1;
  return Number.parseInt(text, 10) * unit;
}

async function sleep({ words, complain }: PipelineCommand, machine: Machine): Promise<number> {
  const seconds = Number(words[1]);
  if (!(seconds >= 0)) return complained(complain, 'sleep: no such time', 1);
  await machine.sleep(seconds);
  return 0;
}

function complained(complain: (line: string) => void, line: string, status: number): number {
  complain(line);
  return status;
}
