import { describe, expect, it } from 'vitest';
import type { FakeDatagram } from './fixture.ts';
import { bytes, connected, settle, start, text, watch } from './fixture.ts';
import {
  AF_INET,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_TRUNC,
  MSG_WAITALL,
  SO_RCVLOWAT,
  SOCK_DGRAM,
  SOL_SOCKET,
} from './index.ts';

describe('recvInto, recvfrom, recvmsg', () => {
  it('recvInto fills the caller’s memory', async () => {
    const { socket, proto } = connected();
    proto.received = [...bytes('hello')];
    const buffer = new Uint8Array(3);
    expect(await socket.recvInto(buffer)).toBe(3);
    expect(text(buffer)).toBe('hel');
  });

  function datagram() {
    const { kernel, sockets } = start();
    const socket = sockets.socket(AF_INET, SOCK_DGRAM);
    return { kernel, socket, proto: kernel.made as FakeDatagram };
  }

  it('recvfrom takes one datagram and tells who sent it', async () => {
    const { socket, proto } = datagram();
    const seen = watch(socket.recvfrom(65_535));
    await settle();
    proto.push(bytes('one'), 1001);
    proto.push(bytes('two'), 1002);
    await settle();
    expect(seen.value).toEqual({
      data: bytes('one'),
      address: { address: '192.168.1.1', family: 'IPv4', port: 1001 },
    });
    proto.push(new Uint8Array(0));
    expect(text(await socket.recv(100))).toBe('two');
    expect(await socket.recv(100)).toEqual(new Uint8Array(0)); // an empty datagram is one
    await expect(socket.recv(100, MSG_DONTWAIT)).rejects.toMatchObject({ code: 'EAGAIN' });
  });

  it('loses the rest of a datagram, and tells with MSG_TRUNC how long it was', async () => {
    const { socket, proto } = datagram();
    proto.push(bytes('0123456789'));
    proto.push(bytes('0123456789'));
    proto.push(bytes('0123456789'));
    expect(text(await socket.recv(4))).toBe('0123');
    expect(await socket.recvInto(new Uint8Array(4), MSG_TRUNC)).toBe(10);
    const { data, length, flags, address } = await socket.recvmsg({ length: 4, flags: MSG_TRUNC });
    expect(text(data)).toBe('0123');
    expect(length).toBe(10);
    expect(flags).toBe(MSG_TRUNC);
    expect(address).toEqual({ address: '192.168.1.1', family: 'IPv4', port: 53 });
  });

  it('recvmsg fills several buffers', async () => {
    const { socket, proto } = datagram();
    proto.push(bytes('abcdefg'));
    const buffers = [new Uint8Array(3), new Uint8Array(2), new Uint8Array(9)];
    const { length, data } = await socket.recvmsg({ buffers });
    expect(length).toBe(7);
    expect(data).toHaveLength(0);
    expect(buffers.map(text)).toEqual(['abc', 'de', 'fg\0\0\0\0\0\0\0']);
  });

  it('reads the queue of errors without waiting, past those who wait', async () => {
    const { socket, proto } = datagram();
    const waiting = watch(socket.recv(1));
    await settle();
    const { recvmsg } = proto;
    proto.recvmsg = (now, into, offset, length, message) =>
      (message.flags & MSG_ERRQUEUE) === 0 ? recvmsg.call(proto, now, into, offset, length, message) : 5;
    expect((await socket.recvmsg({ length: 9, flags: MSG_ERRQUEUE })).length).toBe(5);
    proto.recvmsg = () => 'EAGAIN';
    await expect(socket.recvmsg({ length: 9, flags: MSG_ERRQUEUE })).rejects.toMatchObject({
      code: 'EAGAIN',
    });
    expect(waiting.state).toBe('pending');
  });

  it('waits for a whole datagram whatever SO_RCVLOWAT and MSG_WAITALL say', async () => {
    const { socket, proto } = datagram();
    socket.setsockopt(SOL_SOCKET, SO_RCVLOWAT, 50);
    proto.push(bytes('abc'));
    expect(text(await socket.recv(10, MSG_WAITALL))).toBe('abc');
  });
});
