/**
 * Headers for engines: written where they lie, so that a frame costs no object (`push` makes one).
 * @module
 */
import { DEST, SOURCE, TYPE } from './layout.ts';
import { writeMac } from './set.ts';

/**
 * Writes the fourteen bytes of an Ethernet II header at `at`: addresses u48, `proto` an EtherType. Nothing is checked: what does not
 * fit is cut to its bits.
 */
export function writeHeader(view: DataView, at: number, dest: number, source: number, proto: number): void {
  writeMac(view, at + DEST, dest);
  writeMac(view, at + SOURCE, source);
  view.setUint16(at + TYPE, proto);
}
