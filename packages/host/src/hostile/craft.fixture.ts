/**
 * Frames as an attacker makes them: every field at will, lengths and checksums right unless they are given.
 * @module
 */
import { csumFold, csumPartial, pseudoIpv4 } from '@stack/skbuff/checksum';

/** Fields of an IPv4 header; what is left out is as a well-behaved sender has it. */
export interface IpFields {
  saddr: number;
  daddr: number;
  protocol: number;
  tos?: number;
  totLen?: number;
  id?: number;
  /** Flags and fragment offset as on the wire, u16. */
  fragment?: number;
  ttl?: number;
  /** Bytes of options, a multiple of four. */
  options?: Uint8Array;
  check?: number;
}

/** Fields of a TCP header. */
export interface SegmentFields {
  source: number;
  dest: number;
  seq: number;
  ack: number;
  flags: number;
  window: number;
  urgent?: number;
  /** Bytes of options, padded here to a multiple of four. */
  options?: Uint8Array;
  check?: number;
}

/** Bytes one after another. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** An Ethernet II frame; addresses are u48. */
export function frame(dest: number, source: number, proto: number, payload: Uint8Array): Uint8Array {
  const header = new Uint8Array(14);
  const view = new DataView(header.buffer);
  view.setUint16(0, Math.floor(dest / 0x1_0000_0000));
  view.setUint32(2, dest % 0x1_0000_0000);
  view.setUint16(6, Math.floor(source / 0x1_0000_0000));
  view.setUint32(8, source % 0x1_0000_0000);
  view.setUint16(12, proto);
  return join(header, payload);
}

/** ARP for Ethernet and IPv4. */
export function arp(op: number, sha: number, spa: number, tha: number, tpa: number): Uint8Array {
  const bytes = new Uint8Array(28);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x0001_0800);
  view.setUint16(4, 0x0604);
  view.setUint16(6, op);
  view.setUint16(8, Math.floor(sha / 0x1_0000_0000));
  view.setUint32(10, sha % 0x1_0000_0000);
  view.setUint32(14, spa);
  view.setUint16(18, Math.floor(tha / 0x1_0000_0000));
  view.setUint32(20, tha % 0x1_0000_0000);
  view.setUint32(24, tpa);
  return bytes;
}

/** An IPv4 packet. */
export function packet(fields: IpFields, payload: Uint8Array): Uint8Array {
  const { options = new Uint8Array(0) } = fields;
  const length = 20 + options.length;
  const header = new Uint8Array(length);
  header.set(options, 20);
  const view = new DataView(header.buffer);
  view.setUint8(0, 0x40 | (length >>> 2));
  view.setUint8(1, fields.tos ?? 0);
  view.setUint16(2, fields.totLen ?? length + payload.length);
  view.setUint16(4, fields.id ?? 0);
  view.setUint16(6, fields.fragment ?? 0);
  view.setUint8(8, fields.ttl ?? 64);
  view.setUint8(9, fields.protocol);
  view.setUint32(12, fields.saddr);
  view.setUint32(16, fields.daddr);
  view.setUint16(10, fields.check ?? csumFold(csumPartial(view, 0, length)));
  return join(header, payload);
}

/** A UDP datagram, for the addresses of the packet it goes into. */
export function datagram(
  { saddr, daddr }: Pick<IpFields, 'saddr' | 'daddr'>,
  source: number,
  dest: number,
  data: Uint8Array,
  part: { length?: number; check?: number } = {},
): Uint8Array {
  const bytes = join(new Uint8Array(8), data);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, source);
  view.setUint16(2, dest);
  view.setUint16(4, part.length ?? bytes.length);
  view.setUint16(6, part.check ?? (sumOf(view, saddr, daddr, 17) || 0xffff));
  return bytes;
}

/** A TCP segment, for the addresses of the packet it goes into. */
export function segment(
  { saddr, daddr }: Pick<IpFields, 'saddr' | 'daddr'>,
  fields: SegmentFields,
  data: Uint8Array,
): Uint8Array {
  const options = fields.options ?? new Uint8Array(0);
  const length = 20 + ((options.length + 3) & ~3);
  const bytes = new Uint8Array(length + data.length);
  bytes.set(options, 20);
  bytes.set(data, length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, fields.source);
  view.setUint16(2, fields.dest);
  view.setInt32(4, fields.seq);
  view.setInt32(8, fields.ack);
  view.setUint16(12, (length << 10) | (fields.flags & 0xfff));
  view.setUint16(14, fields.window);
  view.setUint16(18, fields.urgent ?? 0);
  view.setUint16(16, fields.check ?? sumOf(view, saddr, daddr, 6));
  return bytes;
}

/** An ICMP message: `rest` are the four bytes behind the checksum. */
export function icmp(type: number, code: number, rest: number, data: Uint8Array): Uint8Array {
  const bytes = join(new Uint8Array(8), data);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, type);
  view.setUint8(1, code);
  view.setUint32(4, rest);
  view.setUint16(2, csumFold(csumPartial(view, 0, bytes.length)));
  return bytes;
}

/** The checksum that belongs into a field that is still zero. */
function sumOf(view: DataView, saddr: number, daddr: number, protocol: number): number {
  const length = view.byteLength;
  return csumFold(csumPartial(view, 0, length, pseudoIpv4(saddr, daddr, protocol, length)));
}
