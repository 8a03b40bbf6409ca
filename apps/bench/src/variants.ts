/**
 * What is measured: every variant, the group it is compared in, and the module that its own process loads for it.
 * @module
 */
import type { Pass } from './measure.ts';
import { makeSet, type PacketSet, SETS, type SetName } from './workload.ts';

/** Variants of one group do the same work on the same bytes, so that their times are comparable. */
export type Group = 'decode' | 'decode+verify' | 'encode' | 'encode+csum' | 'checksum' | 'crc32';

/** One way to do a group's work. */
export interface Variant {
  group: Group;
  /** Who does it, as the table names it. */
  subject: string;
  /** Names of packet sets, or lengths in bytes. */
  sets: readonly string[];
  /** Loads it, checks that it answers right over all of `set`, and prepares a run; undefined where it is not to be had. */
  prepare: (set: string) => Promise<Pass | undefined>;
}

function packets(
  group: Group,
  subject: string,
  load: () => Promise<(set: PacketSet) => Pass | undefined>,
): Variant {
  return { group, subject, sets: SETS, prepare: async (set) => (await load())(makeSet(set as SetName)) };
}

function lengths(
  group: Group,
  subject: string,
  sets: readonly string[],
  load: () => Promise<(length: number) => Pass | undefined>,
): Variant {
  return { group, subject, sets, prepare: async (set) => (await load())(Number(set)) };
}

const CHECKSUM_LENGTHS = ['20', '64', '1500', '65536'];
const CRC_LENGTHS = ['64', '1500', '65536'];

/** All of them, each group's floor first. */
export const VARIANTS: readonly Variant[] = [
  packets('decode', 'floor', async () => (await import('./decode/floor.ts')).prepare),
  packets('decode', 'in place', async () => (await import('./decode/in-place.ts')).prepare),
  packets('decode', 'header objects', async () => (await import('./decode/objects.ts')).prepare),
  packets('decode', 'decode(bytes)', async () => (await import('./decode/bytes.ts')).prepare),
  packets('decode', 'pull(skb)', async () => (await import('./decode/pull.ts')).prepare),
  packets('decode', 'npm pcap', async () => (await import('./decode/npm-pcap.ts')).prepare),
  packets('decode', 'npm pcap, frame only', async () => (await import('./decode/npm-pcap.ts')).prepareFrame),
  packets(
    'decode',
    'ether-frame+ip-packet',
    async () => (await import('./decode/npm-ether-frame.ts')).prepare,
  ),

  packets('decode+verify', 'in place', async () => (await import('./decode/in-place.ts')).prepareVerify),
  packets('decode+verify', 'header objects', async () => (await import('./decode/objects.ts')).prepareVerify),

  packets('encode', 'floor', async () => (await import('./encode/floor.ts')).prepare),
  packets('encode', 'encode(header, into)', async () => (await import('./encode/headers.ts')).prepare),
  packets(
    'encode',
    'ether-frame+ip-packet',
    async () => (await import('./encode/npm-ether-frame.ts')).prepare,
  ),

  packets(
    'encode+csum',
    'encode(header, into)',
    async () => (await import('./encode/headers.ts')).prepareCsum,
  ),
  packets('encode+csum', 'push(skb)', async () => (await import('./encode/push.ts')).prepare),
  packets(
    'encode+csum',
    'ether-frame+ip-packet',
    async () => (await import('./encode/npm-ether-frame.ts')).prepareCsum,
  ),

  lengths(
    'checksum',
    'csumPartial',
    CHECKSUM_LENGTHS,
    async () => (await import('./sums/checksum.ts')).prepare,
  ),
  lengths(
    'checksum',
    'getUint16 loop',
    CHECKSUM_LENGTHS,
    async () => (await import('./sums/checksum.ts')).prepareNaive,
  ),

  lengths('crc32', 'crc32', CRC_LENGTHS, async () => (await import('./sums/crc32.ts')).prepare),
  lengths('crc32', 'one table', CRC_LENGTHS, async () => (await import('./sums/crc32.ts')).prepareTable),
  lengths('crc32', 'node:zlib (C)', CRC_LENGTHS, async () => (await import('./sums/crc32.ts')).prepareZlib),
];
