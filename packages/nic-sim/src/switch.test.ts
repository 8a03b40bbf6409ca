import { Pool } from '@stack/skbuff';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from './clock.ts';
import { expectAtRest, frameBytes, packet, putMac } from './fixture.ts';
import { BROADCAST, Frame } from './frame.ts';
import { Nic } from './nic.ts';
import { Switch, type SwitchOptions } from './switch.ts';
import { Wire, type WireOptions } from './wire.ts';

const BASE = 0x02_00_00_00_01_00;

function star(
  n: number,
  options: Partial<SwitchOptions> = {},
  wire: Partial<WireOptions> = {},
): {
  clock: VirtualClock;
  pool: Pool;
  hub: Switch;
  nics: Nic[];
  wires: Wire[];
  got: number[][];
  send(from: number, to: number, source?: number): void;
  close(): void;
} {
  const clock = new VirtualClock();
  const pool = new Pool({ poison: true });
  const hub = new Switch({ clock, ports: n, ...options });
  const got: number[][] = Array.from({ length: n }, () => []);
  const nics = got.map(
    (list, i) =>
      new Nic({
        clock,
        pool,
        address: BASE + i,
        rxRing: 8,
        txRing: 8,
        receive(skb) {
          list.push(skb.view.getUint8(skb.data + 11));
          skb.free();
        },
      }),
  );
  const wires = nics.map((nic, i) => new Wire({ clock, a: nic, b: hub.ports[i] as never, seed: i, ...wire }));
  const send = (from: number, to: number, source = BASE + from): void => {
    const bytes = frameBytes(46, to);
    putMac(bytes, 6, source);
    (nics[from] as Nic).xmit(packet(pool, bytes));
    clock.run();
  };
  clock.run();
  return {
    clock,
    pool,
    hub,
    nics,
    wires,
    got,
    send,
    close() {
      hub.close();
      for (const nic of nics) nic.close();
      expectAtRest(pool);
    },
  };
}

