import { AF_INET, SOCK_STREAM, SOL_TCP, TCP_INFO } from '@stack/socket';
import { describe, expect, it } from 'vitest';
import { KERNEL, type Lab, OURS } from './support/lab.ts';
import { listening, start } from './support/programs.ts';
import { interop } from './support/suite.ts';

const PORT = 9000;
/** Bits of `tcpi_options`. */
const [TIMESTAMPS, SACK, WSCALE] = [1, 2, 4];

interop('TCP options', ({ open }) => {
  /** What both ends say of a connection: ours by TCP_INFO, the kernel's by ss. */
  const told = async (lab: Lab, initiator: 'us' | 'the kernel') => {
    const [socket, nc] = initiator === 'us' ? await fromUs(lab) : await fromKernel(lab);
    const { options, sndWscale, rcvWscale } = socket.getsockopt(SOL_TCP, TCP_INFO);
    const text = lab.ns.run('ss', '-Htie', 'state', 'established');
    await socket.close();
    nc.end();
    nc.kill();
    await nc.ended;
    return { options: options as number, scales: `${rcvWscale},${sndWscale}`, words: text.split(/\s+/) };
  };

  const fromUs = async ({ host, ns }: Lab) => {
    const nc = start(ns, 'nc', ['-l', KERNEL, String(PORT)], { open: true });
    await listening(ns, PORT);
    const socket = host.socket(AF_INET, SOCK_STREAM);
    await socket.connect({ address: KERNEL, port: PORT });
    await expect
      .poll(() => ns.run('ss', '-Htn', 'state', 'established'), { timeout: 20_000 })
      .toContain(OURS);
    return [socket, nc] as const;
  };

  const fromKernel = async ({ host, ns }: Lab) => {
    const listener = host.socket(AF_INET, SOCK_STREAM);
    listener.bind({ port: PORT });
    listener.listen(1);
    const nc = start(ns, 'nc', [OURS, String(PORT)], { open: true });
    const socket = await listener.accept();
    await listener.close();
    return [socket, nc] as const;
  };

  describe.each(['us', 'the kernel'] as const)('of a connection by %s', (initiator) => {
    // tcp_timestamps, tcp_window_scaling, tcp_sack: ours, then theirs.
    it.each([
      [1, 1, 1, 1, 1, 1],
      [0, 1, 1, 1, 1, 1],
      [1, 0, 1, 1, 1, 1],
      [1, 1, 0, 1, 1, 1],
      [0, 0, 0, 1, 1, 1],
      [1, 1, 1, 0, 1, 1],
      [1, 1, 1, 1, 0, 1],
      [1, 1, 1, 1, 1, 0],
      [1, 1, 1, 0, 0, 0],
    ])(
      'are negotiated: ours timestamps %i scaling %i SACK %i, theirs %i %i %i',
      async (ts, ws, sack, kernelTs, kernelWs, kernelSack) => {
        const lab = await open({
          sysctl: {
            'net.ipv4.tcp_timestamps': ts,
            'net.ipv4.tcp_window_scaling': ws,
            'net.ipv4.tcp_sack': sack,
          },
          kernelSysctl: {
            'net.ipv4.tcp_timestamps': String(kernelTs),
            'net.ipv4.tcp_window_scaling': String(kernelWs),
            'net.ipv4.tcp_sack': String(kernelSack),
          },
        });
        const { options, scales, words } = await told(lab, initiator);
        const agreed = [ts + kernelTs === 2, ws + kernelWs === 2, sack + kernelSack === 2];
        expect([TIMESTAMPS, WSCALE, SACK].map((bit) => (options & bit) !== 0)).toEqual(agreed);
        const [, scaling] = agreed;
        expect([
          words.includes('ts'),
          words.some((word) => word.startsWith('wscale:')),
          words.includes('sack'),
        ]).toEqual(agreed);
        if (scaling) expect(words).toContain(`wscale:${scales}`);
      },
    );
  });
});
