/**
 * Whole messages, read: RFC 792, 950, 1191, 1256, 4884, 8335. For people; engines use the readers.
 * @module
 */
import { requireRange, viewOf, WireError } from '@stack/skbuff';
import { readExtensions } from './extensions.ts';
import { checksum, code, gateway, HLEN, id, length, mtu, pointer, rest, sequence, type } from './fields.ts';
import { check } from './header.ts';
import type { Message, RouterAddress } from './message-kinds.ts';
import { EXTENSION_HLEN, EXTENSION_VERSION, extensionsOffset } from './quote.ts';
import * as types from './types.ts';

/** 32-bit words in an entry of a router advertisement (RFC 1256 §3). */
const ROUTER_ENTRY_WORDS = 2;

/**
 * The message from `offset` to the end of `bytes`. A type that is not known, or does not fit its bytes, is `raw`; `encodeMessage`
 * gives the same bytes back in any case. Byte arrays in it are copies.
 * @throws WireError `ICMP_TRUNCATED` below eight bytes; RangeError for an offset that is no place in the bytes.
 */
export function decodeMessage(bytes: Uint8Array, offset = 0): Message {
  requireRange('icmp', 'offset', offset, bytes.length);
  const view = viewOf(bytes);
  const drop = check(view, offset, bytes.length);
  if (drop !== undefined) throw new WireError(drop, bytes.length);
  return readKnown(view, bytes, offset) ?? readRaw(view, bytes, offset);
}

function readKnown(view: DataView, bytes: Uint8Array, at: number): Message | undefined {
  switch (type(view, at)) {
    case types.ICMP_ECHO:
    case types.ICMP_ECHOREPLY:
      return { kind: 'echo', ...common(view, at), ...query(view, at), data: bytes.slice(at + HLEN) };
    case types.ICMP_DEST_UNREACH:
    case types.ICMP_SOURCE_QUENCH:
    case types.ICMP_TIME_EXCEEDED:
    case types.ICMP_PARAMETERPROB:
      return readError(view, bytes, at);
    case types.ICMP_REDIRECT: {
      const quote = bytes.slice(at + HLEN);
      return { kind: 'redirect', ...common(view, at), gateway: gateway(view, at), quote };
    }
    case types.ICMP_TIMESTAMP:
    case types.ICMP_TIMESTAMPREPLY:
      return readTimestamp(view, bytes, at);
    case types.ICMP_INFO_REQUEST:
    case types.ICMP_INFO_REPLY:
      return { kind: 'information', ...common(view, at), ...query(view, at), data: bytes.slice(at + HLEN) };
    case types.ICMP_ADDRESS:
    case types.ICMP_ADDRESSREPLY:
      return readMask(view, bytes, at);
    case types.ICMP_ROUTERADVERT:
      return readAdvertisement(view, bytes, at);
    case types.ICMP_ROUTERSOLICIT:
      return {
        kind: 'solicitation',
        ...common(view, at),
        reserved: rest(view, at),
        data: bytes.slice(at + HLEN),
      };
    case types.ICMP_EXT_ECHO:
      return readExtendedEcho(view, bytes, at);
    case types.ICMP_EXT_ECHOREPLY:
      return readExtendedReply(view, bytes, at);
    default:
      return undefined;
  }
}

function common(view: DataView, at: number): { type: number; code: number; check: number } {
  return { type: type(view, at), code: code(view, at), check: checksum(view, at) };
}

function query(view: DataView, at: number): { id: number; sequence: number } {
  return { id: id(view, at), sequence: sequence(view, at) };
}

function readRaw(view: DataView, bytes: Uint8Array, at: number): Message {
  return { kind: 'raw', ...common(view, at), rest: rest(view, at), data: bytes.slice(at + HLEN) };
}

function readError(view: DataView, bytes: Uint8Array, at: number): Message {
  const end = bytes.length;
  const extensions = extensionsOffset(view, at, end);
  return {
    kind: 'error',
    ...common(view, at),
    pointer: pointer(view, at),
    length: length(view, at),
    mtu: mtu(view, at),
    quote: bytes.slice(at + HLEN, extensions < 0 ? end : extensions),
    extensions: extensions < 0 ? undefined : readExtensions(view, extensions, end),
  };
}

function readTimestamp(view: DataView, bytes: Uint8Array, at: number): Message | undefined {
  if (bytes.length - at < HLEN + 12) return undefined;
  return {
    kind: 'timestamp',
    ...common(view, at),
    ...query(view, at),
    originate: view.getUint32(at + HLEN),
    receive: view.getUint32(at + HLEN + 4),
    transmit: view.getUint32(at + HLEN + 8),
    data: bytes.slice(at + HLEN + 12),
  };
}

function readMask(view: DataView, bytes: Uint8Array, at: number): Message | undefined {
  if (bytes.length - at < HLEN + 4) return undefined;
  const mask = view.getUint32(at + HLEN);
  return { kind: 'mask', ...common(view, at), ...query(view, at), mask, data: bytes.slice(at + HLEN + 4) };
}

function readAdvertisement(view: DataView, bytes: Uint8Array, at: number): Message | undefined {
  const count = view.getUint8(at + 4);
  const end = at + HLEN + count * ROUTER_ENTRY_WORDS * 4;
  if (view.getUint8(at + 5) !== ROUTER_ENTRY_WORDS || end > bytes.length) return undefined;
  const routers: RouterAddress[] = [];
  for (let entry = at + HLEN; entry < end; entry += ROUTER_ENTRY_WORDS * 4) {
    routers.push({ address: view.getUint32(entry), preference: view.getInt32(entry + 4) });
  }
  const lifetime = view.getUint16(at + 6);
  return { kind: 'advertisement', ...common(view, at), lifetime, routers, data: bytes.slice(end) };
}

function readExtendedEcho(view: DataView, bytes: Uint8Array, at: number): Message | undefined {
  const start = at + HLEN;
  if (bytes.length - start < EXTENSION_HLEN || view.getUint8(start) >>> 4 !== EXTENSION_VERSION) {
    return undefined;
  }
  const flags = view.getUint8(at + 7);
  return {
    kind: 'extended-echo',
    ...common(view, at),
    id: id(view, at),
    sequence: view.getUint8(at + 6),
    reserved: flags >>> 1,
    local: flags & 1,
    extensions: readExtensions(view, start, bytes.length),
  };
}

function readExtendedReply(view: DataView, bytes: Uint8Array, at: number): Message {
  const flags = view.getUint8(at + 7);
  return {
    kind: 'extended-echo-reply',
    ...common(view, at),
    id: id(view, at),
    sequence: view.getUint8(at + 6),
    state: flags >>> 5,
    reserved: (flags >>> 3) & 3,
    active: (flags >>> 2) & 1,
    ipv4: (flags >>> 1) & 1,
    ipv6: flags & 1,
    data: bytes.slice(at + HLEN),
  };
}
