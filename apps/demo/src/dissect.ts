/**
 * A captured packet taken apart: which headers of ours it begins with, and why that ends where it ends.
 * @module
 */
import * as arp from '@stack/arp';
import * as ethernet from '@stack/ethernet';
import * as icmp from '@stack/icmp';
import * as ipv4 from '@stack/ipv4';
import { formatLinkType, LINKTYPE } from '@stack/pcap';
import { viewOf } from '@stack/skbuff';
import * as tcp from '@stack/tcp';
import * as udp from '@stack/udp';
import { type Dissection, TCP_START } from './dissect-layers.ts';

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
  const found = nothingYet(0, data.length);
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

function nothingYet(offset: number, end: number): Dissection {
  return { layers: [], refused: undefined, unknown: undefined, payload: { offset, end }, quoted: undefined };
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
  else byIpProtocol(view, header.protocol, found);
}

function byIpProtocol(view: DataView, protocol: number, found: Dissection): void {
  switch (protocol) {
    case ipv4.IPPROTO_ICMP:
      icmpMessage(view, found);
      break;
    case ipv4.IPPROTO_TCP:
      tcpSegment(view, found);
      break;
    case ipv4.IPPROTO_UDP:
      udpDatagram(view, found);
      break;
    default:
      found.unknown = `IP protocol ${protocol}`;
  }
}

function udpDatagram(view: DataView, found: Dissection): void {
  const { offset, end } = found.payload;
  const drop = udp.check(view, offset, end);
  if (drop !== undefined) {
    found.refused = { name: 'udp', offset, code: drop };
    return;
  }
  const header = udp.read(view, offset);
  found.layers.push({ name: 'udp', offset, length: udp.HLEN, header });
  found.payload = { offset: offset + udp.HLEN, end: Math.min(end, offset + header.len) };
}

function icmpMessage(view: DataView, found: Dissection): void {
  const { offset, end } = found.payload;
  const drop = icmp.check(view, offset, end);
  if (drop !== undefined) {
    found.refused = { name: 'icmp', offset, code: drop };
    return;
  }
  const header = icmp.decodeMessage(bytesOf(view, offset, end));
  found.layers.push({ name: 'icmp', offset, length: end - offset, header });
  found.payload = { offset: end, end };
  if (!icmp.isError(header.type)) return;
  const quote = icmp.quoteOffset(offset);
  found.quoted = nothingYet(quote, quote + icmp.quoteLength(view, offset, end));
  ipPacket(view, found.quoted);
  quotedStart(view, found.quoted);
}

/** Of a TCP header that was quoted in part, the part. */
function quotedStart(view: DataView, quoted: Dissection): void {
  const { offset, end } = quoted.payload;
  if (quoted.refused?.code !== 'TCP_TRUNCATED' || end - offset < TCP_START) return;
  const header = {
    source: tcp.source(view, offset),
    dest: tcp.dest(view, offset),
    seq: tcp.seq(view, offset) >>> 0,
    rest: bytesOf(view, offset + TCP_START, end),
  };
  quoted.layers.push({ name: 'tcp-start', offset, length: end - offset, header });
  quoted.refused = undefined;
  quoted.payload.offset = end;
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

/** A view into the packet. */
function bytesOf(view: DataView, from: number, to: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + from, to - from);
}
