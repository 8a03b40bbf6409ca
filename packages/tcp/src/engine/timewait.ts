/**
 * TIME-WAIT (and FIN-WAIT-2 of a socket without owner) as an object of its own, much smaller than a socket (Linux
 * `struct tcp_timewait_sock`).
 * @module
 */
import type { Dst, Family, Inet, PacketSource, Timer } from './ports.ts';
import { TIME_WAIT } from './state.ts';
import type { BindBucket, EhashEntry } from './tables.ts';
import { IPPROTO_TCP, type TcpSock } from './tcb.ts';

/** µs that a closed connection is remembered: twice the maximum segment lifetime (RFC 9293 §3.4.2 says 2 minutes; Linux: 30 s). */
export const TCP_TIMEWAIT_LEN = 60_000_000;

/** What is left of a connection that was closed on this side first. */
export class TimewaitSock implements EhashEntry, PacketSource<unknown> {
  readonly state: number = TIME_WAIT;
  readonly protocol: number = IPPROTO_TCP;
  readonly family: Family<unknown>;
  readonly inet: Inet;
  readonly saddr: unknown;
  readonly daddr: unknown;
  readonly sport: number;
  readonly dport: number;
  readonly boundDevIf: number;
  readonly mark: number;
  readonly priority: number;
  readonly dst: Dst | undefined;
  hash = 0;
  hashNext: EhashEntry | undefined = undefined;
  bindBucket: BindBucket | undefined = undefined;
  /** FIN_WAIT2 or TIME_WAIT. */
  substate = 0;
  rcvNxt = 0;
  sndNxt = 0;
  /** Window to offer, bytes, unscaled. */
  rcvWnd = 0;
  rcvWscale = 0;
  /** The connection used timestamps, and these are the last. */
  tstampOk = false;
  tsRecent = 0;
  /** s; 0 = never. */
  tsRecentStamp = 0;
  tsoffset = 0;
  lastOowAckTime = 0;
  /** When it entered this state, µs. */
  entered = 0;
  timer: Timer | undefined = undefined;

  /** @internal */
  constructor(sk: TcpSock) {
    this.family = sk.family;
    this.inet = sk.inet;
    this.saddr = sk.saddr;
    this.daddr = sk.daddr;
    this.sport = sk.sport;
    this.dport = sk.dport;
    this.boundDevIf = sk.boundDevIf;
    this.mark = sk.mark;
    this.priority = sk.priority;
    this.dst = sk.dst;
  }
}
