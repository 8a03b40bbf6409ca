/**
 * One line of text a message, in tcpdump's manner.
 * @module
 */
import { viewOf } from '@stack/skbuff';
import type { Header } from './header.ts';
import type { Message } from './message-kinds.ts';
import * as types from './types.ts';

/** What tcpdump says of a destination unreachable, by code; `%` stands for what is not reachable. */
const UNREACHABLE: Readonly<Record<number, string>> = /* @__PURE__ */ Object.freeze({
  [types.ICMP_NET_UNREACH]: 'net % unreachable',
  [types.ICMP_HOST_UNREACH]: 'host % unreachable',
  [types.ICMP_SR_FAILED]: '% unreachable - source route failed',
  [types.ICMP_NET_UNKNOWN]: 'net % unreachable - unknown',
  [types.ICMP_HOST_UNKNOWN]: 'host % unreachable - unknown',
  [types.ICMP_HOST_ISOLATED]: '% unreachable - source host isolated',
  [types.ICMP_NET_ANO]: 'net % unreachable - admin prohibited',
  [types.ICMP_HOST_ANO]: 'host % unreachable - admin prohibited',
  [types.ICMP_NET_UNR_TOS]: 'net % unreachable - tos prohibited',
  [types.ICMP_HOST_UNR_TOS]: 'host % unreachable - tos prohibited',
  [types.ICMP_PKT_FILTERED]: 'host % unreachable - admin prohibited filter',
  [types.ICMP_PREC_VIOLATION]: 'host % unreachable - host precedence violation',
  [types.ICMP_PREC_CUTOFF]: 'host % unreachable - precedence cutoff',
});

const REDIRECT: Readonly<Record<number, string>> = /* @__PURE__ */ Object.freeze({
  [types.ICMP_REDIR_NET]: 'redirect % to net',
  [types.ICMP_REDIR_HOST]: 'redirect % to host',
  [types.ICMP_REDIR_NETTOS]: 'redirect-tos % to net',
  [types.ICMP_REDIR_HOSTTOS]: 'redirect-tos % to host',
});

/** The eight bytes alone: `ICMP echo request, id 1, seq 2`; with the message's `length`, bytes, as tcpdump ends its line. */
export function format(header: Header, length?: number): string {
  const text = `ICMP ${words(header, undefined)}`;
  return length === undefined ? text : `${text}, length ${length}`;
}

/** A whole message: errors also say what they are about, `ICMP 10.0.0.2 udp port 53 unreachable`. */
export function formatMessage(message: Message, length?: number): string {
  const text = `ICMP ${messageWords(message)}`;
  return length === undefined ? text : `${text}, length ${length}`;
}

function messageWords(message: Message): string {
  switch (message.kind) {
    case 'echo':
    case 'information':
      return words(headerOf(message, message.id * 0x1_0000 + message.sequence), undefined);
    case 'error':
      return words(
        headerOf(message, message.pointer * 0x100_0000 + message.length * 0x1_0000 + message.mtu),
        message.quote,
      );
    case 'redirect':
      return words(headerOf(message, message.gateway), message.quote);
    case 'timestamp': {
      const head = words(headerOf(message, message.id * 0x1_0000 + message.sequence), undefined);
      if (message.type === types.ICMP_TIMESTAMP) return head;
      const { originate, receive, transmit } = message;
      return `${head}: org ${clock(originate)}, recv ${clock(receive)}, xmit ${clock(transmit)}`;
    }
    case 'mask':
      if (message.type === types.ICMP_ADDRESS) return 'address mask request';
      return `address mask is 0x${message.mask.toString(16).padStart(8, '0')}`;
    case 'advertisement': {
      const list = message.routers.map((router) => ` {${dotted(router.address)} ${router.preference}}`);
      return `router advertisement lifetime ${lifetime(message.lifetime)} ${message.routers.length}:${list.join('')}`;
    }
    case 'extended-echo': {
      const { id, sequence, local } = message;
      return `extended echo request, id ${id}, seq ${sequence}${local === 1 ? ', local' : ''}`;
    }
    case 'extended-echo-reply':
      return `extended echo reply, id ${message.id}, seq ${message.sequence}, state ${message.state}`;
    case 'solicitation':
      return 'router solicitation';
    case 'raw':
      return words(headerOf(message, message.rest), undefined);
  }
}

function headerOf({ type, code, check }: Message, rest: number): Header {
  return { type, code, check, rest };
}

