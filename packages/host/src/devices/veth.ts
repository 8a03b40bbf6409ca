/**
 * `veth`: two devices back to back, in one host or between two. Packets pass by reference, as over loopback.
 * @module
 */
import { CHECKSUM_PARTIAL, SKB_GSO_TCPV4, SKB_GSO_TCPV6, type SkBuff } from '@stack/skbuff';
import {
  Backlog,
  BUSY,
  type Device,
  type DeviceDrop,
  ETH_HLEN,
  freeDropped,
  GSO_MAX_SIZE,
  isTooLong,
  type LinkStats,
  linkStats,
  OK,
  unshared,
} from '@stack/skbuff/netdev';
import { within } from './within.ts';

/** What a veth may do for its host, by the names of `ethtool -K`. */
export type VethFeatures = {
  /** Receive checksums need no verification where the sender left them partial. */
  rx: boolean;
  /** Takes packets whose checksum is partial. Off: the host computes it. */
  tx: boolean;
  /** Takes TCP super-packets. Off: the host cuts them. Has no effect without `tx`. */
  tso: boolean;
  /** Takes any super-packet. What an end does not take and gets all the same is dropped. */
  gso: boolean;
};

/** How to make a pair of {@link Veth}s. Where two values are given, the first is the first end's. */
export interface VethOptions {
  /** Default `veth0` and `veth1`. */
  names?: readonly [string, string];
  /** MAC addresses, u48. Default 02:00:00:00:00:01 and 02:00:00:00:00:02: give others where there is more than one pair. */
  addresses?: readonly [number, number];
  /** Bytes behind the Ethernet header, 68..65535. Default 1500. */
  mtu?: number;
  /** What is off; all is on by default. */
  features?: Partial<VethFeatures>;
  /** Packets that may wait for a poll of an end (`net.core.netdev_max_backlog`), at least 1; what comes then is dropped. Default 1000. */
  backlog?: number;
  /**
   * Packets that may wait for a poll of an end before its peer's `xmit` answers BUSY, at least 1, so that they wait in a qdisc instead. The peer is
   * woken when half of them are gone. Default: no limit but `backlog`.
   */
  ring?: number;
  /** Takes over what an end drops, with Linux's reason. Default: frees it. */
  drop?: DeviceDrop;
}

const MAX_MAC = 0xffff_ffff_ffff;
const TCP = SKB_GSO_TCPV4 | SKB_GSO_TCPV6;

/** One end of a pair; made by {@link vethPair}. */
export class Veth implements Device {
  ifindex = 0;
  name: string;
  readonly type = 'ether';
  address: number;
  readonly gsoMaxSize: number = GSO_MAX_SIZE;
  readonly gsoMaxSegs = 65_535;
  wake: ((device: Veth) => void) | undefined = undefined;
  receive: ((skb: SkBuff) => void) | undefined = undefined;
  interrupt: ((device: Veth) => void) | undefined = undefined;
  linkChange: ((device: Veth, up: boolean) => void) | undefined = undefined;
  readonly stats: LinkStats = linkStats();
  /** Packets that may wait for a poll before more are dropped (`net.core.netdev_max_backlog`). */
  maxBacklog: number;
  /** Takes over what is dropped. */
  drop: DeviceDrop;
  #mtu: number;
  readonly #features: VethFeatures;
  readonly #ring: number;
  readonly #backlog: Backlog;
  #peer: Veth | undefined = undefined;
  /** The peer got BUSY and waits to be woken. */
  #peerWaits = false;
  #up = true;
  #closed = false;

