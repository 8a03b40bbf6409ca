/**
 * Options of a SYN: what this side offers, or what both agreed on. In Linux's order and alignment.
 * @module
 */
import { HLEN } from '../fields.ts';
import { ACK } from '../flags.ts';
import { MAX_TCP_OPTION_SPACE } from '../option-kinds.ts';
import {
  fastopenLength,
  TCPOLEN_TSTAMP_ALIGNED,
  TCPOLEN_WORD,
  writeFastopen,
  writeMss,
  writeSackPermitted,
  writeSackPermittedTimestamps,
  writeTimestamps,
  writeWscale,
} from '../write.ts';
import { authLength } from './auth-sock.ts';
import type { FastopenCookie } from './fastopen-cookie.ts';
import type { TcpSock } from './tcb.ts';
import { tsClock } from './transmit.ts';

/** Bytes of header of a SYN with an MSS and these options: SACK-permitted lies in the padding of timestamps, where there are any. */
export function synHeaderLength(
  tstamp: boolean,
  wscale: boolean,
  sack: boolean,
  cookie: FastopenCookie | undefined,
): number {
  const words = (wscale ? TCPOLEN_WORD : 0) + (sack && !tstamp ? TCPOLEN_WORD : 0);
  const fastopen = cookie === undefined ? 0 : fastopenLength(cookie.bytes.length, cookie.exp);
  return HLEN + TCPOLEN_WORD + words + (tstamp ? TCPOLEN_TSTAMP_ALIGNED : 0) + fastopen;
}

/** Writes SACK-permitted and timestamps at `at`, as far as there are any. Where the next option goes. */
export function writeSackAndTimestamps(
  view: DataView,
  at: number,
  sack: boolean,
  tstamp: boolean,
  tsval: number,
  tsecr: number,
): number {
  if (!tstamp) return sack ? writeSackPermitted(view, at) : at;
  return sack
    ? writeSackPermittedTimestamps(view, at, tsval, tsecr)
    : writeTimestamps(view, at, tsval, tsecr);
}

/** The same of window scaling and a fast open cookie, which are the last. */
export function writeWscaleAndCookie(
  view: DataView,
  at: number,
  wscaleOk: boolean,
  wscale: number,
  cookie: FastopenCookie | undefined,
): void {
  const next = wscaleOk ? writeWscale(view, at, wscale) : at;
  if (cookie !== undefined) writeFastopen(view, next, cookie.bytes, cookie.exp);
}

/** The cookie, where `length` bytes of header leave room for it. */
export function cookieThatFits(
  cookie: FastopenCookie | undefined,
  length: number,
): FastopenCookie | undefined {
  if (cookie === undefined) return undefined;
  const room = HLEN + MAX_TCP_OPTION_SPACE - length;
  return fastopenLength(cookie.bytes.length, cookie.exp) <= room ? cookie : undefined;
}

function offers(sk: TcpSock, flags: number): { tstamp: boolean; wscale: boolean; sack: boolean } {
  // Linux: an MD5 signature leaves timestamps out, for with both no SACK block would fit.
  const isMd5 = sk.auth !== undefined && sk.auth.length !== 0 && sk.auth.ao === undefined;
  if ((flags & ACK) !== 0) return { tstamp: sk.tstampOk && !isMd5, wscale: sk.wscaleOk, sack: sk.sackOk };
  const { tcp_sack, tcp_timestamps, tcp_window_scaling } = sk.tcp.sysctl;
  return { tstamp: tcp_timestamps !== 0 && !isMd5, wscale: tcp_window_scaling !== 0, sack: tcp_sack !== 0 };
}

/** Bytes of header without a cookie. */
function withoutCookie(sk: TcpSock, flags: number): number {
  const { sack, tstamp, wscale } = offers(sk, flags);
  return synHeaderLength(tstamp, wscale, sack, undefined) + authLength(sk);
}

/** Bytes of header of the SYN or SYN-ACK that `sk` sends. */
export function synLength(sk: TcpSock, flags: number): number {
  const length = withoutCookie(sk, flags);
  const cookie = cookieThatFits(sk.fastopenReq?.cookie, length);
  return cookie === undefined ? length : length + fastopenLength(cookie.bytes.length, cookie.exp);
}

/** Writes them at `at`: behind the twenty fixed bytes and room for a signature. */
export function writeSynOptions(now: number, sk: TcpSock, view: DataView, at: number, flags: number): void {
  const { sack, tstamp, wscale } = offers(sk, flags);
  const tsval = (tsClock(now) + sk.tsoffset) | 0;
  if (sk.dst !== undefined) sk.advmss = Math.min(sk.advmss, sk.dst.advmss); // the path may have shrunk
  const next = writeSackAndTimestamps(view, writeMss(view, at, sk.advmss), sack, tstamp, tsval, sk.tsRecent);
  const cookie = cookieThatFits(sk.fastopenReq?.cookie, withoutCookie(sk, flags));
  writeWscaleAndCookie(view, next, wscale, sk.rcvWscale, cookie);
}
