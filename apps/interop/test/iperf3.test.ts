import { describe, expect, it } from 'vitest';
import { runClient } from './support/iperf3/client.ts';
import { serveOnce } from './support/iperf3/server.ts';
import { KERNEL, type Lab, OURS } from './support/lab.ts';
import { listening, output, start } from './support/programs.ts';
import { interop } from './support/suite.ts';

const MIB = 0x10_0000;
const SIZE = 16 * MIB;

interface Report {
  error?: string;
  end: { sum_sent: { bytes: number }; sum_received: { bytes: number }; streams: unknown[] };
}

interop('iperf3', ({ open }) => {
  const client = async ({ ns, host }: Lab, ...flags: string[]) => {
    const served = serveOnce(host);
    const report = JSON.parse(await output(ns, 'iperf3', ['-J', '-c', OURS, ...flags])) as Report;
    return { report, outcome: await served };
  };

  describe.each([
    ['with', true],
    ['without', false],
  ] as const)('%s offloads', (_, offloads) => {
    it('sends to us', async () => {
      const { report, outcome } = await client(await open({ offloads }), '-n', String(SIZE));
      expect(outcome.theirs).toBeGreaterThanOrEqual(SIZE);
      expect(outcome.ours).toBe(outcome.theirs);
      expect(report.end.sum_received.bytes).toBe(outcome.ours);
    });

    it('receives from us', async () => {
      const { report, outcome } = await client(await open({ offloads }), '-R', '-n', String(SIZE));
      expect(outcome.theirs).toBeGreaterThanOrEqual(SIZE);
      expect(outcome.ours).toBeGreaterThanOrEqual(outcome.theirs);
      expect(report.end.sum_sent.bytes).toBe(outcome.ours);
    });

    it('serves us, in both directions', async () => {
      const { ns, host } = await open({ offloads });
      for (const reverse of [undefined, true] as const) {
        const server = start(ns, 'iperf3', ['-s', '-1', '-J', '--forceflush']);
        await listening(ns, 5201);
        const outcome = await runClient(host, KERNEL, reverse ? { num: SIZE, reverse } : { num: SIZE });
        const { status, stdout } = await server.ended;
        expect(status).toBe(0);
        const report = JSON.parse(stdout) as Report;
        expect(report.error).toBeUndefined();
        if (reverse) expect(outcome.theirs).toBeGreaterThanOrEqual(outcome.ours);
        else expect(outcome.ours).toBe(SIZE);
        expect(outcome.theirs).toBeGreaterThan(0);
      }
    });
  });

  it('sends and receives over four connections for a second', async () => {
    const lab = await open();
    for (const flags of [[], ['-R']]) {
      const { report, outcome } = await client(lab, '-P', '4', '-t', '1', ...flags);
      expect(report.end.streams).toHaveLength(4);
      const [sent, received] =
        flags.length > 0 ? [outcome.ours, outcome.theirs] : [outcome.theirs, outcome.ours];
      expect(received).toBeGreaterThan(4 * MIB);
      expect(sent).toBeGreaterThanOrEqual(received);
    }
  });

  it.each([
    ['with', true],
    ['without', false],
  ] as const)('runs through us, who forward between two kernels, %s offloads', async (_, offloads) => {
    const { peers, host } = await open({ offloads, peers: 2, sysctl: { 'net.ipv4.ip_forward': 1 } });
    const [left, right] = peers as [(typeof peers)[0], (typeof peers)[0]];
    left.ns.run('ip', 'route', 'add', 'default', 'via', left.ours);
    right.ns.run('ip', 'route', 'add', 'default', 'via', right.ours);
    for (const flags of [[], ['-R']]) {
      const server = start(right.ns, 'iperf3', ['-s', '-1']);
      await listening(right.ns, 5201);
      const text = await output(left.ns, 'iperf3', [
        '-J',
        '-c',
        right.address,
        '-n',
        String(SIZE),
        '-C',
        'cubic',
        ...flags,
      ]);
      const { end } = JSON.parse(text) as Report; // what is still on its way at the end, it does not read
      expect(end.sum_received.bytes).toBeGreaterThan(SIZE / 2);
      expect((await server.ended).status).toBe(0);
    }
    expect(host.nstat().IpForwDatagrams).toBeGreaterThan(SIZE / 65_536);
  });
});
