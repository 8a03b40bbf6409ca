/**
 * Headers cut into their fields: which bytes, what they are called, what they say.
 * @module
 */
import * as arp from '@stack/arp';
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import * as tcp from '@stack/tcp';
import type { Layer } from './picture.ts';

/** One field of a header. */
export interface Field {
  /** Linux's names, joined by `+` where they share a byte. */
  name: string;
  /** Its bytes. */
  hex: string;
  /** What they say. */
  value: string;
}

/** Name, bytes, and how to say the value. */
type Row<H> = readonly [name: string, bytes: number, say: (header: H) => unknown];

const ETHERNET: readonly Row<ethernet.Header>[] = [
  ['dest', 6, ({ dest }) => ethernet.formatMac(dest)],
  ['source', 6, ({ source }) => ethernet.formatMac(source)],
];

const IPV4: readonly Row<ipv4.Header>[] = [
  ['version+ihl', 1, ({ version, ihl }) => `${version}, ${ihl} words`],
  ['tos', 1, ({ tos }) => tos],
  ['totLen', 2, ({ totLen }) => `${totLen} bytes`],
  ['id', 2, ({ id }) => id],
  ['flags+fragOff', 2, ({ flags, fragOff }) => `${flags & ipv4.FLAG_DF ? 'DF, ' : ''}${fragOff}`],
  ['ttl', 1, ({ ttl }) => `${ttl} hops`],
  ['protocol', 1, ({ protocol }) => `${protocol} ${ipv4.protocolName(protocol)}`],
  ['check', 2, ({ check }) => `0x${check.toString(16).padStart(4, '0')}`],
  ['saddr', 4, ({ saddr }) => ipv4.formatAddress(saddr)],
  ['daddr', 4, ({ daddr }) => ipv4.formatAddress(daddr)],
];

const TCP: readonly Row<tcp.Header>[] = [
  ['source', 2, ({ source }) => source],
  ['dest', 2, ({ dest }) => dest],
  ['seq', 4, ({ seq }) => seq],
  ['ackSeq', 4, ({ ackSeq }) => ackSeq],
  ['doff+flags', 2, ({ doff, flags }) => `${doff} words, [${tcp.formatFlags(flags)}]`],
  ['window', 2, ({ window }) => window],
  ['check', 2, ({ check }) => `0x${check.toString(16).padStart(4, '0')}`],
  ['urgPtr', 2, ({ urgPtr }) => urgPtr],
];

/** ARP for Ethernet and IPv4, the one there is here. */
const ARP: readonly Row<arp.Header>[] = [
  ['htype', 2, ({ htype }) => `${htype} Ethernet`],
  ['ptype', 2, ({ ptype }) => `0x${ptype.toString(16).padStart(4, '0')} IPv4`],
  ['hlen+plen', 2, ({ sha, spa }) => `${sha.length}, ${spa.length} bytes`],
  ['op', 2, ({ op }) => `${op} ${op === arp.ARPOP_REQUEST ? 'request' : 'reply'}`],
  ['sha', 6, ({ sha }) => colons(sha)],
  ['spa', 4, ({ spa }) => spa.join('.')],
  ['tha', 6, ({ tha }) => colons(tha)],
  ['tpa', 4, ({ tpa }) => tpa.join('.')],
];

/** What {@link fieldsOf} knows. */
export type HeaderLayer = Exclude<Layer, 'payload'> | 'arp';

/** The fields of the header of `layer` that `bytes` begin with. The header must be whole. */
export function fieldsOf(layer: HeaderLayer, bytes: Uint8Array): Field[] {
  if (layer === 'arp') return cut(ARP, arp.decode(bytes), bytes);
  if (layer === 'tcp') {
    const header = tcp.decode(bytes);
    return [...cut(TCP, header, bytes), ...tcpOptions(header.options, bytes)];
  }
  if (layer === 'ipv4') {
    const header = ipv4.decode(bytes);
    const options = header.options.map((option) => ipv4.formatOption(option)).join(', ');
    return [...cut(IPV4, header, bytes), ...rest('options', bytes, ipv4.HLEN, ipv4.size(header), options)];
  }
  const header = ethernet.decode(bytes);
  const tags = ethernet.size(header) - ethernet.HLEN;
  const type = ethernet.formatProto(header.proto);
  return [
    ...cut(ETHERNET, header, bytes),
    ...rest('tags', bytes, 12, 12 + tags, `${header.tags.length} VLAN tags`),
    ...rest('proto', bytes, 12 + tags, 14 + tags, type),
  ];
}

/** A row for each option; NOPs, which align the next one, go with it. */
function tcpOptions(options: readonly tcp.Option[], bytes: Uint8Array): Field[] {
  const rows: Field[] = [];
  let from = tcp.HLEN;
  let at = from;
  for (const option of options) {
    at += tcp.optionLength(option);
    if (option.kind === tcp.TCPOPT_NOP) continue;
    rows.push({ name: 'option', hex: hex(bytes.subarray(from, at)), value: tcp.formatOption(option) });
    from = at;
  }
  return rows;
}

function cut<H>(rows: readonly Row<H>[], header: H, bytes: Uint8Array): Field[] {
  let at = 0;
  return rows.map(([name, length, say]) => {
    at += length;
    return { name, hex: hex(bytes.subarray(at - length, at)), value: String(say(header)) };
  });
}

function rest(name: string, bytes: Uint8Array, from: number, to: number, value: string): Field[] {
  return to > from ? [{ name, hex: hex(bytes.subarray(from, to)), value }] : [];
}

function colons(bytes: Uint8Array): string {
  return hex(bytes).replaceAll(' ', ':');
}

/** Bytes as pairs of digits. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

/** Bytes as rows of sixteen. */
export function rows(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) lines.push(hex(bytes.subarray(at, at + 16)));
  return lines;
}
