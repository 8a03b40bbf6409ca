/**
 * Options of level IPPROTO_IP: ip(7), with Linux's errors (`do_ip_setsockopt`, `do_ip_getsockopt`).
 * @module
 */
import type { Sock } from '@stack/skbuff/sock';
import { INADDR_ANY } from '../address.ts';
import { findDevice } from './address-type.ts';
import { IP_PMTUDISC_DONT, IP_PMTUDISC_OMIT } from './constants.ts';
import type { Dst } from './dst.ts';
import { MCAST_EXCLUDE, MCAST_INCLUDE } from './igmp-group.ts';
import type { InetSock } from './inet-sock.ts';
import type { Ipv4 } from './ipv4.ts';
import {
  addSource,
  type FilterRequest,
  filterOf,
  join,
  leave,
  type MulticastRequest,
  removeSource,
  type SourceRequest,
  setFilter,
} from './multicast-sock.ts';
import { compileOptions } from './options-out.ts';
import type { Errno } from './ports.ts';

/** A socket, as far as its options are concerned. */
export interface OptionSock {
  readonly sk: Sock;
  readonly inet: InetSock;
  /** `SOCK_STREAM` is not asked about groups, and tells no TTL of 0; `SOCK_RAW` alone writes headers. */
  readonly type: 'SOCK_STREAM' | 'SOCK_DGRAM' | 'SOCK_RAW';
  /** Where it is connected to, for `IP_MTU`. */
  readonly dst: Dst | undefined;
}

/** What an option holds: numbers and flags are numbers. */
export type OptionValue = number | Uint8Array | MulticastRequest | SourceRequest | FilterRequest;

/** Flags, each by its field of {@link InetSock}. */
const FLAGS = {
  IP_RECVERR: 'recverr',
  IP_PKTINFO: 'pktinfo',
  IP_RECVTTL: 'recvttl',
  IP_RECVTOS: 'recvtos',
  IP_RECVOPTS: 'recvopts',
  IP_RETOPTS: 'retopts',
  IP_RECVORIGDSTADDR: 'recvorigdstaddr',
  IP_RECVFRAGSIZE: 'recvfragsize',
  IP_FREEBIND: 'freebind',
  IP_TRANSPARENT: 'transparent',
  IP_BIND_ADDRESS_NO_PORT: 'bindAddressNoPort',
  IP_MULTICAST_LOOP: 'mcLoop',
  IP_MULTICAST_ALL: 'mcAll',
} as const;

/** See `Ipv4.setsockopt`. */
export function setsockopt(
  ip: Ipv4,
  now: number,
  socket: OptionSock,
  name: string,
  value: OptionValue,
): Errno | undefined {
  if (typeof value === 'number') return setNumber(ip, socket, name, value);
  if (value instanceof Uint8Array)
    return name === 'IP_OPTIONS' ? setOptions(ip, socket.inet, value) : wrongKind(name);
  return setGroup(ip, now, socket, name, value);
}

/** See `Ipv4.getsockopt`. */
export function getsockopt(
  ip: Ipv4,
  now: number,
  socket: OptionSock,
  name: string,
  request: MulticastRequest | undefined,
): OptionValue | Errno {
  const { inet } = socket;
  const flag = FLAGS[name as keyof typeof FLAGS];
  if (flag !== undefined) return inet[flag] ? 1 : 0;
  switch (name) {
    case 'IP_TOS':
      return inet.tos;
    case 'IP_TTL':
      return inet.ttl < 0 ? ip.sysctl.ip_default_ttl : inet.ttl;
    case 'IP_MTU_DISCOVER':
      return inet.pmtudisc;
    case 'IP_MTU':
      return socket.dst === undefined ? 'ENOTCONN' : socket.dst.mtu(now);
    case 'IP_MINTTL':
      return inet.minttl;
    case 'IP_HDRINCL':
      return inet.hdrincl ? 1 : 0;
    case 'IP_NODEFRAG':
      return inet.nodefrag ? 1 : 0;
    case 'IP_MULTICAST_TTL':
      return inet.mcTtl;
    case 'IP_MULTICAST_IF':
      return inet.mcAddr;
    case 'IP_UNICAST_IF':
      return inet.ucIndex;
    case 'IP_LOCAL_PORT_RANGE':
      return inet.localPortRange;
    case 'IP_OPTIONS':
      return inet.options?.given ?? new Uint8Array(0);
    case 'IP_MSFILTER': {
      if (request === undefined) return 'EFAULT';
      const filter = filterOf(ip, now, inet, request);
      return typeof filter === 'string' ? filter : { ...request, ...filter };
    }
    default:
      return 'ENOPROTOOPT';
  }
}

