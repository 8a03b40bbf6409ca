/**
 * `struct sk_buff`: one packet buffer, from the socket to the wire and back.
 *
 * ```text
 *  page.start                                                          page.start + page.size
 *      |                                                                        |
 *      v      headroom            linear data (headlen)         tailroom        v
 *      +------------------+------------------------------+---------------------+
 *      |                  | eth | ip | tcp | payload ... |                     |
 *      +------------------+------------------------------+---------------------+
 *      ^                  ^                              ^                     ^
 *     head               data                           tail                  end
 *                         |                              |
 *        push(n): data -= n                  put(n): tail += n
 *        pull(n): data += n                  trim(len): tail back
 *
 *  frags[0 .. nrFrags)   +----------------+ +---------+        bytes that follow the linear part,
 *                        | page, off, len | | page .. |  ...   shared by reference, never moved
 *                        +----------------+ +---------+
 *
 *  len = headlen + dataLen;  headlen = tail - data;  dataLen = bytes in frags
 * ```
 *
 * Invariant: `0 <= head <= data <= tail <= end`. Every operation keeps it or throws `RangeError` before anything changed.
 * @module
 */
import { csumPartial, csumSkb } from './checksum.ts';
import { sumWithoutHead, sumWithoutTail } from './complete.ts';
import { CHECKSUM_COMPLETE, CHECKSUM_NONE, MAX_SKB_FRAGS, PACKET_HOST } from './constants.ts';
import { copyMetadata, resetMetadata } from './metadata.ts';
import { copyBits, copySkb, cowHead, expandHead, pullTail, shrink, splitSkb } from './nonlinear.ts';
import { type Frag, NOWHERE, type Page, refuseOther } from './page.ts';
import type { Pool } from './pool.ts';
import { truesizeOf } from './truesize.ts';

/**
 * A packet. Fields are public because engines read them on every packet; geometry is changed through the methods alone.
 * All offsets (`head`, `data`, `tail`, `end`, header offsets, `csumStart`) are absolute in `view` and `bytes`.
 *
 * Ownership: who holds an skb frees it or gives it away; a function that takes it over says so.
 */
export class SkBuff {
  /** The head's memory, shared by clones. */
  page: Page = NOWHERE;
  /** `page.arena.view`: read header fields through it, `skb.view.getUint16(skb.data + 12)`. */
  view: DataView = NOWHERE.arena.view;
  /** `page.arena.bytes`. */
  bytes: Uint8Array = NOWHERE.arena.bytes;
  /** First byte of the head. */
  head = 0;
  /** First byte of the packet. */
  data = 0;
  /** One past the last byte of the linear part. */
  tail = 0;
  /** One past the last byte of the head. */
  end = 0;
  /** Bytes in the packet, frags included. */
  len = 0;
  /** Bytes in frags. */
  dataLen = 0;
  /** Bytes after the linear part: entries below {@link nrFrags} only; the others are kept for reuse. */
  readonly frags: Frag[] = [];
  /** Frags in use, up to {@link MAX_SKB_FRAGS}. */
  nrFrags = 0;
  /** What the packet costs in Linux's books, bytes. Socket buffers are charged with it. */
  truesize = 0;
  /** The head's share of {@link truesize}. @internal */
  headTruesize = 0;

  /** EtherType, host order; 0 = not known. */
  protocol = 0;
  /** The device it came from or goes to. */
  dev: object | undefined = undefined;
  /** Index of the device it arrived on (`skb_iif`); 0 = none. */
  ifindex = 0;
  /** `PACKET_HOST`, `PACKET_BROADCAST`, … */
  pktType: number = PACKET_HOST;
  /** Firewall mark (`SO_MARK`), u32. */
  mark = 0;
  /** Queueing priority (`SO_PRIORITY`), u32. */
  priority = 0;
  /** Flow hash; 0 = not computed. */
  hash = 0;
  /** EtherType of an out-of-band VLAN tag (0x8100, 0x88a8); 0 = no tag. */
  vlanProto = 0;
  /** The tag's priority (3 bits), DEI (1), VLAN id (12). */
  vlanTci = 0;
  /** When it was received, or when it may leave; µs. */
  tstamp = 0;
  /** Link-layer header; -1 = not set. */
  macHeader = -1;
  /** Network-layer header; -1 = not set. */
  networkHeader = -1;
  /** Transport-layer header; -1 = not set. */
  transportHeader = -1;

