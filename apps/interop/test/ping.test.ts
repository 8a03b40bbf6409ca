import {
  AF_INET,
  IP_MTU_DISCOVER,
  IP_PMTUDISC_DO,
  IPPROTO_ICMP,
  SO_RCVTIMEO,
  SOCK_DGRAM,
  SOL_IP,
  SOL_SOCKET,
} from '@stack/socket';
import { describe, expect, it } from 'vitest';
import { bytes } from './support/bytes.ts';
import { KERNEL, OURS } from './support/lab.ts';
import { ping, run } from './support/programs.ts';
import { interop } from './support/suite.ts';

/** Bytes behind the ICMP header: none, one, ping's own, a full frame, one more, several fragments, the most there is. */
const SIZES = [0, 1, 56, 1472, 1473, 4000, 65_507];

interop('ping', ({ open }) => {
  describe.each([
    ['with', true],
    ['without', false],
  ] as const)('%s offloads', (_, offloads) => {
    it.each(SIZES)('of %i bytes is answered', async (size) => {
      const { ns } = await open({ offloads });
      await ping(ns, OURS, size);
    });
  });

  it('of a full frame that must not be cut is answered, of one byte more is refused', async () => {
    const { ns } = await open();
    const once = (size: number) =>
      run(ns, 'ping', ['-c', '1', '-W', '30', '-M', 'do', '-s', String(size), OURS]);
    expect((await once(1472)).stdout).toContain('1 received, 0% packet loss');
    const refused = await once(1473);
    expect(refused.status).toBe(1);
    expect(refused.stdout + refused.stderr).toContain('message too long, mtu=1500');
  });

  it.each(SIZES)('of ours, of %i bytes, is answered by the kernel', async (size) => {
    const { host } = await open();
    const socket = host.socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    socket.setsockopt(SOL_SOCKET, SO_RCVTIMEO, 20_000);
    await socket.connect({ address: KERNEL, port: 0 });
    const payload = bytes(size);
    for (const sequence of [1, 2, 3]) {
      expect(await socket.send(Buffer.concat([Uint8Array.of(8, 0, 0, 0, 0, 0, 0, sequence), payload]))).toBe(
        8 + size,
      );
      const reply = await socket.recv(0x1_0000);
      expect([reply[0], reply[1], reply[7]]).toEqual([0, 0, sequence]);
      expect(Buffer.compare(reply.subarray(8), payload)).toBe(0);
    }
    await socket.close();
  });

  it('of ours that must not be cut is refused above a full frame', async () => {
    const { host } = await open();
    const socket = host.socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    socket.setsockopt(SOL_SOCKET, SO_RCVTIMEO, 20_000);
    socket.setsockopt(SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
    await socket.connect({ address: KERNEL, port: 0 });
    const request = (size: number) => Buffer.concat([Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 1), bytes(size)]);
    await expect(socket.send(request(1473))).rejects.toMatchObject({ code: 'EMSGSIZE' });
    await socket.send(request(1472));
    expect(await socket.recv(0x1_0000)).toHaveLength(1480);
    await socket.close();
  });
});
