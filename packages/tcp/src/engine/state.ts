/**
 * The eleven states of RFC 9293 §3.3.2, Linux's twelfth, and every edge between them. Nothing else changes `sk.state`.
 * @module
 */
import type { TcpSock } from './tcb.ts';

// Linux's numbers (include/net/tcp_states.h), which TCP_INFO and `ss` show.
export const ESTABLISHED = 1;
export const SYN_SENT = 2;
/** A socket is here only in a simultaneous open; passive opens are requests in `TCP_NEW_SYN_RECV`. */
export const SYN_RECV = 3;
export const FIN_WAIT1 = 4;
export const FIN_WAIT2 = 5;
/** Not a socket's: a {@link TimewaitSock} takes over. */
export const TIME_WAIT = 6;
export const CLOSE = 7;
export const CLOSE_WAIT = 8;
export const LAST_ACK = 9;
export const LISTEN = 10;
export const CLOSING = 11;
/** A {@link RequestSock}: RFC 9293's SYN-RECEIVED of a passive open. */
export const NEW_SYN_RECV = 12;

/** A set of states, for one test against several. */
export function stateBit(state: number): number {
  return 1 << state;
}

const NAMES: readonly string[] = [
  '',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
  'NEW_SYN_RECV',
];

/** A state's name, as Linux's tracepoints print it without `TCP_`. */
export function stateName(state: number): string {
  return NAMES[state] ?? String(state);
}

/** One arrow of RFC 9293's figure 5. */
export interface Edge {
  readonly from: number;
  readonly to: number;
  /** What causes it, in the words of the figure. */
  readonly cause: string;
}

/** Every edge. A passive open's SYN-RECEIVED and TIME-WAIT are objects of their own: those edges make or end a socket. */
export const EDGES: readonly Edge[] = [
  { from: CLOSE, to: LISTEN, cause: 'passive OPEN' },
  { from: CLOSE, to: SYN_SENT, cause: 'active OPEN: snd SYN' },
  { from: LISTEN, to: CLOSE, cause: 'CLOSE' },
  { from: SYN_SENT, to: ESTABLISHED, cause: 'rcv SYN,ACK: snd ACK' },
  { from: SYN_SENT, to: SYN_RECV, cause: 'rcv SYN: snd SYN,ACK' },
  { from: SYN_SENT, to: CLOSE, cause: 'CLOSE, rcv RST or timeout' },
  { from: SYN_RECV, to: ESTABLISHED, cause: 'rcv ACK of SYN' },
  { from: SYN_RECV, to: FIN_WAIT1, cause: 'CLOSE: snd FIN' },
  { from: SYN_RECV, to: CLOSE, cause: 'rcv RST or timeout' },
  { from: SYN_RECV, to: CLOSE_WAIT, cause: 'rcv ACK of SYN with FIN: snd ACK' },
  { from: ESTABLISHED, to: FIN_WAIT1, cause: 'CLOSE: snd FIN' },
  { from: ESTABLISHED, to: CLOSE_WAIT, cause: 'rcv FIN: snd ACK' },
  { from: ESTABLISHED, to: CLOSE, cause: 'rcv RST, ABORT or timeout' },
  { from: FIN_WAIT1, to: FIN_WAIT2, cause: 'rcv ACK of FIN' },
  { from: FIN_WAIT1, to: CLOSING, cause: 'rcv FIN: snd ACK' },
  { from: FIN_WAIT1, to: CLOSE, cause: 'rcv FIN and ACK of FIN (becomes TIME-WAIT), rcv RST or timeout' },
  { from: FIN_WAIT2, to: CLOSE, cause: 'rcv FIN: snd ACK (becomes TIME-WAIT), rcv RST or timeout' },
  { from: CLOSING, to: CLOSE, cause: 'rcv ACK of FIN (becomes TIME-WAIT), rcv RST or timeout' },
  { from: CLOSE_WAIT, to: LAST_ACK, cause: 'CLOSE: snd FIN' },
  { from: CLOSE_WAIT, to: CLOSE, cause: 'rcv RST, ABORT or timeout' },
  { from: LAST_ACK, to: CLOSE, cause: 'rcv ACK of FIN, rcv RST or timeout' },
];

/** For each state the set of those it may go to. */
const NEXT: readonly number[] = /* @__PURE__ */ (() => {
  const next = new Array<number>(13).fill(0);
  for (const { from, to } of EDGES) next[from] = (next[from] as number) | stateBit(to);
  return next;
})();

/** Whether {@link EDGES} has the edge. */
export function mayGo(from: number, to: number): boolean {
  return ((NEXT[from] ?? 0) & stateBit(to)) !== 0;
}

const OPEN = /* @__PURE__ */ stateBit(ESTABLISHED) | /* @__PURE__ */ stateBit(CLOSE_WAIT);

/**
 * Moves a socket to another state and keeps `CurrEstab` and `EstabResets` (RFC 4022). Staying is no move.
 * @throws RangeError for an edge that is not in {@link EDGES}: a fault of this engine.
 */
export function setState(sk: TcpSock, to: number): void {
  const from = sk.state;
  if (from === to) return;
  if (!mayGo(from, to)) throw new RangeError(`tcp: no edge from ${stateName(from)} to ${stateName(to)}`);
  const { tcp } = sk;
  const { Tcp } = tcp.mib;
  const wasOpen = (OPEN & stateBit(from)) !== 0;
  const isOpen = (OPEN & stateBit(to)) !== 0;
  if (isOpen && !wasOpen) Tcp.CurrEstab++;
  if (wasOpen && !isOpen) Tcp.CurrEstab--;
  if (wasOpen && to === CLOSE) Tcp.EstabResets++;
  sk.state = to;
  if (to === CLOSE) tcp.forget(sk, from);
  tcp.stateChange?.(sk, from, to);
}

/** The edges as a Graphviz digraph. */
export function diagram(): string {
  const lines = EDGES.map(
    ({ from, to, cause }) => `  ${stateName(from)} -> ${stateName(to)} [label="${cause}"]`,
  );
  return `digraph tcp {\n${lines.join('\n')}\n}\n`;
}
