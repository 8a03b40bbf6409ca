/**
 * Tells each retransmission as it happens: why, and what it did to the window and to the timer.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import type { TcpSock } from '@stack/tcp/engine';
import { portsAndNumbers } from '../inspect.ts';
import type { Station } from '../network.ts';
import type { Ears, Scene } from '../scene.ts';

/** `caState` of a connection: fast recovery, after a timeout (Linux `TCP_CA_*`); below it nothing is taken for lost. */
const CA_RECOVERY = 3;
const CA_LOSS = 4;
const STATES = ['Open', 'Disorder', 'CWR', 'Recovery', 'Loss'];
/** From here on a threshold means "none yet". */
const INFINITE = 0x7fff_ffff;

/** What a loss changes. */
interface Numbers {
  caState: number;
  cwnd: number;
  ssthresh: number;
  /** µs. */
  rto: number;
  timeouts: number;
  /** Reductions of the host's connections that were taken back: for whatever reason, for D-SACKs, for F-RTO. */
  undone: number;
  undoneByDsack: number;
  undoneByFrto: number;
}

/** A line for each burst of retransmissions, and one for the end of each recovery. */
export function tellRecovery(scene: Scene, ears: Ears): void {
  const { network } = scene;
  for (const station of network.stations) {
    if (station === network.router) continue;
    const recovery = new Recovery(scene, station);
    const { host, name } = station;
    ears.on(host, 'kprobe', ({ function: entered, skb }) => {
      if (entered === 'tcp_v4_rcv') recovery.look();
      else if (entered === 'ip_queue_xmit') recovery.sent(skb);
      else if (entered === 'tcp_make_synack') recovery.answered();
    });
    ears.on(host, 'napi:napi_poll', () => recovery.look());
    ears.join(station.callListeners, { exit: () => recovery.look() });
    ears.on(host, 'tcp:tcp_retransmit_skb', ({ sk, len }) => {
      if (sk === scene.sockets.connection(name)) recovery.retransmitted(sk as TcpSock, len);
    });
  }
}

/** The end of a connection at one host. */
class Recovery {
  readonly #scene: Scene;
  readonly #station: Station;
  /** The numbers before whatever happens now. */
  #before: Numbers | undefined;
  /** Since when the connection is not Open, µs. */
  #since = -1;
  #lastSeq = 0;
  /** Retransmissions of this moment, not told yet: `seq`, from the connection's first on, and length. */
  #burst: { seq: number; length: number }[] = [];
  #reason = '';
  #synAcks = 0;

  constructor(scene: Scene, station: Station) {
    this.#scene = scene;
    this.#station = station;
  }

  /** A segment comes, or all that came is worked off: what the numbers are now is what they were before what follows. */
  look(): void {
    const sk = this.#scene.sockets.connection(this.#station.name);
    if (sk === undefined || this.#burst.length > 0) return;
    const before = this.#before;
    const now = numbersOf(sk);
    this.#before = now;
    if (before === undefined) return;
    if (now.undone > before.undone) this.#undone(before, now);
    else if (before.caState >= CA_RECOVERY && now.caState < CA_RECOVERY) this.#recovered(before, now);
  }

  /** A header goes by: if it is a retransmission, this is its number. */
  sent(skb: SkBuff): void {
    this.#lastSeq = portsAndNumbers(skb.view, skb.data).seq;
  }

  /** A SYN,ACK is made. */
  answered(): void {
    if (this.#synAcks++ === 0) return;
    const text =
      'tcp:tcp_retransmit_synack the client sent its SYN again, or its ACK did not come: SYN,ACK once more';
    this.#line(text);
  }

  retransmitted(sk: TcpSock, length: number): void {
    const { lines, network } = this.#scene;
    const seq = lines.relative(sk.saddr as number, sk.sport, this.#lastSeq);
    if (this.#burst.length === 0) {
      const before = this.#before ?? numbersOf(sk);
      this.#reason = reasonOf(sk, before);
      if (this.#since < 0) this.#since = network.clock.now();
      // When whoever retransmits is done with it, the numbers are those after.
      network.clock.at(network.clock.now(), (recovery: Recovery) => recovery.#settle(sk, before), this);
    }
    this.#burst.push({ seq, length });
  }

  #settle(sk: TcpSock, before: Numbers): void {
    const after = numbersOf(sk);
    const ranges = this.#burst.map(({ seq, length }) => (length === 0 ? `${seq}` : `${seq}:${seq + length}`));
    this.#burst = [];
    this.#line(`tcp:tcp_retransmit_skb seq ${ranges.join(' ')}: ${this.#reason}. ${changes(before, after)}`);
    this.#before = after;
  }

  #recovered(before: Numbers, now: Numbers): void {
    const what = before.caState === CA_LOSS ? 'when the timer ran out' : 'when the loss was noticed';
    this.#line(
      `${STATES[before.caState]} → ${STATES[now.caState]}: all that was in flight ${what} is acknowledged, ${this.#took()} after the first retransmission. ${changes(before, now)}`,
    );
  }

  #undone(before: Numbers, now: Numbers): void {
    this.#line(
      `tcp_undo_cwnd_reduction ${STATES[before.caState]} → ${STATES[now.caState]}: nothing was lost, only late: ${evidence(before, now)}, ${this.#took()} after it. ${changes(before, now)}`,
    );
  }

