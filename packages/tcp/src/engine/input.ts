/**
 * A segment arrives: is it sound, whose is it (Linux `tcp_v4_rcv`).
 * @module
 */
import { CHECKSUM_PARTIAL, CHECKSUM_UNNECESSARY, PACKET_HOST, type SkBuff } from '@stack/skbuff';
import { verify } from '../checksum.ts';
import { HLEN, headerLength } from '../fields.ts';
import { ACK, FIN, RST, SYN } from '../flags.ts';
import { wakeListener } from './accept-queue.ts';
import type { Auth } from './auth.ts';
import { rcvEstablished } from './established.ts';
import { inboundAuth } from './inbound-auth.ts';
import { connRequest, dropRequest } from './minisocks.ts';
import type { Family } from './ports.ts';
import { rcvStateProcess } from './process.ts';
import { replyAck, replyReset } from './reply.ts';
import type { RequestSock } from './request.ts';
import { REQ_DONE, REQ_LISTENER, requestSegment } from './request-segment.ts';
import { ESTABLISHED, LISTEN, NEW_SYN_RECV, SYN_RECV, TIME_WAIT } from './state.ts';
import { cookieSegment } from './syn-cookie-ack.ts';
import { IPPROTO_TCP, type TcpSock } from './tcb.ts';
import type { Tcp } from './tcp.ts';
import { kill, type TimewaitSock, TW_PAWS, TW_SYN, timewaitSegment } from './timewait.ts';

/** See {@link Tcp.receive}. */
export function receiveSegment(now: number, tcp: Tcp, skb: SkBuff, family: Family<unknown>): void {
  if (tcp.probe !== undefined) tcp.probe('tcp_v4_rcv', skb);
  if (skb.pktType !== PACKET_HOST) {
    tcp.drop(skb, 'OTHERHOST');
    return;
  }
  const { Tcp: counters } = tcp.mib;
  counters.InSegs++;
  if (!skb.mayPull(HLEN)) {
    tcp.drop(skb, 'PKT_TOO_SMALL');
    return;
  }
  const length = headerLength(skb.view, skb.data);
  if (length < HLEN) {
    counters.InErrs++;
    tcp.drop(skb, 'PKT_TOO_SMALL');
    return;
  }
  if (!skb.mayPull(length)) {
    tcp.drop(skb, 'PKT_TOO_SMALL');
    return;
  }
  const saddr = family.saddr(skb);
  const daddr = family.daddr(skb);
  const { ipSummed } = skb;
  if (ipSummed !== CHECKSUM_UNNECESSARY && ipSummed !== CHECKSUM_PARTIAL) {
    // MUST-3.
    if (!verify(skb, family.pseudo(saddr, daddr, IPPROTO_TCP, skb.len))) {
      counters.InCsumErrors++;
      counters.InErrs++;
      tcp.drop(skb, 'TCP_CSUM');
      return;
    }
  }
  skb.transportHeader = skb.data;
  const { seg } = tcp;
  seg.read(skb);
  const entry = tcp.tables.lookup(family, daddr, seg.dest, saddr, seg.source, skb.ifindex);
  if (entry !== undefined) {
    if (entry.inet.minttl > skb.ttl) {
      tcp.mib.TcpExt.TCPMinTTLDrop++;
      tcp.drop(skb, 'TCP_MINTTL');
      return;
    }
    if (tcp.auth !== undefined && entry.state !== TIME_WAIT && !isAuthentic(tcp, entry, skb)) return;
    if (entry.state === TIME_WAIT) timewait(now, tcp, entry as TimewaitSock, skb, family);
    else if (entry.state === NEW_SYN_RECV) request(now, tcp, entry as RequestSock, skb);
    else deliver(now, entry as TcpSock, skb);
    return;
  }
  toListener(now, tcp, skb, family, 0);
}

/** Whether a segment for a request or a socket is signed as it must be. Else it is dropped. */
function isAuthentic(tcp: Tcp, entry: { readonly state: number }, skb: SkBuff): boolean {
  const req = entry.state === NEW_SYN_RECV ? (entry as RequestSock) : undefined;
  const sk = req === undefined ? (entry as TcpSock) : req.listener;
  const reason = inboundAuth(tcp.auth as Auth, sk, req, skb, tcp.seg);
  if (reason === undefined) return true;
  sk.drops++;
  tcp.drop(skb, reason);
  return false;
}

