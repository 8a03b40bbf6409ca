/**
 * Answers to queries (Linux `icmp_echo`, `icmp_timestamp`, `icmp_reply`).
 * @module
 */
import { appendRange, type SkBuff } from '@stack/skbuff';
import { csumReplace2 } from '@stack/skbuff/checksum';
import { sendCheck } from '../checksum.ts';
import { CHECK, CODE, HLEN, REST, TYPE } from '../fields.ts';
import { write } from '../header.ts';
import { ICMP_ECHOREPLY, ICMP_TIMESTAMPREPLY } from '../types.ts';
import type { Icmp } from './icmp.ts';
import type { Dst } from './ports.ts';
import { allowPeer, transmit } from './send.ts';

/** Bytes in a timestamp message (RFC 792). */
const TIMESTAMP_LENGTH = 20;
/** Milliseconds in a day. */
const DAY = 86_400_000;
/** RFC 792: marks a time that is not milliseconds since midnight UT. */
const NOT_STANDARD = 0x8000_0000;

/** Answers an echo request, `data` at its ICMP header, checksum verified. The payload goes back by reference. */
export function echo(now: number, icmp: Icmp, skb: SkBuff): void {
  if (icmp.probe !== undefined) icmp.probe('icmp_echo', skb);
  if (icmp.options.sysctl.icmp_echo_ignore_all !== 0) return;
  const dst = prepare(now, icmp, skb, ICMP_ECHOREPLY);
  if (typeof dst === 'string') return;
  const payload = skb.len - HLEN;
  const extra = icmp.flow.options?.length ?? 0;
  const reply = icmp.options.pool.alloc(HLEN, dst.headroom + extra);
  if (reply === undefined) {
    icmp.mib.Icmp.OutErrors++;
    return;
  }
  const at = reply.put(HLEN);
  const { view, data } = skb;
  // Type and code are all that changes under the checksum, so the payload need not be summed.
  const check = csumReplace2(
    view.getUint16(data + CHECK),
    view.getUint16(data + TYPE),
    (ICMP_ECHOREPLY << 8) | view.getUint8(data + CODE),
  );
  write(reply.view, at, ICMP_ECHOREPLY, view.getUint8(data + CODE), check, view.getUint32(data + REST));
  if (!appendRange(reply, skb, HLEN, payload) && !appendCopy(reply, skb, HLEN, payload)) {
    reply.free();
    icmp.mib.Icmp.OutErrors++;
    return;
  }
  transmit(now, icmp, reply, dst, ICMP_ECHOREPLY);
}

/** For a request in so many pieces that the reply, whose header is one more, could not have them all. */
function appendCopy(reply: SkBuff, skb: SkBuff, offset: number, length: number): boolean {
  const page = skb.pool.page(length);
  if (page === undefined) return false;
  skb.copyBits(offset, page.arena.bytes, page.start, length);
  reply.addFrag(page, page.start, length);
  return true;
}

/** Answers a timestamp request, RFC 792, RFC 1122 §3.2.2.8. False where it is too short to be one. */
export function timestamp(now: number, icmp: Icmp, skb: SkBuff): boolean {
  if (!skb.mayPull(HLEN + 4)) return false;
  const dst = prepare(now, icmp, skb, ICMP_TIMESTAMPREPLY);
  if (typeof dst === 'string') return true;
  const extra = icmp.flow.options?.length ?? 0;
  const reply = icmp.options.pool.alloc(TIMESTAMP_LENGTH, dst.headroom + extra);
  if (reply === undefined) {
    icmp.mib.Icmp.OutErrors++;
    return true;
  }
  const at = reply.put(TIMESTAMP_LENGTH);
  const { view } = reply;
  const time = timeOf(now, icmp);
  write(view, at, ICMP_TIMESTAMPREPLY, 0, 0, skb.view.getUint32(skb.data + REST));
  view.setUint32(at + HLEN, skb.view.getUint32(skb.data + HLEN));
  view.setUint32(at + HLEN + 4, time);
  view.setUint32(at + HLEN + 8, time);
  sendCheck(view, at, TIMESTAMP_LENGTH);
  transmit(now, icmp, reply, dst, ICMP_TIMESTAMPREPLY);
  return true;
}

/** The way back to who asked, in the engine's flow; the address asked is the one that answers, with the same type of service. */
function prepare(now: number, icmp: Icmp, skb: SkBuff, type: number): Dst | string {
  const { options, flow, limit, mib } = icmp;
  const limited = limit.limits(type, 0);
  if (limited && !limit.allowGlobal(now)) {
    mib.Icmp.OutRateLimitGlobal++;
    return 'EAGAIN';
  }
  const { view, networkHeader } = skb;
  flow.daddr = view.getUint32(networkHeader + 12);
  flow.saddr = options.specDst(skb);
  flow.oif = 0;
  flow.tos = view.getUint8(networkHeader + 1);
  flow.mark = options.sysctl.fwmark_reflect !== 0 ? skb.mark : 0;
  flow.priority = 0;
  flow.sport = type;
  flow.dport = 0;
  flow.ttl = -1;
  flow.options = options.echoOptions?.(skb);
  flow.inet = undefined;
  const dst = options.route(now, flow);
  if (typeof dst === 'string' || !limited) return dst;
  return allowPeer(now, icmp, dst) ? dst : 'EAGAIN';
}

/** Milliseconds since midnight UT; without such a clock our own time, marked. */
function timeOf(now: number, icmp: Icmp): number {
  const { timeOfDay } = icmp.options;
  if (timeOfDay !== undefined) return timeOfDay(now) % DAY;
  return (NOT_STANDARD | (Math.floor(now / 1000) % NOT_STANDARD)) >>> 0;
}
