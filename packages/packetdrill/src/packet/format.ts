/**
 * Packets as scripts write them.
 * @module
 */
import { ACK, AE, CWR, ECE, FIN, PSH, RST, SYN, URG } from '@stack/tcp';
import type { Packet } from '../script/script.ts';
import type { Connection } from './connection.ts';
import type { Live } from './live.ts';
import { decodeOptions, formatOptions } from './tcp-options.ts';

const LETTERS: readonly (readonly [number, string])[] = [
  [FIN, 'F'],
  [SYN, 'S'],
  [RST, 'R'],
  [PSH, 'P'],
  [ACK, '.'],
  [URG, 'U'],
  [ECE, 'E'],
  [CWR, 'W'],
  [AE, 'A'],
];
const ECN = ['noecn', 'ect1', 'ect0', 'ce'];

/** Flags as letters: `S.`; `-` for none. */
export function formatFlags(flags: number): string {
  const letters = LETTERS.filter(([bit]) => (flags & bit) !== 0).map(([, letter]) => letter);
  return letters.length === 0 ? '-' : letters.join('');
}

/** Microseconds as seconds: `0.010000`. */
export function formatTime(time: number): string {
  return (time / 1_000_000).toFixed(6);
}

/** A packet of a script. */
export function formatPacket(packet: Packet): string {
  const ecn = packet.ip.ecn === undefined ? '' : `[${ECN[packet.ip.ecn]}] `;
  switch (packet.protocol) {
    case 'udp':
      return `${ecn}udp (${packet.length})`;
    case 'icmp':
      return `${ecn}icmp type ${packet.type} code ${packet.code}`;
    case 'tcp': {
      const { flags, seq, length, ack, window, urgent, options } = packet;
      const words = [`${ecn}${formatFlags(flags)}`, `${seq}:${(seq + length) >>> 0}(${length})`];
      if (ack !== undefined) words.push(`ack ${ack}`);
      if (window !== undefined) words.push(`win ${window}`);
      if (urgent !== undefined) words.push(`urg ${urgent}`);
      if (options === undefined) words.push('<...>');
      else if (options.length > 0) words.push(formatOptions(options));
      return words.join(' ');
    }
  }
}

/** A packet of the host's, in the numbers of the script. */
export function formatLive(live: Live, connection: Connection): string {
  const { tcp, udp, icmp, payload } = live;
  const ecn = (live.ip.tos & 3) === 0 ? '' : `[${ECN[live.ip.tos & 3]}] `;
  if (udp !== undefined) return `${ecn}udp (${payload.length})`;
  if (icmp !== undefined) return `${ecn}icmp type ${icmp.type} code ${icmp.code}`;
  if (tcp === undefined) return `${ecn}protocol ${live.ip.protocol}, ${payload.length} bytes`;
  const { flags } = tcp;
  const seq = connection.localScript(tcp.seq, flags);
  const words = [`${ecn}${formatFlags(flags)}`, `${seq}:${(seq + payload.length) >>> 0}(${payload.length})`];
  if ((flags & ACK) !== 0) words.push(`ack ${connection.remoteScript(tcp.ackSeq, flags)}`);
  words.push(`win ${tcp.window}`);
  if ((flags & URG) !== 0) words.push(`urg ${tcp.urgPtr}`);
  const options = decodeOptions(tcp.options, connection);
  if (options.length > 0) words.push(formatOptions(options));
  return words.join(' ');
}
