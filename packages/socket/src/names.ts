/**
 * Names of numbers: what protocols are asked with, and what traces print.
 * @module
 */
import * as ip from './constants/ip.ts';
import * as packet from './constants/packet.ts';
import * as so from './constants/so.ts';
import * as tcp from './constants/tcp.ts';

const OPTIONS: Record<number, [constants: Record<string, number>, prefix: string]> = {
  [so.SOL_SOCKET]: [so, 'SO_'],
  [so.SOL_IP]: [ip, 'IP_'],
  [so.SOL_TCP]: [tcp, 'TCP_'],
  [so.SOL_UDP]: [tcp, 'UDP_'],
  [so.SOL_PACKET]: [packet, 'PACKET_'],
  [so.SOL_RAW]: [packet, 'ICMP_'],
};

/** Constants that share a prefix with options and are none. */
const VALUES = /^(IP_PMTUDISC|PACKET_MR|TCP_CM|TCP_MD5SIG_FLAG|TCP_AO_KEYF)_|^IP_ORIGDSTADDR$/;

const names = new Map<number, Map<number, string>>();

/** Linux's name of an option, `'TCP_NODELAY'`; `undefined` for one that this package does not know. */
export function optionName(level: number, option: number): string | undefined {
  const known = OPTIONS[level];
  if (known === undefined) return undefined;
  let ofLevel = names.get(level);
  if (ofLevel === undefined) {
    ofLevel = invert(...known);
    names.set(level, ofLevel);
  }
  return ofLevel.get(option);
}

/** Whether options of this level have names here. */
export function isLevel(level: number): boolean {
  return OPTIONS[level] !== undefined;
}

/**
 * Names by value, in the order of the values, of those constants that begin with `prefix`; the first name of a value wins. The order is
 * made here: that of a module's exports is alphabetical.
 */
export function invert(constants: Record<string, number>, prefix: string): Map<number, string> {
  const inverted = new Map<number, string>();
  for (const [name, value] of Object.entries(constants).sort(([, a], [, b]) => a - b)) {
    if (name.startsWith(prefix) && !VALUES.test(name) && !inverted.has(value)) inverted.set(value, name);
  }
  return inverted;
}
