import { describe, expect, it } from 'vitest';
import { connected, type FakeDatagram, FakeSignal, FakeStream, settle, start, watch } from './fixture.ts';
import {
  AF_INET,
  AF_INET6,
  POLLERR,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  POLLRDNORM,
  POLLWRNORM,
  SHUT_RDWR,
  SIOCINQ,
  SIOCOUTQ,
  SO_LINGER,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOCK_STREAM,
  SOL_SOCKET,
  Sockets,
} from './index.ts';

describe('descriptors', () => {
  it('are the lowest that are free, from 3 on', async () => {
    const { sockets } = start();
    const list = [1, 2, 3, 4].map(() => sockets.socket(AF_INET, SOCK_STREAM));
    expect(list.map(({ fd }) => fd)).toEqual([3, 4, 5, 6]);
    await list[1]?.close();
    await list[2]?.close();
    expect(sockets.size).toBe(2);
    expect([1, 2, 3].map(() => sockets.socket(AF_INET, SOCK_DGRAM).fd)).toEqual([4, 5, 7]);
    expect([...sockets].map(({ fd }) => fd)).toEqual([3, 4, 5, 6, 7]);
    await sockets.close();
    expect(sockets.size).toBe(0);
  });

  it('are limited', () => {
    const { sockets } = start({ limit: 5 });
    sockets.socket(AF_INET, SOCK_STREAM);
    sockets.socket(AF_INET, SOCK_STREAM);
    expect(() => sockets.socket(AF_INET, SOCK_STREAM)).toThrow('socket EMFILE');
  });

  it('any number of them costs the same', { timeout: 4000 }, () => {
    const { sockets } = start();
    for (let i = 0; i < 100_000; i++) sockets.socket(AF_INET, SOCK_DGRAM); // 0.1 s, on an idle machine
    expect(sockets.size).toBe(100_000);
  });

  it.each([
    ['an unknown family', 99, SOCK_STREAM, 'EAFNOSUPPORT'],
    ['a family Linux has and we have not', 1, SOCK_STREAM, 'EAFNOSUPPORT'],
    ['a family the host has not', AF_INET6, SOCK_STREAM, 'EAFNOSUPPORT'],
    ['a negative family', -1, SOCK_STREAM, 'EAFNOSUPPORT'],
    ['an unknown type', AF_INET, 11, 'EINVAL'],
    ['an unknown flag', AF_INET, SOCK_STREAM | 0o10000, 'EINVAL'],
    ['a type the host has not', AF_INET, SOCK_RAW, 'ESOCKTNOSUPPORT'],
  ])('are not given for %s', (_, family, type, code) => {
    const { sockets } = start();
    expect(() => sockets.socket(family, type)).toThrow(`socket ${code}`);
    expect(sockets.size).toBe(0);
  });

  it('tell who waits, and for what', async () => {
    const { kernel, sockets } = start({ pid: 9 });
    const listener = sockets.socket(AF_INET, SOCK_STREAM);
    listener.listen();
    const client = sockets.socket(AF_INET, SOCK_STREAM);
    sockets.socket(AF_INET, SOCK_STREAM);
    expect(sockets.waiting()).toEqual([]);
    const calls = [
      listener.accept(),
      client.connect({ address: '10.0.0.1', port: 80 }),
      client.poll(POLLIN),
      listener.accept(),
    ].map((call) => watch<unknown>(call as Promise<unknown>));
    await settle();
    expect(sockets.waiting()).toEqual([
      'pid 9 fd 3 waits: accept, accept',
      'pid 9 fd 4 waits: connect, poll',
    ]);
    (kernel.made as FakeStream).sk.err = '';
    await sockets.close();
    await settle();
    expect(calls.every(({ state }) => state !== 'pending')).toBe(true);
    expect(sockets.waiting()).toEqual([]);
  });

  it('processes have their own', () => {
    const { kernel } = start();
    const other = new Sockets(kernel, { pid: 7 });
    expect(other.socket(AF_INET, SOCK_STREAM).fd).toBe(3);
    expect(other.pid).toBe(7);
  });
});

