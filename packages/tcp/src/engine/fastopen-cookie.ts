/**
 * Cookies of fast open: what a server gives a client, to know its address by (RFC 7413 §4.1.2).
 * @module
 */
import { SipHash } from './siphash.ts';
import type { TcpSysctl } from './sysctl.ts';

/** Bytes in a key. */
export const FASTOPEN_KEY_LENGTH = 16;
/** Bytes in a cookie of ours. */
const COOKIE_LENGTH = 8;

/** A cookie as an option has it. */
export interface FastopenCookie {
  /** 4 to 16, even; none asks for one. */
  readonly bytes: Uint8Array;
  /** In the encoding of RFC 7413 appendix A. */
  readonly exp: boolean;
}

/** One key or two: the first makes cookies, those of the second are still good, so that keys can be changed (RFC 7413 §4.1.2). */
export class FastopenKeys {
  /** 16 bytes or 32. */
  readonly bytes: Uint8Array;
  readonly #hashes: readonly SipHash[];
  readonly #words: Int32Array = new Int32Array(2);

  /** @throws RangeError for another length. */
  constructor(bytes: Uint8Array) {
    if (bytes.length !== FASTOPEN_KEY_LENGTH && bytes.length !== 2 * FASTOPEN_KEY_LENGTH) {
      throw new RangeError(`tcp: ${bytes.length} bytes are no fast open keys`);
    }
    this.bytes = bytes.slice();
    const view = new DataView(this.bytes.buffer);
    const hashes: SipHash[] = [];
    for (let at = 0; at < bytes.length; at += FASTOPEN_KEY_LENGTH) {
      const word = (i: number) => view.getInt32(at + 4 * i, true);
      hashes.push(new SipHash(word(0), word(1), word(2), word(3)));
    }
    this.#hashes = hashes;
  }

  /** The first key's cookie for a client: a hash of both addresses, each as 32 bits. */
  cookie(client: number, server: number): Uint8Array {
    return this.#make(this.#hashes[0] as SipHash, client, server);
  }

  /** Whose cookie it is: 1 the first key's, 2 the second's, 0 neither's. */
  check(cookie: Uint8Array, client: number, server: number): 0 | 1 | 2 {
    const at = this.#hashes.findIndex((hash) => equal(this.#make(hash, client, server), cookie));
    return (at + 1) as 0 | 1 | 2;
  }

  #make(hash: SipHash, client: number, server: number): Uint8Array {
    this.#words[0] = swap(client);
    this.#words[1] = swap(server);
    const low = hash.hash(this.#words, 8);
    const cookie = new Uint8Array(COOKIE_LENGTH);
    const view = new DataView(cookie.buffer);
    view.setInt32(0, low, true);
    view.setInt32(4, hash.high, true);
    return cookie;
  }
}

/** The keys of a host, as `tcp_fastopen_key` has them. Where nobody set any they are drawn when a listener first needs them. */
export class HostKeys {
  readonly #sysctl: TcpSysctl;
  readonly #random: () => number;
  readonly #drawn: ((text: string) => void) | undefined;
  #text = '';
  #keys: FastopenKeys | undefined = undefined;

  /** `random` gives a random u32; `drawn` is told of a key that was drawn, to show it as the sysctl. */
  constructor(sysctl: TcpSysctl, random: () => number, drawn: ((text: string) => void) | undefined) {
    this.#sysctl = sysctl;
    this.#random = random;
    this.#drawn = drawn;
  }

  /** The keys of now; `undefined` while there are none. */
  get current(): FastopenKeys | undefined {
    const text = this.#sysctl.tcp_fastopen_key;
    if (text !== '' && text !== this.#text) this.#take(text);
    return this.#keys;
  }

  /** Draws a key, once, unless there is one. */
  init(): void {
    if (this.current !== undefined) return;
    const words = [0, 1, 2, 3].map(() => this.#random().toString(16).padStart(8, '0'));
    const text = words.join('-');
    this.#take(text);
    this.#drawn?.(text);
  }

  #take(text: string): void {
    const words = text.split(/[-,]/).map((word) => Number.parseInt(word, 16));
    const bytes = new Uint8Array(words.length * 4);
    const view = new DataView(bytes.buffer);
    for (const [i, word] of words.entries()) view.setUint32(4 * i, word, true);
    this.#text = text;
    this.#keys = new FastopenKeys(bytes);
  }
}

/** The bytes of a word in the other order: SipHash reads them as they lie in a packet, from the least. */
function swap(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
