/**
 * Message authentication codes, which this package does not compute: whoever builds a {@link Tcp} brings them. All is synchronous, for a
 * segment is signed where it is made.
 * @module
 */

/** Makes the code of `bytes` under the key it was made with: {@link MacAlgorithm.digestSize} bytes. */
export type KeyedMac = (bytes: Uint8Array) => Uint8Array;

/** A keyed algorithm: it makes codes, and traffic keys out of master keys (RFC 5926 §3.1). */
export interface MacAlgorithm {
  /** Linux's name, `hmac(sha1)`. */
  readonly name: string;
  /** Bytes of a code before it is truncated, and of a traffic key. */
  readonly digestSize: number;
  /** Bytes that a key must have; 0 = any number will do. */
  readonly keySize: number;
  /** Readies a key; the bytes are read now. */
  keyed(key: Uint8Array): KeyedMac;
}

/** The algorithms a host has. */
export interface Mac {
  /** MD5 (RFC 1321): sixteen bytes. */
  md5(bytes: Uint8Array): Uint8Array;
  /** An algorithm by Linux's name, `hmac(sha1)` or `cmac(aes128)`; `undefined` for one that there is not. */
  algorithm(name: string): MacAlgorithm | undefined;
}

/** What keys and signatures need of a family's addresses. */
export interface AuthAddresses<A> {
  /** Bits of an address, and so of the longest prefix. */
  readonly bits: number;
  /** Writes an address as packets carry it; where the next thing goes. */
  write(view: DataView, at: number, address: A): number;
  /** Writes the pseudo-header for `length` bytes of segment; where the next thing goes. */
  writePseudo(view: DataView, at: number, saddr: A, daddr: A, protocol: number, length: number): number;
  /** Whether both begin with the same `length` bits. */
  sharePrefix(a: A, b: A, length: number): boolean;
  /** Whether nothing of `address` is set behind its first `length` bits. */
  isPrefix(address: A, length: number): boolean;
}
