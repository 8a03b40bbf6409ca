/**
 * Ping sockets (Linux net/ipv4/ping.c): echo requests without privilege. The identifier is the socket's, as a port is.
 * @module
 */
import { requireRange, type SkBuff } from '@stack/skbuff';
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  SHUTDOWN_MASK,
  setupTxTimestamp,
} from '@stack/skbuff/sock';
import { sendCheck } from '../checksum.ts';
import { CHECK, HLEN, ID } from '../fields.ts';
import { ICMP_ECHO, ICMP_EXT_ECHO } from '../types.ts';
import { isMulticast } from './address.ts';
import type { Icmp } from './icmp.ts';
import { type Message, MSG_DONTWAIT, MSG_ERRQUEUE, MSG_OOB, MSG_PEEK, MSG_TRUNC } from './message.ts';
import { recvError } from './ping-error.ts';
import { PingSock } from './ping-sock.ts';
import type { Dst, Errno, Inet } from './ports.ts';
import { transmit } from './send.ts';

/** Identifiers there are: 1 to 65535. */
const IDS = 0xffff;
/** `IP_PMTUDISC_DO` and `IP_PMTUDISC_PROBE`, `IP_PMTUDISC_INTERFACE`: never fragment. */
const NEVER_FRAGMENTS: readonly number[] = [2, 3, 4];

/** The ping sockets of a host. No call waits: one that would answers `EAGAIN`, and `sk.wake` tells. */
export class Ping {
  /** Sockets by identifier, newest last. @internal */
  readonly table: Map<number, PingSock[]> = new Map();
  readonly #icmp: Icmp;

  /** Use `Icmp.ping`. */
  constructor(icmp: Icmp) {
    this.#icmp = icmp;
  }

  /** A new socket. `inet` is from the network layer. */
  socket(inet: Inet): PingSock {
    return new PingSock(inet);
  }

