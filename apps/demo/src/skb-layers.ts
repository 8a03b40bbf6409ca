/**
 * Where the headers of a packet lie in its linear part.
 * @module
 */
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import type { SkBuff } from '@stack/skbuff';
import * as tcp from '@stack/tcp';
import type { Layer, Region } from './picture.ts';

/** A layer that has a header. */
export type HeaderName = Exclude<Layer, 'payload'>;

/** The regions of a TCP packet whose `data` is at the header of `outer`: that header, those within, and linear payload. */
export function regionsOf(skb: SkBuff, outer: HeaderName): Region[] {
  const { view, tail } = skb;
  const regions: Region[] = [];
  let at = skb.data;
  const add = (layer: Layer, length: number): void => {
    regions.push({ layer, at, length });
    at += length;
  };
  if (outer === 'ethernet') add('ethernet', ethernet.headerLength(view, at));
  if (outer !== 'tcp') add('ipv4', ipv4.headerLength(view, at));
  add('tcp', tcp.headerLength(view, at));
  if (at < tail) add('payload', tail - at);
  return regions;
}

/** The bytes of one region. */
export function bytesOf(skb: SkBuff, { at, length }: Region): Uint8Array {
  return skb.bytes.subarray(at, at + length);
}