function setNumber(ip: Ipv4, socket: OptionSock, name: string, value: number): Errno | undefined {
  const { inet, sk } = socket;
  const flag = FLAGS[name as keyof typeof FLAGS];
  if (flag !== undefined) return setFlag(socket, flag, value);
  switch (name) {
    case 'IP_TOS': {
      let tos = value & 0xff;
      if (socket.type === 'SOCK_STREAM') tos = (tos & ~3) | (inet.tos & 3); // ECN is TCP's own
      inet.tos = tos;
      sk.priority = ip.tosPriority(tos);
      return undefined;
    }
    case 'IP_TTL':
      if (value !== -1 && (value < 1 || value > 255)) return 'EINVAL';
      inet.ttl = value;
      return undefined;
    case 'IP_MTU_DISCOVER':
      if (value < IP_PMTUDISC_DONT || value > IP_PMTUDISC_OMIT) return 'EINVAL';
      inet.pmtudisc = value;
      return undefined;
    case 'IP_MINTTL':
      if (value < 0 || value > 255) return 'EINVAL';
      inet.minttl = value;
      return undefined;
    case 'IP_HDRINCL':
      if (socket.type !== 'SOCK_RAW') return 'ENOPROTOOPT';
      inet.hdrincl = value !== 0;
      return undefined;
    case 'IP_NODEFRAG':
      if (socket.type !== 'SOCK_RAW') return 'ENOPROTOOPT';
      inet.nodefrag = value !== 0;
      return undefined;
    case 'IP_MULTICAST_TTL':
      if (socket.type === 'SOCK_STREAM' || value < -1 || value > 255) return 'EINVAL';
      inet.mcTtl = value === -1 ? 1 : value;
      return undefined;
    case 'IP_MULTICAST_IF':
      return setMulticastIf(ip, socket, { group: 0, address: value >>> 0 });
    case 'IP_UNICAST_IF':
      return setUnicastIf(ip, socket, value);
    case 'IP_LOCAL_PORT_RANGE':
      return setPortRange(inet, value >>> 0);
    case 'IP_ADD_MEMBERSHIP':
    case 'IP_DROP_MEMBERSHIP':
      return socket.type === 'SOCK_STREAM' ? 'EPROTO' : 'EINVAL';
    default:
      return unknown(name);
  }
}

function setFlag(
  socket: OptionSock,
  flag: (typeof FLAGS)[keyof typeof FLAGS],
  value: number,
): Errno | undefined {
  // Linux: this one alone minds what else than 0 and 1 is said.
  if (flag === 'recvfragsize' && socket.type === 'SOCK_STREAM') return 'EINVAL';
  if (flag === 'mcAll' && value !== 0 && value !== 1) return 'EINVAL';
  socket.inet[flag] = value !== 0;
  if (flag === 'recverr' && value === 0) while (socket.sk.shiftError() !== undefined);
  return undefined;
}

function setOptions(ip: Ipv4, inet: InetSock, bytes: Uint8Array): Errno | undefined {
  if (bytes.length === 0) {
    inet.options = undefined;
    return undefined;
  }
  const options = compileOptions(ip, bytes);
  if (typeof options === 'string') return options;
  inet.options = options;
  return undefined;
}

