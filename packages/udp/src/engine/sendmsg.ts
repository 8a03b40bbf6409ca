/**
 * Sending (Linux `udp_sendmsg`, `udp_send_skb`).
 * @module
 */
import { CHECKSUM_PARTIAL, requireRange, SKB_GSO_UDP_L4, type SkBuff } from '@stack/skbuff';
import { setupTxTimestamp } from '@stack/skbuff/sock';
import { HLEN } from '../fields.ts';
import { CSUM_OFFSET, write } from '../header.ts';
import { append, IP_PMTUDISC_PROBE } from './append.ts';
import { autobind } from './bind.ts';
import { Cork } from './cork.ts';
import { type Message, MSG_CONFIRM, MSG_DONTROUTE, MSG_MORE, MSG_OOB, MSG_PROBE } from './message.ts';
import { DROP, type Errno } from './ports.ts';
import { routeTo } from './route.ts';
import type { Udp } from './udp.ts';
import type { UdpSock } from './udp-sock.ts';

/** Most datagrams in a super-packet (Linux `UDP_MAX_SEGMENTS`). */
const UDP_MAX_SEGMENTS = 128;

/** See {@link Udp.sendmsg}. */
export function sendmsg(
  now: number,
  udp: Udp,
  sk: UdpSock,
  bytes: Uint8Array,
  offset: number,
  length: number,
  flags: number,
  message: Message | undefined,
): number | Errno {
  requireRange('udp', 'offset', offset, bytes.length);
  requireRange('udp', 'length', length, bytes.length - offset);
  const unbound = autobind(udp, sk);
  if (unbound !== undefined) return unbound;
  if (length > 0xffff) return 'EMSGSIZE';
  if ((flags & MSG_OOB) !== 0) return 'EOPNOTSUPP';
  const holding = sk.corkFlag || (flags & MSG_MORE) !== 0;
  let { cork } = sk;
  if (cork === undefined) {
    // A send that is held back needs a place of its own, any other one is over before the next begins.
    cork = holding ? new Cork() : udp.cork;
    const failed = setup(now, udp, sk, cork, flags, message);
    if (failed !== undefined) return failed;
    if ((flags & MSG_CONFIRM) !== 0) {
      sk.family.confirm(now, cork.dst);
      if ((flags & MSG_PROBE) !== 0 && length === 0) return 0;
    }
  }
  const failed = append(udp, sk, cork, bytes, offset, length, holding ? flags | MSG_MORE : flags);
  if (failed !== undefined) {
    abandon(sk, cork);
    return failed;
  }
  if (udp.probe !== undefined) udp.probe('udp_sendmsg', cork.skb as unknown as SkBuff);
  if (holding) {
    sk.cork = cork;
    return length;
  }
  return pushPending(now, udp, sk, cork) ?? length;
}

/** Sends what is held back, if anything is (Linux `udp_push_pending_frames`). */
export function flush(now: number, udp: Udp, sk: UdpSock): Errno | undefined {
  return sk.cork === undefined ? undefined : pushPending(now, udp, sk, sk.cork);
}

/** Throws away a datagram in the making (Linux `udp_flush_pending_frames`). */
export function abandon(sk: UdpSock, cork: Cork): void {
  const { skb } = cork;
  cork.skb = undefined;
  sk.cork = undefined;
  skb?.free();
}

/** Where the datagram goes and by which way: fills in `cork`. */
function setup(
  now: number,
  udp: Udp,
  sk: UdpSock,
  cork: Cork,
  flags: number,
  message: Message | undefined,
): Errno | undefined {
  const { family, inet } = sk;
  const named = message?.address;
  if (named !== undefined) {
    if (message?.port === 0) return 'EINVAL';
  } else if (sk.state !== 'ESTABLISHED') return 'EDESTADDRREQ';
  const daddr = named === undefined ? sk.daddr : named;
  const multicast = family.isMulticast(daddr);
  cork.daddr = daddr;
  cork.dport = named === undefined ? sk.dport : (message as Message).port;
  cork.inet = inet;
  cork.tos = message !== undefined && message.tos >= 0 ? message.tos : inet.tos;
  cork.ttl = multicast ? inet.mcTtl : inet.ttl;
  if (message !== undefined && message.ttl > 0) cork.ttl = message.ttl;
  cork.mark = message !== undefined && message.mark >= 0 ? message.mark : sk.mark;
  cork.priority = sk.priority;
  cork.tsflags = message === undefined ? -1 : message.tsflags;
  cork.tskey = message === undefined ? -1 : message.tskey;
  cork.gsoSize = message !== undefined && message.gsoSize > 0 ? message.gsoSize : sk.gsoSize;
  const failed = route(now, udp, sk, cork, flags, message, named === undefined, multicast);
  if (failed !== undefined) return failed;
  const { dst } = cork;
  cork.fragSize = inet.pmtudisc < IP_PMTUDISC_PROBE ? dst.mtu(now) : dst.dev.mtu;
  return undefined;
}

