/**
 * Datagrams into receive queues (Linux `udp_queue_rcv_skb`, `__udp_enqueue_schedule_skb`).
 * @module
 */
import { CHECKSUM_UNNECESSARY, type SkBuff, segment } from '@stack/skbuff';
import { POLLIN } from '@stack/skbuff/sock';
import { HLEN, LEN } from '../fields.ts';
import type { Udp } from './udp.ts';
import type { UdpSock } from './udp-sock.ts';

/** Bytes in a page of `udp_mem`. */
const PAGE_SIZE = 4096;

/** Gives a verified datagram, `data` at its header, to a socket; a super-packet is cut for one that did not ask for such. */
export function deliver(udp: Udp, sk: UdpSock, skb: SkBuff): void {
  if (udp.probe !== undefined) udp.probe('udp_queue_rcv_skb', skb);
  skb.ipSummed = CHECKSUM_UNNECESSARY;
  if (skb.gsoSize === 0 || sk.gro) enqueue(udp, sk, skb);
  else cut(udp, sk, skb);
}

/** Each datagram of a super-packet alone (Linux `udp_rcv_segment`). */
function cut(udp: Udp, sk: UdpSock, skb: SkBuff): void {
  // Each part needs the network header: that is where its addresses are read.
  const above = skb.data - skb.networkHeader;
  const parts = skb.cow() ? segment(whole(skb, above), above + HLEN, fixLength) : undefined;
  if (parts === undefined) {
    udp.mib.Udp.MemErrors++;
    refuse(udp, sk, skb, 'NOMEM');
    return;
  }
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as SkBuff;
    part.pull(above);
    enqueue(udp, sk, part);
  }
  skb.free();
}

function whole(skb: SkBuff, above: number): SkBuff {
  skb.push(above);
  return skb;
}

function fixLength(part: SkBuff): void {
  const { transportHeader } = part;
  part.view.setUint16(transportHeader + LEN, part.len - (transportHeader - part.data));
}

/** Strips the header and queues, where there is room. */
function enqueue(udp: Udp, sk: UdpSock, skb: SkBuff): void {
  if (sk.closed) {
    udp.options.drop(skb, 'NO_SOCKET'); // by somebody who was woken just now
    return;
  }
  // An empty queue takes any datagram, however small the buffer is.
  if (sk.rmemAlloc + skb.truesize > sk.rcvbuf && sk.rmemAlloc > 0) {
    udp.mib.Udp.RcvbufErrors++;
    refuse(udp, sk, skb, 'SOCKET_RCVBUFF');
    return;
  }
  if (!mayCharge(udp, sk, skb.truesize)) {
    udp.mib.Udp.MemErrors++;
    refuse(udp, sk, skb, 'PROTO_MEM');
    return;
  }
  skb.pull(HLEN);
  skb.orphan();
  skb.sk = sk;
  skb.destructor = udpRfree;
  sk.rmemAlloc += skb.truesize;
  sk.memory.bytes += skb.truesize;
  sk.receiveQueue.push(skb);
  sk.wake?.(sk, POLLIN);
}

/** Whether `udp_mem` has room; a socket that holds little gets some in any case (Linux `__sk_mem_raise_allocated`). */
function mayCharge(udp: Udp, sk: UdpSock, bytes: number): boolean {
  const { udp_mem, udp_rmem_min } = udp.options.sysctl;
  const total = udp.memory.bytes + bytes;
  if (total <= udp_mem[1] * PAGE_SIZE) return true;
  return total <= udp_mem[2] * PAGE_SIZE || sk.rmemAlloc < udp_rmem_min;
}

function refuse(udp: Udp, sk: UdpSock, skb: SkBuff, reason: string): void {
  sk.drops++;
  udp.mib.Udp.InErrors++;
  udp.options.drop(skb, reason);
}

/** Destructor of a datagram in a receive queue. */
function udpRfree(skb: SkBuff): void {
  const sk = skb.sk as UdpSock;
  sk.rmemAlloc -= skb.truesize;
  sk.memory.bytes -= skb.truesize;
}
