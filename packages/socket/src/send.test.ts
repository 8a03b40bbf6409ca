import { describe, expect, it } from 'vitest';
import {
  bytes,
  connected,
  type FakeDatagram,
  FakeSignal,
  FakeStream,
  settle,
  start,
  text,
  watch,
} from './fixture.ts';
import {
  AF_INET,
  isSocketError,
  MSG_DONTWAIT,
  MSG_MORE,
  MSG_NOSIGNAL,
  MSG_ZEROCOPY,
  SHUT_WR,
  SO_MARK,
  SO_SNDTIMEO,
  SOCK_DGRAM,
  SOL_SOCKET,
} from './index.ts';

describe('send on a stream', () => {
  it('queues bytes and says how many', async () => {
    const { kernel, socket, proto } = connected();
    expect(await socket.send(bytes('hello'))).toBe(5);
    expect(await socket.send('héllo')).toBe(6); // text is UTF-8
    expect(proto.sent).toEqual([...bytes('hello'), ...bytes('h\xc3\xa9llo')]);
    expect(await socket.send(new Uint8Array(0))).toBe(0);
    expect(kernel.depth).toBe(0);
  });

  it('waits while the send buffer is full, and goes on as room comes', async () => {
    const { kernel, socket, proto, peer } = connected();
    proto.room = 10;
    const seen = watch(socket.send(bytes('0123456789abcdefghijXYZ')));
    await settle();
    expect(text(proto.sent)).toBe('0123456789');
    expect(kernel.waiters).toBe(1);
    proto.deliver(4);
    await settle();
    expect(text(proto.sent)).toBe('456789abcd');
    expect(seen.state).toBe('pending');
    proto.deliver();
    await settle();
    expect(seen.value).toBe(23);
    proto.deliver();
    expect(text(peer.received)).toBe('0123456789abcdefghijXYZ');
    expect(kernel.waiters).toBe(0);
  });

  it('that does not wait is over when the buffer is full, though there may be room again at once', async () => {
    const { socket, proto } = connected();
    proto.room = 3;
    const sendmsg = proto.sendmsg.bind(proto);
    proto.sendmsg = (...call) => {
      const count = sendmsg(...call);
      proto.deliver(); // what was queued is sent on
      return count;
    };
    expect(await socket.send(bytes('abcdefgh'), MSG_DONTWAIT)).toBe(3);
    expect(await socket.send(bytes('abcdefgh'))).toBe(8);
  });

  it('with MSG_ZEROCOPY tells the protocol once when it is over, if it queued anything', async () => {
    const { socket, proto } = connected();
    await socket.send(bytes('plain'));
    await socket.send(new Uint8Array(0), MSG_ZEROCOPY);
    expect(proto.ended).toBe(0);
    proto.room = 8;
    const sending = socket.send(bytes('0123456789'), MSG_ZEROCOPY);
    await settle();
    expect(proto.ended).toBe(0);
    proto.deliver();
    expect(await sending).toBe(10);
    expect(proto.ended).toBe(1);
    proto.room = proto.sent.length;
    await socket.send(bytes('x'), MSG_ZEROCOPY | MSG_DONTWAIT).catch(() => {});
    expect(proto.ended).toBe(1);
  });

  it('never mixes the bytes of two calls', async () => {
    const { socket, proto, peer } = connected();
    proto.room = 3;
    const calls = ['aaaaaaaa', 'bbbbbbbb', 'cccccccc'].map((part) => socket.send(bytes(part)));
    const all = watch(Promise.all(calls));
    for (let i = 0; i < 10 && all.state === 'pending'; i++) {
      await settle();
      proto.deliver();
    }
    await settle();
    proto.deliver();
    expect(all.value).toEqual([8, 8, 8]);
    expect(text(peer.received)).toBe('aaaaaaaabbbbbbbbcccccccc');
  });

  it('does not let a call that does not wait get in between', async () => {
    const { socket, proto } = connected();
    proto.room = 4;
    const first = watch(socket.send(bytes('123456')));
    await settle();
    proto.deliver();
    await expect(socket.send(bytes('x'), MSG_DONTWAIT)).rejects.toMatchObject({ code: 'EAGAIN' });
    await settle();
    expect(first.value).toBe(6);
  });

  it('with MSG_DONTWAIT sends what fits, and EAGAIN when nothing does', async () => {
    const { socket, proto } = connected();
    proto.room = 4;
    expect(await socket.send(bytes('123456'), MSG_DONTWAIT)).toBe(4);
    await expect(socket.send(bytes('56'), MSG_DONTWAIT)).rejects.toMatchObject({
      code: 'EAGAIN',
      errno: -11,
      syscall: 'send',
    });
  });

  it('says how much it sent when SO_SNDTIMEO is over, EAGAIN when that is nothing', async () => {
    const { kernel, socket, proto } = connected();
    socket.setsockopt(SOL_SOCKET, SO_SNDTIMEO, { sec: 1, usec: 1 });
    proto.room = 4;
    const first = watch(socket.send(bytes('123456')));
    await kernel.advance(1_000_001);
    expect(first.value).toBe(4);
    const second = watch(socket.send(bytes('56')));
    await kernel.advance(1_000_001);
    expect(isSocketError(second.error, 'EAGAIN')).toBe(true);
    expect(kernel.armed).toBe(0);
    expect(kernel.waiters).toBe(0);
  });

  it('called off: says how much it sent, or rejects with the reason when that is nothing', async () => {
    const { socket, proto } = connected();
    proto.room = 4;
    const signal = new FakeSignal();
    const first = watch(socket.send(bytes('123456'), { signal }));
    const second = watch(socket.send(bytes('56'), { signal }));
    await settle();
    signal.abort('enough');
    await settle();
    expect(first.value).toBe(4);
    expect(second.error).toBe('enough');
    expect(signal.listeners.size).toBe(0);
  });

  it('leaves an error to the next call when some bytes were sent', async () => {
    const { socket, proto } = connected();
    proto.room = 4;
    const first = watch(socket.send(bytes('123456')));
    await settle();
    proto.fail('ECONNRESET');
    await settle();
    expect(first.value).toBe(4);
    await expect(socket.send(bytes('56'))).rejects.toMatchObject({ code: 'ECONNRESET', errno: -104 });
    proto.state = 'unconnected';
    await expect(socket.send(bytes('56'), MSG_NOSIGNAL)).rejects.toMatchObject({ code: 'EPIPE', errno: -32 });
  });

  it('stops when this end gives up sending', async () => {
    const { socket, proto } = connected();
    proto.room = 4;
    const first = watch(socket.send(bytes('123456')));
    await settle();
    socket.shutdown(SHUT_WR);
    await settle();
    expect(first.value).toBe(4);
    await expect(socket.send(bytes('x'))).rejects.toMatchObject({ code: 'EPIPE' });
  });

  it('ends when the socket is closed: with what was sent, or EBADF', async () => {
    const { socket, proto } = connected();
    proto.room = 4;
    const first = watch(socket.send(bytes('123456')));
    const second = watch(socket.send(bytes('x')));
    await settle();
    await socket.close();
    await settle();
    expect(first.value).toBe(4);
    expect(isSocketError(second.error, 'EBADF')).toBe(true);
  });

  it('waits for the connection first', async () => {
    const { kernel, sockets } = start();
    const socket = sockets.socket(AF_INET, 1);
    socket.nonblocking = true;
    const proto = kernel.made as FakeStream;
    const peer = new FakeStream();
    await socket.connect({ address: '10.0.0.1', port: 80 }).catch(() => undefined);
    socket.nonblocking = false;
    const seen = watch(socket.send(bytes('early')));
    await settle();
    expect(seen.state).toBe('pending');
    proto.peer = peer;
    proto.finishConnect();
    await settle();
    expect(seen.value).toBe(5);
  });

  it('sendmsg sends buffers one after the other, and says that more follow', async () => {
    const { socket, proto } = connected();
    const data = [bytes('ab'), new Uint8Array(0), bytes('cde'), bytes('f')];
    expect(await socket.sendmsg({ data })).toBe(6);
    expect(text(proto.sent)).toBe('abcdef');
    expect(proto.flags).toEqual([MSG_MORE, MSG_MORE, 0]);
  });

  it('sendmsg goes on in the middle of a buffer', async () => {
    const { socket, proto, peer } = connected();
    proto.room = 3;
    const seen = watch(socket.sendmsg({ data: [bytes('ab'), bytes('cdefg'), bytes('h')] }));
    for (let i = 0; i < 5; i++) {
      await settle();
      proto.deliver();
    }
    expect(seen.value).toBe(8);
    expect(text(peer.received)).toBe('abcdefgh');
  });
});

