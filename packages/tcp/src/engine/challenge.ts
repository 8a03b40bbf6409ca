/**
 * ACKs that answer what should not have come: RFC 5961's challenges and the duplicate ACKs of RFC 9293 §3.10.7.4, both limited so that
 * two hosts cannot keep each other busy.
 * @module
 */
import { enterQuickAck, TCP_MAX_QUICKACKS } from './ack.ts';
import type { TcpExtCounters } from './mib.ts';
import { dsackSet } from './sack.ts';
import type { Segment } from './segment.ts';
import type { TcpSock } from './tcb.ts';
import type { Tcp } from './tcp.ts';
import { sendAck } from './transmit.ts';

const NO_LIMIT = 0x7fff_ffff;

/** Whoever answers: a socket, a request, TIME-WAIT. */
interface Answerer {
  lastOowAckTime: number;
}

/** Whether an ACK for an invalid segment was sent too recently (`tcp_invalid_ratelimit`). If not, this one is noted. */
function rateLimited(now: number, tcp: Tcp, who: Answerer, counter: keyof TcpExtCounters): boolean {
  if (who.lastOowAckTime !== 0 && now - who.lastOowAckTime < tcp.sysctl.tcp_invalid_ratelimit * 1000) {
    tcp.mib.TcpExt[counter]++;
    return true;
  }
  who.lastOowAckTime = now === 0 ? 1 : now;
  return false;
}

/** {@link rateLimited}, but data is always answered: it is no part of a loop of ACKs. */
export function oowRateLimited(
  now: number,
  tcp: Tcp,
  seg: Segment,
  who: Answerer,
  counter: keyof TcpExtCounters,
): boolean {
  if (seg.seq !== seg.endSeq && (seg.flags & 2) === 0) return false;
  return rateLimited(now, tcp, who, counter);
}

/** RFC 5961 §7: a challenge ACK, within the socket's and the host's limit. */
export function challengeAck(now: number, sk: TcpSock): void {
  const { tcp } = sk;
  if (rateLimited(now, tcp, sk, 'TCPACKSkippedChallenge')) return;
  const limit = tcp.sysctl.tcp_challenge_ack_limit;
  if (limit !== NO_LIMIT && !takeChallenge(now, tcp, limit)) return;
  tcp.mib.TcpExt.TCPChallengeACK++;
  sendAck(now, sk);
}

/** One of this second's; how many there are is random, so that a stranger learns nothing from their running out. */
function takeChallenge(now: number, tcp: Tcp, limit: number): boolean {
  const second = Math.floor(now / 1_000_000);
  if (second !== tcp.challengeSecond) {
    const half = (limit + 1) >> 1;
    tcp.challengeSecond = second;
    tcp.challengesLeft = half + (tcp.random() % Math.max(limit, 1));
  }
  if (tcp.challengesLeft <= 0) return false;
  tcp.challengesLeft--;
  return true;
}

/** Answers a segment that is not acceptable: here is what I expect. */
export function sendDupAck(now: number, sk: TcpSock, seg: Segment): void {
  if (seg.endSeq !== seg.seq && ((seg.seq - sk.rcvNxt) | 0) < 0) {
    sk.tcp.mib.TcpExt.DelayedACKLost++;
    enterQuickAck(sk, TCP_MAX_QUICKACKS);
    dsackSet(sk, seg.seq, ((seg.endSeq - sk.rcvNxt) | 0) > 0 ? sk.rcvNxt : seg.endSeq);
  }
  sendAck(now, sk);
}
