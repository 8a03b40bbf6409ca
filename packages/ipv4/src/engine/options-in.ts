/**
 * Options of a packet that came in: judged, source routes followed, record route and timestamp filled in. RFC 791 §3.1,
 * RFC 1122 §3.2.1.8, RFC 1812 §5.2.4.1, §5.3.13; as Linux `ip_options_compile`, `ip_options_rcv_srr`, `ip_forward_options`.
 * @module
 */
import { PACKET_HOST, type SkBuff } from '@stack/skbuff';
import { checkOptions } from '../check-options.ts';
import { daddr, HLEN, headerLength, saddr } from '../fields.ts';
import { sendCheck } from '../header.ts';
import {
  IPOPT_END,
  IPOPT_LSRR,
  IPOPT_NOOP,
  IPOPT_RR,
  IPOPT_SSRR,
  IPOPT_TIMESTAMP,
  IPOPT_TS_PRESPEC,
  IPOPT_TS_TSANDADDR,
  IPOPT_TS_TSONLY,
} from '../option-kinds.ts';
import { setDaddr } from '../set.ts';
import { addressType } from './address-type.ts';
import {
  CB_FLAGS,
  CB_SOURCE_ROUTE,
  ICMP_PARAMETERPROB,
  IPSKB_FILLED_ADDRESS,
  IPSKB_SOURCE_ROUTED,
  IPSKB_STRICT_ROUTE,
} from './constants.ts';
import type { Dst } from './dst.ts';
import type { InDevice } from './in-device.ts';
import type { Ipv4 } from './ipv4.ts';
import { type InputRoute, routeInput } from './route-input.ts';
import { specDst, towards } from './spec-dst.ts';
import { timestamp } from './timestamp.ts';

/** The route that holds after a source route, or the drop reason; an ICMP parameter problem went out for a fault. */
export function receiveOptions(
  ip: Ipv4,
  now: number,
  skb: SkBuff,
  device: InDevice,
  route: InputRoute,
): InputRoute | string {
  const delta = skb.networkHeader - skb.data;
  if (!skb.cow()) {
    ip.mib.Ip.InDiscards++;
    return 'NOMEM';
  }
  const at = skb.data + delta;
  const fault = checkOptions(skb.view, at);
  if (fault !== undefined) {
    ip.mib.Ip.InHdrErrors++;
    parameterProblem(ip, now, skb, fault.pointer);
    return 'IP_INHDR';
  }
  fill(ip, now, skb, at);
  const sourceRoute = find(skb.view, at, IPOPT_LSRR) || find(skb.view, at, IPOPT_SSRR);
  if (sourceRoute === 0) return route;
  if (device.conf.accept_source_route === 0) return 'NOT_SPECIFIED';
  return follow(ip, now, skb, device, route, at, sourceRoute);
}

/** Our place in record route and timestamp, before anybody knows where the packet goes. */
function fill(ip: Ipv4, now: number, skb: SkBuff, at: number): void {
  const { view } = skb;
  const end = at + headerLength(view, at);
  let changed = false;
  for (let i = at + HLEN; i < end; ) {
    const kind = view.getUint8(i);
    if (kind === IPOPT_END) break;
    if (kind === IPOPT_NOOP) {
      i++;
      continue;
    }
    const length = view.getUint8(i + 1);
    if (kind === IPOPT_RR) changed = record(ip, skb, i, length) || changed;
    else if (kind === IPOPT_TIMESTAMP) changed = stamp(ip, now, skb, i, length) || changed;
    i += length;
  }
  if (changed) sendCheck(view, at);
}

function record(ip: Ipv4, skb: SkBuff, option: number, length: number): boolean {
  const { view } = skb;
  const pointer = view.getUint8(option + 2);
  if (pointer > length) return false;
  view.setUint32(option + pointer - 1, specDst(ip, skb));
  view.setUint8(option + 2, pointer + 4);
  mark(skb, IPSKB_FILLED_ADDRESS);
  return true;
}

function stamp(ip: Ipv4, now: number, skb: SkBuff, option: number, length: number): boolean {
  const { view } = skb;
  const pointer = view.getUint8(option + 2);
  const octet = view.getUint8(option + 3);
  const flag = octet & 0x0f;
  if (pointer > length) {
    // Nobody counts for hosts that the sender named: they are not there.
    if (flag !== IPOPT_TS_PRESPEC) view.setUint8(option + 3, octet + 0x10);
    return flag !== IPOPT_TS_PRESPEC;
  }
  const slot = option + pointer - 1;
  const time = timestamp(ip, now);
  switch (flag) {
    case IPOPT_TS_TSONLY:
      view.setUint32(slot, time);
      view.setUint8(option + 2, pointer + 4);
      return true;
    case IPOPT_TS_TSANDADDR:
      view.setUint32(slot, specDst(ip, skb));
      view.setUint32(slot + 4, time);
      view.setUint8(option + 2, pointer + 8);
      return true;
    case IPOPT_TS_PRESPEC:
      if (addressType(ip, view.getUint32(slot)) === 'unicast') return false; // somebody else's turn
      view.setUint32(slot + 4, time);
      view.setUint8(option + 2, pointer + 8);
      return true;
    default:
      return false;
  }
}

