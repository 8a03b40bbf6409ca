/**
 * What tshark should say about a packet, field by field, if it reads the headers as we do.
 * @module
 */
import type * as arp from '@stack/arp';
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import { type Checksums, destinationOf, verify } from './dissect-checksums.ts';
import { type Dissection, type Layer, layerOf } from './dissect-layers.ts';
import { canonical, digits, type Expectation, each, merge, one } from './oracle-expectation.ts';
import { extensionFields, ICMP_FIELDS } from './oracle-icmp.ts';
import { type Around, isStart, quoteEnd, transportFields } from './oracle-transport.ts';

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
  ...['tcp.srcport', 'tcp.dstport', 'tcp.seq', 'tcp.seq_raw', 'tcp.ack_raw', 'tcp.hdr_len', 'tcp.flags'],
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
  ...['udp.srcport', 'udp.dstport', 'udp.length', 'udp.checksum', 'udp.checksum.status'],
  ...ICMP_FIELDS,
];

/**
 * What tshark should say about the first `depth` headers of a packet of `onWire` bytes, those of a packet it quotes included: one
 * expectation a field.
 */
export function expectations(
  data: Uint8Array,
  found: Dissection,
  onWire: number,
  depth: number,
): Expectation[] {
  return merge(inOrder(data, found, onWire, depth, undefined));
}

function inOrder(
  data: Uint8Array,
  found: Dissection,
  onWire: number,
  depth: number,
  quotedBy: number | undefined,
): Expectation[] {
  const around: Around = { found, checksums: verify(data, found), captured: data.length, onWire, quotedBy };
  const layers = found.layers.slice(0, depth);
  const left = depth - layers.length;
  const last = layers.at(-1);
  return [
    ...layers.flatMap((layer) => layerFields(layer, around)),
    ...(found.quoted && left > 0
      ? inOrder(data, found.quoted, quoteEnd(around), left, layerOf(found, 'icmp')?.header.type)
      : []),
    // They stand behind the quote; where tshark can make nothing of that, it may come to nothing else.
    ...(last?.name === 'icmp' && !isStart(around) && isUnderstood(found.quoted)
      ? extensionFields(last.header)
      : []),
  ];
}

/** Whether tshark can make something of all of a quote, if there is one. */
function isUnderstood(quoted: Dissection | undefined): boolean {
  if (quoted === undefined) return true;
  return quoted.refused === undefined && quoted.unknown === undefined && quoted.quoted === undefined;
}

function layerFields(layer: Layer, around: Around): Expectation[] {
  const { checksums } = around;
  switch (layer.name) {
    case 'ethernet':
      return ethernetFields(layer.header);
    case 'arp':
      return arpFields(layer.header);
    case 'ipv4':
      return ipv4Fields(layer.header, checksums);
    default:
      return transportFields(layer, around);
  }
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
  const isIpv4 = ptype === ethernet.ETH_P_IP && plen === 4;
  const protocol = (bytes: Uint8Array): string[] => (isIpv4 ? [bytes.join('.')] : digits(bytes));
  return [
    one('arp.hw.type', htype),
    one('arp.proto.type', ptype),
    one('arp.hw.size', hlen),
    one('arp.proto.size', plen),
    one('arp.opcode', op),
    { field: 'arp.src.hw_mac|arp.src.hw', values: digits(sha) },
    { field: 'arp.src.proto_ipv4|arp.src.proto', values: protocol(spa) },
    { field: 'arp.dst.hw_mac|arp.dst.hw', values: digits(tha) },
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
