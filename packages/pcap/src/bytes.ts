import { isBytes } from '@stack/skbuff';

/** `value`, or TypeError where it is no Uint8Array. */
export function checkBytes(name: string, value: Uint8Array): Uint8Array {
  if (!isBytes(value)) throw new TypeError(`pcap: ${name} is not a Uint8Array`);
  return value;
}

/** The error for a source that is neither bytes nor pieces of them. */
export function notBytes(): TypeError {
  return new TypeError('pcap: pass bytes (Uint8Array) or pieces of them');
}
