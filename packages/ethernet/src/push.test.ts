import { alloc, wrap } from '@stack/skbuff';
import { hex } from '@stack/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as ethernet from './index.ts';
import { pushHeader } from './testing.ts';

const LLC: ethernet.Llc = { dsap: 0x42, ssap: 0x42, control: 3, snap: null };
const SNAP: ethernet.Llc = { dsap: 0xaa, ssap: 0xaa, control: 3, snap: { oui: 0, pid: 0x0806 } };

describe('push refuses what pull could not give back', () => {
  it.each<[string, Partial<ethernet.PushHeader>, RegExp]>([
    ['1501: neither type nor length', { proto: 1501 }, /proto 1501 .*1500/],
    ['1535: neither type nor length', { proto: 1535 }, /proto 1535 /],
    ['1501 under an LLC', { proto: 1501, llc: LLC }, /proto 1501 /],
    ['a length without LLC', { proto: 1500 }, /proto 1500 .*llc/],
    ['a length of 0 without LLC', { proto: 0 }, /proto 0 .*llc/],
    ['an EtherType with an LLC', { proto: 0x0800, llc: LLC }, /proto 0x0800 .*llc/],
    ['a C-tag as proto', { proto: 0x8100 }, /proto 0x8100 .*tags/],
    ['an S-tag as proto', { proto: 0x88a8 }, /proto 0x88a8 .*tags/],
    [
      'a tag as proto behind a tag',
      { proto: 0x8100, tags: [{ tpid: 0x88a8, tci: 1 }] },
      /proto 0x8100 .*tags/,
    ],
    [
      'a tag that pull does not take for one',
      { proto: 0x0800, tags: [{ tpid: 0x9100, tci: 1 }] },
      /tpid 0x9100 .*0x8100.*0x88a8/,
    ],
    ['SNAP behind other SAPs', { llc: { ...SNAP, dsap: 0x42 } }, /snap/],
    ['SNAP behind another control', { llc: { ...SNAP, control: 0x13 } }, /snap/],
    ['the SAPs of SNAP without SNAP', { llc: { ...SNAP, snap: null } }, /snap/],
  ])('%s', (_, header, message) => {
    const skb = alloc(8, 64);
    skb.put(8);
    const { data } = skb;
    const act = (): void => ethernet.push(skb, { dest: 1, source: 2, ...header });
    expect(act).toThrow(RangeError);
    expect(act).toThrow(message);
    expect([skb.data, skb.len, skb.macHeader, skb.networkHeader, skb.protocol]).toEqual([data, 8, -1, -1, 0]);
    skb.free();
  });

  it('and encode writes all the same', () => {
    const header = { dest: 1, source: 2, tags: [{ tpid: 0x9100, tci: 1 }], proto: 0x8100, llc: LLC };
    expect(ethernet.encode(header).slice(12)).toEqual(hex`9100 0001 8100 424203`);
  });
});

describe('push marks the packet', () => {
  it('as pull does', () => {
    const payload = fc.uint8Array({ maxLength: 20 });
    fc.assert(
      fc.property(pushHeader(), payload, (header, bytes) => {
        const skb = alloc(bytes.length, 64);
        const at = skb.putData(bytes);
        ethernet.push(skb, header);
        const other = wrap(skb.toBytes());
        ethernet.pull(other);
        expect([skb.macHeader, skb.networkHeader]).toEqual([skb.data, at]);
        expect(skb.protocol).toBe(other.protocol);
        skb.free();
      }),
    );
  });

  it('but leaves a network header that is set', () => {
    const skb = alloc(8, 64);
    const at = skb.put(8);
    skb.networkHeader = at + 4;
    ethernet.push(skb, { dest: 1, source: 2, proto: 0x88e5 });
    expect([skb.networkHeader, skb.protocol]).toEqual([at + 4, 0x88e5]);
    skb.free();
  });
});

describe('MAX_HLEN', () => {
  it('is headroom enough for the longest header there is', () => {
    const tags = Array.from({ length: ethernet.MAX_TAGS }, () => ({ tpid: 0x8100, tci: 1 }));
    expect(ethernet.size({ tags, llc: SNAP })).toBe(ethernet.MAX_HLEN);
  });
});

describe('size', () => {
  it('takes what push takes', () => {
    expect(ethernet.size({ dest: 1, source: 2, proto: 0x0800 })).toBe(14);
  });
});
