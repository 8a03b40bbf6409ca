import { createHash } from 'node:crypto';
import { createHost, type Host } from '@stack/host';
import { AF_INET, SHUT_WR, SOCK_DGRAM, SOCK_STREAM, type Socket } from '@stack/socket';
import { openTap } from '@stack/tap';
import { describe, expect, it } from 'vitest';
import { bytes, digestOf, pieces } from './support/bytes.ts';
import { BAD } from './support/counters.ts';
import { KERNEL, type Lab, PREFIX } from './support/lab.ts';
import { interop } from './support/suite.ts';

const MIB = 0x10_0000;
const PORT = 9000;
const SECOND = '10.0.5.2';

/**
 * The kernel between two of ours. What it delivers to itself it does not sum up where we left that to it; here it has to, and to cut super-packets,
 * and the second host looks at the result.
 */
interop('the kernel forwards', ({ open }) => {
  /** One more host behind the same kernel, for as long as `body` takes. */
  const withSecond = async (lab: Lab, body: (second: Host, first: Host) => Promise<void>): Promise<void> => {
    const { ns, host, clock } = lab;
    const second = createHost({ clock, name: 'second' });
    const tap = await openTap({ pool: second.pool, name: `${PREFIX}two`, offloads: false });
    try {
      ns.adopt(tap.kernelName);
      ns.run('sysctl', '-qw', 'net.ipv4.ip_forward=1');
      ns.run('ip', 'link', 'set', tap.kernelName, 'name', 'two', 'up');
      ns.run('ip', 'address', 'add', '10.0.5.1/24', 'dev', 'two');
      tap.name = 'two';
      second.link.add(tap, { up: true });
      second.addr.add(`${SECOND}/24`, { dev: 'two' });
      second.route.add('default', { via: '10.0.5.1' });
      host.route.add('default', { via: KERNEL });
      await body(second, host);
      const counters = second.nstat();
      expect(BAD.filter((name) => (counters[name] ?? 0) > 0)).toEqual([]);
    } finally {
      await second.close();
      tap.close();
    }
  };

  describe.each([
    ['with', true],
    ['without', false],
  ] as const)('between a host %s offloads and one without', (_, offloads) => {
    it('streams, both ways', async () => {
      await withSecond(await open({ offloads }), async (second, first) => {
        const listener = second.socket(AF_INET, SOCK_STREAM);
        listener.bind({ port: PORT });
        listener.listen(1);
        const near = first.socket(AF_INET, SOCK_STREAM);
        await near.connect({ address: SECOND, port: PORT });
        const far = await listener.accept();
        const digests = [near, far].map(digest);
        await Promise.all([near, far].map(sendAll));
        expect(await Promise.all(digests)).toEqual([digestOf(MIB), digestOf(MIB)]);
        for (const socket of [near, far, listener]) await socket.close();
      });
    });

    it('datagrams, whole and in fragments, both ways', async () => {
      await withSecond(await open({ offloads }), async (second, first) => {
        const echo = second.socket(AF_INET, SOCK_DGRAM);
        echo.bind({ port: PORT });
        const socket = first.socket(AF_INET, SOCK_DGRAM);
        await socket.connect({ address: SECOND, port: PORT });
        for (const size of [0, 1, 1472, 1473, 65_507]) {
          const answer = socket.recv(0x1_0000);
          await socket.send(bytes(size));
          const { data, address } = await echo.recvfrom(0x1_0000);
          await echo.sendto(data, address as { address: string; port: number });
          expect(Buffer.compare(await answer, bytes(size))).toBe(0);
        }
        for (const one of [socket, echo]) await one.close();
      });
    });
  });
});

async function sendAll(socket: Socket): Promise<void> {
  for (const piece of pieces(MIB)) await socket.sendall(piece);
  socket.shutdown(SHUT_WR);
}

async function digest(socket: Socket): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of socket) hash.update(chunk);
  return hash.digest('hex');
}
