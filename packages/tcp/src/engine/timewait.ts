/**
 * TIME-WAIT (and FIN-WAIT-2 of a socket without owner) as an object of its own, much smaller than a socket (Linux
 * `struct tcp_timewait_sock`): RFC 9293 §3.6.1, RFC 1122 §4.2.2.13, RFC 1337, RFC 6191.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { ACK, FIN, RST, SYN } from '../flags.ts';
import { SAW_TIMESTAMPS } from '../option-scan.ts';
import { oowRateLimited } from './challenge.ts';
import { doneWith } from './close.ts';
import { saveMetrics } from './metrics-use.ts';
import { pawsReject, stampSeconds } from './paws.ts';
import type { Dst, Family, Inet, PacketSource, Timer } from './ports.ts';
import { replyAck, replyReset } from './reply.ts';
import type { Segment } from './segment.ts';
import { type Signature, timewaitSignature } from './sign.ts';
import { FIN_WAIT2, TIME_WAIT } from './state.ts';
import type { BindBucket, BindOwner, EhashEntry } from './tables.ts';
import { IPPROTO_TCP, type TcpSock } from './tcb.ts';
import type { Tcp } from './tcp.ts';
import { sendActiveReset } from './transmit.ts';
import { receiveWindow } from './window.ts';

/** µs that a closed connection is remembered: twice the maximum segment lifetime (RFC 9293 §3.4.2 says 2 minutes; Linux: 30 s). */
export const TCP_TIMEWAIT_LEN = 60_000_000;

/** µs up to which one is counted apart. */
const SHORT_TIMEWAIT = 4_000_000;

/** What is left of a connection that was closed on this side first. */
export class TimewaitSock implements EhashEntry, BindOwner, PacketSource<unknown> {
  readonly state: number = TIME_WAIT;
  readonly protocol: number = IPPROTO_TCP;
  readonly tcp: Tcp;
  readonly family: Family<unknown>;
  readonly inet: Inet;
  readonly saddr: unknown;
  readonly rcvSaddr: unknown;
  readonly daddr: unknown;
  readonly sport: number;
  readonly dport: number;
  readonly boundDevIf: number;
  readonly mark: number;
  readonly priority: number;
  readonly reuse: boolean;
  readonly reusePort: boolean;
  dst: Dst | undefined;
  hash = 0;
  hashNext: EhashEntry | undefined = undefined;
  hashed = false;
  bindBucket: BindBucket | undefined = undefined;
  bindNext: BindOwner | undefined = undefined;
  bindPrev: BindOwner | undefined = undefined;
  /** FIN_WAIT2 or TIME_WAIT. */
  substate: number;
  rcvNxt: number;
  sndNxt: number;
  /** Window to offer, bytes, unscaled. */
  rcvWnd: number;
  readonly rcvWscale: number;
  /** The last timestamps, where the connection used them. */
  readonly tstampOk: boolean;
  tsRecent: number;
  /** s; 0 = never. */
  tsRecentStamp: number;
  readonly tsoffset: number;
  /** What its segments are signed with. */
  readonly signature: Signature | undefined;
  lastOowAckTime = 0;
  /** When it entered this state, µs. */
  entered: number;
  readonly timer: Timer;

  /** @internal */
  constructor(now: number, sk: TcpSock, substate: number) {
    this.tcp = sk.tcp;
    this.family = sk.family;
    this.inet = sk.inet;
    this.saddr = sk.saddr;
    this.rcvSaddr = sk.rcvSaddr;
    this.daddr = sk.daddr;
    this.sport = sk.sport;
    this.dport = sk.dport;
    this.boundDevIf = sk.boundDevIf;
    this.mark = sk.mark;
    this.priority = sk.priority;
    this.reuse = sk.reuse;
    this.reusePort = sk.reusePort;
    this.dst = sk.dst;
    this.substate = substate;
    this.rcvNxt = sk.rcvNxt;
    this.sndNxt = sk.sndNxt;
    this.rcvWnd = receiveWindow(sk);
    this.rcvWscale = sk.rcvWscale;
    this.tstampOk = sk.tstampOk;
    this.tsRecent = sk.tsRecent;
    this.tsRecentStamp = sk.tsRecentStamp;
    this.tsoffset = sk.tsoffset;
    this.signature = sk.auth === undefined ? undefined : timewaitSignature(sk);
    this.entered = now;
    this.timer = sk.tcp.timers.timer(expire, this);
  }
}

