/**
 * Boxes on the way that swallow what is unusual: after fast open failed in their manner this host does without for a while, for twice
 * as long each time in a row (Linux `tcp_fastopen_active_disable`; RFC 7413 §7.1).
 * @module
 */
import { FIN } from '../flags.ts';
import { flagsOf } from './cb.ts';
import type { TcpSock } from './tcb.ts';
import type { Tcp } from './tcp.ts';

/** Doublings of the time at most. */
const MOST_DOUBLINGS = 6;

/** Whether a host is doing without fast open. */
export class Blackhole {
  /** How often in a row it had to. */
  times = 0;
  #since = 0;
  readonly #tcp: Tcp;

  constructor(tcp: Tcp) {
    this.#tcp = tcp;
  }

  /** Does without from now on, where `tcp_fastopen_blackhole_timeout_sec` says for how long. */
  disable(now: number): void {
    if (this.#tcp.sysctl.tcp_fastopen_blackhole_timeout_sec === 0) return;
    this.#since = now;
    this.times++;
    this.#tcp.mib.TcpExt.TCPFastOpenBlackhole++;
  }

  /** Whether a connection has to do without. The first that need not shows whether it works again. */
  isClosedTo(now: number, sk: TcpSock): boolean {
    const seconds = this.#tcp.sysctl.tcp_fastopen_blackhole_timeout_sec;
    if (seconds === 0 || this.times === 0) return false;
    const doublings = Math.min(this.times - 1, MOST_DOUBLINGS);
    if (now < this.#since + (seconds << doublings) * 1_000_000) return true;
    sk.synFastopenCh = true;
    return false;
  }
}

/** A timeout, `expired` if it is the last: the third in a row of a connection opened fast looks like a black hole. */
export function detectBlackhole(now: number, sk: TcpSock, expired: boolean): void {
  if (!sk.synFastopen && !sk.synData && !sk.synDataAcked) return;
  if (sk.retransmits !== 2 && !(sk.retransmits < 2 && expired)) return;
  sk.tcp.blackhole.disable(now);
  sk.tcp.mib.TcpExt.TCPFastOpenActiveFail++;
}

/** The end of a connection: one that got a FIN and no data lost what the box had swallowed; one that got data worked. */
export function judgeAtEnd(now: number, sk: TcpSock): void {
  if (!sk.synFastopen) return;
  const { blackhole } = sk.tcp;
  if (sk.dataSegsIn === 0) {
    const only = sk.ofoQueue?.first;
    if (only !== undefined && only.next === undefined && (flagsOf(only) & FIN) !== 0) blackhole.disable(now);
  } else if (sk.synFastopenCh && blackhole.times !== 0 && sk.family.isLoopback?.(sk.daddr) !== true) {
    blackhole.times = 0;
  }
}
