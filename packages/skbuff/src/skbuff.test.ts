import { describe, expect, it } from 'vitest';
import { csumPartial } from './checksum.ts';
import {
  alloc,
  CHECKSUM_COMPLETE,
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  decode,
  encode,
  MAX_SKB_FRAGS,
  Pool,
  pull,
  push,
  type SkBuff,
  viewOf,
  wrap,
  wrapPage,
} from './index.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** What no refused call may change. */
function geometry(skb: SkBuff): unknown {
  const { head, data, tail, end, len, dataLen, nrFrags, truesize } = skb;
  return {
    head,
    data,
    tail,
    end,
    len,
    dataLen,
    nrFrags,
    truesize,
    refs: skb.page.refs,
    bytes: [...skb.toBytes()],
  };
}

describe('geometry', () => {
  it('starts empty behind its headroom', () => {
    const skb = new Pool().alloc(100, 32) as SkBuff;
    expect(skb.headroom).toBe(32);
    expect(skb.tailroom).toBeGreaterThanOrEqual(100);
    expect([skb.len, skb.headlen, skb.data - skb.head, skb.tail - skb.data]).toEqual([0, 0, 32, 0]);
  });

  it('moves pointers and nothing else', () => {
    const skb = alloc(64, 32);
    const at = skb.putData(bytes(1, 2, 3));
    expect(at).toBe(skb.data);
    const data = skb.push(2);
    skb.bytes.set([8, 9], data);
    expect([...skb.toBytes()]).toEqual([8, 9, 1, 2, 3]);
    expect(skb.pull(2)).toBe(at);
    expect(skb.bytes[at]).toBe(1);
    skb.trim(2);
    expect([...skb.toBytes()]).toEqual([1, 2]);
    skb.trim(5); // longer than it is: nothing to do
    expect(skb.len).toBe(2);
    skb.free();
  });

  it('reserves headroom in an empty packet', () => {
    const skb = alloc(64);
    skb.reserve(16);
    expect([skb.headroom, skb.len]).toEqual([16, 0]);
    skb.free();
  });

  it('wraps bytes in place, through a view that is a window', () => {
    const memory = bytes(0, 0, 7, 8, 9, 0);
    const skb = wrap(memory.subarray(2, 5));
    expect([...skb.toBytes()]).toEqual([7, 8, 9]);
    skb.view.setUint8(skb.data, 70);
    expect(memory[2]).toBe(70);
    expect([skb.view.byteOffset, skb.view.byteLength]).toEqual([2, 3]);
    expect(skb.headroom).toBe(0);
    skb.free();
  });

  it('has the four verbs', () => {
    const skb = decode(bytes(1, 2, 3));
    expect(pull(skb, 1)).toBe(1);
    expect(push(skb, 1)).toBe(0);
    expect([...encode(skb)]).toEqual([1, 2, 3]);
  });

  it('walks the runs of a packet', () => {
    const skb = wrap(bytes(1));
    skb.addFrag(wrapPage(bytes(2, 3)), 0, 2);
    skb.addFrag(wrapPage(bytes(0)), 0, 0);
    expect([...skb.chunks()].map((run) => [...run])).toEqual([[1], [2, 3]]);
  });
});

