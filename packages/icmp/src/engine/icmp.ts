/**
 * The ICMP engine of one host: answers, errors in, errors out. Thin: each is a function in a file of its own.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { countOut, type IcmpMib, icmpMib } from './mib.ts';
import { Ping } from './ping.ts';
import { pingError } from './ping-error.ts';
import type { Flow, IcmpOptions, Quote } from './ports.ts';
import { QuotedPacket } from './quoted-packet.ts';
import { RateLimit } from './ratelimit.ts';
import { receive } from './receive.ts';
import { send } from './send.ts';

/** ICMP for IPv4. It has no timers: limits are computed from the time between two messages. */
export class Icmp {
  /** Counters by Linux's names. */
  readonly mib: IcmpMib = icmpMib();
  /** Told, when set, of each landmark function a packet enters: `icmp_rcv`, `icmp_echo`, `icmp_unreach`, `__icmp_send`. */
  probe: ((fn: string, skb: SkBuff) => void) | undefined = undefined;
  /** What it was built with. @internal */
  readonly options: IcmpOptions;
  /** Ping sockets: `SOCK_DGRAM` with `IPPROTO_ICMP`. */
  readonly ping: Ping;
  /** How often it speaks. @internal */
  readonly limit: RateLimit;
  /** The one flow that messages are sent by. @internal */
  readonly flow: Flow = {
    daddr: 0,
    saddr: 0,
    oif: 0,
    tos: 0,
    mark: 0,
    priority: 0,
    protocol: 1,
    sport: 0,
    dport: 0,
    ttl: -1,
    options: undefined,
    inet: undefined,
  };
  /** The one error that is delivered at a time. @internal */
  readonly quote: QuotedPacket = new QuotedPacket();

  constructor(options: IcmpOptions) {
    this.options = options;
    this.ping = new Ping(this);
    this.limit = new RateLimit(options.sysctl, options.random);
  }

  /**
   * A message from IPv4, which is taken over: `data` at the ICMP header, trimmed to its length, `networkHeader`, `ifindex` and
   * `pktType` set.
   */
  receive(now: number, skb: SkBuff): void {
    receive(now, this, skb);
  }

  /**
   * Sends an error about `skb`, which stays the caller's (Linux `icmp_send`): its IP header is at `networkHeader`, whatever `data`
   * is. `info` is the second word: the MTU, `pointer << 24`, the gateway, or 0. Nothing is sent about ICMP errors, fragments but the first, what
   * came or went by broadcast or multicast, and sources that are no host (RFC 1122 §3.2.2); or past the rate limits.
   */
  send(now: number, skb: SkBuff, type: number, code: number, info: number): void {
    send(now, this, skb, type, code, info);
  }

  /** An error about an ICMP packet of ours, for ping sockets: the `error` handler of protocol 1. */
  error(_now: number, quote: Quote): void {
    pingError(this.ping, quote);
  }

  /** Counts a message that somebody else sends: a raw socket. */
  countOut(type: number): void {
    countOut(this.mib, type);
  }
}
