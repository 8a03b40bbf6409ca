/**
 * The device laws themselves: a sound device keeps every one, and each seeded bug is caught by the law aimed at it.
 */
import { CHECKSUM_PARTIAL, PACKET_HOST, PACKET_OTHERHOST, Pool, type SkBuff, SkbQueue } from '@stack/skbuff';
import { describe, expect, it } from 'vitest';
import * as laws from './device-laws.ts';
import type { DeviceBench, DeviceLaw, LawDevice } from './device-rig.ts';

/** How long a law may look for a seeded bug, whatever the budget of the run is. */
const options = { runs: 300, flood: 50 };

/** Half of a pair: packets pass to the peer by reference, up to sixteen; a simple, sound device. */
class Half implements LawDevice {
  ifindex = 0;
  readonly type: 'ether' | 'none' | 'loopback' = 'ether';
  mtu = 1500;
  address: number;
  features: Record<string, boolean> = { gso: true, tx: true };
  wake: ((device: never) => void) | undefined = undefined;
  receive: ((skb: SkBuff) => void) | undefined = undefined;
  interrupt: ((device: never) => void) | undefined = undefined;
  completed: ((packets: number, bytes: number) => void) | undefined = undefined;
  stats = { rxPackets: 0, txPackets: 0, rxBytes: 0, txBytes: 0, rxDropped: 0, rxNohandler: 0 };
  peer!: Half;
  queue = new SkbQueue();
  scheduled = false;
  polling = false;
  closed = false;
  peerWaits = false;

  constructor(address: number) {
    this.address = address;
  }

  xmit(skb: SkBuff): number {
    if (skb.users <= 0) throw new RangeError('half: freed');
    if (!this.closed && !this.peer.closed && this.isBusy()) return 1;
    const { len } = skb;
    if (this.accepts(skb)) {
      this.stats.txPackets++;
      this.stats.txBytes += len;
      this.peer.take(this.own(skb));
    } else skb.free();
    this.completed?.(1, len);
    return 0;
  }

  isBusy(): boolean {
    if (this.peer.queue.qlen < 16) return false;
    this.peer.peerWaits = true;
    return true;
  }

  accepts(skb: SkBuff): boolean {
    if (this.closed || this.peer.closed || !skb.mayPull(14)) return false;
    return skb.gsoSize > 0 || skb.len <= this.mtu + 14;
  }

  own(skb: SkBuff): SkBuff {
    skb.orphan();
    if (skb.users === 1) return skb;
    const twin = skb.clone();
    skb.free();
    return twin;
  }

  take(skb: SkBuff): void {
    this.queue.push(skb);
    if (!this.scheduled) this.raise();
  }

  raise(): void {
    this.scheduled = true;
    this.interrupt?.(this as never);
  }

  poll(budget: number): number {
    if (this.polling || this.closed) return 0;
    this.polling = true;
    let done = 0;
    try {
      for (; done < budget && this.queue.qlen > 0; done++) this.deliver(this.queue.shift() as SkBuff);
    } catch (error) {
      this.raise();
      throw error;
    } finally {
      this.polling = false;
    }
    if (done < budget) this.scheduled = false;
    if (this.peerWaits && this.queue.qlen < 8) {
      this.peerWaits = false;
      this.peer.wake?.(this.peer as never);
    }
    return done;
  }

  deliver(skb: SkBuff): void {
    if (this.receive === undefined) {
      this.stats.rxNohandler++;
      this.stats.rxDropped++;
      skb.free();
      return;
    }
    this.stats.rxPackets++;
    this.stats.rxBytes += skb.len;
    this.dress(skb);
    this.receive(skb);
  }

  dress(skb: SkBuff): void {
    skb.dev = this;
    skb.ifindex = this.ifindex;
    skb.pktType = PACKET_HOST;
    skb.macHeader = skb.data;
  }

  close(): void {
    this.closed = true;
    this.queue.purge();
  }
}

function pair(Kind: typeof Half = Half): DeviceBench {
  const [a, b] = [new Kind(0x02_00_00_00_00_01), new Kind(0x02_00_00_00_00_02)];
  [a.peer, b.peer] = [b, a];
  return { a, b, pools: [new Pool({ poison: true, chunkSize: 65_536 })], pump() {} };
}

laws.deviceLaws({ describe, it }, 'sample', pair, { flood: 50 });
laws.deviceLaws({ describe, it }, 'sample without a link header', () => pair(Bare), { flood: 50 });

/** As a TUN: nothing in front of the payload. */
class Bare extends Half {
  override readonly type = 'none';
  override accepts(skb: SkBuff): boolean {
    if (this.closed || this.peer.closed) return false;
    return skb.gsoSize > 0 || skb.len <= this.mtu;
  }
}

