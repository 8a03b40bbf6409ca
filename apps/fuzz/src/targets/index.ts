/**
 * All targets, in the order of a packet's way.
 * @module
 */
import * as arp from '@stack/arp';
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import * as tcp from '@stack/tcp';
import type { Target } from '../target.ts';
import { pcap, pcapng } from './capture.ts';
import { descriptors } from './descriptor.ts';
import { headerTarget } from './header.ts';
import { pulls } from './pull.ts';
import { ethernetReaders, ipv4Readers, tcpReaders } from './readers.ts';
import { arpSeeds, ethernetSeeds, ipv4Seeds, tcpSeeds } from './seeds.ts';

/** Every codec of the repository. */
export const TARGETS: readonly Target[] = [
  headerTarget('ethernet', ethernet, ethernetSeeds, ethernetReaders),
  headerTarget('arp', arp, arpSeeds),
  headerTarget('ipv4', ipv4, ipv4Seeds, ipv4Readers),
  headerTarget('tcp', tcp, tcpSeeds, tcpReaders),
  pulls,
  descriptors,
  pcap,
  pcapng,
];
