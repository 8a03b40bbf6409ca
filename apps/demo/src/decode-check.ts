/**
 * Whether every header that was understood comes out again as it came in.
 * @module
 */
import { allLayers, type Dissection, encodeLayer, type Layer } from './dissect-layers.ts';

/** A header that came out differently. */
export interface Difference {
  layer: Layer['name'];
  /** Where the header begins, bytes into the packet. */
  offset: number;
  reason: string;
}

/** Re-encodes every header of `found`, which was made of `data`, and of what it quotes; what came out differently. */
export function reencode(data: Uint8Array, found: Dissection): Difference[] {
  return allLayers(found).flatMap((layer) => {
    const reason = compare(layer, data.subarray(layer.offset, layer.offset + layer.length));
    return reason === undefined ? [] : [{ layer: layer.name, offset: layer.offset, reason }];
  });
}

function compare(layer: Layer, want: Uint8Array): string | undefined {
  let bytes: Uint8Array;
  try {
    bytes = encodeLayer(layer);
  } catch (error) {
    return (error as Error).message;
  }
  const at = want.findIndex((byte, i) => byte !== bytes[i]);
  if (at >= 0) return `byte ${at} is ${digits(bytes[at])}, was ${digits(want[at])}`;
  return bytes.length === want.length ? undefined : `${bytes.length} bytes, were ${want.length}`;
}

function digits(byte: number | undefined): string {
  return byte === undefined ? 'missing' : `0x${byte.toString(16).padStart(2, '0')}`;
}

/** What became of the packets of a capture. */
export interface Tally {
  packets: number;
  /** With at least one header understood. */
  understood: number;
  /** Understood, and every header of it came out byte-identical. */
  identical: number;
  /** Understood, and a header of it did not. */
  different: number;
  /** With a header that its codec refused, by code; they may be understood up to there. */
  refused: Record<string, number>;
  /** Not one header understood, or more followed; by what it was. */
  notUnderstood: Record<string, number>;
}

/** A tally of nothing. */
export function emptyTally(): Tally {
  return { packets: 0, understood: 0, identical: 0, different: 0, refused: {}, notUnderstood: {} };
}

/** Counts one packet. */
export function count(tally: Tally, found: Dissection, differences: readonly Difference[]): void {
  tally.packets++;
  if (found.layers.length > 0) {
    tally.understood++;
    if (differences.length === 0) tally.identical++;
    else tally.different++;
  }
  if (found.refused) increment(tally.refused, found.refused.code);
  if (found.unknown) increment(tally.notUnderstood, found.unknown);
}

function increment(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

/** A tally as lines. */
export function formatTally(tally: Tally): string[] {
  const { packets, understood, identical, different, refused, notUnderstood } = tally;
  const list = (counts: Record<string, number>): string =>
    Object.entries(counts)
      .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
      .map(([name, n]) => `${name} ${n}`)
      .join(', ') || 'none';
  return [
    `${packets} packets: ${understood} with headers understood, ${identical} of them byte-identical, ${different} not`,
    `refused headers: ${list(refused)}`,
    `not understood: ${list(notUnderstood)}`,
  ];
}
