import { AF_INET, POLLIN, SHUT_WR, SO_SNDBUF, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET } from '@stack/socket';
import { describe, expect, it } from 'vitest';
import { lan, pattern } from '../fixture.ts';

/** Passes `count` microtasks: what a program does between two calls. */
async function dawdle(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await undefined;
}

/** Every frame on the wire, with its microsecond, of programs that pass `awaits` microtasks around each call. */
async function trace(awaits: number): Promise<string[]> {
  const { clock, a, b, wire } = lan({ loss: 0.02, delay: 3000, seed: 5 });
  const frames: string[] = [];
  wire.onFrame(({ time, direction, bytes }) => {
    let sum = bytes.length;
    for (const byte of bytes) sum = (Math.imul(sum, 31) + byte) | 0;
    frames.push(`${time} ${direction} ${bytes.length} ${sum}`);
  });
  const listener = b.socket(AF_INET, SOCK_STREAM);
  listener.bind({ port: 7 });
  listener.listen(8);
  const echo = async (): Promise<void> => {
    const socket = await listener.accept();
    await dawdle(awaits);
    void echo();
    for await (const chunk of socket) {
      await dawdle(awaits);
      await socket.sendall(chunk);
    }
    await socket.close();
  };
  const client = async (size: number, pause: number): Promise<number> => {
    const socket = a.socket(AF_INET, SOCK_STREAM);
    socket.setsockopt(SOL_SOCKET, SO_SNDBUF, 4096); // sends wait
    await dawdle(awaits);
    await socket.connect({ address: '192.168.1.100', port: 7 });
    const sending = (async () => {
      for (let i = 0; i < 3; i++) {
        await dawdle(awaits);
        await socket.sendall(pattern(size, i));
        await clock.sleep(pause);
      }
      socket.shutdown(SHUT_WR);
    })();
    let count = 0;
    while ((await socket.poll(POLLIN)) !== 0) {
      await dawdle(awaits);
      const { length } = await socket.recv(3000);
      if (length === 0) break;
      count += length;
    }
    await sending;
    await socket.close();
    return count;
  };
  const beacon = async (): Promise<number> => {
    const socket = a.socket(AF_INET, SOCK_DGRAM);
    for (let i = 0; i < 20; i++) {
      await dawdle(awaits);
      await socket.sendto(pattern(100, i), { address: '192.168.1.100', port: 9 });
      await clock.sleep(7000);
    }
    await socket.close();
    return 0;
  };
  void echo();
  const done = await clock.run(Promise.all([client(20_000, 500), client(30_000, 0), beacon()]));
  expect(done).toEqual([60_000, 90_000, 0]);
  await clock.runFor(100_000);
  return frames;
}

describe('applications on a virtual clock', () => {
  it('give the same frames at the same microseconds, whatever the number of awaits in them', async () => {
    const once = await trace(1);
    expect(once.length).toBeGreaterThan(200);
    expect(await trace(50)).toEqual(once);
    expect(await trace(0)).toEqual(once);
  });
});
