/**
 * Arguments of system calls: those that are usual, those at edges, and those that are none.
 * @module
 */
import * as api from '@stack/socket';
import { ECHO, HERE_TEXT, THERE_TEXT } from './network.ts';
import type { Program } from './program.ts';

const NUMBERS: [string, number][] = [];
for (const [name, value] of Object.entries(api)) if (typeof value === 'number') NUMBERS.push([name, value]);

/** Every constant of the package whose name begins so. */
function named(...prefixes: string[]): number[] {
  return NUMBERS.filter(([name]) => prefixes.some((prefix) => name.startsWith(prefix))).map(
    ([, value]) => value,
  );
}

const FAMILIES = [...named('AF_'), -1, 99, 1.5];
const TYPES = [...named('SOCK_'), api.SOCK_STREAM | api.SOCK_NONBLOCK, 7, -1, Number.NaN];
const USUAL_TYPES = [api.SOCK_STREAM, api.SOCK_STREAM, api.SOCK_DGRAM, api.SOCK_RAW];
const PROTOCOLS = [...named('IPPROTO_'), 0, 0, 255, 256, -1, 132];
/** Options with the level they belong to. */
const OPTIONS: [level: number, option: number][] = [
  ...named('SO_').map((option): [number, number] => [api.SOL_SOCKET, option]),
  ...named('TCP_').map((option): [number, number] => [api.SOL_TCP, option]),
  ...named('IP_').map((option): [number, number] => [api.SOL_IP, option]),
  ...named('UDP_').map((option): [number, number] => [api.SOL_UDP, option]),
  ...named('PACKET_').map((option): [number, number] => [api.SOL_PACKET, option]),
  [api.SOL_RAW, api.ICMP_FILTER],
];
const FLAGS = [0, 0, 0, ...named('MSG_')];
const REQUESTS = [...named('SIOC', 'FIONREAD'), 0, 1];
const POLLS = named('POLL');

const TEXTS = [
  '',
  'x',
  'eth0',
  'lo',
  'veth0',
  'reno',
  'cubic',
  'no such device at all',
  HERE_TEXT,
  '224.0.0.5',
];
const USUAL_ADDRESSES = [HERE_TEXT, HERE_TEXT, THERE_TEXT, '127.0.0.1', '0.0.0.0'];
const USUAL_PORTS = [ECHO, 80, 80, 81];
const ADDRESSES = [
  ...USUAL_ADDRESSES,
  '192.168.1.99',
  '192.168.1.255',
  '255.255.255.255',
  '224.0.0.5',
  '8.8.8.8',
  '',
  '1.2.3',
  '::1',
  '300.1.1.1',
];
const PORTS = [ECHO, ECHO, 1, 2, 80, 0, 65_536, -1, Number.NaN];
const SMALL_ODD = [0, 1, 2, -1, 0.5, 65_535, 65_536, Number.NaN, Number.POSITIVE_INFINITY];
const ODD = [...SMALL_ODD, 0x7fff_ffff, 0xffff_ffff, 2 ** 53];

/** Arguments of `socket`. */
export function socketOf(program: Program): [family: number, type: number, protocol: number] {
  if (program.u8() > 160) return [program.pick(FAMILIES), program.pick(TYPES), program.pick(PROTOCOLS)];
  const type = program.pick(USUAL_TYPES);
  return [api.AF_INET, type, type === api.SOCK_RAW ? program.pick(PROTOCOLS) : 0];
}

/** An address; `never`, for the types would not let many of them pass. */
export function addressOf(program: Program): never {
  if (program.u8() < 160) {
    return { address: program.pick(USUAL_ADDRESSES), port: program.pick(USUAL_PORTS) } as never;
  }
  const port = program.pick(PORTS);
  const address = program.pick(ADDRESSES);
  const all = [
    { port },
    { address, port },
    { address, port },
    { address },
    { family: 'unspec' },
    { family: 'packet', ifname: program.pick(TEXTS), protocol: port },
    {},
  ];
  return program.pick(all) as never;
}

/** Bytes to send. */
export function dataOf(program: Program): Uint8Array {
  return new Uint8Array(program.u8() < 250 ? program.size() : 300_000);
}

/** A number of bytes to receive. */
export function lengthOf(program: Program): number {
  return program.u8() < 220 ? program.size() : program.pick(SMALL_ODD);
}

/** None, one or two of `MSG_*`. */
export function flagsOf(program: Program): number {
  return program.pick(FLAGS) | (program.u8() < 128 ? 0 : program.pick(FLAGS));
}

/** An option: mostly of a level it belongs to. */
export function optionOf(program: Program): [level: number, option: number] {
  const [level, option] = program.pick(OPTIONS);
  return program.u8() < 230 ? [level, option] : [program.pick(OPTIONS)[0], program.u8()];
}

/** A request of `ioctl`. */
export function requestOf(program: Program): number {
  return program.pick(REQUESTS);
}

/** Events of `poll`. */
export function eventsOf(program: Program): number {
  return program.pick(POLLS);
}

/** What an option or a control message may hold, or may not. */
export function optionValueOf(program: Program): unknown {
  const kind = program.u8();
  if (kind < 100) return program.size();
  if (kind < 130) return program.pick(ODD);
  const ifindex = program.u8() % 4;
  const address = program.pick(ADDRESSES);
  const other = program.pick(ADDRESSES);
  const all = [
    true,
    false,
    program.pick(TEXTS),
    program.bytes(8),
    { onoff: program.u8() & 1, linger: program.pick(ODD) },
    { sec: program.pick(ODD), usec: program.pick(ODD) },
    { multiaddr: address, address: other, ifindex },
    { multiaddr: address, interface: other, sourceaddr: other },
    { ifindex, type: program.u8() % 5, address },
    { specDst: address, addr: other, ifindex },
    undefined,
    null,
    [],
    {},
  ];
  return program.pick(all);
}
