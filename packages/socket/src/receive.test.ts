import { describe, expect, it } from 'vitest';
import { bytes, connected, FakeSignal, settle, text, watch } from './fixture.ts';
import {
  isSocketError,
  MSG_DONTWAIT,
  MSG_PEEK,
  MSG_WAITALL,
  POLLIN,
  SHUT_RD,
  SO_RCVLOWAT,
  SO_RCVTIMEO,
  SOL_SOCKET,
} from './index.ts';

describe('recv on a stream', () => {
  it('takes what is there, at most what it was asked for, and leaves the rest', async () => {
    const { socket, proto } = connected();
    proto.received = [...bytes('hello world')];
    expect(text(await socket.recv(5))).toBe('hello');
    expect(text(await socket.recv(100))).toBe(' world');
  });

  it('waits for bytes, tells the clock, and lets go when it has them', async () => {
    const { kernel, socket, proto, peer } = connected();
    const seen = watch(socket.recv(100));
    await settle();
    expect(seen.state).toBe('pending');
    expect(kernel.waiters).toBe(1);
    const { wakes } = kernel;
    peer.sent = [...bytes('abc')];
    peer.deliver();
    expect(seen.state).toBe('pending'); // nothing of the application runs inside of a wake-up
    expect(kernel.wakes).toBeGreaterThan(wakes);
    await settle();
    expect(text(seen.value as Uint8Array)).toBe('abc');
    expect(kernel.waiters).toBe(0);
    expect(kernel.depth).toBe(0);
    expect(proto.sizes.at(-1)).toBe(3); // no more memory than there are bytes
  });

  it('answers none at the end of the stream, again and again', async () => {
    const { socket, peer } = connected();
    const seen = watch(socket.recv(10));
    peer.hasFinished = true;
    await settle();
    peer.deliver();
    await settle();
    expect(seen.value).toEqual(new Uint8Array(0));
    expect(await socket.recv(10)).toEqual(new Uint8Array(0));
  });

  it('serves those who wait in their order', async () => {
    const { socket, peer } = connected();
    const order: string[] = [];
    const calls = ['a', 'b', 'c'].map(async (name) => {
      const data = await socket.recv(2);
      order.push(`${name} ${text(data)}`);
    });
    await settle();
    peer.sent = [...bytes('1122')];
    peer.deliver();
    await settle();
    expect(order).toEqual(['a 11', 'b 22']);
    peer.sent = [...bytes('33')];
    peer.deliver();
    await Promise.all(calls);
    expect(order).toEqual(['a 11', 'b 22', 'c 33']);
  });

  it('does not let a call that does not wait go before those that do', async () => {
    const { socket, peer } = connected();
    const first = watch(socket.recv(10));
    await settle();
    peer.sent = [...bytes('x')];
    peer.deliver();
    await expect(socket.recv(10, MSG_DONTWAIT)).rejects.toMatchObject({ code: 'EAGAIN' });
    await settle();
    expect(text(first.value as Uint8Array)).toBe('x');
  });

  it('does not miss bytes that come between its attempt and its sleep', async () => {
    const { kernel, socket, peer } = connected();
    peer.sent = [...bytes('soon')];
    kernel.softirq = () => peer.deliver();
    expect(text(await socket.recv(10))).toBe('soon');
  });

  it.each([
    ['MSG_DONTWAIT', false],
    ['O_NONBLOCK', true],
  ])('does not wait with %s', async (_, nonblocking) => {
    const { kernel, socket } = connected();
    socket.nonblocking = nonblocking;
    await expect(socket.recv(1, nonblocking ? 0 : MSG_DONTWAIT)).rejects.toMatchObject({
      code: 'EAGAIN',
      errno: -11,
      syscall: 'recv',
      message: 'recv EAGAIN',
    });
    expect(kernel.waiters).toBe(0);
  });

  it('waits no longer than SO_RCVTIMEO', async () => {
    const { kernel, socket, peer } = connected();
    socket.setsockopt(SOL_SOCKET, SO_RCVTIMEO, { sec: 0, usec: 500 });
    const seen = watch(socket.recv(1));
    await kernel.advance(499);
    expect(seen.state).toBe('pending');
    await kernel.advance(1);
    expect(isSocketError(seen.error, 'EAGAIN')).toBe(true);
    expect(kernel.waiters).toBe(0);
    const next = watch(socket.recv(1));
    await settle();
    peer.sent = [1];
    peer.deliver();
    await settle();
    expect(next.state).toBe('resolved');
    expect(kernel.armed).toBe(0);
  });

  it('counts SO_RCVTIMEO from the call, also for one that waits behind another', async () => {
    const { kernel, socket } = connected();
    const first = watch(socket.recv(1));
    socket.setsockopt(SOL_SOCKET, SO_RCVTIMEO, 1);
    const second = watch(socket.recv(1));
    await kernel.advance(1000);
    expect(first.state).toBe('pending');
    expect(isSocketError(second.error, 'EAGAIN')).toBe(true);
  });

  it('is called off by a signal, and then the next in the queue is served', async () => {
    const { kernel, socket, peer } = connected();
    const signal = new FakeSignal();
    const first = watch(socket.recv(1, { signal }));
    const second = watch(socket.recv(1));
    await settle();
    signal.abort(new Error('enough'));
    await settle();
    expect((first.error as Error).message).toBe('enough');
    expect(signal.listeners.size).toBe(0);
    peer.sent = [7];
    peer.deliver();
    await settle();
    expect(second.value).toEqual(Uint8Array.of(7));
    await expect(socket.recv(1, { signal })).rejects.toThrow('enough');
    expect(kernel.waiters).toBe(0);
  });

  it('called off, takes no bytes that belong to the one before it', async () => {
    const { socket, peer } = connected();
    const signal = new FakeSignal();
    const first = watch(socket.recv(1));
    const second = watch(socket.recv(1, { signal }));
    await settle();
    peer.sent = [1];
    signal.abort('off');
    peer.deliver();
    await settle();
    expect(second.error).toBe('off');
    expect(first.value).toEqual(Uint8Array.of(1));
  });

  it('ends with EBADF when the socket is closed', async () => {
    const { kernel, socket } = connected();
    const seen = [watch(socket.recv(1)), watch(socket.recv(1))];
    await settle();
    await socket.close();
    await settle();
    for (const { error } of seen) expect(isSocketError(error, 'EBADF')).toBe(true);
    expect(kernel.waiters).toBe(0);
    await expect(socket.recv(1)).rejects.toMatchObject({ code: 'EBADF' });
  });

  it('keeps bytes that came before the close for nobody: a call that was woken and then closed gets EBADF', async () => {
    const { socket, peer } = connected();
    const seen = watch(socket.recv(1));
    await settle();
    peer.sent = [1];
    peer.deliver();
    void socket.close();
    await settle();
    expect(isSocketError(seen.error, 'EBADF')).toBe(true);
  });

  it('gets the error of the socket once', async () => {
    const { socket, proto } = connected();
    const seen = watch(socket.recv(1));
    await settle();
    proto.fail('ECONNRESET');
    await settle();
    expect(seen.error).toMatchObject({ code: 'ECONNRESET', errno: -104, message: 'recv ECONNRESET' });
  });

  it('ends when this end gives up receiving', async () => {
    const { socket } = connected();
    const seen = watch(socket.recv(1));
    await settle();
    socket.shutdown(SHUT_RD);
    await settle();
    expect(seen.value).toEqual(new Uint8Array(0));
  });

  it('looks without taking with MSG_PEEK', async () => {
    const { socket, proto } = connected();
    proto.received = [...bytes('peek')];
    expect(text(await socket.recv(2, MSG_PEEK))).toBe('pe');
    expect(text(await socket.recv(9))).toBe('peek');
  });

  it('refuses a length that is none', async () => {
    const { socket } = connected();
    await expect(socket.recv(-1)).rejects.toThrow(RangeError);
    await expect(socket.recv(1.5)).rejects.toThrow(RangeError);
  });
});

