/**
 * What a sender spends its time on, for TCP_INFO: sending, waiting for the peer's window, waiting for send buffer. One at a time, the
 * one with the highest number.
 * @module
 */
import type { TcpSock } from './tcb.ts';

const CHRONO_NONE = 0;
export const CHRONO_BUSY = 1;
export const CHRONO_RWND = 2;
export const CHRONO_SNDBUF = 3;

/** Starts the clock `type`, unless a more telling one runs. */
export function chronoStart(now: number, sk: TcpSock, type: number): void {
  if (type > sk.chronoType) chronoSet(now, sk, type);
}

/** Stops it: with nothing left to send all stop, else it is plain business. */
export function chronoStop(now: number, sk: TcpSock, type: number): void {
  if (sk.rtxQueue.first === undefined && sk.writeQueue.first === undefined) chronoSet(now, sk, CHRONO_NONE);
  else if (type === sk.chronoType) chronoSet(now, sk, CHRONO_BUSY);
}

function chronoSet(now: number, sk: TcpSock, type: number): void {
  const elapsed = now - sk.chronoStart;
  if (sk.chronoType === CHRONO_BUSY) sk.chronoBusy += elapsed;
  else if (sk.chronoType === CHRONO_RWND) sk.chronoRwnd += elapsed;
  else if (sk.chronoType === CHRONO_SNDBUF) sk.chronoSndbuf += elapsed;
  sk.chronoStart = now;
  sk.chronoType = type;
}

/** µs on the clock `type`, the running stretch included. */
export function chronoTotal(now: number, sk: TcpSock, type: number): number {
  const sum = type === CHRONO_BUSY ? sk.chronoBusy : type === CHRONO_RWND ? sk.chronoRwnd : sk.chronoSndbuf;
  return sk.chronoType === type ? sum + now - sk.chronoStart : sum;
}
