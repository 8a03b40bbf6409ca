/**
 * `TCP_AO_ADD_KEY`, `TCP_AO_DEL_KEY`, `TCP_AO_INFO`, `TCP_AO_GET_KEYS` (Linux tcp_ao.c).
 * @module
 */

import { MAX_TCP_OPTION_SPACE } from '../option-kinds.ts';
import { TCPOLEN_TSTAMP_ALIGNED, TCPOLEN_WORD } from '../write.ts';
import { aoLength } from '../write-auth.ts';
import { AoInfo, AoKey, aoLookup, TCP_AO_KEYF_EXCLUDE_OPT, TCP_AO_KEYF_IFINDEX } from './ao-info.ts';
import { keysChanged, md5Lookup, SockAuth } from './auth-sock.ts';
import type { AuthAddresses, Mac } from './mac.ts';
import type { Errno } from './ports.ts';
import { isRepairing } from './repair.ts';
import { CLOSE, LISTEN } from './state.ts';
import type { TcpSock } from './tcb.ts';

/** Most bytes of a master key. */
export const TCP_AO_MAXKEYLEN = 80;
/** Bytes of a code unless told otherwise (RFC 5926). */
const MACLEN = 12;
/** What MSS, timestamps and window scale leave of the options of a SYN. */
const SYN_ROOM = MAX_TCP_OPTION_SPACE - TCPOLEN_WORD - TCPOLEN_TSTAMP_ALIGNED - TCPOLEN_WORD;
const KEYFLAGS = TCP_AO_KEYF_IFINDEX | TCP_AO_KEYF_EXCLUDE_OPT;

/** Which key of a peer. */
interface AoPeer<A> {
  /** The peer; with a prefix of 0 the family's `any`. */
  addr: A;
  /** Bits of {@link addr} that count. */
  prefix: number;
  /** KeyID of what we sign with it, u8. */
  sndid: number;
  /** KeyID of what the peer signs with it, u8. */
  rcvid: number;
  /** `TCP_AO_KEYF_*` bits. */
  keyflags?: number;
  /** The L3 master device of the peer. There is none here: 0. */
  ifindex?: number;
}

/** Linux `struct tcp_ao_add`. */
export interface AoAdd<A> extends AoPeer<A> {
  /** `hmac(sha1)`, `cmac(aes128)`, and what else the host has. */
  algName: string;
  /** The master key, at most {@link TCP_AO_MAXKEYLEN} bytes. */
  key: Uint8Array;
  /** Bytes of the code in a segment; 12 unless given, or 0. */
  maclen?: number;
  /** It signs from now on. */
  setCurrent?: boolean;
  /** The peer is asked to sign with it. */
  setRnext?: boolean;
}

/** Linux `struct tcp_ao_del`. */
export interface AoDel<A> extends AoPeer<A> {
  /** `sndid` of the key that signs from now on. */
  current?: number;
  /** `rcvid` of the one that the peer is asked to sign with. */
  rnext?: number;
  /** Of a listener: whatever is under way with it. */
  delAsync?: boolean;
}

/** Linux `struct tcp_ao_info_opt`. */
export interface AoInfoOption {
  /** `sndid` of the key we sign with. */
  current?: number;
  /** `rcvid` of the key that the peer is asked to sign with. */
  rnext?: number;
  /** Segments of peers without a key are dropped too. */
  aoRequired?: boolean;
  /** ICMP errors are believed. */
  acceptIcmps?: boolean;
  /** The counters below are set. */
  setCounters?: boolean;
  pktGood?: number;
  pktBad?: number;
  pktKeyNotFound?: number;
  pktAoRequired?: number;
  pktDroppedIcmp?: number;
}

/** Linux `struct tcp_ao_getsockopt`: one key. */
export interface AoKeyInfo<A> extends Required<AoPeer<A>> {
  algName: string;
  key: Uint8Array;
  maclen: number;
  isCurrent: boolean;
  isRnext: boolean;
  pktGood: number;
  pktBad: number;
}

function isId(value: number | undefined): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xff;
}

/** The key that signs what we send with this ID; `undefined` where there is none. */
function bySndid(info: AoInfo | undefined, id: number): AoKey | undefined {
  return isId(id) ? info?.find(id, -1) : undefined;
}

