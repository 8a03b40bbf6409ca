import { describe, expect, it } from 'vitest';
import { Captures, expertWarnings } from './support/capture.ts';
import { OURS } from './support/lab.ts';
import { output } from './support/programs.ts';
import { interop } from './support/suite.ts';
import { transfer } from './support/transfer.ts';

interop('a capture', ({ open }) => {
  const captures = new Captures();
  describe.each([
    ['with', true],
    ['without', false],
  ] as const)('%s offloads', (_, offloads) => {
    it.each([0, 1, 1460, 0x10_0000])('of files of %i bytes gives tshark nothing to warn of', async (size) => {
      // A window as large as the file is never full: that it is, is no fault, and worth a warning to tshark.
      const lab = await open({
        offloads,
        sysctl: { 'net.ipv4.tcp_rmem': '4096 4194304 6291456' },
        kernelSysctl: { 'net.ipv4.tcp_rmem': '4096 4194304 6291456' },
      });
      const file = await captures.during(lab, () => transfer(lab, size));
      expect(await expertWarnings(file)).toEqual([]);
    });

    it('of pings, whole and in fragments, gives tshark nothing to warn of', async () => {
      const lab = await open({ offloads });
      const file = await captures.during(lab, async () => {
        for (const size of [0, 56, 1473, 65_507]) {
          await output(lab.ns, 'ping', ['-c', '1', '-W', '10', '-s', String(size), OURS]);
        }
      });
      expect(await expertWarnings(file)).toEqual([]);
    });
  });
});
