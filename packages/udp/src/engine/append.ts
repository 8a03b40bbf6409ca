/**
 * Bytes into a datagram (Linux `ip_append_data`): copied once, or taken from where they lie.
 * @module
 */
import { MAX_SKB_FRAGS, type SkBuff, wrapPage } from '@stack/skbuff';
import { SEND_SHUTDOWN, SO_EE_ORIGIN_LOCAL } from '@stack/skbuff/sock';
import { HLEN } from '../fields.ts';
import type { Cork } from './cork.ts';
import { MSG_DONTWAIT, MSG_MORE, MSG_ZEROCOPY } from './message.ts';
import type { Errno } from './ports.ts';
import type { Udp } from './udp.ts';
import type { UdpSock } from './udp-sock.ts';
import { zerocopyDone } from './zerocopy.ts';

/** Most bytes of a packet, headers included (Linux `IP_MAX_MTU`). */
const IP_MAX_MTU = 0xffff;
/** Most bytes that lie behind the headers in one piece, headers included: the pool's middle size. */
const LINEAR_MAX = 2048;
/** `IP_PMTUDISC_DO`: never fragment what we send. */
const IP_PMTUDISC_DO = 2;
/** `IP_PMTUDISC_PROBE`: never fragment, and do not mind the path's MTU either. */
export const IP_PMTUDISC_PROBE = 3;
/** `IP_PMTUDISC_OMIT`: fragment by the device's MTU. */
const IP_PMTUDISC_OMIT = 5;

/**
 * Adds `length` bytes to the datagram in `cork`, which this begins where there is none yet. A datagram that cannot take them
 * keeps what it has: the caller throws it away.
 */
export function append(
  udp: Udp,
  sk: UdpSock,
  cork: Cork,
  bytes: Uint8Array,
  offset: number,
  length: number,
  flags: number,
): Errno | undefined {
  const total = (cork.skb?.len ?? 0) + length + HLEN;
  const mtu = cork.gsoSize > 0 ? IP_MAX_MTU : cork.fragSize;
  if (total > (ignoresDf(sk) ? IP_MAX_MTU : mtu) - sk.family.headerLength) return tooLong(sk, cork, mtu);
  const failed = cork.skb === undefined ? begin(udp, sk, cork, length, flags) : more(udp, sk);
  if (failed !== undefined) return failed;
  const skb = cork.skb as unknown as SkBuff;
  const before = skb.truesize;
  const ok =
    (flags & MSG_ZEROCOPY) !== 0 && sk.zerocopy && length > 0
      ? addUserPage(sk, skb, bytes, offset, length)
      : addCopy(udp, skb, bytes, offset, length);
  sk.wmemAlloc += skb.truesize - before; // it was charged for before it grew
  if (ok) return undefined;
  udp.mib.Udp.SndbufErrors++;
  return 'ENOBUFS';
}

/** An empty datagram with room for headers, and for the bytes where they are few (Linux `sock_alloc_send_skb`). */
function begin(udp: Udp, sk: UdpSock, cork: Cork, length: number, flags: number): Errno | undefined {
  const error = sk.takeError();
  if (error !== '') return error;
  if ((sk.shutdown & SEND_SHUTDOWN) !== 0) return 'EPIPE';
  if (sk.wmemAlloc >= sk.sndbuf) {
    // Who waits for room and gets it has not failed.
    if ((flags & MSG_DONTWAIT) !== 0) udp.mib.Udp.SndbufErrors++;
    return 'EAGAIN';
  }
  const headroom = cork.dst.headroom + HLEN;
  const linear = (flags & (MSG_MORE | MSG_ZEROCOPY)) === 0 && headroom + length <= LINEAR_MAX;
  const skb = udp.options.pool.alloc(linear ? length : 0, headroom);
  if (skb === undefined) {
    udp.mib.Udp.SndbufErrors++;
    return 'ENOBUFS';
  }
  sk.setOwnerW(skb);
  cork.skb = skb;
  return undefined;
}

/** Whether a datagram that is held back may grow: it may overshoot the buffer once (Linux `__ip_append_data`). */
function more(udp: Udp, sk: UdpSock): Errno | undefined {
  if (sk.wmemAlloc <= 2 * sk.sndbuf) return undefined;
  udp.mib.Udp.SndbufErrors++;
  return 'ENOBUFS';
}

/** Copies bytes behind what is there. False at the pool's limit. */
function addCopy(udp: Udp, skb: SkBuff, bytes: Uint8Array, offset: number, length: number): boolean {
  if (length <= skb.tailroom) {
    const at = skb.put(length);
    if (length > 0) skb.bytes.set(piece(bytes, offset, length), at);
    return true;
  }
  const { frag } = udp;
  for (let done = 0; done < length; ) {
    const n = frag.take(length - done);
    const { page } = frag;
    if (n === 0 || page === undefined) return false;
    page.arena.bytes.set(piece(bytes, offset + done, n), frag.offset);
    if (!skb.growFrag(page, frag.offset, n)) {
      if (!skb.linearize()) return false;
      skb.addFrag(page.hold(), frag.offset, n);
    }
    done += n;
  }
  return true;
}

/** Takes the caller's bytes as they lie; the error queue tells when nobody needs them any more. */
function addUserPage(sk: UdpSock, skb: SkBuff, bytes: Uint8Array, offset: number, length: number): boolean {
  if (skb.nrFrags === MAX_SKB_FRAGS && !skb.linearize()) return false;
  const page = wrapPage(bytes);
  const key = sk.zcKey;
  sk.zcKey = (key + 1) >>> 0;
  page.onRelease = () => zerocopyDone(sk, key);
  skb.addFrag(page, offset, length);
  return true;
}

/** The bytes as an array of their own, where they are not that already. */
function piece(bytes: Uint8Array, offset: number, length: number): Uint8Array {
  return length === bytes.length ? bytes : bytes.subarray(offset, offset + length);
}

/** EMSGSIZE; with `IP_RECVERR` the error queue says how much would fit. */
function tooLong(sk: UdpSock, cork: Cork, mtu: number): Errno {
  if (sk.inet.recverr) {
    sk.queueError({
      errno: 'EMSGSIZE',
      origin: SO_EE_ORIGIN_LOCAL,
      type: 0,
      code: 0,
      info: mtu,
      data: 0,
      offender: undefined,
      address: cork.daddr,
      port: sk.dport, // Linux: the peer's, whoever the datagram was for
      payload: new Uint8Array(0),
    });
  }
  return 'EMSGSIZE';
}

/** Whether datagrams larger than the MTU may be fragmented here (Linux `ip_sk_ignore_df`). */
function ignoresDf(sk: UdpSock): boolean {
  const { pmtudisc } = sk.inet;
  return pmtudisc < IP_PMTUDISC_DO || pmtudisc === IP_PMTUDISC_OMIT;
}
