/**
 * The digests of segments: RFC 2385 §2.0, RFC 5925 §5.1; and keys out of keys: RFC 5926 §3.1.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { HLEN, headerLength } from '../fields.ts';
import { TCPOPT_AO, TCPOPT_EOL, TCPOPT_MD5SIG, TCPOPT_NOP } from '../option-kinds.ts';
import { NOP_NOP_TIMESTAMPS } from '../option-read.ts';
import type { AoKey } from './ao-info.ts';
import type { AuthAddresses, KeyedMac, Mac, MacAlgorithm } from './mac.ts';
import type { Family } from './ports.ts';
import type { Segment } from './segment.ts';
import { Signature } from './sign.ts';
import { IPPROTO_TCP } from './tcb.ts';

/** Where the checksum lies in the header. It counts as zero. */
const CHECK = 16;
/** Bytes of a TCP-AO option in front of its MAC: kind, length, KeyID, RNextKeyID. */
export const TCP_AO_HLEN = 4;
/** Bytes of an MD5 option. */
const MD5_LENGTH = 18;
/** "TCP-AO" (RFC 5926 §3.1.1). */
const LABEL = [0x54, 0x43, 0x50, 0x2d, 0x41, 0x4f];
/** Bytes of the KDF's input: counter, label, two addresses and ports and sequence numbers, output length. */
const KDF_INPUT = 1 + LABEL.length + 2 * (16 + 2 + 4) + 2;

/** What a host with a {@link Mac} computes signatures with; one per engine. */
export class Auth {
  readonly mac: Mac;
  /** Where segments are put together to be digested: as much as was ever needed. */
  #bytes: Uint8Array = new Uint8Array(2048);
  #view: DataView = new DataView(this.#bytes.buffer);
  readonly #input: Uint8Array = new Uint8Array(KDF_INPUT);
  readonly #inputView: DataView = new DataView(this.#input.buffer);
  /** Where the options of the segment being judged are; 0 = it has none. MD5: the digest; TCP-AO: the kind. @internal */
  md5At = 0;
  /** @internal */
  aoAt = 0;
  /** How the segment being built is signed. @internal */
  readonly signature: Signature = new Signature();

  constructor(mac: Mac) {
    this.mac = mac;
  }

  /**
   * Finds the signature of a received segment, for {@link md5At} and {@link aoAt}. False: an option has a length that it cannot have, or
   * there is more than one signature.
   */
  findOptions(skb: SkBuff, seg: Segment): boolean {
    this.md5At = 0;
    this.aoAt = 0;
    const { data, view } = skb;
    // What can have none is most segments: no options, or timestamps alone.
    if (seg.headerLength < HLEN + TCP_AO_HLEN + 1) return true;
    if (seg.headerLength === HLEN + 12 && view.getInt32(data + HLEN) === NOP_NOP_TIMESTAMPS) return true;
    return this.#find(view, data + HLEN, data + seg.headerLength);
  }

