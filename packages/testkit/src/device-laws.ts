/**
 * The laws of a network device. Each is a function that throws when it is broken; {@link deviceLaws} registers them all.
 * @module
 */
import { PACKET_HOST } from '@stack/skbuff';
import fc from 'fast-check';
import type { TestApi } from './api.ts';
import { holds, rangeError, same, thrown } from './assert.ts';
import { offloads, total } from './device-offload-laws.ts';
import {
  BUDGET,
  BUSY,
  type DeviceLaw,
  type DeviceLawOptions,
  forAll,
  type MakeDevices,
  OK,
  Rig,
} from './device-rig.ts';
import { geometry, type Layout, layouts } from './packets.ts';

export { offloads, total };

/** Every law of a device, by the sentence it stands under in a test report. */
export const DEVICE_LAWS: Readonly<Record<string, DeviceLaw>> = {
  'what is sent arrives: the same bytes, in order, whatever their layout': arrives,
  'OK takes a packet over; BUSY leaves it as it was, and wake follows': busyLeavesIt,
  'an owner hears of its packet once': ownerHears,
  'nothing is delivered outside of poll': delivered,
  'poll keeps its budget, and interrupts come again when it did less': budgeted,
  'poll within poll does nothing': pollNested,
  'a receiver that throws loses one packet': receiverThrows,
  'a packet comes with its device, index, type and link header': dressed,
  'counters count': counts,
  'completed reports each packet once': completes,
  'super-packets and partial checksums arrive whole, or as what they stand for': offloads,
  'no packet is longer than the MTU': limited,
  'what the sender keeps does not change': kept,
  'any packet at all is taken without a throw': total,
  'close frees what there is and drops what comes': closes,
  'a packet that was freed is a RangeError': freed,
};

/** Registers {@link DEVICE_LAWS} for the devices of `make` under `name`. */
export function deviceLaws(
  api: TestApi,
  name: string,
  make: MakeDevices,
  options: DeviceLawOptions = {},
): void {
  api.describe(`${name}: device laws`, () => {
    for (const [sentence, law] of Object.entries(DEVICE_LAWS)) api.it(sentence, () => law(make, options));
  });
}

/** Every packet arrives with its bytes, none twice, in the order of sending. */
export async function arrives(make: MakeDevices, options: DeviceLawOptions = {}): Promise<void> {
  const packet = fc.tuple(fc.uint8Array({ maxLength: 700, size: 'max' }), layouts());
  await forAll(make, options, fc.array(packet, { maxLength: 40, size: 'max' }), async (rig, packets) => {
    const sent: Uint8Array[] = [];
    for (const [payload, layout] of packets) {
      const bytes = rig.frame(payload);
      sent.push(bytes);
      await rig.send(rig.packet(bytes, layout));
    }
    await rig.settle();
    rig.expectReceived(sent);
  });
}

/** A busy device has not touched the packet, and wakes its sender, who then gets rid of it. */
export async function busyLeavesIt(make: MakeDevices, options: DeviceLawOptions = {}): Promise<void> {
  const rig = new Rig(await make());
  const bytes = rig.frame(counted(300));
  let taken = 0;
  let skb = rig.packet(bytes, SPLIT);
  for (; taken < (options.flood ?? 2000); taken++) {
    skb.cb.fill(taken);
    let heard = 0;
    skb.destructor = () => void heard++;
    const before = [geometry(skb), skb.users, skb.len];
    if (rig.a.xmit(skb) === OK) {
      skb = rig.packet(bytes, SPLIT);
      continue;
    }
    same([geometry(skb), skb.users, skb.len], before, 'BUSY leaves the packet as it was');
    same([...skb.cb], new Array(12).fill(taken), 'BUSY leaves cb as it was');
    same(heard, 0, 'BUSY leaves the owner alone');
    same(skb.toBytes(), bytes, 'BUSY leaves the bytes');
    same(rig.a.xmit(skb), BUSY, 'a device without room stays busy');
    await rig.send(skb);
    skb = rig.packet(bytes, SPLIT);
    taken++;
    break;
  }
  skb.free();
  await rig.settle();
  holds(rig.received.length <= taken, 'no packet arrives twice');
  await rig.finish();
}

/** The destructor of a packet that was taken fires exactly once by the time all is over. */
export async function ownerHears(make: MakeDevices, options: DeviceLawOptions = {}): Promise<void> {
  await forAll(make, options, fc.integer({ min: 1, max: 20 }), async (rig, count) => {
    const heard = new Array<number>(count).fill(0);
    for (let i = 0; i < count; i++) {
      const skb = rig.packet(rig.frame(counted(100)));
      skb.sk = heard;
      skb.destructor = () => {
        heard[i] = (heard[i] as number) + 1;
      };
      await rig.send(skb);
    }
    await rig.settle();
    same(heard, new Array(count).fill(1), 'times each owner heard');
  });
}

