/**
 * Congestion control as a table of functions (Linux `struct tcp_congestion_ops`), and the registry of them.
 * @module
 */
import type { RateSample } from './rate.ts';
import type { TcpSock } from './tcb.ts';

/** What happened, for {@link CongestionOps.cwndEvent}. The last two, that data came marked or not, where {@link CongestionOps.needsEcn}. */
export type CongestionEvent =
  | 'TX_START'
  | 'CWND_RESTART'
  | 'COMPLETE_CWR'
  | 'LOSS'
  | 'ECN_IS_CE'
  | 'ECN_NO_CE';

/** `TCP_CC_INFO`: what an algorithm tells of itself, by Linux's names in camelCase; nothing where it tells nothing. */
export type CongestionInfo = Readonly<Record<string, number>>;

/**
 * One algorithm. Functions change `sk.sndCwnd`, `sk.sndSsthresh`, `sk.pacingRate` and `sk.caPriv` and nothing else. Windows are segments; `sk` is the
 * first argument, where time matters `now` (µs) comes before it.
 */
export interface CongestionOps {
  /** As in `TCP_CONGESTION`, up to 15 characters. */
  readonly name: string;
  /** It lives by ECN, which is asked for and agreed to whatever `tcp_ecn` is; and all packets are marked as capable. */
  readonly needsEcn?: boolean;
  /** Called when the connection is established, or the algorithm chosen. */
  readonly init?: (now: number, sk: TcpSock) => void;
  /** Called when another algorithm takes over, or the connection ends. */
  readonly release?: (sk: TcpSock) => void;
  /** The new slow start threshold after a loss, at least 2. */
  readonly ssthresh: (now: number, sk: TcpSock) => number;
  /** `acked` segments were acknowledged in order: grow the window. Needed where there is no {@link congControl}. */
  readonly congAvoid?: (now: number, sk: TcpSock, ack: number, acked: number) => void;
  /**
   * After each ACK that acknowledged anything new or old: sets the window and the pacing rate. What else would change them, growth,
   * recovery, idleness, does not, then.
   */
  readonly congControl?: (now: number, sk: TcpSock, sample: RateSample) => void;
  /** Segments of a super-packet at least; absent: `tcp_min_tso_segs`. */
  readonly minTsoSegs?: (sk: TcpSock) => number;
  /** Windows that a send buffer which nobody set has room for; absent: 2. */
  readonly sndbufExpand?: (sk: TcpSock) => number;
  readonly info?: (sk: TcpSock) => CongestionInfo;
  /** The window to go back to when the loss turns out to be none. */
  readonly undoCwnd: (now: number, sk: TcpSock) => number;
  /** Before `sk.caState` becomes `state`. */
  readonly setState?: (now: number, sk: TcpSock, state: number) => void;
  readonly cwndEvent?: (now: number, sk: TcpSock, event: CongestionEvent) => void;
  /** An ACK was taken in: `sk.delivered` and `sk.deliveredCe` are right, and nothing was concluded yet. */
  readonly inAckEvent?: (sk: TcpSock) => void;
  /** `packets` were acknowledged; `rtt` µs, -1 = not measured. */
  readonly pktsAcked?: (now: number, sk: TcpSock, packets: number, rtt: number) => void;
}

/** The algorithms of one engine, by name. */
export class CongestionRegistry {
  readonly #ops = new Map<string, CongestionOps>();

  /**
   * Adds an algorithm. `EEXIST` where the name is taken.
   * @throws TypeError if a function that every algorithm needs is missing, or the name is none.
   */
  register(ops: CongestionOps): string | undefined {
    if (typeof ops.name !== 'string' || ops.name.length < 1 || ops.name.length > 15) {
      throw new TypeError('tcp: a congestion control needs a name of 1 to 15 characters');
    }
    requireFunction(ops.name, 'ssthresh', ops.ssthresh);
    requireFunction(ops.name, 'congAvoid or congControl', ops.congAvoid ?? ops.congControl);
    requireFunction(ops.name, 'undoCwnd', ops.undoCwnd);
    if (this.#ops.has(ops.name)) return 'EEXIST';
    this.#ops.set(ops.name, ops);
    return undefined;
  }

  /** The algorithm of that name. */
  find(name: string): CongestionOps | undefined {
    return this.#ops.get(name);
  }

  /** Names in order of registration: `tcp_available_congestion_control`. */
  names(): string[] {
    return [...this.#ops.keys()];
  }
}

function requireFunction(name: string, field: string, value: unknown): void {
  if (typeof value !== 'function') throw new TypeError(`tcp: congestion control ${name} lacks ${field}`);
}
