/**
 * Whether a segment is acceptable: RFC 9293 §3.10.7.4 first to fourth, RFC 7323 §5, RFC 5961 (Linux `tcp_validate_incoming`).
 * @module
 */
import { ACK, FIN, RST, SYN } from '../flags.ts';
import { challengeAck, oowRateLimited, sendDupAck } from './challenge.ts';
import { resetReceived } from './close.ts';
import { PAWS_OK, PAWS_OLD_ACK, pawsDiscard } from './paws.ts';
import { highestSacked } from './sack.ts';
import type { Segment } from './segment.ts';
import { CLOSE_WAIT, CLOSING, LAST_ACK, SYN_RECV } from './state.ts';
import type { TcpSock } from './tcb.ts';
import { receiveWindow } from './window.ts';

/**
 * Judges a segment whose timestamps were read and answers one that is not acceptable. The reason to drop it, or nothing. A RST that
 * counts has closed the socket.
 */
export function validateIncoming(now: number, sk: TcpSock, seg: Segment): string | undefined {
  const { tcp } = sk;
  const { TcpExt } = tcp.mib;
  const { flags } = seg;
  const rst = (flags & RST) !== 0;
  if (sk.sawTstamp) {
    const verdict = pawsDiscard(now, sk, seg);
    // A RST counts although its timestamp is old: the peer may have none any more (RFC 7323 §5.2).
    if (verdict !== PAWS_OK && !rst) {
      if ((flags & SYN) !== 0) return synChallenge(now, sk);
      if (verdict === PAWS_OLD_ACK) {
        TcpExt.PAWSOldAck++;
        return 'TCP_RFC7323_PAWS_ACK';
      }
      TcpExt.PAWSEstab++;
      if (!oowRateLimited(now, tcp, seg, sk, 'TCPACKSkippedPAWS')) sendDupAck(now, sk, seg);
      return 'TCP_RFC7323_PAWS';
    }
  }
  const outside = checkSequence(sk, seg);
  if (outside !== undefined) {
    // MUST-66: an unacceptable segment is answered with an ACK, unless it is a RST.
    if (!rst) {
      if ((flags & SYN) !== 0) return synChallenge(now, sk);
      if (outside !== 'TCP_OLD_SEQUENCE') TcpExt.BeyondWindow++;
      if (!oowRateLimited(now, tcp, seg, sk, 'TCPACKSkippedSeq')) sendDupAck(now, sk, seg);
    } else if (resetBeforeFin(sk, seg)) {
      resetReceived(now, sk);
      return 'TCP_RESET';
    }
    return outside;
  }
  if (rst) {
    // RFC 5961 §3.2: only the very next number; anything else in the window may be a guess. Linux: or the end of what came, gaps aside.
    const isNext = seg.seq === sk.rcvNxt || seg.seq === highestSacked(sk);
    if (isNext || resetBeforeFin(sk, seg)) resetReceived(now, sk);
    else challengeAck(now, sk);
    return 'TCP_RESET';
  }
  if ((flags & SYN) !== 0 && !isCrossedSynack(sk, seg)) return synChallenge(now, sk);
  return undefined;
}

/** RFC 5961 §4.2: a SYN in a synchronized state gets a challenge ACK, never a reset. */
function synChallenge(now: number, sk: TcpSock): string {
  sk.tcp.mib.TcpExt.TCPSYNChallenge++;
  sk.tcp.mib.Tcp.InErrs++;
  challengeAck(now, sk);
  return 'TCP_INVALID_SYN';
}

/** RFC 9293 §3.4's four cases; what only overlaps the window is taken, unless the peer sent more than it may. */
function checkSequence(sk: TcpSock, seg: Segment): string | undefined {
  if (((seg.endSeq - sk.rcvWup) | 0) < 0) return 'TCP_OLD_SEQUENCE';
  const limit = (sk.rcvNxt + receiveWindow(sk)) | 0;
  if (((seg.endSeq - limit) | 0) <= 0) return undefined;
  // A FIN may stick out: some peers reckon so.
  const fin = (seg.flags & FIN) !== 0 ? 1 : 0;
  if (((seg.endSeq - fin - limit) | 0) <= 0) return undefined;
  if (((seg.seq - limit) | 0) > 0) return 'TCP_INVALID_SEQUENCE';
  return sk.receiveQueue.first === undefined ? undefined : 'TCP_INVALID_END_SEQUENCE';
}

/** A RST numbered by a peer that does not count the FIN it sent. */
function resetBeforeFin(sk: TcpSock, seg: Segment): boolean {
  if (seg.seq !== ((sk.rcvNxt - 1) | 0)) return false;
  return sk.state === CLOSE_WAIT || sk.state === LAST_ACK || sk.state === CLOSING;
}

/** The SYN-ACK of a peer whose SYN crossed ours: its SYN is known already. */
function isCrossedSynack(sk: TcpSock, seg: Segment): boolean {
  return (
    sk.state === SYN_RECV &&
    sk.listener === undefined &&
    (seg.flags & ACK) !== 0 &&
    ((seg.seq + 1) | 0) === seg.endSeq &&
    seg.endSeq === sk.rcvNxt &&
    seg.ackSeq === sk.sndNxt
  );
}
