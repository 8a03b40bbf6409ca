/**
 * TCP-AO of a socket (RFC 5925): its master key tuples, which of them are in use, and where the sequence number extensions are (Linux
 * `struct tcp_ao_info`, `struct tcp_ao_key`).
 * @module
 */
import { aoLength } from '../write-auth.ts';
import type { Auth } from './auth.ts';
import { masterKey } from './auth.ts';
import type { AuthAddresses, KeyedMac, MacAlgorithm } from './mac.ts';
import type { Family } from './ports.ts';
import type { TcpSock } from './tcb.ts';

/** {@link AoKey.keyflags}: the key was set for a device. */
export const TCP_AO_KEYF_IFINDEX = 1;
/** {@link AoKey.keyflags}: other options are not covered, so that the network may change them. */
export const TCP_AO_KEYF_EXCLUDE_OPT = 2;

/** A master key tuple (RFC 5925 §3.1), for the peers of a prefix. */
export class AoKey {
  readonly addr: unknown;
  readonly prefixlen: number;
  /** `TCP_AO_KEYF_*` bits. */
  readonly keyflags: number;
  /** KeyID of what we sign with it. */
  readonly sndid: number;
  /** KeyID of what the peer signs with it. */
  readonly rcvid: number;
  /** Bytes of the code in a segment. */
  readonly maclen: number;
  readonly algorithm: MacAlgorithm;
  readonly key: Uint8Array;
  /** The master key, readied. */
  readonly master: KeyedMac;
  /** `Send_other_traffic_key` and `Receive_other_traffic_key` (RFC 5925 §5.2), once they were needed. */
  sendOther: KeyedMac | undefined = undefined;
  receiveOther: KeyedMac | undefined = undefined;
  /** Segments that it verified, and that it did not. */
  pktGood = 0;
  pktBad = 0;

  constructor(
    addr: unknown,
    prefixlen: number,
    keyflags: number,
    sndid: number,
    rcvid: number,
    maclen: number,
    algorithm: MacAlgorithm,
    key: Uint8Array,
    master: KeyedMac = masterKey(algorithm, key),
  ) {
    this.addr = addr;
    this.prefixlen = prefixlen;
    this.keyflags = keyflags;
    this.sndid = sndid;
    this.rcvid = rcvid;
    this.maclen = maclen;
    this.algorithm = algorithm;
    this.key = key;
    this.master = master;
  }

  /** Bytes of its option, whole words. */
  get optionLength(): number {
    return aoLength(this.maclen);
  }

  get coversOptions(): boolean {
    return (this.keyflags & TCP_AO_KEYF_EXCLUDE_OPT) === 0;
  }

  /** The same key for another connection. */
  copy(): AoKey {
    const { addr, algorithm, key, keyflags, maclen, master, prefixlen, rcvid, sndid } = this;
    return new AoKey(addr, prefixlen, keyflags, sndid, rcvid, maclen, algorithm, key, master);
  }

  /** Whether both IDs are these; -1 = any. */
  hasIds(sndid: number, rcvid: number): boolean {
    return (sndid < 0 || sndid === this.sndid) && (rcvid < 0 || rcvid === this.rcvid);
  }
}

/** TCP-AO of one socket. */
export class AoInfo {
  /** The one set last comes first. */
  keys: AoKey[] = [];
  /** What we sign with (RFC 5925's Current_key); `undefined` on a listener. */
  current: AoKey | undefined = undefined;
  /** What the peer shall sign with (RFC 5925's RNext_key). */
  rnext: AoKey | undefined = undefined;
  /** Initial sequence numbers, int32: ours, the peer's. */
  lisn = 0;
  risn = 0;
  /** SND.SNE and RCV.SNE (RFC 5925 §6.2), and the sequence numbers they belong to. */
  sndSne = 0;
  sndBasis = 0;
  rcvSne = 0;
  rcvBasis = 0;
  /** Segments of peers without a key are dropped too. */
  aoRequired = false;
  /** ICMP errors are believed (RFC 5925 §7.8). */
  acceptIcmps = false;
  pktGood = 0;
  pktBad = 0;
  pktKeyNotFound = 0;
  pktAoRequired = 0;
  pktDroppedIcmp = 0;

