/**
 * Options of fast open: `TCP_FASTOPEN*`.
 * @module
 */
import { FASTOPEN_KEY_LENGTH, FastopenKeys } from './fastopen-cookie.ts';
import { keysOf, queueOf, tuneQueue } from './fastopen-queue.ts';
import type { Dst, Errno } from './ports.ts';
import { CLOSE, LISTEN } from './state.ts';
import { TFO_CLIENT_ENABLE } from './sysctl.ts';
import type { TcpSock } from './tcb.ts';

/** Sets one of those that hold a number. ENOPROTOOPT for one that is none of them. */
export function setFastopen(sk: TcpSock, name: string, value: number): Errno | undefined {
  const idle = sk.state === CLOSE || sk.state === LISTEN;
  switch (name) {
    case 'TCP_FASTOPEN':
      if (value < 0 || !idle) return 'EINVAL';
      tuneQueue(sk, value);
      return undefined;
    case 'TCP_FASTOPEN_CONNECT':
      if (value < 0 || value > 1) return 'EINVAL';
      if ((sk.tcp.sysctl.tcp_fastopen & TFO_CLIENT_ENABLE) === 0) return 'EOPNOTSUPP';
      if (sk.state !== CLOSE) return 'EINVAL';
      sk.fastopenConnect = value === 1;
      return undefined;
    case 'TCP_FASTOPEN_NO_COOKIE':
      if (value < 0 || value > 1 || !idle) return 'EINVAL';
      sk.fastopenNoCookie = value === 1;
      return undefined;
    default:
      return 'ENOPROTOOPT';
  }
}

/** TCP_FASTOPEN_KEY: one key of sixteen bytes, or two. EINVAL. */
export function setFastopenKey(sk: TcpSock, value: unknown): Errno | undefined {
  if (!(value instanceof Uint8Array)) return 'EINVAL';
  if (value.length !== FASTOPEN_KEY_LENGTH && value.length !== 2 * FASTOPEN_KEY_LENGTH) return 'EINVAL';
  queueOf(sk).keys = new FastopenKeys(value);
  return undefined;
}

/** What one of them holds. */
export function fastopenOption(sk: TcpSock, name: string): number | Uint8Array | { errno: Errno } {
  switch (name) {
    case 'TCP_FASTOPEN':
      return sk.fastopenq?.maxLength ?? 0;
    case 'TCP_FASTOPEN_CONNECT':
      return Number(sk.fastopenConnect);
    case 'TCP_FASTOPEN_NO_COOKIE':
      return Number(sk.fastopenNoCookie);
    case 'TCP_FASTOPEN_KEY':
      return keysOf(sk)?.bytes.slice() ?? new Uint8Array(0);
    default:
      return { errno: 'ENOPROTOOPT' };
  }
}

/** Whether data goes with a SYN without a cookie: `tcp_fastopen` has `bit`, the socket says so, or the route does. */
export function needsNoCookie(sk: TcpSock, dst: Dst | undefined, bit: number): boolean {
  if ((sk.tcp.sysctl.tcp_fastopen & bit) !== 0 || sk.fastopenNoCookie) return true;
  return dst !== undefined && dst.metrics.fastopen_no_cookie !== 0;
}
