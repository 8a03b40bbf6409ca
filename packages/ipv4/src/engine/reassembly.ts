/**
 * Fragments become datagrams again: RFC 791 §3.2, RFC 815, RFC 1122 §3.3.2, with the limits and the suspicion of Linux
 * ip_fragment.c. An overlap is an attack (RFC 1858, RFC 5722's reasoning): it costs the whole datagram.
 *
 * Bounded: `ipfrag_high_thresh` bytes of truesize in all, past which fragments are refused (as in Linux since 4.17, nothing is evicted);
 * a datagram waits `ipfrag_time`.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { daddr, flags, fragOff, headerLength, id, protocol, saddr, tos } from '../fields.ts';
import { FLAG_DF, FLAG_MF } from '../header.ts';
import { CB_FRAG_MAX_SIZE, ICMP_EXC_FRAGTIME, ICMP_TIME_EXCEEDED } from './constants.ts';
import { FragmentQueue } from './fragment-queue.ts';
import type { Ipv4 } from './ipv4.ts';
import { joinFragments } from './join-fragments.ts';
import { mix } from './multipath.ts';

const SECOND = 1_000_000;
/** Largest datagram, bytes; more than that is the ping of death. */
const IP_MAX = 65_535;

/** The datagrams that wait for fragments. */
export class Reassembly {
  readonly #ip: Ipv4;
  /** By a keyed hash of what identifies a datagram; queues of one hash are chained. */
  readonly #queues = new Map<number, FragmentQueue>();
  readonly #key: number;
  /** Truesize of all fragments that wait, bytes. */
  memory = 0;
  /** Datagrams that wait. */
  count = 0;

  /** @internal */
  constructor(ip: Ipv4) {
    this.#ip = ip;
    this.#key = ip.ports.random() | 0;
  }

  /** Takes a fragment over, `data` at its IP header; gives the datagram that it completes. */
  defrag(now: number, skb: SkBuff): SkBuff | undefined {
    const { mib, sysctl } = this.#ip;
    mib.Ip.ReasmReqds++;
    if (sysctl.ipfrag_high_thresh === 0 || this.memory > sysctl.ipfrag_high_thresh) {
      mib.Ip.ReasmFails++;
      this.#ip.ports.drop(skb, 'NOT_SPECIFIED');
      return undefined;
    }
    const queue = this.#find(now, skb);
    return this.#queue(now, queue, skb);
  }

  /** Drops all that waits: the host is shut down. */
  purge(): void {
    for (const first of [...this.#queues.values()]) {
      for (let queue: FragmentQueue | undefined = first; queue !== undefined; queue = queue.next) {
        this.#kill(queue);
        this.#free(queue);
      }
    }
  }

  #queue(now: number, queue: FragmentQueue, skb: SkBuff): SkBuff | undefined {
    const { ports, mib } = this.#ip;
    if (queue.fragments.length > 0 && this.#tooFar(queue)) this.#restart(now, queue);
    const { view } = skb;
    const at = skb.networkHeader;
    const hlen = headerLength(view, at);
    const offset = fragOff(view, at) * 8;
    const more = (flags(view, at) & FLAG_MF) !== 0;
    let end = offset + skb.len - hlen;
    // All but the last are multiples of 8 bytes; what is beyond is no part of the datagram.
    if (more) end &= ~7;
    if (end === offset || !queue.admits(end, more)) {
      this.#discard(queue, skb);
      return undefined;
    }
    skb.trim(hlen + end - offset);
    const verdict = queue.insert(skb, offset, end);
    if (verdict === 'DUP_FRAG') {
      ports.drop(skb, 'DUP_FRAG');
      return undefined;
    }
    if (verdict === 'OVERLAP') {
      mib.IpExt.ReasmOverlaps++;
      this.#discard(queue, skb);
      return undefined;
    }
    queue.note(skb, offset, end, more, (flags(view, at) & FLAG_DF) !== 0, tos(view, at) & 3);
    this.#charge(queue, skb.truesize);
    return queue.complete ? this.#assemble(queue) : undefined;
  }

  /** All is there: one packet of them. */
  #assemble(queue: FragmentQueue): SkBuff | undefined {
    const { mib } = this.#ip;
    this.#kill(queue);
    const first = queue.fragments[0] as SkBuff;
    const hlen = headerLength(first.view, first.networkHeader);
    const ecn = queue.ecnOfWhole();
    if (ecn < 0 || hlen + queue.length > IP_MAX) {
      mib.Ip.ReasmFails++;
      this.#free(queue);
      return undefined;
    }
    const whole = joinFragments(this.#ip.pool, queue, hlen, ecn);
    if (whole === undefined) {
      mib.Ip.ReasmFails++;
      this.#free(queue);
      return undefined;
    }
    whole.cb[CB_FRAG_MAX_SIZE] = queue.largest;
    mib.Ip.ReasmOKs++;
    return whole;
  }

  /** Whether too many of the sender's other datagrams passed since the last fragment: ids may have wrapped. */
  #tooFar(queue: FragmentQueue): boolean {
    const most = this.#ip.sysctl.ipfrag_max_dist;
    const { peer, rid } = queue;
    peer.rid = (peer.rid + 1) | 0;
    queue.rid = peer.rid;
    return most > 0 && ((peer.rid - rid) | 0) > most;
  }

