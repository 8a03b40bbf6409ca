/**
 * All targets, in the order of a packet's way.
 * @module
 */
import * as arp from '@stack/arp';
import * as ethernet from '@stack/ethernet';
import * as icmp from '@stack/icmp';
import * as ipv4 from '@stack/ipv4';
import * as tcp from '@stack/tcp';
import * as udp from '@stack/udp';
import { hostFrames } from '../hosts/frames.ts';
import { hostSyscalls } from '../hosts/syscalls.ts';
import { hostTcp } from '../hosts/tcp.ts';
import type { Target } from '../target.ts';
import { pcap, pcapng } from './capture.ts';
import { descriptors } from './descriptor.ts';
import { headerTarget } from './header.ts';
import { pulls } from './pull.ts';
import { ethernetReaders, ipv4Readers, tcpReaders } from './readers.ts';
import { arpSeeds, ethernetSeeds, icmpSeeds, ipv4Seeds, tcpSeeds, udpSeeds } from './seeds.ts';

/** Every codec of the repository. */
export const CODECS: readonly Target[] = [
  headerTarget('ethernet', ethernet, ethernetSeeds, ethernetReaders),
  headerTarget('arp', arp, arpSeeds),
  headerTarget('ipv4', ipv4, ipv4Seeds, ipv4Readers),
  headerTarget('icmp', icmp, icmpSeeds),
  headerTarget('udp', udp, udpSeeds),
  headerTarget('tcp', tcp, tcpSeeds, tcpReaders),
  pulls,
  descriptors,
  pcap,
  pcapng,
];

/** Networks of whole hosts. */
export const HOSTS: readonly Target[] = [hostFrames, hostSyscalls, hostTcp];

/** All of them. */
export const TARGETS: readonly Target[] = [...CODECS, ...HOSTS];
