/**
 * The laws of what a device does for its host, and of what packets claim.
 * @module
 */
import { CHECKSUM_PARTIAL, SKB_GSO_DODGY, SKB_GSO_TCPV4, type SkBuff } from '@stack/skbuff';
import { csumSkb } from '@stack/skbuff/checksum';
import fc from 'fast-check';
import { holds, same } from './assert.ts';
import { type DeviceLawOptions, forAll, type MakeDevices, Rig } from './device-rig.ts';
import { layouts } from './packets.ts';

/** A device that says `gso`, or whose bench does, passes super-packets as they are; no other delivers one, nor a checksum that is wrong. */
export async function offloads(make: MakeDevices): Promise<void> {
  const rig = new Rig(await make());
  const isWhole = rig.a.features.gso === true || rig.bench.passesSuperPackets === true;
  const seen: unknown[] = [];
  rig.onReceive = (skb) => {
    if (skb.gsoSize > 0) holds(isWhole, 'a super-packet passed a device without gso');
    else holds(skb.len <= rig.b.mtu + rig.headerLength, 'a piece of a super-packet is longer than the MTU');
    seen.push(offloadState(rig, skb));
    skb.free();
  };
  const whole = superPacket(rig, 3000, 1000);
  const expected = offloadState(rig, whole);
  await rig.send(whole);
  await rig.settle();
  if (isWhole) same(seen, [expected], 'the super-packet');
  seen.length = 0;
  const single = superPacket(rig, 500, 0);
  const state = offloadState(rig, single);
  await rig.send(single);
  await rig.settle();
  // Completed, or as it was; a device that does neither may refuse it.
  for (const got of seen)
    if ((got as { ipSummed: number }).ipSummed === CHECKSUM_PARTIAL) same(got, state, 'the packet');
  holds(seen.length === 1 || rig.a.features.tx === false, 'a device with tx takes a partial checksum');
  await rig.finish();
}

/** Whatever is in a packet, and whatever it claims of itself, `xmit` takes it or is busy. */
export async function total(make: MakeDevices, options: DeviceLawOptions = {}): Promise<void> {
  const packets = fc.array(fc.tuple(fc.uint8Array({ maxLength: 200, size: 'max' }), layouts(), claims()), {
    maxLength: 20,
  });
  await forAll(make, options, packets, async (rig, list) => {
    for (const [bytes, layout, claim] of list) {
      const skb = Object.assign(rig.packet(bytes, layout), claim);
      const [start, network, transport] = claim.offsets;
      skb.csumStart = skb.data + start;
      skb.networkHeader = skb.data + network;
      skb.transportHeader = skb.data + transport;
      await rig.send(skb);
    }
    await rig.settle();
    holds(rig.received.length <= list.length * 200, 'no more arrives than was sent');
  });
}

/** What a packet may say of itself, true or not. */
function claims(): fc.Arbitrary<{ offsets: [number, number, number] } & Partial<SkBuff>> {
  const offset = fc.integer({ min: -20, max: 220 });
  return fc.record(
    {
      offsets: fc.tuple(offset, offset, offset),
      ipSummed: fc.nat(3),
      csumOffset: fc.integer({ min: -2, max: 220 }),
      gsoSize: fc.constantFrom(0, 0, 1, 50, 70_000),
      gsoSegs: fc.constantFrom(0, 1, 4, 70_000),
      gsoType: fc.constantFrom(0, SKB_GSO_TCPV4, 16, 0x2_0000, 0xff),
      vlanProto: fc.constantFrom(0, 0x8100, 0x88a8),
      vlanTci: fc.nat(0xffff),
      protocol: fc.nat(0xffff),
    },
    { noNullPrototype: true },
  );
}

/** Bytes of Ethernet or nothing, 20 of a network header, 20 of a TCP header, and payload; the checksum is partial. */
function superPacket(rig: Rig, payload: number, mss: number): SkBuff {
  const bytes = rig.frame(new Uint8Array(40 + payload).fill(1));
  const skb = rig.packet(bytes, { linear: rig.headerLength + 40, cuts: [100, 1000] });
  const link = skb.len - 40 - payload;
  skb.macHeader = skb.data;
  skb.networkHeader = skb.data + link;
  skb.transportHeader = skb.networkHeader + 20;
  skb.view.setUint8(skb.transportHeader + 12, 0x50);
  skb.view.setUint16(skb.transportHeader + 16, 0);
  skb.ipSummed = CHECKSUM_PARTIAL;
  skb.csumStart = skb.transportHeader;
  skb.csumOffset = 16;
  if (mss === 0) return skb;
  skb.gsoSize = mss;
  skb.gsoSegs = Math.ceil(payload / mss);
  skb.gsoType = SKB_GSO_TCPV4;
  return skb;
}

/** What a packet asks for, with offsets that survive a move; a checksum that is not partial must be right. */
function offloadState(rig: Rig, skb: SkBuff): Record<string, number> {
  const { ipSummed, gsoSize, gsoSegs } = skb;
  if (ipSummed !== CHECKSUM_PARTIAL && gsoSize === 0) {
    const start = rig.headerLength + 20;
    same(csumSkb(skb, start, skb.len - start), 0xffff, 'the sum over a completed checksum');
    return { ipSummed, gsoSize };
  }
  const start = skb.csumStart - skb.data;
  const network = skb.networkHeader - skb.data;
  const transport = skb.transportHeader - skb.data;
  return {
    ipSummed,
    gsoSize,
    gsoSegs,
    // A device at the other side of which is not ours may say that it has not looked.
    gsoType: rig.bench.passesSuperPackets === true ? skb.gsoType & ~SKB_GSO_DODGY : skb.gsoType,
    start,
    csumOffset: skb.csumOffset,
    network,
    transport,
    len: skb.len,
  };
}
