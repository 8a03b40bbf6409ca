/**
 * The options of TCP's scan as the fields that are compared.
 * @module
 */
import * as tcp from '@stack/tcp';
import type { Fields } from '../fields.ts';

/** Takes over what was seen. */
export function takeOptions(scan: tcp.OptionScan, f: Fields): void {
  f.clearOptions();
  if ((scan.saw & tcp.SAW_MSS) !== 0) f.mss = scan.mss;
  if ((scan.saw & tcp.SAW_WSCALE) !== 0) f.wscale = scan.wscale;
  if ((scan.saw & tcp.SAW_SACK_PERM) !== 0) f.sackOk = 1;
  if ((scan.saw & tcp.SAW_TIMESTAMPS) !== 0) {
    f.timestamps = 1;
    f.tsVal = scan.tsval;
    f.tsEcr = scan.tsecr;
  }
  if ((scan.saw & tcp.SAW_SACK) === 0) return;
  f.sackBlocks = scan.sackCount;
  f.edges.set(scan.sackEdges);
}
