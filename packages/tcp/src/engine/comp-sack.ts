/**
 * Fewer ACKs behind a gap: past the three that start the peer's recovery, those that only add to a SACK block are gathered, for a twentieth of
 * the round trip or `tcp_comp_sack_delay_ns` (Linux's compressed ACKs).
 * @module
 */
import type { Timer } from './ports.ts';
import type { TcpSock } from './tcb.ts';
import { sendAck } from './transmit.ts';

/** Duplicate ACKs that each go at once (RFC 5681 §3.2). */
const TCP_FASTRETRANS_THRESH = 3;
/** The smoothed round trips are µs times eight, and it is a twentieth of that. */
const RTT_SHARE = 8 * 20;
const US = 1000;

/** What a socket remembers of it; made at the first gap. */
export class CompressedAcks {
  /** ACKs that were not sent. */
  count = 0;
  /** Duplicate ACKs of {@link rcvNxt} that were. */
  dupAcks = 0;
  rcvNxt: number;
  readonly timer: Timer;

  constructor(sk: TcpSock) {
    this.rcvNxt = sk.rcvNxt;
    this.timer = sk.tcp.timers.timer(flushCompressed, sk);
  }
}

/** A segment came behind a gap: whether its ACK waits for others. */
export function compressAck(now: number, sk: TcpSock): boolean {
  const { sysctl } = sk.tcp;
  if (!sk.sackOk) return false;
  sk.compressedAcks ??= new CompressedAcks(sk);
  const acks = sk.compressedAcks;
  if (acks.count >= sysctl.tcp_comp_sack_nr) return false;
  if (acks.rcvNxt !== sk.rcvNxt) {
    acks.rcvNxt = sk.rcvNxt;
    acks.dupAcks = 0;
  }
  if (acks.dupAcks < TCP_FASTRETRANS_THRESH) {
    acks.dupAcks++;
    return false;
  }
  acks.count++;
  if (!acks.timer.pending) acks.timer.mod(now + delay(sk));
  return true;
}

/** µs. Nothing else wakes this host: the timer uses all of its slack. */
function delay(sk: TcpSock): number {
  const { tcp_comp_sack_delay_ns, tcp_comp_sack_slack_ns } = sk.tcp.sysctl;
  const rtt = sk.srtt !== 0 && sk.srtt < sk.rcvRtt ? sk.srtt : sk.rcvRtt;
  const share = Math.floor(rtt / RTT_SHARE);
  return Math.min(Math.floor(tcp_comp_sack_delay_ns / US), share) + Math.floor(tcp_comp_sack_slack_ns / US);
}

/** An ACK went out, for one reason or another. */
export function compressedAckSent(sk: TcpSock, acks: CompressedAcks): void {
  if (acks.count === 0) return;
  sk.tcp.mib.TcpExt.TCPAckCompressed += acks.count;
  acks.count = 0;
  acks.timer.del();
}

/** More blocks than an ACK is sure to tell: what was gathered goes now. The ACK that does it is not one less. */
export function flushCompressed(now: number, sk: TcpSock): void {
  const acks = sk.compressedAcks;
  if (acks === undefined || acks.count === 0) return;
  acks.timer.del();
  acks.count--;
  sendAck(now, sk);
}
