/**
 * Signing what is sent. Who builds a segment asks first, which key there is for it and how many bytes its option takes, then writes the
 * option in front of all others, but for the timestamps of a bare ACK, and has the digest made when the segment is whole.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { HLEN } from '../fields.ts';
import { ACK, SYN } from '../flags.ts';
import { aoLength, TCPOLEN_MD5SIG_ALIGNED, writeAo, writeMd5 } from '../write-auth.ts';
import { type AoKey, aoLookup, sendKey, sentKey, sneOf } from './ao-info.ts';
import { type Auth, isDigest, TCP_AO_HLEN } from './auth.ts';
import { md5Lookup } from './auth-sock.ts';
import type { AuthAddresses, KeyedMac } from './mac.ts';
import type { Family } from './ports.ts';
import { keyIdOf, type RequestSock, rNextOf } from './request.ts';
import type { Segment } from './segment.ts';
import { LISTEN, NEW_SYN_RECV, SYN_SENT, TIME_WAIT } from './state.ts';
import type { TcpSock } from './tcb.ts';
import type { Tcp } from './tcp.ts';
import type { TimewaitSock } from './timewait.ts';

/** {@link signatureOfRequest}, {@link signatureOfReset}: nothing may be sent, for it could not be signed. */
export const UNSIGNABLE = -1;

/** How a segment is signed. */
export class Signature {
  /** The key of MD5; `undefined`: it is TCP-AO. */
  md5: Uint8Array | undefined = undefined;
  maclen = 0;
  /** KeyID and RNextKeyID of the option. */
  keyId = 0;
  rNext = 0;
  coversOptions = true;
  sne = 0;
  /** Of TIME-WAIT: ICMP errors are not believed. */
  ignoresIcmp = false;
  /** The traffic key. */
  mac: KeyedMac | undefined = undefined;

  /** Bytes of the option, whole words. */
  get length(): number {
    return this.md5 !== undefined ? TCPOLEN_MD5SIG_ALIGNED : aoLength(this.maclen);
  }

  useMd5(key: Uint8Array): number {
    this.md5 = key;
    return TCPOLEN_MD5SIG_ALIGNED;
  }

  useAo(key: AoKey, rNext: number, sne: number, mac: KeyedMac): number {
    this.md5 = undefined;
    this.maclen = key.maclen;
    this.keyId = key.sndid;
    this.rNext = rNext;
    this.coversOptions = key.coversOptions;
    this.sne = sne;
    this.mac = mac;
    return key.optionLength;
  }

  copy(): Signature {
    return Object.assign(new Signature(), this);
  }
}

/** How `sk` signs a segment with these flags and this number; {@link Auth.signature} tells. Bytes of its option, 0 = it does not. */
export function signatureOfSock(sk: TcpSock, auth: Auth, flags: number, seq: number): number {
  const keys = sk.auth;
  if (keys === undefined || keys.length === 0) return 0;
  const { signature } = auth;
  const info = keys.ao;
  const key = info?.current;
  if (info === undefined || key === undefined) return signature.useMd5((keys.md5 as { key: Uint8Array }).key);
  const rNext = (info.rnext as AoKey).rcvid;
  if ((flags & SYN) !== 0) {
    const disn = (flags & ACK) !== 0 ? info.risn : 0;
    return signature.useAo(key, rNext, 0, sentKey(auth, sk, key, info.lisn, disn));
  }
  info.follow(sk);
  return signature.useAo(key, rNext, sneOf(info.sndSne, info.sndBasis, seq), sendKey(auth, sk, info, key));
}

/** Writes the signature of a segment of `sk` that is whole but for it: room is in front of its other options. */
export function signSegment(sk: TcpSock, tx: SkBuff, flags: number, seq: number): void {
  const auth = sk.tcp.auth as Auth;
  if (signatureOfSock(sk, auth, flags, seq) === 0) return;
  writeSignature(auth, tx.view, tx.data + HLEN);
  completeSignature(auth, sk.family, tx, tx.data + HLEN, sk.saddr, sk.daddr);
}

/** How what a listener sends for a request is signed, as its SYN asked for it. */
export function signatureOfRequest(req: RequestSock, auth: Auth, seq: number): number {
  const { family, listener } = req;
  const keys = listener.auth;
  if (req.aoIds < 0) {
    const md5 = keys === undefined ? undefined : md5Lookup(keys, family, req.daddr);
    return md5 === undefined ? 0 : auth.signature.useMd5(md5.key);
  }
  const key =
    keys?.ao === undefined ? undefined : aoLookup(keys.ao, family, req.daddr, keyIdOf(req.aoIds), -1);
  if (key === undefined) return UNSIGNABLE;
  const traffic = sentKey(auth, req, key, req.sntIsn, req.rcvIsn);
  return auth.signature.useAo(key, rNextOf(req.aoIds), sneOf(0, req.sntIsn, seq), traffic);
}

/** What TIME-WAIT signs its ACKs with, for good. */
export function timewaitSignature(sk: TcpSock): Signature | undefined {
  const { auth } = sk.tcp;
  if (auth === undefined) return undefined;
  if (signatureOfSock(sk, auth, ACK, sk.sndNxt) === 0) return undefined;
  const signature = auth.signature.copy();
  signature.ignoresIcmp = sk.auth?.ao?.acceptIcmps === false;
  return signature;
}

