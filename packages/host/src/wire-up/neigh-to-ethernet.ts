/**
 * The neighbour layer sends: the link-layer header is pushed, and the packet goes to the queue of its device.
 * @module
 */
import { writeHeader } from '@stack/ethernet';
import type { SkBuff } from '@stack/skbuff';
import type { Drop } from '../drops.ts';
import type { NetDevice } from '../net-device.ts';
import type { Transmitter } from '../tx.ts';

const ETH_HLEN = 14;

/** Pushes the header of a packet to `lladdr` and queues it, taking it over. OK 0, DROP 1 or CN 2. */
export function ethernetOutput(
  transmitter: Transmitter,
  drop: Drop,
): (now: number, skb: SkBuff, dev: NetDevice, lladdr: number) => number {
  return (now, skb, dev, lladdr) => {
    if (dev.hardHeaderLen !== 0) {
      if ((skb.data - skb.head < ETH_HLEN || skb.cloned) && !skb.cow(ETH_HLEN)) {
        drop(skb, 'NOMEM');
        return 1;
      }
      writeHeader(skb.view, skb.push(ETH_HLEN), lladdr, dev.address, skb.protocol);
    }
    return transmitter.queueXmit(now, skb, dev);
  };
}