/** µs that a socket without owner stays in FIN-WAIT-2. */
export function finTime(sk: TcpSock): number {
  const wait = sk.linger2 !== 0 ? sk.linger2 : sk.tcp.sysctl.tcp_fin_timeout * 1_000_000;
  const least = sk.rto * 4 - (sk.rto >> 1);
  return Math.max(wait, least);
}

/**
 * Replaces the socket by what is left of it, for `wait` µs at least, and ends it (Linux `tcp_time_wait`). Past `tcp_max_tw_buckets`
 * nothing is left.
 */
export function timeWait(now: number, sk: TcpSock, substate: number, wait: number): void {
  const { tcp } = sk;
  if (tcp.timewaits < tcp.sysctl.tcp_max_tw_buckets) {
    const tw = new TimewaitSock(now, sk, substate);
    tcp.timewaits++;
    const { bindBucket } = sk;
    if (bindBucket !== undefined) tcp.tables.hold(tw, bindBucket.port, bindBucket.ephemeral);
    tcp.tables.remove(sk);
    tcp.tables.insert(tw);
    const least = sk.rto * 4 - (sk.rto >> 1);
    const time = substate === TIME_WAIT ? TCP_TIMEWAIT_LEN : Math.max(wait, least);
    tcp.mib.TcpExt[time <= SHORT_TIMEWAIT ? 'TWKilled' : 'TW']++;
    tw.timer.mod(now + time);
  } else tcp.mib.TcpExt.TCPTimeWaitOverflow++;
  saveMetrics(now, sk);
  doneWith(now, sk);
}

/** The FIN-WAIT-2 timer of an orphaned socket fired before it became a {@link TimewaitSock}. */
export function finWait2Expired(now: number, sk: TcpSock): void {
  const rest = finTime(sk) - TCP_TIMEWAIT_LEN;
  if (sk.linger2 >= 0 && rest > 0) {
    timeWait(now, sk, FIN_WAIT2, rest);
    return;
  }
  sendActiveReset(now, sk);
  doneWith(now, sk);
}

function expire(_now: number, tw: TimewaitSock): void {
  kill(tw);
}

/** Forgets it. */
export function kill(tw: TimewaitSock): void {
  if (!tw.hashed) return;
  const { tables } = tw.tcp;
  tw.timer.del();
  tables.remove(tw);
  tables.release(tw);
  tw.tcp.timewaits--;
}

/**
 * Whether the connection `other`, in TIME-WAIT, may be opened again by us: the peer tells old from new by timestamps (RFC 6191). The
 * new one then goes on behind the old one's sequence numbers. Who is `bound` to this very port may always do so, others as far as
 * tcp_tw_reuse lets them.
 */
export function reuseTimewait(now: number, sk: TcpSock, other: EhashEntry, bound: boolean): boolean {
  const tw = other as TimewaitSock;
  if (!tw.tstampOk || tw.tsRecentStamp === 0 || tw.tcp.sysctl.tcp_timestamps === 0) return false;
  if (!bound && !mayReuse(now, tw)) return false;
  sk.writeSeq = (tw.sndNxt + 0xffff + 2) | 0 || 1;
  sk.tsRecent = tw.tsRecent;
  sk.tsRecentStamp = tw.tsRecentStamp;
  tw.tcp.mib.TcpExt.TWRecycled++;
  kill(tw);
  return true;
}

function mayReuse(now: number, tw: TimewaitSock): boolean {
  const { tcp_tw_reuse, tcp_tw_reuse_delay } = tw.tcp.sysctl;
  const allowed = tcp_tw_reuse === 1 || (tcp_tw_reuse === 2 && isLoopback(tw));
  return allowed && tw.substate === TIME_WAIT && now - tw.entered > tcp_tw_reuse_delay * 1000;
}

/** A connection within this host. */
function isLoopback({ daddr, family, saddr }: TimewaitSock): boolean {
  return (
    family.same(saddr, daddr) || family.isLoopback?.(saddr) === true || family.isLoopback?.(daddr) === true
  );
}

/** {@link timewaitSegment}: it is dealt with. */
const TW_DONE = 0;
/** A SYN that opens the connection anew, if a listener takes it with {@link Tcp.timewaitIsn}. */
export const TW_SYN = 1;
/** An old duplicate, told by its timestamp. */
export const TW_PAWS = 2;