  #restart(now: number, queue: FragmentQueue): void {
    this.#ip.mib.Ip.ReasmFails++;
    this.#uncharge(queue);
    this.#drop(queue, 'FRAG_TOO_FAR');
    queue.restart();
    queue.timer?.mod(now + this.#lifetime());
  }

  /** RFC 1122 §3.3.2: time is up. */
  expire(now: number, queue: FragmentQueue): void {
    if (queue.dead) return;
    const { ports, mib } = this.#ip;
    this.#kill(queue);
    mib.Ip.ReasmFails++;
    mib.Ip.ReasmTimeout++;
    const first = queue.fragments[0];
    // RFC 792: without fragment zero no message is sent.
    if (queue.firstSeen && first !== undefined && this.#ip.devices.has(first.ifindex)) {
      ports.icmpSend(now, first, ICMP_TIME_EXCEEDED, ICMP_EXC_FRAGTIME, 0);
    }
    this.#drop(queue, 'FRAG_REASM_TIMEOUT');
  }

  /** A fragment that cannot be: nothing of the datagram can be believed. */
  #discard(queue: FragmentQueue, skb: SkBuff): void {
    this.#kill(queue);
    this.#ip.mib.Ip.ReasmFails++;
    this.#free(queue);
    this.#ip.ports.drop(skb, 'NOT_SPECIFIED');
  }

  /** Linux: the fragment at fault is dropped for a reason, the others are just gone. */
  #free(queue: FragmentQueue): void {
    for (let one = queue.pop(); one !== undefined; one = queue.pop()) one.free();
  }

  #drop(queue: FragmentQueue, reason: string): void {
    for (let one = queue.pop(); one !== undefined; one = queue.pop()) this.#ip.ports.drop(one, reason);
  }

  #find(now: number, skb: SkBuff): FragmentQueue {
    const { view } = skb;
    const at = skb.networkHeader;
    const from = saddr(view, at);
    const to = daddr(view, at);
    const ident = id(view, at);
    const kind = protocol(view, at);
    const hash = mix(mix(mix(this.#key, from), to), (ident << 8) | kind);
    for (let queue = this.#queues.get(hash); queue !== undefined; queue = queue.next) {
      if (queue.saddr === from && queue.daddr === to && queue.id === ident && queue.protocol === kind)
        return queue;
    }
    const peer = this.#ip.peers.get(from);
    const queue = new FragmentQueue(hash, from, to, ident, kind, peer);
    peer.rid = (peer.rid + 1) | 0;
    queue.rid = peer.rid;
    queue.next = this.#queues.get(hash);
    this.#queues.set(hash, queue);
    this.count++;
    queue.timer = this.#ip.ports.timers.timer(expire, { reassembly: this, queue });
    queue.timer.mod(now + this.#lifetime());
    return queue;
  }

  #lifetime(): number {
    return this.#ip.sysctl.ipfrag_time * SECOND;
  }

  /** No more fragments are awaited. */
  #kill(queue: FragmentQueue): void {
    queue.dead = true;
    queue.timer?.del();
    this.#uncharge(queue);
    this.count--;
    const first = this.#queues.get(queue.hash);
    if (first === queue) {
      if (queue.next === undefined) this.#queues.delete(queue.hash);
      else this.#queues.set(queue.hash, queue.next);
      return;
    }
    for (let one = first; one !== undefined; one = one.next) if (one.next === queue) one.next = queue.next;
  }

  #charge(queue: FragmentQueue, truesize: number): void {
    queue.memory += truesize;
    this.memory += truesize;
  }

  #uncharge(queue: FragmentQueue): void {
    this.memory -= queue.memory;
    queue.memory = 0;
  }
}

function expire(now: number, { reassembly, queue }: { reassembly: Reassembly; queue: FragmentQueue }): void {
  reassembly.expire(now, queue);
}
