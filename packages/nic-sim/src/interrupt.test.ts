import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitNames, ICR } from './bits.ts';
import { VirtualClock } from './clock.ts';
import { Interrupts } from './interrupt.ts';

/** Takes the cause at each interrupt and notes when. */
function device(itr = 0): { clock: VirtualClock; interrupts: Interrupts; at: number[]; causes: number[] } {
  const clock = new VirtualClock();
  const at: number[] = [];
  const causes: number[] = [];
  const interrupts = new Interrupts(clock, () => {
    at.push(clock.now());
    causes.push(interrupts.take());
  });
  interrupts.itr = itr;
  return { clock, interrupts, at, causes };
}

describe('Interrupts', () => {
  it('a cause waits until it is let through, and causes add up', () => {
    const { clock, interrupts, causes } = device();
    interrupts.raise(ICR.RXT0);
    interrupts.raise(ICR.LSC);
    clock.run();
    expect(causes).toEqual([]);
    expect(interrupts.icr).toBe(ICR.RXT0 | ICR.LSC);
    interrupts.enable(ICR.RXT0);
    expect(causes).toEqual([]);
    clock.run();
    expect(causes).toEqual([ICR.RXT0 | ICR.LSC]);
    expect(bitNames(causes[0] as number, ICR)).toEqual(['LSC', 'RXT0']);
    expect([interrupts.icr, interrupts.ims, interrupts.count]).toEqual([0, ICR.RXT0, 1]);
  });

  it('one that is masked before its turn does not come, and comes when let through again', () => {
    const { clock, interrupts, causes } = device();
    interrupts.enable(ICR.TXDW);
    interrupts.raise(ICR.TXDW);
    interrupts.disable(ICR.TXDW);
    clock.run();
    expect(causes).toEqual([]);
    interrupts.enable(ICR.TXDW);
    clock.run();
    expect(causes).toEqual([ICR.TXDW]);
  });

  it('ITR keeps the distance: 125 units are 32 µs', () => {
    const { clock, interrupts, at } = device(125);
    interrupts.enable(ICR.RXT0);
    for (let t = 0; t <= 100; t++) clock.at(t, (cause: number) => interrupts.raise(cause), ICR.RXT0);
    clock.run();
    expect(at).toEqual([0, 32, 64, 96, 128]);
  });

  it('the remainder below a microsecond is kept: 10 units are 2.56 µs, so 100 intervals are 256 µs', () => {
    const { clock, interrupts, at } = device(10);
    interrupts.enable(ICR.RXT0);
    for (let t = 0; t <= 300; t++) clock.at(t, (cause: number) => interrupts.raise(cause), ICR.RXT0);
    clock.run();
    expect(at.slice(0, 6)).toEqual([0, 3, 6, 8, 11, 13]); // 0, 2.56, 5.12, 7.68, 10.24, 12.8
    expect(at[100]).toBe(256);
  });

  it('an idle line interrupts at once', () => {
    const { clock, interrupts, at } = device(125);
    interrupts.enable(ICR.RXT0);
    for (const t of [0, 500, 510]) clock.at(t, (cause: number) => interrupts.raise(cause), ICR.RXT0);
    clock.run();
    expect(at).toEqual([0, 500, 532]);
  });

  it('two interrupts are never closer than ITR, whatever the causes do', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2000), { maxLength: 60 }), fc.nat(1000), (times, itr) => {
        const { clock, interrupts, at } = device(itr);
        interrupts.enable(ICR.RXT0);
        for (const t of times) clock.at(t, (cause: number) => interrupts.raise(cause), ICR.RXT0);
        clock.run();
        for (let i = 1; i < at.length; i++) {
          const distance = (at[i] as number) - (at[i - 1] as number);
          expect(distance * 1000).toBeGreaterThan(itr * 256 - 1000); // rounded up to a µs, so less than one is lost
        }
        if (times.length > 0) expect(at.length).toBeGreaterThan(0);
      }),
    );
  });

  it('stop forgets what was about to come', () => {
    const { clock, interrupts, causes } = device();
    interrupts.enable(ICR.RXT0);
    interrupts.raise(ICR.RXT0);
    interrupts.stop();
    expect(clock.pending).toBe(0);
    interrupts.enable(ICR.RXT0);
    clock.run();
    expect(causes).toEqual([]);
  });

  it.each([-1, 0x1_0000, 1.5, Number.NaN])('refuses itr %s', (itr) => {
    expect(() => device(itr)).toThrow(RangeError);
  });
});