  /** Keys for the present connection are not made yet, and its numbers are these. */
  begin(lisn: number, risn: number): void {
    this.lisn = lisn;
    this.sndSne = 0;
    this.sndBasis = lisn;
    this.synchronize(risn);
  }

  /** The peer's initial number is known. */
  synchronize(risn: number): void {
    this.risn = risn;
    this.rcvSne = 0;
    this.rcvBasis = risn;
    for (const key of this.keys) {
      key.sendOther = undefined;
      key.receiveOther = undefined;
    }
  }

  /** Has both extensions follow the connection. It is called with every segment, so that no number gets half of its space ahead. */
  follow(sk: TcpSock): void {
    this.sndSne = sneOf(this.sndSne, this.sndBasis, sk.sndUna);
    this.sndBasis = sk.sndUna;
    this.rcvSne = sneOf(this.rcvSne, this.rcvBasis, sk.rcvNxt);
    this.rcvBasis = sk.rcvNxt;
  }

  /** The first of a connection's keys with these IDs; -1 = any. */
  find(sndid: number, rcvid: number): AoKey | undefined {
    for (const key of this.keys) if (key.hasIds(sndid, rcvid)) return key;
    return undefined;
  }
}

/** The first key for `peer`, or for any of its prefix of `length` bits, with these IDs; -1 = any. */
export function aoLookup(
  info: AoInfo,
  family: Family<unknown>,
  peer: unknown,
  sndid: number,
  rcvid: number,
  length?: number,
): AoKey | undefined {
  const addresses = family.auth as AuthAddresses<unknown>;
  const most = length ?? addresses.bits;
  for (const key of info.keys) {
    if (!key.hasIds(sndid, rcvid)) continue;
    if (addresses.sharePrefix(key.addr, peer, Math.min(key.prefixlen, most))) return key;
  }
  return undefined;
}

/**
 * The extension of `seq`, which is less than half of the space away from `basis` with the extension `sne` (RFC 5925 §6.2). All int32 or
 * u32; the result int32.
 */
export function sneOf(sne: number, basis: number, seq: number): number {
  const at = basis >>> 0;
  const to = seq >>> 0;
  if (((to - at) | 0) >= 0) return to < at ? (sne + 1) | 0 : sne;
  return to > at ? (sne - 1) | 0 : sne;
}

/** The key of what `sk` sends, SYNs apart. */
export function sendKey(auth: Auth, sk: TcpSock, info: AoInfo, key: AoKey): KeyedMac {
  key.sendOther ??= sentKey(auth, sk, key, info.lisn, info.risn);
  return key.sendOther;
}

/** The key of what its peer sends, SYNs without ACK apart. */
export function receiveKey(auth: Auth, sk: TcpSock, info: AoInfo, key: AoKey): KeyedMac {
  key.receiveOther ??= receivedKey(auth, sk, key, info.risn, info.lisn);
  return key.receiveOther;
}

/** Who has the end points of a connection: a socket, a request. */
interface EndPoints {
  readonly family: Family<unknown>;
  readonly saddr: unknown;
  readonly daddr: unknown;
  readonly sport: number;
  readonly dport: number;
}

/** The traffic key for one direction: from `from` to its peer. Initial numbers: its own, the peer's. */
export function sentKey(auth: Auth, from: EndPoints, key: AoKey, sisn: number, disn: number): KeyedMac {
  const { daddr, dport, family, saddr, sport } = from;
  return auth.trafficKey(family, key, saddr, daddr, sport, dport, sisn, disn);
}

/** And for the other: from its peer. Initial numbers: the peer's, its own. */
export function receivedKey(auth: Auth, to: EndPoints, key: AoKey, sisn: number, disn: number): KeyedMac {
  const { daddr, dport, family, saddr, sport } = to;
  return auth.trafficKey(family, key, daddr, saddr, dport, sport, sisn, disn);
}
