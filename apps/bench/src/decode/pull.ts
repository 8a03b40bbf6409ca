/**
 * `pull` three times on a packet buffer, from `wrap` on.
 * @module
 */
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import { wrap } from '@stack/skbuff';
import * as tcp from '@stack/tcp';
import type { Pass } from '../measure.ts';
import { sink } from '../sink.ts';
import { frames, type PacketSet } from '../workload.ts';
import { takeHeaders } from './take-headers.ts';
import { verifyAll } from './verify.ts';

/** All fields, checksums not verified; the packet is stripped down to its payload. */
export function prepare(set: PacketSet): Pass {
  const arrays = frames(set).map((frame) => new Uint8Array(frame.buffer, frame.byteOffset, frame.length));
  verifyAll(set, (i) => takeHeaders(...readPacket(arrays[i]!)));
  const run = (): void => {
    for (let i = 0; i < arrays.length; i++) sink.value = readPacket(arrays[i]!);
  };
  return { run, packets: arrays.length, bytes: 0 };
}

function readPacket(bytes: Uint8Array): [ethernet.Header, ipv4.Header, tcp.Header] {
  const skb = wrap(bytes);
  return [ethernet.pull(skb), ipv4.pull(skb), tcp.pull(skb)];
}