/** The key that signs what the peer sends with this ID; `undefined` where there is none. */
function byRcvid(info: AoInfo | undefined, id: number): AoKey | undefined {
  return isId(id) ? info?.find(-1, id) : undefined;
}

/** What is wrong with the peer of a key; a key of prefix 0 is for all. */
function refusesPeer(sk: TcpSock, { addr, ifindex = 0, keyflags = 0, prefix }: AoPeer<unknown>): boolean {
  const addresses = sk.family.auth as AuthAddresses<unknown>;
  const isAny = sk.family.same(addr, sk.family.any);
  if ((keyflags & ~KEYFLAGS) !== 0 || ifindex !== 0) return true;
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > addresses.bits) return true;
  if (prefix === 0) return !isAny;
  if (isAny || !addresses.isPrefix(addr, prefix)) return true;
  // A connection has its peer.
  return sk.state !== CLOSE && sk.state !== LISTEN && !addresses.sharePrefix(addr, sk.daddr, prefix);
}

/** `setsockopt`; anything but a listener and a socket in CLOSE must have had TCP-AO from the start, or is being repaired: else EISCONN. */
export function setAoOption(sk: TcpSock, mac: Mac, name: string, value: object): Errno | undefined {
  const isNew = sk.state === CLOSE || sk.state === LISTEN;
  if (!isNew && sk.auth?.ao === undefined && !isRepairing(sk)) return 'EISCONN';
  if (name === 'TCP_AO_ADD_KEY') return addKey(sk, mac, value as AoAdd<unknown>);
  if (name === 'TCP_AO_DEL_KEY') return deleteKey(sk, value as AoDel<unknown>);
  return setInfo(sk, value as AoInfoOption);
}

/** EINVAL, EKEYREJECTED (there is an MD5 key for the peer), EEXIST (an ID of it), ENOENT (no such algorithm), EMSGSIZE (no room). */
function addKey(sk: TcpSock, mac: Mac, value: AoAdd<unknown>): Errno | undefined {
  const { addr, algName, key, keyflags = 0, prefix, rcvid, setCurrent, setRnext, sndid } = value;
  if (!(key instanceof Uint8Array) || key.length > TCP_AO_MAXKEYLEN) return 'EINVAL';
  if (!isId(sndid) || !isId(rcvid) || refusesPeer(sk, value)) return 'EINVAL';
  if ((setCurrent === true || setRnext === true) && sk.state === LISTEN) return 'EINVAL';
  const { family } = sk;
  if (sk.auth !== undefined && md5Lookup(sk.auth, family, addr) !== undefined) return 'EKEYREJECTED';
  const old = sk.auth?.ao;
  if (old !== undefined) {
    const isTaken =
      aoLookup(old, family, addr, -1, rcvid, prefix) ?? aoLookup(old, family, addr, sndid, -1, prefix);
    if (isTaken !== undefined) return 'EEXIST';
  }
  const algorithm = mac.algorithm(algName === 'cmac(aes)' ? 'cmac(aes128)' : algName);
  if (algorithm === undefined) return 'ENOENT';
  const maclen = value.maclen === undefined || value.maclen === 0 ? MACLEN : value.maclen;
  if (!(Number.isInteger(maclen) && maclen > 0 && aoLength(maclen) <= SYN_ROOM)) return 'EMSGSIZE';
  if (maclen > algorithm.digestSize) return 'EINVAL';
  const added = new AoKey(addr, prefix, keyflags, sndid, rcvid, maclen, algorithm, key.slice());
  const info = infoOf(sk);
  info.keys.unshift(added);
  if (setCurrent === true) info.current = added;
  if (setRnext === true) info.rnext = added;
  if (sk.state !== CLOSE && sk.state !== LISTEN) {
    info.current ??= added;
    info.rnext ??= added;
  }
  keysChanged(sk, sk.auth as SockAuth);
  return undefined;
}

function infoOf(sk: TcpSock): AoInfo {
  sk.auth ??= new SockAuth();
  sk.auth.ao ??= new AoInfo();
  return sk.auth.ao;
}

