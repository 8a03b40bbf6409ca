/**
 * Bytes to send, their digests, and bytes that come.
 * @module
 */
import { createHash } from 'node:crypto';
import { rng } from '@stack/nic-sim';
import type { Socket } from '@stack/socket';

/** A prime: no power of two of bytes that is lost or sent twice goes unnoticed. */
const PERIOD = 1_000_003;
const BLOCK = makeBlock();

function makeBlock(): Uint8Array {
  const next = rng(1);
  const words = Uint32Array.from({ length: Math.ceil(PERIOD / 4) }, next);
  return new Uint8Array(words.buffer, 0, PERIOD);
}

/** The first `length` bytes of an endless stream that has no small period, in pieces. */
export function* pieces(length: number): Generator<Uint8Array, void, undefined> {
  for (let at = 0; at < length; at += PERIOD) yield BLOCK.subarray(0, Math.min(PERIOD, length - at));
}

/** {@link pieces}, joined. */
export function bytes(length: number): Uint8Array {
  return Buffer.concat([...pieces(length)]);
}

/** SHA-256 of the first `length` bytes, in hexadecimal. */
export function digestOf(length: number): string {
  const hash = createHash('sha256');
  for (const piece of pieces(length)) hash.update(piece);
  return hash.digest('hex');
}

/** Exactly `length` bytes from a connection. Rejects where it ends before. */
export async function receive(socket: Socket, length: number): Promise<Buffer> {
  const into = Buffer.alloc(length);
  for (let at = 0; at < length; ) {
    const count = await socket.recvInto(into.subarray(at));
    if (count === 0) throw new Error(`the connection ended after ${at} of ${length} bytes`);
    at += count;
  }
  return into;
}
