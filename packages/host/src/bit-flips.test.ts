/**
 * Without the frame check sequence the Internet checksum is all there is: cards deliver damaged frames (`rx-all`), and IP or TCP must
 * refuse every single one.
 */
import { expect, it } from 'vitest';
import { exchange, type Lan, lan, pattern } from './fixture.ts';

const ETH_HLEN = 14;
const ETH_P_IP = 0x0800;
/** Checksums, and lengths that a flipped bit made impossible. */
const REFUSED = ['IP_CSUM', 'IP_INHDR', 'TCP_CSUM', 'PKT_TOO_SMALL'];

/** Flips one bit of the IPv4 packet in every `n`th frame that has one, and counts. */
function flipper(n: number): { loss: NonNullable<Parameters<typeof lan>[0]>['loss']; flipped: () => number } {
  let state = 12_345;
  let flipped = 0;
  return {
    loss: (index, frame) => {
      const { view, bytes } = frame.page.arena;
      const ip = frame.start + ETH_HLEN;
      if (index % n !== n - 1 || view.getUint16(frame.start + 12) !== ETH_P_IP) return false;
      state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
      const bit = (state >>> 8) % (view.getUint16(ip + 2) * 8);
      frame.stamp(); // with the sum of the bytes as they were: it is wrong from here on
      const at = ip + (bit >> 3);
      bytes[at] = (bytes[at] as number) ^ (1 << (bit & 7));
      flipped++;
      return false;
    },
    flipped: () => flipped,
  };
}

it.each([7, 40])('refuses every frame of which one bit was flipped: one in %i', async (n) => {
  const { loss, flipped } = flipper(n);
  const network = lan({ loss: loss as number, delay: 1000 });
  rxAll(network);
  const { clock, a, b } = network;
  const there = pattern(250_000, 1);
  const back = pattern(200_000, 2);
  const got = await clock.run(exchange(a, b, '192.168.1.100', there, back));
  expect(got.server).toEqual(there);
  expect(got.client).toEqual(back);
  await clock.runFor(200_000_000);
  let refused = 0;
  for (const { drops } of [a, b]) for (const reason of REFUSED) refused += drops[reason] ?? 0;
  expect(flipped()).toBeGreaterThan(9);
  expect(refused).toBe(flipped());
});

function rxAll({ a, b }: Lan): void {
  for (const host of [a, b]) {
    const { device } = host.devices.get('eth0');
    (device as unknown as { setFeatures(changes: object): void }).setFeatures({ 'rx-all': true });
  }
}