describe('MSG_WAITALL and SO_RCVLOWAT', () => {
  it('MSG_WAITALL fills the buffer over any number of segments', async () => {
    const { socket, peer } = connected();
    const seen = watch(socket.recv(6, MSG_WAITALL));
    for (const part of ['ab', 'c', 'defgh']) {
      await settle();
      expect(seen.state).toBe('pending');
      peer.sent.push(...bytes(part));
      peer.deliver();
    }
    await settle();
    expect(text(seen.value as Uint8Array)).toBe('abcdef');
    expect(text(await socket.recv(9))).toBe('gh');
  });

  it.each([
    ['the end of the stream', { sent: 'abc', ends: true }],
    ['an error', { sent: 'abc', errno: 'ECONNRESET' }],
  ])(
    'MSG_WAITALL gives what it has at %s',
    async (_, { sent, ends, errno }: { sent: string; ends?: boolean; errno?: string }) => {
      const { socket, proto, peer } = connected();
      const seen = watch(socket.recv(6, MSG_WAITALL));
      await settle();
      peer.sent = [...bytes(sent)];
      peer.deliver();
      await settle();
      peer.hasFinished = ends === true;
      peer.deliver();
      if (errno !== undefined) proto.fail(errno);
      await settle();
      expect(text(seen.value as Uint8Array)).toBe('abc');
      if (errno !== undefined) await expect(socket.recv(1)).rejects.toMatchObject({ code: errno });
    },
  );

  it.each([
    ['the end of the stream', { ends: true }],
    ['an error', { errno: 'ECONNRESET' }],
  ])(
    'MSG_WAITALL gives what it has when the last bytes and %s are there at once',
    async (_, { ends, errno }: { ends?: boolean; errno?: string }) => {
      for (const waits of [true, false]) {
        const { socket, proto, peer } = connected();
        const before = waits ? watch(socket.recv(6, MSG_WAITALL)) : undefined;
        await settle();
        peer.sent = [...bytes('abc')];
        peer.hasFinished = ends === true;
        peer.deliver();
        if (errno !== undefined) proto.fail(errno);
        const seen = before ?? watch(socket.recv(6, MSG_WAITALL));
        await settle();
        expect(text(seen.value as Uint8Array)).toBe('abc');
      }
    },
  );

  it('MSG_WAITALL gives what it has when its time is over or it is called off', async () => {
    const { kernel, socket, proto } = connected();
    socket.setsockopt(SOL_SOCKET, SO_RCVTIMEO, 5);
    proto.received = [1, 2];
    const timed = watch(socket.recv(6, MSG_WAITALL));
    await kernel.advance(5000);
    expect(timed.value).toEqual(Uint8Array.of(1, 2));
    const signal = new FakeSignal();
    proto.received = [3];
    const aborted = watch(socket.recv(6, { flags: MSG_WAITALL, signal }));
    await settle();
    signal.abort('x');
    await settle();
    expect(aborted.value).toEqual(Uint8Array.of(3));
  });

  it('MSG_WAITALL with MSG_PEEK looks until there is enough, and takes nothing', async () => {
    const { socket, proto, peer } = connected();
    proto.received = [1, 2];
    const seen = watch(socket.recv(4, MSG_WAITALL | MSG_PEEK));
    await settle();
    expect(seen.state).toBe('pending');
    peer.sent = [3, 4, 5];
    peer.deliver();
    await settle();
    expect(seen.value).toEqual(Uint8Array.of(1, 2, 3, 4));
    expect(proto.received).toHaveLength(5);
    peer.hasFinished = true;
    peer.deliver();
    expect(await socket.recv(9, MSG_WAITALL | MSG_PEEK)).toEqual(Uint8Array.of(1, 2, 3, 4, 5));
  });

  it('SO_RCVLOWAT does not wait for what a full buffer has no room for', async () => {
    const { socket, proto, peer } = connected();
    socket.setsockopt(SOL_SOCKET, SO_RCVLOWAT, 4);
    const seen = watch(socket.recv(10));
    await settle();
    // TCP says so: its window is closed, or memory is short.
    const poll = proto.poll.bind(proto);
    proto.poll = () => poll() | (proto.received.length > 0 ? POLLIN : 0);
    peer.sent = [1, 2];
    peer.deliver();
    await settle();
    expect(seen.value).toEqual(Uint8Array.of(1, 2));
  });

  it('SO_RCVLOWAT leaves the first bytes alone until there are enough', async () => {
    const { socket, proto, peer } = connected();
    socket.setsockopt(SOL_SOCKET, SO_RCVLOWAT, 4);
    proto.received = [1, 2];
    const seen = watch(socket.recv(10));
    await settle();
    expect(proto.received).toHaveLength(2);
    expect(await socket.recv(10, MSG_DONTWAIT).catch(() => 'EAGAIN')).toBe('EAGAIN'); // behind the one that waits
    peer.sent = [3, 4, 5];
    peer.deliver();
    await settle();
    expect(seen.value).toEqual(Uint8Array.of(1, 2, 3, 4, 5));
    proto.received = [1];
    expect(await socket.recv(10, MSG_DONTWAIT)).toEqual(Uint8Array.of(1)); // a call that does not wait takes what there is
    proto.received = [1, 2];
    expect(await socket.recv(2)).toEqual(Uint8Array.of(1, 2)); // nobody waits for more than asked for
    proto.received = [8, 9];
    peer.hasFinished = true;
    peer.deliver();
    expect(await socket.recv(10)).toEqual(Uint8Array.of(8, 9)); // and not for what never comes
  });
});