  #find(view: DataView, start: number, end: number): boolean {
    let at = start;
    while (end - at > TCP_AO_HLEN) {
      const kind = view.getUint8(at);
      if (kind === TCPOPT_EOL) return true;
      if (kind === TCPOPT_NOP) {
        at++;
        continue;
      }
      const length = view.getUint8(at + 1);
      if (length < 2 || length > end - at) return false;
      if (kind === TCPOPT_MD5SIG || kind === TCPOPT_AO) {
        if (this.md5At !== 0 || this.aoAt !== 0) return false;
        if (kind === TCPOPT_AO ? length <= TCP_AO_HLEN : length !== MD5_LENGTH) return false;
        if (kind === TCPOPT_AO) this.aoAt = at;
        else this.md5At = at + 2;
      }
      at += length;
    }
    return true;
  }

  /** The MD5 digest of the segment whose header is at `skb.data`: pseudo-header, header without options, data, key. */
  md5(
    addresses: AuthAddresses<unknown>,
    skb: SkBuff,
    saddr: unknown,
    daddr: unknown,
    key: Uint8Array,
  ): Uint8Array {
    const { data, len, view } = skb;
    this.#room(len + key.length + 64);
    const bytes = this.#bytes;
    let at = addresses.writePseudo(this.#view, 0, saddr, daddr, IPPROTO_TCP, len);
    at = this.#header(skb, at);
    const hlen = headerLength(view, data);
    skb.copyBits(hlen, bytes, at, len - hlen);
    at += len - hlen;
    bytes.set(key, at);
    return this.mac.md5(bytes.subarray(0, at + key.length));
  }

  /**
   * The code of the segment whose header is at `skb.data` with its TCP-AO option at `option`: SNE, pseudo-header, header with the options
   * that `coversOptions` says, data. The option itself is covered in any case, its MAC as zeros.
   */
  ao(
    addresses: AuthAddresses<unknown>,
    skb: SkBuff,
    saddr: unknown,
    daddr: unknown,
    option: number,
    sne: number,
    coversOptions: boolean,
    keyed: KeyedMac,
  ): Uint8Array {
    const { data, len, view } = skb;
    const hlen = headerLength(view, data);
    this.#room(len + 64);
    const bytes = this.#bytes;
    this.#view.setInt32(0, sne);
    let at = addresses.writePseudo(this.#view, 4, saddr, daddr, IPPROTO_TCP, len);
    at = this.#header(skb, at);
    const length = view.getUint8(option + 1);
    if (coversOptions) {
      skb.copyBits(HLEN, bytes, at, hlen - HLEN);
      const mac = at + (option - data - HLEN) + TCP_AO_HLEN;
      bytes.fill(0, mac, mac + length - TCP_AO_HLEN);
      at += hlen - HLEN;
    } else {
      skb.copyBits(option - data, bytes, at, TCP_AO_HLEN);
      bytes.fill(0, at + TCP_AO_HLEN, at + length);
      at += length;
    }
    skb.copyBits(hlen, bytes, at, len - hlen);
    return keyed(bytes.subarray(0, at + len - hlen));
  }

  /**
   * The traffic key, readied, for segments of a connection's one direction (RFC 5925 §5.2). Initial sequence numbers: that of who sends
   * them; the other side's, 0 where it is not known yet.
   */
  trafficKey(
    family: Family<unknown>,
    { algorithm, master }: Pick<AoKey, 'algorithm' | 'master'>,
    saddr: unknown,
    daddr: unknown,
    sport: number,
    dport: number,
    sisn: number,
    disn: number,
  ): KeyedMac {
    const addresses = family.auth as AuthAddresses<unknown>;
    const view = this.#inputView;
    this.#input[0] = 1; // one output of the function is a whole key
    this.#input.set(LABEL, 1);
    let at = addresses.write(view, 1 + LABEL.length, saddr);
    at = addresses.write(view, at, daddr);
    view.setUint16(at, sport);
    view.setUint16(at + 2, dport);
    view.setInt32(at + 4, sisn);
    view.setInt32(at + 8, disn);
    view.setUint16(at + 12, algorithm.digestSize * 8);
    return algorithm.keyed(master(this.#input.subarray(0, at + 14)));
  }

  /** Copies the twenty fixed bytes, the checksum as zero. */
  #header(skb: SkBuff, at: number): number {
    skb.copyBits(0, this.#bytes, at, HLEN);
    this.#view.setUint16(at + CHECK, 0);
    return at + HLEN;
  }

  #room(bytes: number): void {
    if (bytes <= this.#bytes.length) return;
    this.#bytes = new Uint8Array(Math.max(bytes, this.#bytes.length * 2));
    this.#view = new DataView(this.#bytes.buffer);
  }
}

/** Readies a master key; one of a length that the algorithm does not take is made into one it does (RFC 5926 §3.1.1.2). */
export function masterKey(algorithm: MacAlgorithm, key: Uint8Array): KeyedMac {
  const { keySize } = algorithm;
  if (keySize === 0 || key.length === keySize) return algorithm.keyed(key);
  return algorithm.keyed(algorithm.keyed(new Uint8Array(keySize))(key));
}

/** Whether the bytes at `at` are `digest`, as far as `length`. Takes the same time wherever they differ. */
export function isDigest(view: DataView, at: number, digest: Uint8Array, length: number): boolean {
  let differ = 0;
  for (let i = 0; i < length; i++) differ |= view.getUint8(at + i) ^ (digest[i] as number);
  return differ === 0;
}