type Bug = [bug: string, law: DeviceLaw, broken: typeof Half];

const bugs: Bug[] = [
  [
    'a packet overtakes',
    laws.arrives,
    class extends Half {
      override take(skb: SkBuff): void {
        if (this.queue.qlen === 3) this.queue.unshift(skb);
        else super.take(skb);
      }
    },
  ],
  [
    'only the linear part arrives',
    laws.arrives,
    class extends Half {
      override own(skb: SkBuff): SkBuff {
        const own = super.own(skb);
        own.trim(own.headlen);
        return own;
      }
    },
  ],
  [
    'a packet is lost',
    laws.arrives,
    class extends Half {
      override accepts(skb: SkBuff): boolean {
        return super.accepts(skb) && skb.len !== 14;
      }
    },
  ],
  [
    'a packet arrives twice',
    laws.arrives,
    class extends Half {
      override take(skb: SkBuff): void {
        if (this.queue.qlen === 2) super.take(skb.clone());
        super.take(skb);
      }
    },
  ],
  [
    'BUSY frees the packet',
    laws.busyLeavesIt,
    class extends Half {
      override xmit(skb: SkBuff): number {
        const rc = super.xmit(skb);
        if (rc === 1) skb.free();
        return rc;
      }
    },
  ],
  [
    'BUSY orphans the packet',
    laws.busyLeavesIt,
    class extends Half {
      override xmit(skb: SkBuff): number {
        if (skb.users > 0) skb.orphan();
        return super.xmit(skb);
      }
    },
  ],
  [
    'BUSY scribbles in cb',
    laws.busyLeavesIt,
    class extends Half {
      override xmit(skb: SkBuff): number {
        skb.cb[11] = -1;
        return super.xmit(skb);
      }
    },
  ],
  [
    'BUSY makes the packet linear',
    laws.busyLeavesIt,
    class extends Half {
      override xmit(skb: SkBuff): number {
        skb.linearize();
        return super.xmit(skb);
      }
    },
  ],
  [
    'a wake that never comes',
    laws.busyLeavesIt,
    class extends Half {
      override isBusy(): boolean {
        return this.peer.queue.qlen >= 16;
      }
    },
  ],
  [
    'BUSY, and sent all the same',
    laws.busyLeavesIt,
    class extends Half {
      override xmit(skb: SkBuff): number {
        if (super.xmit(skb) === 0) return 0;
        this.peer.take(skb.get());
        return 1;
      }
    },
  ],
  [
    'an owner that is forgotten',
    laws.ownerHears,
    class extends Half {
      override own(skb: SkBuff): SkBuff {
        skb.destructor = undefined;
        return super.own(skb);
      }
    },
  ],
  [
    'an owner that hears twice',
    laws.ownerHears,
    class extends Half {
      override own(skb: SkBuff): SkBuff {
        skb.destructor?.(skb);
        return super.own(skb);
      }
    },
  ],
  [
    'delivery from within xmit',
    laws.delivered,
    class extends Half {
      override take(skb: SkBuff): void {
        this.deliver(skb);
      }
    },
  ],
  [
    'no interrupt',
    laws.delivered,
    class extends Half {
      override raise(): void {
        this.scheduled = true;
      }
    },
  ],
  [
    'one packet more than the budget',
    laws.budgeted,
    class extends Half {
      override poll(budget: number): number {
        return Math.min(super.poll(budget + 1), budget);
      }
    },
  ],
  [
    'an interrupt a packet',
    laws.budgeted,
    class extends Half {
      override take(skb: SkBuff): void {
        this.scheduled = false;
        super.take(skb);
      }
    },
  ],
  [
    'no interrupt after a poll',
    laws.budgeted,
    class extends Half {
      override poll(budget: number): number {
        const done = super.poll(budget);
        this.scheduled = true;
        return done;
      }
    },
  ],
  [
    'a poll that claims nothing',
    laws.budgeted,
    class extends Half {
      override poll(budget: number): number {
        super.poll(budget);
        return 0;
      }
    },
  ],
  [
    'a poll within a poll that delivers',
    laws.pollNested,
    class extends Half {
      override poll(budget: number): number {
        this.polling = false;
        return super.poll(budget);
      }
    },
  ],
  [
    'a receiver that throws stops everything',
    laws.receiverThrows,
    class extends Half {
      override raise(): void {
        if (!this.polling) super.raise();
      }
    },
  ],
  [
    'a receiver that throws loses the rest',
    laws.receiverThrows,
    class extends Half {
      override deliver(skb: SkBuff): void {
        try {
          super.deliver(skb);
        } catch (error) {
          this.queue.purge();
          throw error;
        }
      }
    },
  ],
  [
    'an error that is swallowed',
    laws.receiverThrows,
    class extends Half {
      override deliver(skb: SkBuff): void {
        try {
          super.deliver(skb);
        } catch {}
      }
    },
  ],
  [
    'a packet of another type',
    laws.dressed,
    class extends Half {
      override dress(skb: SkBuff): void {
        super.dress(skb);
        skb.pktType = PACKET_OTHERHOST;
      }
    },
  ],
  [
    'a packet without a device',
    laws.dressed,
    class extends Half {
      override dress(skb: SkBuff): void {
        super.dress(skb);
        skb.dev = undefined;
      }
    },
  ],
  [
    'a packet with its owner',
    laws.dressed,
    class extends Half {
      override own(skb: SkBuff): SkBuff {
        const { sk } = skb;
        const own = super.own(skb);
        own.sk = sk;
        return own;
      }
    },
  ],
  [
    'bytes that are not counted',
    laws.counts,
    class extends Half {
      override deliver(skb: SkBuff): void {
        super.deliver(skb);
        this.stats.rxBytes--;
      }
    },
  ],
  [
    'packets nobody received, uncounted',
    laws.counts,
    class extends Half {
      override deliver(skb: SkBuff): void {
        if (this.receive === undefined) skb.free();
        else super.deliver(skb);
      }
    },
  ],
  [
    'drops that are never completed',
    laws.completes,
    class extends Half {
      override accepts(skb: SkBuff): boolean {
        const takes = super.accepts(skb);
        if (!takes) this.completed?.(-1, -skb.len);
        return takes;
      }
    },
  ],
  [
    'a super-packet where no feature says so',
    laws.offloads,
    class extends Half {
      override features = { gso: false, tx: true };
    },
  ],
  [
    'a super-packet that became an ordinary one',
    laws.offloads,
    class extends Half {
      override own(skb: SkBuff): SkBuff {
        skb.gsoSize = 0;
        return super.own(skb);
      }
    },
  ],
  [
    'a partial checksum that is taken for a good one',
    laws.offloads,
    class extends Half {
      override own(skb: SkBuff): SkBuff {
        if (skb.ipSummed === CHECKSUM_PARTIAL && skb.gsoSize === 0) skb.ipSummed = 1;
        return super.own(skb);
      }
    },
  ],
  [
    'no MTU',
    laws.limited,
    class extends Half {
      override accepts(skb: SkBuff): boolean {
        return !this.closed && !this.peer.closed && skb.mayPull(14);
      }
    },
  ],
  [
    'an MTU that is one byte short',
    laws.limited,
    class extends Half {
      override accepts(skb: SkBuff): boolean {
        return super.accepts(skb) && skb.len < this.mtu + 14;
      }
    },
  ],
  [
    'a packet handed on that somebody holds',
    laws.kept,
    class extends Half {
      override own(skb: SkBuff): SkBuff {
        skb.orphan();
        return skb;
      }
    },
  ],
  [
    'a header that is read where there is none',
    laws.total,
    class extends Half {
      override accepts(skb: SkBuff): boolean {
        if (!super.accepts(skb)) return false;
        return skb.ipSummed !== CHECKSUM_PARTIAL || skb.view.getUint8(skb.csumStart + 1_000_000) >= 0;
      }
    },
  ],
  [
    'close that leaves packets',
    laws.closes,
    class extends Half {
      override close(): void {
        this.closed = true;
      }
    },
  ],
  [
    'a closed device that delivers',
    laws.closes,
    class extends Half {
      override close(): void {
        while (this.queue.qlen > 0) this.deliver(this.queue.shift() as SkBuff);
        super.close();
      }
    },
  ],
  [
    'a closed device that is busy',
    laws.closes,
    class extends Half {
      override xmit(skb: SkBuff): number {
        return this.closed ? 1 : super.xmit(skb);
      }
    },
  ],
  [
    'a closed device that leaks',
    laws.closes,
    class extends Half {
      override xmit(skb: SkBuff): number {
        return this.closed ? 0 : super.xmit(skb);
      }
    },
  ],
  [
    'a freed packet that is taken',
    laws.freed,
    class extends Half {
      override xmit(skb: SkBuff): number {
        return skb.users <= 0 ? 0 : super.xmit(skb);
      }
    },
  ],
];

describe('seeded bugs', () => {
  it.each(bugs)('%s', async (_bug, law, broken) => {
    await expect(law(() => pair(broken), options)).rejects.toThrow();
  });

  it('every law has one', () => {
    const aimed = new Set(bugs.map(([, law]) => law));
    expect(Object.values(laws.DEVICE_LAWS).filter((law) => !aimed.has(law))).toEqual([]);
  });
});
