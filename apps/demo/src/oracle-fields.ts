/**
 * What tshark should say about a packet, field by field, if it reads the headers as we do.
 * @module
 */
import type * as arp from '@stack/arp';
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import * as tcp from '@stack/tcp';
import { type Checksums, type Dissection, destinationOf, type Layer, layerOf } from './dissect.ts';
import { hex } from './fields.ts';

/** Fields of tshark, alternatives joined by `|` where it has several names for one, and the values we read. */
export interface Expectation {
  field: string;
  /** One for each occurrence in this header, as {@link canonical} writes them. */
  values: readonly string[];
}

/** Every field {@link expectations} may name. */
export const LAYER_FIELDS: readonly string[] = [
  ...['eth.dst', 'eth.src', 'eth.type', 'eth.len'],
  ...['vlan.id', 'vlan.priority', 'vlan.dei', 'vlan.etype', 'vlan.len'],
  ...['ieee8021ad.id', 'ieee8021ad.priority', 'ieee8021ad.dei'],
  ...[
    'llc.dsap',
    'llc.ssap',
    'llc.control',
    'llc.oui',
    'llc.type',
    'llc.pid',
    'llc.cisco_pid',
    'llc.nortel_pid',
  ],
  ...['arp.hw.type', 'arp.proto.type', 'arp.hw.size', 'arp.proto.size', 'arp.opcode'],
  ...['arp.src.hw_mac', 'arp.src.hw', 'arp.src.proto_ipv4', 'arp.src.proto'],
  ...['arp.dst.hw_mac', 'arp.dst.hw', 'arp.dst.proto_ipv4', 'arp.dst.proto'],
  ...['ip.version', 'ip.hdr_len', 'ip.dsfield', 'ip.dsfield.dscp', 'ip.dsfield.ecn', 'ip.len', 'ip.id'],
  ...['ip.flags', 'ip.flags.rb', 'ip.flags.df', 'ip.flags.mf', 'ip.frag_offset', 'ip.ttl', 'ip.proto'],
  ...['ip.checksum', 'ip.checksum.status', 'ip.src', 'ip.dst'],
  ...['ip.opt.type', 'ip.opt.len', 'ip.opt.ptr', 'ip.opt.ra', 'ip.opt.sid', 'ip.opt.overflow', 'ip.opt.flag'],
  ...['tcp.srcport', 'tcp.dstport', 'tcp.seq_raw', 'tcp.ack_raw', 'tcp.hdr_len', 'tcp.flags'],
  ...['tcp.window_size_value', 'tcp.checksum', 'tcp.checksum.status', 'tcp.urgent_pointer', 'tcp.len'],
  ...['tcp.option_kind', 'tcp.option_len', 'tcp.options.mss_val', 'tcp.options.wscale.shift'],
  ...[
    'tcp.options.sack_le',
    'tcp.options.sack_re',
    'tcp.options.timestamp.tsval',
    'tcp.options.timestamp.tsecr',
  ],
  ...['tcp.options.md5.digest', 'tcp.options.ao.keyid', 'tcp.options.ao.rnextkeyid', 'tcp.options.ao.mac'],
  ...['tcp.options.user_to_granularity', 'tcp.options.user_to_val', 'tcp.options.tfo.cookie'],
  ...[
    'tcp.options.experimental.exid',
    'tcp.options.acc_ecn.ee0b',
    'tcp.options.acc_ecn.eceb',
    'tcp.options.acc_ecn.ee1b',
  ],
];

/** A value as text that compares: numbers in decimal, bytes as digits without colons. */
export function canonical(text: string): string {
  if (/^0x[0-9a-f]+$/i.test(text)) return String(Number(text));
  if (text === 'True' || text === 'False') return text === 'True' ? '1' : '0';
  return text.replaceAll(':', '').toLowerCase();
}

/** What tshark should say about `layer`. */
export function expectations(
  layer: Layer,
  found: Dissection,
  checksums: Checksums,
  onWire: number,
): Expectation[] {
  switch (layer.name) {
    case 'ethernet':
      return ethernetFields(layer.header);
    case 'arp':
      return arpFields(layer.header);
    case 'ipv4':
      return ipv4Fields(layer.header, checksums);
    case 'tcp':
      return [...tcpFields(layer.header), ...segmentFields(found, checksums, onWire)];
  }
}

function one(field: string, value: number | string): Expectation {
  return { field, values: [String(value)] };
}

