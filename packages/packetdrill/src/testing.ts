/**
 * Scripts made wrong in one place: each has to fail, or the script did not say enough.
 * @module
 */

/** A script with one thing changed. */
export interface Mutation {
  /** What was changed, and the line it stood in. */
  name: string;
  script: string;
}

const OUTBOUND = /^\s*(\+?[\d.]+|\*)\s+>/;
const FLAGS = /(> (?:\[\w+\] )?)([FSRP.UEW]+|-)(?= )/;
/** In the order of scripts. */
const LETTERS = 'FSRP.UEW';

/**
 * Mutations of the lines that say what comes out, and of what calls answer: fields of a segment, its time, the line twice or not at all,
 * results of calls, numbers of assertions. Run them with `tolerance: 0` and `exhaustive`.
 */
export function mutationsOf(script: string): Mutation[] {
  const lines = script.split('\n');
  return lines.flatMap((line, at) => {
    const changed = OUTBOUND.test(line) ? outbound(line) : CALL.test(line) ? call(line) : code(line);
    return changed.map(([what, text]) => ({
      name: `${what}: ${line.trim()}`,
      script: [...lines.slice(0, at), ...text, ...lines.slice(at + 1)].join('\n'),
    }));
  });
}

type Changed = [what: string, lines: string[]];

function outbound(line: string): Changed[] {
  const isSyn = /> (?:\[.*\] )?S/.test(line); // where a script's numbers and timestamps begin is its own choice
  const isTcp = !line.includes('udp');
  const changes: [string, string][] = [
    ['a sequence number', isSyn ? line : line.replace(/(\d+):(\d+)\(/, (_, a, b) => `${+a + 1}:${+b + 1}(`)],
    ['a length', line.replace(/:(\d+)\((\d+)\)/, (_, b, n) => `:${+b + 1}(${+n + 1})`)],
    ['the length of a datagram', line.replace(/udp \((\d+)\)/, (_, n) => `udp (${+n + 1})`)],
    ['an ack number', plusOne(line, /(ack )(\d+)/)],
    ['a window', plusOne(line, /(win )(\d+)/)],
    ['an urgent pointer', isTcp ? withUrgent(line) : line],
    ['the MSS', plusOne(line, /(mss )(\d+)/)],
    ['the window scale', plusOne(line, /(wscale )(\d+)/)],
    ['a timestamp', isSyn ? line : line.replace(/(val )(\d+)/, (_, word, n) => `${word}${+n + 2000}`)],
    ['an echo', plusOne(line, /(ecr )(\d+)/)],
    ['options added', isTcp ? withNops(line) : line],
    ['options gone', line.replace(/ <[^>]*>$/, '')],
    ['the order of options', line.replace(/<([^,>]+),([^>]+)>$/, '<$2,$1>')],
    ['ECN', line.replace(/> (?!\[)/, '> [ect0] ')],
    [
      'TTL',
      line.includes('[ttl ') ? plusOne(line, /(\[ttl )(\d+)/) : line.replace(/> (?!\[)/, '> [ttl 63] '),
    ],
    ['TOS', line.replace(/\[tos 0x(\w+)/, (_, hex) => `[tos ${Number.parseInt(hex, 16) ^ 4}`)],
    ['later', shifted(line, 0.002)],
    ...[...LETTERS].map((letter): [string, string] => [`flag ${letter}`, toggled(line, letter)]),
  ];
  return [
    ...changes.filter(([, text]) => text !== line).map(([what, text]): Changed => [what, [text]]),
    ['gone', [line.replace(/>.*$/, '`true`')]], // what takes its place takes its time
    ...(line.includes('+0 >') ? [['twice', [line, line]] as Changed] : []), // at its time; later it may come again
  ];
}

function withUrgent(line: string): string {
  return line.includes(' urg ') ? plusOne(line, /( urg )(\d+)/) : line.replace(/(?= <|$)/, ' urg 1');
}

function withNops(line: string): string {
  return line.includes('<') ? line.replace(/>\s*$/, ',nop,nop,nop,nop>') : `${line} <nop,nop,nop,nop>`;
}

/** Calls whose result is a number of its own, and no descriptor. */
const CALL =
  /msg_control=|cmsg_|ee_\w+=|\b(?:read|write|send|recvmsg|shutdown|poll|epoll_wait|ioctl|getsockopt|fcntl|connect|close)\(/;

function call(line: string): Changed[] {
  const changes: [string, string][] = [
    ['a result', line.replace(/= (\d+)(?=\s|$)/, (_, n) => `= ${+n + 1}`)],
    ['no error', line.replace(/= -1 E.*/, '= 0')],
    ['an error', line.replace(/= \d+(?=\s|$)/, '= -1 EDOM (x)')],
    ['another error', line.replace(/= -1 E\w+/, '= -1 EDOM')],
    ['the value of an option', line.replace(/(getsockopt\(.*)\[(\w+)\], \[/, '$1[77], [')],
    ['what ioctl tells', line.replace(/(ioctl\(.*)\[(\d+)\]/, (_, head, n) => `${head}[${+n + 1}]`)],
    ['revents', line.replace('revents=POLLOUT', 'revents=POLLIN')],
    ['events', line.replace(/(epoll_wait\(\d+, \{events=)\w+/, '$1EPOLLPRI')],
    ['an error message', line.replace(/(ee_(?:origin|code|info|data)=)\w+/, '$199')],
    ['another control message', line.replace(/cmsg_type=\w+/, 'cmsg_type=99')],
    ['flags of a message', line.replace('msg_flags=0', 'msg_flags=MSG_TRUNC')],
    ['the time of return', line.replace(/\.\.\.([\d.]+)/, (_, t) => `...${+t + 0.1}`)],
    ['too early', line.replace(/\.\.\.([\d.]+)/, (_, t) => `...${(+t - 0.001).toFixed(3)}`)],
    ['not to wait', line.replace(/\.\.\.[\d.]+/, '')],
    ['flags of a descriptor', line.replace('= 0x2 ', '= 0x802 ')],
  ];
  return changes.filter(([, text]) => text !== line).map(([what, text]): Changed => [what, [text]]);
}

function code(line: string): Changed[] {
  const numbers = [...line.matchAll(/== (\d+)/g)];
  return numbers.map((found): Changed => {
    const at = (found.index ?? 0) + 3;
    return [
      'an assertion',
      [`${line.slice(0, at)}${Number(found[1]) + 1}${line.slice(at + (found[1]?.length ?? 0))}`],
    ];
  });
}

function plusOne(line: string, pattern: RegExp): string {
  return line.replace(pattern, (_, word: string, n: string) => `${word}${Number(n) + 1}`);
}

function shifted(line: string, seconds: number): string {
  return line.replace(
    /^(\s*\+?)([\d.]+)/,
    (_, sign, time) => `${sign}${(Number(time) + seconds).toFixed(6)}`,
  );
}

function toggled(line: string, letter: string): string {
  return line.replace(FLAGS, (_, head: string, flags: string) => {
    const kept = flags.includes(letter) ? flags.replace(letter, '') : flags.replace('-', '') + letter;
    return `${head}${[...LETTERS].filter((each) => kept.includes(each)).join('') || '-'}`;
  });
}
