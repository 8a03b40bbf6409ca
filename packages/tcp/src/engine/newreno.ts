/**
 * Without SACK: duplicate ACKs count as delivered segments, so that what is in flight shrinks with them: RFC 5681 §3.2, RFC 6582.
 * @module
 */
import { LOST, pcountOf, sackedOf } from './cb.ts';
import { countDelivered } from './cwnd.ts';
import { markLost } from './retransmit.ts';
import { fragment, seglenOf } from './send-queue.ts';
import type { TcpSock } from './tcb.ts';
import { CA_RECOVERY } from './tcb-values.ts';

/** Duplicate ACKs: as many more segments arrived, whichever. */
export function addRenoSack(sk: TcpSock, dupacks: number): void {
  if (dupacks === 0) return;
  const before = sk.sackedOut;
  sk.sackedOut += dupacks;
  checkRenoReordering(sk, 0);
  if (sk.sackedOut > before) countDelivered(sk, sk.sackedOut - before);
}

/** `acked` segments were acknowledged: one was the hole, the others had been counted as duplicate ACKs. */
export function removeRenoSacks(sk: TcpSock, acked: number): void {
  if (acked > 0) {
    countDelivered(sk, Math.max(acked - sk.sackedOut, 1));
    sk.sackedOut = Math.max(sk.sackedOut - (acked - 1), 0);
  }
  checkRenoReordering(sk, acked);
}

/** More duplicate ACKs than segments can have arrived: they were reordered, or duplicated. */
function checkRenoReordering(sk: TcpSock, addend: number): void {
  if (!limitRenoSacked(sk)) return;
  sk.reordering = Math.min(sk.packetsOut + addend, sk.tcp.sysctl.tcp_max_reordering);
  sk.reordSeen++;
  sk.tcp.mib.TcpExt.TCPRenoReorder++;
}

/** No more segments can have arrived than are in flight and not lost. Whether there were more. */
export function limitRenoSacked(sk: TcpSock): boolean {
  const holes = Math.min(Math.max(sk.lostOut, 1), sk.packetsOut);
  if (sk.sackedOut + holes <= sk.packetsOut) return false;
  sk.sackedOut = sk.packetsOut - holes;
  return true;
}

/** RFC 6582 §3.2: the first segment is lost after enough duplicates, and after each partial ACK. */
export function newrenoMarkLost(sk: TcpSock, advanced: boolean): void {
  const { caState } = sk;
  const due = caState < CA_RECOVERY ? sk.sackedOut >= sk.reordering : caState === CA_RECOVERY && advanced;
  const head = sk.rtxQueue.first;
  if (!due || head === undefined) return;
  if ((sackedOf(head) & LOST) !== 0) return;
  const mss = seglenOf(head);
  if (pcountOf(head) > 1 && head.len > mss) fragment(sk, head, mss, mss, true);
  markLost(sk, head);
}
