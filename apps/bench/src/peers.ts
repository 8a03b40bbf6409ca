/**
 * The packages compared with: what people use today.
 *
 * npm `pcap` compiles a native addon when it is installed, for which most machines lack libpcap's headers; only its
 * decoders, plain JavaScript, are measured. So it is no dependency: the first run installs it without its scripts, into
 * a cache of its own.
 * @module
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The version of npm `pcap` that is measured. */
export const PCAP_VERSION = '3.1.0';

const CACHE = join(import.meta.dirname, '..', 'node_modules', '.cache', `pcap-${PCAP_VERSION}`);

interface PcapOptions {
  mss: number | null;
  window_scale: number | null;
  sack_ok: boolean | null;
  sack: [number, number][] | null;
  timestamp: number | null;
  echo: number | null;
}

/** What npm `pcap`'s decoder makes of an Ethernet/IPv4/TCP frame. */
export interface PcapPacket {
  dhost: { addr: ArrayLike<number> };
  shost: { addr: ArrayLike<number> };
  ethertype: number;
  payload: {
    version: number;
    headerLength: number;
    diffserv: number;
    length: number;
    identification: number;
    flags: { reserved: boolean; doNotFragment: boolean; moreFragments: boolean };
    fragmentOffset: number;
    ttl: number;
    protocol: number;
    headerChecksum: number;
    saddr: { addr: ArrayLike<number> };
    daddr: { addr: ArrayLike<number> };
    payload: {
      sport: number;
      dport: number;
      seqno: number;
      ackno: number;
      headerLength: number;
      flags: Record<'nonce' | 'cwr' | 'ece' | 'urg' | 'ack' | 'psh' | 'rst' | 'syn' | 'fin', boolean>;
      windowSize: number;
      checksum: number;
      urgentPointer: number;
      options: PcapOptions;
    };
  };
}

/** What a capture session of npm `pcap` hands its user, and what its `decode.packet` takes. */
export interface RawPacket {
  /** Seconds, microseconds, captured and original length, u32 each, little-endian. */
  header: Buffer;
  buf: Buffer;
  link_type: 'LINKTYPE_ETHERNET';
}

/** The decoders of npm `pcap`. */
export interface PcapDecoders {
  /** What its README tells users to call. */
  decode: { packet(raw: RawPacket): { payload: PcapPacket } };
  /** What that calls for the frame alone. */
  EthernetPacket: new () => { decode(frame: Buffer, offset: number): PcapPacket };
}

/** npm `pcap`'s decoders; undefined where they are not installed. */
export function pcapDecoders(): PcapDecoders | undefined {
  const require = createRequire(join(CACHE, 'package.json'));
  try {
    return require('pcap/decode') as PcapDecoders;
  } catch {
    return undefined;
  }
}

/** Installs npm `pcap` where it is missing, without running its scripts; false when that failed. */
export function installPcap(): boolean {
  if (pcapDecoders() !== undefined) return true;
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(join(CACHE, 'package.json'), '{ "private": true }\n');
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--no-save'];
  try {
    // A shell only where npm is a .cmd file.
    execFileSync('npm', ['install', ...options, '--prefix', CACHE, `pcap@${PCAP_VERSION}`], {
      stdio: ['ignore', 'ignore', 'pipe'],
      shell: process.platform === 'win32',
    });
  } catch {
    return false;
  }
  return pcapDecoders() !== undefined;
}

/** npm `ether-frame`'s class. */
export interface EtherFrame {
  src: string;
  dst: string;
  typeCode: number;
  toBuffer(into: Buffer, offset: number): Buffer;
}

/** A packet as npm `ip-packet` decodes and encodes it. */
export interface IpPacket {
  version: number;
  ihl: number;
  dscp: number;
  ecn: number;
  length: number;
  identification: number;
  flags: number;
  fragmentOffset: number;
  ttl: number;
  protocol: number;
  sourceIp: string;
  destinationIp: string;
  checksum: number;
  data: Buffer;
}

/** npm `ether-frame` and `ip-packet`. */
export interface EtherFrameAndIpPacket {
  etherFrame: {
    new (fields: Partial<EtherFrame>): EtherFrame;
    fromBuffer(frame: Buffer, offset: number): EtherFrame;
  };
  ipPacket: {
    decode(state: { buffer: Buffer; start: number; end: number }): IpPacket;
    encode(state: { buffer: Buffer; start: number; end: number }, packet: IpPacket): void;
    checksum(packet: Buffer): number;
  };
}

/** Both packages are dependencies. */
export function etherFrameAndIpPacket(): EtherFrameAndIpPacket {
  const require = createRequire(import.meta.url);
  return {
    etherFrame: require('ether-frame') as EtherFrameAndIpPacket['etherFrame'],
    ipPacket: require('ip-packet') as EtherFrameAndIpPacket['ipPacket'],
  };
}
