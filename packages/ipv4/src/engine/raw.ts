/**
 * Raw sockets (raw(7)): the calls. None waits: one that would answers `EAGAIN`, and `sk.wake` tells.
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
  SHUTDOWN_MASK,
} from '@stack/skbuff/sock';
import { isMulticast } from '../address.ts';
import { daddr, saddr } from '../fields.ts';
import { IPPROTO_ICMP } from '../protocol.ts';
import { addressType } from './address-type.ts';
import type { Ipv4 } from './ipv4.ts';
import { MSG_DONTWAIT, MSG_ERRQUEUE, MSG_OOB, MSG_PEEK, MSG_TRUNC, type RawMessage } from './message.ts';
import { leaveAll } from './multicast-sock.ts';
import type { Errno } from './ports.ts';
import { sendmsg } from './raw-output.ts';
import { RawSock } from './raw-sock.ts';
import { FLOWI_FLAG_ANYSRC, FLOWI_FLAG_ONLINK } from './route-output.ts';
import { specDst } from './spec-dst.ts';

/** The raw sockets of one host. */
export class Raw {
  readonly #ip: Ipv4;
  /** By protocol; `undefined` = none. @internal */
  readonly sockets: (RawSock[] | undefined)[] = new Array(256).fill(undefined);

  /** @internal */
  constructor(ip: Ipv4) {
    this.#ip = ip;
  }