/** A field that stands once for each element of a list, in order. */
function each<T>(
  field: string,
  list: readonly T[],
  value: (item: T) => number | string | undefined,
): Expectation {
  return { field, values: list.map(value).flatMap((item) => (item === undefined ? [] : [String(item)])) };
}

function ethernetFields({ dest, source, tags, proto, llc }: ethernet.Header): Expectation[] {
  // What stands behind the addresses, and behind each tag: a TPID, and in the end the type or length.
  const types = [...tags.map(({ tpid }) => tpid), proto];
  const customer = tags.filter(({ tpid }) => tpid !== ethernet.ETH_P_8021AD);
  const service = tags.filter(({ tpid }) => tpid === ethernet.ETH_P_8021AD);
  const behind = types.filter((_, i) => i > 0 && types[i - 1] !== ethernet.ETH_P_8021AD);
  const isType = (value: number): boolean => value >= ethernet.ETH_P_802_3_MIN;
  const first = types[0]!;
  return [
    one('eth.dst', canonical(ethernet.formatMac(dest))),
    one('eth.src', canonical(ethernet.formatMac(source))),
    one(isType(first) ? 'eth.type' : 'eth.len', first),
    each('vlan.id', customer, ({ tci }) => ethernet.vid(tci)),
    each('vlan.priority', customer, ({ tci }) => ethernet.pcp(tci)),
    each('vlan.dei', customer, ({ tci }) => ethernet.dei(tci)),
    each('vlan.etype', behind.filter(isType), (type) => type),
    each('vlan.len', behind, (type) => (isType(type) ? undefined : type)),
    each('ieee8021ad.id', service, ({ tci }) => ethernet.vid(tci)),
    each('ieee8021ad.priority', service, ({ tci }) => ethernet.pcp(tci)),
    each('ieee8021ad.dei', service, ({ tci }) => ethernet.dei(tci)),
    ...(llc === null || ethernet.isRaw(llc) ? [] : llcFields(llc)),
  ];
}

function llcFields({ dsap, ssap, control, snap }: ethernet.Llc): Expectation[] {
  const fields = [one('llc.dsap', dsap), one('llc.ssap', ssap), one('llc.control', control)];
  if (snap === null) return fields;
  const pid = snap.oui === 0 ? 'llc.type' : 'llc.cisco_pid|llc.nortel_pid|llc.pid';
  return [...fields, one('llc.oui', snap.oui), one(pid, snap.pid)];
}

/** DRARP-Error, RFC 1931. */
const DRARP_ERROR = 7;

function arpFields({ htype, ptype, hlen, plen, op, sha, spa, tha, tpa }: arp.Header): Expectation[] {
  const digits = (bytes: Uint8Array): string => hex(bytes).replaceAll(' ', '');
  const hardware = (bytes: Uint8Array): string[] => (bytes.length === 0 ? [] : [digits(bytes)]);
  const isIpv4 = ptype === ethernet.ETH_P_IP && plen === 4;
  const protocol = (bytes: Uint8Array): string[] => (isIpv4 ? [bytes.join('.')] : hardware(bytes));
  return [
    one('arp.hw.type', htype),
    one('arp.proto.type', ptype),
    one('arp.hw.size', hlen),
    one('arp.proto.size', plen),
    one('arp.opcode', op),
    { field: 'arp.src.hw_mac|arp.src.hw', values: hardware(sha) },
    { field: 'arp.src.proto_ipv4|arp.src.proto', values: protocol(spa) },
    { field: 'arp.dst.hw_mac|arp.dst.hw', values: hardware(tha) },
    // In an error of DRARP this is a status, and has a name of its own.
    { field: 'arp.dst.proto_ipv4|arp.dst.proto', values: op === DRARP_ERROR ? [] : protocol(tpa) },
  ];
}

function ipv4Fields(header: ipv4.Header, checksums: Checksums): Expectation[] {
  const { version, ihl, tos, totLen, id, flags, fragOff, ttl, protocol, check, saddr, options } = header;
  return [
    one('ip.version', version),
    one('ip.hdr_len', ihl * 4),
    one('ip.dsfield', tos),
    one('ip.dsfield.dscp', ipv4.dscp(tos)),
    one('ip.dsfield.ecn', ipv4.ecn(tos)),
    one('ip.len', totLen),
    one('ip.id', id),
    one('ip.flags', flags),
    one('ip.flags.rb', flags >> 2),
    one('ip.flags.df', (flags >> 1) & 1),
    one('ip.flags.mf', flags & 1),
    one('ip.frag_offset', fragOff),
    one('ip.ttl', ttl),
    one('ip.proto', protocol),
    one('ip.checksum', check),
    one('ip.checksum.status', checksums.ipv4 ? 1 : 0),
    one('ip.src', ipv4.formatAddress(saddr)),
    one('ip.dst', ipv4.formatAddress(destinationOf(header))),
    ...optionFields(options),
  ];
}

