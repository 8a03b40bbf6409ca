import { describe, expect, it } from 'vitest';
import { bench, frameBytes, packet } from './fixture.ts';
import type { Nic } from './nic.ts';

describe('interrupts and polling', () => {
  it('one interrupt, then polling: masked until less than the budget was done', () => {
    const log: string[] = [];
    let net: ReturnType<typeof bench> | undefined;
    const poll = (nic: Nic): void => {
      const done = nic.poll(10);
      log.push(`poll ${done}`);
      if (done < 10) return;
      expect(nic.interrupts.ims).toBe(0);
      net?.clock.at(net.clock.now() + 100, poll, nic);
    };
    net = bench({
      b: {
        interrupt(nic) {
          log.push(`interrupt ${nic.interrupts.ims}`);
          if (net === undefined) nic.poll(64);
          else net.clock.at(net.clock.now() + 100, poll, nic);
        },
      },
      wire: { rate: 0 },
    });
    log.length = 0;
    for (let i = 0; i < 25; i++) net.a.xmit(packet(net.poolA, frameBytes(46)));
    net.clock.run();
    expect(log).toEqual(['interrupt 0', 'poll 10', 'poll 10', 'poll 5']);
    expect(net.b.interrupts.ims).not.toBe(0);
    net.a.xmit(packet(net.poolA, frameBytes(46)));
    net.clock.run();
    expect(log.slice(4)).toEqual(['interrupt 0', 'poll 1']);
    net.close();
  });

  it('moderation: many frames, few interrupts', () => {
    const count = (itr: number): number => {
      const net = bench({ b: { itr } });
      const before = net.b.ethtool.interrupts;
      for (let i = 0; i < 200; i++) net.a.xmit(packet(net.poolA, frameBytes(1486)));
      net.clock.run();
      expect(net.received.length).toBe(200);
      net.close();
      return net.b.ethtool.interrupts - before;
    };
    expect(count(0)).toBe(200);
    expect(count(200)).toBe(48); // 200 frames of 12.192 µs, one interrupt each 51.2 µs
  });

  it('a NIC that polls itself takes a backlog in rounds of 64', () => {
    const done: number[] = [];
    const net = bench({
      b: { itr: 4000, trace: (e) => void (e.kind === 'poll' && e.done > 0 && done.push(e.done)) },
      wire: { rate: 0 },
    });
    for (let i = 0; i < 150; i++) net.a.xmit(packet(net.poolA, frameBytes(46)));
    net.clock.run();
    expect(done).toEqual([64, 64, 22]);
    net.close();
  });

  it('poll from within receive does nothing, and a receiver that throws leaves the NIC usable', () => {
    let inner = -1;
    let angry = true;
    const net = bench({
      b: {
        receive(skb) {
          inner = net.b.poll(64);
          skb.free();
          if (angry) throw new Error('receiver');
        },
      },
    });
    net.a.xmit(packet(net.poolA, frameBytes(46)));
    expect(() => net.clock.run()).toThrow('receiver');
    expect(inner).toBe(0);
    angry = false;
    net.b.poll(64);
    net.a.xmit(packet(net.poolA, frameBytes(46)));
    net.clock.run();
    expect(net.b.stats.rxPackets).toBe(2);
    net.close();
  });

  it('the carrier is told by interrupt', () => {
    const heard: string[] = [];
    const net = bench({ both: { linkChange: (nic, up) => void heard.push(`${nic.name} ${up}`) } });
    net.wire.setUp(false);
    net.clock.run();
    expect(heard).toEqual(['a true', 'b true', 'a false', 'b false']);
    expect(net.a.carrierUp).toBe(false);
    net.close();
  });

  it('a receiver that throws once does not silence a NIC that polls itself', () => {
    let angry = 1;
    let got = 0;
    const net = bench({
      b: {
        receive(skb) {
          skb.free();
          if (angry-- > 0) throw new Error('receiver');
          got++;
        },
      },
    });
    for (let i = 0; i < 3; i++) net.a.xmit(packet(net.poolA, frameBytes(46)));
    expect(() => net.clock.run()).toThrow('receiver');
    net.clock.run();
    expect(got).toBe(2);
    net.a.xmit(packet(net.poolA, frameBytes(46)));
    net.clock.run();
    expect(got).toBe(3);
    net.close();
  });
});