describe('Switch', () => {
  it('floods what it does not know, and learns', () => {
    const net = star(4);
    for (const nic of net.nics) nic.filter.promiscuous = true;
    net.send(0, BASE + 1);
    expect(net.got).toEqual([[], [0], [0], [0]]);
    expect(net.hub.portOf(BASE)).toBe(0);
    expect(net.hub.portOf(BASE + 1)).toBeUndefined();
    net.send(1, BASE);
    expect(net.got).toEqual([[1], [0], [0], [0]]);
    net.send(0, BASE + 1);
    expect(net.got).toEqual([[1], [0, 0], [0], [0]]);
    expect(net.hub.ports[0]?.stats).toMatchObject({ rxFrames: 2, txFrames: 1, flooded: 1, rxBytes: 120 });
    expect(net.hub.ports[1]?.stats).toMatchObject({ rxFrames: 1, txFrames: 2, flooded: 0, txBytes: 120 });
    net.close();
  });

  it('broadcast goes everywhere but back', () => {
    const net = star(3);
    net.send(2, BROADCAST);
    expect(net.got).toEqual([[2], [2], []]);
    net.close();
  });

  it('drops what would go back where it came from', () => {
    const net = star(2);
    net.send(0, BROADCAST, BASE + 9);
    net.send(0, BASE + 9);
    expect(net.hub.ports[0]?.stats.drops.SWITCH_SAME_PORT).toBe(1);
    net.close();
  });

  it('an address moves with its station, and is forgotten with age and with its carrier', () => {
    const net = star(3, { ageing: 1_000_000 });
    net.send(0, BROADCAST);
    net.send(1, BROADCAST, BASE);
    expect(net.hub.portOf(BASE)).toBe(1);
    net.clock.runUntil(net.clock.now() + 1_000_001);
    expect(net.hub.portOf(BASE)).toBeUndefined();
    net.send(2, BROADCAST);
    expect(net.hub.portOf(BASE + 2)).toBe(2);
    net.wires[2]?.setUp(false);
    expect(net.hub.portOf(BASE + 2)).toBeUndefined();
    net.close();
  });

  it('the table is bounded: strangers beyond it are flooded to, and old ones make room', () => {
    const net = star(3, { tableSize: 2, ageing: 5_000_000 });
    for (let i = 10; i < 15; i++) net.send(0, BROADCAST, BASE + i);
    expect(net.hub.size).toBe(2);
    expect(net.hub.tableFull).toBe(3);
    net.clock.runUntil(10_000_000);
    net.send(0, BROADCAST, BASE + 20);
    expect(net.hub.portOf(BASE + 20)).toBe(0);
    expect(net.hub.size).toBe(1);
    net.close();
  });

  it('drops damaged frames, group sources and what stays between neighbours', () => {
    const damaged = star(2, {}, { aToB: { corrupt: 1 } });
    damaged.send(0, BROADCAST);
    expect(damaged.hub.ports[0]?.stats.drops.SWITCH_CRC).toBe(1);
    damaged.close();
    const net = star(2);
    net.send(0, BROADCAST, 0x03_00_00_00_00_00);
    net.send(0, 0x01_80_c2_00_00_00);
    net.send(0, 0x01_80_c2_00_00_0f);
    net.send(0, 0x01_80_c2_00_00_10);
    expect(net.hub.ports[0]?.stats.drops).toMatchObject({ SWITCH_BAD_SOURCE: 1, SWITCH_RESERVED: 2 });
    expect(net.hub.ports[0]?.stats.flooded).toBe(1);
    net.close();
  });

  it('counts a frame that has nowhere to go', () => {
    const net = star(2);
    net.wires[1]?.setUp(false);
    net.send(0, BROADCAST);
    expect(net.hub.ports[0]?.stats.drops.SWITCH_NO_PORT).toBe(1);
    net.close();
  });

  it('a flooded frame damaged on one wire is whole on the others', () => {
    const net = star(3);
    net.wires[1]?.close();
    const clock = net.clock;
    const victim = new Nic({ clock, pool: net.pool, address: BASE + 1, rxRing: 8, txRing: 8 });
    new Wire({ clock, a: victim, b: net.hub.ports[1] as never, bToA: { corrupt: 1 } });
    clock.run();
    net.send(0, BROADCAST);
    expect(victim.stats.rxCrcErrors).toBe(1);
    expect(net.got[2]).toEqual([0]);
    victim.close();
    net.close();
  });

  it('a closed switch drops what still arrives', () => {
    const net = star(2);
    net.hub.close();
    net.send(0, BROADCAST);
    expect(net.nics[0]?.drops.NIC_NO_CARRIER).toBe(1);
    net.close();
  });

  it.each([{ ports: 0 }, { ports: 257 }, { ports: 1.5 }, { ageing: -1 }, { tableSize: -1 }])(
    'refuses %o',
    (options) => {
      expect(() => new Switch({ clock: new VirtualClock(), ports: 2, ...options })).toThrow(RangeError);
    },
  );

  it('a loop of switches and wires without a rate stays within the limit of its wires', () => {
    const clock = new VirtualClock();
    const pool = new Pool({ poison: true });
    const left = new Switch({ clock, ports: 4 });
    const right = new Switch({ clock, ports: 4 });
    const wires = [1, 2, 3].map(
      (i) => new Wire({ clock, a: left.ports[i]!, b: right.ports[i]!, rate: 0, delay: 10, flightLimit: 50 }),
    );
    const bytes = frameBytes(46, BROADCAST);
    left.ports[1]!.arrive(Frame.of(pool, bytes) as Frame);
    expect(() => clock.run(5000)).toThrow(RangeError);
    expect(clock.pending).toBeGreaterThan(100);
    expect(clock.pending).toBeLessThanOrEqual(3 * 2 * 50);
    expect(wires[0]!.aToB.stats.drops.WIRE_QUEUE).toBeGreaterThan(0);
    left.close();
    right.close();
    expectAtRest(pool);
  });
});
