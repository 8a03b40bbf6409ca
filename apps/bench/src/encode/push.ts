/**
 * `push` three times on a packet buffer from a pool: payload copied in, checksums completed in software, buffer freed.
 * @module
 */
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import { checksumHelp, Pool, type SkBuff } from '@stack/skbuff';
import { pseudoIpv4 } from '@stack/skbuff/checksum';
import * as tcp from '@stack/tcp';
import type { Pass } from '../measure.ts';
import type { PacketSet } from '../workload.ts';
import { verifyFrame } from './verify.ts';

/** Room for the longest headers of the sets. */
const HEADROOM = 96;

interface Send {
  eth: ethernet.PushHeader;
  ip: ipv4.PushHeader;
  segment: tcp.PushHeader;
  length: number;
  payload: Uint8Array;
}

/** From payload to frame. */
export function prepare(set: PacketSet): Pass {
  const pool = new Pool();
  const sends = sendsOf(set);
  for (const [i, send] of sends.entries()) {
    const skb = build(pool, send);
    verifyFrame(set, i, skb.bytes, skb.data);
    skb.free();
  }
  const run = (): void => {
    for (let i = 0; i < sends.length; i++) build(pool, sends[i]!).free();
  };
  return { run, packets: set.count, bytes: 0 };
}

function build(pool: Pool, { eth, ip, segment, length, payload }: Send): SkBuff {
  const skb = pool.alloc(payload.length, HEADROOM)!;
  skb.bytes.set(payload, skb.put(payload.length));
  tcp.push(skb, segment, pseudoIpv4(ip.saddr, ip.daddr, ip.protocol, length));
  checksumHelp(skb);
  ipv4.push(skb, ip);
  ethernet.push(skb, eth);
  return skb;
}

function sendsOf({ view, bytes, at, end }: PacketSet): Send[] {
  return Array.from(at, (start, i) => {
    const eth = ethernet.read(view, start);
    const network = start + ethernet.size(eth);
    const { tos, id, flags, ttl, protocol, saddr, daddr } = ipv4.read(view, network);
    const transport = network + ipv4.HLEN;
    const { check: _, ...segment } = tcp.read(view, transport);
    return {
      ...{ eth, ip: { tos, id, flags, ttl, protocol, saddr, daddr }, segment },
      length: end[i]! - transport,
      payload: bytes.slice(transport + tcp.size(segment), end[i]!),
    };
  });
}
