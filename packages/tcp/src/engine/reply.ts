/**
 * Segments that no socket sends: RST for what nobody owns, ACKs of TIME-WAIT and of requests, SYN-ACKs.
 * @module
 */
import { CHECKSUM_PARTIAL, type SkBuff } from '@stack/skbuff';
import { HLEN } from '../fields.ts';
import { ACK, ECE, RST, SYN } from '../flags.ts';
import {
  accecnOptionLength,
  TCPOLEN_TSTAMP_ALIGNED,
  writeHeader,
  writeMss,
  writeTimestamps,
} from '../write.ts';
import { synFeedback } from './accecn.ts';
import { synackFields, writeSynackOption } from './accecn-option.ts';
import type { Auth } from './auth.ts';
import type { Dst, Family, Inet, PacketSource } from './ports.ts';
import type { RequestSock } from './request.ts';
import type { Segment } from './segment.ts';
import { sign, signatureOf, signatureOfReset, UNSIGNABLE } from './sign.ts';
import {
  cookieThatFits,
  synHeaderLength,
  writeSackAndTimestamps,
  writeWscaleAndCookie,
} from './syn-options.ts';
import { IPPROTO_TCP } from './tcb.ts';
import type { Tcp } from './tcp.ts';
import type { TimewaitSock } from './timewait.ts';
import { tsClock } from './transmit.ts';

/** Who answers where no socket does; one per family, its addresses set for each answer (Linux `ctl_sk`). */
export class Control implements PacketSource<unknown> {
  saddr: unknown;
  daddr: unknown;
  inet: Inet;
  mark = 0;
  priority = 0;
  readonly protocol: number = IPPROTO_TCP;

  constructor(family: Family<unknown>) {
    this.saddr = family.any;
    this.daddr = family.any;
    this.inet = family.inet();
  }
}

/** Whoever has a connection's key: its options go for the answer. */
interface Owner {
  readonly inet: Inet;
  readonly mark: number;
  readonly priority: number;
  readonly boundDevIf: number;
  readonly state: number;
}

/** The route from `saddr` to `daddr`, or none. */
function routeTo(
  now: number,
  tcp: Tcp,
  family: Family<unknown>,
  saddr: unknown,
  daddr: unknown,
  sport: number,
  dport: number,
  owner: Owner | undefined,
): Dst | undefined {
  const { flow } = tcp;
  flow.saddr = saddr;
  flow.daddr = daddr;
  flow.sport = sport;
  flow.dport = dport;
  flow.oif = owner === undefined ? 0 : owner.boundDevIf;
  flow.tos = owner === undefined ? 0 : owner.inet.tos;
  flow.mark = owner === undefined ? 0 : owner.mark;
  flow.dontroute = false;
  const dst = family.route(now, flow, owner?.inet);
  return typeof dst === 'string' ? undefined : dst;
}

/** Puts a header in front of nothing, and seeds its checksum. */
function pushBare(
  family: Family<unknown>,
  tx: SkBuff,
  saddr: unknown,
  daddr: unknown,
  length: number,
): number {
  const at = tx.push(length);
  tx.transportHeader = at;
  tx.ipSummed = CHECKSUM_PARTIAL;
  tx.csumStart = at;
  tx.csumOffset = 16;
  return family.pseudo(saddr, daddr, IPPROTO_TCP, tx.len);
}

/**
 * Refuses a received segment (RFC 9293 §3.10.7.1): never a RST, nor one that came to more than one host (MUST-57). `owner` is a socket
 * or TIME-WAIT that it was for. The packet stays the caller's, its header in front.
 */
