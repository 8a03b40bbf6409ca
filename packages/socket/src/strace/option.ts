/**
 * How strace writes options.
 * @module
 */
import * as ip from '../constants/ip.ts';
import * as packet from '../constants/packet.ts';
import * as so from '../constants/so.ts';
import * as tcp from '../constants/tcp.ts';
import type { Timeval } from '../control.ts';
import type {
  Linger,
  Membership,
  PacketMembership,
  SourceMembership,
  TcpRepairOption,
  TcpRepairWindow,
} from '../option-types.ts';
import type { OptionData } from '../ports.ts';
import { device } from './address.ts';
import { quote } from './text.ts';

/** A value, and the bytes its struct has. */
interface Value {
  text: string;
  length: number;
}

const IFNAMSIZ = 16;
const TCP_CA_NAME_MAX = 16;

/** The value of an option as `setsockopt` and `getsockopt` take it, and its length; `ifname` names devices. */
export function optionValue(
  level: number,
  option: number,
  value: OptionData,
  ifname: (ifindex: number) => string,
): Value {
  if (level === so.SOL_SOCKET && (option === so.SO_RCVTIMEO || option === so.SO_SNDTIMEO)) {
    return timeval(typeof value === 'number' ? milliseconds(value) : (value as Timeval));
  }
  if (typeof value === 'number') return { text: `[${value}]`, length: 4 };
  if (value instanceof Uint8Array) return bytes(value);
  if (level === so.SOL_SOCKET && option === so.SO_LINGER) {
    const { onoff, linger } = value as Linger;
    return { text: `{l_onoff=${Number(onoff)}, l_linger=${linger}}`, length: 8 };
  }
  if (level === so.SOL_IP) return ipOption(option, value);
  if (level === so.SOL_TCP && option === tcp.TCP_REPAIR_OPTIONS) {
    return words((value as TcpRepairOption[]).flatMap(({ optCode, optVal }) => [optCode, optVal]));
  }
  if (level === so.SOL_TCP && option === tcp.TCP_REPAIR_WINDOW) {
    const { sndWl1, sndWnd, maxWindow, rcvWnd, rcvWup } = value as TcpRepairWindow;
    return words([sndWl1, sndWnd, maxWindow, rcvWnd, rcvWup]);
  }
  if (level === so.SOL_PACKET) return packetOption(option, value, ifname);
  return typeof value === 'string' ? text(value) : struct(value);
}

/** What `getsockopt` fills in of a string: its end too, and for a congestion control all of its buffer. */
export function filled(level: number, option: number, value: OptionData): Value & { room: number } {
  if (typeof value !== 'string') {
    const { text, length } = optionValue(level, option, value, () => '');
    return { text, length, room: length };
  }
  const isName = level === so.SOL_SOCKET && option === so.SO_BINDTODEVICE;
  const room = isName ? IFNAMSIZ : TCP_CA_NAME_MAX;
  const isWhole = level === so.SOL_TCP && option === tcp.TCP_CONGESTION;
  const length = isWhole ? room : value.length + 1;
  const zeros = '\\0'.repeat(length - value.length);
  return {
    text: isName && value === '' ? '""' : `"${value}${zeros}"`,
    length: value === '' ? 0 : length,
    room,
  };
}

/** strace shows the bytes: a timeval of this size is that of an old interface. */
export function timeval({ sec, usec }: Timeval): Value {
  const data = new Uint8Array(16);
  const view = new DataView(data.buffer);
  view.setBigInt64(0, BigInt(sec), true);
  view.setBigInt64(8, BigInt(usec), true);
  return bytes(data);
}

/** Applications may give milliseconds; Linux has no such thing. */
function milliseconds(time: number): Timeval {
  const usec = Math.round(time * 1000);
  return { sec: Math.floor(usec / 1_000_000), usec: usec % 1_000_000 };
}

function ipOption(option: number, value: object | string): Value {
  switch (option) {
    case ip.IP_MULTICAST_IF:
      if (typeof value === 'string') return { text: `[${littleEndian(value)}]`, length: 4 };
      return bytes(
        Uint8Array.of(0, 0, 0, 0, ...parts((value as Membership).address), ...index(value as Membership)),
      );
    case ip.IP_ADD_MEMBERSHIP:
    case ip.IP_DROP_MEMBERSHIP: {
      const { multiaddr, address = '0.0.0.0', ifindex } = value as Membership;
      const fields = `imr_multiaddr=inet_addr("${multiaddr}"), imr_interface=inet_addr("${address}")`;
      return { text: `{${fields}}`, length: ifindex === undefined ? 8 : 12 };
    }
    case ip.IP_ADD_SOURCE_MEMBERSHIP:
    case ip.IP_DROP_SOURCE_MEMBERSHIP:
    case ip.IP_BLOCK_SOURCE:
    case ip.IP_UNBLOCK_SOURCE: {
      const source = value as SourceMembership;
      return bytes(
        Uint8Array.of(...parts(source.multiaddr), ...parts(source.interface), ...parts(source.sourceaddr)),
      );
    }
    default:
      return typeof value === 'string' ? text(value) : struct(value);
  }
}

function packetOption(option: number, value: object | string, ifname: (ifindex: number) => string): Value {
  if (option === packet.PACKET_STATISTICS) {
    const { packets, drops } = value as { packets: number; drops: number };
    return { text: `{tp_packets=${packets}, tp_drops=${drops}}`, length: 8 };
  }
  if (option !== packet.PACKET_ADD_MEMBERSHIP && option !== packet.PACKET_DROP_MEMBERSHIP)
    return struct(value as object);
  const { ifindex, type, address = '' } = value as PacketMembership;
  const mac = address === '' ? [] : address.split(':');
  const kind = ['PACKET_MR_MULTICAST', 'PACKET_MR_PROMISC', 'PACKET_MR_ALLMULTI'][type] ?? String(type);
  return {
    text: `{mr_ifindex=${device(ifindex, ifname(ifindex))}, mr_type=${kind}, mr_alen=${mac.length}, mr_address=${mac.join(':')}}`,
    length: 16,
  };
}

/** Whatever has four bytes is an int to strace. */
function text(value: string): Value {
  if (value.length === 4) {
    const int = [...value].reduceRight((sum, char) => (sum << 8) | (char.charCodeAt(0) & 0xff), 0);
    return { text: `[${int}]`, length: 4 };
  }
  return { text: `"${value}"`, length: value.length };
}

function bytes(data: Uint8Array): Value {
  return { text: quote({ data, length: data.length }, 32), length: data.length };
}

/** A struct of ints that strace does not take apart. */
function words(values: readonly number[]): Value {
  return bytes(new Uint8Array(Uint32Array.from(values).buffer));
}

/** A struct that has no form of its own here: field by field. */
function struct(value: object): Value {
  const fields = Object.entries(value).map(([name, field]) => `${name}=${String(field)}`);
  return { text: `{${fields.join(', ')}}`, length: 4 * fields.length };
}

function parts(address = '0.0.0.0'): number[] {
  return address.split('.').map(Number);
}

function index({ ifindex = 0 }: Membership): number[] {
  return [ifindex & 0xff, (ifindex >> 8) & 0xff, (ifindex >> 16) & 0xff, ifindex >>> 24];
}

/** An address read as an int, as strace does where it does not expect one. */
function littleEndian(address: string): number {
  const [a = 0, b = 0, c = 0, d = 0] = parts(address);
  return a | (b << 8) | (c << 16) | (d << 24);
}
