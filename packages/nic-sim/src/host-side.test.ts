/** What a host sets on a NIC after it was made, and what the NIC tells it. */
import { Pool } from '@stack/skbuff';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from './clock.ts';
import { BUSY, OK } from './core.ts';
import { bench, frameBytes, MAC_A, packet, segmentTest, superPacket } from './fixture.ts';
import { Nic } from './nic.ts';

const LAYOUT = { headroom: 16, linear: 54, frags: [] };

/** Counts what `a` reports as completed. */
function count(nic: Nic): { packets: number; bytes: number } {
  const total = { packets: 0, bytes: 0 };
  nic.completed = (packets, bytes) => {
    total.packets += packets;
    total.bytes += bytes;
  };
  return total;
}

describe('completed', () => {
  it('reports each packet once, with the length it had when it was given', () => {
    const net = bench();
    const total = count(net.a);
    net.a.xmit(packet(net.poolA, frameBytes(1))); // padded on the wire
    const tagged = packet(net.poolA, frameBytes(100));
    [tagged.vlanProto, tagged.vlanTci] = [0x88a8, 5]; // inserted in software
    net.a.xmit(tagged);
    expect(total).toEqual({ packets: 0, bytes: 0 });
    net.clock.run();
    expect(total).toEqual({ packets: 2, bytes: 15 + 114 });
    net.close();
  });

  it.each([
    ['by the device', { tso: true }],
    ['in software', { tso: false }],
  ])('reports a super-packet cut %s as one', (_where, features) => {
    const net = bench({ both: { segment: segmentTest }, a: { features } });
    const total = count(net.a);
    const skb = superPacket(net.poolA, new Uint8Array(5000), 1000, LAYOUT);
    skb.cb.fill(7); // what a layer above left
    let released = false;
    skb.destructor = () => {
      released = true;
    };
    const { len } = skb;
    expect(net.a.xmit(skb)).toBe(OK);
    net.clock.run();
    expect(net.received.length).toBe(5);
    expect(total).toEqual({ packets: 1, bytes: len });
    expect(released).toBe(true);
    net.close();
  });

  it('reports what is dropped from within xmit, and nothing for BUSY', () => {
    const net = bench({ both: { txRing: 8 } });
    const total = count(net.a);
    net.a.xmit(packet(net.poolA, frameBytes(1501)));
    net.a.xmit(superPacket(net.poolA, new Uint8Array(3000), 1000, LAYOUT)); // nobody can cut it
    expect(total).toEqual({ packets: 2, bytes: 1515 + 3054 });
    let taken = 0;
    for (;;) {
      const skb = packet(net.poolA, frameBytes(1000));
      if (net.a.xmit(skb) === BUSY) {
        skb.free();
        break;
      }
      taken++;
    }
    net.clock.run();
    expect(total).toEqual({ packets: 2 + taken, bytes: 1515 + 3054 + taken * 1014 });
    net.wire.setUp(false);
    net.a.xmit(packet(net.poolA, frameBytes(10)));
    expect(total.packets).toBe(3 + taken);
    net.close();
    expect(total.packets).toBe(3 + taken);
  });

  it('reports a super-packet whose segments were all too long', () => {
    const net = bench({ both: { segment: segmentTest }, a: { features: { tso: false }, mtu: 500 } });
    const total = count(net.a);
    net.a.xmit(superPacket(net.poolA, new Uint8Array(2000), 1000, LAYOUT));
    expect(total).toEqual({ packets: 1, bytes: 2054 });
    expect(net.a.drops.NIC_TX_LONG).toBe(2);
    net.close();
  });
});

describe('a NIC that is given to a host', () => {
  it('has no index until one is assigned, and its hooks can be set', () => {
    const net = bench({ both: { segment: segmentTest } });
    expect([net.a.ifindex, net.b.ifindex]).toEqual([0, 0]);
    net.b.ifindex = 4;
    net.b.name = 'eth4';
    const seen: unknown[] = [];
    net.b.receive = (skb) => {
      seen.push(skb.ifindex, skb.len);
      skb.free();
    };
    net.b.interrupt = (nic) => void seen.push(nic.name);
    net.b.linkChange = (_nic, up) => void seen.push(up);
    net.a.segment = (skb) => {
      seen.push('cut');
      return segmentTest(skb);
    };
    net.a.xmit(superPacket(net.poolA, new Uint8Array(1500), 1000, LAYOUT));
    net.clock.run();
    expect(seen).toEqual(['cut', 'eth4']); // nothing is delivered before a poll
    expect(net.b.poll(64)).toBe(2);
    expect(seen).toEqual(['cut', 'eth4', 4, 1054, 4, 554]);
    net.wire.setUp(false);
    net.clock.run();
    expect(seen.slice(6)).toEqual([false, 'eth4']);
    net.b.poll(64);
    net.close();
  });

  it('counts what comes while nobody receives', () => {
    const net = bench();
    net.b.receive = undefined;
    net.a.xmit(packet(net.poolA, frameBytes(100)));
    net.clock.run();
    expect(net.b.stats).toMatchObject({ rxNohandler: 1, rxDropped: 1 });
    net.close();
  });

  it('takes its features as a record of flags', () => {
    const nic = new Nic({ clock: new VirtualClock(), pool: new Pool(), address: MAC_A });
    const features: Readonly<Record<string, boolean>> = nic.features;
    expect(features.tso).toBe(true);
    nic.close();
  });
});
