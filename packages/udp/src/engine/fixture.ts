/**
 * A host around the engine for tests: two families, one of numbers and one of objects that are never the same one twice; a
 * network that keeps what is sent, or gives it to another host; books that must balance.
 * @module
 */
import { Pool, type SkBuff } from '@stack/skbuff';
import { pseudoIpv4 } from '@stack/skbuff/checksum';
import { Udp } from './index.ts';
import type { Dst, Family, Flow, Inet, PacketSource } from './ports.ts';
import type { UdpSysctl } from './sysctl.ts';
import type { UdpSock } from './udp-sock.ts';

/** An address of 128 bits. */
export interface Wide {
  readonly words: readonly number[];
}

/** What differs between the two families. */
export interface Kind {
  readonly name: 'AF_INET' | 'AF_INET6';
  readonly headerLength: number;
  /** Address number `n`: 0 any, 1 to 99 hosts, 100 on groups, 255 broadcast. */
  address(n: number): unknown;
  number(address: unknown): number;
  read(skb: SkBuff, at: number): unknown;
  write(skb: SkBuff, at: number, address: unknown): void;
  readonly saddrAt: number;
  readonly daddrAt: number;
}

export const NARROW: Kind = {
  name: 'AF_INET',
  headerLength: 20,
  address: (n) => (n === 0 ? 0 : 0x0a00_0000 + n),
  number: (address) => (address as number) & 0xff,
  read: (skb, at) => skb.view.getUint32(at),
  write: (skb, at, address) => skb.view.setUint32(at, address as number),
  saddrAt: 12,
  daddrAt: 16,
};

export const WIDE: Kind = {
  name: 'AF_INET6',
  headerLength: 40,
  address: (n): Wide => ({ words: [n === 0 ? 0 : 0x2001_0db8, 0, 0, n] }),
  number: (address) => (address as Wide).words[3] as number,
  read: (skb, at): Wide => ({ words: [0, 4, 8, 12].map((word) => skb.view.getUint32(at + word)) }),
  write: (skb, at, address) => {
    (address as Wide).words.forEach((word, i) => {
      skb.view.setUint32(at + i * 4, word);
    });
  },
  saddrAt: 8,
  daddrAt: 24,
};

/** What {@link Host.sent} keeps: the packet from its network header on, and whose it was. */
export interface Sent {
  bytes: Uint8Array;
  saddr: number;
  daddr: number;
  tos: number;
  ttl: number;
  mark: number;
  gsoSize: number;
  gsoSegs: number;
  gsoType: number;
  ipSummed: number;
  frags: number;
}

/** The sysctls, to be changed by tests. */
type Settings = { -readonly [Name in keyof UdpSysctl]: UdpSysctl[Name] };

const MTU = 1500;

/** One host with addresses 1 and 2, on devices 1 and 2; 9 has no route. */
export class Host {
  readonly pool: Pool = new Pool({ poison: true });
  readonly udp: Udp;
  readonly family: Family<unknown>;
  readonly kind: Kind;
  readonly sent: Sent[] = [];
  readonly drops: string[] = [];
  readonly unreachable: number[] = [];
  readonly confirmed: number[] = [];
  readonly flows: Flow<unknown>[] = [];
  /** What is given to {@link receive} of another host instead of being kept. */
  peer: Host | undefined = undefined;
  /** What `output` answers; the packet is taken in any case. */
  result: number | string = 0;
  /** Packets that are kept below, so that they count as sent memory; {@link release} frees them. */
  hold = false;
  readonly held: SkBuff[] = [];
  mtu: number = MTU;
  /** Whether routes that were given out still hold. */
  stale = false;
  /** Who is in a group; everybody unless told. */
  members: ((sk: { readonly inet: Inet<unknown> }, group: number) => boolean) | undefined = undefined;
  /** Whether the host has no address to speak from, as before DHCP. */
  sourceless = false;
  now = 0;
  privileged = true;
  readonly sysctl: Settings = {
    ip_local_port_range: [32_768, 60_999],
    ip_local_reserved_ports: new Set(),
    ip_unprivileged_port_start: 1024,
    udp_mem: [1000, 2000, 3000],
    udp_rmem_min: 4096,
  };
  #seed = 1;

