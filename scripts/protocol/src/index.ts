/**
 * The EXAMPLE protocol. Use it as a namespace: `import * as example from '@stack/example'`.
 * @packageDocumentation
 */
export {
  check,
  checkPacket,
  type Drop,
  decode,
  encode,
  format,
  type Header,
  HLEN,
  headerLength,
  len,
  type PushHeader,
  pull,
  push,
  read,
  size,
  type,
} from './header.ts';
