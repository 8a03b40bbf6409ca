import { describe, expect, it } from 'vitest';
import { Impaired } from './support/impaired.ts';
import type { Lab, LabOptions } from './support/lab.ts';
import { interop } from './support/suite.ts';
import { transfer } from './support/transfer.ts';

const MIB = 0x10_0000;
/** 1 % loss, 10 % reordering, 20 ms. */
const LINE = { loss: 0.01, delay: 20_000, reorder: 0.1 };

interop('a bad line', ({ open }) => {
  /** Both ways are impaired: ours out by netem, ours in by a device. */
  const openBad = async (options: LabOptions): Promise<{ lab: Lab; device: Impaired }> => {
    let device: Impaired | undefined;
    const lab = await open({
      ...options,
      wrap(inner, clock) {
        device = new Impaired(inner, clock, { ...LINE, seed: 4 });
        return device;
      },
    });
    lab.host.qdisc.replace('tap0', { kind: 'netem', ...LINE, seed: 5 });
    return { lab, device: device as unknown as Impaired };
  };

  describe.each([
    ['with', true],
    ['without', false],
  ] as const)('%s offloads', (_, offloads) => {
    it('loses nothing of files, both ways', async () => {
      const { lab, device } = await openBad({ offloads });
      await transfer(lab, MIB);
      expect(device.done.early).toBeGreaterThan(0);
      if (!offloads) {
        // A mebibyte is more than 700 segments each way.
        expect(device.done.lost).toBeGreaterThan(0);
        expect(lab.host.nstat().TcpRetransSegs).toBeGreaterThan(0);
      }
    }, 120_000);
  });

  it("loses nothing where the kernel's own filter drops one in a hundred", async () => {
    const lab = await open({ offloads: false });
    lab.ns.run('nft', 'add table ip bad; add chain ip bad in { type filter hook input priority 0; }');
    lab.ns.run('nft', 'add rule ip bad in ip protocol tcp numgen random mod 100 < 1 counter drop');
    await transfer(lab, 4 * MIB);
    expect(lab.ns.run('nft', 'list', 'chain', 'ip', 'bad', 'in')).toMatch(/counter packets [1-9]/);
    expect(lab.host.nstat().TcpRetransSegs).toBeGreaterThan(0);
  }, 120_000);
});
