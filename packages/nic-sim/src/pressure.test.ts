import { Pool, type SkBuff, wrap } from '@stack/skbuff';
import { describe, expect, it } from 'vitest';
import { BUSY, OK } from './core.ts';
import { bench, expectAtRest, frameBytes, packet } from './fixture.ts';

describe('back-pressure', () => {
  it("a full ring is BUSY, the packet stays the caller's as it was, and wake comes when there is room", () => {
    const net = bench({ both: { txRing: 8 }, wire: { rate: 10_000_000 } });
    let woken = 0;
    const queue = Array.from({ length: 100 }, (_, i) => packet(net.poolA, frameBytes(46 + i)));
    const sent = queue.map((skb) => skb.toBytes());
    let busy = 0;
    const pump = (): void => {
      for (let skb = queue[0]; skb !== undefined; skb = queue[0]) {
        const before = { users: skb.users, len: skb.len, vlan: skb.vlanProto };
        if (net.a.xmit(skb) === BUSY) {
          busy++;
          expect({ users: skb.users, len: skb.len, vlan: skb.vlanProto }).toEqual(before);
          return;
        }
        queue.shift();
      }
    };
    net.a.wake = () => {
      woken++;
      pump();
    };
    pump();
    expect(queue.length).toBe(100 - 6); // seven usable descriptors, one of them kept for a tag that lengthens a piece
    expect(net.a.xmit(queue[0] as SkBuff)).toBe(BUSY);
    net.clock.run();
    expect(queue.length).toBe(0);
    expect(net.received).toEqual(sent);
    expect(busy).toBeGreaterThan(5);
    expect(net.a.ethtool.tx_restart_queue).toBe(woken);
    net.close();
  });

  it('a packet in more pieces than the ring has descriptors becomes linear', () => {
    const net = bench({ both: { txRing: 8 } });
    const skb = packet(net.poolA, frameBytes(0));
    for (let i = 0; i < 17; i++) {
      const page = net.poolA.page(10)!;
      page.arena.bytes.fill(i, page.start, page.start + 10);
      skb.addFrag(page, page.start, 10);
    }
    const bytes = skb.toBytes();
    expect(net.a.xmit(skb)).toBe(OK);
    net.clock.run();
    expect(net.received).toEqual([bytes]);
    expect(net.a.ethtool.txLinearized).toBe(1);
    net.close();
  });
});

