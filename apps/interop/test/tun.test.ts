import { describe, it } from 'vitest';
import { OURS } from './support/lab.ts';
import { ping } from './support/programs.ts';
import { interop } from './support/suite.ts';
import { transfer } from './support/transfer.ts';

interop('TUN', ({ open }) => {
  describe.each([
    ['with', true],
    ['without', false],
  ] as const)('%s offloads', (_, offloads) => {
    it.each([0, 56, 1472, 1473, 65_507])('answers pings of %i bytes', async (size) => {
      const { ns } = await open({ tun: true, offloads });
      await ping(ns, OURS, size);
    });

    it.each([0, 1, 1460, 0x10_0000])('carries files of %i bytes, both ways', async (size) => {
      await transfer(await open({ tun: true, offloads }), size);
    });
  });
});