/** `xmit` and time alone deliver nothing; they make the device ask for a poll. */
export async function delivered(make: MakeDevices): Promise<void> {
  const rig = new Rig(await make()); // its receiver throws outside of polls
  for (let i = 0; i < 3; i++) await rig.send(rig.packet(rig.frame(counted(i))));
  await rig.bench.pump();
  same(rig.received.length, 0, 'packets delivered before a poll');
  holds(rig.due, 'the device asks to be polled');
  await rig.settle();
  same(rig.received.length, 3, 'packets delivered by polls');
  await rig.finish();
}

/** No poll delivers more than its budget, and a device that was polled to its budget waits for the next poll in silence. */
export async function budgeted(make: MakeDevices): Promise<void> {
  const rig = new Rig(await make());
  for (let i = 0; i < 6; i++) await rig.send(rig.packet(rig.frame(counted(20))));
  await rig.bench.pump();
  same(rig.interrupts, 1, 'interrupts for packets that nobody polled');
  for (const [budget, delivered] of [
    [2, 2],
    [1, 3],
    [0, 3],
    [2, 5],
  ] as const) {
    same(rig.poll(budget), budget, `poll(${budget})`);
    await rig.bench.pump();
    same(
      [rig.received.length, rig.interrupts],
      [delivered, 1],
      `packets and interrupts after poll(${budget})`,
    );
  }
  same(rig.poll(BUDGET), 1, 'the last poll');
  await rig.settle();
  same(rig.received.length, 6, 'packets delivered');
  const { interrupts } = rig;
  await rig.send(rig.packet(rig.frame(counted(20))));
  await rig.bench.pump();
  holds(rig.interrupts > interrupts, 'a packet after the last poll interrupts again');
  await rig.settle();
  same(rig.received.length, 7, 'packets delivered');
  await rig.finish();
}

/** A receiver that polls gets 0, and the poll that called it goes on. */
export async function pollNested(make: MakeDevices): Promise<void> {
  const rig = new Rig(await make());
  const nested: number[] = [];
  rig.onReceive = (skb) => {
    skb.free();
    nested.push(rig.b.poll(BUDGET));
  };
  for (let i = 0; i < 5; i++) await rig.send(rig.packet(rig.frame(counted(50 + i))));
  await rig.settle();
  same(nested, [0, 0, 0, 0, 0], 'what polls within polls gave');
  await rig.finish();
}

/** The error comes out of poll; what was behind that packet is delivered later, in order. */
export async function receiverThrows(make: MakeDevices): Promise<void> {
  const rig = new Rig(await make());
  const sent = [10, 11, 12, 13].map((length) => rig.frame(counted(length + 60)));
  rig.onReceive = (skb) => {
    skb.free();
    if (rig.received.length === 2) throw new Error('by the receiver');
  };
  for (const bytes of sent) await rig.send(rig.packet(bytes));
  await rig.bench.pump();
  const outcome = thrown(() => rig.poll(BUDGET));
  same((outcome?.error as Error | undefined)?.message, 'by the receiver', 'what comes out of poll');
  await rig.settle();
  rig.expectReceived(sent);
  await rig.finish();
}

/** What a host needs to know of a packet is in it. */
export async function dressed(make: MakeDevices): Promise<void> {
  const rig = new Rig(await make());
  const seen: unknown[] = [];
  rig.onReceive = (skb) => {
    seen.push(skb.dev === rig.b, skb.ifindex, skb.pktType, skb.macHeader === skb.data, skb.users, skb.sk);
    skb.free();
  };
  const skb = rig.packet(rig.frame(counted(100)));
  skb.sk = rig;
  await rig.send(skb);
  await rig.settle();
  same(
    seen,
    [true, rig.b.ifindex, PACKET_HOST, true, 1, undefined],
    'its device is b, ifindex, pktType, macHeader is data, users, sk',
  );
  await rig.finish();
}

