/**
 * What an address is by itself.
 * @module
 */

/** 224.0.0.0/4. */
export function isMulticast(address: number): boolean {
  return address >>> 28 === 0x0e;
}

/** 240.0.0.0/4, the limited broadcast address among it. */
export function isReserved(address: number): boolean {
  return address >>> 28 === 0x0f;
}