  /** Use {@link vethPair}. @internal */
  constructor(options: VethOptions, end: 0 | 1) {
    const { names = ['veth0', 'veth1'], addresses = [0x02_00_00_00_00_01, 0x02_00_00_00_00_02] } = options;
    const { mtu = 1500, backlog = 1000, ring = Infinity, drop = freeDropped, features = {} } = options;
    this.name = names[end];
    this.address = within('veth', 'address', addresses[end], 0, MAX_MAC);
    this.#mtu = within('veth', 'mtu', mtu, 68, 0xffff);
    this.maxBacklog = within('veth', 'backlog', backlog, 1, 0x7fff_ffff);
    this.#ring = ring === Infinity ? ring : within('veth', 'ring', ring, 1, 0x7fff_ffff);
    this.drop = drop;
    this.#features = { rx: true, tx: true, tso: true, gso: true, ...checkFeatures(features) };
    this.#backlog = new Backlog(this, () => {
      this.interrupt?.(this);
      return this.interrupt !== undefined;
    });
  }

  /** Bytes behind the Ethernet header. @throws RangeError outside of 68..65535. */
  get mtu(): number {
    return this.#mtu;
  }

  set mtu(mtu: number) {
    this.#mtu = within('veth', 'mtu', mtu, 68, 0xffff);
  }

  /** What is switched on. */
  get features(): Readonly<VethFeatures> {
    return this.#features;
  }

  /** Switches offloads, as `ethtool -K` does. @throws RangeError for a name that is none. */
  setFeatures(changes: Partial<VethFeatures>): void {
    Object.assign(this.#features, checkFeatures(changes));
  }

  /** Whether both ends are up, as {@link setUp} says, and neither is closed. */
  get carrierUp(): boolean {
    const peer = this.#peer;
    return peer === undefined ? false : this.#up && peer.#up;
  }

  /** Takes this end up or down: both ends have a carrier while both are up. An end starts up, for hosts that never say. */
  setUp(up: boolean): void {
    if (up === this.#up || this.#closed) return;
    const before = this.carrierUp;
    this.#up = up;
    if (!up) this.#backlog.purge();
    this.#tell(before);
    this.#wakePeer();
  }

  xmit(skb: SkBuff): number {
    if (skb.users <= 0) throw new RangeError('veth: an skb that was freed');
    const peer = this.#peer;
    if (peer === undefined || !this.carrierUp) return this.#drop(skb, 'DEV_READY');
    if (peer.#backlog.length >= this.#ring) {
      peer.#peerWaits = true;
      return BUSY;
    }
    const fault = this.#fault(skb, peer);
    if (fault !== undefined) return this.#drop(skb, fault);
    this.stats.txPackets++;
    this.stats.txBytes += skb.len;
    peer.#take(skb);
    return OK;
  }

  poll(budget: number): number {
    if (this.#closed) return 0;
    try {
      return this.#backlog.poll(budget);
    } finally {
      this.#wakePeer();
    }
  }

  /** Takes both ends away, as deleting one of a pair does: the peer stays without a carrier. */
  close(): void {
    if (this.#closed) return;
    const peer = this.#peer;
    const before = this.carrierUp;
    this.#closed = true;
    this.#up = false;
    this.#peer = undefined;
    this.#backlog.purge();
    if (peer === undefined) return;
    peer.#peer = undefined;
    if (before) peer.linkChange?.(peer, false);
    if (this.#peerWaits) peer.wake?.(peer); // to find out
  }

  /** Joins two ends. @internal */
  static join(a: Veth, b: Veth): void {
    a.#peer = b;
    b.#peer = a;
  }

  /** Why a packet cannot pass. */
  #fault(skb: SkBuff, peer: Veth): string | undefined {
    if (!skb.mayPull(ETH_HLEN)) return skb.len < ETH_HLEN ? 'PKT_TOO_SMALL' : 'NOMEM';
    const { tx, tso, gso } = this.#features;
    if (skb.gsoSize > 0 && !gso && !(tso && tx && (skb.gsoType & TCP) !== 0)) return 'SKB_GSO_SEG';
    if (skb.ipSummed === CHECKSUM_PARTIAL && !tx) return 'SKB_CSUM';
    if (isTooLong(skb, this.mtu) || isTooLong(skb, peer.mtu)) return 'PKT_TOO_BIG';
    return undefined;
  }

  #drop(skb: SkBuff, reason: string): number {
    this.stats.txDropped++;
    this.drop(skb, reason);
    return OK;
  }

  /** A packet from the peer: what Linux's `skb_scrub_packet` leaves of it. */
  #take(skb: SkBuff): void {
    if (this.#backlog.length >= this.maxBacklog) {
      this.stats.rxDropped++;
      this.drop(skb, 'CPU_BACKLOG');
      return;
    }
    const own = unshared(skb);
    own.mark = 0;
    own.priority = 0;
    this.#backlog.push(own);
  }

  #wakePeer(): void {
    const peer = this.#peer;
    if (!this.#peerWaits || peer === undefined || this.#backlog.length * 2 > peer.#ring) return;
    this.#peerWaits = false;
    peer.wake?.(peer);
  }

  #tell(before: boolean): void {
    const after = this.carrierUp;
    const peer = this.#peer;
    if (before === after) return;
    this.linkChange?.(this, after);
    if (peer !== undefined) peer.linkChange?.(peer, after);
  }
}

/** Makes a pair. @throws RangeError for an option out of its range. */
export function vethPair(options: VethOptions = {}): [Veth, Veth] {
  const pair: [Veth, Veth] = [new Veth(options, 0), new Veth(options, 1)];
  Veth.join(...pair);
  return pair;
}

function checkFeatures(changes: Partial<VethFeatures>): Partial<VethFeatures> {
  for (const name of Object.keys(changes)) {
    if (!FEATURES.includes(name)) throw new RangeError(`veth: no feature ${name}`);
  }
  return changes;
}

const FEATURES: readonly string[] = ['rx', 'tx', 'tso', 'gso'];
