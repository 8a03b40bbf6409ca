/**
 * A captured packet taken apart: which headers of ours it begins with, and why that ends where it ends.
 * @module
 */
import * as arp from '@stack/arp';
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import { formatLinkType, LINKTYPE } from '@stack/pcap';
import { viewOf } from '@stack/skbuff';
import { csumPartial } from '@stack/skbuff/checksum';
import * as tcp from '@stack/tcp';

/** A header that was understood: `length` bytes at `offset` of the packet. */
interface Understood<Name, Header> {
  name: Name;
  offset: number;
  length: number;
  header: Header;
}

/** One header of a packet. */
export type Layer =
  | Understood<'ethernet', ethernet.Header>
  | Understood<'arp', arp.Header>
  | Understood<'ipv4', ipv4.Header>
  | Understood<'tcp', tcp.Header>;

/** A header that its codec refused, and the code it gave. */
export interface Refusal {
  name: Layer['name'];
  offset: number;
  code: string;
}

/** What {@link dissect} found. */
export interface Dissection {
  /** Headers in wire order, up to the first that is not understood. */
  layers: Layer[];
  /** The header that ended it, where a codec of ours said no. */
  refused: Refusal | undefined;
  /** What ended it otherwise, such as `link type 127` or `ethertype 0x86dd`; undefined where all headers were understood. */
  unknown: string | undefined;
  /** Where the bytes behind the last header begin and, after trailers and padding are cut, end. */
  payload: { offset: number; end: number };
}

/** ARP and, with the same layout, RARP (RFC 903). */
const ETH_P_RARP = 0x8035;
/** Hardware type of ATM: RFC 2225 puts other fields where RFC 826 has the sizes of the addresses. */
const ARPHRD_ATM = 19;
/** Cisco's Inter-Switch Link, a whole frame in a header of its own, is told by these first five bytes of it. */
const ISL_DESTINATIONS: readonly number[] = [0x01_000c_0000, 0x03_000c_0000];
/** AF_INET, the same number on every system that writes BSD loopback captures. */
const AF_INET = 2;

/** Takes `data`, a packet of this LINKTYPE, apart. Total: any bytes give a dissection. */
export function dissect(data: Uint8Array, linkType: number): Dissection {
  const view = viewOf(data);
  const found: Dissection = {
    layers: [],
    refused: undefined,
    unknown: undefined,
    payload: { offset: 0, end: data.length },
  };
  switch (linkType) {
    case LINKTYPE.ETHERNET:
      etherFrame(view, found);
      break;
    case LINKTYPE.IPV4:
      ipPacket(view, found);
      break;
    case LINKTYPE.RAW:
    case LINKTYPE.DLT_RAW:
    case LINKTYPE.DLT_RAW_OPENBSD:
      if (data.length > 0 && data[0]! >> 4 !== 4) found.unknown = `IP version ${data[0]! >> 4}`;
      else ipPacket(view, found);
      break;
    case LINKTYPE.NULL:
    case LINKTYPE.LOOP:
      loopback(view, linkType, found);
      break;
    case LINKTYPE.LINUX_SLL:
      cooked(view, found);
      break;
    default:
      found.unknown = `link type ${formatLinkType(linkType)}`;
  }
  return found;
}

/** Four bytes of address family: NULL in the byte order of the machine that captured, LOOP in network byte order. */
function loopback(view: DataView, linkType: number, found: Dissection): void {
  if (view.byteLength < 4) {
    found.unknown = 'a cut loopback header';
    return;
  }
  const family = view.getUint32(0);
  const swapped = linkType === LINKTYPE.NULL && family > 0xffff ? view.getUint32(0, true) : family;
  if (swapped !== AF_INET) {
    found.unknown = `address family ${swapped}`;
    return;
  }
  found.payload.offset = 4;
  ipPacket(view, found);
}

/** Linux cooked capture: sixteen bytes whose last two are the protocol, an EtherType if it is large enough for one. */
function cooked(view: DataView, found: Dissection): void {
  if (view.byteLength < 16) {
    found.unknown = 'a cut cooked header';
    return;
  }
  found.payload.offset = 16;
  byProtocol(view, view.getUint16(14), found);
}

function etherFrame(view: DataView, found: Dissection): void {
  const { offset, end } = found.payload;
  const drop = ethernet.check(view, offset, end);
  if (drop !== undefined) {
    found.refused = { name: 'ethernet', offset, code: drop };
    return;
  }
  const length = ethernet.headerLength(view, offset);
  const header = ethernet.read(view, offset);
  if (header.llc !== null && ISL_DESTINATIONS.includes(Math.floor(header.dest / 0x100))) {
    found.unknown = 'ISL';
    return;
  }
  found.layers.push({ name: 'ethernet', offset, length, header });
  found.payload.offset = offset + length;
  if (header.llc !== null) {
    const type = offset + length - ethernet.llcSize(header.llc);
    found.payload.end = Math.min(end, type + header.proto);
  }
  byProtocol(view, ethernet.protocol(view, offset), found);
}