  /** Gives it an address and an identifier; 0 takes a free one. EADDRNOTAVAIL, EINVAL (has one already), EADDRINUSE. */
  bind(_now: number, sk: PingSock, address: number, port: number): Errno | undefined {
    const { isLocal } = this.#icmp.options;
    if (address !== 0 && !sk.inet.freebind && !isLocal(address)) return 'EADDRNOTAVAIL';
    if (sk.num !== 0) return 'EINVAL';
    if (!this.#take(sk, port)) return 'EADDRINUSE';
    sk.rcvSaddr = address;
    sk.saddr = address;
    sk.boundAddress = address !== 0;
    sk.boundPort = port !== 0;
    return undefined;
  }

  /** Sets where requests go. Replies of others are heard all the same, as in Linux. EAGAIN, EACCES, and what routing says. */
  connect(now: number, sk: PingSock, address: number, port: number): Errno | undefined {
    if (!this.#autobind(sk)) return 'EAGAIN';
    const dst = this.#route(now, sk, address, undefined);
    if (typeof dst === 'string') return dst;
    if (dst.type === 'broadcast' && !sk.broadcast) return 'EACCES';
    const { flow } = this.#icmp;
    if (sk.saddr === 0) sk.saddr = flow.saddr;
    if (sk.rcvSaddr === 0) sk.rcvSaddr = flow.saddr;
    sk.daddr = flow.daddr;
    sk.dport = port;
    sk.state = 'ESTABLISHED';
    return undefined;
  }

  /** `connect` with `AF_UNSPEC`. */
  disconnect(_now: number, sk: PingSock): Errno | undefined {
    sk.state = 'CLOSE';
    sk.daddr = 0;
    sk.dport = 0;
    sk.boundDevIf = 0;
    if (!sk.boundAddress) {
      sk.saddr = 0;
      sk.rcvSaddr = 0;
    }
    if (!sk.boundPort) this.#give(sk);
    return undefined;
  }

  /**
   * Sends an echo request: `bytes` are its ICMP header, whose identifier and checksum are filled in, and its data. Gives `length`.
   * EINVAL (shorter than a header, or no echo request), EMSGSIZE, EOPNOTSUPP, EDESTADDRREQ, EACCES, EPIPE, EAGAIN, ENOBUFS, the
   * pending error, and what routing says.
   */
  sendmsg(
    now: number,
    sk: PingSock,
    bytes: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    message?: Message,
  ): number | Errno {
    requireRange('icmp', 'offset', offset, bytes.length);
    requireRange('icmp', 'length', length, bytes.length - offset);
    if (!this.#autobind(sk)) return 'EAGAIN';
    if (length > 0xffff) return 'EMSGSIZE';
    if (length < HLEN) return 'EINVAL';
    if ((flags & MSG_OOB) !== 0) return 'EOPNOTSUPP';
    const type = bytes[offset] as number;
    if ((type !== ICMP_ECHO && type !== ICMP_EXT_ECHO) || bytes[offset + 1] !== 0) return 'EINVAL';
    const daddr = message?.address ?? (sk.state === 'ESTABLISHED' ? sk.daddr : undefined);
    if (daddr === undefined) return 'EDESTADDRREQ';
    const dst = this.#route(now, sk, daddr, message);
    if (typeof dst === 'string') return dst;
    if (dst.type === 'broadcast' && !sk.broadcast) return 'EACCES';
    const refused = this.#refuses(now, sk, dst, length);
    if (refused !== undefined) return refused;
    const skb = this.#icmp.options.pool.alloc(length, dst.headroom);
    if (skb === undefined) return 'ENOBUFS';
    sk.setOwnerW(skb);
    const at = skb.put(length);
    skb.bytes.set(bytes.subarray(offset, offset + length), at);
    skb.view.setUint16(at + ID, sk.num);
    skb.view.setUint16(at + CHECK, 0);
    sendCheck(skb.view, at, length);
    setupTxTimestamp(sk, skb, message?.tsflags ?? -1, message?.tskey ?? -1);
    const result = transmit(now, this.#icmp, skb, dst, type);
    if (typeof result === 'string') return result === 'ENOBUFS' && !sk.inet.recverr ? length : result;
    return length;
  }

  /**
   * Copies the next message, from its ICMP header on, and says in `message` whose it was. Gives the bytes copied. EAGAIN, 0 after
   * `shutdown` for who would have waited, and the pending error.
   */
  recvmsg(
    _now: number,
    sk: PingSock,
    into: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    message?: Message,
  ): number | Errno {
    requireRange('icmp', 'offset', offset, into.length);
    requireRange('icmp', 'length', length, into.length - offset);
    if ((flags & MSG_OOB) !== 0) return 'EOPNOTSUPP';
    if ((flags & MSG_ERRQUEUE) !== 0) return recvError(sk, into, offset, length, message);
    const error = sk.takeError();
    if (error !== '') return error;
    const skb = sk.receiveQueue.first;
    if (skb === undefined) {
      return (sk.shutdown & RCV_SHUTDOWN) !== 0 && (flags & MSG_DONTWAIT) === 0 ? 0 : 'EAGAIN';
    }
    const copied = Math.min(length, skb.len);
    skb.copyBits(0, into, offset, copied);
    if (message !== undefined) describe(sk, skb, message, copied < skb.len ? MSG_TRUNC : 0);
    if ((flags & MSG_PEEK) !== 0) return copied;
    sk.receiveQueue.remove(skb);
    skb.free();
    return copied;
  }

  /** `how`: RCV_SHUTDOWN, SEND_SHUTDOWN or both. EINVAL; ENOTCONN, and done all the same, where there is no peer. */
  shutdown(_now: number, sk: PingSock, how: number): Errno | undefined {
    if (how < 1 || how > SHUTDOWN_MASK) return 'EINVAL';
    sk.shutdown |= how;
    sk.wake?.(sk, POLLIN | POLLOUT | POLLHUP);
    return sk.state === 'CLOSE' ? 'ENOTCONN' : undefined;
  }

  /** Gives up the identifier and what is queued. */
  close(_now: number, sk: PingSock): void {
    if (sk.closed) return;
    sk.closed = true;
    sk.wake = undefined;
    sk.shutdown = SHUTDOWN_MASK;
    this.#give(sk);
    sk.state = 'CLOSE';
    sk.purgeQueues();
  }

  /** `POLL*` bits that hold now. */
  poll(sk: PingSock): number {
    let events = 0;
    if (sk.err !== '' || (sk.errorQueue !== undefined && sk.errorQueue.length > 0)) events |= POLLERR;
    if ((sk.shutdown & RCV_SHUTDOWN) !== 0) events |= POLLRDHUP | POLLIN;
    if (sk.shutdown === SHUTDOWN_MASK) events |= POLLHUP;
    if (sk.receiveQueue.first !== undefined) events |= POLLIN;
    if (sk.wmemAlloc * 2 < sk.sndbuf) events |= POLLOUT;
    return events;
  }

  /** A reply, `data` at its ICMP header: queued for the socket that asked. Why it is dropped, or `undefined`. @internal */
  receive(skb: SkBuff): string | undefined {
    const daddr = skb.view.getUint32(skb.networkHeader + 16);
    const sk = this.lookup(skb.view.getUint16(skb.data + ID), daddr, skb.ifindex);
    if (sk === undefined) return 'NO_SOCKET';
    return sk.queueRcv(skb) ? undefined : 'SOCKET_RCVBUFF';
  }

  /** Who has identifier `id` at `address`. @internal */
  lookup(id: number, address: number, ifindex: number): PingSock | undefined {
    const list = this.table.get(id);
    if (list === undefined) return undefined;
    for (let i = list.length - 1; i >= 0; i--) {
      const sk = list[i] as PingSock;
      if (sk.rcvSaddr !== 0 && sk.rcvSaddr !== address) continue;
      if (sk.boundDevIf === 0 || sk.boundDevIf === ifindex) return sk;
    }
    return undefined;
  }

  /** Whether the socket may send now, and this much. */
  #refuses(now: number, sk: PingSock, dst: Dst, length: number): Errno | undefined {
    const error = sk.takeError();
    if (error !== '') return error;
    if ((sk.shutdown & SEND_SHUTDOWN) !== 0) return 'EPIPE';
    const limit = NEVER_FRAGMENTS.includes(sk.inet.pmtudisc) ? dst.mtu(now) : 0xffff;
    if (length > limit - 20) return 'EMSGSIZE';
    return sk.wmemAlloc >= sk.sndbuf ? 'EAGAIN' : undefined;
  }

  #route(now: number, sk: PingSock, daddr: number, message: Message | undefined): Dst | Errno {
    const { flow, options } = this.#icmp;
    const { inet } = sk;
    const multicast = isMulticast(daddr);
    flow.daddr = daddr;
    flow.saddr = message?.source ?? sk.saddr;
    flow.oif = message !== undefined && message.ifindex !== 0 ? message.ifindex : sk.boundDevIf;
    if (flow.oif === 0) flow.oif = multicast ? inet.mcIndex : inet.ucIndex;
    if (multicast && flow.saddr === 0) flow.saddr = inet.mcAddr;
    flow.tos = message !== undefined && message.tos >= 0 ? message.tos : inet.tos;
    flow.ttl = multicast ? inet.mcTtl : inet.ttl;
    if (message !== undefined && message.ttl > 0) flow.ttl = message.ttl;
    flow.mark = message !== undefined && message.mark >= 0 ? message.mark : sk.mark;
    flow.priority = sk.priority;
    flow.sport = ICMP_ECHO;
    flow.dport = 0;
    flow.options = undefined;
    flow.inet = inet;
    return options.route(now, flow);
  }

  #autobind(sk: PingSock): boolean {
    return sk.num !== 0 || this.#take(sk, 0);
  }

  /** Files the socket under an identifier, a free one for 0. False where that is taken. */
  #take(sk: PingSock, wanted: number): boolean {
    const id = wanted === 0 ? this.#freeId() : wanted;
    if (id === 0) return false;
    const list = this.table.get(id);
    if (list === undefined) this.table.set(id, [sk]);
    else {
      if (!sk.reuse || list.some((other) => !other.reuse)) return false;
      list.push(sk);
    }
    sk.num = id;
    return true;
  }

  #freeId(): number {
    const first = this.#icmp.options.random() % IDS;
    for (let i = 0; i < IDS; i++) {
      const id = 1 + ((first + i) % IDS);
      if (!this.table.has(id)) return id;
    }
    return 0;
  }

  #give(sk: PingSock): void {
    const list = this.table.get(sk.num);
    if (list === undefined) return;
    const rest = list.filter((other) => other !== sk);
    if (rest.length === 0) this.table.delete(sk.num);
    else this.table.set(sk.num, rest);
    sk.num = 0;
  }
}

function describe(sk: PingSock, skb: SkBuff, message: Message, flags: number): void {
  const { view, networkHeader } = skb;
  message.address = view.getUint32(networkHeader + 12);
  message.port = 0;
  message.flags = flags;
  message.source = sk.inet.pktinfo ? view.getUint32(networkHeader + 16) : undefined;
  message.ifindex = skb.ifindex;
  message.ttl = skb.ttl;
  message.tos = skb.tos;
  message.mark = -1;
  message.tstamp = skb.tstamp;
  message.error = undefined;
}
