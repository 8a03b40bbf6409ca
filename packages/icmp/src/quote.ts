/**
 * What an error message quotes: RFC 792's "Internet Header + 64 bits", RFC 1812's as much as fits, and where RFC 4884 puts
 * extensions behind it. Offsets are absolute in the view; nothing is allocated.
 * @module
 */
import { csumPartial } from '@stack/skbuff/checksum';
import { HLEN, LENGTH, TYPE } from './fields.ts';
import {
  ICMP_DEST_UNREACH,
  ICMP_PARAMETERPROB,
  ICMP_REDIRECT,
  ICMP_SOURCE_QUENCH,
  ICMP_TIME_EXCEEDED,
} from './types.ts';

/** Bytes of quoted packet that a message with extensions has at least (RFC 4884 §3). */
export const MIN_EXTENDED_QUOTE = 128;
/** Version in an extension header (RFC 4884 §7). */
export const EXTENSION_VERSION = 2;
/** Bytes in an extension header. */
export const EXTENSION_HLEN = 4;
/** Bytes in an IPv4 header without options. */
const IP_HLEN = 20;
/** Bytes of transport header that RFC 792 promises. */
const TRANSPORT_MIN = 8;
// Byte offsets in the quoted IP header, RFC 791.
const IP_PROTOCOL = 9;
const IP_SADDR = 12;
const IP_DADDR = 16;

/** Whether messages of this type quote a packet and are never answered with another (RFC 1122 §3.2.2). */
export function isError(type: number): boolean {
  return (
    type === ICMP_DEST_UNREACH ||
    type === ICMP_SOURCE_QUENCH ||
    type === ICMP_REDIRECT ||
    type === ICMP_TIME_EXCEEDED ||
    type === ICMP_PARAMETERPROB
  );
}

/** Whether messages of this type may carry extensions (RFC 4884 §4). */
export function mayExtend(type: number): boolean {
  return type === ICMP_DEST_UNREACH || type === ICMP_TIME_EXCEEDED || type === ICMP_PARAMETERPROB;
}

/** Where the quoted packet's IP header starts, for the message at `at`. */
export function quoteOffset(at: number): number {
  return at + HLEN;
}

/** Bytes of quoted packet in the message at `at`, which ends at `end`: up to the extensions, where there are any. */
export function quoteLength(view: DataView, at: number, end: number): number {
  const extensions = extensionsOffset(view, at, end);
  return (extensions < 0 ? end : extensions) - at - HLEN;
}

/**
 * Where the extension structure of the message at `at` starts; -1 = it has none. The length field says so, if it fits and a
 * header of version 2 is there. Messages of before RFC 4884 have no length: there it is looked for behind 128 bytes of quote, and
 * its checksum must be right (§5.4).
 */
export function extensionsOffset(view: DataView, at: number, end: number): number {
  if (end - at < HLEN || !mayExtend(view.getUint8(at + TYPE))) return -1;
  const words = view.getUint8(at + LENGTH);
  const offset = at + HLEN + (words === 0 ? MIN_EXTENDED_QUOTE : words * 4);
  if (end - offset < EXTENSION_HLEN || view.getUint8(offset) >>> 4 !== EXTENSION_VERSION) return -1;
  if (words !== 0) return offset;
  const summed = view.getUint16(offset + 2) !== 0 && csumPartial(view, offset, end - offset) === 0xffff;
  return summed ? offset : -1;
}

/**
 * Where the quoted packet's transport header starts, when its IPv4 header is whole and eight bytes follow it within the
 * quote; -1 = it is not so.
 */
export function quotedTransport(view: DataView, at: number, end: number): number {
  const ip = at + HLEN;
  const left = quoteLength(view, at, end);
  if (left < IP_HLEN) return -1;
  const length = (view.getUint8(ip) & 0x0f) * 4;
  return length < IP_HLEN || left < length + TRANSPORT_MIN ? -1 : ip + length;
}

/** The quoted packet's protocol, u8. Its IP header must be there: see {@link quotedTransport}. */
export function quotedProtocol(view: DataView, at: number): number {
  return view.getUint8(at + HLEN + IP_PROTOCOL);
}

/** The quoted packet's source, u32: on a message for us, this host. */
export function quotedSaddr(view: DataView, at: number): number {
  return view.getUint32(at + HLEN + IP_SADDR);
}

/** The quoted packet's destination, u32. */
export function quotedDaddr(view: DataView, at: number): number {
  return view.getUint32(at + HLEN + IP_DADDR);
}