export function replyReset(
  now: number,
  tcp: Tcp,
  family: Family<unknown>,
  skb: SkBuff,
  seg: Segment,
  owner: Owner | undefined,
): void {
  if ((seg.flags & RST) !== 0) return;
  const saddr = family.daddr(skb);
  const daddr = family.saddr(skb);
  if (family.isMulticast(saddr) || family.isBroadcast(saddr)) return;
  if (family.isMulticast(daddr) || family.isBroadcast(daddr)) return;
  const dst = routeTo(now, tcp, family, saddr, daddr, seg.dest, seg.source, owner);
  if (dst === undefined) return;
  const { auth } = tcp;
  const seq = (seg.flags & ACK) !== 0 ? seg.ackSeq : 0;
  const signature = auth === undefined ? 0 : signatureOfReset(tcp, auth, family, skb, seg, owner, seq);
  if (signature === UNSIGNABLE) return;
  const length = HLEN + signature;
  const tx = tcp.pool.alloc(0, dst.headroom + length);
  if (tx === undefined) return;
  const sum = pushBare(family, tx, saddr, daddr, length);
  if ((seg.flags & ACK) !== 0) {
    writeHeader(tx.view, tx.data, seg.dest, seg.source, seq, 0, length, RST, 0, sum, 0);
  } else {
    // Its own length counts, SYN and FIN too.
    writeHeader(tx.view, tx.data, seg.dest, seg.source, seq, seg.endSeq, length, RST | ACK, 0, sum, 0);
  }
  if (signature !== 0) sign(auth as Auth, family, tx, HLEN, saddr, daddr);
  tcp.mib.Tcp.OutSegs++;
  tcp.mib.Tcp.OutRsts++;
  const from = controlOf(tcp, family);
  from.saddr = saddr;
  from.daddr = daddr;
  from.mark = owner === undefined ? 0 : owner.mark;
  from.priority = owner === undefined ? 0 : owner.priority;
  family.output(now, tx, dst, from);
}

function controlOf(tcp: Tcp, family: Family<unknown>): Control {
  let control = tcp.controls.get(family);
  if (control === undefined) {
    control = new Control(family);
    tcp.controls.set(family, control);
  }
  return control;
}

/** The ACK that TIME-WAIT, and FIN-WAIT-2 without a socket, answer with. */
export function replyAck(now: number, tw: TimewaitSock): void {
  const window = tw.rcvWnd >>> tw.rcvWscale;
  bareAck(now, tw.tcp, tw, tw.sndNxt, tw.rcvNxt, window, tw.tstampOk, tw.tsoffset, tw.tsRecent);
}

/** The ACK that a request answers an unacceptable segment with. */
export function replyRequestAck(now: number, req: RequestSock): void {
  const { tcp } = req.listener;
  const window = req.synackWindow >>> req.rcvWscale;
  bareAck(now, tcp, req, (req.sntIsn + 1) | 0, req.rcvNxt, window, req.tstampOk, req.tsoffset, req.tsRecent);
}

function bareAck(
  now: number,
  tcp: Tcp,
  from: TimewaitSock | RequestSock,
  seq: number,
  ack: number,
  window: number,
  tstampOk: boolean,
  tsoffset: number,
  tsRecent: number,
): void {
  const { family } = from;
  const { auth } = tcp;
  let { dst } = from;
  if (dst === undefined || dst.obsolete()) {
    dst = routeTo(now, tcp, family, from.saddr, from.daddr, from.sport, from.dport, from);
    if (dst === undefined) return;
    from.dst = dst;
  }
  const signature = signatureOf(auth, from, seq);
  if (signature === UNSIGNABLE) return;
  const offset = tstampOk ? HLEN + TCPOLEN_TSTAMP_ALIGNED : HLEN;
  const length = offset + signature;
  const tx = tcp.pool.alloc(0, dst.headroom + length);
  if (tx === undefined) return;
  const sum = pushBare(family, tx, from.saddr, from.daddr, length);
  writeHeader(tx.view, tx.data, from.sport, from.dport, seq, ack, length, ACK, window, sum, 0);
  if (tstampOk) writeTimestamps(tx.view, tx.data + HLEN, (tsClock(now) + tsoffset) | 0, tsRecent);
  if (signature !== 0) sign(auth as Auth, family, tx, offset, from.saddr, from.daddr);
  tcp.mib.Tcp.OutSegs++;
  family.output(now, tx, dst, from);
}

