/**
 * Which segments a wire loses.
 * @module
 */
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import { type Frame, rng } from '@stack/nic-sim';
import * as tcp from '@stack/tcp';

/**
 * Loses TCP segments with a probability of 0 to 1. The n-th one of a direction has the same fate with each sender, whoever's it is and whatever else
 * it sends: ARP is spared and not counted, and so are SYNs, since how long one of them is waited for says nothing of what follows.
 */
export function segmentLoss(
  probability: number,
  seed: number,
  direction: number,
): (index: number, frame: Frame) => boolean {
  const random = rng(seed, direction);
  const below = probability * 0x1_0000_0000;
  return (_, frame) => isSegment(frame) && random() < below;
}

/** Whether a frame is a TCP segment without SYN. */
function isSegment({ page, start, length }: Frame): boolean {
  const { view } = page.arena;
  const ip = start + ethernet.HLEN;
  if (ethernet.proto(view, start) !== ethernet.ETH_P_IP || length < ethernet.HLEN + ipv4.HLEN + tcp.HLEN)
    return false;
  if (ipv4.protocol(view, ip) !== ipv4.IPPROTO_TCP) return false;
  return (tcp.flags(view, ip + ipv4.ihl(view, ip) * 4) & tcp.SYN) === 0;
}
