/** Any bytes at all into any device: nothing thrown, nothing hangs, no limit exceeded, and the host answers its friend afterwards. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Door, Siege, type SiegeOptions } from './fixture.ts';
import { type Blow, blow, shaped } from './frames.fixture.ts';
import { runs } from './runs.fixture.ts';

async function strike(siege: Siege, blows: readonly Blow[]): Promise<void> {
  for (const one of blows) {
    if ('wait' in one) await siege.clock.runFor(one.wait);
    else if ('flap' in one) await siege.flap(one.flap, one.time);
    else siege.attack(one.door, one.bytes, shaped(one.shape));
    expect(siege.excesses()).toEqual([]);
  }
}

async function storm(blows: readonly Blow[], options: SiegeOptions = {}): Promise<void> {
  const siege = new Siege(options);
  await strike(siege, blows);
  await siege.clock.runFor(60_000_000);
  expect(siege.excesses()).toEqual([]);
  await siege.answers();
  await siege.bury();
}

describe('any bytes', () => {
  const DOORS: readonly [string, readonly Door[]][] = [
    ['a card', ['eth0']],
    ['a veth', ['veth0']],
    ['a device without link header', ['tun0']],
    ['loopback', ['lo']],
    ['all at once', ['eth0', 'veth0', 'tun0', 'lo']],
  ];
  it.each(DOORS)(
    'into %s: nothing thrown, no limit exceeded, the host answers, and leaves nothing',
    async (_, doors) => {
      await fc.assert(
        fc.asyncProperty(fc.array(blow(doors), { minLength: 1, maxLength: 30, size: 'max' }), (blows) =>
          storm(blows),
        ),
        { numRuns: runs(0.3) },
      );
    },
  );

  it('with hardly any memory: what does not fit is dropped', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(blow(), { minLength: 1, maxLength: 30, size: 'max' }), (blows) =>
        storm(blows, { memory: 0x10_0000 }),
      ),
      { numRuns: runs(0.2) },
    );
  });

  it('and a host that ends in the midst of it leaves nothing either', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(blow(), { minLength: 1, maxLength: 30, size: 'max' }), async (blows) => {
        const siege = new Siege();
        await strike(siege, blows);
        await siege.bury();
      }),
      { numRuns: runs(0.3) },
    );
  });
});