describe('sendall', () => {
  it('goes on where a send stopped, until all is sent', async () => {
    const { kernel, socket, proto, peer } = connected();
    socket.setsockopt(SOL_SOCKET, SO_SNDTIMEO, 1);
    proto.room = 4;
    const calls: string[] = [];
    kernel.tracer = { exit: (call) => calls.push(`${call.name} ${call.result}`) };
    const seen = watch(socket.sendall(bytes('0123456789')));
    await kernel.advance(1000); // the first send is over, and the next one begins
    proto.deliver();
    await settle();
    proto.deliver();
    await settle();
    expect(seen.state).toBe('resolved');
    proto.deliver();
    expect(text(peer.received)).toBe('0123456789');
    expect(calls).toEqual(['sendto 4', 'sendto 6']);
  });

  it('fails as send does', async () => {
    const { socket, proto } = connected();
    proto.room = 4;
    await expect(socket.sendall(bytes('0123456789'), MSG_DONTWAIT)).rejects.toMatchObject({ code: 'EAGAIN' });
    await expect(connected().socket.sendall(new Uint8Array(0))).resolves.toBeUndefined();
  });
});

describe('send on a datagram socket', () => {
  function datagram() {
    const { kernel, sockets } = start();
    const socket = sockets.socket(AF_INET, SOCK_DGRAM);
    return { kernel, socket, proto: kernel.made as FakeDatagram };
  }

  it('sendto has the address completed', async () => {
    const { socket, proto } = datagram();
    expect(await socket.sendto(bytes('hi'), { address: '10.0.0.1', port: 53 })).toBe(2);
    expect(proto.sent[0]?.message.address).toEqual({ address: '10.0.0.1', family: 'IPv4', port: 53 });
    await expect(socket.sendto('x', { address: '10.0.0.1', port: 65_536 })).rejects.toThrow(RangeError);
    await expect(socket.sendto('x', { address: '10.0.0.1', port: -1 })).rejects.toThrow(RangeError);
    await expect(socket.sendto('x', 'nowhere' as never)).rejects.toThrow(TypeError);
  });

  it('sendmsg takes as much of control messages as net.core.optmem_max allows: ENOBUFS', async () => {
    const { kernel, proto, socket } = datagram();
    const address = { address: '10.0.0.1', port: 53 };
    const control = (length: number) => [{ level: 0, type: 4, value: new Uint8Array(length) }];
    kernel.sysctl.optmem_max = 16 + 40;
    expect(await socket.sendmsg({ data: bytes('ab'), address, control: control(40) })).toBe(2);
    await expect(socket.sendmsg({ data: bytes('ab'), address, control: control(41) })).rejects.toMatchObject({
      code: 'ENOBUFS',
    });
    expect(proto.sent.length).toBe(1);
  });

  it('sendmsg marks a packet for those alone who may mark a socket: EPERM', async () => {
    const { kernel, socket } = datagram();
    const control = [{ level: SOL_SOCKET, type: SO_MARK, value: 7 }];
    const address = { address: '10.0.0.1', port: 53 };
    for (const capability of ['CAP_NET_RAW', 'CAP_NET_ADMIN'] as const) {
      kernel.capabilities = [capability];
      expect(await socket.sendmsg({ data: 'ab', address, control })).toBe(2);
    }
    kernel.capabilities = [];
    await expect(socket.sendmsg({ data: 'ab', address, control })).rejects.toMatchObject({ code: 'EPERM' });
  });

  it('sendmsg makes one datagram of several buffers, with control messages', async () => {
    const { socket, proto } = datagram();
    const control = [{ level: 0, type: 2, value: 5 }];
    const address = { address: '10.0.0.1', port: 53 };
    expect(await socket.sendmsg({ data: [bytes('ab'), bytes('cd')], address, control })).toBe(4);
    expect(text(proto.sent[0]?.bytes as Uint8Array)).toBe('abcd');
    expect(proto.sent[0]?.message.control).toBe(control);
  });

  it('send needs a peer, and its error names none', async () => {
    const { socket, proto } = datagram();
    await expect(socket.send('x')).rejects.toMatchObject({
      code: 'EDESTADDRREQ',
      message: 'send EDESTADDRREQ',
    });
    await socket.connect({ address: '10.0.0.1', port: 53 });
    expect(await socket.send('x')).toBe(1);
    expect(proto.sent[0]?.message.address).toBeUndefined();
    await socket.connect({ family: 'unspec' });
    await expect(socket.send('x')).rejects.toMatchObject({ code: 'EDESTADDRREQ' });
  });

  it('waits for room, and tells an address in errors', async () => {
    const { socket, proto } = datagram();
    const address = { address: '10.0.0.1', port: 53 };
    for (let i = 0; i < 3; i++) await socket.sendto('x', address);
    const seen = watch(socket.sendto('y', address));
    await settle();
    expect(seen.state).toBe('pending');
    proto.sent.length = 0;
    proto.listener?.wake(4);
    await settle();
    expect(seen.value).toBe(1);
    await expect(socket.sendto(new Uint8Array(70_000), address)).rejects.toMatchObject({
      message: 'sendto EMSGSIZE 10.0.0.1:53',
      code: 'EMSGSIZE',
      errno: -90,
      syscall: 'sendto',
      address: '10.0.0.1',
      port: 53,
    });
  });
});
