/**
 * Errors out (Linux `__icmp_send`): RFC 1122 §3.2.2, RFC 1812 §4.3.2.
 * @module
 */
import { PACKET_HOST, type SkBuff } from '@stack/skbuff';
import { sendCheck } from '../checksum.ts';
import { HLEN } from '../fields.ts';
import { write } from '../header.ts';
import { isError } from '../quote.ts';
import { NR_ICMP_TYPES } from '../types.ts';
import { isMulticast, isReserved } from './address.ts';
import type { Icmp } from './icmp.ts';
import { countOut } from './mib.ts';
import type { Dst, Errno } from './ports.ts';

/** Bytes in an IPv4 header without options. */
const IP_HLEN = 20;
/** Byte offsets in it. */
const IP_TOS = 1;
const IP_FRAG_OFF = 6;
const IP_PROTOCOL = 9;
const IP_SADDR = 12;
const IP_DADDR = 16;
const IPPROTO_ICMP = 1;
/** RFC 1812 §4.3.2.3: as much as fits without exceeding this, bytes of the whole packet. */
const MAX_ERROR = 576;
/** 192.0.0.8, for a host that has no address to speak from (RFC 7600). */
const INADDR_DUMMY = 0xc000_0008;
/** RFC 1812 §4.3.2.5: precedence of errors. */
const PREC_INTERNETCONTROL = 0xc0;
/** Bits of the old Type of Service field. */
const TOS_MASK = 0x1e;

/** See {@link Icmp.send}. */
export function send(now: number, icmp: Icmp, skb: SkBuff, type: number, code: number, info: number): void {
  const { options, limit, mib } = icmp;
  const at = skb.networkHeader;
  if (at < skb.head || at + IP_HLEN > skb.tail) return;
  if (!mayAnswer(icmp, skb, at)) return;
  const limited = limit.limits(type, code);
  if (limited && !options.isLoopback(skb.ifindex) && !limit.allowGlobal(now)) {
    mib.Icmp.OutRateLimitGlobal++;
    return;
  }
  const dst = routeBack(now, icmp, skb, at, type, code);
  if (typeof dst === 'string') return;
  if (limited && !allowPeer(now, icmp, dst)) return;
  const { flow } = icmp;
  // Without an address of its own it may not say 0.0.0.0.
  if (flow.saddr === 0) flow.saddr = INADDR_DUMMY;
  const extra = flow.options === undefined ? 0 : flow.options.length;
  const room = Math.min(dst.mtu(now), MAX_ERROR) - IP_HLEN - extra - HLEN;
  if (room <= IP_HLEN) return;
  const whole = skb.tail - at + skb.dataLen;
  const length = Math.min(whole, room);
  const error = options.pool.alloc(HLEN + length, dst.headroom + extra);
  if (error === undefined) {
    mib.Icmp.OutErrors++;
    return;
  }
  const start = error.put(HLEN + length);
  write(error.view, start, type, code, 0, info >>> 0);
  copyFrom(skb, at, error.bytes, start + HLEN, length);
  sendCheck(error.view, start, HLEN + length);
  if (icmp.probe !== undefined) icmp.probe('__icmp_send', skb);
  transmit(now, icmp, error, dst, type);
}

/** Sends a message that is ready by the engine's flow, and counts it. */
export function transmit(now: number, icmp: Icmp, skb: SkBuff, dst: Dst, type: number): number | Errno {
  const { flow } = icmp;
  skb.transportHeader = skb.data;
  skb.mark = flow.mark;
  skb.priority = flow.priority;
  countOut(icmp.mib, type);
  const result = icmp.options.output(now, skb, dst, flow);
  flow.options = undefined;
  flow.inet = undefined;
  return result;
}

/** Whether the destination may be told one more; counts what is held back, and what is not. */
export function allowPeer(now: number, icmp: Icmp, dst: Dst): boolean {
  const { limit, flow, mib } = icmp;
  if (dst.dev.loopback || limit.allowPeer(now, flow.daddr)) {
    limit.consume();
    return true;
  }
  mib.Icmp.OutRateLimitHost++;
  return false;
}

/** RFC 1122 §3.2.2: what no error is sent about. `at` is the packet's IP header. */
function mayAnswer(icmp: Icmp, skb: SkBuff, at: number): boolean {
  const { view } = skb;
  const daddr = view.getUint32(at + IP_DADDR);
  const saddr = view.getUint32(at + IP_SADDR);
  const { isBroadcast, isLoopback } = icmp.options;
  if (skb.pktType !== PACKET_HOST) return false;
  if (isMulticast(daddr) || isBroadcast(daddr, skb.ifindex)) return false;
  if (saddr === 0 || isMulticast(saddr) || isReserved(saddr) || isBroadcast(saddr, skb.ifindex)) return false;
  if (saddr >>> 24 === 127 && skb.ifindex !== 0 && !isLoopback(skb.ifindex)) return false;
  // Only the first fragment has a transport header to tell whose it was.
  if ((view.getUint16(at + IP_FRAG_OFF) & 0x1fff) !== 0) return false;
  if (view.getUint8(at + IP_PROTOCOL) !== IPPROTO_ICMP) return true;
  const inner = innerType(skb, at + (view.getUint8(at) & 0x0f) * 4);
  // A type that is not known may be an error.
  return inner >= 0 && inner <= NR_ICMP_TYPES && !isError(inner);
}

/** Where the error goes, in the engine's flow. */
function routeBack(
  now: number,
  icmp: Icmp,
  skb: SkBuff,
  at: number,
  type: number,
  code: number,
): Dst | Errno {
  const { view, ifindex } = skb;
  const { options, flow } = icmp;
  const { sysctl } = options;
  flow.daddr = view.getUint32(at + IP_SADDR);
  flow.saddr = view.getUint32(at + IP_DADDR);
  if (!options.isLocal(flow.saddr)) {
    // RFC 1812 §4.3.2.4: a router speaks from the interface the error leaves by; or, if so told, from the one that it came in by.
    const inbound = ifindex !== 0 && sysctl.icmp_errors_use_inbound_ifaddr !== 0;
    flow.saddr = inbound ? options.selectAddress(ifindex, flow.daddr) : 0;
  }
  flow.oif = 0;
  flow.tos = (view.getUint8(at + IP_TOS) & TOS_MASK) | PREC_INTERNETCONTROL;
  flow.mark = sysctl.fwmark_reflect !== 0 ? skb.mark : 0;
  flow.priority = 0;
  flow.sport = type;
  flow.dport = code;
  flow.ttl = -1;
  flow.options = options.echoOptions?.(skb);
  flow.inet = undefined;
  return options.route(now, flow);
}

/** Type of the ICMP message at `at`, absolute in the head, or in the frags behind it; -1 = it is not there. */
function innerType(skb: SkBuff, at: number): number {
  if (at < skb.tail) return skb.view.getUint8(at);
  const frag = skb.frags[0];
  const skip = at - skb.tail;
  if (skb.nrFrags === 0 || frag === undefined || skip >= frag.length) return -1;
  return frag.page.arena.view.getUint8(frag.offset + skip);
}

/** Copies from `at` in the head, which may be in front of `data`, and on into the frags. */
function copyFrom(skb: SkBuff, at: number, target: Uint8Array, targetAt: number, length: number): void {
  const linear = Math.min(length, skb.tail - at);
  target.set(skb.bytes.subarray(at, at + linear), targetAt);
  const rest = length - linear;
  if (rest > 0) skb.copyBits(skb.tail - skb.data, target, targetAt + linear, rest);
}