describe('calls that do not wait', () => {
  it('bind and getsockname', () => {
    const { sockets } = start();
    const socket = sockets.socket(AF_INET, SOCK_STREAM);
    socket.bind({ port: 80 });
    expect(socket.getsockname()).toEqual({ address: '0.0.0.0', family: 'IPv4', port: 80 });
    expect(() => socket.bind({ port: 99 })).toThrow('bind EADDRINUSE 0.0.0.0:99');
    expect(() => socket.bind({ port: 65_536 })).toThrow(RangeError);
    expect(() => socket.bind({ address: '::1', family: 'IPv6' })).toThrow('bind EAFNOSUPPORT ::1:0');
    expect(() => socket.getpeername()).toThrow('getpeername ENOTCONN');
  });

  it('tell family and type', () => {
    const { sockets } = start();
    const socket = sockets.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK);
    expect([socket.family, socket.type, socket.nonblocking, socket.closed]).toEqual([
      AF_INET,
      SOCK_DGRAM,
      true,
      false,
    ]);
  });

  it('listen, shutdown, ioctl', () => {
    const { socket, proto } = connected();
    proto.received = [1, 2];
    expect(socket.ioctl(SIOCINQ)).toBe(2);
    expect(() => socket.ioctl(SIOCOUTQ)).toThrow('ioctl ENOTTY');
    expect(() => socket.shutdown(3)).toThrow('shutdown EINVAL');
    socket.shutdown(SHUT_RDWR);
    const { sockets } = start();
    const fresh = sockets.socket(AF_INET, SOCK_DGRAM);
    expect(() => fresh.shutdown(SHUT_RDWR)).toThrow('shutdown ENOTCONN');
    expect(() => fresh.listen()).toThrow('listen EOPNOTSUPP');
  });

  it('fail with EBADF on a closed socket', async () => {
    const { socket, proto } = connected();
    await socket.close();
    expect(proto.isClosed).toBe(true);
    expect(proto.listener).toBeUndefined();
    expect(socket.closed).toBe(true);
    for (const call of [
      () => socket.bind({}),
      () => socket.listen(),
      () => socket.shutdown(SHUT_RDWR),
      () => socket.getsockname(),
      () => socket.getpeername(),
      () => socket.getsockopt(1, 2),
      () => socket.setsockopt(1, 2, 1),
      () => socket.ioctl(SIOCINQ),
    ]) {
      expect(call).toThrow('EBADF');
    }
    await expect(socket.send('x')).rejects.toThrow('send EBADF');
    await expect(socket.accept()).rejects.toThrow('accept EBADF');
    await expect(socket.close()).rejects.toThrow('close EBADF');
    await expect(socket[Symbol.asyncDispose]()).resolves.toBeUndefined();
  });
});

describe('SO_LINGER', () => {
  it('has close wait for the peer, after the end is sent', async () => {
    const { kernel, sockets, socket, proto } = connected();
    socket.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: true, linger: 5 });
    const seen = watch(socket.close());
    await settle();
    expect(seen.state).toBe('pending');
    expect(proto.hasFinished).toBe(true);
    expect(proto.isClosed).toBe(false);
    expect(kernel.waiters).toBe(1);
    expect(sockets.socket(AF_INET, SOCK_STREAM).fd).toBe(3); // the descriptor is free already
    proto.deliver();
    await settle();
    expect(seen.state).toBe('resolved');
    expect(proto.isClosed).toBe(true);
    expect(kernel.waiters).toBe(0);
    expect(kernel.armed).toBe(0);
  });

  it('has close wait no longer than it says', async () => {
    const { kernel, socket, proto } = connected();
    socket.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 5 });
    const seen = watch(socket.close());
    await kernel.advance(4_999_999);
    expect(seen.state).toBe('pending');
    await kernel.advance(1);
    expect(seen.state).toBe('resolved');
    expect(proto.isClosed).toBe(true);
  });

  it.each([
    ['with bytes that nobody read', { received: [1], linger: 5 }],
    ['of 0', { received: [], linger: 0 }],
  ])(
    '%s, does not wait: the connection is reset',
    async (_, { received, linger }: { received: number[]; linger: number }) => {
      const { socket, proto } = connected();
      proto.received = received;
      socket.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: 1, linger });
      await socket.close();
      expect(proto.isClosed).toBe(true);
      expect(proto.hasFinished).toBe(false);
    },
  );
});

