/**
 * CUBIC with SACK and Reno without, over a wire that loses as many segments each way: 40 ms, 100 Mbit/s, virtual time. With the same losses CUBIC is
 * never the slower one: at 5 % for SACK, at 1 % for Reno's own growth once it is back at what it had (RFC 9438 §4.3), at 0.1 % for the cubic function.
 */
import { AF_INET, SOCK_STREAM, SOL_TCP, type Socket, TCP_CONGESTION } from '@stack/socket';
import { describe, expect, it } from 'vitest';
import { lan } from './fixture.ts';

const SECOND = 1_000_000;
const PORT = 7;

/** Bytes that arrive within `seconds`. */
async function goodput(
  congestion: 'cubic' | 'reno',
  sack: 0 | 1,
  loss: number,
  seed: number,
  seconds: number,
): Promise<number> {
  const path = { loss, seed, delay: 20_000, rate: 100_000_000, queueLimit: 500_000 };
  const { clock, a, b, wire } = lan({ ...path, sysctl: { 'net.ipv4.tcp_sack': sack } });
  const listener = b.socket(AF_INET, SOCK_STREAM);
  listener.bind({ port: PORT });
  listener.listen(1);
  const sender = a.socket(AF_INET, SOCK_STREAM);
  sender.setsockopt(SOL_TCP, TCP_CONGESTION, congestion);
  let bytes = 0;
  const receive = async (): Promise<void> => {
    const socket = await listener.accept();
    const into = new Uint8Array(65_536);
    for (;;) bytes += await socket.recvInto(into);
  };
  const ends = [flood(sender), receive()];
  for (const end of ends) end.catch(() => undefined); // the hosts were closed
  await clock.runFor(seconds * SECOND);
  const arrived = bytes;
  for (const host of [a, b]) await host.close();
  wire.close();
  await Promise.allSettled(ends);
  return arrived;
}

async function flood(socket: Socket): Promise<void> {
  await socket.connect({ address: '192.168.1.100', port: PORT });
  for (const chunk = new Uint8Array(65_536); ; ) await socket.sendall(chunk);
}

describe('with the same losses, CUBIC with SACK gets no less through than Reno without', () => {
  describe.each([
    [0.1, 5],
    [1, 10],
    [5, 20],
  ] as const)('at %f %% loss, %i s', (percent, seconds) => {
    it.each([1, 2, 3, 4, 5, 6])('seed %i', async (seed) => {
      const reno = await goodput('reno', 0, percent / 100, seed, seconds);
      const cubic = await goodput('cubic', 1, percent / 100, seed, seconds);
      expect(reno).toBeGreaterThan(0);
      expect(cubic / reno).toBeGreaterThanOrEqual(1);
    });
  });
});
