/**
 * Addresses that do not fit 32 bits.
 * @module
 */
import { requireRange } from '@stack/skbuff';

const MOST = 0xffff_ffff;
const HINT = '; parseAddress reads text';

/** An address in a header, u32. @throws RangeError for anything else. */
export function addressRange(name: string, value: number): void {
  requireRange('ipv4', name, value, MOST, HINT);
}

/** An address on its own: engines keep int32, so the signed form is one too. @throws RangeError for anything else. */
export function anyAddress(name: string, value: number): void {
  if ((value | 0) !== value) addressRange(name, value);
}