  /** One of the four `CHECKSUM_*` states. */
  ipSummed: number = CHECKSUM_NONE;
  /** `CHECKSUM_COMPLETE`: the 16-bit one's-complement sum over the whole packet, `data` to its last byte. */
  csum = 0;
  /** `CHECKSUM_PARTIAL`: where summing starts. */
  csumStart = 0;
  /** `CHECKSUM_PARTIAL`: where the result goes, counted from `csumStart`. */
  csumOffset = 0;

  /** Payload bytes per segment of a super-packet; 0 = an ordinary packet. */
  gsoSize = 0;
  /** Segments the super-packet becomes. */
  gsoSegs = 0;
  /** `SKB_GSO_*` bits. */
  gsoType = 0;

  /** `SKBTX_*`: the timestamps its sender wants. */
  txFlags = 0;
  /** Which number they bear. */
  tskey = 0;
  /** Received TTL or hop limit (`IP_RECVTTL`). */
  ttl = 0;
  /** Received TOS or traffic class (`IP_RECVTOS`): ECN is its low two bits. */
  tos = 0;
  /** Scratch for the layer that holds the packet: 48 bytes, as Linux's `cb`. Copied by {@link clone}. */
  readonly cb: Int32Array = new Int32Array(12);
  /** The socket that owns it. */
  sk: object | undefined = undefined;
  /** Called once, at the last {@link free} or at {@link orphan}: the owner's books are settled here. It must not throw. */
  destructor: ((skb: SkBuff) => void) | undefined = undefined;
  /** Queue links, for whoever queues it. */
  next: SkBuff | undefined = undefined;
  prev: SkBuff | undefined = undefined;
  /** A second pair of links, for an owner that keeps it in two orders (Linux `tcp_tsorted_anchor`): out of use when it is freed. */
  anchorNext: SkBuff | undefined = undefined;
  anchorPrev: SkBuff | undefined = undefined;

  /** References to this skb itself ({@link get}); 0 = freed. */
  users = 1;
  /** Where its memory, and any memory it needs later, comes from. */
  readonly pool: Pool;
  /** Whether the pool lent this object and gets it back. @internal */
  pooled = false;

  /** Use {@link Pool.alloc}, {@link alloc} or {@link wrap}. @internal */
  constructor(pool: Pool) {
    this.pool = pool;
  }

  /** Free bytes in front of the packet. */
  get headroom(): number {
    return this.data - this.head;
  }

  /** Free bytes behind the linear part; 0 when frags follow it. */
  get tailroom(): number {
    return this.dataLen === 0 ? this.end - this.tail : 0;
  }

  /** Bytes in the linear part. */
  get headlen(): number {
    return this.len - this.dataLen;
  }

  /** Whether somebody else sees the head's bytes too: they may be read, not written. */
  get cloned(): boolean {
    return this.page.refs > 1;
  }

  /** Moves the start of an empty packet `n` bytes on, to make headroom. @throws RangeError if not empty, or no room. */
  reserve(n: number): void {
    if (this.len !== 0) throw new RangeError(`skb: reserve(${n}) with ${this.len} bytes in the packet`);
    if (!isCount(n) || this.tail + n > this.end)
      throw new RangeError(`skb: reserve(${n}) in ${this.end - this.tail}`);
    this.data += n;
    this.tail += n;
  }

  /**
   * Grows the linear part at its end by `n` bytes and returns where they start; they hold whatever was there.
   * @throws RangeError if they do not fit, frags follow, or the head is shared.
   */
  put(n: number): number {
    const at = this.tail;
    if (this.dataLen !== 0)
      throw new RangeError(`skb: put(${n}) before frags; addFrag() or linearize() instead`);
    if (!isCount(n) || at + n > this.end) {
      throw new RangeError(`skb: put(${n}) with ${this.tailroom} bytes of tailroom`);
    }
    if (this.page.refs > 1) throw new RangeError('skb: put on a shared head; cow() first');
    this.tail = at + n;
    this.len += n;
    if (this.ipSummed === CHECKSUM_COMPLETE) this.ipSummed = CHECKSUM_NONE;
    return at;
  }