describe('misuse throws before anything changed', () => {
  const rows: [string, (skb: SkBuff) => unknown][] = [
    ['reserve in a packet', (skb) => skb.reserve(1)],
    ['put past the end', (skb) => skb.put(1 << 20)],
    ['put of a fraction', (skb) => skb.put(0.5)],
    ['put of a negative number', (skb) => skb.put(-1)],
    ['push past the head', (skb) => skb.push(skb.headroom + 1)],
    ['push of NaN', (skb) => skb.push(Number.NaN)],
    ['push of a negative number', (skb) => skb.push(-1)],
    ['pull past the linear part', (skb) => skb.pull(5)],
    ['pull of a negative number', (skb) => skb.pull(-1)],
    ['trim to a negative length', (skb) => skb.trim(-1)],
    ['trim to NaN', (skb) => skb.trim(Number.NaN)],
    ['split behind the end', (skb) => skb.split(skb.len + 1)],
    ['copyBits past the end', (skb) => skb.copyBits(1, new Uint8Array(64), 0, skb.len)],
    ['copyBits into too little', (skb) => skb.copyBits(0, new Uint8Array(4), 2, 3)],
    ['a frag outside its page', (skb) => skb.addFrag(wrapPage(new Uint8Array(4)), 2, 3)],
    ['a frag before its page', (skb) => skb.addFrag(wrapPage(new Uint8Array(4)), -1, 3)],
    ['a frag between two bytes', (skb) => skb.addFrag(wrapPage(new Uint8Array(4)), 0.5, 1)],
    [
      'a frag with a cost that is no number',
      (skb) => skb.addFrag(wrapPage(new Uint8Array(4)), 0, 1, Number.NaN),
    ],
    ['mayPull of a fraction', (skb) => skb.mayPull(4.5)],
    ['mayPull of NaN', (skb) => skb.mayPull(Number.NaN)],
    ['mayPull of a negative number', (skb) => skb.mayPull(-1)],
    ['cow with a negative headroom', (skb) => skb.cow(-1)],
    ['expandHead by a fraction', (skb) => skb.expandHead(0.5, 0)],
    ['copy with a negative headroom', (skb) => skb.copy(-1)],
  ];
  it.each(rows)('%s', (_name, act) => {
    for (const fragmented of [false, true]) {
      const skb = alloc(8, 8);
      skb.putData(bytes(1, 2, 3, 4));
      if (fragmented) skb.addFrag(wrapPage(bytes(5, 6)), 0, 2);
      const before = geometry(skb);
      expect(() => act(skb)).toThrow(RangeError);
      expect(geometry(skb)).toEqual(before);
      skb.free();
    }
  });

  it('put in front of frags', () => {
    const skb = alloc(8);
    skb.addFrag(wrapPage(bytes(5)), 0, 1);
    expect(skb.tailroom).toBe(0);
    expect(() => skb.put(1)).toThrow(/before frags/);
  });

  it.each([
    [[1, 2, 3]],
    ['abc'],
    [new ArrayBuffer(4)],
    [undefined],
    [new DataView(new ArrayBuffer(4))],
    [new Uint16Array(2)],
    [new Int8Array(2)],
  ])('bytes that are %o are a TypeError', (other) => {
    const value = other as unknown as Uint8Array;
    const skb = alloc(8);
    for (const act of [() => skb.putData(value), () => wrap(value), () => wrapPage(value)]) {
      expect(act).toThrow(/must be a Uint8Array/);
    }
    expect(skb.len).toBe(0);
  });

  it('put and push on a shared head', () => {
    const skb = alloc(8, 8);
    const twin = skb.clone();
    expect(() => skb.push(1)).toThrow(/shared/);
    expect(() => twin.put(1)).toThrow(/shared/);
    twin.free();
    expect(() => skb.push(1)).not.toThrow();
    skb.free();
  });

  it('a frag in a page that is free', () => {
    const skb = alloc(8);
    const page = wrapPage(new Uint8Array(4));
    page.put();
    expect(() => skb.addFrag(page, 0, 4)).toThrow(RangeError);
    expect([skb.len, skb.nrFrags]).toEqual([0, 0]);
    skb.free();
  });

  it('one frag too many', () => {
    const skb = alloc(0);
    const page = wrapPage(new Uint8Array(64));
    for (let i = 0; i < MAX_SKB_FRAGS; i++) skb.addFrag(page.hold(), i, 1);
    expect(() => skb.addFrag(page, 0, 1)).toThrow(RangeError);
    expect(skb.len).toBe(MAX_SKB_FRAGS);
    skb.free();
    expect(page.refs).toBe(1);
  });

  it('a freed skb refuses everything', () => {
    for (const poison of [true, false]) {
      const pool = new Pool({ poison });
      const skb = pool.alloc(8, 8) as SkBuff;
      skb.free();
      expect(() => skb.free()).toThrow(/twice/);
      expect(() => skb.get()).toThrow(RangeError);
      expect(() => skb.clone()).toThrow(RangeError);
      expect(() => skb.put(1)).toThrow(RangeError);
      expect(() => skb.push(1)).toThrow(RangeError);
      expect(() => skb.cow(1)).toThrow(/freed/);
      expect(() => skb.expandHead(1, 1)).toThrow(/freed/);
      expect(() => skb.copy()).toThrow(/freed/);
      expect(() => skb.split(0)).toThrow(/freed/);
      expect(() => skb.addFrag(wrapPage(bytes(1)), 0, 1)).toThrow(/freed/);
      expect(() => skb.view.getUint8(skb.data)).toThrow(RangeError);
      expect(pool.stats).toMatchObject({ inUse: 0, skbs: 0 });
      expect([...(pool.alloc(8, 8) as SkBuff).toBytes()]).toEqual([]);
    }
  });
});

