/**
 * Which headers of a packet we found, and which tshark.
 * @module
 */
import { allLayers, type Dissection, type Layer, type Refusal } from './dissect-layers.ts';
import { type Row, valuesOf } from './oracle-tshark.ts';

/** Notes a comparison, and that its sides differ. */
export type Compare = (field: string, ours: string, theirs: string) => void;

/** tshark's protocols that are headers of ours, and those it puts between them for parts of one. */
const PROTOCOLS: Readonly<Record<string, Layer['name']>> = {
  eth: 'ethernet',
  arp: 'arp',
  ip: 'ipv4',
  icmp: 'icmp',
  tcp: 'tcp',
  udp: 'udp',
};
const PARTS: ReadonlySet<string> = new Set(['ethertype', 'vlan', 'ieee8021ad', 'llc', 'raw', 'null', 'sll']);

/** How tshark went through a packet. */
interface Route {
  /** Headers of ours, as far as nothing else is between them; those of a packet that ICMP quotes follow it. */
  names: Layer['name'][];
  /** Its protocols from there on. */
  rest: string[];
}

/** The headers tshark found that we should have found too, up to the first protocol that is none of ours. */
function routeOf(row: Row): Route {
  const protocols = valuesOf(row, 'frame.protocols').join().split(':');
  const names: Layer['name'][] = [];
  // In an ISL frame the Ethernet header is that of the frame within.
  if (valuesOf(row, 'isl.dst').length > 0) return { names, rest: protocols };
  let at = 0;
  for (let start = 0; at < protocols.length; at++) {
    const name = PROTOCOLS[protocols[at]!];
    if (name === 'ipv4' && names.at(-1) === 'icmp') start = names.length;
    // Nothing is in ARP; where tshark names it twice, that is another view of the same bytes.
    if (names.at(-1) === 'arp') break;
    // A header of a kind we had is one in a tunnel, which we do not enter.
    if (name === undefined ? !PARTS.has(protocols[at]!) : names.includes(name, start)) break;
    if (name !== undefined) names.push(name);
  }
  return { names, rest: protocols.slice(at) };
}

/** What of a packet can be compared field by field. */
export interface Common {
  /** Headers both found, those of quoted packets included. */
  depth: number;
  /** tshark's protocols of which it may have read further headers, behind those. */
  further: ReadonlySet<string>;
}

/** Compares which headers were found. What we refused, tshark must find fault with. */
export function compareRoute(found: Dissection, row: Row, compare: Compare): Common {
  const { names, rest } = routeOf(row);
  const ours = allLayers(found).map(({ name }) => (name === 'tcp-start' ? 'tcp' : name));
  // By RFC 2225 ATM's ARP has a layout of its own, and tshark a second name for it.
  const theirs = rest[0] === 'atmarp' ? names.slice(0, -1) : names;
  const further = new Set(rest);
  const { refused, payload } = innermost(found);
  // Errors about errors, which must not be (RFC 1122 §3.2.2), it follows or not.
  const depth = ours.length + (refused === undefined ? 0 : 1);
  const leftQuote =
    found.quoted?.quoted !== undefined && theirs.length >= sureDepth(found) && theirs.length < depth;
  if (refused !== undefined && !leftQuote) {
    const nth = ours.filter((name) => name === refused.name).length;
    const isEmpty = payload.offset >= payload.end;
    const agreed = confirms(refused, row, { nth, isEmpty, isQuote: found.quoted !== undefined });
    compare(`refused ${refused.name}`, refused.code, agreed ? refused.code : 'nothing wrong');
    if (theirs.length > ours.length && theirs.at(-1) === refused.name) further.add(protocolOf(theirs.pop()!));
  }
  // tshark leaves a packet at the first thing it cannot make sense of, an option perhaps, and never comes to what follows.
  const left = leftQuote || valuesOf(row, '_ws.malformed').length > 0;
  const both = left ? ours.slice(0, theirs.length) : ours;
  compare('frame.protocols', both.join(':'), theirs.join(':'));
  return { depth: both.length, further };
}

/** Headers of a packet and of what it quotes, but not of what that quotes. */
function sureDepth({ layers, quoted }: Dissection): number {
  return layers.length + (quoted?.layers.length ?? 0);
}

function innermost(found: Dissection): Dissection {
  return found.quoted === undefined ? found : innermost(found.quoted);
}

function protocolOf(name: Layer['name']): string {
  return Object.keys(PROTOCOLS).find((protocol) => PROTOCOLS[protocol] === name)!;
}

/** The last fields of a header that cannot be shorter: who has one of those had the header. */
const LAST_FIELDS: Readonly<Record<string, readonly string[]>> = {
  IPV4_TRUNCATED: ['ip.dst'],
  ICMP_TRUNCATED: ['icmp.seq', 'icmp.mtu', 'icmp.redir_gw', 'icmp.lifetime'],
  TCP_TRUNCATED: ['tcp.urgent_pointer'],
  UDP_TRUNCATED: ['udp.checksum'],
};

/** tshark's word for a checksum over bytes that are not all there. */
const UNVERIFIED = 2;

/** Where a refused header stands. */
interface Place {
  /** How many headers of its kind are before it. */
  nth: number;
  /** There is not one byte of it. */
  isEmpty: boolean;
  isQuote: boolean;
}

/** Whether tshark's fields, or its complaints, say what our code says. */
function confirms({ code }: Refusal, row: Row, { nth, isEmpty, isQuote }: Place): boolean {
  const number = (field: string): number => Number(valuesOf(row, field)[nth]);
  switch (code) {
    case 'IPV4_BAD_VERSION':
      return number('ip.version') !== 4;
    case 'IPV4_BAD_IHL':
      return number('ip.hdr_len') < 20;
    case 'IPV4_BAD_TOTLEN':
      return number('ip.len') < number('ip.hdr_len');
    case 'TCP_BAD_DOFF':
      // Of what a redirect quotes it reads the ports alone.
      return number('tcp.hdr_len') < 20 || (isQuote && Number.isNaN(number('tcp.hdr_len')));
    case 'UDP_BAD_LEN':
      return number('udp.length') < 8;
    case 'ETH_BAD_TYPE':
      return valuesOf(row, 'eth.invalid_lentype').length > 0;
    case 'IPV4_TRUNCATED':
      // tshark looks at the first bytes first, and no further if those are wrong.
      if (number('ip.version') !== 4 || number('ip.hdr_len') < 20) return true;
      if (number('ip.len') < number('ip.hdr_len')) return true;
  }
  if (gaveUp(row)) return true;
  // Of nothing tshark says nothing; of ICMP it may need no more than the first word; and in a quote, which need not be whole, it just ends.
  if (isQuote && code === 'IPV4_TRUNCATED' && number('ip.checksum.status') === UNVERIFIED) return true;
  const last = LAST_FIELDS[code] ?? [];
  const mayBeSilent = isEmpty || isQuote || code === 'ICMP_TRUNCATED';
  return mayBeSilent && last.length > 0 && last.every((field) => valuesOf(row, field).length <= nth);
}

/** Whether tshark missed bytes: of the packet itself, or for it was captured in part, or is a fragment. */
export function gaveUp(row: Row): boolean {
  return ['_ws.malformed', '_ws.short', '_ws.unreassembled'].some((field) => valuesOf(row, field).length > 0);
}