  /** {@link put} and a copy of `bytes` into the room made. @throws TypeError if they are no `Uint8Array`. */
  putData(bytes: Uint8Array): number {
    refuseOther(bytes);
    const at = this.put(bytes.byteLength);
    this.bytes.set(bytes, at);
    return at;
  }

  /**
   * Makes room for `n` bytes in front of the packet and returns the new `data`; they hold whatever was there. Never
   * reallocates: who allocates reserves the headroom. @throws RangeError if there is too little, or the head is shared.
   */
  push(n: number): number {
    const data = this.data - n;
    if (!isCount(n) || data < this.head) {
      throw new RangeError(`skb: push(${n}) with ${this.headroom} bytes of headroom`);
    }
    if (this.page.refs > 1) throw new RangeError('skb: push on a shared head; cow() first');
    this.data = data;
    this.len += n;
    if (this.ipSummed === CHECKSUM_COMPLETE) this.ipSummed = CHECKSUM_NONE;
    return data;
  }

  /**
   * Strips `n` bytes off the front and returns the new `data`. Keeps `csum` right. @throws RangeError if the linear part is
   * shorter ({@link mayPull} first).
   */
  pull(n: number): number {
    if (!isCount(n) || n > this.tail - this.data) {
      throw new RangeError(`skb: pull(${n}) with ${this.headlen} linear bytes`);
    }
    if (this.ipSummed === CHECKSUM_COMPLETE) {
      this.csum = sumWithoutHead(this.csum, csumPartial(this.view, this.data, n), n);
    }
    this.len -= n;
    this.data += n;
    return this.data;
  }

  /** Cuts the packet to `len` bytes, off its end, frags included; a packet already that short stays. Keeps `csum` right. */
  trim(len: number): void {
    if (!isCount(len)) throw new RangeError(`skb: trim(${len})`);
    if (len >= this.len) return;
    if (this.ipSummed === CHECKSUM_COMPLETE) {
      this.csum = sumWithoutTail(this.csum, csumSkb(this, len, this.len - len), len);
    }
    if (this.dataLen === 0) {
      this.tail = this.data + len;
      this.len = len;
    } else shrink(this, len);
  }

  /**
   * A second skb over the same bytes: heads and frags gain a reference, metadata is copied, the owner is not. While both
   * live neither may write: `push` and `put` throw, {@link cow} makes a private head.
   */
  clone(): SkBuff {
    this.refuseFreed();
    const twin = this.pool.shell();
    twin.copyGeometry(this);
    copyMetadata(twin, this, 0);
    twin.truesize = this.truesize;
    twin.headTruesize = this.headTruesize;
    return twin;
  }

  /**
   * A private, linear copy with `headroom` bytes in front; what stands in the headroom now, headers already pulled, is copied
   * as far as that reaches. `undefined` at the pool's limit.
   */
  copy(headroom: number = this.headroom): SkBuff | undefined {
    if (!isCount(headroom)) throw new RangeError(`skb: copy with headroom ${headroom}`);
    this.refuseFreed();
    return copySkb(this, headroom);
  }

  /**
   * Makes the head private and writable with at least `headroom` bytes in front; frags stay shared. Does nothing where that
   * already holds. False, and nothing changed, at the pool's limit.
   */
  cow(headroom = 0): boolean {
    if (!isCount(headroom)) throw new RangeError(`skb: cow(${headroom})`);
    this.refuseFreed();
    return cowHead(this, headroom);
  }

  /** Moves the linear part into a new head with `nhead` more bytes in front and `ntail` behind. False at the pool's limit. */
  expandHead(nhead: number, ntail: number): boolean {
    if (!isCount(nhead) || !isCount(ntail)) throw new RangeError(`skb: expandHead(${nhead}, ${ntail})`);
    this.refuseFreed();
    return expandHead(this, nhead, ntail);
  }

  /**
   * Makes sure that the first `n` bytes are linear, moving bytes out of frags. False if the packet is shorter, or at the pool's
   * limit. @throws RangeError if `n` is no count of bytes.
   */
  mayPull(n: number): boolean {
    if (!isCount(n)) throw new RangeError(`skb: mayPull(${n})`);
    const missing = n - (this.tail - this.data);
    if (missing <= 0) return true;
    if (n > this.len) return false;
    return pullTail(this, missing);
  }

