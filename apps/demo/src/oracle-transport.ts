/**
 * What tshark should say about a header behind an IPv4 header. Much of it depends on where that stands: how much of the packet
 * was captured, and whether it is a quote.
 * @module
 */
import * as icmp from '@stack/icmp';
import * as ipv4 from '@stack/ipv4';
import type * as tcp from '@stack/tcp';
import type * as udp from '@stack/udp';
import type { Checksums } from './dissect-checksums.ts';
import { type Dissection, type Layer, layerOf } from './dissect-layers.ts';
import { type Expectation, one } from './oracle-expectation.ts';
import { hasSupposed, icmpFields } from './oracle-icmp.ts';
import { tcpFields, tcpStartFields } from './oracle-tcp.ts';

/** What a header stands in. */
export interface Around {
  found: Dissection;
  checksums: Checksums;
  /** Bytes of the packet that were captured. */
  captured: number;
  /** Bytes of the packet that were on the wire, or came back in the quote: both count from the packet's start. */
  onWire: number;
  /** The type of the ICMP message that quotes it; `undefined` = it is no quote. */
  quotedBy: number | undefined;
}

/** tshark's words for a checksum. */
const STATUS = { bad: 0, good: 1, unverified: 2, none: 3 } as const;

/** Of one header. */
export function transportFields(
  layer: Extract<Layer, { name: 'icmp' | 'tcp' | 'tcp-start' | 'udp' }>,
  around: Around,
): Expectation[] {
  switch (layer.name) {
    case 'icmp':
      return messageFields(layer.header, around);
    case 'tcp':
      return segmentFields(layer.header, around);
    case 'tcp-start':
      return tcpStartFields(layer.header);
    case 'udp':
      return datagramFields(layer.header, around);
  }
}

/** RFC 792's "64 bits of original data datagram", bytes. */
const START = 8;

/** Of what a redirect quotes, tshark reads an IP header and {@link START} bytes. */
export function isStart({ quotedBy }: Around): boolean {
  return quotedBy === icmp.ICMP_REDIRECT;
}

function messageFields(message: icmp.Message, around: Around): Expectation[] {
  // It verifies no message that is quoted.
  const status =
    around.quotedBy === undefined
      ? statusField('icmp', around.checksums.icmp, around)
      : one('icmp.checksum.status', STATUS.unverified);
  return [...icmpFields(message, isStart(around)), status];
}

function segmentFields(header: tcp.Header, around: Around): Expectation[] {
  if (isStart(around)) return tcpStartFields(header);
  // 0xffff sums to the same as 0, and Linux sends it where it sums in software; tshark holds TCP to RFC 1624's 0.
  const status = statusField('tcp', around.checksums.tcp && header.check !== 0xffff, around);
  if (around.quotedBy !== undefined) return [...tcpFields(header), status];
  return [...tcpFields(header), one('tcp.seq_raw', header.seq), lengthField(around), status];
}

function datagramFields({ source, dest, len, check }: udp.Header, around: Around): Expectation[] {
  const isCut = isStart(around) && len > START;
  return [
    one('udp.srcport', source),
    one('udp.dstport', dest),
    one('udp.length', len),
    one('udp.checksum', check),
    check !== 0 && !isCut
      ? statusField('udp', around.checksums.udp, around)
      : one('udp.checksum.status', check === 0 ? STATUS.none : STATUS.unverified),
  ];
}

/** What tshark makes of a transport checksum. */
function statusField(name: string, verdict: boolean | undefined, around: Around): Expectation {
  const { found, onWire, captured } = around;
  const field = `${name}.checksum.status`;
  const ip = layerOf(found, 'ipv4')!;
  const promised = ip.offset + ip.header.totLen;
  // It needs the whole packet, even where the datagram ends before.
  if (captured < Math.min(promised, onWire)) return one(field, STATUS.unverified);
  // Where the total length promises more than was on the wire, it goes by the wire, and sums that.
  if (promised > onWire) return { field, values: [undefined] };
  if (verdict === undefined) return one(field, STATUS.unverified);
  return one(field, verdict ? STATUS.good : STATUS.bad);
}

/** Where the wire ends for the packet that `around` quotes. */
export function quoteEnd({ found, captured, onWire }: Around): number {
  const ip = layerOf(found, 'ipv4')!;
  const end = Math.min(ip.offset + ip.header.totLen, onWire);
  const quoted = layerOf(found, 'icmp');
  if (captured < end || quoted === undefined || !('quote' in quoted.header)) return end;
  const { header } = quoted;
  const length =
    header.kind === 'error' && hasSupposed(header) ? icmp.MIN_EXTENDED_QUOTE : header.quote.length;
  return icmp.quoteOffset(quoted.offset) + length;
}

/** Bytes of TCP payload, which tshark works out from what is around the header. */
function lengthField({ found, onWire }: Around): Expectation {
  const ip = layerOf(found, 'ipv4')!;
  const segment = layerOf(found, 'tcp')!;
  // In a fragment it does not know the length.
  if ((ip.header.flags & ipv4.FLAG_MF) !== 0) return { field: 'tcp.len', values: [] };
  const promised = ip.offset + ip.header.totLen;
  return one('tcp.len', Math.min(promised, onWire) - segment.offset - segment.length);
}