/** `ip -s link` counts packets and bytes at both ends, and what nobody received. */
export async function counts(make: MakeDevices, options: DeviceLawOptions = {}): Promise<void> {
  await forAll(make, options, fc.array(fc.nat(700), { maxLength: 30, size: 'max' }), async (rig, lengths) => {
    for (const length of lengths) await rig.send(rig.packet(rig.frame(counted(length))));
    await rig.settle();
    const bytes = rig.received.reduce((sum, { length }) => sum + length, 0);
    const { stats: tx } = rig.a;
    const { stats: rx } = rig.b;
    same([tx.txPackets, tx.txBytes], [lengths.length, bytes], 'packets and bytes sent');
    same([rx.rxPackets, rx.rxBytes], [lengths.length, bytes], 'packets and bytes received');
    rig.b.receive = undefined;
    await rig.send(rig.packet(rig.frame(counted(100))));
    await rig.settle();
    same([rx.rxNohandler, rx.rxDropped], [1, 1], 'packets that nobody received');
    rig.listen();
  });
}

/** A device that reports to byte queue limits reports each packet that it took, once, by the length it had. */
export async function completes(make: MakeDevices, options: DeviceLawOptions = {}): Promise<void> {
  await forAll(
    make,
    options,
    fc.array(fc.nat(2000), { maxLength: 30, size: 'max' }),
    async (rig, lengths) => {
      if (!('completed' in rig.a)) return;
      let [packets, bytes, sent] = [0, 0, 0];
      rig.a.completed = (count, length) => {
        packets += count;
        bytes += length;
      };
      for (const length of lengths) {
        const skb = rig.packet(rig.frame(counted(length))); // some are too long, and dropped
        sent += skb.len;
        await rig.send(skb);
      }
      await rig.settle();
      same([packets, bytes], [lengths.length, sent], 'packets and bytes completed');
    },
  );
}

/** A packet of exactly the MTU passes, a longer one does not. */
export async function limited(make: MakeDevices): Promise<void> {
  const rig = new Rig(await make());
  const { mtu } = rig.a;
  const fits = rig.frame(counted(mtu));
  const over = rig.frame(counted(mtu + 1));
  await rig.send(rig.packet(over));
  await rig.send(rig.packet(fits, SPLIT));
  await rig.send(rig.packet(over, SPLIT));
  await rig.settle();
  rig.expectReceived([fits]);
  await rig.finish();
}

/** A clone that the sender keeps has the same bytes when the receiver has changed its own. */
export async function kept(make: MakeDevices, options: DeviceLawOptions = {}): Promise<void> {
  await forAll(make, options, layouts(), async (rig, layout) => {
    const bytes = rig.frame(counted(200));
    const skb = rig.packet(bytes, layout);
    const clone = skb.clone();
    const held = skb.get(); // by somebody who looks on
    rig.onReceive = (received) => {
      holds(received !== held, 'a packet that somebody holds is not handed on');
      holds(received.cow() && received.mayPull(Math.min(received.len, 20)), 'the receiver may write');
      received.bytes.fill(0xff, received.data, received.tail);
      received.free();
    };
    await rig.send(skb);
    await rig.settle();
    same(rig.received.length, 1, 'packets received');
    same(clone.toBytes(), bytes, 'what the sender kept');
    held.free();
    clone.free();
  });
}

/** After close nothing is held, nothing is delivered, and what is sent is freed; closing twice is closing once. */
export async function closes(make: MakeDevices, options: DeviceLawOptions = {}): Promise<void> {
  await forAll(
    make,
    options,
    fc.tuple(fc.nat(20), fc.boolean(), fc.boolean()),
    async (rig, [count, pump, sender]) => {
      for (let i = 0; i < count; i++) {
        const skb = rig.packet(rig.frame(counted(100)));
        if (rig.a.xmit(skb) === BUSY) skb.free();
      }
      if (pump) await rig.bench.pump();
      const before = rig.received.length;
      for (const device of sender ? [rig.a, rig.b, rig.a] : [rig.b, rig.a, rig.b]) device.close();
      const late = rig.packet(rig.frame(counted(100)));
      same(rig.a.xmit(late), OK, 'xmit on a closed device');
      same(rig.poll(BUDGET), 0, 'poll on a closed device');
      await rig.settle();
      same(rig.received.length, before, 'packets delivered after close');
    },
  );
}

/** The caller's mistake is told, and changes nothing. */
export async function freed(make: MakeDevices): Promise<void> {
  const rig = new Rig(await make());
  const skb = rig.packet(rig.frame(counted(100)));
  skb.free();
  rangeError(() => rig.a.xmit(skb), 'xmit of a packet that was freed');
  await rig.finish();
}

/** The first bytes in the head, the others in frags. */
const SPLIT: Layout = { linear: 40, cuts: [10, 33] };

/** `length` bytes 0, 1, 2, … */
function counted(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i);
}
