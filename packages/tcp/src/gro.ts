/**
 * Receive offload: which segments become one, and what their header is then (Linux `tcp_gro_receive`). What is merged here and cut
 * with `gsoFixup` is the same bytes again, where the whole has CWR with 0 for `firstOnly`. Headers are ones that `check` accepted; nothing is
 * allocated.
 * @module
 */
import { ACK_SEQ, CHECK, DEST, DOFF_FLAGS, HLEN, headerLength, SEQ, SOURCE, URG_PTR } from './fields.ts';
import { FIN, PSH, RST, SYN, URG } from './flags.ts';

/** What may differ between two segments: the last one's go onto the whole. */
const LAST_ONLY = FIN | PSH;
/** Nothing is appended behind a segment with one of these. */
const ENDS = SYN | FIN | RST | PSH | URG;

/** Whether both segments, of the same two hosts, are of one connection: their ports are the same. */
export function groSame(view: DataView, at: number, next: DataView, nextAt: number): boolean {
  return (
    view.getUint16(at + SOURCE) === next.getUint16(nextAt + SOURCE) &&
    view.getUint16(at + DEST) === next.getUint16(nextAt + DEST)
  );
}

/**
 * Whether segments may be appended to this one of `payload` bytes: data, and no control bit but ACK and those of ECN, which all
 * segments of a whole have or none: with Accurate ECN they are a counter (RFC 9768 §3.2.2), and else a lone one has CWR. A checksum of 0 is refused because it comes back as 0xffff, its other form.
 */
export function groStarts(view: DataView, at: number, payload: number): boolean {
  return payload > 0 && (view.getUint16(at + DOFF_FLAGS) & ENDS) === 0 && view.getUint16(at + CHECK) !== 0;
}

/**
 * Whether the segment at `nextAt` with `nextPayload` bytes continues the super-packet at `at`, one that {@link groStarts} and now has
 * `payload` bytes, in steps of `mss`: the next sequence number, no larger, and all else the same but FIN and PSH. Linux does not
 * compare urgent pointers.
 */
export function groFollows(
  view: DataView,
  at: number,
  payload: number,
  mss: number,
  next: DataView,
  nextAt: number,
  nextPayload: number,
): boolean {
  if (nextPayload === 0 || nextPayload > mss) return false;
  if (((view.getInt32(at + SEQ) + payload) | 0) !== next.getInt32(nextAt + SEQ)) return false;
  if (view.getInt32(at + ACK_SEQ) !== next.getInt32(nextAt + ACK_SEQ)) return false;
  // Data offset, flags and window in one word.
  const differ = view.getInt32(at + DOFF_FLAGS) ^ next.getInt32(nextAt + DOFF_FLAGS);
  if ((differ & ~(LAST_ONLY << 16)) !== 0) return false;
  if (next.getUint16(nextAt + CHECK) === 0) return false;
  if (view.getUint16(at + URG_PTR) !== next.getUint16(nextAt + URG_PTR)) return false;
  const length = headerLength(view, at);
  for (let i = HLEN; i < length; i += 4) {
    if (view.getInt32(at + i) !== next.getInt32(nextAt + i)) return false;
  }
  return true;
}

/** Whether the segment, which has `payload` bytes, is the last of a super-packet in steps of `mss`. */
export function groEnds(view: DataView, at: number, payload: number, mss: number): boolean {
  return payload < mss || (view.getUint16(at + DOFF_FLAGS) & ENDS) !== 0;
}

/** Makes the header at `at` that of the whole, after a segment with these flags was appended: its FIN and PSH are the whole's. */
export function groMerge(view: DataView, at: number, flags: number): void {
  const last = flags & LAST_ONLY;
  if (last !== 0) view.setUint16(at + DOFF_FLAGS, view.getUint16(at + DOFF_FLAGS) | last);
}

/** Leaves the super-packet as CHECKSUM_PARTIAL has it: `pseudoSum` of all its bytes, TCP header and payload. */
export function groComplete(view: DataView, at: number, pseudoSum: number): void {
  view.setUint16(at + CHECK, pseudoSum);
}