  constructor(kind: Kind = NARROW) {
    this.kind = kind;
    this.family = this.#family();
    this.udp = new Udp({
      sysctl: this.sysctl,
      core: { rmem_default: 212_992, wmem_default: 212_992 },
      pool: this.pool,
      random: () => this.random(),
      drop: (skb, reason) => {
        this.drops.push(reason);
        skb.free();
      },
      privileged: () => this.privileged,
    });
  }

  random(): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#seed;
  }

  at(n: number): unknown {
    return this.kind.address(n);
  }

  /** A socket, bound to `port` at address `n` where it is given. */
  socket(port = 0, n = 0): UdpSock {
    const sk = this.udp.socket(this.family);
    if (port !== 0) {
      const failed = this.udp.bind(this.now, sk, this.at(n), port);
      if (failed !== undefined) throw new Error(failed);
    }
    return sk;
  }

  send(sk: UdpSock, text: string, to?: readonly [number, number], flags = 0): number | string {
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    const { message } = this.udp;
    message.address = to === undefined ? undefined : this.at(to[0]);
    message.port = to?.[1] ?? 0;
    message.ttl = -1;
    message.tos = -1;
    message.gsoSize = 0;
    message.source = undefined;
    message.ifindex = 0;
    return this.udp.sendmsg(this.now, sk, bytes, 0, bytes.length, flags, message);
  }

  /** What `recvmsg` gives, as text; an errno in angle brackets. */
  read(sk: UdpSock, flags = 0, length = 2000): string {
    const into = new Uint8Array(length);
    const result = this.udp.recvmsg(this.now, sk, into, 0, length, flags, this.udp.message);
    if (typeof result === 'string') return `<${result}>`;
    return String.fromCharCode(...into.subarray(0, Math.min(result, length)));
  }

  /** A packet as it comes from the network layer: `data` at the UDP header. `from` and `to` are address and port. */
  packet(
    from: readonly [number, number],
    to: readonly [number, number],
    payload: Uint8Array,
    change: (skb: SkBuff) => void = () => undefined,
  ): SkBuff {
    const { kind, family } = this;
    const skb = this.pool.alloc(payload.length + 8, kind.headerLength) as SkBuff;
    const at = skb.put(8 + payload.length);
    skb.bytes.set(payload, at + 8);
    skb.view.setUint16(at, from[1]);
    skb.view.setUint16(at + 2, to[1]);
    skb.view.setUint16(at + 4, payload.length + 8);
    skb.view.setUint16(at + 6, 0);
    const network = skb.push(kind.headerLength);
    kind.write(skb, network + kind.saddrAt, this.at(from[0]));
    kind.write(skb, network + kind.daddrAt, this.at(to[0]));
    skb.networkHeader = network;
    skb.pull(kind.headerLength);
    const seed = family.pseudo(this.at(from[0]), this.at(to[0]), 17, skb.len);
    skb.view.setUint16(at + 6, checksumOf(skb, seed));
    skb.ifindex = 1;
    skb.ttl = 63;
    skb.tos = 4;
    change(skb);
    return skb;
  }

  /** A datagram comes in. */
  arrive(
    from: readonly [number, number],
    to: readonly [number, number],
    payload: string | Uint8Array = '',
    change?: (skb: SkBuff) => void,
  ): void {
    const bytes =
      typeof payload === 'string' ? Uint8Array.from(payload, (letter) => letter.charCodeAt(0)) : payload;
    this.udp.receive(this.now, this.packet(from, to, bytes, change), this.family);
  }

  /** Frees what was held below. */
  release(): void {
    for (const skb of this.held.splice(0)) skb.free();
  }

  /** Closes every socket; throws unless nothing is left. */
  end(...socks: UdpSock[]): void {
    for (const sk of socks) this.udp.close(this.now, sk);
    this.release();
    for (const sk of socks) {
      if (sk.rmemAlloc !== 0 || sk.wmemAlloc !== 0) throw new Error(`${sk.rmemAlloc}, ${sk.wmemAlloc} left`);
    }
    const { inUse, skbs } = this.pool.stats;
    if (inUse !== 0 || skbs !== 0 || this.udp.memory.bytes !== 0) {
      throw new Error(`${inUse} pages, ${skbs} skbs, ${this.udp.memory.bytes} bytes left`);
    }
    if ([...this.udp.sockets()].length !== 0) throw new Error('sockets left in the tables');
  }

  #dst(type: Dst['type'], ifindex: number): Dst {
    return {
      type,
      dev: { ifindex, mtu: MTU },
      mtu: () => this.mtu,
      headroom: this.kind.headerLength + 14,
      obsolete: () => this.stale,
    };
  }

  #family(): Family<unknown> {
    const { kind } = this;
    const n = (address: unknown): number => kind.number(address);
    const any = kind.address(0);
    return {
      name: kind.name,
      any,
      same: (a, b) => n(a) === n(b),
      hash: (a) => n(a) * 31,
      saddr: (skb) => kind.read(skb, skb.networkHeader + kind.saddrAt),
      daddr: (skb) => kind.read(skb, skb.networkHeader + kind.daddrAt),
      specDst: (skb) => {
        const daddr = kind.read(skb, skb.networkHeader + kind.daddrAt);
        return n(daddr) >= 100 ? kind.address(1) : daddr;
      },
      pseudo: (saddr, daddr, protocol, length) => pseudoIpv4(n(saddr), n(daddr), protocol, length),
      headerLength: kind.headerLength,
      inet: () => inet(any),
      route: (_now, flow) => {
        this.flows.push({ ...flow });
        if (n(flow.daddr) === 9) return 'ENETUNREACH';
        if (n(flow.daddr) === 0) flow.daddr = kind.address(1);
        const oif = flow.oif === 0 ? 1 : flow.oif;
        if (n(flow.saddr) === 0 && !this.sourceless) flow.saddr = kind.address(oif);
        const to = n(flow.daddr);
        return this.#dst(to === 255 ? 'broadcast' : to >= 100 ? 'multicast' : 'unicast', oif);
      },
      output: (now, skb, _dst, from) => this.#output(now, skb, from),
      local: (address) => [1, 2].includes(n(address)) || n(address) >= 100,
      isMulticast: (address) => n(address) >= 100 && n(address) < 255,
      isBroadcast: (address) => n(address) === 255,
      isMember: (skb, sk) => this.members?.(sk, n(kind.read(skb, skb.networkHeader + kind.daddrAt))) ?? true,
      portUnreachable: (_now, skb) =>
        this.unreachable.push(n(kind.read(skb, skb.networkHeader + kind.saddrAt))),
      confirm: (now) => this.confirmed.push(now),
    };
  }

  #output(now: number, skb: SkBuff, from: PacketSource<unknown>): number | string {
    const { kind } = this;
    const at = skb.push(kind.headerLength);
    skb.networkHeader = at;
    kind.write(skb, at + kind.saddrAt, from.saddr);
    kind.write(skb, at + kind.daddrAt, from.daddr);
    const { peer } = this;
    if (peer !== undefined) {
      skb.orphan();
      skb.pull(kind.headerLength);
      skb.ifindex = 1;
      peer.udp.receive(now, skb, peer.family);
      return this.result;
    }
    this.sent.push({
      bytes: skb.toBytes(),
      saddr: kind.number(from.saddr),
      daddr: kind.number(from.daddr),
      tos: from.tos,
      ttl: from.ttl,
      mark: skb.mark,
      gsoSize: skb.gsoSize,
      gsoSegs: skb.gsoSegs,
      gsoType: skb.gsoType,
      ipSummed: skb.ipSummed,
      frags: skb.nrFrags,
    });
    if (this.hold) this.held.push(skb);
    else skb.free();
    return this.result;
  }
}

/** What was sent behind the headers, as text. */
export function textOf(sent: Sent | undefined, kind: Kind = NARROW): string {
  return String.fromCharCode(...(sent as Sent).bytes.subarray(kind.headerLength + 8));
}

function inet(any: unknown): Inet<unknown> {
  return {
    tos: 0,
    ttl: -1,
    recverr: false,
    pmtudisc: 1,
    mcTtl: 1,
    mcIndex: 0,
    mcAddr: any,
    ucIndex: 0,
    freebind: false,
    transparent: false,
    bindAddressNoPort: false,
    localPortRange: 0,
    pktinfo: false,
  };
}

function checksumOf(skb: SkBuff, seed: number): number {
  let sum = seed;
  for (let i = 0; i < skb.len; i++) sum += (skb.bytes[skb.data + i] as number) << (i % 2 === 0 ? 8 : 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff || 0xffff;
}
