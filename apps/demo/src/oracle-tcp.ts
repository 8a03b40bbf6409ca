/**
 * What tshark should say about a TCP header.
 * @module
 */
import * as tcp from '@stack/tcp';
import type { TcpStart } from './dissect-layers.ts';
import { digits, type Expectation, each, one } from './oracle-expectation.ts';

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

/** Of as much of a TCP header as an ICMP error quotes. */
export function tcpStartFields({
  source,
  dest,
  seq,
}: Pick<TcpStart, 'source' | 'dest' | 'seq'>): Expectation[] {
  return [one('tcp.srcport', source), one('tcp.dstport', dest), one('tcp.seq', seq)];
}

/** Of a TCP header. */
export function tcpFields(header: tcp.Header): Expectation[] {
  const { source, dest, seq, ackSeq, doff, res1, flags, window, check, urgPtr } = header;
  // Of a malformed option tshark says no more than that it is one.
  const options = header.options.filter(({ kind }) => kind !== tcp.TCPOPT_MALFORMED);
  const experimental = [tcp.TCPOPT_EXP1, tcp.TCPOPT_EXP] as const;
  return [
    one('tcp.srcport', source),
    one('tcp.dstport', dest),
    one('tcp.seq', seq),
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
