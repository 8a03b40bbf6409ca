/**
 * Signing what is sent. Who builds a segment asks first, which key there is for it and how many bytes its option takes, leaves room for
 * it in front of all others, but for the timestamps of a bare ACK, and has it written when the segment is whole.
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

/** {@link signatureOf}, {@link signatureOfReset}: nothing may be sent, for it could not be signed. */
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
  if (signatureOfSock(sk, auth, flags, seq) !== 0) sign(auth, sk.family, tx, HLEN, sk.saddr, sk.daddr);
}

/** How TIME-WAIT or a request signs what has the number `seq`: a request as its SYN asked for it. */
export function signatureOf(auth: Auth | undefined, from: TimewaitSock | RequestSock, seq: number): number {
  if (auth === undefined) return 0;
  if (from.state === NEW_SYN_RECV) return signatureOfRequest(from as RequestSock, auth, seq);
  const { signature } = from as TimewaitSock;
  if (signature === undefined) return 0;
  Object.assign(auth.signature, signature);
  return signature.length;
}

function signatureOfRequest(req: RequestSock, auth: Auth, seq: number): number {
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
  if (owner.state === TIME_WAIT || owner.state === NEW_SYN_RECV) {
    return signatureOf(auth, owner as TimewaitSock | RequestSock, seq);
  }
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
  const peer = family.saddr(skb);
  const key = aoLookup(info, family, peer, wanted, -1);
  if (key === undefined) return UNSIGNABLE;
  // A listener knows no initial numbers: the RST's own is the one it has, and without a SYN the segment may be the handshake's last.
  const behind = (seg.flags & SYN) !== 0 ? 0 : 1;
  const { dest, source } = seg;
  const own = family.daddr(skb);
  const traffic = auth.trafficKey(family, key, own, peer, dest, source, seq - behind, seg.seq - behind);
  return auth.signature.useAo(key, key.rcvid, 0, traffic);
}

/** Signs as was asked for last what is whole but for its signature: room is behind `offset` bytes of header. */
export function sign(
  auth: Auth,
  family: Family<unknown>,
  tx: SkBuff,
  offset: number,
  saddr: unknown,
  daddr: unknown,
): void {
  const { coversOptions, keyId, maclen, md5, rNext, sne } = auth.signature;
  const addresses = family.auth as AuthAddresses<unknown>;
  const at = tx.data + offset;
  if (md5 !== undefined) {
    writeMd5(tx.view, at);
    tx.bytes.set(auth.md5(addresses, tx, saddr, daddr, md5), at + 4);
    return;
  }
  writeAo(tx.view, at, keyId, rNext, maclen);
  const mac = auth.signature.mac as KeyedMac;
  const code = auth.ao(addresses, tx, saddr, daddr, at, sne, coversOptions, mac);
  tx.bytes.set(code.subarray(0, maclen), at + TCP_AO_HLEN);
}
