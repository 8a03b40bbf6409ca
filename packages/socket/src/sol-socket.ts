/**
 * Options of level SOL_SOCKET over `struct sock`: what Linux's `sk_setsockopt` and `sk_getsockopt` say of them.
 * @module
 */
import { AF_INET, AF_INET6, SOCK_DGRAM, SOCK_STREAM } from './constants/families.ts';
import { SOCK_RCVBUF_LOCK, SOCK_SNDBUF_LOCK } from './constants/shutdown.ts';
import * as so from './constants/so.ts';
import type { Timeval } from './control.ts';
import type { Core } from './core.ts';
import { errnoNumber } from './errno.ts';
import type { Linger } from './option-types.ts';
import type { Errno, OptionData, SockFields } from './ports.ts';
import { setTimestamping } from './timestamping.ts';

/** Least of SO_SNDBUF, bytes of truesize: two small packets. */
const SOCK_MIN_SNDBUF = 4608;
/** Least of SO_RCVBUF. */
const SOCK_MIN_RCVBUF = 2304;
const INT_MAX = 0x7fff_ffff;
const UINT_MAX = 0xffff_ffff;
/** {@link SockFields.pacingStatus}. */
const SK_PACING_NONE = 0;
const SK_PACING_NEEDED = 1;
/** Longest name of a device (`IFNAMSIZ` - 1). */
const MAX_IFNAME = 15;
/** Priorities that anybody may set: 0..6. */
const MAX_FREE_PRIORITY = 6;

/** Answered for an option that the protocol is to be asked for. */
export const NOT_HERE: unique symbol = Symbol('not here');

/** Sets an option of SOL_SOCKET. */
export function setSocketOption(
  core: Core,
  option: number,
  value: OptionData,
): Errno | undefined | typeof NOT_HERE {
  switch (option) {
    case so.SO_LINGER:
      return setLinger(core, value);
    case so.SO_RCVTIMEO:
    case so.SO_SNDTIMEO:
      return setTimeout(core, option, value);
    case so.SO_BINDTODEVICE:
      return typeof value === 'string' ? bindToDevice(core, value.slice(0, MAX_IFNAME)) : 'EINVAL';
    case so.SO_MAX_PACING_RATE:
      return setMaxPacingRate(core, value);
    case so.SO_TIMESTAMPING:
      return setTimestamping(core, value);
    case so.SO_TYPE:
    case so.SO_PROTOCOL:
    case so.SO_DOMAIN:
    case so.SO_ERROR:
    case so.SO_ACCEPTCONN:
    case so.SO_SNDLOWAT:
      return 'ENOPROTOOPT';
    default:
      // An int: Linux reads no other size.
      if (typeof value !== 'number' || !Number.isInteger(value) || Math.abs(value) > 0xffff_ffff)
        return 'EINVAL';
      return setNumber(core, option, option === so.SO_MARK ? value >>> 0 : value | 0);
  }
}