/** Refuses the SYN of a request that the application looked at. */
export function replyRequestReset(now: number, req: RequestSock): void {
  const { family, listener } = req;
  const { tcp } = listener;
  const { auth } = tcp;
  const dst = req.dst ?? routeTo(now, tcp, family, req.saddr, req.daddr, req.sport, req.dport, req);
  const signature = signatureOf(auth, req, 0);
  const length = HLEN + signature;
  const tx = dst === undefined || signature < 0 ? undefined : tcp.pool.alloc(0, dst.headroom + length);
  if (dst === undefined || tx === undefined) return;
  const sum = pushBare(family, tx, req.saddr, req.daddr, length);
  writeHeader(tx.view, tx.data, req.sport, req.dport, 0, req.rcvNxt, length, RST | ACK, 0, sum, 0);
  if (signature !== 0) sign(auth as Auth, family, tx, HLEN, req.saddr, req.daddr);
  tcp.mib.Tcp.OutSegs++;
  tcp.mib.Tcp.OutRsts++;
  family.output(now, tx, dst, req);
}

/** Sends the SYN-ACK of a request; `clock`, that of a cookie, goes for its timestamp. False where that was not possible. */
export function sendSynack(now: number, req: RequestSock, clock?: number): boolean {
  const { family, listener } = req;
  const { tcp } = listener;
  const { auth } = tcp;
  let { dst } = req;
  if (dst === undefined || dst.obsolete()) {
    dst = routeTo(now, tcp, family, req.saddr, req.daddr, req.sport, req.dport, req);
    if (dst === undefined) return false;
    req.dst = dst;
  }
  const signature = signatureOf(auth, req, req.sntIsn);
  if (signature === UNSIGNABLE) return false;
  const bare = synHeaderLength(req.tstampOk, req.wscaleOk, req.sackOk, undefined) + signature;
  const cookie = cookieThatFits(req.cookie, bare);
  const others = synHeaderLength(req.tstampOk, req.wscaleOk, req.sackOk, cookie) + signature;
  const fields =
    req.accecn >= 0 && req.accecnOption ? synackFields(tcp.sysctl.tcp_ecn_option, others - HLEN) : 0;
  const length = fields === 0 ? others : others + accecnOptionLength(fields);
  const tx = tcp.pool.alloc(0, dst.headroom + length);
  if (tx === undefined) return false;
  if (tcp.probe !== undefined) tcp.probe('tcp_make_synack', tx);
  const sum = pushBare(family, tx, req.saddr, req.daddr, length);
  const at = tx.data;
  const window = req.synackWindow;
  const flags = SYN | ACK | (req.accecn >= 0 ? synFeedback(req.accecn) : req.ecnOk ? ECE : 0);
  writeHeader(tx.view, at, req.sport, req.dport, req.sntIsn, req.rcvNxt, length, flags, window, sum, 0);
  const advmss = listener.userMss !== 0 && listener.userMss < dst.advmss ? listener.userMss : dst.advmss;
  const tsval = ((clock ?? tsClock(now)) + req.tsoffset) | 0;
  const behindMss = writeMss(tx.view, at + HLEN + signature, advmss);
  // The option of Accurate ECN stands behind timestamps, and in front of SACK-permitted where there are none.
  let next = behindMss;
  if (fields > 0 && !req.tstampOk) next = writeSynackOption(tx.view, next, fields);
  next = writeSackAndTimestamps(tx.view, next, req.sackOk, req.tstampOk, tsval, req.tsRecent);
  if (fields > 0 && req.tstampOk) next = writeSynackOption(tx.view, next, fields);
  writeWscaleAndCookie(tx.view, next, req.wscaleOk, req.rcvWscale, cookie);
  if (signature !== 0) sign(auth as Auth, family, tx, HLEN, req.saddr, req.daddr);
  tcp.mib.Tcp.OutSegs++;
  const result = family.output(now, tx, dst, req);
  return typeof result === 'number';
}
