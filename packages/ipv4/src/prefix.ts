/**
 * IPv4 prefixes in CIDR notation: RFC 4632 §3.1.
 * @module
 */
import { requireRange } from '@stack/skbuff';
import { formatAddress, parseAddress } from './address.ts';

/** An address and how many of its leading bits name the network. Host bits may be set, as in an interface's address. */
export interface Prefix {
  /** Address, u32. */
  address: number;
  /** Bits, 0..32. */
  length: number;
}

/** The prefix `10.0.0.1/8` names; both parts are strict and host bits are kept. @throws RangeError for any other text. */
export function parsePrefix(text: string): Prefix {
  const slash = text.indexOf('/');
  const digits = text.slice(slash + 1);
  if (slash < 0 || !/^(?:[0-9]|[12][0-9]|3[0-2])$/.test(digits)) {
    throw new RangeError(`ipv4: ${JSON.stringify(text)} is not a prefix`);
  }
  return { address: parseAddress(text.slice(0, slash)), length: Number(digits) };
}

/** A prefix as `address/length`, host bits included. @throws RangeError as `formatAddress` does. */
export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix.address)}/${prefix.length}`;
}

/** The netmask, u32, of a length 0..32. @throws RangeError outside that. */
export function mask(length: number): number {
  requireRange('ipv4', 'prefix length', length, 32);
  return length === 0 ? 0 : (0xffff_ffff << (32 - length)) >>> 0; // a shift by 32 is a shift by 0
}

/** The prefix's address with its host bits cleared, u32. */
export function network(prefix: Prefix): number {
  return (prefix.address & mask(prefix.length)) >>> 0;
}

/**
 * The prefix's address with its host bits set, u32 (RFC 1122 §3.2.1.3 (d)); `undefined` for lengths 31 and 32, which have no
 * broadcast (RFC 3021 §2.1).
 */
export function broadcast(prefix: Prefix): number | undefined {
  if (prefix.length > 30) return undefined;
  return (prefix.address | ~mask(prefix.length)) >>> 0;
}

/** True when `address` is the broadcast address of `prefix`. The all-zeros host is an ordinary one, as in Linux since 5.14. */
export function isBroadcastOf(address: number, prefix: Prefix): boolean {
  return broadcast(prefix) === address >>> 0;
}

/** True when `address` lies within `prefix`. */
export function contains(prefix: Prefix, address: number): boolean {
  return ((prefix.address ^ address) & mask(prefix.length)) === 0;
}