/** IPv4 options that tshark has fields for; of others it prints a line of text. */
const NAMED_OPTIONS: readonly number[] = [0, 1, 7, 11, 12, 25, 68, 82, 130, 131, 133, 134, 136, 137, 148];
const POINTED_OPTIONS: readonly number[] = [
  ipv4.IPOPT_RR,
  ipv4.IPOPT_TIMESTAMP,
  ipv4.IPOPT_LSRR,
  ipv4.IPOPT_SSRR,
];

function optionFields(options: readonly ipv4.Option[]): Expectation[] {
  const kind = (option: ipv4.Option): number => ipv4.wireKind(option) ?? -1;
  // Of a malformed option tshark says no more than that it is one.
  const named = options.filter(
    (option) => option.kind !== ipv4.IPOPT_MALFORMED && NAMED_OPTIONS.includes(kind(option)),
  );
  const long = named.filter((option) => option.kind !== ipv4.IPOPT_END && option.kind !== ipv4.IPOPT_NOOP);
  const stamps = long.filter((option) => kind(option) === ipv4.IPOPT_TIMESTAMP);
  return [
    each('ip.opt.type', named, kind),
    each('ip.opt.len', long, ipv4.optionLength),
    each('ip.opt.ptr', long, (option) =>
      POINTED_OPTIONS.includes(kind(option)) ? pointer(option) : undefined,
    ),
    each('ip.opt.ra', long, (option) => (option.kind === ipv4.IPOPT_RA ? option.value : undefined)),
    each('ip.opt.sid', long, (option) => (option.kind === ipv4.IPOPT_SID ? option.streamId : undefined)),
    each('ip.opt.overflow', stamps, (option) => overflowAndFlag(option) >> 4),
    each('ip.opt.flag', stamps, (option) => overflowAndFlag(option) & 15),
  ];
}

// tshark reads the first octets of a route or a timestamp of odd length too, which to us is a row of bytes.

function pointer(option: ipv4.Option): number | undefined {
  if (option.kind === ipv4.IPOPT_RAW) return option.data[0];
  return 'pointer' in option ? option.pointer : undefined;
}

function overflowAndFlag(option: ipv4.Option): number {
  if (option.kind === ipv4.IPOPT_TIMESTAMP) return (option.overflow << 4) | option.flag;
  return (option.kind === ipv4.IPOPT_RAW && option.data[1]) || 0;
}

/** Values of the options of one kind: a list, for some options hold several. */
function ofKind<K extends tcp.Option['kind']>(
  field: string,
  options: readonly tcp.Option[],
  kinds: readonly K[],
  values: (option: Extract<tcp.Option, { kind: K }>) => readonly (number | string | undefined)[],
): Expectation {
  const matching = options.filter((option): option is Extract<tcp.Option, { kind: K }> =>
    (kinds as readonly number[]).includes(option.kind),
  );
  return each(field, matching.flatMap(values), (value) => value);
}

