/**
 * One line of text a header, as tcpdump prints it with `-S` (absolute sequence numbers).
 * @module
 */
import { ACK, FIN, formatFlags, RST, SYN, URG } from './flags.ts';
import type { Header } from './header.ts';
import {
  type AccEcn,
  type Option,
  TCPOPT_ACCECN0,
  TCPOPT_ACCECN1,
  TCPOPT_AO,
  TCPOPT_EOL,
  TCPOPT_EXP,
  TCPOPT_EXP1,
  TCPOPT_FASTOPEN,
  TCPOPT_FASTOPEN_MAGIC,
  TCPOPT_MALFORMED,
  TCPOPT_MD5SIG,
  TCPOPT_MPTCP,
  TCPOPT_MSS,
  TCPOPT_NOP,
  TCPOPT_RAW,
  TCPOPT_SACK,
  TCPOPT_SACK_PERM,
  TCPOPT_TIMESTAMP,
  TCPOPT_UTO,
  TCPOPT_WINDOW,
} from './option-kinds.ts';
import { accEcnCounters } from './options.ts';
import { seqAdd } from './seq.ts';

/**
 * A header as tcpdump prints it: `8080 > 1234: Flags [P.], seq 1:38, ack 1, win 502, options […], length 37`. The range of
 * `seq` and the length are there when the payload's `length` is given; the header does not know it.
 */
export function format(header: Header, length?: number): string {
  const { seq, flags } = header;
  let text = `${header.source} > ${header.dest}: Flags [${formatFlags(flags)}]`;
  if (length === undefined || length > 0 || (flags & (SYN | FIN | RST)) !== 0) text += `, seq ${seq}`;
  if (length !== undefined && length > 0) text += `:${seqAdd(seq, length)}`;
  if ((flags & ACK) !== 0) text += `, ack ${header.ackSeq}`;
  text += `, win ${header.window}`;
  if ((flags & URG) !== 0) text += `, urg ${header.urgPtr}`;
  if (header.options.length > 0) text += `, options [${header.options.map(formatOption).join(',')}]`;
  return length === undefined ? text : `${text}, length ${length}`;
}

/** One option, as tcpdump prints it where it knows it: `mss 1460`, `TS val 1 ecr 2`, `sack 1 {5:9}`. */
export function formatOption(option: Option): string {
  switch (option.kind) {
    case TCPOPT_EOL:
      return 'eol';
    case TCPOPT_NOP:
      return 'nop';
    case TCPOPT_MSS:
      return `mss ${option.mss}`;
    case TCPOPT_WINDOW:
      return `wscale ${option.wscale}`;
    case TCPOPT_SACK_PERM:
      return 'sackOK';
    case TCPOPT_SACK:
      return `sack ${option.blocks.length} ${option.blocks.map((b) => `{${b.startSeq}:${b.endSeq}}`).join('')}`;
    case TCPOPT_TIMESTAMP:
      return `TS val ${option.tsval} ecr ${option.tsecr}`;
    case TCPOPT_MD5SIG:
      return `md5 ${digits(option.digest)}`;
    case TCPOPT_UTO:
      return `uto ${option.timeout}${option.granularity === 1 ? 'm' : 's'}`;
    case TCPOPT_AO:
      return `tcp-ao keyid ${option.keyId} rnextkeyid ${option.rNextKeyId} mac 0x${digits(option.mac)}`;
    case TCPOPT_MPTCP:
      return `mptcp ${option.data.length + 2} 0x${digits(option.data)}`;
    case TCPOPT_FASTOPEN:
      return formatCookie('tfo', option.cookie);
    case TCPOPT_ACCECN0:
    case TCPOPT_ACCECN1:
      return formatAccEcn(option);
    case TCPOPT_EXP1:
    case TCPOPT_EXP:
      if (option.kind === TCPOPT_EXP && option.exid === TCPOPT_FASTOPEN_MAGIC) {
        return formatCookie('exp-tfo', option.data);
      }
      return `exp-${option.exid.toString(16).padStart(4, '0')}${tail(option.data)}`;
    case TCPOPT_RAW:
      return `unknown-${option.code}${tail(option.data)}`;
    case TCPOPT_MALFORMED:
      return `[bad opt]${tail(option.data)}`;
  }
}

function formatCookie(name: string, cookie: Uint8Array): string {
  return cookie.length === 0 ? `${name} cookiereq` : `${name} cookie ${digits(cookie)}`;
}

function formatAccEcn(option: AccEcn): string {
  const { ee0b, eceb, ee1b } = accEcnCounters(option);
  let text = option.kind === TCPOPT_ACCECN0 ? 'accecn0' : 'accecn1';
  if (ee0b !== undefined) text += ` e0b ${ee0b}`;
  if (eceb !== undefined) text += ` ceb ${eceb}`;
  if (ee1b !== undefined) text += ` e1b ${ee1b}`;
  return text;
}

function tail(bytes: Uint8Array): string {
  return bytes.length === 0 ? '' : ` 0x${digits(bytes)}`;
}

function digits(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