function setUnicastIf(ip: Ipv4, { inet, sk }: OptionSock, ifindex: number): Errno | undefined {
  if (ifindex === 0) {
    inet.ucIndex = 0;
    return undefined;
  }
  if (!ip.devices.has(ifindex)) return 'EADDRNOTAVAIL';
  if (sk.boundDevIf !== 0 && sk.boundDevIf !== ifindex) return 'EINVAL';
  inet.ucIndex = ifindex;
  return undefined;
}

/** High bound << 16 | low bound; either may be 0 for the host's. */
function setPortRange(inet: InetSock, value: number): Errno | undefined {
  const low = value & 0xffff;
  const high = value >>> 16;
  if (low !== 0 && high !== 0 && low > high) return 'EINVAL';
  inet.localPortRange = value;
  return undefined;
}

/** The device for groups: by index, by one of its addresses, or by the routes again. */
function setMulticastIf(ip: Ipv4, socket: OptionSock, request: MulticastRequest): Errno | undefined {
  const { inet, sk, type } = socket;
  if (type === 'SOCK_STREAM') return 'EINVAL';
  const { ifindex = 0, address = 0 } = request;
  let index = ifindex;
  if (ifindex === 0) {
    if (address === INADDR_ANY) {
      inet.mcIndex = 0;
      inet.mcAddr = 0;
      return undefined;
    }
    const device = findDevice(ip, address);
    if (device === undefined) return 'EADDRNOTAVAIL';
    index = device.dev.ifindex;
  } else if (!ip.devices.has(ifindex)) return 'EADDRNOTAVAIL';
  if (sk.boundDevIf !== 0 && sk.boundDevIf !== index) return 'EINVAL';
  inet.mcIndex = index;
  inet.mcAddr = address;
  return undefined;
}

function setGroup(
  ip: Ipv4,
  now: number,
  socket: OptionSock,
  name: string,
  value: MulticastRequest | SourceRequest | FilterRequest,
): Errno | undefined {
  const { inet } = socket;
  switch (name) {
    case 'IP_MULTICAST_IF':
      return setMulticastIf(ip, socket, value);
    case 'IP_ADD_MEMBERSHIP':
      return socket.type === 'SOCK_STREAM' ? 'EPROTO' : join(ip, now, inet, value);
    case 'IP_DROP_MEMBERSHIP':
      return socket.type === 'SOCK_STREAM' ? 'EPROTO' : leave(ip, now, inet, value);
    case 'IP_MSFILTER':
      return 'sources' in value ? setFilter(ip, now, inet, value) : 'EINVAL';
    case 'IP_BLOCK_SOURCE':
      return 'source' in value ? addSource(ip, now, inet, value, MCAST_EXCLUDE) : 'EINVAL';
    case 'IP_UNBLOCK_SOURCE':
      return 'source' in value ? removeSource(ip, now, inet, value, MCAST_EXCLUDE) : 'EINVAL';
    case 'IP_DROP_SOURCE_MEMBERSHIP':
      return 'source' in value ? removeSource(ip, now, inet, value, MCAST_INCLUDE) : 'EINVAL';
    case 'IP_ADD_SOURCE_MEMBERSHIP': {
      if (!('source' in value)) return 'EINVAL';
      const joined = join(ip, now, inet, value, MCAST_INCLUDE);
      if (joined !== undefined && joined !== 'EADDRINUSE') return joined;
      return addSource(ip, now, inet, value, MCAST_INCLUDE);
    }
    default:
      return wrongKind(name);
  }
}

const KNOWN = [
  'IP_OPTIONS',
  'IP_ADD_SOURCE_MEMBERSHIP',
  'IP_DROP_SOURCE_MEMBERSHIP',
  'IP_BLOCK_SOURCE',
  'IP_UNBLOCK_SOURCE',
  'IP_MSFILTER',
];

/** A number for what is none: too short to be it. */
function unknown(name: string): Errno {
  return KNOWN.includes(name) ? 'EINVAL' : 'ENOPROTOOPT';
}

function wrongKind(name: string): Errno {
  return name.startsWith('IP_') ? 'EINVAL' : 'ENOPROTOOPT';
}
