/**
 * Whether a packet of the host's is the one that a script expects.
 * @module
 */
import { ACK, FIN, PSH } from '@stack/tcp';
import type { Packet, ScriptOption, TcpPacket } from '../script/script.ts';
import type { Connection } from './connection.ts';
import { formatFlags } from './format.ts';
import type { Live } from './live.ts';
import { decodeOptions, formatOption, formatOptions } from './tcp-options.ts';

/** What is compared besides the fields a line names. */
export interface CompareOptions {
  /** Of a line's payload, the bytes that earlier packets carried. */
  done: number;
  /** The packet may carry less than the rest of the line. */
  mayBePart: boolean;
  /** The timestamps that the peer sent must come back as the line says. */
  checksEchoes: boolean;
}

/** What differs, a phrase each; none = it is the one. */
export function compare(
  packet: Packet,
  live: Live,
  connection: Connection,
  options: CompareOptions,
): string[] {
  const faults: string[] = [];
  const { ip } = packet;
  if (ip.ecn !== undefined && ip.ecn !== (live.ip.tos & 3))
    faults.push(differ('ECN', ip.ecn, live.ip.tos & 3));
  if (ip.tos !== undefined && ip.tos !== live.ip.tos) faults.push(differ('TOS', ip.tos, live.ip.tos));
  if (ip.ttl !== undefined && ip.ttl !== live.ip.ttl) faults.push(differ('TTL', ip.ttl, live.ip.ttl));
  switch (packet.protocol) {
    case 'tcp':
      if (live.tcp === undefined) return ['it is no TCP segment'];
      compareTcp(packet, live, connection, options, faults);
      break;
    case 'udp':
      if (live.udp === undefined) return ['it is no UDP datagram'];
      if (live.payload.length !== packet.length) {
        faults.push(differ('the length', packet.length, live.payload.length));
      }
      break;
    case 'icmp':
      if (live.icmp === undefined) return ['it is no ICMP message'];
      if (live.icmp.type !== packet.type) faults.push(differ('the type', packet.type, live.icmp.type));
      if (live.icmp.code !== packet.code) faults.push(differ('the code', packet.code, live.icmp.code));
      break;
  }
  if (live.payload.some((byte) => byte !== 0) && packet.protocol !== 'icmp') {
    faults.push('the payload is not what was written: all zeros');
  }
  return faults;
}

/** Whether `live` carries a part of the rest of the line only: more must follow. */
export function isPart(packet: Packet, live: Live, { done, mayBePart }: CompareOptions): boolean {
  return (
    mayBePart &&
    packet.protocol === 'tcp' &&
    live.payload.length > 0 &&
    live.payload.length < packet.length - done
  );
}

function compareTcp(
  packet: TcpPacket,
  live: Live,
  connection: Connection,
  options: CompareOptions,
  faults: string[],
): void {
  const { tcp, payload } = live;
  if (tcp === undefined) return;
  const part = isPart(packet, live, options);
  // What pieces that are not the last one carry of PSH is the sender's affair, and its FIN belongs to the last.
  const flags = part ? packet.flags & ~FIN : packet.flags;
  const ignored = part ? PSH : 0;
  if ((tcp.flags | ignored) !== (flags | ignored)) {
    faults.push(differ('the flags', formatFlags(packet.flags), formatFlags(tcp.flags)));
  }
  const seq = connection.localScript(tcp.seq, tcp.flags);
  const expected = (packet.seq + options.done) >>> 0;
  if (seq !== expected) faults.push(differ('seq', expected, seq));
  if (!part && payload.length !== packet.length - options.done) {
    faults.push(differ('the length', packet.length - options.done, payload.length));
  }
  if ((tcp.flags & ACK) !== 0) {
    const ack = connection.remoteScript(tcp.ackSeq, tcp.flags);
    if (ack !== (packet.ack ?? 0)) faults.push(differ('ack', packet.ack ?? 'none', ack));
  } else if (packet.ack !== undefined && packet.ack !== 0) faults.push(differ('ack', packet.ack, 'none'));
  if (packet.window !== undefined && packet.window !== tcp.window) {
    faults.push(differ('win', packet.window, tcp.window));
  }
  if (tcp.urgPtr !== (packet.urgent ?? 0)) faults.push(differ('urg', packet.urgent ?? 0, tcp.urgPtr));
  if (packet.options !== undefined) {
    const actual = decodeOptions(tcp.options, connection);
    const fault = compareOptions(packet.options, actual, options.checksEchoes);
    if (fault !== undefined) faults.push(fault);
  }
}

function compareOptions(
  expected: readonly ScriptOption[],
  actual: readonly ScriptOption[],
  checksEchoes: boolean,
): string | undefined {
  const isSame =
    expected.length === actual.length &&
    expected.every((option, i) => sameOption(option, actual[i] as ScriptOption, checksEchoes));
  return isSame ? undefined : differ('the options', formatOptions(expected), formatOptions(actual));
}

function sameOption(expected: ScriptOption, actual: ScriptOption, checksEchoes: boolean): boolean {
  if (expected.kind === 'TS' && actual.kind === 'TS') return !checksEchoes || expected.ecr === actual.ecr;
  return formatOption(expected) === formatOption(actual);
}

function differ(what: string, expected: number | string, actual: number | string): string {
  return `${what} is ${actual}, not ${expected}`;
}