  #took(): string {
    const took = this.#scene.network.clock.now() - this.#since;
    this.#since = -1;
    return milliseconds(took);
  }

  #line(text: string): void {
    const { network, tell } = this.#scene;
    tell({ kind: 'line', time: network.clock.now(), side: this.#station.name, about: 'recovery', text });
  }
}

function numbersOf(sk: TcpSock): Numbers {
  const { caState, sndCwnd, sndSsthresh, rto, totalRto } = sk;
  const { TCPDSACKUndo, TCPFullUndo, TCPLossUndo, TCPPartialUndo, TCPSpuriousRTOs } = sk.tcp.mib.TcpExt;
  return {
    caState,
    cwnd: sndCwnd,
    ssthresh: sndSsthresh,
    rto,
    timeouts: totalRto,
    undone: TCPFullUndo + TCPPartialUndo + TCPLossUndo + TCPDSACKUndo,
    undoneByDsack: TCPDSACKUndo,
    undoneByFrto: TCPSpuriousRTOs,
  };
}

/** How it is known that a reduction was a mistake. */
function evidence(before: Numbers, now: Numbers): string {
  if (now.undoneByDsack > before.undoneByDsack) {
    return 'each segment that was sent again came twice, D-SACKs say (RFC 2883)';
  }
  if (now.undoneByFrto > before.undoneByFrto)
    return 'a segment arrived that was sent before the timeout only (RFC 5682)';
  return 'the timestamp echoed is older than the retransmission (RFC 3522)';
}

function reasonOf(sk: TcpSock, before: Numbers): string {
  if (sk.totalRto > before.timeouts) {
    return `RTO: no ACK for ${milliseconds(before.rto)} (tcp_retransmit_timer)`;
  }
  if (sk.caState === CA_LOSS)
    return 'the next of those that the timeout took for lost, as ACKs make room (slow start)';
  if (sk.caState < CA_RECOVERY) {
    return 'tail loss probe: no ACK for two round trips, so the last segment asks for one (tcp_send_loss_probe)';
  }
  if (sk.caState === CA_RECOVERY && before.caState !== CA_RECOVERY) {
    return sk.sackOk
      ? `fast retransmit: ${sk.sackedOut} sent after it arrived, SACK says (tcp_enter_recovery)`
      : `fast retransmit: ${sk.reordering} duplicate ACKs (tcp_enter_recovery)`;
  }
  if (sk.caState === CA_RECOVERY && sk.sackOk)
    return 'what was sent after it arrived: lost, too (tcp_rack_mark_lost)';
  if (sk.caState === CA_RECOVERY) return 'partial ACK: the one behind the hole is lost, too (RFC 6582)';
  return 'lost';
}

function changes(before: Numbers, after: Numbers): string {
  const numbers: [string, string, string][] = [
    ['cwnd', String(before.cwnd), String(after.cwnd)],
    ['ssthresh', threshold(before.ssthresh), threshold(after.ssthresh)],
    ['rto', milliseconds(before.rto), milliseconds(after.rto)],
  ];
  return numbers
    .map(([name, was, is]) => (was === is ? `${name} ${is}` : `${name} ${was} → ${is}`))
    .join(', ');
}

function threshold(segments: number): string {
  return segments >= INFINITE ? '∞' : String(segments);
}

function milliseconds(us: number): string {
  return `${us / 1000} ms`;
}