  /** A new socket of a protocol, u8. `EPROTONOSUPPORT`: 0, which no packet can be waited for with. */
  socket(protocol: number): RawSock | Errno {
    if (!Number.isInteger(protocol) || protocol <= 0 || protocol > 0xff) return 'EPROTONOSUPPORT';
    const sk = new RawSock(protocol, this.#ip.inet());
    const list = this.sockets[protocol];
    if (list === undefined) this.sockets[protocol] = [sk];
    else list.push(sk);
    return sk;
  }

  /** Whether some socket is of a protocol. */
  any(protocol: number): boolean {
    return this.sockets[protocol] !== undefined;
  }

  /** Gives the socket an address. `EINVAL`: connected; `EADDRNOTAVAIL`: not ours. */
  bind(_now: number, sk: RawSock, address: number): Errno | undefined {
    if (sk.state !== 'CLOSE') return 'EINVAL';
    if (!this.#ip.mayBind(sk.inet, address)) return 'EADDRNOTAVAIL';
    const type = addressType(this.#ip, address);
    sk.rcvSaddr = address;
    // Nobody sends from a group or a broadcast address.
    sk.saddr = address === 0 || type === 'multicast' || type === 'broadcast' ? 0 : address;
    sk.bound = address !== 0;
    return undefined;
  }

  /** Sets the peer: the only one it hears, and the default one to send to. `EACCES`: broadcast without `SO_BROADCAST`; or what the routes say. */
  connect(now: number, sk: RawSock, address: number): Errno | undefined {
    const { inet } = sk;
    const multicast = isMulticast(address);
    const flow = {
      daddr: address,
      saddr: sk.saddr === 0 && multicast ? inet.mcAddr : sk.saddr,
      oif: sk.boundDevIf || (multicast ? inet.mcIndex : inet.ucIndex),
      tos: inet.tos,
      mark: sk.mark,
      protocol: sk.protocol,
      sport: 0,
      dport: 0,
      flags:
        (inet.hdrincl || inet.transparent ? FLOWI_FLAG_ANYSRC : 0) | (sk.localRoute ? FLOWI_FLAG_ONLINK : 0),
    };
    const dst = this.#ip.routeOutput(now, flow);
    if (typeof dst === 'string') return dst;
    if (dst.type === 'broadcast' && !sk.broadcast) return 'EACCES';
    if (sk.saddr === 0) sk.saddr = flow.saddr;
    if (sk.rcvSaddr === 0) sk.rcvSaddr = flow.saddr;
    sk.daddr = flow.daddr;
    sk.state = 'ESTABLISHED';
    inet.connect(this.#ip.ports.random());
    return undefined;
  }

  /** `connect` with `AF_UNSPEC`: forgets the peer, and an address that was not bound. */
  disconnect(_now: number, sk: RawSock): undefined {
    sk.state = 'CLOSE';
    sk.daddr = 0;
    sk.boundDevIf = 0; // Linux: the device goes as well
    sk.inet.connected = false;
    if (!sk.bound) {
      sk.saddr = 0;
      sk.rcvSaddr = 0;
    }
    return undefined;
  }

  /**
   * Sends `length` bytes of `bytes` from `offset` as one packet: behind a header of ours, or with `IP_HDRINCL` with their own, whose
   * source, identification, length and checksum are filled in as raw(7) says. Gives `length`.
   * `EMSGSIZE`, `EOPNOTSUPP` (`MSG_OOB`), `EDESTADDRREQ`, `EACCES` (broadcast), `EINVAL` (a header that is none), `EPIPE`, `EAGAIN` (no
   * send buffer), `ENOBUFS`, the pending error, or what the routes say.
   */
  sendmsg(
    now: number,
    sk: RawSock,
    bytes: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    message: RawMessage | undefined = undefined,
  ): number | Errno {
    requireRange('ipv4', 'offset', offset, bytes.length);
    requireRange('ipv4', 'length', length, bytes.length - offset);
    return sendmsg(this.#ip, now, sk, bytes, offset, length, flags, message);
  }

  /**
   * Copies the next packet, IP header included, to `into` from `offset`, at most `length` bytes, and says in `message` whose it was.
   * Gives the bytes copied, or with `MSG_TRUNC` the packet's length. `EAGAIN`: nothing there; `EOPNOTSUPP` (`MSG_OOB`);
   * or the pending error.
   */
  recvmsg(
    _now: number,
    sk: RawSock,
    into: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    message: RawMessage | undefined = undefined,
  ): number | Errno {
    requireRange('ipv4', 'offset', offset, into.length);
    requireRange('ipv4', 'length', length, into.length - offset);
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
    const result = (flags & MSG_TRUNC) !== 0 ? skb.len : copied;
    if (message !== undefined) describe(this.#ip, sk, skb, message, copied < skb.len ? MSG_TRUNC : 0);
    if ((flags & MSG_PEEK) === 0) {
      sk.receiveQueue.remove(skb);
      skb.free();
    }
    return result;
  }

  /** `how`: RCV_SHUTDOWN, SEND_SHUTDOWN or both. `ENOTCONN`, and done all the same, where there is no peer. */
  shutdown(_now: number, sk: RawSock, how: number): Errno | undefined {
    if (how < 1 || how > SHUTDOWN_MASK) return 'EINVAL';
    sk.shutdown |= how;
    sk.wake?.(sk, POLLIN | POLLOUT | POLLHUP);
    return sk.state === 'CLOSE' ? 'ENOTCONN' : undefined;
  }

  /** Gives up the socket, its groups and what is queued. */
  close(now: number, sk: RawSock): void {
    if (sk.closed) return;
    sk.closed = true;
    sk.wake = undefined;
    sk.shutdown = SHUTDOWN_MASK;
    leaveAll(this.#ip, now, sk.inet);
    const list = this.sockets[sk.protocol]?.filter((one) => one !== sk);
    this.sockets[sk.protocol] = list === undefined || list.length === 0 ? undefined : list;
    sk.purgeQueues();
  }

  /** `POLL*` bits that hold now. */
  poll(sk: RawSock): number {
    let events = 0;
    if (sk.err !== '' || (sk.errorQueue !== undefined && sk.errorQueue.length > 0)) events |= POLLERR;
    if ((sk.shutdown & RCV_SHUTDOWN) !== 0) events |= POLLRDHUP | POLLIN;
    if (sk.shutdown === SHUTDOWN_MASK) events |= POLLHUP;
    if (sk.receiveQueue.first !== undefined) events |= POLLIN;
    if (sk.wmemAlloc * 2 < sk.sndbuf) events |= POLLOUT;
    return events;
  }

  /** Sets `ICMP_FILTER` of level SOL_RAW, u32. `EOPNOTSUPP`: not an ICMP socket; `ENOPROTOOPT`. */
  setsockopt(_now: number, sk: RawSock, name: string, value: number): Errno | undefined {
    if (name !== 'ICMP_FILTER') return 'ENOPROTOOPT';
    if (sk.protocol !== IPPROTO_ICMP) return 'EOPNOTSUPP';
    sk.icmpFilter = value >>> 0;
    return undefined;
  }

  /** The value of `ICMP_FILTER`. Errors as {@link setsockopt}. */
  getsockopt(_now: number, sk: RawSock, name: string): number | Errno {
    if (name !== 'ICMP_FILTER') return 'ENOPROTOOPT';
    return sk.protocol === IPPROTO_ICMP ? sk.icmpFilter : 'EOPNOTSUPP';
  }
}

function describe(ip: Ipv4, sk: RawSock, skb: SkBuff, message: RawMessage, flags: number): void {
  message.address = saddr(skb.view, skb.networkHeader);
  message.flags = flags;
  message.source = sk.inet.pktinfo ? specDst(ip, skb) : undefined;
  message.ifindex = skb.ifindex;
  message.ttl = skb.ttl;
  message.tos = skb.tos;
  message.mark = -1;
  message.destination = daddr(skb.view, skb.networkHeader);
  message.tstamp = skb.tstamp;
  message.error = undefined;
}

/** The oldest entry of the error queue: the payload of what went wrong, and what did. */
function recvError(
  sk: RawSock,
  into: Uint8Array,
  offset: number,
  length: number,
  message: RawMessage | undefined,
): number | Errno {
  const error = sk.shiftError();
  if (error === undefined) return 'EAGAIN';
  const { payload } = error;
  const copied = Math.min(length, payload.length);
  into.set(payload.subarray(0, copied), offset);
  const next = sk.errorQueue?.[0];
  if (next !== undefined) sk.reportError(next.errno);
  else sk.err = '';
  if (message === undefined) return copied;
  message.address = error.address as number | undefined;
  message.flags = MSG_ERRQUEUE | (copied < payload.length ? MSG_TRUNC : 0);
  message.source = undefined;
  message.ifindex = 0;
  message.ttl = -1;
  message.tos = -1;
  message.mark = -1;
  message.destination = undefined;
  message.tstamp = 0;
  message.error = error;
  return copied;
}
