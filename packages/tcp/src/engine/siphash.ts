/**
 * SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012): a keyed hash for what a stranger must not foretell.
 * 64-bit values are pairs of int32, low half first; nothing is allocated after construction.
 * @module
 */

/** SipHash-2-4 under one key. */
export class SipHash {
  /** Upper 32 bits of the last result, int32. */
  high = 0;
  readonly #key: Int32Array;
  readonly #state: Int32Array = new Int32Array(8);
  readonly #words: Int32Array = new Int32Array(4);

  /** `k0` to `k3`: the 128-bit key as 32-bit words, little-endian. */
  constructor(k0: number, k1: number, k2: number, k3: number) {
    this.#key = Int32Array.of(k0, k1, k2, k3);
  }

  /**
   * Lower 32 bits of the hash of `length` bytes, int32; {@link high} has the rest. Bytes lie in `words` little-endian; those of a
   * last word that is not full must be zero.
   */
  hash(words: Int32Array, length: number): number {
    const v = this.#state;
    const key = this.#key;
    v[0] = 0x70736575 ^ key[0]!; // "somepseudorandomlygeneratedbytes"
    v[1] = 0x736f6d65 ^ key[1]!;
    v[2] = 0x6e646f6d ^ key[2]!;
    v[3] = 0x646f7261 ^ key[3]!;
    v[4] = 0x6e657261 ^ key[0]!;
    v[5] = 0x6c796765 ^ key[1]!;
    v[6] = 0x79746573 ^ key[2]!;
    v[7] = 0x74656462 ^ key[3]!;
    const whole = (length >>> 3) << 1;
    for (let i = 0; i < whole; i += 2) absorb(v, words[i]!, words[i + 1]!);
    const left = length & 7;
    const low = left > 0 ? words[whole]! : 0;
    const high = left > 4 ? words[whole + 1]! : 0;
    absorb(v, low, high | (length << 24)); // the last block ends with the length mod 256
    v[4] = v[4]! ^ 0xff;
    rounds(v, 4);
    this.high = v[1]! ^ v[3]! ^ v[5]! ^ v[7]!;
    return v[0]! ^ v[2]! ^ v[4]! ^ v[6]!;
  }

  /** {@link hash} of four words: a pair of IPv4 addresses, a pair of ports and one more, say. */
  hash4(a: number, b: number, c: number, d: number): number {
    const words = this.#words;
    words[0] = a;
    words[1] = b;
    words[2] = c;
    words[3] = d;
    return this.hash(words, 16);
  }
}

/** Takes one 64-bit block in. */
function absorb(v: Int32Array, low: number, high: number): void {
  v[6] = v[6]! ^ low;
  v[7] = v[7]! ^ high;
  rounds(v, 2);
  v[0] = v[0]! ^ low;
  v[1] = v[1]! ^ high;
}

/** SipRounds over the state `v0 v1 v2 v3`, each a low and a high word, held in locals meanwhile. */
function rounds(v: Int32Array, count: number): void {
  let a = v[0]!;
  let A = v[1]!;
  let b = v[2]!;
  let B = v[3]!;
  let c = v[4]!;
  let C = v[5]!;
  let d = v[6]!;
  let D = v[7]!;
  for (let i = 0; i < count; i++) {
    let low = (a + b) | 0;
    A = (A + B + carry(low, a)) | 0; // v0 += v1
    a = low;
    low = (b << 13) | (B >>> 19); // v1 <<<= 13, ^= v0
    B = ((B << 13) | (b >>> 19)) ^ A;
    b = low ^ a;
    low = A; // v0 <<<= 32
    A = a;
    a = low;
    low = (c + d) | 0;
    C = (C + D + carry(low, c)) | 0; // v2 += v3
    c = low;
    low = (d << 16) | (D >>> 16); // v3 <<<= 16, ^= v2
    D = ((D << 16) | (d >>> 16)) ^ C;
    d = low ^ c;
    low = (a + d) | 0;
    A = (A + D + carry(low, a)) | 0; // v0 += v3
    a = low;
    low = (d << 21) | (D >>> 11); // v3 <<<= 21, ^= v0
    D = ((D << 21) | (d >>> 11)) ^ A;
    d = low ^ a;
    low = (c + b) | 0;
    C = (C + B + carry(low, c)) | 0; // v2 += v1
    c = low;
    low = (b << 17) | (B >>> 15); // v1 <<<= 17, ^= v2
    B = ((B << 17) | (b >>> 15)) ^ C;
    b = low ^ c;
    low = C; // v2 <<<= 32
    C = c;
    c = low;
  }
  v[0] = a;
  v[1] = A;
  v[2] = b;
  v[3] = B;
  v[4] = c;
  v[5] = C;
  v[6] = d;
  v[7] = D;
}

/** What the upper halves are one too small by, after the lower ones gave `sum` of `part` and another. */
function carry(sum: number, part: number): number {
  return sum >>> 0 < part >>> 0 ? 1 : 0;
}
