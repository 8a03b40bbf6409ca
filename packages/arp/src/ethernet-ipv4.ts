/**
 * ARP between Ethernet and IPv4: addresses as numbers, MAC u48 and IPv4 u32.
 * @module
 */
import { requireRange, viewOf } from '@stack/skbuff';
import { ARPHRD_ETHER, ARPOP_REPLY, ARPOP_REQUEST } from './codes.ts';
import { type Header, HLEN } from './header.ts';

/** Bytes of an Ethernet/IPv4 packet: headroom to reserve for one. */
export const ETHERNET_IPV4_LENGTH = 28;

const ETH_P_IP = 0x0800;
const ETH_ALEN = 6;
const IPV4_ALEN = 4;

// Byte offsets of the addresses when they are six and four bytes long.
const SHA = HLEN;
const SPA = SHA + ETH_ALEN;
const THA = SPA + IPV4_ALEN;
const TPA = THA + ETH_ALEN;

const MAC_MOST = 0xffff_ffff_ffff;

/** Whether a packet that `check` accepts maps IPv4 to Ethernet: only then do the number readers mean anything. */
export function isEthernetIpv4(view: DataView, at: number): boolean {
  return view.getUint32(at) === ARPHRD_ETHER * 0x1_0000 + ETH_P_IP && view.getUint16(at + 4) === 0x0604;
}

/** Sender hardware address of an Ethernet/IPv4 packet, u48. */
export function sha(view: DataView, at: number): number {
  return view.getUint16(at + SHA) * 0x1_0000_0000 + view.getUint32(at + SHA + 2);
}

/** Sender protocol address of an Ethernet/IPv4 packet, u32. */
export function spa(view: DataView, at: number): number {
  return view.getUint32(at + SPA);
}

/** Target hardware address of an Ethernet/IPv4 packet, u48. */
export function tha(view: DataView, at: number): number {
  return view.getUint16(at + THA) * 0x1_0000_0000 + view.getUint32(at + THA + 2);
}

/** Target protocol address of an Ethernet/IPv4 packet, u32. */
export function tpa(view: DataView, at: number): number {
  return view.getUint32(at + TPA);
}

/** Who has `tpa`? Tell `spa` at `sha`. To be broadcast. RFC 826. @throws RangeError if an address does not fit. */
export function request(senderMac: number, senderIp: number, targetIp: number): Header {
  return ethernetIpv4(ARPOP_REQUEST, senderMac, senderIp, 0, targetIp);
}

/** `spa` is at `sha`. To be sent to `tha`. RFC 826. @throws RangeError if an address does not fit. */
export function reply(senderMac: number, senderIp: number, targetMac: number, targetIp: number): Header {
  return ethernetIpv4(ARPOP_REPLY, senderMac, senderIp, targetMac, targetIp);
}

/**
 * Does anybody use `ip`? A request that claims no address, so that it fills no cache. RFC 5227 §2.1.1. @throws RangeError if
 * an address does not fit.
 */
export function probe(senderMac: number, ip: number): Header {
  return ethernetIpv4(ARPOP_REQUEST, senderMac, 0, 0, ip);
}

/** I use `ip` now: a request from it for it. RFC 5227 §2.3. @throws RangeError if an address does not fit. */
export function announcement(senderMac: number, ip: number): Header {
  return ethernetIpv4(ARPOP_REQUEST, senderMac, ip, 0, ip);
}

/** Whether an Ethernet/IPv4 packet is a probe: a request without sender address. RFC 5227 §1.1. */
export function isProbe(view: DataView, at: number): boolean {
  return view.getUint16(at + 6) === ARPOP_REQUEST && spa(view, at) === 0;
}

/** Whether an Ethernet/IPv4 packet is gratuitous: request or reply, from an address for itself. RFC 5227 §3. */
export function isGratuitous(view: DataView, at: number): boolean {
  return spa(view, at) === tpa(view, at) && spa(view, at) !== 0;
}

/** An Ethernet/IPv4 header of any opcode from numbers. @throws RangeError if an address does not fit. */
export function ethernetIpv4(
  op: number,
  senderMac: number,
  senderIp: number,
  targetMac: number,
  targetIp: number,
): Header {
  return {
    htype: ARPHRD_ETHER,
    ptype: ETH_P_IP,
    hlen: ETH_ALEN,
    plen: IPV4_ALEN,
    op,
    sha: macBytes('sender hardware address', senderMac),
    spa: ipBytes('sender protocol address', senderIp),
    tha: macBytes('target hardware address', targetMac),
    tpa: ipBytes('target protocol address', targetIp),
  };
}

function macBytes(name: string, mac: number): Uint8Array {
  requireRange('arp', name, mac, MAC_MOST, '; ethernet.parseMac reads text');
  const bytes = new Uint8Array(ETH_ALEN);
  const view = viewOf(bytes);
  view.setUint16(0, mac / 0x1_0000_0000);
  view.setUint32(2, mac % 0x1_0000_0000);
  return bytes;
}

function ipBytes(name: string, ip: number): Uint8Array {
  requireRange('arp', name, ip, 0xffff_ffff, '; ipv4.parseAddress reads text');
  const bytes = new Uint8Array(IPV4_ALEN);
  viewOf(bytes).setUint32(0, ip);
  return bytes;
}