/** The source route names the next hop: RFC 791 §3.1, RFC 1122 §3.2.1.8 (c). */
function follow(
  ip: Ipv4,
  now: number,
  skb: SkBuff,
  device: InDevice,
  route: InputRoute,
  at: number,
  option: number,
): InputRoute | string {
  const { view } = skb;
  const strict = view.getUint8(option) === IPOPT_SSRR;
  const length = view.getUint8(option + 1);
  if (skb.pktType !== PACKET_HOST) return 'NOT_SPECIFIED';
  if (route.action === 'forward') {
    if (!strict) return route;
    // RFC 1812 §5.3.13.4: a strict route that goes over somebody it does not name.
    parameterProblem(ip, now, skb, 16);
    return 'NOT_SPECIFIED';
  }
  if (route.action !== 'deliver' || (route.flags & 3) !== 0) return 'NOT_SPECIFIED';
  for (let pointer = view.getUint8(option + 2); pointer <= length; pointer += 4) {
    if (pointer + 3 > length) {
      parameterProblem(ip, now, skb, option + 2 - at);
      return 'NOT_SPECIFIED';
    }
    const hop = view.getUint32(option + pointer - 1);
    const next = routeInput(ip, skb, device, hop, saddr(view, at), skb.tos);
    if (typeof next === 'string') return next;
    if (next.action === 'forward') {
      mark(skb, IPSKB_SOURCE_ROUTED | (strict ? IPSKB_STRICT_ROUTE : 0));
      skb.cb[CB_SOURCE_ROUTE] = hop;
      return next;
    }
    if (next.action !== 'deliver' || (next.flags & 3) !== 0) return 'NOT_SPECIFIED';
    setDaddr(view, at, hop); // the next hop is ourselves, by another address
  }
  return route;
}

/** On the way out: the address recorded becomes that of the device it leaves by, and a source route moves one on. */
export function forwardOptions(ip: Ipv4, skb: SkBuff, dst: Dst): void {
  const { view } = skb;
  const at = skb.networkHeader;
  const flags = skb.cb[CB_FLAGS] as number;
  if ((flags & (IPSKB_FILLED_ADDRESS | IPSKB_SOURCE_ROUTED)) === 0) return;
  const hop =
    (flags & IPSKB_SOURCE_ROUTED) !== 0 ? (skb.cb[CB_SOURCE_ROUTE] as number) >>> 0 : daddr(view, at);
  const own = towards(ip, skb, dst, hop);
  const end = at + headerLength(view, at);
  for (let i = at + HLEN; i < end; ) {
    const kind = view.getUint8(i);
    if (kind === IPOPT_END) break;
    if (kind === IPOPT_NOOP) {
      i++;
      continue;
    }
    if ((flags & IPSKB_FILLED_ADDRESS) !== 0 && kind === IPOPT_RR) {
      // The slot before the pointer: `fill` put another address of ours into it. Linux leaves a timestamp's as it is.
      const pointer = view.getUint8(i + 2);
      if (pointer > 7) view.setUint32(i + pointer - 5, own);
    }
    if ((flags & IPSKB_SOURCE_ROUTED) !== 0 && (kind === IPOPT_LSRR || kind === IPOPT_SSRR)) {
      moveOn(view, at, i, hop, own);
    }
    i += view.getUint8(i + 1);
  }
  sendCheck(view, at);
}

function moveOn(view: DataView, at: number, option: number, hop: number, own: number): void {
  const length = view.getUint8(option + 1);
  for (let pointer = view.getUint8(option + 2); pointer + 3 <= length; pointer += 4) {
    if (view.getUint32(option + pointer - 1) !== hop) continue;
    view.setUint32(at + 16, hop);
    view.setUint32(option + pointer - 1, own);
    view.setUint8(option + 2, pointer + 4);
    return;
  }
}

/** Where the first option of a kind stands; 0 = there is none. For options that were judged. */
export function find(view: DataView, at: number, wanted: number): number {
  const end = at + headerLength(view, at);
  for (let i = at + HLEN; i < end; ) {
    const kind = view.getUint8(i);
    if (kind === wanted) return i;
    if (kind === IPOPT_END) return 0;
    i += kind === IPOPT_NOOP ? 1 : view.getUint8(i + 1);
  }
  return 0;
}

function parameterProblem(ip: Ipv4, now: number, skb: SkBuff, pointer: number): void {
  ip.ports.icmpSend(now, skb, ICMP_PARAMETERPROB, 0, pointer * 0x100_0000);
}

function mark(skb: SkBuff, bits: number): void {
  skb.cb[CB_FLAGS] = (skb.cb[CB_FLAGS] as number) | bits;
}
