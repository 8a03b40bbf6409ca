/**
 * Packets on their way in (Linux `arp_rcv`, `arp_process`): what is answered, and what is learned.
 * @module
 */
import { PACKET_HOST, PACKET_OTHERHOST, type SkBuff } from '@stack/skbuff';
import { ARPHRD_ETHER, ARPOP_REPLY, ARPOP_REQUEST } from '../codes.ts';
import { ETHERNET_IPV4_LENGTH, sha, spa, tha, tpa } from '../ethernet-ipv4.ts';
import { hlen, htype, op, plen, ptype } from '../header.ts';
import { isAccepted, isIgnored } from './addresses.ts';
import type { Arp } from './arp.ts';
import { ARPHRD_IEEE802, ETH_P_IP, NEIGH_UPDATE_F_OVERRIDE, NUD_REACHABLE, NUD_STALE } from './constants.ts';
import type { ArpDevice, ArpNeigh, ArpRoute } from './ports.ts';
import { transmit } from './transmit.ts';

/** Ticks of `locktime`, µs. */
const TICK = 10_000;

/** See {@link Arp.receive}. */
export function receive<D extends ArpDevice>(now: number, arp: Arp<D>, skb: SkBuff, device: D): void {
  arp.probe?.('arp_rcv', skb);
  const { ports } = arp;
  if (device.noarp || skb.pktType === PACKET_OTHERHOST) {
    skb.free(); // not for us, so no drop
    return;
  }
  if (!skb.mayPull(ETHERNET_IPV4_LENGTH)) {
    ports.drop(skb, skb.len < ETHERNET_IPV4_LENGTH ? 'PKT_TOO_SMALL' : 'NOMEM');
    return;
  }
  const { view, data } = skb;
  if (hlen(view, data) !== 6 || plen(view, data) !== 4) {
    ports.drop(skb, 'NOT_SPECIFIED');
    return;
  }
  if (!isUnderstood(view, data) || isBadTarget(arp, device, tpa(view, data))) {
    ports.drop(skb, 'NOT_SPECIFIED');
    return;
  }
  skb.networkHeader = data;
  watch(now, arp, skb, device);
  process(now, arp, skb, device, ports.table.parms(device).values.proxy_delay);
}

/** The rest, for a packet that makes sense. `proxyDelay` 0 = what is answered for others is answered at once. */
export function process<D extends ArpDevice>(
  now: number,
  arp: Arp<D>,
  skb: SkBuff,
  device: D,
  proxyDelay: number,
): void {
  arp.probe?.('arp_process', skb);
  const { view, data } = skb;
  const sip = spa(view, data);
  const tip = tpa(view, data);
  const mac = sha(view, data);
  const isRequest = op(view, data) === ARPOP_REQUEST;
  if (sip === tip && arp.ports.conf(device).drop_gratuitous_arp !== 0) {
    arp.ports.drop(skb, 'NOT_SPECIFIED');
    return;
  }
  // RFC 5227 §2.1.1: a probe asks who has the address, and fills no cache.
  if (sip === 0) {
    if (isRequest) answerProbe(now, arp, device, mac, tip);
  } else if (isRequest) {
    if (request(now, arp, skb, device, mac, sip, tip, proxyDelay)) return;
  } else learn(now, arp, skb, device, mac, sip, tip);
  skb.free();
}

function isUnderstood(view: DataView, at: number): boolean {
  const hardware = htype(view, at);
  const operation = op(view, at);
  return (
    (hardware === ARPHRD_ETHER || hardware === ARPHRD_IEEE802) &&
    ptype(view, at) === ETH_P_IP &&
    (operation === ARPOP_REQUEST || operation === ARPOP_REPLY)
  );
}

/** Groups have no owner, and 127.0.0.0/8 is nobody else's business. */
function isBadTarget<D extends ArpDevice>(arp: Arp<D>, device: D, tip: number): boolean {
  if (tip >>> 28 === 0xe) return true;
  return tip >>> 24 === 127 && arp.ports.conf(device).route_localnet === 0;
}

/** RFC 5227: does it contradict what we use, or want to use? */
function watch<D extends ArpDevice>(now: number, arp: Arp<D>, skb: SkBuff, device: D): void {
  const { view, data } = skb;
  const mac = sha(view, data);
  const sip = spa(view, data);
  const probed = sip === 0 && op(view, data) === ARPOP_REQUEST ? tpa(view, data) : 0;
  arp.claims.heard(now, device, mac, sip, probed);
  arp.guards.heard(now, device, mac, sip);
}