/** A segment for a socket that has a connection. */
function deliver(now: number, sk: TcpSock, skb: SkBuff): void {
  const { tcp } = sk;
  sk.segsIn += Math.max(skb.gsoSegs, 1);
  if (tcp.seg.len > 0) sk.dataSegsIn += Math.max(skb.gsoSegs, 1);
  if (sk.state === ESTABLISHED) rcvEstablished(now, sk, skb, tcp.seg);
  else rcvStateProcess(now, sk, skb, tcp.seg);
}

/** Nobody has the connection: a listener may want it. */
function toListener(now: number, tcp: Tcp, skb: SkBuff, family: Family<unknown>, isn: number): void {
  const { seg } = tcp;
  const daddr = family.daddr(skb);
  const choice = (seg.source << 16) ^ family.hash(family.saddr(skb));
  const sk = tcp.tables.listener(family, daddr, seg.dest, skb.ifindex, choice);
  if (sk === undefined) {
    // RFC 9293 §3.10.7.1: CLOSED answers everything but a RST with a RST.
    replyReset(now, tcp, family, skb, seg, undefined);
    tcp.drop(skb, 'NO_SOCKET');
    return;
  }
  if (sk.inet.minttl > skb.ttl) {
    tcp.mib.TcpExt.TCPMinTTLDrop++;
    tcp.drop(skb, 'TCP_MINTTL');
    return;
  }
  if (tcp.auth === undefined || isAuthentic(tcp, sk, skb)) listenSegment(now, sk, skb, isn);
}

/** RFC 9293 §3.10.7.2: first RST, second ACK, third SYN. */
function listenSegment(now: number, sk: TcpSock, skb: SkBuff, isn: number): void {
  const { tcp } = sk;
  const { seg } = tcp;
  if ((seg.flags & ACK) !== 0) {
    const child = (seg.flags & (RST | SYN)) === 0 ? cookieSegment(now, sk, skb, seg) : undefined;
    if (typeof child === 'object') {
      childSegment(now, sk, child, skb);
      return;
    }
    if (child !== undefined) {
      tcp.drop(skb, child);
      return;
    }
    replyReset(now, tcp, sk.family, skb, seg, sk);
    tcp.drop(skb, 'TCP_FLAGS');
    return;
  }
  if ((seg.flags & RST) !== 0) {
    tcp.drop(skb, 'TCP_RESET');
    return;
  }
  if ((seg.flags & SYN) === 0 || (seg.flags & FIN) !== 0) {
    tcp.drop(skb, 'TCP_FLAGS');
    return;
  }
  const reason = connRequest(now, sk, skb, seg, isn);
  if (reason === undefined) skb.free();
  else tcp.drop(skb, reason);
}

function timewait(now: number, tcp: Tcp, tw: TimewaitSock, skb: SkBuff, family: Family<unknown>): void {
  const { seg } = tcp;
  const verdict = timewaitSegment(now, tw, skb, seg);
  if (verdict === TW_SYN) {
    const isn = tcp.timewaitIsn;
    const choice = (seg.source << 16) ^ family.hash(family.saddr(skb));
    const sk = tcp.tables.listener(family, family.daddr(skb), seg.dest, skb.ifindex, choice);
    if (sk !== undefined) {
      if (tcp.auth !== undefined && !isAuthentic(tcp, sk, skb)) return;
      kill(tw);
      listenSegment(now, sk, skb, isn);
      return;
    }
    // Nobody listens: it stays an old connection, that tells what it expects.
    replyAck(now, tw);
  }
  tcp.drop(skb, verdict === TW_PAWS ? 'TCP_RFC7323_TW_PAWS' : 'TCP_TIMEWAIT');
}

function request(now: number, tcp: Tcp, req: RequestSock, skb: SkBuff): void {
  const sk = req.listener;
  if (sk.state !== LISTEN) {
    dropRequest(req);
    toListener(now, tcp, skb, req.family, 0);
    return;
  }
  const { seg } = tcp;
  const child = requestSegment(now, req, skb, seg);
  if (child === REQ_DONE) {
    tcp.drop(skb, 'NOT_SPECIFIED');
    return;
  }
  if (child === REQ_LISTENER) {
    listenSegment(now, sk, skb, 0);
    return;
  }
  childSegment(now, sk, child, skb);
}

/** The segment that completed the handshake, for the socket that it made. */
function childSegment(now: number, sk: TcpSock, child: TcpSock, skb: SkBuff): void {
  const { seg } = sk.tcp;
  child.segsIn = 1 + Math.max(skb.gsoSegs, 1); // the SYN too
  if (seg.len > 0) child.dataSegsIn = Math.max(skb.gsoSegs, 1);
  rcvStateProcess(now, child, skb, seg);
  // It makes the listener readable, whatever became of the child since.
  if (child.state !== SYN_RECV) wakeListener(sk);
}
