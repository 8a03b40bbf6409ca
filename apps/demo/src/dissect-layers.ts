/**
 * What a packet is taken apart into.
 * @module
 */
import * as arp from '@stack/arp';
import * as ethernet from '@stack/ethernet';
import * as icmp from '@stack/icmp';
import * as ipv4 from '@stack/ipv4';
import { viewOf } from '@stack/skbuff';
import * as tcp from '@stack/tcp';
import * as udp from '@stack/udp';

/** A header that was understood: `length` bytes at `offset` of the packet. */
interface Understood<Name, Header> {
  name: Name;
  offset: number;
  length: number;
  header: Header;
}

/** Ports and sequence number, bytes. */
export const TCP_START = 8;

/** What an ICMP error is sure to quote of a TCP header: RFC 792's 64 bits, and what else there is of it. */
export interface TcpStart {
  source: number;
  dest: number;
  seq: number;
  /** The rest of the header as far as it was quoted. */
  rest: Uint8Array;
}

/** One header of a packet; of ICMP the whole message, for what follows its eight bytes is the type's. */
export type Layer =
  | Understood<'ethernet', ethernet.Header>
  | Understood<'arp', arp.Header>
  | Understood<'ipv4', ipv4.Header>
  | Understood<'icmp', icmp.Message>
  | Understood<'tcp', tcp.Header>
  | Understood<'tcp-start', TcpStart>
  | Understood<'udp', udp.Header>;

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
  /** The packet that an ICMP error is about, as far as it came back. A transport header that is not whole is `tcp-start` or refused. */
  quoted: Dissection | undefined;
}

/** The layer with this name, of which there is at most one. */
export function layerOf<Name extends Layer['name']>(
  { layers }: Dissection,
  name: Name,
): Extract<Layer, { name: Name }> | undefined {
  return layers.find((layer): layer is Extract<Layer, { name: Name }> => layer.name === name);
}

/** The layers of a packet, of the packet it quotes, and so on. */
export function allLayers({ layers, quoted }: Dissection): readonly Layer[] {
  return quoted === undefined ? layers : [...layers, ...allLayers(quoted)];
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
    case 'icmp':
      return icmp.encodeMessage(layer.header);
    case 'tcp':
      return tcp.encode(layer.header);
    case 'tcp-start':
      return encodeStart(layer.header);
    case 'udp':
      return udp.encode(layer.header);
  }
}

function encodeStart({ source, dest, seq, rest }: TcpStart): Uint8Array {
  const bytes = new Uint8Array(TCP_START + rest.length);
  const view = viewOf(bytes);
  view.setUint16(0, source);
  view.setUint16(2, dest);
  view.setUint32(4, seq);
  bytes.set(rest, TCP_START);
  return bytes;
}

/** Bytes of TCP payload the IPv4 header promises; fewer may be captured. */
export function tcpLength(found: Dissection): number | undefined {
  const ip = layerOf(found, 'ipv4');
  const segment = layerOf(found, 'tcp');
  if (ip === undefined || segment === undefined) return undefined;
  return Math.max(0, ip.header.totLen - ip.length - segment.length);
}
