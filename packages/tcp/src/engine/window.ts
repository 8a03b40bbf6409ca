/**
 * The window we offer: from free receive buffer to sixteen bits on the wire, without ever shrinking (RFC 9293 §3.8.6.2.2, RFC 7323 §2).
 * @module
 */
import { underPressure } from './memory.ts';
import type { TcpSock } from './tcb.ts';
import type { Tcp } from './tcp.ts';

/** Greatest shift (RFC 7323 §2.3). */
export const TCP_MAX_WSCALE = 14;
/** Largest window without scaling that peers with signed arithmetic take. */
const MAX_TCP_WINDOW = 32_767;
/** Payload is assumed to be half of what is charged, in 1/256, until segments were seen. */
export const DEFAULT_SCALING_RATIO = 128;

/** The same as `tcp_adv_win_scale` has it: overhead of `1 / 2^n` for n above 0, payload of `1 / 2^-n` else. Linux reads 1, always. */
export function scalingRatio(advWinScale: number): number {
  const ratio = advWinScale <= 0 ? 256 >> Math.min(-advWinScale, 8) : 256 - (256 >> Math.min(advWinScale, 8));
  return Math.min(ratio, 255);
}

/** How many payload bytes fit into `space` bytes of buffer. */
export function winFromSpace(sk: TcpSock, space: number): number {
  return Math.floor((space * sk.scalingRatio) / 256);
}

/** How many bytes of buffer `window` payload bytes need. */
export function spaceFromWin(sk: TcpSock, window: number): number {
  return Math.floor((window * 256) / sk.scalingRatio);
}

/** Payload bytes that fit into the receive buffer now; may be negative. */
function freeSpace(sk: TcpSock): number {
  return winFromSpace(sk, sk.rcvbuf - sk.rmemAlloc);
}

/** Payload bytes that fit into the whole receive buffer. */
export function fullSpace(sk: TcpSock): number {
  return winFromSpace(sk, sk.rcvbuf);
}

/** What is left of the window last offered. */
export function receiveWindow(sk: TcpSock): number {
  const window = (sk.rcvWup + sk.rcvWnd - sk.rcvNxt) | 0;
  return Math.max(window, 0);
}

/** The window that could be offered now, silly ones avoided: whole segments, nothing below one, nothing in a nearly full buffer. */
export function wouldOffer(sk: TcpSock): number {
  const allowed = fullSpace(sk);
  const full = Math.min(sk.windowClamp, allowed);
  let mss = sk.rcvMss;
  if (mss > full) {
    mss = full;
    if (mss <= 0) return 0;
  }
  let free = freeSpace(sk);
  if (sk.tcp.sysctl.tcp_shrink_window !== 0 && sk.rcvWscale !== 0) return shrinkable(sk, free, mss, allowed);
  const unit = 1 << sk.rcvWscale;
  if (free < full >> 1) {
    sk.quick = 0;
    if (underPressure(sk.tcp)) sk.rcvSsthresh = Math.min(sk.rcvSsthresh, 4 * sk.advmss);
    free &= -unit; // it may become the window, which must not grow by rounding
    if (free < allowed >> 4 || free < mss) return 0;
  }
  if (free > sk.rcvSsthresh) free = sk.rcvSsthresh;
  if (sk.rcvWscale !== 0) return (free + unit - 1) & -unit;
  const window = sk.rcvWnd;
  if (window <= free - mss || window > free) return free - (free % mss);
  if (mss === full && free > window + (full >> 1)) return free;
  return window;
}

/** `tcp_shrink_window`: the window follows the buffer down too. */
function shrinkable(sk: TcpSock, free: number, mss: number, allowed: number): number {
  const unit = 1 << sk.rcvWscale;
  const rounded = free & -unit;
  if (rounded < allowed >> 4 || rounded < mss) return 0;
  if (rounded <= sk.rcvSsthresh) return rounded;
  return Math.min((sk.rcvSsthresh + unit - 1) & -unit, rounded);
}

/** The window field of a segment that goes out now; what it offers is remembered. */
export function selectWindow(sk: TcpSock): number {
  const { mib, sysctl } = sk.tcp;
  const old = sk.rcvWnd;
  if (sk.ackNomem) {
    sk.rcvWnd = 0;
    sk.rcvWup = sk.rcvNxt;
    return 0;
  }
  const offered = receiveWindow(sk);
  let window = wouldOffer(sk);
  if (window < offered && (sysctl.tcp_shrink_window === 0 || sk.rcvWscale === 0)) {
    // RFC 9293 SHLD-14: never shrink. It is rounded up, for the shift would shrink it.
    if (window === 0) mib.TcpExt.TCPWantZeroWindowAdv++;
    const unit = 1 << sk.rcvWscale;
    window = (offered + unit - 1) & -unit;
  }
  sk.rcvWnd = window;
  sk.rcvWup = sk.rcvNxt;
  const most =
    sk.rcvWscale === 0 && sysctl.tcp_workaround_signed_windows !== 0
      ? MAX_TCP_WINDOW
      : 0xffff << sk.rcvWscale;
  const field = Math.min(window, most) >>> sk.rcvWscale;
  if (field === 0) {
    if (old !== 0) mib.TcpExt.TCPToZeroWindowAdv++;
  } else if (old === 0) mib.TcpExt.TCPFromZeroWindowAdv++;
  return field;
}

/** What {@link selectInitialWindow} found. */
export interface InitialWindow {
  /** First window, bytes. */
  window: number;
  /** Largest window ever. */
  clamp: number;
  /** Shift to offer. */
  wscale: number;
}

