/**
 * Keys when a connection opens: which of them are for the peer, and what an accepted socket gets of its listener's (Linux
 * `tcp_ao_connect_init`, `tcp_ao_copy_all_matching`, `tcp_md5_key_copy`).
 * @module
 */
import { AoInfo, aoLookup } from './ao-info.ts';
import { type Md5Key, md5Lookup, SockAuth, selectKey } from './auth-sock.ts';
import type { AuthAddresses } from './mac.ts';
import type { Errno } from './ports.ts';
import { keyIdOf, type RequestSock, rNextOf } from './request.ts';
import type { TcpSock } from './tcb.ts';

/** Whether `sk` may connect to `peer`. EKEYREJECTED: it has keys of both kinds for it, or TCP-AO and a key of neither. */
export function mayConnect(sk: TcpSock, auth: SockAuth, peer: unknown): Errno | undefined {
  const { ao } = auth;
  if (ao === undefined) return undefined;
  const hasAo = aoLookup(ao, sk.family, peer, -1, -1) !== undefined;
  const hasMd5 = md5Lookup(auth, sk.family, peer) !== undefined;
  return hasAo === hasMd5 ? 'EKEYREJECTED' : undefined;
}

/** The SYN is about to be sent: what is not for this peer goes. */
export function beginAuth(sk: TcpSock, auth: SockAuth): void {
  const { family } = sk;
  const info = auth.ao;
  const key = info === undefined ? undefined : aoLookup(info, family, sk.daddr, -1, -1);
  if (info === undefined || key === undefined) auth.ao = undefined;
  else {
    auth.md5Keys = [];
    const addresses = family.auth as AuthAddresses<unknown>;
    info.keys = info.keys.filter(({ addr, prefixlen }) => addresses.sharePrefix(addr, sk.daddr, prefixlen));
    if (info.current === undefined || !info.keys.includes(info.current)) info.current = key;
    if (info.rnext === undefined || !info.keys.includes(info.rnext)) info.rnext = key;
    info.begin(sk.writeSeq, 0);
  }
  selectKey(sk, auth);
}

/** Whether what answers a request is signed. */
export function isSigned({ aoIds, daddr, family, listener: { auth } }: RequestSock): boolean {
  return aoIds >= 0 || (auth !== undefined && md5Lookup(auth, family, daddr) !== undefined);
}

/** What the socket that `req` becomes has of its listener's keys: those for its peer. */
export function inheritAuth(child: TcpSock, req: RequestSock): void {
  const from = req.listener.auth;
  if (from === undefined) return;
  const auth = req.aoIds < 0 ? inheritMd5(child, from) : inheritAo(child, from, req);
  if (auth === undefined) return;
  child.auth = auth;
  selectKey(child, auth);
}

function inheritMd5({ daddr, family }: TcpSock, from: SockAuth): SockAuth | undefined {
  const key = md5Lookup(from, family, daddr);
  if (key === undefined) return undefined;
  const auth = new SockAuth();
  const { bits } = family.auth as AuthAddresses<unknown>;
  const own: Md5Key = { addr: daddr, prefixlen: bits, bound: key.bound, key: key.key };
  auth.md5Keys.push(own);
  return auth;
}

/** The peer's SYN has said which keys are in use. */
function inheritAo({ daddr, family }: TcpSock, from: SockAuth, req: RequestSock): SockAuth | undefined {
  if (from.ao === undefined) return undefined;
  const { acceptIcmps, aoRequired, keys } = from.ao;
  const addresses = family.auth as AuthAddresses<unknown>;
  const info = new AoInfo();
  info.aoRequired = aoRequired;
  info.acceptIcmps = acceptIcmps;
  for (const key of keys) {
    if (addresses.sharePrefix(key.addr, daddr, key.prefixlen)) info.keys.push(key.copy());
  }
  info.begin(req.sntIsn, req.rcvIsn);
  info.current = info.find(keyIdOf(req.aoIds), -1) ?? info.keys[0];
  info.rnext = info.find(-1, rNextOf(req.aoIds)) ?? info.keys[0];
  const auth = new SockAuth();
  auth.ao = info;
  return auth;
}
