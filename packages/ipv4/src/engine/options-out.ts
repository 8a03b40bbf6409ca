/**
 * Options of packets we send: `IP_OPTIONS` judged once, written on each packet. RFC 1122 §3.2.1.8, ip(7).
 * @module
 */
import { viewOf } from '@stack/skbuff';
import { checkOptions } from '../check-options.ts';
import { HLEN } from '../fields.ts';
import {
  IPOPT_END,
  IPOPT_LSRR,
  IPOPT_NOOP,
  IPOPT_RR,
  IPOPT_SSRR,
  IPOPT_TIMESTAMP,
  IPOPT_TS_PRESPEC,
  IPOPT_TS_TSANDADDR,
  MAX_IPOPTLEN,
} from '../option-kinds.ts';
import { addressType } from './address-type.ts';
import type { Ipv4 } from './ipv4.ts';
import { timestamp } from './timestamp.ts';

/** Options ready to be written. */
export interface SocketOptions {
  /** As they were given, padded: what `getsockopt` answers. */
  readonly given: Uint8Array;
  /** As they go on the wire, a multiple of 4 bytes, our own slots taken. */
  readonly bytes: Uint8Array;
  /** Where packets go first with a source route, u32; 0 = to their destination. */
  readonly firstHop: number;
  /** Offset of the slot that gets the destination; -1 = none. */
  readonly destinationSlot: number;
  /** Offsets of slots that get our address, or the time; -1 = none. */
  readonly routeSlot: number;
  readonly addressSlot: number;
  readonly timeSlot: number;
  /** A strict source route: only over the link. */
  readonly strict: boolean;
}

/** Judges options for a socket (Linux `ip_options_get`); `EINVAL` for what no packet may carry. Bytes are copied. */
export function compileOptions(ip: Ipv4, given: Uint8Array): SocketOptions | 'EINVAL' {
  if (given.length > MAX_IPOPTLEN) return 'EINVAL';
  const length = (given.length + 3) & ~3;
  const header = new Uint8Array(HLEN + length); // zeros behind the options end them
  header[0] = 0x40 | ((HLEN + length) >>> 2);
  header.set(given, HLEN);
  if (checkOptions(viewOf(header), 0) !== undefined) return 'EINVAL';
  const bytes = header.slice(HLEN);
  const options = {
    given: bytes.slice(),
    bytes,
    firstHop: 0,
    destinationSlot: -1,
    routeSlot: -1,
    addressSlot: -1,
    timeSlot: -1,
    strict: false,
  };
  for (let i = 0; i < bytes.length; ) {
    const kind = bytes[i] as number;
    if (kind === IPOPT_END) break;
    if (kind === IPOPT_NOOP) {
      i++;
      continue;
    }
    const size = bytes[i + 1] as number;
    if (kind === IPOPT_LSRR || kind === IPOPT_SSRR) {
      if (!sourceRoute(options, bytes, i, size)) return 'EINVAL';
    } else if (kind === IPOPT_RR) recordRoute(options, bytes, i, size);
    else if (kind === IPOPT_TIMESTAMP) stamps(ip, options, bytes, i, size);
    i += size;
  }
  return options;
}

/** Writes options from `at` on. The header's checksum is the caller's. */
export function writeOptions(
  ip: Ipv4,
  now: number,
  view: DataView,
  at: number,
  options: SocketOptions,
  daddr: number,
  saddr: number,
): void {
  const { bytes } = options;
  for (let i = 0; i < bytes.length; i++) view.setUint8(at + i, bytes[i] as number);
  if (options.destinationSlot >= 0) view.setUint32(at + options.destinationSlot, daddr);
  if (options.routeSlot >= 0) view.setUint32(at + options.routeSlot, saddr);
  if (options.addressSlot >= 0) view.setUint32(at + options.addressSlot, saddr);
  if (options.timeSlot >= 0) view.setUint32(at + options.timeSlot, timestamp(ip, now));
}

type Draft = { -readonly [K in keyof SocketOptions]: SocketOptions[K] };

/** The first address is where packets go first; the others move up, and the destination is the last. */
function sourceRoute(options: Draft, bytes: Uint8Array, at: number, size: number): boolean {
  if (bytes[at + 2] !== 4 || size < 7 || (size - 3) % 4 !== 0) return false;
  options.firstHop = word(bytes, at + 3);
  bytes.copyWithin(at + 3, at + 7, at + size);
  options.destinationSlot = at + size - 4;
  options.strict = bytes[at] === IPOPT_SSRR;
  return true;
}

function recordRoute(options: Draft, bytes: Uint8Array, at: number, size: number): void {
  const pointer = bytes[at + 2] as number;
  if (pointer > size) return;
  options.routeSlot = at + pointer - 1;
  bytes[at + 2] = pointer + 4;
}

function stamps(ip: Ipv4, options: Draft, bytes: Uint8Array, at: number, size: number): void {
  const pointer = bytes[at + 2] as number;
  const flag = (bytes[at + 3] as number) & 0x0f;
  const slot = at + pointer - 1;
  if (pointer > size) return;
  // Named by the sender: whether it is our turn.
  if (flag === IPOPT_TS_PRESPEC && addressType(ip, word(bytes, slot)) === 'unicast') return;
  if (flag === IPOPT_TS_TSANDADDR) options.addressSlot = slot;
  const pair = flag === IPOPT_TS_TSANDADDR || flag === IPOPT_TS_PRESPEC;
  options.timeSlot = pair ? slot + 4 : slot;
  bytes[at + 2] = pointer + (pair ? 8 : 4);
}

function word(bytes: Uint8Array, at: number): number {
  return viewOf(bytes).getUint32(at);
}
