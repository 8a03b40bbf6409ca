/**
 * Which destination addresses a NIC takes: its own, exact lists, the 8254x's hash table, or everything.
 * @module
 */
import { PACKET_BROADCAST, PACKET_HOST, PACKET_MULTICAST, PACKET_OTHERHOST } from '@stack/skbuff';
import { BROADCAST, isGroupAt, macAt } from './frame.ts';

/** Bits of the multicast table array: 128 words (manual 13.5.1). */
const MTA_BITS = 4096;

/** Exact addresses one filter holds; more are refused, as the hardware's table is finite. */
export const MAX_ADDRESSES = 4096;

/** Largest MAC address. */
const MAX_MAC = BROADCAST;

/** A NIC's receive filter. Addresses are 48-bit integers. */
export class Filter {
  /** Takes every frame (`IFF_PROMISC`). */
  promiscuous = false;
  /** Takes every multicast frame (`IFF_ALLMULTI`). */
  allMulticast = false;
  #address: number;
  readonly #unicast: Set<number> = new Set();
  readonly #multicast: Set<number> = new Set();
  readonly #table: Int32Array = new Int32Array(MTA_BITS / 32);

  /** @throws RangeError if `address` is not a unicast MAC address. */
  constructor(address: number) {
    this.#address = unicast(address);
  }

  /** The NIC's own address. */
  get address(): number {
    return this.#address;
  }

  /** @throws RangeError if it is not a unicast MAC address. */
  set address(address: number) {
    this.#address = unicast(address);
  }

  /**
   * Takes frames to one more address, unicast or multicast (`ip maddr add`, `bridge fdb add … self`). False when the list is
   * full. @throws RangeError if it is not a MAC address.
   */
  add(address: number): boolean {
    const list = isGroup(mac(address)) ? this.#multicast : this.#unicast;
    if (list.size >= MAX_ADDRESSES && !list.has(address)) return false;
    list.add(address);
    return true;
  }

  /** Undoes {@link add}. */
  delete(address: number): void {
    this.#multicast.delete(address);
    this.#unicast.delete(address);
  }

  /** Takes every multicast address that hashes as this one does; what a driver does when the exact list is full. */
  addHash(address: number): void {
    const hash = hashOf(mac(address));
    this.#table[hash >> 5] = (this.#table[hash >> 5] as number) | (1 << (hash & 31));
  }

  /** Empties the hash table. */
  clearHash(): void {
    this.#table.fill(0);
  }

  /** Whether the frame that starts at `at` is taken. */
  accepts(view: DataView, at: number): boolean {
    if (this.promiscuous) return true;
    const destination = macAt(view, at);
    if (destination === this.#address || destination === BROADCAST) return true;
    if (!isGroupAt(view, at)) return this.#unicast.has(destination);
    return this.allMulticast || this.#multicast.has(destination) || this.#hashed(view, at);
  }

  /** Whether the frame that starts at `at` is a broadcast. */
  isBroadcast(view: DataView, at: number): boolean {
    return macAt(view, at) === BROADCAST;
  }

  /** `PACKET_HOST`, `PACKET_BROADCAST`, `PACKET_MULTICAST` or `PACKET_OTHERHOST`. */
  packetType(view: DataView, at: number): number {
    const destination = macAt(view, at);
    if (destination === BROADCAST) return PACKET_BROADCAST;
    if (isGroupAt(view, at)) return PACKET_MULTICAST;
    return destination === this.#address ? PACKET_HOST : PACKET_OTHERHOST;
  }

  #hashed(view: DataView, at: number): boolean {
    const hash = (view.getUint8(at + 4) >> 4) | (view.getUint8(at + 5) << 4);
    return ((this.#table[hash >> 5] as number) & (1 << (hash & 31))) !== 0;
  }
}

/** Twelve bits of the address (manual 13.4.22, RCTL.MO = 0): the high half of its fifth byte and all of its sixth. */
function hashOf(address: number): number {
  const low = address % 0x1_0000;
  return ((low >> 12) & 0xf) | ((low & 0xff) << 4);
}

function isGroup(address: number): boolean {
  return (Math.floor(address / 0x100_0000_0000) & 1) !== 0;
}

function mac(address: number): number {
  if (!Number.isInteger(address) || address < 0 || address > MAX_MAC) {
    throw new RangeError(`nic: ${address} is not a 48-bit address`);
  }
  return address;
}

function unicast(address: number): number {
  if (isGroup(mac(address))) throw new RangeError(`nic: 0x${address.toString(16)} is a group address`);
  return address;
}
