/**
 * A packet as text: one line as tcpdump prints it, and every field of every layer.
 * @module
 */
import * as arp from '@stack/arp';
import * as ethernet from '@stack/ethernet';
import * as icmp from '@stack/icmp';
import * as ipv4 from '@stack/ipv4';
import type { Packet, Timestamp } from '@stack/pcap';
import * as tcp from '@stack/tcp';
import * as udp from '@stack/udp';
import { type Checksums, verify } from './dissect-checksums.ts';
import { type Dissection, type Layer, layerOf, tcpLength } from './dissect-layers.ts';

/** `hh:mm:ss.µµµµµµ` of the day, in UTC; `-` for a packet without time. */
export function formatTime(time: Timestamp | undefined): string {
  if (time === undefined) return '-';
  const day = ((time.seconds % 86_400) + 86_400) % 86_400;
  const parts = [Math.floor(day / 3600), Math.floor(day / 60) % 60, day % 60].map((part) =>
    String(part).padStart(2, '0'),
  );
  return `${parts.join(':')}.${String(Math.floor(time.nanoseconds / 1000)).padStart(6, '0')}`;
}

/** The line of a packet, its time not included. */
export function formatPacket(packet: Packet, found: Dissection, checksums: Checksums): string {
  const notes = notesOf(found, checksums, packet);
  return [...headline(packet, found), ...notes].join(', ');
}

function headline(packet: Packet, found: Dissection): string[] {
  const frame = layerOf(found, 'ethernet');
  const ip = layerOf(found, 'ipv4');
  const tags = (frame?.header.tags ?? []).map(
    ({ tci }) => `vlan ${ethernet.vid(tci)}, p ${ethernet.pcp(tci)}`,
  );
  if (ip) return [...tags, ipLine(ip.header, found)];
  const arpLayer = layerOf(found, 'arp');
  if (arpLayer) return [...tags, `ARP, ${arp.format(arpLayer.header)}`, `length ${arpLayer.length}`];
  if (frame) return [ethernet.format(frame.header), `length ${packet.originalLength}`];
  return [found.unknown ?? found.refused?.name ?? 'packet', `length ${packet.originalLength}`];
}

function ipLine(header: ipv4.Header, found: Dissection): string {
  const [from, to] = [ipv4.formatAddress(header.saddr), ipv4.formatAddress(header.daddr)];
  const length = header.totLen - header.ihl * 4;
  const transport = found.layers.at(-1)!;
  // `a > b: …` of the codec, with the addresses in front of the ports.
  const withPorts = (text: string): string => {
    const [source, rest] = cutAt(text, ' > ');
    return `IP ${from}.${source} > ${to}.${rest}`;
  };
  switch (transport.name) {
    case 'tcp':
      return withPorts(tcp.format(transport.header, tcpLength(found)));
    case 'udp':
      return withPorts(udp.format(transport.header));
    case 'icmp':
      return `IP ${from} > ${to}: ${icmp.formatMessage(transport.header, length)}`;
  }
  const name = ipv4.protocolName(header.protocol)?.slice('IPPROTO_'.length) ?? `ip-proto-${header.protocol}`;
  const fragment = header.fragOff > 0 ? `, fragment at ${header.fragOff * 8}` : '';
  return `IP ${from} > ${to}: ${name}${fragment}, length ${length}`;
}

function cutAt(text: string, separator: string): [before: string, after: string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + separator.length)];
}

function notesOf(found: Dissection, checksums: Checksums, packet: Packet): string[] {
  const notes: string[] = [];
  if (checksums.ipv4 === false) notes.push('bad ip checksum');
  for (const name of ['icmp', 'tcp', 'udp'] as const) {
    if (checksums[name] === false) notes.push(`bad ${name} checksum`);
  }
  if (found.refused) notes.push(`[${found.refused.name} refused: ${found.refused.code}]`);
  if (packet.data.length < packet.originalLength) notes.push(`[${packet.data.length} bytes captured]`);
  return notes;
}

/** Every field of every layer, one line a layer; those of a quoted packet are marked so, and indented once more. */
export function formatLayers(data: Uint8Array, found: Dissection, indent = '    ', mark = ''): string[] {
  const checksums = verify(data, found);
  const lines = found.layers.map((layer) => {
    const fields = Object.entries(layer.header).map(([name, value]) =>
      layer.name === 'icmp' && BULK.includes(name)
        ? `${name} ${value.length} bytes`
        : `${name} ${formatField(layer.name, name, value)}`,
    );
    const verdict = checksums[layer.name as keyof Checksums];
    if (verdict !== undefined) fields.push(`checksum ${verdict ? 'right' : 'wrong'}`);
    return `${indent}${mark}${layer.name} at ${layer.offset}, ${layer.length} bytes: ${fields.join(', ')}`;
  });
  const { quoted, refused, unknown } = found;
  const { offset, end } = found.payload;
  if (quoted) lines.push(...formatLayers(data, quoted, `${indent}  `, 'quoted '));
  if (unknown) lines.push(`${indent}not understood: ${unknown}`);
  if (refused) lines.push(`${indent}${refused.name} at ${refused.offset}: refused, ${refused.code}`);
  if (end > offset) lines.push(`${indent}${end - offset} bytes at ${offset}`);
  return lines;
}

/** Fields that people read in hexadecimal, with their digits. */
const HEX: Readonly<Record<string, number>> = {
  proto: 4,
  check: 4,
  flags: 3,
  tos: 2,
  ptype: 4,
  htype: 4,
  tpid: 4,
  tci: 4,
  mask: 8,
  rest: 8,
};
/** Fields that are IPv4 addresses. */
const ADDRESSES: readonly string[] = ['saddr', 'daddr', 'gateway', 'address'];
/** Fields of ICMP messages that hold packets, or whatever a host put there: only their size is told. */
const BULK: readonly string[] = ['data', 'quote'];

function formatField(layer: Layer['name'], name: string, value: unknown): string {
  if (value === null || value === undefined) return 'none';
  if (value instanceof Uint8Array) return hexOf(value) || '-';
  if (Array.isArray(value)) return `[${value.map((item) => formatItem(layer, item)).join(', ')}]`;
  if (typeof value === 'object') return `{${formatEntries(layer, value)}}`;
  if (typeof value !== 'number') return String(value);
  if (layer === 'ethernet' && (name === 'dest' || name === 'source')) return ethernet.formatMac(value);
  if (ADDRESSES.includes(name)) return ipv4.formatAddress(value);
  if (name === 'flags' && layer === 'tcp') return tcp.formatFlags(value);
  if (name === 'flags') return ipv4.formatFlags(value);
  return name in HEX ? `0x${value.toString(16).padStart(HEX[name]!, '0')}` : String(value);
}

/** One element of a list: an option, or a tag. */
function formatItem(layer: Layer['name'], item: object): string {
  if (layer === 'tcp') return tcp.formatOption(item as tcp.Option);
  if (layer === 'ipv4') return ipv4.formatOption(item as ipv4.Option);
  return `{${formatEntries(layer, item)}}`;
}

function formatEntries(layer: Layer['name'], value: object): string {
  return Object.entries(value)
    .map(([name, field]) => `${name} ${formatField(layer, name, field)}`)
    .join(', ');
}

/** Bytes as digits without spaces. */
export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