function setNumber(core: Core, option: number, value: number): Errno | undefined | typeof NOT_HERE {
  const { kernel, proto } = core;
  const { sk } = proto;
  const isOn = value !== 0;
  switch (option) {
    case so.SO_REUSEADDR:
      sk.reuse = isOn;
      return undefined;
    case so.SO_REUSEPORT:
      if (isOn && proto.family !== AF_INET && proto.family !== AF_INET6) return 'EOPNOTSUPP';
      sk.reusePort = isOn;
      return undefined;
    case so.SO_BROADCAST:
      sk.broadcast = isOn;
      return undefined;
    case so.SO_KEEPALIVE:
      sk.keepOpen = isOn;
      return undefined;
    case so.SO_DONTROUTE:
      if (sk.localRoute === undefined) return NOT_HERE;
      sk.localRoute = isOn;
      return undefined;
    case so.SO_TIMESTAMP:
    case so.SO_TIMESTAMPNS:
      sk.timestamp = isOn ? option : 0;
      return undefined;
    case so.SO_SNDBUF:
      return setSndbuf(core, Math.min(value >>> 0, kernel.sysctl.wmem_max)); // a negative size is a large one
    case so.SO_RCVBUF:
      return setRcvbuf(core, Math.min(value >>> 0, kernel.sysctl.rmem_max));
    case so.SO_SNDBUFFORCE:
      return kernel.capable('CAP_NET_ADMIN') ? setSndbuf(core, Math.max(value, 0)) : 'EPERM';
    case so.SO_RCVBUFFORCE:
      return kernel.capable('CAP_NET_ADMIN') ? setRcvbuf(core, Math.max(value, 0)) : 'EPERM';
    case so.SO_BUF_LOCK:
      if ((value & ~(SOCK_SNDBUF_LOCK | SOCK_RCVBUF_LOCK)) !== 0) return 'EINVAL';
      sk.userlocks = (sk.userlocks & ~(SOCK_SNDBUF_LOCK | SOCK_RCVBUF_LOCK)) | value;
      return undefined;
    case so.SO_PRIORITY:
      if ((value < 0 || value > MAX_FREE_PRIORITY) && !mayMark(core)) return 'EPERM';
      sk.priority = value;
      return undefined;
    case so.SO_MARK:
      if (!mayMark(core)) return 'EPERM';
      sk.mark = value;
      return undefined;
    case so.SO_RCVLOWAT:
      sk.rcvlowat = value < 0 ? INT_MAX : Math.max(value, 1);
      return undefined;
    case so.SO_ZEROCOPY:
      return setZerocopy(core, value);
    case so.SO_BINDTOIFINDEX:
      if (value < 0) return 'EINVAL';
      return bindToIndex(core, value);
    default:
      return NOT_HERE;
  }
}

/** Reads an option of SOL_SOCKET. */
export function socketOption(core: Core, option: number): OptionData | typeof NOT_HERE {
  const { kernel, proto } = core;
  const { sk } = proto;
  switch (option) {
    case so.SO_REUSEADDR:
      return Number(sk.reuse);
    case so.SO_REUSEPORT:
      return Number(sk.reusePort);
    case so.SO_BROADCAST:
      return Number(sk.broadcast);
    case so.SO_KEEPALIVE:
      return Number(sk.keepOpen);
    case so.SO_DONTROUTE:
      return sk.localRoute === undefined ? NOT_HERE : Number(sk.localRoute);
    case so.SO_TIMESTAMP:
    case so.SO_TIMESTAMPNS:
      return Number(sk.timestamp === option);
    case so.SO_TIMESTAMPING:
      return sk.timestamping?.flags ?? 0;
    case so.SO_ZEROCOPY:
      return Number(sk.zerocopy);
    case so.SO_ACCEPTCONN:
      return Number(proto.phase() === 'listening');
    case so.SO_TYPE:
      return proto.type;
    case so.SO_DOMAIN:
      return proto.family;
    case so.SO_PROTOCOL:
      return proto.protocol;
    case so.SO_ERROR:
      return errnoNumber(sk.takeError() || takeSoft(sk));
    case so.SO_SNDBUF:
      return sk.sndbuf;
    case so.SO_RCVBUF:
      return sk.rcvbuf;
    case so.SO_BUF_LOCK:
      return sk.userlocks & (SOCK_SNDBUF_LOCK | SOCK_RCVBUF_LOCK);
    case so.SO_PRIORITY:
      return sk.priority;
    case so.SO_MARK:
      return sk.mark;
    case so.SO_MAX_PACING_RATE:
      return Math.min(sk.maxPacingRate, UINT_MAX);
    case so.SO_RCVLOWAT:
      return sk.rcvlowat;
    case so.SO_SNDLOWAT:
      return 1;
    case so.SO_LINGER:
      return { onoff: Number(sk.linger >= 0), linger: Math.max(sk.linger, 0) } satisfies Linger;
    case so.SO_RCVTIMEO:
      return timevalOf(core.rcvtimeo);
    case so.SO_SNDTIMEO:
      return timevalOf(core.sndtimeo);
    case so.SO_BINDTOIFINDEX:
      return sk.boundDevIf;
    case so.SO_BINDTODEVICE:
      return sk.boundDevIf === 0 ? '' : kernel.ifname(sk.boundDevIf);
    default:
      return NOT_HERE;
  }
}

function setSndbuf({ proto: { sk } }: Core, bytes: number): undefined {
  // Twice what was asked for: the other half is for the books (sk_buff, headers).
  sk.sndbuf = Math.max(Math.min(bytes, INT_MAX >> 1) * 2, SOCK_MIN_SNDBUF);
  sk.userlocks |= SOCK_SNDBUF_LOCK;
}