describe('sharing', () => {
  it('a clone sees the same bytes with pointers of its own', () => {
    const pool = new Pool({ poison: true });
    const skb = pool.alloc(8, 8) as SkBuff;
    skb.putData(bytes(1, 2, 3, 4));
    skb.mark = 7;
    skb.cb[3] = 9;
    const twin = skb.clone();
    expect([skb.cloned, twin.cloned, twin.mark, twin.cb[3]]).toEqual([true, true, 7, 9]);
    twin.pull(2);
    expect([skb.len, twin.len]).toEqual([4, 2]);
    skb.free();
    expect([...twin.toBytes()]).toEqual([3, 4]);
    expect(twin.cloned).toBe(false);
    twin.free();
    expect(pool.stats).toMatchObject({ inUse: 0, skbs: 0 });
  });

  it('cow makes a private head and keeps the frags shared', () => {
    const pool = new Pool({ poison: true });
    const skb = pool.alloc(8, 4) as SkBuff;
    skb.putData(bytes(1, 2));
    skb.addFrag(wrapPage(bytes(3)), 0, 1);
    skb.networkHeader = skb.data;
    const twin = skb.clone();
    expect(twin.cow(16)).toBe(true);
    expect(twin.headroom).toBeGreaterThanOrEqual(16);
    expect(twin.networkHeader).toBe(twin.data);
    twin.bytes[twin.data] = 99;
    expect([[...skb.toBytes()], [...twin.toBytes()]]).toEqual([
      [1, 2, 3],
      [99, 2, 3],
    ]);
    expect(twin.frags[0]?.page).toBe(skb.frags[0]?.page);
    const { page } = skb;
    twin.free();
    expect(skb.cow()).toBe(true); // private already: stays where it is
    expect(skb.page).toBe(page);
    skb.free();
    expect(pool.stats.inUse).toBe(0);
  });

  it('copy is linear, private and as it was', () => {
    const skb = alloc(8, 8);
    skb.putData(bytes(1, 2));
    skb.addFrag(wrapPage(bytes(3, 4)), 0, 2);
    skb.transportHeader = skb.data + 1;
    const copy = skb.copy(3) as SkBuff;
    expect([copy.headroom, copy.dataLen, copy.transportHeader - copy.data]).toEqual([3, 0, 1]);
    copy.bytes[copy.data] = 99;
    expect([...skb.toBytes()]).toEqual([1, 2, 3, 4]);
    expect([...copy.toBytes()]).toEqual([99, 2, 3, 4]);
    skb.free();
    copy.free();
  });

  it('a copy has the headers in front of the packet, as far as its headroom reaches', () => {
    const pool = new Pool({ poison: true });
    const skb = pool.alloc(8, 80) as SkBuff;
    skb.putData(bytes(1, 2, 3));
    skb.macHeader = skb.data;
    skb.networkHeader = skb.pull(1);
    skb.transportHeader = skb.pull(1);
    const copies = [80, 2, 1, 0].map((headroom) => skb.copy(headroom) as SkBuff);
    expect(
      copies.map(({ bytes, macHeader, networkHeader, transportHeader }) => [
        bytes[macHeader],
        bytes[networkHeader],
        bytes[transportHeader],
      ]),
    ).toEqual([
      [1, 2, 3],
      [1, 2, 3],
      [undefined, 2, 3],
      [undefined, undefined, 3],
    ]);
    expect([...(copies[0] as SkBuff).toBytes()]).toEqual([3]);
    const roomy = skb.copy(100) as SkBuff;
    expect([roomy.bytes[roomy.head], roomy.bytes[roomy.macHeader]]).toEqual([0x5a, 1]);
  });

  it('a header offset in front of what a copy holds is unset', () => {
    const skb = alloc(8, 8);
    skb.putData(bytes(1, 2, 3));
    skb.macHeader = skb.data;
    skb.pull(2);
    const copy = skb.copy(0) as SkBuff;
    expect(copy.macHeader).toBe(-1);
  });

  it('users share one skb; the destructor fires once, at the last free', () => {
    const skb = new Pool({ poison: true }).alloc(8) as SkBuff;
    const seen: SkBuff[] = [];
    skb.destructor = (freed) => seen.push(freed);
    skb.sk = {};
    skb.get();
    skb.free();
    expect(seen).toEqual([]);
    skb.free();
    expect(seen).toEqual([skb]);
    expect(skb.sk).toBeUndefined();
  });

  it('orphan fires the destructor, and free does not fire it again', () => {
    let fired = 0;
    const skb = alloc(8);
    skb.destructor = () => {
      fired++;
    };
    const twin = skb.clone();
    skb.orphan();
    skb.free();
    twin.free();
    expect(fired).toBe(1);
  });

  it.each<[string, (skb: SkBuff) => unknown]>([
    ['trim', (skb) => skb.trim(0)],
    ['linearize', (skb) => skb.linearize()],
    ['split', (skb) => skb.split(0)],
    ['free', (skb) => skb.free()],
  ])('%s keeps nothing alive that it gave back', (_name, act) => {
    const skb = alloc(0);
    const page = wrapPage(bytes(1));
    skb.addFrag(page, 0, 1);
    act(skb);
    expect(skb.nrFrags).toBe(0);
    expect(skb.frags.map((frag) => frag.page)).not.toContain(page);
  });

  it('a page tells its owner when the last reference went', () => {
    const released: number[] = [];
    const page = wrapPage(bytes(1, 2, 3));
    page.onRelease = (freed) => released.push(freed.size);
    const skb = alloc(0);
    skb.addFrag(page, 0, 3);
    const twin = skb.clone();
    skb.free();
    expect(released).toEqual([]);
    twin.free();
    expect(released).toEqual([3]);
    expect(() => page.put()).toThrow(RangeError);
    expect(() => page.hold()).toThrow(RangeError);
  });
});

