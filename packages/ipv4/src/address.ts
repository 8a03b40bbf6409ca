/**
 * IPv4 addresses: u32 in host order, text only at the edges. Special-purpose blocks are RFC 6890's.
 * @module
 */
import { anyAddress } from './address-range.ts';

/** 0.0.0.0 (Linux `INADDR_ANY`): no address yet, or any. */
export const INADDR_ANY = 0;
/** 127.0.0.1. */
export const INADDR_LOOPBACK = 0x7f00_0001;
/** 255.255.255.255: everybody on this link. */
export const INADDR_BROADCAST = 0xffff_ffff;

/**
 * The address a strict dotted quad names, as `inet_pton` reads it: four decimal numbers 0..255 without leading zeros.
 * @throws RangeError for any other text.
 */
export function parseAddress(text: string): number {
  const address = scan(text);
  if (address === undefined) throw new RangeError(`ipv4: ${JSON.stringify(text)} is not a dotted quad`);
  return address;
}

/** An address as a dotted quad; u32 and int32 give the same text. @throws RangeError for any other number. */
export function formatAddress(address: number): string {
  anyAddress('address', address);
  return `${address >>> 24}.${(address >>> 16) & 0xff}.${(address >>> 8) & 0xff}.${address & 0xff}`;
}

/** 0.0.0.0: a source without an address; never a destination (RFC 1122 §3.2.1.3 (a)). */
export function isUnspecified(address: number): boolean {
  return address === 0;
}

/** 0.0.0.0/8: "this network" (RFC 791 §3.2). */
export function isThisNetwork(address: number): boolean {
  return address >>> 24 === 0;
}

/** 127.0.0.0/8: never on a wire (RFC 1122 §3.2.1.3 (g)). */
export function isLoopback(address: number): boolean {
  return address >>> 24 === 127;
}

/** 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 (RFC 1918). */
export function isPrivate(address: number): boolean {
  return address >>> 24 === 10 || address >>> 20 === 0xac1 || address >>> 16 === 0xc0a8;
}

/** 100.64.0.0/10: between a carrier's NAT and its customers (RFC 6598). */
export function isShared(address: number): boolean {
  return address >>> 22 === 0x191;
}

/** 169.254.0.0/16 (RFC 3927). */
export function isLinkLocal(address: number): boolean {
  return address >>> 16 === 0xa9fe;
}

/** 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24: for examples (RFC 5737). */
export function isDocumentation(address: number): boolean {
  const block = address >>> 8;
  return block === 0xc0_0002 || block === 0xc6_3364 || block === 0xcb_0071;
}

/** 198.18.0.0/15: for benchmarks of network gear (RFC 2544). */
export function isBenchmarking(address: number): boolean {
  return address >>> 17 === 0x6309;
}

/** 224.0.0.0/4 (RFC 1112 §4). */
export function isMulticast(address: number): boolean {
  return address >>> 28 === 0xe;
}

/** 224.0.0.0/24: multicast that no router forwards (RFC 5771 §4). */
export function isLocalMulticast(address: number): boolean {
  return address >>> 8 === 0xe0_0000;
}

/** 240.0.0.0/4: former class E (RFC 1112 §4); {@link isLimitedBroadcast} is one of them. */
export function isReserved(address: number): boolean {
  return address >>> 28 === 0xf;
}

/** 255.255.255.255 (RFC 1122 §3.2.1.3 (c)). */
export function isLimitedBroadcast(address: number): boolean {
  return address >>> 0 === INADDR_BROADCAST;
}

/**
 * The Ethernet address, u48, a multicast address is sent to: 01-00-5e and its low 23 bits (RFC 1112 §6.4), so 32 groups
 * share each.
 */
export function multicastMac(address: number): number {
  return 0x0100_5e00_0000 + (address & 0x7f_ffff);
}

function scan(text: string): number | undefined {
  let address = 0;
  let octet = -1; // none read yet
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === 0x2e) {
      if (octet < 0) return undefined;
      address = address * 256 + octet;
      octet = -1;
      dots++;
    } else {
      // A digit after a leading zero would make it octal elsewhere.
      if (char < 0x30 || char > 0x39 || octet === 0) return undefined;
      octet = Math.max(octet, 0) * 10 + char - 0x30;
      if (octet > 255) return undefined;
    }
  }
  return dots === 3 && octet >= 0 ? address * 256 + octet : undefined;
}