describe('poll', () => {
  function two() {
    const { kernel, sockets } = start();
    const a = sockets.socket(AF_INET, SOCK_DGRAM);
    const pa = kernel.made as FakeDatagram;
    const b = sockets.socket(AF_INET, SOCK_DGRAM);
    const pb = kernel.made as FakeDatagram;
    return { kernel, sockets, a, b, pa, pb };
  }

  it('answers at once where something is true', async () => {
    const { sockets, a, b, pb } = two();
    pb.push(Uint8Array.of(1));
    const entries = [
      { socket: a, events: POLLIN, revents: 77 },
      { socket: b, events: POLLIN | POLLOUT },
    ];
    expect(await sockets.poll(entries)).toBe(1);
    expect(entries.map(({ revents }) => revents)).toEqual([0, POLLIN | POLLOUT]);
  });

  it('waits for the first of several sockets', async () => {
    const { kernel, sockets, a, b, pb } = two();
    const entries = [
      { socket: a, events: POLLIN, revents: 0 },
      { socket: b, events: POLLIN, revents: 0 },
    ];
    const seen = watch(sockets.poll(entries));
    await settle();
    expect(seen.state).toBe('pending');
    expect(kernel.waiters).toBe(1);
    pb.listener?.wake(POLLPRI); // an event that is not true any more wakes in vain
    await settle();
    expect(seen.state).toBe('pending');
    pb.push(Uint8Array.of(1));
    await settle();
    expect(seen.value).toBe(1);
    expect(entries.map(({ revents }) => revents)).toEqual([0, POLLIN]);
    expect(kernel.waiters).toBe(0);
    expect(a.core.pollers?.size).toBe(0);
  });

  it('is over after its timeout, in milliseconds', async () => {
    const { kernel, a, pa } = two();
    const seen = watch(a.poll(POLLIN, 1.5));
    await kernel.advance(1499);
    expect(seen.state).toBe('pending');
    await kernel.advance(1);
    expect(seen.value).toBe(0);
    expect(await a.poll(POLLIN, 0)).toBe(0);
    const early = watch(a.poll(POLLIN, 1000));
    await settle();
    expect(kernel.armed).toBe(1);
    pa.push(Uint8Array.of(1));
    await settle();
    expect(early.value).toBe(POLLIN);
    expect(kernel.armed).toBe(0);
  });

  it('tells errors and closed sockets, asked or not', async () => {
    const { socket, proto } = connected();
    const seen = watch(socket.poll(POLLIN));
    await settle();
    proto.fail('ECONNRESET');
    await settle();
    expect(seen.value).toBe(POLLERR);
    proto.sk.err = '';
    const closing = watch(socket.poll(POLLIN));
    await settle();
    await socket.close();
    await settle();
    expect(closing.value).toBe(POLLNVAL);
    expect(await socket.poll(POLLIN)).toBe(POLLNVAL);
  });

  it('tells several pollers of one socket', async () => {
    const { a, pa } = two();
    const seen = [watch(a.poll(POLLIN)), watch(a.poll(POLLIN))];
    await settle();
    pa.push(Uint8Array.of(1));
    await settle();
    expect(seen.map(({ value }) => value)).toEqual([POLLIN, POLLIN]);
  });

  it('knows POLLRDNORM and POLLWRNORM', async () => {
    const { a, pa } = two();
    expect(await a.poll(POLLRDNORM | POLLWRNORM)).toBe(POLLWRNORM);
    pa.push(Uint8Array.of(1));
    expect(await a.poll(POLLRDNORM)).toBe(POLLRDNORM);
  });

  it('is called off by a signal', async () => {
    const { kernel, a } = two();
    const signal = new FakeSignal();
    const seen = watch(a.poll(POLLIN, -1, signal));
    await settle();
    signal.abort('x');
    await settle();
    expect(seen.error).toBe('x');
    expect(signal.listeners.size).toBe(0);
    expect(kernel.waiters).toBe(0);
    await expect(a.poll(POLLIN, -1, signal)).rejects.toBe('x');
  });
});

describe('for await over a socket', () => {
  it('gives chunks until the end of the stream', async () => {
    const { socket, peer } = connected();
    const chunks: number[][] = [];
    const reading = (async () => {
      for await (const chunk of socket) chunks.push([...chunk]);
    })();
    await settle();
    for (const part of [[1, 2], [3]]) {
      peer.sent = part;
      peer.deliver();
      await settle();
    }
    peer.hasFinished = true;
    peer.deliver();
    await reading;
    expect(chunks).toEqual([[1, 2], [3]]);
    expect(socket.closed).toBe(false);
  });

  it('throws what the socket fails with', async () => {
    const { socket, proto } = connected();
    const reading = watch(socket[Symbol.asyncIterator]().next());
    await settle();
    proto.fail('ETIMEDOUT');
    await settle();
    expect(reading.error).toMatchObject({ code: 'ETIMEDOUT' });
    expect(FakeStream.pair()).toHaveLength(2);
  });
});