describe('checksum state', () => {
  const sum = (skb: SkBuff): number => csumPartial(viewOf(skb.toBytes()), 0, skb.len);

  it('pull, trim and split keep a complete sum right, at odd places too', () => {
    const skb = alloc(16);
    skb.putData(bytes(1, 2, 3, 4, 5));
    skb.addFrag(wrapPage(bytes(6, 7, 8, 9, 10, 11)), 0, 6);
    skb.csum = sum(skb);
    skb.ipSummed = CHECKSUM_COMPLETE;
    skb.pull(3);
    expect(skb.csum).toBe(sum(skb));
    skb.trim(7);
    expect(skb.csum).toBe(sum(skb));
    const rest = skb.split(3) as SkBuff;
    expect([skb.csum, rest.csum]).toEqual([sum(skb), sum(rest)]);
    expect([skb.ipSummed, rest.ipSummed]).toEqual([CHECKSUM_COMPLETE, CHECKSUM_COMPLETE]);
  });

  it('split leaves a partial checksum with the half that has its header', () => {
    const skb = alloc(16);
    skb.putData(bytes(1, 2, 3, 4, 5, 6));
    Object.assign(skb, {
      ipSummed: CHECKSUM_PARTIAL,
      csumStart: skb.data,
      csumOffset: 2,
      transportHeader: skb.data,
    });
    const rest = skb.split(4) as SkBuff;
    expect([skb.ipSummed, rest.ipSummed, rest.transportHeader]).toEqual([
      CHECKSUM_PARTIAL,
      CHECKSUM_NONE,
      -1,
    ]);
    expect(skb.csumStart).toBe(skb.data);
  });

  it('a partial checksum follows its header into another head', () => {
    const skb = alloc(16);
    skb.putData(bytes(1, 2, 3, 4));
    Object.assign(skb, { ipSummed: CHECKSUM_PARTIAL, csumStart: skb.data + 1, csumOffset: 0 });
    skb.expandHead(64, 0);
    expect(skb.csumStart - skb.data).toBe(1);
  });

  it.each<[string, (skb: SkBuff) => unknown]>([
    ['push', (skb) => skb.push(1)],
    ['put', (skb) => skb.put(1)],
    ['addFrag', (skb) => skb.addFrag(wrapPage(bytes(1)), 0, 1)],
  ])('%s outdates it', (_name, act) => {
    const skb = alloc(16, 16);
    skb.ipSummed = CHECKSUM_COMPLETE;
    act(skb);
    expect(skb.ipSummed).toBe(CHECKSUM_NONE);
  });
});
