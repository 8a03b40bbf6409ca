/**
 * Packets from raw sockets: Linux `raw_sendmsg`, `raw_send_hdrinc`.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { SEND_SHUTDOWN, setupTxTimestamp } from '@stack/skbuff/sock';
import { isMulticast } from '../address.ts';
import { daddr, HLEN, headerLength, id, MAX_HLEN, protocol, saddr } from '../fields.ts';
import { sendCheck } from '../header.ts';
import { IPPROTO_ICMP } from '../protocol.ts';
import { CB_FLAGS, IP_MAX_MTU } from './constants.ts';
import type { Dst } from './dst.ts';
import type { Ipv4 } from './ipv4.ts';
import { MSG_DONTROUTE, MSG_OOB, type RawMessage } from './message.ts';
import { localOut, sendSkb } from './output.ts';
import { DROP, type Errno } from './ports.ts';
import { IPPROTO_RAW, type RawSock } from './raw-sock.ts';
import { FLOWI_FLAG_ANYSRC, FLOWI_FLAG_ONLINK, type Flow } from './route-output.ts';

/** See `Raw.sendmsg`. */
export function sendmsg(
  ip: Ipv4,
  now: number,
  sk: RawSock,
  bytes: Uint8Array,
  offset: number,
  length: number,
  flags: number,
  message: RawMessage | undefined,
): number | Errno {
  const { inet } = sk;
  if (length > IP_MAX_MTU) return 'EMSGSIZE';
  if ((flags & MSG_OOB) !== 0) return 'EOPNOTSUPP';
  const named = message?.address;
  if (named === undefined && sk.state !== 'ESTABLISHED') return 'EDESTADDRREQ';
  if (inet.options !== undefined && inet.hdrincl) return 'EINVAL';
  const isIcmp = sk.protocol === IPPROTO_ICMP && !inet.hdrincl;
  if (isIcmp && length < 2) return 'EFAULT'; // type and code are read before anything else
  const flow = flowFor(sk, named ?? sk.daddr, flags, message);
  const destination = flow.daddr;
  if (inet.options !== undefined && inet.options.firstHop !== 0) {
    if (destination === 0) return 'EINVAL';
    flow.daddr = inet.options.firstHop;
  }
  const dst = ip.routeOutput(now, flow);
  if (typeof dst === 'string') return dst;
  if (dst.type === 'broadcast' && !sk.broadcast) return 'EACCES';
  const refused = inet.hdrincl ? judgeHeader(dst, length) : undefined;
  if (refused !== undefined) return refused;
  const error = sk.takeError();
  if (error !== '') return error;
  if ((sk.shutdown & SEND_SHUTDOWN) !== 0) return 'EPIPE';
  if (sk.wmemAlloc >= sk.sndbuf) return 'EAGAIN';
  const skb = ip.pool.alloc(length, dst.dev.hardHeaderLen + (inet.hdrincl ? 0 : MAX_HLEN));
  if (skb === undefined) return 'ENOBUFS';
  const at = skb.put(length);
  skb.bytes.set(bytes.subarray(offset, offset + length), at);
  sk.setOwnerW(skb);
  if (isIcmp) ip.ports.icmpSent?.(bytes[offset] as number);
  setupTxTimestamp(sk, skb, message?.tsflags ?? -1, message?.tskey ?? -1);
  const result = inet.hdrincl
    ? sendWithHeader(ip, now, sk, skb, dst, flow)
    : sendSkb(ip, now, skb, dst, {
        saddr: flow.saddr,
        daddr: destination === 0 ? flow.daddr : destination,
        protocol: sk.protocol,
        tos: message !== undefined && message.tos >= 0 ? message.tos : inet.tos,
        ttl:
          message !== undefined && message.ttl > 0
            ? message.ttl
            : dst.type === 'multicast'
              ? inet.mcTtl
              : inet.ttl,
        mark: flow.mark,
        priority: sk.priority,
        inet,
      });
  if (typeof result === 'string') return result;
  // ip(7): without IP_RECVERR a full queue is no error.
  return result === DROP && inet.recverr ? 'ENOBUFS' : length;
}

function flowFor(sk: RawSock, destination: number, flags: number, message: RawMessage | undefined): Flow {
  const { inet } = sk;
  const multicast = isMulticast(destination);
  const source = message?.source ?? sk.saddr;
  const device = message !== undefined && message.ifindex !== 0 ? message.ifindex : sk.boundDevIf;
  const anySource = inet.hdrincl || inet.transparent;
  const onLink = sk.localRoute || (flags & MSG_DONTROUTE) !== 0 || inet.options?.strict === true;
  return {
    daddr: destination,
    saddr: source === 0 && multicast ? inet.mcAddr : source,
    oif: device || (multicast ? inet.mcIndex : inet.ucIndex),
    tos: message !== undefined && message.tos >= 0 ? message.tos : inet.tos,
    mark: message !== undefined && message.mark >= 0 ? message.mark : sk.mark,
    protocol: inet.hdrincl ? IPPROTO_RAW : sk.protocol,
    sport: 0,
    dport: 0,
    flags: (anySource ? FLOWI_FLAG_ANYSRC : 0) | (onLink ? FLOWI_FLAG_ONLINK : 0),
  };
}

/** A packet with its own header is not fragmented. */
function judgeHeader(dst: Dst, length: number): Errno | undefined {
  if (length > dst.dev.mtu) return 'EMSGSIZE';
  return length < HLEN ? 'EINVAL' : undefined;
}

/** raw(7), the table of IP_HDRINCL: checksum and total length always, source and identification where they are 0. */
function sendWithHeader(
  ip: Ipv4,
  now: number,
  sk: RawSock,
  skb: SkBuff,
  dst: Dst,
  flow: Flow,
): number | Errno {
  const { view, data: at } = skb;
  const hlen = headerLength(view, at);
  if (hlen < HLEN || hlen > skb.len) {
    skb.free();
    return 'EINVAL';
  }
  if (saddr(view, at) === 0) view.setUint32(at + 12, flow.saddr);
  view.setUint16(at + 2, skb.len);
  if (id(view, at) === 0) {
    const kind = protocol(view, at);
    view.setUint16(at + 4, ip.idents.reserve(now, daddr(view, at), saddr(view, at), kind, 1));
  }
  sendCheck(view, at);
  skb.networkHeader = at;
  skb.transportHeader = at + hlen;
  skb.priority = sk.priority;
  skb.mark = flow.mark;
  skb.cb[CB_FLAGS] = 0;
  return localOut(ip, now, skb, dst, sk.inet);
}
