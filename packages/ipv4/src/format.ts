/**
 * A header as text: the line `tcpdump -v` prints before the payload's.
 * @module
 */
import { formatAddress } from './address.ts';
import { FLAG_DF, FLAG_MF, FLAG_RF, type Header } from './header.ts';
import {
  IPOPT_END,
  IPOPT_LSRR,
  IPOPT_MALFORMED,
  IPOPT_NOOP,
  IPOPT_RA,
  IPOPT_RAW,
  IPOPT_RR,
  IPOPT_SEC,
  IPOPT_SID,
  IPOPT_SSRR,
  IPOPT_TIMESTAMP,
  IPOPT_TS_PRESPEC,
  IPOPT_TS_TSANDADDR,
  type Option,
  type Route,
  type Timestamp,
} from './option-kinds.ts';
import { protocolName } from './protocol.ts';
import { ecn } from './tos.ts';

/** What `tcpdump` appends to the TOS octet. */
const ECN_TEXT = ['', ',ECT(1)', ',ECT(0)', ',CE'] as const;

/** One line, as `tcpdump -v`: `IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 60) a > b`. */
export function format(header: Header): string {
  const tos = `0x${header.tos.toString(16)}${ECN_TEXT[ecn(header.tos)]}`;
  const name = protocolName(header.protocol)?.slice('IPPROTO_'.length) ?? 'unknown';
  const options =
    header.options.length === 0 ? '' : `, options (${header.options.map(formatOption).join(',')})`;
  return (
    `IP (tos ${tos}, ttl ${header.ttl}, id ${header.id}, offset ${header.fragOff * 8}, ` +
    `flags [${formatFlags(header.flags)}], proto ${name} (${header.protocol}), length ${header.totLen}${options}) ` +
    `${formatAddress(header.saddr)} > ${formatAddress(header.daddr)}`
  );
}

/** Names of the flags that are set, as `tcpdump`: `+` more fragments, `DF`, `rsvd`; `none`. */
export function formatFlags(flags: number): string {
  const names: string[] = [];
  if (flags & FLAG_MF) names.push('+');
  if (flags & FLAG_DF) names.push('DF');
  if (flags & FLAG_RF) names.push('rsvd');
  return names.length === 0 ? 'none' : names.join(', ');
}

/** One option; `^` stands before the slot its pointer names. */
export function formatOption(option: Option): string {
  switch (option.kind) {
    case IPOPT_END:
      return 'EOL';
    case IPOPT_NOOP:
      return 'NOP';
    case IPOPT_RR:
      return `RR${slots(option)}`;
    case IPOPT_LSRR:
      return `LSRR${slots(option)}`;
    case IPOPT_SSRR:
      return `SSRR${slots(option)}`;
    case IPOPT_TIMESTAMP:
      return `timestamp${stamps(option)}`;
    case IPOPT_RA:
      return option.value === 0 ? 'RA' : `RA value ${option.value}`;
    case IPOPT_SID:
      return `SID ${option.streamId}`;
    case IPOPT_SEC:
      return `security${tail(option.data)}`;
    case IPOPT_RAW:
      return `unknown ${option.code}${tail(option.data)}`;
    case IPOPT_MALFORMED:
      return `malformed${tail(option.data)}`;
  }
}

function slots({ pointer, route }: Route): string {
  return route.map((address, i) => ` ${pointer === 4 + 4 * i ? '^' : ''}${formatAddress(address)}`).join('');
}

function stamps({ pointer, overflow, flag, words }: Timestamp): string {
  const pairs = flag === IPOPT_TS_TSANDADDR || flag === IPOPT_TS_PRESPEC;
  let text = '';
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as number;
    const second = pairs && i % 2 === 1;
    text += `${second ? '@' : ' '}${pointer === 5 + 4 * i ? '^' : ''}${pairs && !second ? formatAddress(word) : word}`;
  }
  return overflow === 0 ? text : `${text} [${overflow} hops not recorded]`;
}

function tail(data: Uint8Array): string {
  return data.length === 0
    ? ''
    : ` ${Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
