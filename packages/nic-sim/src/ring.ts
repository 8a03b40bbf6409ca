/**
 * The verbs of this package: packets onto a ring and off it.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { checkAlive } from './offload.ts';
import type { RxRing } from './rx-ring.ts';
import type { TxRing } from './tx-ring.ts';

/**
 * Posts an skb and rings the doorbell: on a transmit ring a packet to send, on a receive ring an empty buffer to fill.
 * `OK`: the ring has it. `BUSY`: no room, and the caller still owns it. @throws RangeError if the skb was freed.
 */
export function push(ring: TxRing | RxRing, skb: SkBuff): number {
  checkAlive(skb);
  const verdict = ring.post(skb);
  if (verdict === 0) ring.doorbell();
  return verdict;
}

/** Reaps: from a transmit ring the next packet sent, from a receive ring the next packet received. It is the caller's to free. */
export function pull(ring: TxRing | RxRing): SkBuff | undefined {
  return ring.reap();
}
