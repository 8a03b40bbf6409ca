/**
 * Old duplicates told by their timestamps: RFC 7323 §5 (PAWS).
 * @module
 */
import type { Segment } from './segment.ts';
import type { TcpSock } from './tcb.ts';

/** s after which a remembered timestamp means nothing: its clock may have wrapped (RFC 7323 §5.5). */
const PAWS_24DAYS = 2_073_600;
/** How far a timestamp of a segment with data may be behind. */
const PAWS_WINDOW = 1;

/** Seconds of the clock, never 0, for {@link TcpSock.tsRecentStamp}. */
export function stampSeconds(now: number): number {
  return Math.max(Math.floor(now / 1_000_000), 1);
}

/** Whether `tsval` is no older than `tsRecent`, less `slack`; or that cannot be said. */
function pawsCheck(now: number, tsRecent: number, stamp: number, tsval: number, slack: number): boolean {
  if (((tsRecent - tsval) | 0) <= slack) return true;
  if (stampSeconds(now) >= stamp + PAWS_24DAYS) return true;
  // Some hosts send 0 in their SYN and true values later.
  return tsRecent === 0;
}

/** Whether a segment is refused in a state without a full socket. A RST is not, a minute after the last segment. */
export function pawsReject(
  now: number,
  tsRecent: number,
  stamp: number,
  tsval: number,
  rst: boolean,
): boolean {
  if (pawsCheck(now, tsRecent, stamp, tsval, 0)) return false;
  return !(rst && stampSeconds(now) >= stamp + 60);
}

/** What {@link pawsDiscard} says of a segment that is no old duplicate. */
export const PAWS_OK = 0;
/** An old duplicate: it is answered with an ACK. */
const PAWS_OLD = 1;
/** An old pure ACK: it is common, and answered with nothing. */
export const PAWS_OLD_ACK = 2;

/** Judges a segment of an established connection whose timestamps were read. */
export function pawsDiscard(now: number, sk: TcpSock, seg: Segment): number {
  if (pawsCheck(now, sk.tsRecent, sk.tsRecentStamp, sk.rcvTsval, PAWS_WINDOW)) return PAWS_OK;
  // An ACK that was overtaken by newer ones tells nothing new and does no harm.
  if ((seg.flags & 0x10) === 0 || seg.seq !== seg.endSeq) return PAWS_OLD;
  if (seg.seq !== sk.rcvNxt) return ((seg.seq - sk.rcvNxt) | 0) < 0 ? PAWS_OLD_ACK : PAWS_OLD;
  if (seg.ackSeq !== sk.sndUna) return PAWS_OLD;
  const window = seg.window << sk.sndWscale;
  if (((seg.seq - sk.sndWl1) | 0) > 0 || (seg.seq === sk.sndWl1 && window > sk.sndWnd)) return PAWS_OLD;
  const replay = Math.floor(sk.rto / 1000) + 1;
  return ((sk.tsRecent - sk.rcvTsval) | 0) > replay ? PAWS_OLD : PAWS_OK;
}

/** RFC 7323 §4.3 (2): remembers the timestamp of a segment that is at the left edge of what was acknowledged. */
export function replaceTsRecent(now: number, sk: TcpSock, seq: number): void {
  if (!sk.sawTstamp || ((seq - sk.rcvWup) | 0) > 0) return;
  if (pawsCheck(now, sk.tsRecent, sk.tsRecentStamp, sk.rcvTsval, 0)) storeTsRecent(now, sk);
}

/** Remembers the timestamp of the segment being processed. */
export function storeTsRecent(now: number, sk: TcpSock): void {
  sk.tsRecent = sk.rcvTsval;
  sk.tsRecentStamp = stampSeconds(now);
}
