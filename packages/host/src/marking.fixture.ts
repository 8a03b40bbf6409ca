/**
 * For tests of ECN: a wire that marks.
 * @module
 */
import { checksum, ECN_CE, ECN_NOT_ECT, ecn } from '@stack/ipv4';
import type { Frame } from '@stack/nic-sim';

/** A wire that marks every `every`th frame that may be, and the DSCPs of all it saw. */
export function marking(every: number): {
  loss: (index: number, frame: Frame) => boolean;
  seen: Set<number>;
} {
  const seen = new Set<number>();
  const loss = (index: number, frame: Frame): boolean => {
    const { view } = frame.page.arena;
    const at = frame.start + 14;
    if (view.getUint16(at - 2) !== 0x0800) return false;
    const tos = view.getUint8(at + 1);
    seen.add(tos & 0xfc);
    if (ecn(tos) === ECN_NOT_ECT || index % every !== 0) return false;
    frame.unshare();
    const own = frame.page.arena.view;
    own.setUint8(frame.start + 15, tos | ECN_CE);
    // RFC 1624: the header's checksum goes down by what the mark adds.
    const check = checksum(own, frame.start + 14) - (ECN_CE - ecn(tos));
    own.setUint16(frame.start + 24, check < 0 ? check + 0xffff : check);
    return false;
  };
  return { loss, seen };
}