  /** Makes the whole packet linear. False, and nothing changed, at the pool's limit. */
  linearize(): boolean {
    return this.dataLen === 0 || pullTail(this, this.dataLen);
  }

  /**
   * Appends `length` bytes at `offset` (absolute in `page.arena`) of a page, taking over one of the caller's references.
   * `truesize` is what the bytes cost in the books. No bytes make no frag: the reference is dropped at once.
   * @throws RangeError past {@link MAX_SKB_FRAGS}, outside the page, or where the page is free.
   */
  addFrag(page: Page, offset: number, length: number, truesize: number = length): void {
    if (this.nrFrags >= MAX_SKB_FRAGS) throw new RangeError(`skb: more than ${MAX_SKB_FRAGS} frags`);
    if (
      !isCount(length) ||
      !isCount(offset) ||
      offset < page.start ||
      offset + length > page.start + page.size
    ) {
      throw new RangeError(`skb: frag of ${length} bytes at ${offset} outside its page`);
    }
    if (!isCount(truesize)) throw new RangeError(`skb: frag with truesize ${truesize}`);
    if (page.refs <= 0) throw new RangeError('skb: frag in a page after its last put');
    this.refuseFreed();
    if (length === 0) {
      page.put();
      return;
    }
    const recycled = this.frags[this.nrFrags];
    if (recycled === undefined) this.frags.push({ page, offset, length });
    else {
      recycled.page = page;
      recycled.offset = offset;
      recycled.length = length;
    }
    this.nrFrags++;
    this.len += length;
    this.dataLen += length;
    this.truesize += truesize;
    if (this.ipSummed === CHECKSUM_COMPLETE) this.ipSummed = CHECKSUM_NONE;
  }

  /**
   * Appends `length` bytes at `offset` (absolute in `page.arena`) of a page whose reference stays the caller's: the last frag grows
   * where they follow it in the same page, else there is one more, with a reference of its own. So a page is filled send by send
   * (Linux's `page_frag`). False, and nothing changed, where that were more than {@link MAX_SKB_FRAGS}.
   * @throws RangeError outside the page, or where it is free.
   */
  growFrag(page: Page, offset: number, length: number): boolean {
    const { nrFrags } = this;
    const last = nrFrags > 0 ? (this.frags[nrFrags - 1] as Frag) : undefined;
    if (last === undefined || last.page !== page || last.offset + last.length !== offset) {
      if (length === 0) return true;
      if (nrFrags >= MAX_SKB_FRAGS) return false;
      this.addFrag(page, offset, length);
      page.refs++; // after the checks, so that a refusal leaves none behind
      return true;
    }
    if (!isCount(length) || offset + length > page.start + page.size) {
      throw new RangeError(`skb: frag of ${length} bytes at ${offset} outside its page`);
    }
    last.length += length;
    this.len += length;
    this.dataLen += length;
    this.truesize += length;
    if (this.ipSummed === CHECKSUM_COMPLETE) this.ipSummed = CHECKSUM_NONE;
    return true;
  }

  /**
   * Keeps the first `len` bytes and returns the rest as a new skb with the same headroom and metadata, without owner.
   * Frags move by reference; only what is linear behind `len` is copied. `truesize` moves with the bytes of frags; header
   * offsets stay with the first part, and what `gsoSegs` is now is the caller's to say. `undefined`, and nothing changed, at
   * the pool's limit.
   */
  split(len: number): SkBuff | undefined {
    if (!isCount(len) || len > this.len) throw new RangeError(`skb: split(${len}) of ${this.len} bytes`);
    this.refuseFreed();
    return splitSkb(this, len);
  }

  /** Copies `length` bytes from `offset` (counted from `data`) into `target`. @throws RangeError outside either. */
  copyBits(offset: number, target: Uint8Array, targetOffset: number, length: number): void {
    if (!isCount(offset) || !isCount(length) || offset + length > this.len) {
      throw new RangeError(`skb: copyBits(${offset}, ${length}) of ${this.len} bytes`);
    }
    if (!isCount(targetOffset) || targetOffset + length > target.byteLength) {
      throw new RangeError(`skb: ${length} bytes at ${targetOffset} of ${target.byteLength}`);
    }
    copyBits(this, offset, target, targetOffset, length);
  }