describe('receive buffers', () => {
  it('frames wait in the FIFO, and beyond it they are missed', () => {
    const net = bench({ b: { rxRing: 8, interrupt: () => {} } });
    for (let i = 0; i < 50; i++) net.a.xmit(packet(net.poolA, frameBytes(1486)));
    net.clock.run();
    const inFifo = Math.floor(49_152 / 1500);
    expect(net.b.ethtool.rx_no_buffer_count).toBe(50 - 7);
    expect(net.b.stats.rxMissedErrors).toBe(50 - 7 - inFifo);
    expect(net.b.drops.NIC_RX_MISSED).toBe(50 - 7 - inFifo);
    let done = 0;
    for (let n = net.b.poll(64); n > 0; n = net.b.poll(64)) done += n;
    expect(done).toBe(7 + inFifo);
    expect(net.received.length).toBe(7 + inFifo);
    net.close();
  });

  it('a short frame does not overtake a long one that waits for buffers', () => {
    const net = bench({ both: { mtu: 9000 }, b: { rxRing: 8, interrupt: () => {} } });
    for (const size of [8000, 8000, 46]) net.a.xmit(packet(net.poolA, frameBytes(size)));
    net.clock.run();
    expect(net.b.rx.free).toBe(2); // five of seven went to the first
    while (net.b.poll(64) > 0);
    expect(net.received.map((bytes) => bytes.byteLength)).toEqual([8014, 8014, 60]);
    net.close();
  });

  it('an exhausted pool costs frames and nothing else; traffic goes on when there is memory again', () => {
    const poolB = new Pool({ chunkSize: 65_536, limit: 65_536, poison: true });
    const kept: SkBuff[] = [];
    const net = bench({ poolB, b: { rxRing: 16, receive: (skb) => void kept.push(skb) } });
    for (let i = 0; i < 120; i++) net.a.xmit(packet(net.poolA, frameBytes(1486)));
    net.clock.run();
    expect(net.b.ethtool.alloc_rx_buff_failed).toBeGreaterThan(0);
    expect(net.b.ethtool.rx_no_buffer_count).toBeGreaterThan(0);
    expect(net.b.stats.rxMissedErrors).toBeGreaterThan(0);
    expect(kept.length).toBe(32);
    for (const skb of kept) skb.free();
    kept.length = 0;
    for (let i = 0; i < 5; i++) net.a.xmit(packet(net.poolA, frameBytes(46)));
    net.clock.run();
    expect(kept.length).toBeGreaterThan(0);
    for (const skb of kept.splice(0)) skb.free();
    for (let i = 0; i < 5; i++) net.a.xmit(packet(net.poolA, frameBytes(46)));
    net.clock.run();
    expect(kept.length).toBeGreaterThanOrEqual(5);
    for (const skb of kept.splice(0)) skb.free();
    net.close();
  });

  it('a frame that waits for a buffer gets one soon after there is memory again', () => {
    const poolB = new Pool({ chunkSize: 65_536, limit: 65_536, poison: true });
    const kept: SkBuff[] = [];
    const net = bench({ poolB, b: { rxRing: 16, receive: (skb) => void kept.push(skb) } });
    for (let i = 0; i < 33; i++) net.a.xmit(packet(net.poolA, frameBytes(1486)));
    net.clock.runUntil(net.clock.now() + 500);
    expect(kept.length).toBe(32);
    const now = net.clock.now();
    net.clock.runUntil(now + 100_000);
    expect(kept.length).toBe(32);
    for (const skb of kept.splice(0)) skb.free();
    net.clock.runUntil(now + 300_000);
    expect(kept.length).toBe(1);
    expect(net.clock.pending).toBe(0);
    for (const skb of kept.splice(0)) skb.free();
    net.close();
  });

  it('without memory for good the NIC gives up asking, and the next frame or poll asks again', () => {
    const poolB = new Pool({ chunkSize: 65_536, limit: 65_536, poison: true });
    const kept: SkBuff[] = [];
    const net = bench({ poolB, b: { rxRing: 16, receive: (skb) => void kept.push(skb) } });
    for (let i = 0; i < 33; i++) net.a.xmit(packet(net.poolA, frameBytes(1486)));
    const start = net.clock.now();
    net.clock.run();
    expect(net.clock.now() - start).toBeGreaterThan(2_000_000);
    expect(net.clock.now() - start).toBeLessThan(3_000_000);
    expect(net.b.ethtool.alloc_rx_buff_failed).toBeLessThan(100);
    for (const skb of kept.splice(0)) skb.free();
    net.b.poll(64);
    net.clock.run();
    expect(kept.length).toBe(1);
    for (let i = 0; i < 40; i++) net.a.xmit(packet(net.poolA, frameBytes(1486)));
    net.clock.runUntil(net.clock.now() + 10_000);
    expect(kept.length).toBe(32);
    for (const skb of kept.splice(0, 2)) skb.free();
    net.clock.runUntil(net.clock.now() + 20_000);
    expect(kept.length).toBe(32); // two more came, and seven wait on
    for (const skb of kept.splice(0)) skb.free();
    net.clock.runUntil(net.clock.now() + 200_000);
    expect(kept.length).toBe(7);
    for (const skb of kept.splice(0)) skb.free();
    net.close();
  });

  it('a NIC that is closed while a frame waits forgets about asking', () => {
    const net = bench({ b: { rxRing: 8, interrupt: () => {} } });
    for (let i = 0; i < 9; i++) net.a.xmit(packet(net.poolA, frameBytes(46)));
    net.clock.runUntil(100);
    expect(net.clock.pending).toBe(1);
    net.b.close();
    net.a.close();
    expect(net.clock.pending).toBe(0);
    net.close();
  });

  it('a sender without memory for a frame counts it', () => {
    const poor = new Pool({ chunkSize: 65_536, limit: 65_536 });
    const net = bench({ a: { pool: poor, rxRing: 40 } });
    const user = wrap(frameBytes(1000));
    net.a.xmit(user);
    net.clock.run();
    expect(net.a.stats).toMatchObject({ txFifoErrors: 1, txErrors: 1, txDropped: 0, txPackets: 0 });
    expect(net.a.drops.NIC_TX_NOMEM).toBe(1);
    net.close();
    expectAtRest(poor);
  });
});