function answerProbe<D extends ArpDevice>(
  now: number,
  arp: Arp<D>,
  device: D,
  mac: number,
  tip: number,
): void {
  if (arp.ports.addressType(tip) !== 'local' || isIgnored(arp, device, 0, tip)) return;
  transmit(now, arp, device, mac, ARPOP_REPLY, tip, mac, 0);
}

/** A request from an address. True = `skb` was kept to be answered later. */
function request<D extends ArpDevice>(
  now: number,
  arp: Arp<D>,
  skb: SkBuff,
  device: D,
  mac: number,
  sip: number,
  tip: number,
  proxyDelay: number,
): boolean {
  const { ports } = arp;
  const route = ports.routeInput(now, tip, sip, device);
  if (route?.type === 'local') {
    if (isIgnored(arp, device, sip, tip) || isFiltered(now, arp, device, sip, tip)) return false;
    // RFC 826: who asks will be answered, and most likely talked to, so it is remembered.
    const entry = ports.table.eventNs(now, device, sip, mac);
    if (entry !== undefined) transmit(now, arp, device, mac, ARPOP_REPLY, tip, mac, sip);
    return false;
  }
  if (route === undefined || !isProxied(arp, device, route, tip)) {
    learn(now, arp, skb, device, mac, sip, tip);
    return false;
  }
  ports.table.eventNs(now, device, sip, mac);
  if (skb.pktType === PACKET_HOST || proxyDelay === 0) {
    transmit(now, arp, device, mac, ARPOP_REPLY, tip, mac, sip);
    return false;
  }
  // Whoever has the address shall be faster.
  ports.table.proxyEnqueue(now, skb, device);
  return true;
}

/** `arp_filter`: would packets to the asker leave over another device? */
function isFiltered<D extends ArpDevice>(
  now: number,
  arp: Arp<D>,
  device: D,
  sip: number,
  tip: number,
): boolean {
  if (arp.ports.conf(device).arp_filter === 0) return false;
  const back = arp.ports.routeOutput(now, sip, tip);
  if (back === undefined) return true;
  if (back.ifindex === device.ifindex) return false;
  arp.mib.TcpExt.ArpFilter++;
  return true;
}

/** Whether we stand in for an address that is reached over another device. */
function isProxied<D extends ArpDevice>(arp: Arp<D>, device: D, route: ArpRoute<D>, tip: number): boolean {
  const conf = arp.ports.conf(device);
  if (conf.forwarding === 0 || route.type !== 'unicast') return false;
  if (route.device.ifindex === device.ifindex) return false;
  return conf.proxy_arp !== 0 || arp.ports.table.proxied(device, tip);
}

/** Updates what is known; makes an entry only for announcements that `arp_accept` lets in. */
function learn<D extends ArpDevice>(
  now: number,
  arp: Arp<D>,
  skb: SkBuff,
  device: D,
  mac: number,
  sip: number,
  tip: number,
): void {
  const { table } = arp.ports;
  const { view, data } = skb;
  const isReply = op(view, data) === ARPOP_REPLY;
  let entry: ArpNeigh<D> | undefined = table.lookup(device, sip);
  const isWelcome = isAccepted(arp, device, sip);
  if (entry === undefined && !isWelcome) return;
  const isAnnouncement =
    sip === tip && (!isReply || tha(view, data) === mac) && arp.ports.addressType(sip) === 'unicast';
  if (entry === undefined) {
    if (!isAnnouncement && !(isReply && arp.ports.addressType(sip) === 'unicast')) return;
    const made = table.ensure(now, device, sip);
    if (typeof made === 'string') return;
    entry = made;
  }
  // Of several answers in a row the first one counts, unless an owner announces itself.
  const isOpen = now > entry.updated + entry.parms.values.locktime * TICK;
  const flags = isOpen || isAnnouncement ? NEIGH_UPDATE_F_OVERRIDE : 0;
  // Only an answer to us proves that we are heard.
  const state = isReply && skb.pktType === PACKET_HOST ? NUD_REACHABLE : NUD_STALE;
  table.update(now, entry, mac, state, flags);
}
