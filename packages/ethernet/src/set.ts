/**
 * Addresses written where they lie, to send a frame on. Nothing is allocated.
 * @module
 */
import { DEST, SOURCE } from './layout.ts';
import { macRange } from './mac.ts';

/** Writes the destination of the frame at `at`. @throws RangeError, and nothing written, if `mac` is no u48. */
export function setDest(view: DataView, at: number, mac: number): void {
  macRange('dest', mac);
  writeMac(view, at + DEST, mac);
}

/** Writes the source of the frame at `at`. @throws RangeError, and nothing written, if `mac` is no u48. */
export function setSource(view: DataView, at: number, mac: number): void {
  macRange('source', mac);
  writeMac(view, at + SOURCE, mac);
}

/** Writes six bytes. */
export function writeMac(view: DataView, at: number, mac: number): void {
  view.setUint16(at, mac / 0x1_0000_0000);
  view.setUint32(at + 2, mac); // modulo 2^32 by itself; `%` on a double is a call (a header of two: 23 -> 6 ns)
}
