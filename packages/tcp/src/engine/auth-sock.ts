/**
 * The keys of a socket: whose segments are signed, and with what (Linux `md5sig_info`, `ao_info`).
 * @module
 */
import { TCPOLEN_MD5SIG_ALIGNED } from '../write-auth.ts';
import type { AoInfo } from './ao-info.ts';
import { headerLengthFor, syncMss } from './mss.ts';
import type { Family } from './ports.ts';
import { CLOSE, LISTEN } from './state.ts';
import type { TcpSock } from './tcb.ts';

/** A key of `TCP_MD5SIG`, for the peers of a prefix. */
export interface Md5Key {
  readonly addr: unknown;
  readonly prefixlen: number;
  /** Whether it was set for a device (`TCP_MD5SIG_FLAG_IFINDEX`): such a key and one without stand side by side. */
  readonly bound: boolean;
  key: Uint8Array;
}

/** What {@link TcpSock.auth} is once a key was set. From then on the socket sends no super-packets: who cuts them could not sign. */
export class SockAuth {
  md5Keys: Md5Key[] = [];
  /** The key for the peer of the connection. */
  md5: Md5Key | undefined = undefined;
  ao: AoInfo | undefined = undefined;
  /** Bytes that the signature takes in the header of each segment of the connection. */
  length = 0;
}

/** The key for `peer`: that of the longest prefix. */
export function md5Lookup(auth: SockAuth, family: Family<unknown>, peer: unknown): Md5Key | undefined {
  let best: Md5Key | undefined;
  for (const key of auth.md5Keys) {
    if (best !== undefined && best.prefixlen >= key.prefixlen) continue;
    if (family.auth?.sharePrefix(key.addr, peer, key.prefixlen) === true) best = key;
  }
  return best;
}

/** Takes the key for the peer, and reckons with what its option takes. */
export function selectKey(sk: TcpSock, auth: SockAuth): void {
  auth.md5 = auth.md5Keys.length === 0 ? undefined : md5Lookup(auth, sk.family, sk.daddr);
  const key = auth.ao?.current;
  if (auth.ao !== undefined) auth.length = key === undefined ? 0 : key.optionLength;
  else auth.length = auth.md5 === undefined ? 0 : TCPOLEN_MD5SIG_ALIGNED;
}

/** Keys were changed, or another one is in use: what that does to segments of a connection. */
export function keysChanged(sk: TcpSock, auth: SockAuth): void {
  if (sk.state === LISTEN || sk.state === CLOSE) return;
  selectKey(sk, auth);
  sk.tcpHeaderLen = headerLengthFor(sk, sk.tstampOk);
  syncMss(sk, sk.pmtuCookie);
}

/** Bytes that a signature takes in each segment. */
export function authLength(sk: TcpSock): number {
  return sk.auth === undefined ? 0 : sk.auth.length;
}
