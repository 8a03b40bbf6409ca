/**
 * Medians, ratios and gates from what the rounds measured.
 * @module
 */
import type { Cell } from './rounds.ts';
import { median } from './spread.ts';
import type { Group } from './variants.ts';

/** One line of the table. */
export interface Result {
  group: Group;
  subject: string;
  /** Packet set, or length in bytes. */
  set: string;
  /** Nanoseconds a packet (or a call): median over the rounds, and the least and most. */
  ns: number;
  least: number;
  most: number;
  /** Bytes allocated a packet. */
  heap: number;
  /** 10^9 bytes a second; 0 where a packet is not read whole. */
  gigabytes: number;
}

/** What the numbers must reach. */
export interface Gate {
  name: string;
  unit: 'x' | 'GB/s' | 'B/packet' | 'Gbit/s';
  /** The release gate: at least this, or for bytes at most. */
  must: number;
  /** The aim; the same as `must` where there is no other. */
  aim: number;
  /** What was measured; undefined when a side was not to be had. */
  value: number | undefined;
  pass: boolean;
}

/** The median of each cell over its rounds. */
export function resultsOf(cells: readonly Cell[]): Result[] {
  return cells.map(({ group, subject, set, samples }) => {
    const times = samples.map((sample) => sample.ns).sort((a, b) => a - b);
    const ns = median(times);
    const heap = median(samples.map((sample) => sample.heap).sort((a, b) => a - b));
    return {
      ...{ group, subject, set, ns, heap },
      ...{ least: times[0]!, most: times.at(-1)!, gigabytes: samples[0]!.bytes / ns },
    };
  });
}

/** The gates of the codecs over the mix, in the order of their importance. */
export function gatesOf(results: readonly Result[]): Gate[] {
  const find = (group: Group, subject: string, set: string): Result | undefined =>
    results.find((r) => r.group === group && r.subject === subject && r.set === set);
  const faster = (subject: string, than: string): number | undefined => {
    const ours = find('decode', subject, 'mix');
    const theirs = find('decode', than, 'mix');
    return ours && theirs && theirs.ns / ours.ns;
  };
  const atLeast = (name: string, unit: 'x' | 'GB/s', must: number, aim: number, value?: number): Gate => ({
    ...{ name, unit, must, aim, value },
    pass: value !== undefined && value >= must,
  });
  const heap = find('decode', 'in place', 'mix')?.heap;
  return [
    atLeast('in place, against npm pcap', 'x', 4, 8, faster('in place', 'npm pcap')),
    { name: 'in place, allocated', unit: 'B/packet', must: 0, aim: 0, value: heap, pass: heap === 0 },
    atLeast('header objects, against npm pcap', 'x', 1.5, 3, faster('header objects', 'npm pcap')),
    atLeast(
      'in place, against ether-frame+ip-packet',
      'x',
      12,
      25,
      faster('in place', 'ether-frame+ip-packet'),
    ),
    atLeast('RFC 1071 over 1500 bytes', 'GB/s', 4, 6, find('checksum', 'csumPartial', '1500')?.gigabytes),
    atLeast('CRC-32 over 1500 bytes', 'GB/s', 1.3, 1.3, find('crc32', 'crc32', '1500')?.gigabytes),
  ];
}
