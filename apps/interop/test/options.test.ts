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
    it.each([
      [1, 1, 1, 1],
      [0, 1, 1, 1],
      [1, 0, 1, 1],
      [0, 0, 1, 1],
      [1, 1, 0, 1],
      [1, 1, 1, 0],
      [1, 1, 0, 0],
    ])(
      'are negotiated: ours tcp_timestamps %i tcp_window_scaling %i, theirs %i %i',
      async (ts, ws, kernelTs, kernelWs) => {
        const lab = await open({
          sysctl: { 'net.ipv4.tcp_timestamps': ts, 'net.ipv4.tcp_window_scaling': ws },
          kernelSysctl: {
            'net.ipv4.tcp_timestamps': String(kernelTs),
            'net.ipv4.tcp_window_scaling': String(kernelWs),
          },
        });
        const { options, scales, words } = await told(lab, initiator);
        const [timestamps, scaling] = [ts + kernelTs === 2, ws + kernelWs === 2];
        expect([(options & TIMESTAMPS) !== 0, (options & WSCALE) !== 0]).toEqual([timestamps, scaling]);
        expect([words.includes('ts'), words.some((word) => word.startsWith('wscale:'))]).toEqual([
          timestamps,
          scaling,
        ]);
        if (scaling) expect(words).toContain(`wscale:${scales}`);
        // We have no tcp_sack: what is not offered is not used.
        expect([(options & SACK) !== 0, words.includes('sack')]).toEqual([false, false]);
      },
    );
  });
});