/** Who refuses a segment: a socket, a request, TIME-WAIT. */
export interface Refuser {
  readonly state: number;
}

/**
 * How the RST with the number `seq` is signed that refuses `skb`, a segment for `owner` or for nobody. {@link UNSIGNABLE}: the segment
 * was signed, and who could sign the answer is not known.
 */
export function signatureOfReset(
  tcp: Tcp,
  auth: Auth,
  family: Family<unknown>,
  skb: SkBuff,
  seg: Segment,
  owner: Refuser | undefined,
  seq: number,
): number {
  if (!auth.findOptions(skb, seg)) return UNSIGNABLE;
  if (owner === undefined) {
    if (auth.aoAt !== 0) return UNSIGNABLE; // without a connection its initial numbers are not known (RFC 5925 §7.7)
    return auth.md5At === 0 ? 0 : resetOfNobody(tcp, auth, family, skb, seg);
  }
  if (owner.state === TIME_WAIT) {
    const { signature } = owner as TimewaitSock;
    if (signature === undefined) return 0;
    Object.assign(auth.signature, signature);
    return signature.length;
  }
  if (owner.state === NEW_SYN_RECV) return signatureOfRequest(owner as RequestSock, auth, seq);
  const sk = owner as TcpSock;
  if (auth.aoAt !== 0) return resetWithAo(auth, sk, family, skb, seg, seq);
  const md5 = sk.auth === undefined ? undefined : md5Lookup(sk.auth, family, family.saddr(skb));
  return md5 === undefined ? 0 : auth.signature.useMd5(md5.key);
}

/**
 * The connection is gone, but the peer may be one of a listener's of ours, at the port the segment came from: then its key signs, if
 * the segment was signed with it.
 */
function resetOfNobody(tcp: Tcp, auth: Auth, family: Family<unknown>, skb: SkBuff, seg: Segment): number {
  const saddr = family.saddr(skb);
  const daddr = family.daddr(skb);
  const listener = tcp.tables.listener(family, daddr, seg.source, skb.ifindex, 0);
  const md5 = listener?.auth === undefined ? undefined : md5Lookup(listener.auth, family, saddr);
  if (md5 === undefined) return UNSIGNABLE;
  const digest = auth.md5(family.auth as AuthAddresses<unknown>, skb, saddr, daddr, md5.key);
  return isDigest(skb.view, auth.md5At, digest, 16) ? auth.signature.useMd5(md5.key) : UNSIGNABLE;
}

/** With the key that the segment asks for. */
function resetWithAo(
  auth: Auth,
  sk: TcpSock,
  family: Family<unknown>,
  skb: SkBuff,
  seg: Segment,
  seq: number,
): number {
  const info = sk.auth?.ao;
  if (info === undefined) return UNSIGNABLE;
  const wanted = skb.view.getUint8(auth.aoAt + 3);
  if (sk.state !== LISTEN) {
    const key = info.find(wanted, -1);
    if (key === undefined || info.rnext === undefined) return UNSIGNABLE;
    if (sk.state === SYN_SENT) {
      const traffic = sentKey(auth, sk, key, info.lisn, seg.seq);
      return auth.signature.useAo(key, info.rnext.rcvid, sneOf(0, info.lisn, seq), traffic);
    }
    info.follow(sk);
    const sne = sneOf(info.sndSne, info.sndBasis, seq);
    return auth.signature.useAo(key, info.rnext.rcvid, sne, sendKey(auth, sk, info, key));
  }
  const key = aoLookup(info, family, family.saddr(skb), wanted, -1);
  if (key === undefined) return UNSIGNABLE;
  // A listener knows no initial numbers: the RST's own is the one it has, and without a SYN the segment may be the handshake's last.
  const syn = (seg.flags & SYN) !== 0;
  const { context } = auth;
  context.saddr = family.daddr(skb);
  context.daddr = family.saddr(skb);
  context.sport = seg.dest;
  context.dport = seg.source;
  context.sisn = syn ? seq : (seq - 1) | 0;
  context.disn = syn ? seg.seq : (seg.seq - 1) | 0;
  const traffic = auth.trafficKey(family.auth as AuthAddresses<unknown>, key.algorithm, key.master);
  return auth.signature.useAo(key, key.rcvid, 0, traffic);
}

/** Writes the option at `at`, with room for what {@link completeSignature} makes. Where the next option goes. */
export function writeSignature({ signature }: Auth, view: DataView, at: number): number {
  if (signature.md5 !== undefined) return writeMd5(view, at);
  return writeAo(view, at, signature.keyId, signature.rNext, signature.maclen);
}

/** The segment is whole, its header in front and the option at `at`: makes the digest. */
export function completeSignature(
  auth: Auth,
  family: Family<unknown>,
  tx: SkBuff,
  at: number,
  saddr: unknown,
  daddr: unknown,
): void {
  const { signature } = auth;
  const addresses = family.auth as AuthAddresses<unknown>;
  const { md5 } = signature;
  if (md5 !== undefined) {
    tx.bytes.set(auth.md5(addresses, tx, saddr, daddr, md5), at + 4);
    return;
  }
  const mac = signature.mac as KeyedMac;
  const code = auth.ao(addresses, tx, saddr, daddr, at, signature.sne, signature.coversOptions, mac);
  tx.bytes.set(code.subarray(0, signature.maclen), at + TCP_AO_HLEN);
}