  /** The packet's runs of bytes in order: views into the skb; copy them to keep them. */
  *chunks(): Generator<Uint8Array, void, undefined> {
    if (this.tail > this.data) yield this.bytes.subarray(this.data, this.tail);
    for (let i = 0; i < this.nrFrags; i++) {
      const { page, offset, length } = this.frags[i] as Frag;
      yield page.arena.bytes.subarray(offset, offset + length);
    }
  }

  /** The whole packet gathered into a fresh array. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.len);
    copyBits(this, 0, bytes, 0, this.len);
    return bytes;
  }

  /**
   * Notes for the sender that bytes it lent (zero copy) were copied on their way after all: a device says so that keeps copies. Linux
   * `skb_zcopy_clear(skb, false)`.
   */
  lentCopied(): void {
    for (let i = 0; i < this.nrFrags; i++) {
      const { page } = this.frags[i] as Frag;
      if (page.onRelease !== undefined) page.copied = true;
    }
  }

  /** Takes one more reference to this skb and returns it: {@link free} is then due once more. */
  get(): SkBuff {
    this.refuseFreed();
    this.users++;
    return this;
  }

  /** Drops a reference; the last one fires the destructor and gives back head and frags. @throws RangeError when freed twice. */
  free(): void {
    if (this.users <= 0) throw new RangeError('skb: freed twice');
    if (--this.users > 0) return;
    this.orphan();
    this.dropFrags();
    this.page.put();
    this.reset();
    this.pool.reclaim(this);
  }

  /** Parts the packet from its owner: fires the destructor and forgets it and the socket. */
  orphan(): void {
    const { destructor } = this;
    this.destructor = undefined;
    if (destructor !== undefined) destructor(this);
    this.sk = undefined;
  }

  /** @throws RangeError after the last {@link free}: what it got now would be the next user's. @internal */
  refuseFreed(): void {
    if (this.users <= 0) throw new RangeError('skb: used after it was freed');
  }

  /** Takes over `page` as head: `headroom` free bytes, then `length` bytes of data. @internal */
  attach(page: Page, headroom: number, length: number): void {
    const { arena, start } = page;
    this.page = page;
    this.view = arena.view;
    this.bytes = arena.bytes;
    this.head = start;
    this.data = start + headroom;
    this.tail = start + headroom + length;
    this.end = start + page.size;
    this.len = length + this.dataLen;
  }

  /** Charges a head of `size` bytes in place of the one before. @internal */
  chargeHead(size: number): void {
    const cost = truesizeOf(size);
    this.truesize += cost - this.headTruesize;
    this.headTruesize = cost;
  }

  /** Gives back the references of all frags. @internal */
  dropFrags(): void {
    for (let i = 0; i < this.nrFrags; i++) {
      const frag = this.frags[i] as Frag;
      frag.page.put();
      frag.page = NOWHERE;
    }
    this.nrFrags = 0;
    this.len -= this.dataLen;
    this.dataLen = 0;
  }

  /** Shares head and frags of `from`. @internal */
  private copyGeometry(from: SkBuff): void {
    this.page = from.page.hold();
    this.view = from.view;
    this.bytes = from.bytes;
    this.head = from.head;
    this.data = from.data;
    this.tail = from.tail;
    this.end = from.end;
    this.len = from.tail - from.data;
    for (let i = 0; i < from.nrFrags; i++) {
      const { page, offset, length } = from.frags[i] as Frag;
      this.addFrag(page.hold(), offset, length);
    }
  }

  /** Back to the state of a fresh skb, pointing nowhere. */
  private reset(): void {
    this.attach(NOWHERE, 0, 0);
    this.truesize = 0;
    this.headTruesize = 0;
    resetMetadata(this);
    this.next = undefined;
    this.prev = undefined;
    this.anchorNext = undefined;
    this.anchorPrev = undefined;
  }
}

function isCount(n: number): boolean {
  return Number.isInteger(n) && n >= 0;
}
