/**
 * Super-packets that have to be cut before they reach the device.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { measure } from './packet.ts';
import type { QdiscPorts } from './ports.ts';

/**
 * Cuts a super-packet through the `segment` port, taking it over; its owner hears when the last segment is done with. `undefined`, and the
 * packet still the caller's, where it cannot be cut.
 */
export function cut(ports: QdiscPorts, skb: SkBuff): SkBuff[] | undefined {
  const segments = ports.segment?.(skb);
  if (segments === undefined || segments.length === 0) return undefined;
  for (const segment of segments) measure(segment);
  const last = segments[segments.length - 1] as SkBuff;
  if (skb.destructor === undefined || last.destructor !== undefined) skb.free();
  else {
    last.sk = skb;
    last.destructor = freeOwner;
  }
  return segments;
}

function freeOwner(segment: SkBuff): void {
  (segment.sk as SkBuff).free();
}
