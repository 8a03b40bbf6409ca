/**
 * What a network's devices are, in the words of the steps that lead to them and come from them.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import type { Step } from '../story.ts';

type Where = Pick<Step, 'call' | 'file' | 'text'>;

/** See the module. */
export interface Driver {
  /** Who finishes the checksum that TCP leaves partial. */
  finishes: string;
  /** What of the frame is not in the skb. */
  beyond: string;
  /** How a poll of the device makes a packet. `text` goes on with GRO. */
  poll: Where;
  /** How the checksum of a received segment is verified. */
  verified(skb: SkBuff): string;
}

/** An Intel 8254x, simulated. */
export const CARD: Driver = {
  finishes: 'the card will finish it (CHECKSUM_PARTIAL)',
  beyond: 'The frame check sequence is not in the skb: the card makes it.',
  poll: {
    call: 'e1000_clean → napi_gro_receive → netif_receive_skb',
    file: 'net/core/gro.c, net/core/dev.c',
    text: 'The poll takes up to 64 frames off the ring. The page becomes the head of an skb, and a fresh page is posted in its place.',
  },
  verified: () => "The checksum is verified from the card's sum (CHECKSUM_COMPLETE)",
};
