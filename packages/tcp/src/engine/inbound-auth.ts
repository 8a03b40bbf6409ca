/**
 * Whether a segment is signed as it must be (Linux `tcp_inbound_hash`): RFC 2385 §2.0, RFC 5925 §7.3 and §7.5.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { ACK, SYN } from '../flags.ts';
import { type AoInfo, type AoKey, aoLookup, receivedKey, receiveKey, sneOf } from './ao-info.ts';
import { type Auth, isDigest, TCP_AO_HLEN } from './auth.ts';
import { keysChanged, md5Lookup } from './auth-sock.ts';
import type { AuthAddresses, KeyedMac } from './mac.ts';
import type { RequestSock } from './request.ts';
import type { Segment } from './segment.ts';
import { CLOSE, LISTEN, SYN_RECV, SYN_SENT } from './state.ts';
import type { TcpSock } from './tcb.ts';

/** Why the segment, for `sk` or for one of its requests, is dropped; `undefined`: it is not. */
export function inboundAuth(
  auth: Auth,
  sk: TcpSock,
  req: RequestSock | undefined,
  skb: SkBuff,
  seg: Segment,
): string | undefined {
  if (!auth.findOptions(skb, seg)) return 'TCP_AUTH_HDR';
  const { TcpExt } = sk.tcp.mib;
  // Whether a connection has TCP-AO was settled by its SYN (RFC 5925 §7.4.1).
  if (req !== undefined && req.aoIds >= 0 !== (auth.aoAt !== 0)) {
    TcpExt.TCPAOBad++;
    return 'TCP_AOFAILURE';
  }
  if (auth.aoAt !== 0) return inboundAo(auth, sk, req, skb, seg);
  if (auth.md5At !== 0) return inboundMd5(auth, sk, skb);
  const keys = sk.auth;
  if (keys === undefined) return undefined;
  const peer = sk.family.saddr(skb);
  const { ao } = keys;
  if (ao !== undefined && (ao.aoRequired || aoLookup(ao, sk.family, peer, -1, -1) !== undefined)) {
    TcpExt.TCPAORequired++;
    ao.pktAoRequired++;
    return 'TCP_AONOTFOUND';
  }
  if (keys.md5Keys.length === 0 || md5Lookup(keys, sk.family, peer) === undefined) return undefined;
  TcpExt.TCPMD5NotFound++;
  return 'TCP_MD5NOTFOUND';
}

function inboundMd5(auth: Auth, sk: TcpSock, skb: SkBuff): string | undefined {
  const { family, tcp } = sk;
  const { TcpExt } = tcp.mib;
  const saddr = family.saddr(skb);
  const key = sk.auth === undefined ? undefined : md5Lookup(sk.auth, family, saddr);
  if (key === undefined) {
    TcpExt.TCPMD5Unexpected++;
    return 'TCP_MD5UNEXPECTED';
  }
  const digest = auth.md5(family.auth as AuthAddresses<unknown>, skb, saddr, family.daddr(skb), key.key);
  if (isDigest(skb.view, auth.md5At, digest, 16)) return undefined;
  TcpExt.TCPMD5Failure++;
  return 'TCP_MD5FAILURE';
}

function inboundAo(
  auth: Auth,
  sk: TcpSock,
  req: RequestSock | undefined,
  skb: SkBuff,
  seg: Segment,
): string | undefined {
  const info = sk.auth?.ao;
  if (info === undefined) {
    sk.tcp.mib.TcpExt.TCPAOKeyNotFound++;
    return 'TCP_AOUNEXPECTED';
  }
  const keyId = skb.view.getUint8(auth.aoAt + 2);
  switch (sk.state) {
    case CLOSE:
      return 'TCP_CLOSE';
    case LISTEN:
      return listenAo(auth, sk, info, req, skb, seg, keyId);
    case SYN_SENT:
    case SYN_RECV:
      return openingAo(auth, sk, info, skb, seg, keyId);
    default:
      return establishedAo(auth, sk, info, skb, seg, keyId);
  }
}

