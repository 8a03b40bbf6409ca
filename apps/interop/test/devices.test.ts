/** TAP and TUN themselves: how they are opened, and how they end. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { digestOf } from './support/bytes.ts';
import { serveHttp } from './support/http-server.ts';
import { DEV, type Lab, OURS, type Peer } from './support/lab.ts';
import { output, start } from './support/programs.ts';
import { interop } from './support/suite.ts';

const MIB = 0x10_0000;

interop('devices', ({ open, netns }) => {
  const download = async ({ ns, host }: Lab): Promise<string> => {
    const server = serveHttp(host);
    const script = `set -o pipefail; curl -sS --fail http://${OURS}/${MIB} | sha256sum`;
    const text = await output(ns, 'bash', ['-c', script]);
    await server.close();
    return text.slice(0, 64);
  };

  describe.each([
    ['TAP', 'with', { tun: false, offloads: true }],
    ['TAP', 'without', { tun: false, offloads: false }],
    ['TUN', 'with', { tun: true, offloads: true }],
    ['TUN', 'without', { tun: true, offloads: false }],
  ])('a %s %s offloads', (_, __, options) => {
    it('answers ping and serves curl', async () => {
      const lab = await open(options);
      expect(await output(lab.ns, 'ping', ['-c', '2', '-i', '0.2', OURS])).toContain(' 0% packet loss');
      expect(await download(lab)).toBe(digestOf(MIB));
      const { stats } = lab.tap;
      expect([stats.rxErrors, stats.txErrors, stats.txDropped]).toEqual([0, 0, 0]);
      if (options.offloads) expect(stats.txPackets).toBeLessThan(MIB / 1460); // super-packets among them
    });
  });

  it('leave a host its others when one is deleted', async () => {
    const lab = await open({ peers: 2 });
    const [first, second] = lab.peers as [Peer, Peer];
    const gone = new Promise<void>((resolve) => {
      const { linkChange } = first.tap;
      first.tap.linkChange = (device, up) => {
        linkChange?.(device, up);
        resolve();
      };
    });
    first.ns.run('ip', 'link', 'del', DEV);
    await gone;
    expect(first.tap.error).toMatchObject({ name: 'TapError', code: 'EBADFD' });
    expect(lab.host.link.format().find((line) => line.includes(' tap0:'))).toContain('NO-CARRIER');
    expect(await output(second.ns, 'ping', ['-c', '2', '-i', '0.2', second.ours])).toContain(
      ' 0% packet loss',
    );
  });

  describe('opened by a launcher', () => {
    // The README's own, without root from there on.
    const page = readFileSync(new URL('../../../packages/tap/README.md', import.meta.url), 'utf8');
    const launcher = (/```python\n(.*?)```/s.exec(page)?.[1] ?? '').replace(/^ {2}/gm, '');
    const program = `
      import { createHost, RealClock } from '@stack/host';
      import { AF_INET, SHUT_WR, SOCK_STREAM } from '@stack/socket';
      import { openTap } from '@stack/tap';
      const host = createHost({ clock: new RealClock() });
      const tap = await openTap({ pool: host.pool, fd: 3, offloads: true });
      host.link.add(tap, { up: true });
      host.addr.add('${OURS}/24', { dev: tap.name });
      const listener = host.socket(AF_INET, SOCK_STREAM);
      listener.bind({ port: 80 });
      listener.listen(1);
      console.log(process.getuid(), tap.kernelName);
      const socket = await listener.accept();
      await socket.recv(4096);
      await socket.sendall('HTTP/1.0 200 OK\\r\\n\\r\\n');
      await socket.sendall(new Uint8Array(${MIB}).fill(65));
      socket.shutdown(SHUT_WR);
      while ((await socket.recv(4096)).length > 0);
      await host.close();`;
    const hook = `export const resolve = (name, context, next) => {
      if (name === 'koffi') throw new Error('not installed');
      return next(name, context);
    };`;
    const register = `import { register } from 'node:module';
      register('data:text/javascript,${encodeURIComponent(hook).replaceAll("'", '%27')}');`;

    it.each([
      ['with koffi', []],
      ['without', ['--import', `data:text/javascript,${encodeURIComponent(register)}`]],
    ])('work without root, %s', async (_, flags) => {
      expect(launcher).toContain('TUNSETIFF');
      const ns = await netns();
      const words = JSON.stringify([process.execPath, ...flags, '--input-type=module', '-e', program]);
      const text = launcher.replace(/os\.execvp\(.*\)/, `os.execvp(${words}[0], ${words})`);
      const running = start(ns, 'python3', [
        '-c',
        `import os; os.chdir(${JSON.stringify(import.meta.dirname)})\n${text}`,
      ]);
      await running.printed(/^1000 tap0\n/);
      ns.run('ip', 'address', 'add', '10.0.0.1/24', 'dev', 'tap0');
      ns.run('ip', 'link', 'set', 'tap0', 'up');
      const script = `set -o pipefail; curl -sS --fail http://${OURS}/ | sha256sum`;
      const sum = await output(ns, 'bash', ['-c', script]);
      const same = await output(ns, 'bash', ['-c', `head -c ${MIB} /dev/zero | tr '\\0' A | sha256sum`]);
      expect(sum).toBe(same);
      expect(await running.ended).toMatchObject({ status: 0, stderr: '' });
    });
  });
});
