/**
 * What a host signs TCP segments with, from @noble/hashes and @noble/ciphers: give it to `createHost` as `mac`. A module of its own, so
 * that who needs no keys loads no cryptography.
 * @module
 */
import { cmac } from '@noble/ciphers/aes.js';
import { hmac } from '@noble/hashes/hmac.js';
import { md5, sha1 } from '@noble/hashes/legacy.js';
import { sha224, sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import type { Mac, MacAlgorithm } from '@stack/tcp/engine';

const HASHES = { md5, sha1, sha224, sha256, sha384, sha512 };

/** Hashing the key is half of the work on a short segment: it is done once. */
function hmacOf(name: string, hash: (typeof HASHES)[keyof typeof HASHES]): MacAlgorithm {
  return {
    name: `hmac(${name})`,
    digestSize: hash.outputLen,
    keySize: 0,
    keyed: (key) => {
      const begun = hmac.create(hash, key);
      return (bytes) => begun.clone().update(bytes).digest();
    },
  };
}

/** AES-128-CMAC (RFC 4493). */
const cmacAes128: MacAlgorithm = {
  name: 'cmac(aes128)',
  digestSize: 16,
  keySize: 16,
  keyed: (key) => {
    const own = key.slice();
    return (bytes) => cmac(bytes, own);
  },
};

const algorithms = new Map<string, MacAlgorithm>([
  ...Object.entries(HASHES).map(([name, hash]): [string, MacAlgorithm] => {
    const algorithm = hmacOf(name, hash);
    return [algorithm.name, algorithm];
  }),
  [cmacAes128.name, cmacAes128],
]);

/**
 * MD5 for `TCP_MD5SIG`; for TCP-AO `hmac(sha1)` and `cmac(aes128)`, which RFC 5926 asks for, and, as Linux has them, `hmac(md5)` and
 * `hmac(sha224)` to `hmac(sha512)`.
 */
export const mac: Mac = {
  md5: (bytes) => md5(bytes),
  algorithm: (name) => algorithms.get(name),
};
