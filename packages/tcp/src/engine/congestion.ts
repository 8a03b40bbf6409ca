/**
 * Which algorithm a socket uses.
 * @module
 */
import { bbr } from './bbr.ts';
import type { CongestionOps } from './cong.ts';
import { cubic } from './cubic.ts';
import { dctcp } from './dctcp.ts';
import { ecnXmit } from './ecn.ts';
import { type Dst, type Errno, LOCK_CONGCTL } from './ports.ts';
import { reno } from './reno.ts';
import { CLOSE, LISTEN } from './state.ts';
import type { TcpSock } from './tcb.ts';
import type { Tcp } from './tcp.ts';

/** What every engine has from the start, in this order. Asked for and not kept: modules here need each other, and any may be the first. */
export function standardCongestion(): readonly CongestionOps[] {
  return [reno, cubic, bbr, dctcp];
}

/** The algorithm that new sockets get: `tcp_congestion_control`, or Reno where that one is not there. */
export function defaultCongestion(tcp: Tcp): CongestionOps {
  return tcp.congestion.find(tcp.sysctl.tcp_congestion_control) ?? reno;
}

/** The algorithm that the route says, whatever the application chose (`congctl`, with `lock` for good). Whether it says one. */
export function routeCongestion(sk: TcpSock, dst: Dst | undefined): boolean {
  if (dst === undefined || dst.metrics.congctl === '') return false;
  const ops = sk.tcp.congestion.find(dst.metrics.congctl);
  if (ops === undefined) return false;
  sk.caOps = ops;
  sk.caDstLocked = (dst.metrics.locks & LOCK_CONGCTL) !== 0;
  return true;
}

/** At the start of a transfer: the default of now, unless the application chose. */
export function chooseCongestion(now: number, sk: TcpSock): void {
  sk.caPriv = undefined;
  sk.caOps.init?.(now, sk);
  ecnXmit(sk); // what init made of the algorithm
}

/** TCP_CONGESTION. EPERM, ENOENT. */
export function setCongestion(now: number, sk: TcpSock, name: string): Errno | undefined {
  if (sk.caDstLocked) return 'EPERM';
  const ops = sk.tcp.congestion.find(name);
  if (ops === undefined) return 'ENOENT';
  sk.caSetsockopt = true;
  if (ops === sk.caOps) return undefined;
  const live = sk.state !== CLOSE && sk.state !== LISTEN;
  if (live) sk.caOps.release?.(sk);
  sk.caOps = ops;
  sk.caPriv = undefined;
  if (live) ops.init?.(now, sk);
  ecnXmit(sk);
  return undefined;
}
