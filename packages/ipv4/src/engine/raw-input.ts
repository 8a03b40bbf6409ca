/**
 * Packets and errors for raw sockets: Linux `raw_v4_input`, `raw_err`.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { SO_EE_ORIGIN_ICMP } from '@stack/skbuff/sock';
import { daddr, saddr } from '../fields.ts';
import { IPPROTO_ICMP } from '../protocol.ts';
import { ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, IP_PMTUDISC_DONT } from './constants.ts';
import type { Ipv4 } from './ipv4.ts';
import { allowsSource } from './multicast-sock.ts';
import type { Quote } from './ports.ts';
import type { RawSock } from './raw-sock.ts';

/** Gives a copy, which shares the bytes, to each socket that wants it; whether one is there. `data` is at the IP header. */
export function rawReceive(ip: Ipv4, skb: SkBuff, protocol: number): boolean {
  const list = ip.raw.sockets[protocol] as RawSock[];
  const from = saddr(skb.view, skb.networkHeader);
  const to = daddr(skb.view, skb.networkHeader);
  let found = false;
  for (let i = 0; i < list.length; i++) {
    const sk = list[i] as RawSock;
    if (!isFor(sk, to, from, skb.ifindex)) continue;
    if (sk.rmemAlloc >= sk.rcvbuf) {
      sk.drops++;
      continue;
    }
    found = true;
    if (protocol === IPPROTO_ICMP && isFiltered(sk, skb)) continue;
    if (!allowsSource(sk.inet, to, from, skb.ifindex)) continue;
    const copy = skb.clone();
    if (!sk.queueRcv(copy)) copy.free();
  }
  return found;
}

/** An ICMP error about a packet that a raw socket may have sent. */
export function rawError(ip: Ipv4, _now: number, quote: Quote): void {
  const { errno, type, code } = quote;
  if (errno === '') return; // source quench, redirect
  const tooBig = type === ICMP_DEST_UNREACH && code === ICMP_FRAG_NEEDED;
  for (const sk of ip.raw.sockets[quote.protocol] as RawSock[]) {
    if (!isFor(sk, quote.saddr, quote.daddr, quote.ifindex)) continue;
    const hard = tooBig ? sk.inet.pmtudisc !== IP_PMTUDISC_DONT : quote.fatal;
    // Who is not connected cannot tell whom it is about.
    if (!sk.inet.recverr && (sk.state !== 'ESTABLISHED' || !hard)) continue;
    if (sk.inet.recverr) {
      sk.queueError({
        errno,
        origin: SO_EE_ORIGIN_ICMP,
        type,
        code,
        info: quote.info,
        data: 0,
        offender: quote.offender,
        address: quote.daddr,
        port: 0,
        payload: quoted(quote),
      });
    }
    sk.reportError(errno);
  }
}

/** What came back of the packet from its transport header on. */
function quoted({ view, at, length }: Quote): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = view.getUint8(at + i);
  return bytes;
}

/** Whether packets to `local` from `remote` on a device are a socket's. */
function isFor(sk: RawSock, local: number, remote: number, ifindex: number): boolean {
  if (sk.daddr !== 0 && sk.daddr !== remote) return false;
  if (sk.rcvSaddr !== 0 && sk.rcvSaddr !== local) return false;
  return sk.boundDevIf === 0 || sk.boundDevIf === ifindex;
}

function isFiltered(sk: RawSock, skb: SkBuff): boolean {
  if (sk.icmpFilter === 0) return false;
  const at = skb.transportHeader;
  if (at >= skb.tail && !skb.mayPull(at - skb.data + 1)) return true;
  const type = skb.view.getUint8(skb.transportHeader);
  return type < 32 && ((sk.icmpFilter >>> type) & 1) !== 0;
}
