/**
 * `decode(bytes, offset)` three times: the first thing a user tries.
 * @module
 */
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import * as tcp from '@stack/tcp';
import type { Pass } from '../measure.ts';
import { sink } from '../sink.ts';
import { frames, type PacketSet } from '../workload.ts';
import { takeHeaders } from './take-headers.ts';
import { verifyAll } from './verify.ts';

/** All fields, checksums not verified; each frame an array of its own, as it comes from a socket or file. */
export function prepare(set: PacketSet): Pass {
  const arrays = frames(set).map((frame) => new Uint8Array(frame.buffer, frame.byteOffset, frame.length));
  verifyAll(set, (i) => takeHeaders(...readPacket(arrays[i]!)));
  const run = (): void => {
    for (let i = 0; i < arrays.length; i++) sink.value = readPacket(arrays[i]!);
  };
  return { run, packets: arrays.length, bytes: 0 };
}

function readPacket(bytes: Uint8Array): [ethernet.Header, ipv4.Header, tcp.Header] {
  const eth = ethernet.decode(bytes);
  const network = ethernet.size(eth);
  const ip = ipv4.decode(bytes, network);
  return [eth, ip, tcp.decode(bytes, network + ip.ihl * 4)];
}