/** Finds the route: the socket's own for its peer, where it is still good, else by a lookup. */
function route(
  now: number,
  udp: Udp,
  sk: UdpSock,
  cork: Cork,
  flags: number,
  message: Message | undefined,
  connected: boolean,
  multicast: boolean,
): Errno | undefined {
  const { family, inet } = sk;
  const dontroute = sk.localRoute || (flags & MSG_DONTROUTE) !== 0;
  let oif = message !== undefined && message.ifindex !== 0 ? message.ifindex : sk.boundDevIf;
  let saddr = message?.source ?? sk.saddr;
  if (multicast) {
    if (oif === 0) oif = inet.mcIndex;
    if (family.same(saddr, family.any)) saddr = inet.mcAddr;
  } else if (oif === 0) oif = inet.ucIndex;
  const own =
    connected &&
    !dontroute &&
    !multicast &&
    cork.tos === inet.tos &&
    cork.mark === sk.mark &&
    message?.source === undefined &&
    (message === undefined || message.ifindex === 0);
  if (own && cached(sk)) {
    cork.dst = sk.dst as NonNullable<typeof sk.dst>;
    cork.saddr = saddr;
    return undefined;
  }
  const dst = routeTo(now, udp, sk, cork.daddr, cork.dport, saddr, oif, cork.tos, cork.mark, dontroute);
  if (typeof dst === 'string') return dst;
  if (dst.type === 'broadcast' && !sk.broadcast) return 'EACCES';
  cork.dst = dst;
  cork.saddr = udp.flow.saddr;
  cork.daddr = udp.flow.daddr;
  if (own) {
    sk.dst = dst;
    sk.dstTos = inet.tos;
    sk.dstMark = sk.mark;
    sk.dstOif = sk.boundDevIf;
  }
  return undefined;
}

/** Whether the socket's route still leads to its peer, and was looked up for what it asks now. */
function cached(sk: UdpSock): boolean {
  const { dst } = sk;
  return (
    dst !== undefined &&
    sk.dstTos === sk.inet.tos &&
    sk.dstMark === sk.mark &&
    sk.dstOif === sk.boundDevIf &&
    !dst.obsolete()
  );
}

/** Puts the header in front of the datagram and sends it (Linux `udp_send_skb`). */
function pushPending(now: number, udp: Udp, sk: UdpSock, cork: Cork): Errno | undefined {
  const skb = cork.skb as SkBuff;
  const { family } = sk;
  const payload = skb.len;
  setupTxTimestamp(sk, skb, cork.tsflags, cork.tskey);
  if (cork.gsoSize > 0) {
    const refused = makeSuper(sk, cork, skb, payload);
    if (refused !== undefined) {
      abandon(sk, cork);
      return refused;
    }
  }
  cork.skb = undefined;
  sk.cork = undefined;
  const length = payload + HLEN;
  const at = skb.push(HLEN);
  let seed = 0;
  if (!sk.noCheckTx) {
    seed = family.pseudo(cork.saddr, cork.daddr, 17, length);
    skb.ipSummed = CHECKSUM_PARTIAL; // fragmentation completes it, as does a device that cannot
    skb.csumStart = at;
    skb.csumOffset = CSUM_OFFSET;
  }
  write(skb.view, at, sk.num, cork.dport, length, seed);
  skb.transportHeader = at;
  skb.mark = cork.mark;
  skb.priority = cork.priority;
  if (udp.probe !== undefined) udp.probe('udp_send_skb', skb);
  const result = family.output(now, skb, cork.dst, cork);
  return sent(udp, sk, result);
}

/** Counts what became of a datagram, and says what the caller hears of it. */
function sent(udp: Udp, sk: UdpSock, result: number | Errno): Errno | undefined {
  const { Udp: mib } = udp.mib;
  if (result === DROP || result === 'ENOBUFS') {
    mib.SndbufErrors++;
    return sk.inet.recverr ? 'ENOBUFS' : undefined; // Linux tells only those who asked for errors
  }
  if (typeof result === 'string') return result;
  mib.OutDatagrams++;
  return undefined;
}

/** Makes a packet one of several datagrams of `gsoSize` bytes; what fits one stays one. */
function makeSuper(sk: UdpSock, cork: Cork, skb: SkBuff, payload: number): Errno | undefined {
  const { gsoSize } = cork;
  if (sk.family.headerLength + HLEN + Math.min(payload, gsoSize) > cork.fragSize) return 'EMSGSIZE';
  if (payload > gsoSize * UDP_MAX_SEGMENTS || sk.noCheckTx) return 'EINVAL';
  if (payload <= gsoSize) return undefined;
  skb.gsoSize = gsoSize;
  skb.gsoSegs = Math.ceil(payload / gsoSize);
  skb.gsoType = SKB_GSO_UDP_L4;
  return undefined;
}