/** EINVAL, ENOENT (no such key, nor one to go on with), EBUSY (it is in use). */
function deleteKey(sk: TcpSock, value: AoDel<unknown>): Errno | undefined {
  const { addr, current, delAsync, keyflags = 0, prefix, rcvid, rnext, sndid } = value;
  const info = sk.auth?.ao;
  if ((keyflags & ~KEYFLAGS) !== 0 || !isId(sndid) || !isId(rcvid)) return 'EINVAL';
  if ((current !== undefined || rnext !== undefined) && sk.state === LISTEN) return 'EINVAL';
  if (delAsync === true && sk.state !== LISTEN) return 'EINVAL';
  if (info === undefined) return 'ENOENT';
  const newCurrent = current === undefined ? info.current : bySndid(info, current);
  const newRnext = rnext === undefined ? info.rnext : byRcvid(info, rnext);
  if (current !== undefined && newCurrent === undefined) return 'ENOENT';
  if (rnext !== undefined && newRnext === undefined) return 'ENOENT';
  const found = info.keys.find(
    (key) =>
      key.hasIds(sndid, rcvid) &&
      key.prefixlen === prefix &&
      sk.family.same(key.addr, addr) &&
      ((key.keyflags ^ keyflags) & TCP_AO_KEYF_IFINDEX) === 0,
  );
  if (found === undefined) return 'ENOENT';
  if (found === newCurrent || found === newRnext) return 'EBUSY';
  info.current = newCurrent;
  info.rnext = newRnext;
  info.keys.splice(info.keys.indexOf(found), 1);
  keysChanged(sk, sk.auth as SockAuth);
  return undefined;
}

/** EINVAL, EKEYREJECTED (there are MD5 keys), ENOENT (no such key). */
function setInfo(sk: TcpSock, value: AoInfoOption): Errno | undefined {
  const { acceptIcmps, aoRequired, current, rnext } = value;
  if ((current !== undefined || rnext !== undefined) && sk.state === LISTEN) return 'EINVAL';
  if (aoRequired === true && sk.auth !== undefined && sk.auth.md5Keys.length > 0) return 'EKEYREJECTED';
  const old = sk.auth?.ao;
  const newCurrent = current === undefined ? old?.current : bySndid(old, current);
  const newRnext = rnext === undefined ? old?.rnext : byRcvid(old, rnext);
  if (current !== undefined && newCurrent === undefined) return 'ENOENT';
  if (rnext !== undefined && newRnext === undefined) return 'ENOENT';
  const info = infoOf(sk);
  info.current = newCurrent;
  info.rnext = newRnext;
  info.aoRequired = aoRequired === true;
  info.acceptIcmps = acceptIcmps === true;
  if (value.setCounters === true) {
    info.pktGood = value.pktGood ?? 0;
    info.pktBad = value.pktBad ?? 0;
    info.pktKeyNotFound = value.pktKeyNotFound ?? 0;
    info.pktAoRequired = value.pktAoRequired ?? 0;
    info.pktDroppedIcmp = value.pktDroppedIcmp ?? 0;
  }
  keysChanged(sk, sk.auth as SockAuth);
  return undefined;
}

/** `getsockopt`: `TCP_AO_INFO`, `TCP_AO_GET_KEYS`. ENOENT where there is no TCP-AO. */
export function aoOption(sk: TcpSock, name: string): AoInfoOption | AoKeyInfo<unknown>[] | { errno: Errno } {
  const info = sk.auth?.ao;
  if (info === undefined) return { errno: 'ENOENT' };
  const { current, rnext } = info;
  if (name === 'TCP_AO_GET_KEYS') {
    return info.keys.map((key) => ({
      addr: key.addr,
      prefix: key.prefixlen,
      sndid: key.sndid,
      rcvid: key.rcvid,
      keyflags: key.keyflags,
      ifindex: 0,
      algName: key.algorithm.name,
      key: key.key.slice(),
      maclen: key.maclen,
      isCurrent: key === current,
      isRnext: key === rnext,
      pktGood: key.pktGood,
      pktBad: key.pktBad,
    }));
  }
  const { acceptIcmps, aoRequired, pktAoRequired, pktBad, pktDroppedIcmp, pktGood, pktKeyNotFound } = info;
  return {
    ...(current !== undefined && { current: current.sndid }),
    ...(rnext !== undefined && { rnext: rnext.rcvid }),
    aoRequired,
    acceptIcmps,
    pktGood,
    pktBad,
    pktKeyNotFound,
    pktAoRequired,
    pktDroppedIcmp,
  };
}
