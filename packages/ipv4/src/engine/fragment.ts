/**
 * One packet into several that fit: RFC 791 §3.2, "An Example Fragmentation Procedure"; Linux `ip_fragment`.
 * @module
 */
import { appendRange, CHECKSUM_PARTIAL, checksumHelp, type SkBuff } from '@stack/skbuff';
import { flags as flagsOf, fragOff as fragOffOf, HLEN, headerLength } from '../fields.ts';
import { FLAG_DF, FLAG_MF, sendCheck } from '../header.ts';
import { IPOPT_END, IPOPT_NOOP } from '../option-kinds.ts';
import { CB_FLAGS, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, IPSKB_IGNORE_DF } from './constants.ts';
import { copyBytes } from './copy-bytes.ts';
import type { Dst } from './dst.ts';
import type { Ipv4 } from './ipv4.ts';
import { transmit } from './output.ts';
import { DROP, type Errno, OK } from './ports.ts';

/** Fragments a packet, or refuses one whose DF is meant. Takes it over. */
export function fragmentOrRefuse(ip: Ipv4, now: number, skb: SkBuff, dst: Dst, mtu: number): number | Errno {
  const df = (flagsOf(skb.view, skb.networkHeader) & FLAG_DF) !== 0;
  if (df && ((skb.cb[CB_FLAGS] as number) & IPSKB_IGNORE_DF) === 0) {
    ip.mib.Ip.FragFails++;
    ip.ports.icmpSend(now, skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, mtu);
    ip.ports.drop(skb, 'PKT_TOO_BIG');
    return 'EMSGSIZE';
  }
  return fragment(ip, now, skb, dst, mtu);
}

/**
 * Sends `skb`, data at the IP header, as fragments of at most `mtu` bytes, payload by reference. Takes it over. `EMSGSIZE`: not even
 * eight bytes fit behind the header. What a device refuses ends it, as in Linux: the datagram is lost anyhow.
 */
export function fragment(ip: Ipv4, now: number, skb: SkBuff, dst: Dst, mtu: number): number | Errno {
  if (ip.probe !== undefined) ip.probe('ip_do_fragment', skb);
  const at = skb.data;
  const hlen = headerLength(skb.view, at);
  const most = (mtu - hlen) & ~7; // offsets count in units of 8 bytes
  // A transport checksum is over the whole: it is completed before the whole is gone.
  if (most < 8 || !skb.mayPull(hlen) || !completeChecksum(skb)) {
    ip.mib.Ip.FragFails++;
    ip.ports.drop(skb, most < 8 ? 'PKT_TOO_BIG' : 'NOMEM');
    return most < 8 ? 'EMSGSIZE' : 'ENOBUFS';
  }
  const payload = skb.len - hlen;
  for (let offset = 0; offset < payload; offset += most) {
    const part = cut(ip, skb, dst, hlen, offset, Math.min(most, payload - offset));
    const result = part === undefined ? 'ENOBUFS' : transmit(ip, now, part, dst);
    if (result !== OK) {
      ip.mib.Ip.FragFails++;
      if (result === DROP) skb.free();
      else ip.ports.drop(skb, 'NOMEM');
      return result;
    }
    ip.mib.Ip.FragCreates++;
  }
  ip.mib.Ip.FragOKs++;
  skb.free();
  return OK;
}

/** Does what a device would have; false without memory, and where the packet has no such place: a device that lies is no reason to throw. */
function completeChecksum(skb: SkBuff): boolean {
  if (skb.ipSummed !== CHECKSUM_PARTIAL) return true;
  const start = skb.csumStart - skb.data;
  if (start < 0 || skb.csumOffset < 0 || start + skb.csumOffset + 2 > skb.len) return false;
  return checksumHelp(skb);
}

/** The fragment with `length` bytes from `offset` of the payload; `undefined` without memory. */
function cut(
  ip: Ipv4,
  skb: SkBuff,
  dst: Dst,
  hlen: number,
  offset: number,
  length: number,
): SkBuff | undefined {
  const part = ip.pool.alloc(hlen, dst.dev.hardHeaderLen);
  if (part === undefined) return undefined;
  const from = skb.data;
  const at = part.put(hlen);
  copyBytes(skb.bytes, from, part.bytes, at, hlen);
  if (!appendRange(part, skb, hlen + offset, length)) {
    // More runs than an skb holds: then as one run.
    if (!takeCopy(ip, part, skb, hlen + offset, length)) {
      part.free();
      return undefined;
    }
  }
  const { view } = part;
  const first = fragOffOf(skb.view, from);
  const last = hlen + offset + length === skb.len;
  const more = !last || (flagsOf(skb.view, from) & FLAG_MF) !== 0;
  view.setUint16(at + 2, hlen + length);
  view.setUint16(at + 6, ((more ? FLAG_MF << 13 : 0) | (first + (offset >>> 3))) & 0xffff);
  if (offset > 0 && hlen > HLEN) blankOptions(view, at, hlen);
  sendCheck(view, at);
  inherit(part, skb, at);
  if (offset === 0) {
    part.txFlags = skb.txFlags;
    part.tskey = skb.tskey;
  }
  return part;
}

/** Options without the copied flag are in the first fragment alone; the others keep their place as no-operations (RFC 791 §3.1). */
function blankOptions(view: DataView, at: number, hlen: number): void {
  for (let i = at + HLEN; i < at + hlen; ) {
    const kind = view.getUint8(i);
    if (kind === IPOPT_END) return;
    if (kind === IPOPT_NOOP) {
      i++;
      continue;
    }
    const length = i + 1 < at + hlen ? view.getUint8(i + 1) : 0;
    if (length < 2 || i + length > at + hlen) return;
    if ((kind & 0x80) === 0) for (let k = 0; k < length; k++) view.setUint8(i + k, IPOPT_NOOP);
    i += length;
  }
}

function takeCopy(ip: Ipv4, part: SkBuff, skb: SkBuff, offset: number, length: number): boolean {
  const page = ip.pool.page(length);
  if (page === undefined) return false;
  skb.copyBits(offset, page.arena.bytes, page.start, length);
  part.addFrag(page, page.start, length);
  return true;
}

interface Charges {
  setOwnerW?(skb: SkBuff): void;
}

/** What a fragment has of the whole, besides bytes (Linux `ip_copy_metadata`). */
function inherit(part: SkBuff, skb: SkBuff, at: number): void {
  part.protocol = skb.protocol;
  part.dev = skb.dev;
  part.ifindex = skb.ifindex;
  part.pktType = skb.pktType;
  part.priority = skb.priority;
  part.mark = skb.mark;
  part.hash = skb.hash;
  part.tstamp = skb.tstamp;
  part.networkHeader = at;
  part.cb[CB_FLAGS] = skb.cb[CB_FLAGS] as number;
  if (skb.destructor !== undefined) (skb.sk as Charges | undefined)?.setOwnerW?.(part);
}
