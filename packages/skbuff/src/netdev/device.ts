/**
 * A network device as its host sees it: packets down through `xmit`, packets up out of `poll`. A simulated NIC, loopback, veth, TAP and
 * TUN all have this shape, and all run the same law suite.
 * @module
 */
import type { SkBuff } from '../skbuff.ts';
import type { LinkStats } from './link-stats.ts';

/** {@link Device.xmit} took the packet over (Linux `NETDEV_TX_OK`). */
export const OK = 0;
/** {@link Device.xmit} had no room: the caller still owns the packet, and {@link Device.wake} will be called (`NETDEV_TX_BUSY`). */
export const BUSY = 1;

/** The largest super-packet there is, bytes (Linux `GSO_MAX_SIZE`). */
export const GSO_MAX_SIZE: number = 8 * 65_535;

/** Which link-layer addresses a device takes besides its own and the broadcast address; addresses are 48-bit integers. */
export interface DeviceFilter {
  /** Takes every frame (`IFF_PROMISC`). */
  promiscuous: boolean;
  /** Takes every multicast frame (`IFF_ALLMULTI`). */
  allMulticast: boolean;
  /** Takes frames to one more address; false when the list is full. */
  add(address: number): boolean;
  /** Undoes {@link add}. */
  delete(address: number): void;
}

/** A network device. */
export interface Device {
  /** Interface index, 1 or above; 0 until the host that takes the device assigns one. */
  ifindex: number;
  /** Interface name. */
  name: string;
  /**
   * What stands in front of the network header. `ether`: an Ethernet header, and neighbours are resolved. `loopback`: an Ethernet header
   * of which only the type matters; nothing is resolved. `none`: nothing at all, the protocol is told by the packet.
   */
  readonly type: 'ether' | 'none' | 'loopback';
  /** Bytes of payload behind the link header. */
  mtu: number;
  /** MAC address, a 48-bit integer; 0 where the type is not `ether`. */
  address: number;
  /**
   * What is switched on, by the names of `ethtool -K`: `tx` completes `CHECKSUM_PARTIAL`, `tso` takes TCP super-packets, `gso` takes any
   * super-packet and passes it whole, `rx` vouches for received checksums, `txvlan` takes tags out of band.
   */
  readonly features: Readonly<Record<string, boolean>>;
  /** Bytes of the largest super-packet it takes (Linux `tso_max_size`): of 65,536 until the host is told otherwise, and at most {@link GSO_MAX_SIZE}. */
  readonly gsoMaxSize: number;
  /** Segments of the largest super-packet it takes. */
  readonly gsoMaxSegs: number;
  /**
   * Sends a packet, `data` at its link header. {@link OK}: the device has it, and counts what it could not send. {@link BUSY}: the caller
   * still owns it, nothing about it changed, and {@link wake} will be called. @throws RangeError if the packet was freed.
   */
  xmit(skb: SkBuff): number;
  /**
   * Set by the host where there is a {@link flush}: packets are only gathered by {@link xmit}, for the host says when they are to be sent (Linux
   * `netdev_xmit_more`). Default false.
   */
  gathers?: boolean;
  /** Sends what was gathered. Only devices that gain by it have it: where it pays to send several packets in a row. */
  readonly flush?: (() => void) | undefined;
  /** Set by the host: a sender that got {@link BUSY} should try again. Called with the device, from within a poll of it or of its peer. */
  wake: ((device: never) => void) | undefined;
  /**
   * Set by the host: takes a received packet over, `data` at its link header, with `dev`, `ifindex`, `pktType`, `macHeader` and the checksum
   * fields set. Called from within {@link poll} only.
   */
  receive: ((skb: SkBuff) => void) | undefined;
  /**
   * Set by the host: there is something to {@link poll}. Called with the device, from wherever that came from (another host's `xmit`
   * included), so the host polls later. It is not called again until a poll has done less than its budget.
   */
  interrupt: ((device: never) => void) | undefined;
  /** Delivers up to `budget` packets, finishes what was sent, and returns how many it delivered. 0 from within itself. */
  poll(budget: number): number;
  /**
   * Set by the host (byte queue limits): `packets` that {@link xmit} took are done with, `bytes` long when it took them; each is reported once,
   * dropped ones too, until the device is closed. May be called from within `xmit`. A device that never reports has no such field.
   */
  completed?: ((packets: number, bytes: number) => void) | undefined;
  /** What `ip -s link` shows. */
  readonly stats: Readonly<LinkStats>;
  /**
   * Called by the host when it takes the interface up or down (Linux `ndo_open`, `ndo_stop`). Only devices to whom it matters have it: a veth,
   * whose peer's carrier that is.
   */
  setUp?(up: boolean): void;
  /** Whether there is a link; a device without this field always has one. */
  readonly carrierUp?: boolean;
  /** Set by the host: the carrier came (`up`) or went. Called with the device, as {@link interrupt} is. */
  linkChange?: ((device: never, up: boolean) => void) | undefined;
  /** Set by the host: takes over what is dropped, with Linux's reason. A device without this field frees it, and counts for itself. */
  drop?: (skb: SkBuff, reason: string) => void;
  /**
   * Set by the host: packets that may wait for {@link poll} (`net.core.netdev_max_backlog`). Only devices whose packets wait in memory of the
   * host's have it: Linux queues those with the CPU.
   */
  maxBacklog?: number;
  /** What it lets through; a device without this field lets everything through. */
  readonly filter?: DeviceFilter;
  /**
   * Set by the host: cuts super-packets for a device with `tso`. The packet stays the device's; `undefined` where it cannot be cut.
   * A device that passes super-packets whole, or takes none, has no such field.
   */
  segment?: ((skb: SkBuff) => SkBuff[] | undefined) | undefined;
  /** Takes the device away: frees all it holds and drops whatever still comes. */
  close(): void;
}
