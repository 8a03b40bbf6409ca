import { describe, expect, it } from 'vitest';
import { Captures, expertWarnings } from './support/capture.ts';
import { kernelCounters } from './support/counters.ts';
import { type Lab, OURS } from './support/lab.ts';
import { output, run } from './support/programs.ts';
import { interop } from './support/suite.ts';
import { transfer } from './support/transfer.ts';

/** A window as large as the file is never full: that it is, is no fault, but tshark warns of it. */
const RMEM = { 'net.ipv4.tcp_rmem': '4096 4194304 6291456' };
const WIDE = { sysctl: RMEM, kernelSysctl: RMEM };
const SIZES = [0, 56, 1473, 65_507];

/** What a checksum summed in software is where it could be 0, on both sides: one segment in 65,536. */
const OTHER_ZERO = ': TCP Checksum 0xffff instead of 0x0000 (see RFC 1624)';

/**
 * What tshark warns of, but for another zero, and for the D-SACKs of segments that were sent twice because an ACK came too late for a timer: on
 * a clean line that is a busy machine's doing, and both sides count it.
 */
async function warningsOf(file: string, lab: Lab): Promise<string[]> {
  const [ours, theirs] = [lab.host.nstat(), kernelCounters(lab.ns)];
  let late = 0;
  for (const name of ['TcpExtTCPLossProbes', 'TcpExtTCPTimeouts'])
    late += (ours[name] ?? 0) + (theirs[name] ?? 0);
  return (await expertWarnings(file)).filter(
    (text) => !text.endsWith(OTHER_ZERO) && (!text.endsWith(': D-SACK Sequence') || late-- <= 0),
  );
}

interop('a capture', ({ open }) => {
  const captures = new Captures();
  describe.each([
    ['with', true],
    ['without', false],
  ] as const)('%s offloads', (_, offloads) => {
    it.each([0, 1, 1460, 0x10_0000])('of files of %i bytes gives tshark nothing to warn of', async (size) => {
      const lab = await open({ offloads, ...WIDE });
      const file = await captures.during(lab, () => transfer(lab, size));
      expect(await warningsOf(file, lab)).toEqual([]);
    });

    it('of pings, whole and in fragments, gives tshark nothing to warn of', async () => {
      const lab = await open({ offloads });
      const file = await captures.during(lab, async () => {
        for (const size of SIZES) {
          await output(lab.ns, 'ping', ['-c', '1', '-W', '30', '-s', String(size), OURS]);
        }
      });
      expect(await warningsOf(file, lab)).toEqual([]);
    });
  });

  it('of a TUN, which has no Ethernet, gives tshark nothing to warn of', async () => {
    const lab = await open({ tun: true, ...WIDE });
    const file = await captures.during(lab, () => transfer(lab, 0x10_0000));
    expect(await warningsOf(file, lab)).toEqual([]);
  });

  it('of refusals and lost packets is read as tshark reads it', async () => {
    const lab = await open({ offloads: false });
    lab.host.qdisc.replace('tap0', { kind: 'netem', loss: 0.02, delay: 2000, reorder: 0.1, seed: 3 });
    const file = await captures.during(lab, async () => {
      await run(lab.ns, 'curl', ['-sS', `http://${OURS}:81/`]);
      await run(lab.ns, 'nc', ['-u', '-w', '1', OURS, '81'], { input: 'x' });
      await transfer(lab, 0x10_0000);
    });
    expect((await expertWarnings(file)).join()).toContain('RST');
  });
});
