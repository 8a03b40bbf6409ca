/**
 * A host around the engine for tests: 10.0.0.1/24 on device 1, loopback device 9; what it sends is kept, and the books must
 * balance.
 * @module
 */
import { Pool, type SkBuff, viewOf } from '@stack/skbuff';
import { sendCheck } from '../checksum.ts';
import { Icmp } from './index.ts';
import type { Dst, Flow, Quote } from './ports.ts';
import type { IcmpSysctl } from './sysctl.ts';

/** A sent message, from its ICMP header on, and how it went. */
export interface Sent extends Flow {
  bytes: Uint8Array;
  frags: number;
  skbMark: number;
  skbPriority: number;
}

/** What the fields of a quote were during the call. */
export type Seen = Omit<Quote, 'view' | 'payload'> & { header: Uint8Array; payload: Uint8Array };

type Settings = { -readonly [Name in keyof IcmpSysctl]: IcmpSysctl[Name] };

export const US = 0x0a00_0001;
export const PEER = 0x0a00_0005;
export const ROUTER = 0x0a00_00fe;
export const FAR = 0xc000_0201;
export const BROADCAST = 0x0a00_00ff;
export const GROUP = 0xe000_0001;
/** Index of the loopback device. */
export const LO = 9;

/** One host. */
export class Host {
  readonly pool: Pool = new Pool({ poison: true });
  readonly icmp: Icmp;
  readonly sent: Sent[] = [];
  readonly drops: string[] = [];
  readonly errors: Seen[] = [];
  readonly pmtus: [daddr: number, mtu: number][] = [];
  readonly redirects: [daddr: number, gateway: number, offender: number][] = [];
  readonly flows: Flow[] = [];
  /** What `output` answers; the packet is taken in any case. */
  result: number | string = 0;
  /** Whether packets are kept below, so that they count as sent memory. */
  hold = false;
  readonly held: SkBuff[] = [];
  now = 1_000_000;
  mtu = 1500;
  loopback = false;
  /** What `route` says instead of a route. */
  unroutable: string | undefined = undefined;
  options: Uint8Array | undefined = undefined;
  /** What the next random numbers are; 1 takes one credit. */
  die = 1;
  readonly sysctl: Settings = {
    icmp_echo_ignore_all: 0,
    icmp_echo_ignore_broadcasts: 1,
    icmp_ignore_bogus_error_responses: 1,
    icmp_errors_use_inbound_ifaddr: 0,
    icmp_ratelimit: 1000,
    icmp_ratemask: 6168,
    icmp_msgs_per_sec: 10_000,
    icmp_msgs_burst: 10_000,
    ip_no_pmtu_disc: 0,
    fwmark_reflect: 0,
  };

  constructor() {
    const dst = (type: Dst['type']): Dst => ({
      type,
      mtu: () => this.mtu,
      headroom: 34,
      dev: new Device(this),
    });
    this.icmp = new Icmp({
      sysctl: this.sysctl,
      pool: this.pool,
      random: () => this.die,
      drop: (skb, reason) => {
        this.drops.push(reason);
        skb.free();
      },
      route: (_now, flow) => {
        if (this.unroutable !== undefined) return this.unroutable;
        if (flow.saddr === 0) flow.saddr = US;
        if (flow.daddr === 0) flow.daddr = US;
        this.flows.push({ ...flow });
        return dst(flow.daddr === BROADCAST ? 'broadcast' : 'unicast');
      },
      output: (_now, skb, _dst, flow) => {
        this.sent.push({
          ...flow,
          bytes: skb.toBytes(),
          frags: skb.nrFrags,
          skbMark: skb.mark,
          skbPriority: skb.priority,
        });
        if (this.hold) this.held.push(skb);
        else skb.free();
        return this.result;
      },
      isLocal: (address) => address === US || address >>> 24 === 127,
      isBroadcast: (address) => address === BROADCAST || address === 0xffff_ffff,
      isLoopback: (ifindex) => ifindex === LO,
      specDst: (skb) => {
        const daddr = skb.view.getUint32(skb.networkHeader + 16);
        return daddr === BROADCAST || daddr === GROUP ? US : daddr;
      },
      selectAddress: (ifindex) => (ifindex === 1 ? 0x0a00_0002 : 0),
      echoOptions: () => this.options,
      error: (now, quote) => {
        this.errors.push(seen(quote));
        if (quote.protocol === 1) this.icmp.error(now, quote);
      },
      pmtu: (_now, quote) => this.pmtus.push([quote.daddr, quote.info]),
      redirect: (_now, quote) => this.redirects.push([quote.daddr, quote.info, quote.offender]),
      timeOfDay: (now) => Math.floor(now / 1000),
    });
  }

  /** An IP packet, `data` at what follows its header: `payload`. */
  packet(saddr: number, daddr: number, payload: Uint8Array, protocol = 1): SkBuff {
    const skb = this.pool.alloc(20 + payload.length) as SkBuff;
    const at = skb.put(20 + payload.length);
    skb.bytes.fill(0, at, at + 20);
    skb.bytes.set(payload, at + 20);
    skb.view.setUint16(at, 0x4510);
    skb.view.setUint16(at + 2, skb.len);
    skb.view.setUint16(at + 8, 0x4000 | protocol);
    skb.view.setUint32(at + 12, saddr);
    skb.view.setUint32(at + 16, daddr);
    skb.networkHeader = at;
    skb.pull(20);
    skb.transportHeader = skb.data;
    skb.ifindex = 1;
    return skb;
  }

  /** An ICMP message comes in, its checksum made right unless `raw`. */
  arrive(message: Uint8Array, saddr: number = PEER, daddr: number = US, raw = false, tos = 0x10): void {
    if (!raw && message.length >= 4) sendCheck(viewOf(message), 0, message.length);
    const skb = this.packet(saddr, daddr, message);
    skb.view.setUint8(skb.networkHeader + 1, tos);
    this.icmp.receive(this.now, skb);
  }

  /** Throws unless nothing is left. */
  end(): void {
    for (const skb of this.held.splice(0)) skb.free();
    const { inUse, skbs } = this.pool.stats;
    if (inUse !== 0 || skbs !== 0) throw new Error(`${inUse} pages, ${skbs} skbs left`);
  }
}

/** The device of every route. */
class Device {
  readonly host: Host;

  constructor(host: Host) {
    this.host = host;
  }

  get loopback(): boolean {
    return this.host.loopback;
  }
}

function seen(quote: Quote): Seen {
  const { view, at, length } = quote;
  const header = Uint8Array.from({ length }, (_, i) => view.getUint8(at + i));
  return {
    at,
    length,
    saddr: quote.saddr,
    daddr: quote.daddr,
    protocol: quote.protocol,
    type: quote.type,
    code: quote.code,
    info: quote.info,
    errno: quote.errno,
    fatal: quote.fatal,
    offender: quote.offender,
    ifindex: quote.ifindex,
    header,
    payload: quote.payload(),
  };
}
