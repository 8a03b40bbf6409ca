/**
 * `TCP_AO_REPAIR`: the numbers of a connection that its codes are made with. Keys are not among them: the socket that a connection is put
 * into has them set anew.
 * @module
 */
import type { Errno } from './ports.ts';
import { isRepairing } from './repair.ts';
import type { TcpSock } from './tcb.ts';

/** Linux `struct tcp_ao_repair`; all u32. */
export interface AoRepair {
  /** Initial sequence numbers: ours, the peer's. */
  sntIsn: number;
  rcvIsn: number;
  /** Extensions (RFC 5925 §6.2) of the first number that was not acknowledged, and of the one that is expected next. */
  sndSne: number;
  rcvSne: number;
}

/** `setsockopt`. EPERM out of repair mode, ENOENT without TCP-AO. */
export function setAoRepair(sk: TcpSock, { rcvIsn, rcvSne, sndSne, sntIsn }: AoRepair): Errno | undefined {
  if (!isRepairing(sk)) return 'EPERM';
  if (![sntIsn, rcvIsn, sndSne, rcvSne].every(Number.isInteger)) return 'EINVAL';
  const info = sk.auth?.ao;
  if (info === undefined) return 'ENOENT';
  info.begin(sntIsn | 0, rcvIsn | 0);
  info.sndSne = sndSne | 0;
  info.rcvSne = rcvSne | 0;
  info.sndBasis = sk.sndUna;
  info.rcvBasis = sk.rcvNxt;
  return undefined;
}

/** `getsockopt`. EPERM out of repair mode, ENOENT without TCP-AO. */
export function aoRepair(sk: TcpSock): AoRepair | { errno: Errno } {
  if (!isRepairing(sk)) return { errno: 'EPERM' };
  const info = sk.auth?.ao;
  if (info === undefined) return { errno: 'ENOENT' };
  info.follow(sk);
  return {
    sntIsn: info.lisn >>> 0,
    rcvIsn: info.risn >>> 0,
    sndSne: info.sndSne >>> 0,
    rcvSne: info.rcvSne >>> 0,
  };
}
