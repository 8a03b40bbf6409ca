import { describe, expect, it } from 'vitest';
import { type FakeDatagram, FakeSignal, type FakeStream, settle, start, watch } from './fixture.ts';
import {
  AF_INET,
  isSocketError,
  POLLOUT,
  SO_ERROR,
  SO_RCVTIMEO,
  SO_SNDTIMEO,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
} from './index.ts';

const SERVER = { address: '192.168.1.100', port: 8080 };

function stream(flags = 0) {
  const { kernel, sockets } = start();
  const socket = sockets.socket(AF_INET, SOCK_STREAM | flags);
  return { kernel, sockets, socket, proto: kernel.made as FakeStream };
}

describe('connect', () => {
  it('waits until the connection is there', async () => {
    const { kernel, socket, proto } = stream();
    const seen = watch(socket.connect(SERVER));
    await settle();
    expect(seen.state).toBe('pending');
    expect(kernel.waiters).toBe(1);
    proto.finishConnect();
    await settle();
    expect(seen.state).toBe('resolved');
    expect(kernel.waiters).toBe(0);
    expect(socket.getpeername()).toEqual({ ...SERVER, family: 'IPv4' });
    await expect(socket.connect(SERVER)).rejects.toMatchObject({ code: 'EISCONN' });
  });

  it('has Node’s error when it is refused, and may be tried again', async () => {
    const { socket, proto } = stream();
    const seen = watch(socket.connect(SERVER));
    await settle();
    proto.finishConnect('ECONNREFUSED');
    await settle();
    const { error } = seen;
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: 'SocketError',
      message: 'connect ECONNREFUSED 192.168.1.100:8080',
      code: 'ECONNREFUSED',
      errno: -111,
      syscall: 'connect',
      address: '192.168.1.100',
      port: 8080,
    });
    const again = watch(socket.connect(SERVER));
    await settle();
    proto.finishConnect();
    await settle();
    expect(again.state).toBe('resolved');
  });

  it('is ECONNABORTED when the connection went away and nothing says why', async () => {
    const { socket, proto } = stream();
    const seen = watch(socket.connect(SERVER));
    await settle();
    proto.state = 'unconnected';
    proto.listener?.wake(POLLOUT);
    await settle();
    expect(isSocketError(seen.error, 'ECONNABORTED')).toBe(true);
  });

  it('fails at once where there is no way', async () => {
    const { socket } = stream();
    await expect(socket.connect({ address: '10.9.9.9', port: 9 })).rejects.toMatchObject({
      message: 'connect ENETUNREACH 10.9.9.9:9',
    });
  });

  it('does not miss a connection that is there before it sleeps', async () => {
    const { kernel, socket, proto } = stream();
    kernel.softirq = () => proto.finishConnect();
    await socket.connect(SERVER);
    expect(socket.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(0);
  });

  it('without waiting: EINPROGRESS, EALREADY, success once, EISCONN', async () => {
    const { socket, proto } = stream(SOCK_NONBLOCK);
    await expect(socket.connect(SERVER)).rejects.toMatchObject({ code: 'EINPROGRESS', errno: -115 });
    await expect(socket.connect(SERVER)).rejects.toMatchObject({ code: 'EALREADY' });
    const poll = watch(socket.poll(POLLOUT));
    await settle();
    expect(poll.state).toBe('pending');
    proto.finishConnect();
    await settle();
    expect(poll.value).toBe(POLLOUT);
    await expect(socket.connect(SERVER)).resolves.toBeUndefined();
    await expect(socket.connect(SERVER)).rejects.toMatchObject({ code: 'EISCONN' });
  });

  it('without waiting: the error is told once, by SO_ERROR', async () => {
    const { socket, proto } = stream(SOCK_NONBLOCK);
    await socket.connect(SERVER).catch(() => undefined);
    proto.finishConnect('ETIMEDOUT');
    expect(socket.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(110);
    expect(socket.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(0);
  });

  it('a second connect waits for the first', async () => {
    const { socket, proto } = stream();
    const first = watch(socket.connect(SERVER));
    const second = watch(socket.connect(SERVER));
    await settle();
    proto.finishConnect();
    await settle();
    expect(first.state).toBe('resolved');
    expect(isSocketError(second.error, 'EISCONN')).toBe(true);
  });

  it('waits no longer than SO_SNDTIMEO: EINPROGRESS, and the connection may still come', async () => {
    const { kernel, socket, proto } = stream();
    socket.setsockopt(SOL_SOCKET, SO_SNDTIMEO, 10);
    const seen = watch(socket.connect(SERVER));
    await kernel.advance(10_000);
    expect(isSocketError(seen.error, 'EINPROGRESS')).toBe(true);
    proto.finishConnect();
    await expect(socket.connect(SERVER)).resolves.toBeUndefined();
  });

  it('is called off by a signal', async () => {
    const { kernel, socket } = stream();
    const signal = new FakeSignal();
    const seen = watch(socket.connect(SERVER, { signal }));
    await settle();
    signal.abort('enough');
    await settle();
    expect(seen.error).toBe('enough');
    expect(kernel.waiters).toBe(0);
  });

  it('ends with EBADF when the socket is closed', async () => {
    const { socket } = stream();
    const seen = watch(socket.connect(SERVER));
    await settle();
    await socket.close();
    await settle();
    expect(isSocketError(seen.error, 'EBADF')).toBe(true);
    await expect(socket.connect(SERVER)).rejects.toMatchObject({ code: 'EBADF' });
  });

  it('of a datagram socket only remembers the peer, any number of times', async () => {
    const { kernel, sockets } = start();
    const socket = sockets.socket(AF_INET, SOCK_DGRAM);
    const proto = kernel.made as FakeDatagram;
    await socket.connect(SERVER);
    await socket.connect({ address: '10.0.0.1', port: 1 });
    expect(proto.remote).toMatchObject({ address: '10.0.0.1' });
  });
});

describe('accept', () => {
  function listening() {
    const made = stream();
    made.socket.bind({ port: 80 });
    made.socket.listen();
    return made;
  }

  it('waits for a connection and gives it the lowest descriptor', async () => {
    const { kernel, socket, proto } = listening();
    const seen = watch(socket.accept());
    await settle();
    expect(seen.state).toBe('pending');
    expect(kernel.waiters).toBe(1);
    proto.offer();
    await settle();
    expect(seen.value?.fd).toBe(4);
    expect(seen.value?.getpeername()).toEqual({ address: '192.168.1.10', family: 'IPv4', port: 40_000 });
    await expect(seen.value?.connect(SERVER)).rejects.toMatchObject({ code: 'EISCONN' });
  });

  it('serves those who wait in their order, and takes what waited before', async () => {
    const { socket, proto } = listening();
    const first = proto.offer();
    expect((await socket.accept()).core.proto).toBe(first.peer);
    const waiting = [watch(socket.accept()), watch(socket.accept())];
    await settle();
    const peers = [proto.offer(), proto.offer()];
    await settle();
    expect(waiting.map(({ value }) => value?.core.proto)).toEqual(peers.map(({ peer }) => peer));
  });

  it('hands SO_RCVTIMEO down and O_NONBLOCK not, unless asked', async () => {
    const { socket, proto } = listening();
    socket.setsockopt(SOL_SOCKET, SO_RCVTIMEO, 7);
    proto.offer();
    proto.offer();
    socket.nonblocking = true;
    const plain = await socket.accept();
    expect(plain.nonblocking).toBe(false);
    expect(plain.getsockopt(SOL_SOCKET, SO_RCVTIMEO)).toEqual({ sec: 0, usec: 7000 });
    expect((await socket.accept(SOCK_NONBLOCK)).nonblocking).toBe(true);
    await expect(socket.accept()).rejects.toMatchObject({ code: 'EAGAIN', syscall: 'accept' });
    await expect(socket.accept(4)).rejects.toMatchObject({ code: 'EINVAL' });
  });

  it('waits no longer than SO_RCVTIMEO, a signal, a close', async () => {
    const { kernel, socket } = listening();
    socket.setsockopt(SOL_SOCKET, SO_RCVTIMEO, 1);
    const timed = watch(socket.accept());
    await kernel.advance(1000);
    expect(isSocketError(timed.error, 'EAGAIN')).toBe(true);
    socket.setsockopt(SOL_SOCKET, SO_RCVTIMEO, 0);
    const signal = new FakeSignal();
    const aborted = watch(socket.accept({ signal }));
    const closed = watch(socket.accept());
    await settle();
    signal.abort('x');
    await socket.close();
    await settle();
    expect(aborted.error).toBe('x');
    expect(isSocketError(closed.error, 'EBADF')).toBe(true);
    expect(kernel.waiters).toBe(0);
  });

  it('needs a listener', async () => {
    const { sockets } = start();
    await expect(sockets.socket(AF_INET, SOCK_STREAM).accept()).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(sockets.socket(AF_INET, SOCK_DGRAM).accept()).rejects.toMatchObject({ code: 'EOPNOTSUPP' });
  });

  it('leaves the connection where it is when there is no descriptor for it', async () => {
    const { kernel, sockets } = start({ limit: 4 });
    const socket = sockets.socket(AF_INET, SOCK_STREAM);
    const proto = kernel.made as FakeStream;
    socket.listen();
    proto.offer();
    await expect(socket.accept()).rejects.toMatchObject({ code: 'EMFILE' });
    expect(proto.backlog).toHaveLength(1);
  });
});
