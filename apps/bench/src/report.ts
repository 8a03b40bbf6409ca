/**
 * The table for people.
 * @module
 */
import type { Gate, Result } from './results.ts';
import { align, times } from './table.ts';
import type { Group } from './variants.ts';

const TITLES: Record<Group, string> = {
  decode: 'decode: all Ethernet, IPv4, TCP fields and options',
  'decode+verify': 'decode and verify the IPv4 and TCP checksums',
  encode: 'encode: all headers and options, checksums as given',
  'encode+csum': 'encode and compute the IPv4 and TCP checksums',
  checksum: 'RFC 1071 checksum',
  crc32: 'CRC-32 (Ethernet FCS)',
};

/** Who the others are compared with, by their column. */
const PEERS: Record<Group, readonly [heading: string, subject: string][]> = {
  decode: [
    ['floor', 'floor'],
    ['pcap', 'npm pcap'],
    ['its frame', 'npm pcap, frame only'],
    ['ether+ip', 'ether-frame+ip-packet'],
  ],
  'decode+verify': [],
  encode: [
    ['floor', 'floor'],
    ['ether+ip', 'ether-frame+ip-packet'],
  ],
  'encode+csum': [['ether+ip', 'ether-frame+ip-packet']],
  checksum: [['naive', 'getUint16 loop']],
  crc32: [['one table', 'one table']],
};

/** All groups, one table each. */
export function report(results: readonly Result[]): string {
  const groups = [...new Set(results.map((result) => result.group))];
  return groups.map((group) => groupTable(group, results)).join('\n\n');
}

function groupTable(group: Group, all: readonly Result[]): string {
  const results = all.filter((result) => result.group === group);
  const peers = PEERS[group];
  const sums = group === 'checksum' || group === 'crc32';
  const what = sums ? 'bytes' : 'set';
  const head = ['', what, sums ? 'ns' : 'ns/packet', 'spread', sums ? 'GB/s' : 'B/packet'];
  const rows = results.map((r) => [
    ...[r.subject, r.set, r.ns.toFixed(1), `${r.least.toFixed(1)}..${r.most.toFixed(1)}`],
    sums ? r.gigabytes.toFixed(2) : String(r.heap),
    ...peers.map(([, subject]) => {
      const peer = results.find((other) => other.subject === subject && other.set === r.set);
      return peer === undefined ? '-' : times(peer.ns / r.ns);
    }),
  ]);
  const note = peers.length > 0 ? '   (x: how many times faster than)' : '';
  return `${TITLES[group]}${note}\n${align([[...head, ...peers.map(([heading]) => `x ${heading}`)], ...rows])}`;
}

/** The gates. */
export function gateReport(gates: readonly Gate[]): string {
  const rows = gates.map(({ name, unit, must, aim, value, pass }) => [
    `${value === undefined ? '?   ' : pass ? 'pass' : 'MISS'}  ${name}`,
    value === undefined ? 'not measured' : `${times(value)} ${unit}`,
    `must ${Number(must.toFixed(2))}`,
    `aim ${aim}`,
  ]);
  return `gates (medians of one run)\n${align(rows)}`;
}
