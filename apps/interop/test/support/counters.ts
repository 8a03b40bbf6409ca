/**
 * What `nstat` prints of a namespace.
 * @module
 */
import { readFileSync } from 'node:fs';
import type { Netns } from '@stack/tap';

/** Counters by nstat's names. */
export type Counters = Readonly<Record<string, number>>;

/**
 * Both sides count here what arrived with a wrong checksum or header, and nothing else: `TcpInErrs` also counts a SYN that was sent twice, as a
 * host sends it that a busy machine let wait for a second, and `UdpInErrors` what found no room.
 */
export const BAD: readonly string[] = [
  'IpInHdrErrors',
  'IcmpInCsumErrors',
  'IcmpInErrors',
  'TcpInCsumErrors',
  'UdpInCsumErrors',
];

/** Counters of the kernel in a namespace. */
export function kernelCounters(ns: Netns): Counters {
  return Object.fromEntries(
    ['snmp', 'netstat'].flatMap((file) => parse(readFileSync(`/proc/${ns.pid}/net/${file}`, 'utf8'))),
  );
}

/** Pairs of lines: names, then values. */
function parse(text: string): [string, number][] {
  const lines = text
    .trim()
    .split('\n')
    .map((line) => line.split(/:? /));
  return lines.flatMap(([group, ...names], index) =>
    index % 2 === 1
      ? []
      : names.map((name, column): [string, number] => [
          `${group}${name}`,
          Number(lines[index + 1]?.[column + 1]),
        ]),
  );
}
