/**
 * Where the fields stand. A file without imports: only then does the build put the constants into the functions that use them.
 * @module
 */

/** Bytes in a header without tags and LLC. */
export const HLEN = 14;
/** Bytes of the longest header, `MAX_TAGS` tags and LLC with SNAP: headroom to reserve in front of any payload. */
export const MAX_HLEN = 54;
/** Most bytes after the type/length field that it can count: 802.3's length. Linux's `ETH_DATA_LEN`. */
export const ETH_DATA_LEN = 1500;

// Byte offsets, in wire order. TYPE is where the field stands in a frame without tags.
export const DEST = 0;
export const SOURCE = 6;
export const TYPE = 12;
