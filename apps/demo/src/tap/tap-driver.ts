/**
 * A TAP in the words of the steps around it.
 * @module
 */
import { CHECKSUM_PARTIAL, CHECKSUM_UNNECESSARY, type SkBuff } from '@stack/skbuff';
import type { Driver } from '../tell/driver.ts';

/** See the module. */
export const TAP_DRIVER: Driver = {
  finishes: 'whoever is last will finish it, if anybody has to (CHECKSUM_PARTIAL)',
  beyond: 'A TAP has no frame check sequence: there is no wire to guard it against.',
  poll: {
    call: 'tun_net_xmit → tun_do_read → napi_gro_receive → netif_receive_skb',
    file: 'drivers/net/tun.c, net/core/gro.c',
    text: "On the kernel's side the frame went down like any other, and into the queue of the TAP; poll(2) woke, and read(2) brings up to 64 frames, each into memory of the pool, which becomes an skb. This is where the other half of the path begins, in another implementation.",
  },
  verified: ({ ipSummed }: SkBuff) => {
    if (ipSummed === CHECKSUM_PARTIAL)
      return 'The kernel left the checksum to the device, and there is no wire on which it could be needed (CHECKSUM_PARTIAL): nobody sums anything';
    if (ipSummed === CHECKSUM_UNNECESSARY) return 'The checksum is verified already (CHECKSUM_UNNECESSARY)';
    return 'The checksum is summed and right';
  },
};
