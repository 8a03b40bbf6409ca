/**
 * Options that sign a segment, for engines: as those of `write.ts`, with room for a digest that is made when the segment is whole.
 * @module
 */
import { TCPOPT_AO } from './option-kinds.ts';

const NOP_NOP_MD5SIG = 0x0101_1312;
const NOP = 0x01;

/** Bytes of {@link writeMd5}. Linux's `TCPOLEN_MD5SIG_ALIGNED`. */
export const TCPOLEN_MD5SIG_ALIGNED = 20;

/** Bytes of {@link writeAo} with a MAC of `maclen` bytes. */
export function aoLength(maclen: number): number {
  return (4 + maclen + 3) & ~3;
}

/** MD5 signature behind two NOPs: five words. The digest, which is made when the segment is whole, goes to the last four. */
export function writeMd5(view: DataView, at: number): number {
  view.setInt32(at, NOP_NOP_MD5SIG);
  return at + TCPOLEN_MD5SIG_ALIGNED;
}

/** TCP-AO with room for a MAC of `maclen` bytes, which is made when the segment is whole; NOPs fill its last word. */
export function writeAo(
  view: DataView,
  at: number,
  keyId: number,
  rNextKeyId: number,
  maclen: number,
): number {
  const end = at + aoLength(maclen);
  view.setUint16(at, (TCPOPT_AO << 8) | (4 + maclen));
  view.setUint16(at + 2, (keyId << 8) | rNextKeyId);
  for (let next = at + 4 + maclen; next < end; next++) view.setUint8(next, NOP);
  return end;
}
