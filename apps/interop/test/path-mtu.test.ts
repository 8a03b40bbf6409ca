import { AF_INET, SOCK_STREAM, SOL_TCP, TCP_INFO } from '@stack/socket';
import { describe, expect, it } from 'vitest';
import { bytes, digestOf } from './support/bytes.ts';
import type { Peer } from './support/lab.ts';
import { listening, output, run, start } from './support/programs.ts';
import { interop } from './support/suite.ts';

const MIB = 0x10_0000;
const NARROW = 1280;
const PORT = 9000;

interop('path MTU', ({ open, netns }) => {
  describe.each([
    ['with', true],
    ['without', false],
  ] as const)('%s offloads', (_, offloads) => {
    it('is learnt from a router of the kernel', async () => {
      const { ns: router, host, peers } = await open({ offloads });
      const far = await netns();
      // The way back is wide: only what we send meets the narrow link.
      router.run('sysctl', '-qw', 'net.ipv4.ip_forward=1');
      router.run(
        'ip',
        'link',
        'add',
        'far',
        'mtu',
        String(NARROW),
        'type',
        'veth',
        'peer',
        'name',
        'near',
        'netns',
        String(far.pid),
      );
      router.run('ip', 'address', 'add', '10.0.9.1/24', 'dev', 'far');
      router.run('ip', 'link', 'set', 'far', 'up');
      far.run('ip', 'address', 'add', '10.0.9.2/24', 'dev', 'near');
      far.run('ip', 'link', 'set', 'near', 'up');
      far.run('ip', 'route', 'add', 'default', 'via', '10.0.9.1');
      host.route.add('10.0.9.0/24', { via: (peers[0] as Peer).address });

      const sink = start(far, 'sh', ['-c', `nc -l 10.0.9.2 ${PORT} | sha256sum`]);
      await listening(far, PORT);
      const socket = host.socket(AF_INET, SOCK_STREAM);
      await socket.connect({ address: '10.0.9.2', port: PORT });
      expect(socket.getsockopt(SOL_TCP, TCP_INFO)).toMatchObject({ pmtu: 1500, sndMss: 1448 });
      await socket.sendall(bytes(MIB));
      await expect.poll(() => socket.getsockopt(SOL_TCP, TCP_INFO).unacked, { timeout: 30_000 }).toBe(0);
      expect(socket.getsockopt(SOL_TCP, TCP_INFO)).toMatchObject({ pmtu: NARROW, sndMss: NARROW - 52 });
      await socket.close();
      expect((await sink.ended).stdout.slice(0, 64)).toBe(digestOf(MIB));
      expect(host.route.get('10.0.9.2').mtu).toBe(NARROW);
      expect(host.nstat().IcmpInDestUnreachs).toBeGreaterThan(0);
    });

    it('is told to the kernel by us, who forward', async () => {
      const { host, peers } = await open({ offloads, peers: 2, sysctl: { 'net.ipv4.ip_forward': 1 } });
      const [left, right] = peers as [Peer, Peer];
      left.ns.run('ip', 'route', 'add', 'default', 'via', left.ours);
      right.ns.run('ip', 'route', 'add', 'default', 'via', right.ours);
      host.link.set('tap1', { mtu: NARROW });

      const sink = start(right.ns, 'sh', ['-c', `nc -l ${right.address} ${PORT} | sha256sum`]);
      await listening(right.ns, PORT);
      await output(left.ns, 'nc', ['-N', right.address, String(PORT)], { input: bytes(MIB) });
      expect((await sink.ended).stdout.slice(0, 64)).toBe(digestOf(MIB));
      expect(left.ns.run('ip', 'route', 'get', right.address)).toContain(`mtu ${NARROW}`);
      expect(host.nstat().IcmpOutDestUnreachs).toBeGreaterThan(0);
      const ping = await run(left.ns, 'ping', [
        '-c',
        '1',
        '-W',
        '10',
        '-M',
        'do',
        '-s',
        '1400',
        right.address,
      ]);
      expect(ping.stdout + ping.stderr).toContain(`mtu=${NARROW}`);
    });
  });
});
