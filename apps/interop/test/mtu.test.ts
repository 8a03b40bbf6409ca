import { AF_INET, SOCK_STREAM, SOL_TCP, TCP_INFO } from '@stack/socket';
import { openTap } from '@stack/tap';
import { describe, expect, it } from 'vitest';
import { DEV, OURS } from './support/lab.ts';
import { output, run, start } from './support/programs.ts';
import { interop } from './support/suite.ts';
import { transfer } from './support/transfer.ts';

const MIB = 0x10_0000;

interop('MTU', ({ open }) => {
  describe.each([1500, 9000, 576])('%i on both sides', (mtu) => {
    it.each([
      ['with', true],
      ['without', false],
    ] as const)('bounds pings and carries files, %s offloads', async (_, offloads) => {
      const lab = await open({ mtu, offloads });
      const ping = (size: number, ...flags: string[]) =>
        run(lab.ns, 'ping', ['-c', '1', '-W', '30', '-s', String(size), ...flags, OURS]);
      expect((await ping(mtu - 28, '-M', 'do')).stdout).toContain('1 received');
      expect((await ping(mtu - 27, '-M', 'do')).status).toBe(1);
      expect((await ping(mtu - 27)).stdout).toContain('1 received');
      await transfer(lab, MIB);
    });

    it('gives the segments their size', async () => {
      const { ns, host } = await open({ mtu });
      const listener = host.socket(AF_INET, SOCK_STREAM);
      listener.bind({ port: 9000 });
      listener.listen(1);
      const nc = start(ns, 'nc', [OURS, '9000'], { open: true });
      const socket = await listener.accept();
      const { advmss, sndMss, pmtu } = socket.getsockopt(SOL_TCP, TCP_INFO);
      expect({ advmss, sndMss, pmtu }).toEqual({ advmss: mtu - 52, sndMss: mtu - 52, pmtu: mtu });
      expect(await output(ns, 'ss', ['-Htin'])).toMatch(
        new RegExp(` mss:${mtu - 52} pmtu:${mtu} .*advmss:${mtu - 52}`),
      );
      await socket.close();
      await listener.close();
      nc.end();
      await nc.ended;
    });
  });

  it('below 68 is refused on either side, and 68 is taken', async () => {
    const { ns, host } = await open();
    await expect(openTap({ pool: host.pool, mtu: 67 })).rejects.toThrow(RangeError);
    expect(() => host.link.set('tap0', { mtu: 67 })).toThrow(expect.objectContaining({ code: 'EINVAL' }));
    expect(host.link.show('tap0')[0]?.mtu).toBe(1500);
    const refused = await run(ns, 'ip', ['link', 'set', DEV, 'mtu', '67']);
    expect([refused.status, refused.stderr]).toEqual([
      2,
      expect.stringMatching(/mtu less than device minimum|Invalid argument/),
    ]);
    host.link.set('tap0', { mtu: 68 });
    ns.run('ip', 'link', 'set', DEV, 'mtu', '68');
    for (const size of [40, 41, 200]) {
      const text = await output(ns, 'ping', ['-c', '1', '-W', '30', '-s', String(size), OURS]);
      expect(text).toContain('1 received, 0% packet loss');
    }
  });
});
