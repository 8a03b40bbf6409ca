/** Receiving without a copy: what is lent fills the buffer until it is given back. */
import {
  AF_INET,
  MSG_DONTWAIT,
  MSG_OOB,
  MSG_PEEK,
  SIOCOUTQ,
  SO_RCVBUF,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  SOL_TCP,
  type Socket,
  TCP_REPAIR,
  TCP_REPAIR_OFF_NO_WP,
  TCP_REPAIR_ON,
} from '@stack/socket';
import type { TcpSock } from '@stack/tcp/engine';
import { expect, it } from 'vitest';
import { concat, lan, pattern } from './fixture.ts';

async function connection() {
  const { clock, a, b } = lan();
  const listener = b.socket(AF_INET, SOCK_STREAM);
  listener.setsockopt(SOL_SOCKET, SO_RCVBUF, 40_000);
  listener.bind({ port: 7 });
  listener.listen(1);
  const near = a.socket(AF_INET, SOCK_STREAM);
  const [far] = await clock.run(
    Promise.all([listener.accept(), near.connect({ address: '192.168.1.100', port: 7 })]),
  );
  return { clock, a, b, near, far };
}

async function code(call: Promise<unknown>): Promise<unknown> {
  return call.catch((error) => (error as { code?: string }).code ?? (error as Error).name);
}

it('gives all bytes in order, and none at the end', async () => {
  const { clock, near, far } = await connection();
  const bytes = pattern(300_000, 3);
  const send = near.sendall(bytes).then(() => near.close());
  const parts: Uint8Array[] = [];
  const read = async (socket: Socket): Promise<void> => {
    for (;;) {
      const { length, release, views } = await socket.recvViews(5000);
      for (const view of views) parts.push(view.slice());
      release();
      release(); // changes nothing
      if (length === 0) return;
      expect(length).toBeLessThanOrEqual(5000);
    }
  };
  await clock.run(Promise.all([send, read(far)]));
  expect(concat(parts)).toEqual(bytes);
  await far.close();
  await clock.runFor(100_000_000);
});

it('what is lent closes the window; given back, it opens it, though nobody reads', async () => {
  const { clock, near, far } = await connection();
  const bytes = pattern(200_000, 5);
  const sending = near.sendall(bytes);
  const held = [];
  let count = 0;
  for (let turn = 0; turn < 20; turn++) {
    await clock.runFor(1000);
    const lent = await far.recvViews(1 << 20, MSG_DONTWAIT).catch(() => undefined);
    if (lent === undefined) continue;
    held.push(lent);
    count += lent.length;
  }
  await clock.runFor(2_000_000);
  // All that fits is lent: no more comes.
  expect(count).toBeLessThan(80_000);
  expect(near.ioctl(SIOCOUTQ)).toBeGreaterThan(100_000);
  expect(await code(far.recv(1, MSG_DONTWAIT))).toBe('EAGAIN');
  const same = concat(held.flatMap(({ views }) => [...views]));
  expect(same).toEqual(bytes.subarray(0, count));
  const before = near.getsockopt(6, 11) as { sndWnd: number };
  expect(before.sndWnd).toBe(0);
  for (const lent of held) lent.release();
  await clock.runFor(1000); // no probe is due: it is the release that tells
  expect((near.getsockopt(6, 11) as { sndWnd: number }).sndWnd).toBeGreaterThan(0);
  const rest: Uint8Array[] = [];
  const read = async (): Promise<void> => {
    for (let left = bytes.length - count; left > 0; ) {
      const chunk = await far.recv(65_536);
      rest.push(chunk);
      left -= chunk.length;
    }
  };
  await clock.run(Promise.all([sending, read()]));
  expect(concat([same, ...rest])).toEqual(bytes);
});

it('may be held longer than the socket lives', async () => {
  const { clock, near, far, b } = await connection();
  await near.send('held');
  await clock.runFor(1000);
  const lent = await far.recvViews(10);
  await Promise.all([near.close(), far.close()]);
  await clock.runFor(100_000_000);
  expect(String.fromCharCode(...concat([...lent.views]))).toBe('held');
  expect(b.tcp.memoryAllocated).toBeGreaterThan(0);
  lent.release();
  expect(b.tcp.memoryAllocated).toBe(0);
});

it('stops in front of an urgent byte, and goes on behind it', async () => {
  const { clock, near, far } = await connection();
  await near.send('ab');
  await near.send('cd!', MSG_OOB);
  await near.send('ef');
  await clock.runFor(100_000);
  const texts: string[] = [];
  for (let left = 6; left > 0; ) {
    const { length, release, views } = await far.recvViews(10, MSG_DONTWAIT);
    texts.push(String.fromCharCode(...concat([...views])));
    left -= length;
    release();
  }
  expect(texts).toEqual(['abcd', 'ef']);
});

it('reading so lets the buffer grow with what is taken, and leaves nothing behind', async () => {
  const { clock, a, b } = lan({ delay: 2000 });
  const listener = b.socket(AF_INET, SOCK_STREAM);
  listener.bind({ port: 7 });
  listener.listen(1);
  expect(await code(listener.recvViews(10, MSG_DONTWAIT))).toBe('ENOTCONN');
  const near = a.socket(AF_INET, SOCK_STREAM);
  const [far] = await clock.run(
    Promise.all([listener.accept(), near.connect({ address: '192.168.1.100', port: 7 })]),
  );
  const before = far.getsockopt(SOL_SOCKET, SO_RCVBUF);
  const sent = near.sendall(pattern(3_000_000, 1)).then(() => near.close());
  const read = async (): Promise<void> => {
    for (let left = 3_000_000; left > 0; ) {
      const { length, release } = await far.recvViews(1 << 20);
      left -= length;
      release();
    }
  };
  await clock.run(Promise.all([sent, read()]));
  expect(far.getsockopt(SOL_SOCKET, SO_RCVBUF)).toBeGreaterThan(2 * before);
  await clock.runFor(1_000_000);
  const { skbs } = b.pool.stats;
  for (let i = 0; i < 3; i++) expect((await far.recvViews(10)).length).toBe(0);
  expect(b.pool.stats.skbs).toBeLessThanOrEqual(skbs);
  const { copiedSeq, rcvNxt } = far.core.proto.sk as TcpSock;
  expect(copiedSeq).toBe(rcvNxt); // the FIN is read, too
});

it('refuses what it cannot do', async () => {
  const { near, b } = await connection();
  near.setsockopt(SOL_TCP, TCP_REPAIR, TCP_REPAIR_ON);
  expect(await code(near.recvViews(10, MSG_DONTWAIT))).toBe('EPERM');
  near.setsockopt(SOL_TCP, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP);
  expect(await code(near.recvViews(10, MSG_DONTWAIT))).toBe('EAGAIN');
  expect(await code(near.recvViews(10, MSG_DONTWAIT | MSG_PEEK))).toBe('EOPNOTSUPP');
  expect(await code(near.recvViews(0))).toBe('RangeError');
  expect(await code(b.socket(AF_INET, SOCK_DGRAM).recvViews(10))).toBe('EOPNOTSUPP');
  expect(await code(b.socket(AF_INET, SOCK_STREAM).recvViews(10))).toBe('ENOTCONN');
  await near.close();
  expect(await code(near.recvViews(10))).toBe('EBADF');
});
