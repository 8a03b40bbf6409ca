/**
 * Who owns a segment: the established table, the listeners, and the bound ports. Chains run through the sockets themselves.
 * @module
 */
import type { Dst, Family, Inet } from './ports.ts';
import type { RequestSock } from './request.ts';
import type { TcpSock } from './tcb.ts';

/** What the established table holds: {@link TcpSock}, {@link RequestSock} or {@link TimewaitSock}, told apart by `state`. */
export interface EhashEntry {
  readonly state: number;
  readonly family: Family<unknown>;
  readonly inet: Inet;
  readonly saddr: unknown;
  readonly daddr: unknown;
  /** Local port. */
  readonly sport: number;
  /** Peer's port. */
  readonly dport: number;
  readonly boundDevIf: number;
  readonly mark: number;
  readonly priority: number;
  readonly dst: Dst | undefined;
  hash: number;
  hashNext: EhashEntry | undefined;
}

/** A local port in use (Linux `struct inet_bind_bucket`). */
export interface BindBucket {
  readonly port: number;
  /** Sockets bound to it. */
  first: TcpSock | undefined;
  /** TIME-WAIT sockets bound to it. */
  timewaits: number;
  /** -1: only ephemeral connections; 0: a bound socket without SO_REUSEADDR; 1: all have it. */
  fastreuse: number;
}

/** What a socket has beyond others while it listens. */
export interface ListenerExtra {
  /** Limit of the accept queue; one more than it fits, as in Linux. */
  backlog: number;
  /** Established and waiting for `accept`. */
  acceptFirst: TcpSock | undefined;
  acceptLast: TcpSock | undefined;
  acceptLength: number;
  /** Half-open connections. */
  requests: Set<RequestSock>;
  /** Of these, never retransmitted to. */
  young: number;
}
