/**
 * UDP as RFC 768 writes it: headers, the checksum with its rules about zero, segmentation. Use it as a namespace:
 * `import * as udp from '@stack/udp'`.
 * @packageDocumentation
 */
export { checksumOf, verify } from './checksum.ts';
export { checksum, dest, HLEN, headerLength, len, source } from './fields.ts';
export { format } from './format.ts';
export { GRO_CNT_MAX, groComplete, groEnds, groFollows, groSame, groStarts } from './gro.ts';
export { gsoFixup } from './gso.ts';
export {
  CSUM_OFFSET,
  check,
  checkPacket,
  type Drop,
  decode,
  encode,
  type Header,
  type PushHeader,
  pull,
  push,
  read,
  size,
  write,
} from './header.ts';
