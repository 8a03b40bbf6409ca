/**
 * `TCP_MD5SIG` and `TCP_MD5SIG_EXT` (Linux `tcp_v4_parse_md5_keys`, `tcp_md5_do_add`).
 * @module
 */
import { aoLookup } from './ao-info.ts';
import { keysChanged, type Md5Key, SockAuth } from './auth-sock.ts';
import type { AuthAddresses } from './mac.ts';
import type { Errno } from './ports.ts';
import type { TcpSock } from './tcb.ts';

/** {@link Md5Sig.flags}: {@link Md5Sig.prefixlen} counts. With `TCP_MD5SIG_EXT`. */
export const TCP_MD5SIG_FLAG_PREFIX = 1;
/** {@link Md5Sig.flags}: {@link Md5Sig.ifindex} counts. With `TCP_MD5SIG_EXT`. */
export const TCP_MD5SIG_FLAG_IFINDEX = 2;
/** Most bytes of a key. */
export const TCP_MD5SIG_MAXKEYLEN = 80;

/** Linux `struct tcp_md5sig`, its fields without `tcpm_`. */
export interface Md5Sig<A> {
  /** The peer. */
  addr: A;
  /** `TCP_MD5SIG_FLAG_*` bits; none unless given. */
  flags?: number;
  /** Bits of {@link addr} that count; all unless given. */
  prefixlen?: number;
  /** The L3 master device of the peer. There is none here: 0. */
  ifindex?: number;
  /** None deletes the key. */
  key: Uint8Array;
}

/** Sets or deletes a key. EINVAL, ENOENT (there is none to delete), EKEYREJECTED (there is a key of TCP-AO for the peer). */
export function setMd5Key(sk: TcpSock, value: Md5Sig<unknown>, extended: boolean): Errno | undefined {
  const { bits } = sk.family.auth as AuthAddresses<unknown>;
  const { addr, flags = 0, ifindex = 0, key, prefixlen = bits } = value;
  if (!(key instanceof Uint8Array)) return 'EINVAL';
  const hasPrefix = extended && (flags & TCP_MD5SIG_FLAG_PREFIX) !== 0;
  if (hasPrefix && !(prefixlen >= 0 && prefixlen <= bits)) return 'EINVAL';
  const bound = (flags & TCP_MD5SIG_FLAG_IFINDEX) !== 0;
  if (extended && bound && ifindex !== 0) return 'EINVAL';
  const length = hasPrefix ? prefixlen : bits;
  if (key.length === 0) return deleteKey(sk, addr, length, bound);
  if (key.length > TCP_MD5SIG_MAXKEYLEN) return 'EINVAL';
  const ao = sk.auth?.ao;
  if (ao !== undefined && (ao.aoRequired || aoLookup(ao, sk.family, addr, -1, -1) !== undefined)) {
    return 'EKEYREJECTED';
  }
  sk.auth ??= new SockAuth();
  const old = exactKey(sk, addr, length, bound);
  if (old !== undefined) old.key = key.slice();
  else sk.auth.md5Keys.unshift({ addr, prefixlen: length, bound, key: key.slice() });
  keysChanged(sk, sk.auth);
  return undefined;
}

function exactKey(sk: TcpSock, addr: unknown, length: number, bound: boolean): Md5Key | undefined {
  return sk.auth?.md5Keys.find(
    (key) => key.prefixlen === length && key.bound === bound && sk.family.same(key.addr, addr),
  );
}

function deleteKey(sk: TcpSock, addr: unknown, length: number, bound: boolean): Errno | undefined {
  const { auth } = sk;
  const key = exactKey(sk, addr, length, bound);
  if (auth === undefined || key === undefined) return 'ENOENT';
  auth.md5Keys.splice(auth.md5Keys.indexOf(key), 1);
  keysChanged(sk, auth);
  return undefined;
}