/** A synchronized connection: its traffic keys are at hand. */
function establishedAo(
  auth: Auth,
  sk: TcpSock,
  info: AoInfo,
  skb: SkBuff,
  seg: Segment,
  keyId: number,
): string | undefined {
  const { rnext } = info;
  const key = rnext !== undefined && rnext.rcvid === keyId ? rnext : info.find(-1, keyId);
  if (key === undefined) return keyNotFound(sk, info);
  if ((seg.flags & (SYN | ACK)) === SYN) {
    // The SYN again, late.
    return verify(auth, sk, info, skb, key, 0, receivedKey(auth, sk, key, seg.seq, 0));
  }
  info.follow(sk);
  const sne = sneOf(info.rcvSne, info.rcvBasis, seg.seq);
  const refused = verify(auth, sk, info, skb, key, sne, receiveKey(auth, sk, info, key));
  if (refused === undefined) followRequest(auth, sk, info, skb);
  return refused;
}

/** RFC 5925 §7.5.2.e: the peer asks to be sent segments with another key, if we have it. */
function followRequest(auth: Auth, sk: TcpSock, info: AoInfo, skb: SkBuff): void {
  const wanted = skb.view.getUint8(auth.aoAt + 3);
  if (info.current?.sndid === wanted) return;
  const key = info.find(wanted, -1);
  if (key === undefined) return;
  info.current = key;
  keysChanged(sk, sk.auth as NonNullable<TcpSock['auth']>);
}

/** SYN-SENT, and SYN-RECEIVED with a socket. */
function openingAo(
  auth: Auth,
  sk: TcpSock,
  info: AoInfo,
  skb: SkBuff,
  seg: Segment,
  keyId: number,
): string | undefined {
  const key = info.find(-1, keyId);
  if (key === undefined) return keyNotFound(sk, info);
  const { flags } = seg;
  const disn = (flags & (SYN | ACK)) === SYN ? 0 : info.lisn;
  // What refuses our SYN has no number of a connection: it is taken for its first.
  const sisn = (flags & SYN) !== 0 || sk.state === SYN_SENT ? seg.seq : info.risn;
  return verify(auth, sk, info, skb, key, sneOf(0, sisn, seg.seq), receivedKey(auth, sk, key, sisn, disn));
}

function listenAo(
  auth: Auth,
  sk: TcpSock,
  info: AoInfo,
  req: RequestSock | undefined,
  skb: SkBuff,
  seg: Segment,
  keyId: number,
): string | undefined {
  const { family } = sk;
  const saddr = family.saddr(skb);
  const key = aoLookup(info, family, saddr, -1, keyId);
  if (key === undefined) return keyNotFound(sk, info);
  const { dest, flags, seq, source } = seg;
  let sisn = seq;
  let disn = 0;
  if ((flags & (SYN | ACK)) !== SYN) {
    if (req !== undefined) {
      sisn = req.rcvIsn;
      disn = req.sntIsn;
    } else if ((flags & ACK) !== 0) {
      // As if it were the last of a handshake.
      sisn = (seq - 1) | 0;
      disn = (seg.ackSeq - 1) | 0;
    } else return 'TCP_FLAGS'; // its initial numbers cannot be told
  }
  const traffic = auth.trafficKey(family, key, saddr, family.daddr(skb), source, dest, sisn, disn);
  return verify(auth, sk, info, skb, key, sneOf(0, sisn, seq), traffic);
}

function keyNotFound(sk: TcpSock, info: AoInfo): string {
  sk.tcp.mib.TcpExt.TCPAOKeyNotFound++;
  info.pktKeyNotFound++;
  return 'TCP_AOKEYNOTFOUND';
}

function verify(
  auth: Auth,
  sk: TcpSock,
  info: AoInfo,
  skb: SkBuff,
  key: AoKey,
  sne: number,
  traffic: KeyedMac,
): string | undefined {
  const { family } = sk;
  const { TcpExt } = sk.tcp.mib;
  const at = auth.aoAt;
  const maclen = skb.view.getUint8(at + 1) - TCP_AO_HLEN;
  if (maclen === key.maclen) {
    const addresses = family.auth as AuthAddresses<unknown>;
    const { coversOptions } = key;
    const code = auth.ao(
      addresses,
      skb,
      family.saddr(skb),
      family.daddr(skb),
      at,
      sne,
      coversOptions,
      traffic,
    );
    if (isDigest(skb.view, at + TCP_AO_HLEN, code, maclen)) {
      TcpExt.TCPAOGood++;
      info.pktGood++;
      key.pktGood++;
      return undefined;
    }
  }
  TcpExt.TCPAOBad++;
  info.pktBad++;
  key.pktBad++;
  return 'TCP_AOFAILURE';
}
