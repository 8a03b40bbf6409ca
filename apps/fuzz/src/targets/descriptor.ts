/**
 * DMA descriptors: the same laws as for headers, for each of the four layouts.
 * @module
 */
import { check, decode, encode, format, HLEN, type Kind, kindOf } from '@stack/nic-sim';
import { viewOf } from '@stack/skbuff';
import { hashOf } from '../random.ts';
import { ACCEPTED, must, refusalOf, sameBytes, type Target } from '../target.ts';
import { descriptorSeeds } from './seeds.ts';

const KINDS: readonly Kind[] = ['tx-legacy', 'rx-legacy', 'tx-context', 'tx-data'];

const into = new Uint8Array(HLEN + 8);

/** A descriptor or a coded refusal, whichever layout the bytes are taken for. */
export const descriptors: Target = { name: 'nic-sim', seeds: descriptorSeeds, trial };

function trial(bytes: Uint8Array): string {
  const hash = hashOf(bytes);
  const view = viewOf(bytes);
  const transmit = bytes.length < HLEN ? undefined : kindOf(view, 0);
  let outcome = ACCEPTED;
  for (const kind of KINDS) {
    const drop = check(view, 0, bytes.length, kind);
    const fits = kind === transmit || (kind === 'rx-legacy' && bytes.length >= HLEN);
    must((drop === undefined) === fits, `kindOf says ${transmit}, check of ${kind} ${drop}`);
    if (drop !== undefined) {
      must(refusedWith(bytes, kind) === drop, `check says ${drop}, decode another`);
      if (transmit === undefined) outcome = drop;
      continue;
    }
    const descriptor = decode(bytes, kind);
    const offset = hash & 7;
    encode(descriptor, into, offset);
    must(sameBytes(into.subarray(offset), bytes, HLEN), `encode of ${kind} does not give the bytes back`);
    if ((hash & 0x70) === 0) must(/^[^\n\r]+$/.test(format(descriptor)), 'format gives no line');
  }
  return outcome;
}

function refusedWith(bytes: Uint8Array, kind: Kind): string {
  try {
    decode(bytes, kind);
  } catch (error) {
    return refusalOf(error, bytes.length).code;
  }
  return ACCEPTED;
}