function setRcvbuf({ proto: { sk } }: Core, bytes: number): undefined {
  sk.rcvbuf = Math.max(Math.min(bytes, INT_MAX >> 1) * 2, SOCK_MIN_RCVBUF);
  sk.userlocks |= SOCK_RCVBUF_LOCK;
}

/** An int, of which -1 lifts the limit, or more: Linux takes a u64, too. */
function setMaxPacingRate({ proto: { sk } }: Core, value: OptionData): Errno | undefined {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < -(2 ** 31)) return 'EINVAL';
  const rate = value < 0 ? value >>> 0 : value;
  sk.maxPacingRate = rate === UINT_MAX || rate >= Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : rate;
  sk.pacingRate = Math.min(sk.pacingRate, sk.maxPacingRate);
  if (sk.maxPacingRate !== Number.POSITIVE_INFINITY && sk.pacingStatus === SK_PACING_NONE) {
    sk.pacingStatus = SK_PACING_NEEDED;
  }
  return undefined;
}

function setZerocopy({ proto }: Core, value: number): Errno | undefined {
  const { family, type, sk } = proto;
  const isInet = family === AF_INET || family === AF_INET6;
  if (!isInet || (type !== SOCK_STREAM && type !== SOCK_DGRAM)) return 'EOPNOTSUPP';
  if (value < 0 || value > 1) return 'EINVAL';
  sk.zerocopy = value === 1;
  return undefined;
}

function setLinger({ proto: { sk } }: Core, value: OptionData): Errno | undefined {
  const { onoff, linger } = value as Linger;
  if (typeof value !== 'object' || onoff === undefined || !Number.isInteger(linger)) return 'EINVAL';
  if (Number(onoff) === 0) sk.linger = -1;
  else sk.linger = linger < 0 ? INT_MAX : linger; // Linux reads it unsigned: a negative time is for ever
  return undefined;
}

/** `struct timeval`, or milliseconds. 0 = for ever; Linux takes a negative time for none at all. */
function setTimeout(core: Core, option: number, value: OptionData): Errno | undefined {
  const time = microseconds(value);
  if (typeof time === 'string') return time;
  const timeout = time === 0 ? Number.POSITIVE_INFINITY : Math.max(time, 0);
  if (option === so.SO_RCVTIMEO) core.rcvtimeo = timeout;
  else core.sndtimeo = timeout;
  return undefined;
}

function microseconds(value: OptionData): number | Errno {
  if (typeof value === 'number') return Number.isFinite(value) ? Math.round(value * 1000) : 'EINVAL';
  const { sec, usec } = value as Timeval;
  if (!Number.isSafeInteger(sec) || !Number.isInteger(usec)) return 'EINVAL';
  if (usec < 0 || usec > 999_999) return 'EDOM';
  return sec < 0 ? -1 : sec * 1_000_000 + usec;
}

function timevalOf(time: number): Timeval {
  if (time === Number.POSITIVE_INFINITY) return { sec: 0, usec: 0 };
  return { sec: Math.floor(time / 1_000_000), usec: time % 1_000_000 };
}

function bindToDevice(core: Core, name: string): Errno | undefined {
  if (name === '') return bindToIndex(core, 0);
  const ifindex = core.kernel.ifindex(name);
  return ifindex === 0 ? 'ENODEV' : bindToIndex(core, ifindex);
}

/** Linux: anybody may bind a socket to a device, and only the mighty may take it off. */
function bindToIndex({ kernel, proto: { sk } }: Core, ifindex: number): Errno | undefined {
  if (sk.boundDevIf !== 0 && !kernel.capable('CAP_NET_RAW')) return 'EPERM';
  sk.boundDevIf = ifindex;
  return undefined;
}

function mayMark({ kernel }: Core): boolean {
  return kernel.capable('CAP_NET_RAW') || kernel.capable('CAP_NET_ADMIN');
}

/** What would explain a timeout: SO_ERROR tells it once. */
function takeSoft(sk: SockFields): string {
  const { errSoft = '' } = sk;
  if (errSoft !== '') sk.errSoft = '';
  return errSoft;
}
