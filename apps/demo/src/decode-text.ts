/**
 * A packet as text: one line as tcpdump prints it, and every field of every layer.
 * @module
 */
import * as arp from '@stack/arp';
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import type { Packet, Timestamp } from '@stack/pcap';
import * as tcp from '@stack/tcp';
import { type Checksums, type Dissection, type Layer, layerOf, tcpLength } from './dissect.ts';

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
  const segment = layerOf(found, 'tcp');
  if (segment) {
    // `a > b: …` of the codec, with the addresses in front of the ports.
    const [source, rest] = cutAt(tcp.format(segment.header, tcpLength(found)), ' > ');
    return `IP ${from}.${source} > ${to}.${rest}`;
  }
  const name = ipv4.protocolName(header.protocol)?.slice('IPPROTO_'.length) ?? `ip-proto-${header.protocol}`;
  const fragment = header.fragOff > 0 ? `, fragment at ${header.fragOff * 8}` : '';
  return `IP ${from} > ${to}: ${name}${fragment}, length ${header.totLen - header.ihl * 4}`;
}

function cutAt(text: string, separator: string): [before: string, after: string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + separator.length)];
}

function notesOf(found: Dissection, checksums: Checksums, packet: Packet): string[] {
  const notes: string[] = [];
  if (checksums.ipv4 === false) notes.push('bad ip checksum');
  if (checksums.tcp === false) notes.push('bad tcp checksum');
  if (found.refused) notes.push(`[${found.refused.name} refused: ${found.refused.code}]`);
  if (packet.data.length < packet.originalLength) notes.push(`[${packet.data.length} bytes captured]`);
  return notes;
}

/** Every field of every layer, one line a layer. */
export function formatLayers(found: Dissection, checksums: Checksums): string[] {
  const lines = found.layers.map((layer) => {
    const fields = Object.entries(layer.header).map(
      ([name, value]) => `${name} ${formatField(layer.name, name, value)}`,
    );
    const verdict = layer.name === 'ipv4' || layer.name === 'tcp' ? checksums[layer.name] : undefined;
    if (verdict !== undefined) fields.push(`checksum ${verdict ? 'right' : 'wrong'}`);
    return `    ${layer.name} at ${layer.offset}, ${layer.length} bytes: ${fields.join(', ')}`;
  });
  const { offset, end } = found.payload;
  if (found.unknown) lines.push(`    not understood: ${found.unknown}`);
  if (found.refused)
    lines.push(`    ${found.refused.name} at ${found.refused.offset}: refused, ${found.refused.code}`);
  if (end > offset) lines.push(`    ${end - offset} bytes at ${offset}`);
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
};

function formatField(layer: Layer['name'], name: string, value: unknown): string {
  if (value === null) return 'none';
  if (value instanceof Uint8Array) return hexOf(value) || '-';
  if (Array.isArray(value)) return `[${value.map((item) => formatItem(layer, item)).join(', ')}]`;
  if (typeof value === 'object') return `{${formatEntries(layer, value)}}`;
  if (typeof value !== 'number') return String(value);
  if (layer === 'ethernet' && (name === 'dest' || name === 'source')) return ethernet.formatMac(value);
  if (name === 'saddr' || name === 'daddr') return ipv4.formatAddress(value);
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