/** What a header says; `quote` is what an error is about, as far as it is known. */
function words(header: Header, quote: Uint8Array | undefined): string {
  const { type, code, rest } = header;
  const pair = `id ${rest >>> 16}, seq ${rest & 0xffff}`;
  switch (type) {
    case types.ICMP_ECHOREPLY:
      return `echo reply, ${pair}`;
    case types.ICMP_ECHO:
      return `echo request, ${pair}`;
    case types.ICMP_DEST_UNREACH:
      return unreachableWords(code, rest & 0xffff, quote);
    case types.ICMP_SOURCE_QUENCH:
      return 'source quench';
    case types.ICMP_REDIRECT:
      return `${fill(REDIRECT[code] ?? `redirect-#${code} % to net`, destination(quote))} ${dotted(rest)}`;
    case types.ICMP_ROUTERADVERT:
      return `router advertisement lifetime ${lifetime(rest & 0xffff)} ${rest >>> 24}:`;
    case types.ICMP_ROUTERSOLICIT:
      return 'router solicitation';
    case types.ICMP_TIME_EXCEEDED:
      if (code === types.ICMP_EXC_TTL) return 'time exceeded in-transit';
      return code === types.ICMP_EXC_FRAGTIME ? 'ip reassembly time exceeded' : `time exceeded-#${code}`;
    case types.ICMP_PARAMETERPROB:
      return code === 0
        ? `parameter problem - octet ${rest >>> 24}`
        : `parameter problem - code ${code} octet ${rest >>> 24}`;
    case types.ICMP_TIMESTAMP:
      return `time stamp query id ${rest >>> 16} seq ${rest & 0xffff}`;
    case types.ICMP_TIMESTAMPREPLY:
      return `time stamp reply id ${rest >>> 16} seq ${rest & 0xffff}`;
    case types.ICMP_INFO_REQUEST:
      return 'information request';
    case types.ICMP_INFO_REPLY:
      return 'information reply';
    case types.ICMP_ADDRESS:
      return 'address mask request';
    case types.ICMP_ADDRESSREPLY:
      return 'address mask reply';
    case types.ICMP_EXT_ECHO:
      return `extended echo request, id ${rest >>> 16}, seq ${(rest >>> 8) & 0xff}`;
    case types.ICMP_EXT_ECHOREPLY:
      return `extended echo reply, id ${rest >>> 16}, seq ${(rest >>> 8) & 0xff}`;
    default:
      return `type-#${type}`;
  }
}

function unreachableWords(code: number, mtu: number, quote: Uint8Array | undefined): string {
  const where = destination(quote);
  if (code === types.ICMP_PROT_UNREACH) {
    const protocol = quote === undefined || quote.length < 20 ? '' : ` ${quote[9]}`;
    return `${fill('% protocol', where)}${protocol} unreachable`;
  }
  if (code === types.ICMP_PORT_UNREACH) return `${fill('%', where)}${portOf(quote)} unreachable`.trimStart();
  if (code === types.ICMP_FRAG_NEEDED) {
    return `${fill('% unreachable - need to frag', where)}${mtu === 0 ? '' : ` (mtu ${mtu})`}`;
  }
  return fill(UNREACHABLE[code] ?? `% unreachable - #${code}`, where);
}

function fill(pattern: string, where: string): string {
  return pattern.replace(where === '' ? / ?%/ : '%', where).trimStart();
}

function destination(quote: Uint8Array | undefined): string {
  return quote === undefined || quote.length < 20 ? '' : dotted(viewOf(quote).getUint32(16));
}

/** The port nobody has, of a quoted TCP or UDP packet. */
function portOf(quote: Uint8Array | undefined): string {
  if (quote === undefined || quote.length < 24) return ' port';
  const at = ((quote[0] as number) & 0x0f) * 4;
  if (at + 4 > quote.length) return ' port';
  const port = viewOf(quote).getUint16(at + 2);
  const protocol = quote[9];
  if (protocol === 6) return ` tcp port ${port}`;
  return protocol === 17 ? ` udp port ${port}` : ` protocol ${protocol} port ${port}`;
}

function dotted(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 0xff}.${(address >>> 8) & 0xff}.${address & 0xff}`;
}

/** Milliseconds since midnight as a time of day; what has the top bit is no such time (RFC 792). */
function clock(ms: number): string {
  if (ms >= 0x8000_0000) return String(ms);
  const two = (n: number): string => String(n).padStart(2, '0');
  const seconds = Math.floor(ms / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return `${two(hours)}:${two(minutes)}:${two(seconds % 60)}.${String(ms % 1000).padStart(3, '0')}`;
}

function lifetime(seconds: number): string {
  if (seconds < 60) return String(seconds);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  const minutes = Math.floor(seconds / 60) % 60;
  return `${Math.floor(seconds / 3600)}:${String(minutes).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}