/** The window and the shift for a SYN; `clamp` 0 = none. `into` is filled. */
export function selectInitialWindow(
  tcp: Tcp,
  space: number,
  mss: number,
  clamp: number,
  scaling: boolean,
  initrwnd: number,
  into: InitialWindow,
): void {
  const { sysctl } = tcp;
  const limit = clamp === 0 ? 0xffff << TCP_MAX_WSCALE : clamp;
  let room = Math.min(limit, Math.max(space, 0));
  if (room > mss) room -= room % mss;
  // The field of a SYN says 64 KiB at most; what is meant is told by the first segment that is scaled.
  let window = sysctl.tcp_workaround_signed_windows !== 0 ? Math.min(room, MAX_TCP_WINDOW) : room;
  if (initrwnd !== 0) window = Math.min(window, initrwnd * mss);
  let wscale = 0;
  if (scaling) {
    const most = Math.min(Math.max(room, sysctl.tcp_rmem[2], tcp.core.rmem_max), limit);
    wscale = Math.min(Math.max(31 - Math.clz32(most) - 15, 0), TCP_MAX_WSCALE);
  }
  into.window = window;
  into.wscale = wscale;
  into.clamp = Math.min(0xffff << wscale, limit);
}

/** When data came: opens the window further, as far as the overhead of such segments leaves room in the buffer. */
export function growWindow(sk: TcpSock, len: number, truesize: number): void {
  const room = Math.min(sk.windowClamp, freeSpace(sk)) - sk.rcvSsthresh;
  if (room <= 0) return;
  if (underPressure(sk.tcp)) {
    sk.rcvSsthresh = Math.min(sk.rcvSsthresh, 4 * sk.advmss);
    return;
  }
  const step = winFromSpace(sk, truesize) <= len ? 2 * sk.advmss : smallStep(sk, len, truesize);
  if (step === 0) return;
  sk.rcvSsthresh += Math.min(room, Math.max(step, 2 * len));
  sk.quick |= 1;
}

/** Segments with much overhead open the window while it is small compared with the largest buffer. */
function smallStep(sk: TcpSock, len: number, truesize: number): number {
  let cost = winFromSpace(sk, truesize) >> 1;
  let window = winFromSpace(sk, sk.tcp.sysctl.tcp_rmem[2]) >> 1;
  while (sk.rcvSsthresh <= window) {
    if (cost <= len) return 2 * sk.rcvMss;
    cost >>= 1;
    window >>= 1;
  }
  return 0;
}

/** At the start of a connection: the clamp follows the buffer, some of it is the application's (`tcp_app_win`). */
export function initBufferSpace(sk: TcpSock): void {
  const most = fullSpace(sk);
  const share = sk.tcp.sysctl.tcp_app_win;
  if (sk.windowClamp >= most) {
    sk.windowClamp = most;
    if (share !== 0 && most > 4 * sk.advmss) {
      sk.windowClamp = Math.max(most - (share > 30 ? 0 : most >> share), 4 * sk.advmss);
    }
  }
  if (share !== 0 && sk.windowClamp > 2 * sk.advmss && sk.windowClamp + sk.advmss > most) {
    sk.windowClamp = Math.max(2 * sk.advmss, most - sk.advmss);
  }
  sk.rcvSsthresh = Math.min(sk.rcvSsthresh, sk.windowClamp);
}

/** Half of the smallest receive buffer: no clamp is below it. */
const MIN_WINDOW_CLAMP = 1152;

/** Sets the largest window to offer, bytes (Linux `tcp_set_window_clamp`). */
export function clampTo(sk: TcpSock, window: number): void {
  const clamp = Math.max(window, MIN_WINDOW_CLAMP);
  const old = sk.windowClamp;
  sk.windowClamp = clamp;
  if (clamp < old) sk.rcvSsthresh = Math.min(sk.rcvSsthresh, clamp);
  else if (clamp > old) sk.rcvSsthresh = Math.max(sk.rcvSsthresh, Math.min(sk.rcvWnd, clamp));
}

/** See {@link Tcp.setRcvlowat}: so many bytes must fit, or nobody would ever be woken. */
export function setRcvlowat(sk: TcpSock, bytes: number): void {
  const locked = (sk.userlocks & 2) !== 0;
  const most = (locked ? sk.rcvbuf : sk.tcp.sysctl.tcp_rmem[2]) >> 1;
  sk.rcvlowat = Math.max(Math.min(bytes, most), 1);
  const space = spaceFromWin(sk, sk.rcvlowat);
  if (locked || space <= sk.rcvbuf) return;
  sk.rcvbuf = space;
  clampTo(sk, sk.rcvlowat);
}

/** The receive buffer is full: grow it as far as the sysctl lets, or close the window down (Linux `tcp_clamp_window`). */
export function clampWindow(sk: TcpSock): void {
  const { tcp } = sk;
  sk.quick = 0;
  const most = tcp.sysctl.tcp_rmem[2];
  const locked = (sk.userlocks & 2) !== 0;
  if (sk.rcvbuf < most && !locked && !underPressure(tcp) && tcp.memoryAllocated < tcp.sysctl.tcp_mem[0]) {
    sk.rcvbuf = Math.min(sk.rmemAlloc, most);
  }
  if (sk.rmemAlloc > sk.rcvbuf) sk.rcvSsthresh = Math.min(sk.windowClamp, 2 * sk.advmss);
}