/** A segment for a connection in TIME-WAIT or FIN-WAIT-2. It stays the caller's. */
export function timewaitSegment(now: number, tw: TimewaitSock, skb: SkBuff, seg: Segment): number {
  const { tcp } = tw;
  const rst = (seg.flags & RST) !== 0;
  let saw = false;
  let rejected = false;
  if (tw.tsRecentStamp !== 0 && seg.headerLength > 20) {
    seg.readOptions(skb);
    saw = (seg.options.saw & SAW_TIMESTAMPS) !== 0;
    rejected = saw && pawsReject(now, tw.tsRecent, tw.tsRecentStamp, seg.options.tsval, rst);
  }
  if (tw.substate === FIN_WAIT2) {
    finWait2Segment(now, tw, skb, seg, saw, rejected);
    return TW_DONE;
  }
  if (!rejected && seg.seq === tw.rcvNxt && (seg.seq === seg.endSeq || rst)) {
    if (rst) {
      // RFC 1337: a RST may be an old one, and must not end the wait; Linux lets it unless it is told not to.
      if (tcp.sysctl.tcp_rfc1337 === 0) {
        kill(tw);
        return TW_DONE;
      }
    } else tw.timer.mod(now + TCP_TIMEWAIT_LEN);
    if (saw) {
      tw.tsRecent = seg.options.tsval;
      tw.tsRecentStamp = stampSeconds(now);
    }
    return TW_DONE;
  }
  if (isNewSyn(tw, seg, saw, rejected)) {
    const isn = (tw.sndNxt + 0xffff + 2) | 0;
    tcp.timewaitIsn = isn === 0 ? 1 : isn;
    return TW_SYN;
  }
  if (rejected) tcp.mib.TcpExt.PAWSTimewait++;
  if (!rst) {
    // MUST-13's wait begins again. A SYN of which nothing is known does not prolong it.
    if (rejected || (seg.flags & ACK) !== 0) tw.timer.mod(now + TCP_TIMEWAIT_LEN);
    if (!oowRateLimited(now, tcp, seg, tw, 'TCPACKSkippedTimeWait')) replyAck(now, tw);
  }
  return rejected ? TW_PAWS : TW_DONE;
}

/** RFC 1122 §4.2.2.13, MAY-2: a SYN that is newer than the old connection, by its number or its timestamp. */
function isNewSyn(tw: TimewaitSock, seg: Segment, saw: boolean, rejected: boolean): boolean {
  if ((seg.flags & (SYN | ACK | RST)) !== SYN || rejected) return false;
  if (((seg.seq - tw.rcvNxt) | 0) > 0) return true;
  return saw && ((tw.tsRecent - seg.options.tsval) | 0) < 0;
}

/** All was sent and acknowledged, nobody reads: only a FIN is of use. */
function finWait2Segment(
  now: number,
  tw: TimewaitSock,
  skb: SkBuff,
  seg: Segment,
  saw: boolean,
  rejected: boolean,
): void {
  const { tcp } = tw;
  if (rejected || !inWindow(seg.seq, seg.endSeq, tw.rcvNxt, (tw.rcvNxt + tw.rcvWnd) | 0)) {
    if ((seg.flags & RST) === 0 && !oowRateLimited(now, tcp, seg, tw, 'TCPACKSkippedFinWait2'))
      replyAck(now, tw);
    return;
  }
  if ((seg.flags & RST) !== 0) {
    kill(tw);
    return;
  }
  if ((seg.flags & SYN) !== 0 && ((seg.seq - tw.rcvNxt) | 0) >= 0) {
    replyReset(now, tcp, tw.family, skb, seg, tw);
    kill(tw);
    return;
  }
  if ((seg.flags & ACK) === 0 || ((seg.endSeq - tw.rcvNxt) | 0) <= 0 || seg.endSeq === seg.seq) return;
  // Data for nobody (RFC 9293 §3.6, RFC 1122 §4.2.2.13).
  if ((seg.flags & FIN) === 0 || seg.endSeq !== ((tw.rcvNxt + 1) | 0)) {
    replyReset(now, tcp, tw.family, skb, seg, tw);
    kill(tw);
    return;
  }
  tw.substate = TIME_WAIT;
  tw.entered = now;
  tw.rcvNxt = seg.endSeq;
  if (saw) {
    tw.tsRecent = seg.options.tsval;
    tw.tsRecentStamp = stampSeconds(now);
  }
  tw.timer.mod(now + TCP_TIMEWAIT_LEN);
  replyAck(now, tw);
}

/** RFC 9293 §3.4: whether any of the segment lies in `[start, end)`. */
export function inWindow(seq: number, endSeq: number, start: number, end: number): boolean {
  if (seq === start) return true;
  if (((endSeq - start) | 0) > 0 && ((seq - end) | 0) < 0) return true;
  return seq === end && seq === endSeq;
}
