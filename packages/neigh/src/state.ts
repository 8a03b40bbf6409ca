/**
 * Neighbour states: RFC 4861 §7.3.2 and those that Linux adds, its values, and the one table of the ways between them.
 * @module
 */

/** Fresh: nobody asked yet. */
export const NUD_NONE = 0x00;
/** Resolution is under way; packets wait. */
export const NUD_INCOMPLETE = 0x01;
/** Known to be reachable, not long ago. */
export const NUD_REACHABLE = 0x02;
/** Known, and no longer known to be reachable. Used as it is. */
export const NUD_STALE = 0x04;
/** Stale and used: a confirmation may still come by itself. */
export const NUD_DELAY = 0x08;
/** In doubt, and being asked by unicast. */
export const NUD_PROBE = 0x10;
/** Nobody answered. */
export const NUD_FAILED = 0x20;
/** Needs no resolution: a group, broadcast, a device without ARP. */
export const NUD_NOARP = 0x40;
/** Set by hand, for good. */
export const NUD_PERMANENT = 0x80;

/** States with a timer running. */
export const NUD_IN_TIMER: number = NUD_INCOMPLETE | NUD_REACHABLE | NUD_DELAY | NUD_PROBE;
/** States in which the link-layer address may be used. */
export const NUD_VALID: number =
  NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY;
/** States in which nothing needs doing before a packet is sent. */
export const NUD_CONNECTED: number = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE;

/** A way from one state to another that packets, answers and time open. */
export interface Edge {
  readonly from: number;
  readonly to: number;
  /** What opens it. */
  readonly why: string;
}

/**
 * All ways there are. By hand ({@link setByHand}, `ip neigh`) an entry comes from any state to any but INCOMPLETE, and an entry that
 * leaves the table is in NONE.
 */
export const EDGES: readonly Edge[] = [
  { from: NUD_NONE, to: NUD_NOARP, why: 'its link-layer address needs no asking' },
  { from: NUD_NONE, to: NUD_INCOMPLETE, why: 'a packet: asked everybody' },
  { from: NUD_NONE, to: NUD_FAILED, why: 'a packet, and nobody may be asked' },
  { from: NUD_NONE, to: NUD_REACHABLE, why: 'an answer' },
  { from: NUD_NONE, to: NUD_STALE, why: 'a request or an announcement from it' },
  { from: NUD_INCOMPLETE, to: NUD_REACHABLE, why: 'an answer: the queue leaves' },
  { from: NUD_INCOMPLETE, to: NUD_STALE, why: 'a request or an announcement from it: the queue leaves' },
  { from: NUD_INCOMPLETE, to: NUD_FAILED, why: 'no answer to the last probe: the queue is unreachable' },
  { from: NUD_REACHABLE, to: NUD_STALE, why: 'no proof for the reachable time, or another address' },
  { from: NUD_REACHABLE, to: NUD_DELAY, why: 'no proof for the reachable time, and in use' },
  { from: NUD_STALE, to: NUD_DELAY, why: 'a packet' },
  { from: NUD_STALE, to: NUD_REACHABLE, why: 'an answer' },
  { from: NUD_DELAY, to: NUD_REACHABLE, why: 'a proof from above, or an answer' },
  { from: NUD_DELAY, to: NUD_PROBE, why: 'no proof: asked by unicast' },
  { from: NUD_DELAY, to: NUD_STALE, why: 'another address' },
  { from: NUD_PROBE, to: NUD_REACHABLE, why: 'an answer' },
  { from: NUD_PROBE, to: NUD_STALE, why: 'another address' },
  { from: NUD_PROBE, to: NUD_FAILED, why: 'no answer to the last probe' },
  { from: NUD_FAILED, to: NUD_INCOMPLETE, why: 'a packet: asked everybody' },
  { from: NUD_FAILED, to: NUD_REACHABLE, why: 'an answer' },
  { from: NUD_FAILED, to: NUD_STALE, why: 'a request or an announcement from it' },
];

/** In the order in which they are named and drawn. */
const STATES: readonly number[] = [
  NUD_NONE,
  NUD_INCOMPLETE,
  NUD_REACHABLE,
  NUD_STALE,
  NUD_DELAY,
  NUD_PROBE,
  NUD_FAILED,
  NUD_NOARP,
  NUD_PERMANENT,
];
const NAMES = ['NONE', 'INCOMPLETE', 'REACHABLE', 'STALE', 'DELAY', 'PROBE', 'FAILED', 'NOARP', 'PERMANENT'];

/** Whether {@link EDGES} has a way from one state to another. */
export function isEdge(from: number, to: number): boolean {
  for (let i = 0; i < EDGES.length; i++) {
    const edge = EDGES[i] as Edge;
    if (edge.from === from && edge.to === to) return true;
  }
  return false;
}

/** Takes an entry to another state. @throws RangeError where there is no way, which is a fault of this package. */
export function setState(entry: { state: number }, to: number): void {
  if (!isEdge(entry.state, to)) {
    throw new RangeError(`neigh: no way from ${formatState(entry.state)} to ${formatState(to)}`);
  }
  entry.state = to;
}

/** Takes an entry to the state that somebody wants it in. */
export function setByHand(entry: { state: number }, to: number): void {
  entry.state = to;
}

/** As `ip neigh` prints it: `REACHABLE`; a number that is no state in hexadecimal. */
export function formatState(state: number): string {
  return NAMES[STATES.indexOf(state)] ?? `0x${state.toString(16)}`;
}

/** Whether a number is one of the states, and not several. */
export function isState(state: number): boolean {
  return STATES.includes(state);
}

/** {@link EDGES} as text, one state and what leads out of it after another. */
export function diagram(): string {
  const lines: string[] = [];
  for (const from of STATES) {
    const out = EDGES.filter((edge) => edge.from === from);
    if (out.length > 0) lines.push(formatState(from));
    for (const { to, why } of out) lines.push(`  --> ${formatState(to).padEnd(11)}${why}`);
  }
  return `${lines.join('\n')}\n`;
}
