/**
 * How far segments overtake each other, as ACKs and SACK blocks show (Linux `tcp_check_sack_reordering`).
 * @module
 */
import { highestSackSeq } from './scoreboard.ts';
import type { TcpSock } from './tcb.ts';

/** What begins at `low` arrived behind something that was sent after it: `sk.reordering` and the counter grow. */
export function checkSackReordering(
  sk: TcpSock,
  low: number,
  counter: 'TCPSACKReorder' | 'TCPTSReorder',
): void {
  const distance = (highestSackSeq(sk) - low) | 0;
  if (distance <= 0) return;
  const mss = sk.mssCache;
  if (distance > sk.reordering * mss) {
    sk.reordering = Math.min(Math.ceil(distance / mss), sk.tcp.sysctl.tcp_max_reordering);
  }
  sk.reordSeen++;
  sk.tcp.mib.TcpExt[counter]++;
}
