/**
 * CHECKSUM_COMPLETE kept right while bytes leave the packet: the sum is always over what is left, counted from `data`.
 * @module
 */
import { csumBlockSub, csumSub } from './checksum.ts';

/** The sum once `n` bytes with the sum `gone` left at the front. An odd `n` moves every later byte to the other half. */
export function sumWithoutHead(csum: number, gone: number, n: number): number {
  const rest = csumSub(csum, gone);
  return (n & 1) === 0 ? rest : ((rest & 0xff) << 8) | (rest >>> 8);
}

/** The sum once bytes with the sum `gone`, which began `offset` bytes into the packet, left at the end. */
export function sumWithoutTail(csum: number, gone: number, offset: number): number {
  return csumBlockSub(csum, gone, offset);
}