function tcpFields(header: tcp.Header): Expectation[] {
  const { source, dest, seq, ackSeq, doff, res1, flags, window, check, urgPtr, options } = header;
  const digits = (bytes: Uint8Array): string[] =>
    bytes.length === 0 ? [] : [hex(bytes).replaceAll(' ', '')];
  const experimental = [tcp.TCPOPT_EXP1, tcp.TCPOPT_EXP] as const;
  return [
    one('tcp.srcport', source),
    one('tcp.dstport', dest),
    one('tcp.seq_raw', seq),
    one('tcp.ack_raw', ackSeq),
    one('tcp.hdr_len', doff * 4),
    one('tcp.flags', (res1 << 9) | flags),
    one('tcp.window_size_value', window),
    one('tcp.checksum', check),
    one('tcp.urgent_pointer', urgPtr),
    { field: 'tcp.option_kind', values: options.flatMap(kinds) },
    each('tcp.option_len', options, (o) =>
      o.kind === tcp.TCPOPT_EOL || o.kind === tcp.TCPOPT_NOP ? undefined : tcp.optionLength(o),
    ),
    ofKind('tcp.options.mss_val', options, [tcp.TCPOPT_MSS], ({ mss }) => [mss]),
    ofKind('tcp.options.wscale.shift', options, [tcp.TCPOPT_WINDOW], ({ wscale }) => [wscale]),
    ofKind('tcp.options.sack_le', options, [tcp.TCPOPT_SACK], ({ blocks }) =>
      blocks.map((block) => block.startSeq),
    ),
    ofKind('tcp.options.sack_re', options, [tcp.TCPOPT_SACK], ({ blocks }) =>
      blocks.map((block) => block.endSeq),
    ),
    ofKind('tcp.options.timestamp.tsval', options, [tcp.TCPOPT_TIMESTAMP], ({ tsval }) => [tsval]),
    ofKind('tcp.options.timestamp.tsecr', options, [tcp.TCPOPT_TIMESTAMP], ({ tsecr }) => [tsecr]),
    ofKind('tcp.options.md5.digest', options, [tcp.TCPOPT_MD5SIG], ({ digest }) => digits(digest)),
    ofKind('tcp.options.ao.keyid', options, [tcp.TCPOPT_AO], ({ keyId }) => [keyId]),
    ofKind('tcp.options.ao.rnextkeyid', options, [tcp.TCPOPT_AO], ({ rNextKeyId }) => [rNextKeyId]),
    ofKind('tcp.options.ao.mac', options, [tcp.TCPOPT_AO], ({ mac }) => digits(mac)),
    ofKind('tcp.options.user_to_granularity', options, [tcp.TCPOPT_UTO], ({ granularity }) => [granularity]),
    ofKind('tcp.options.user_to_val', options, [tcp.TCPOPT_UTO], ({ timeout }) => [timeout]),
    each(
      'tcp.options.tfo.cookie',
      options,
      (option) => digits(tcp.fastOpenCookie(option) ?? new Uint8Array())[0],
    ),
    ofKind('tcp.options.experimental.exid', options, experimental, ({ exid }) => [exid]),
    each('tcp.options.acc_ecn.ee0b', options, (option) => accEcn(option)?.ee0b),
    each('tcp.options.acc_ecn.eceb', options, (option) => accEcn(option)?.eceb),
    each('tcp.options.acc_ecn.ee1b', options, (option) => accEcn(option)?.ee1b),
  ];
}

/** Kinds as tshark lists them: behind an End of Option List it takes each zero for another, up to the first other byte. */
function kinds(option: tcp.Option): string[] {
  if (option.kind !== tcp.TCPOPT_EOL) return [String(tcp.wireKind(option))];
  const other = option.padding.findIndex((byte) => byte !== 0);
  return new Array<string>(1 + (other < 0 ? option.padding.length : other)).fill('0');
}

/** Experiment identifiers under which Accurate ECN was tried before it had kinds of its own; tshark reads both forms. */
const ACCECN_EXPERIMENTS: readonly [exid: number, kind: tcp.AccEcn['kind']][] = [
  [0xacc0, tcp.TCPOPT_ACCECN0],
  [0xacc1, tcp.TCPOPT_ACCECN1],
];

function accEcn(option: tcp.Option): tcp.AccEcnCounters | undefined {
  if (option.kind === tcp.TCPOPT_ACCECN0 || option.kind === tcp.TCPOPT_ACCECN1)
    return tcp.accEcnCounters(option);
  if (option.kind !== tcp.TCPOPT_EXP && option.kind !== tcp.TCPOPT_EXP1) return undefined;
  const kind = ACCECN_EXPERIMENTS.find(([exid]) => exid === option.exid)?.[1];
  if (kind === undefined || option.data.length > 9 || option.data.length % 3 !== 0) return undefined;
  const counters: number[] = [];
  for (let at = 0; at + 3 <= option.data.length; at += 3) counters.push(u24(option.data, at));
  return tcp.accEcnCounters({ kind, counters });
}

function u24(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
}

/** What tshark works out from the header and what is around it. */
function segmentFields(found: Dissection, checksums: Checksums, onWire: number): Expectation[] {
  const ip = layerOf(found, 'ipv4')!;
  const segment = layerOf(found, 'tcp')!;
  // In a fragment it does not know the length.
  const fragment = (ip.header.flags & ipv4.FLAG_MF) !== 0;
  // Where the total length promises more than was on the wire, it goes by the wire, and sums that.
  const promised = ip.offset + ip.header.totLen;
  const length = Math.min(promised, onWire) - segment.offset - segment.length;
  const fields = [fragment ? { field: 'tcp.len', values: [] } : one('tcp.len', length)];
  if (checksums.tcp !== undefined) fields.push(one('tcp.checksum.status', checksums.tcp ? 1 : 0));
  else if (promised <= onWire) fields.push(one('tcp.checksum.status', 2));
  return fields;
}