function byProtocol(view: DataView, protocol: number, found: Dissection): void {
  switch (protocol) {
    case ethernet.ETH_P_IP:
      ipPacket(view, found);
      break;
    case ethernet.ETH_P_ARP:
    case ETH_P_RARP:
      arpPacket(view, found);
      break;
    default:
      found.unknown =
        protocol < ethernet.ETH_P_802_3_MIN ? 'LLC' : `ethertype 0x${protocol.toString(16).padStart(4, '0')}`;
  }
}

function arpPacket(view: DataView, found: Dissection): void {
  const { offset, end } = found.payload;
  const drop = arp.check(view, offset, end);
  if (drop !== undefined) {
    found.refused = { name: 'arp', offset, code: drop };
    return;
  }
  if (arp.htype(view, offset) === ARPHRD_ATM) {
    found.unknown = 'ATMARP';
    return;
  }
  const length = arp.headerLength(view, offset);
  found.layers.push({ name: 'arp', offset, length, header: arp.read(view, offset) });
  found.payload = { offset: offset + length, end: offset + length };
}

function ipPacket(view: DataView, found: Dissection): void {
  const { offset, end } = found.payload;
  const drop = ipv4.check(view, offset, end);
  if (drop !== undefined) {
    found.refused = { name: 'ipv4', offset, code: drop };
    return;
  }
  const header = ipv4.read(view, offset);
  const length = ipv4.headerLength(view, offset);
  found.layers.push({ name: 'ipv4', offset, length, header });
  found.payload = { offset: offset + length, end: Math.min(end, offset + header.totLen) };
  if (header.fragOff > 0) found.unknown = 'a later fragment';
  else if (header.protocol === ipv4.IPPROTO_TCP) tcpSegment(view, found);
  else found.unknown = `IP protocol ${header.protocol}`;
}

function tcpSegment(view: DataView, found: Dissection): void {
  const { offset, end } = found.payload;
  const drop = tcp.check(view, offset, end);
  if (drop !== undefined) {
    found.refused = { name: 'tcp', offset, code: drop };
    return;
  }
  const length = tcp.headerLength(view, offset);
  found.layers.push({ name: 'tcp', offset, length, header: tcp.read(view, offset) });
  found.payload.offset = offset + length;
}

/** The layer with this name, of which there is at most one. */
export function layerOf<Name extends Layer['name']>(
  { layers }: Dissection,
  name: Name,
): Extract<Layer, { name: Name }> | undefined {
  return layers.find((layer): layer is Extract<Layer, { name: Name }> => layer.name === name);
}

/** The bytes that the codec of `layer` makes of its header. Throws RangeError where it cannot. */
export function encodeLayer(layer: Layer): Uint8Array {
  switch (layer.name) {
    case 'ethernet':
      return ethernet.encode(layer.header);
    case 'arp':
      return arp.encode(layer.header);
    case 'ipv4':
      return ipv4.encode(layer.header);
    case 'tcp':
      return tcp.encode(layer.header);
  }
}

/** Bytes of TCP payload the IPv4 header promises; fewer may be captured. */
export function tcpLength(found: Dissection): number | undefined {
  const ip = layerOf(found, 'ipv4');
  const segment = layerOf(found, 'tcp');
  if (ip === undefined || segment === undefined) return undefined;
  return Math.max(0, ip.header.totLen - ip.length - segment.length);
}

/**
 * Where a datagram goes in the end: with a source route that is not used up, `daddr` is but its next stop. Transport
 * checksums are made with this address (RFC 1122 §4.2.3.8).
 */
export function destinationOf({ daddr, options }: ipv4.Header): number {
  for (const option of options) {
    if (option.kind !== ipv4.IPOPT_LSRR && option.kind !== ipv4.IPOPT_SSRR) continue;
    // The pointer counts from the kind, which is octet 1, and is at one of the addresses, the first of which is at 4.
    const open =
      option.pointer % 4 === 0 && option.pointer >= 4 && option.pointer < 4 + 4 * option.route.length;
    return open ? option.route.at(-1)! : daddr;
  }
  return daddr;
}

/** Verdicts on the checksums of a packet; undefined where there is none or not all it covers was captured. */
export interface Checksums {
  ipv4: boolean | undefined;
  tcp: boolean | undefined;
}

/** Verifies the checksums of `data`, which is what `found` was made of. */
export function verify(data: Uint8Array, found: Dissection): Checksums {
  const view = viewOf(data);
  const ip = layerOf(found, 'ipv4');
  if (ip === undefined) return { ipv4: undefined, tcp: undefined };
  const { totLen, flags } = ip.header;
  const addresses = { ...ip.header, daddr: destinationOf(ip.header) };
  const segment = layerOf(found, 'tcp');
  const length = totLen - ip.length;
  const whole = (flags & ipv4.FLAG_MF) === 0 && found.payload.end === ip.offset + totLen;
  return {
    ipv4: ipv4.verify(view, ip.offset),
    tcp:
      segment !== undefined && whole
        ? csumPartial(view, segment.offset, length, ipv4.pseudoSum(addresses, length)) === 0xffff
        : undefined,
  };
}
