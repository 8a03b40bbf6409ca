import { describe, expect, it } from 'vitest';
import { bytes, connected, type FakeStream, settle, start, text, watch } from './fixture.ts';
import { AF_INET, MSG_DONTWAIT, MSG_FASTOPEN, SO_SNDTIMEO, SOCK_STREAM, SOL_SOCKET } from './index.ts';
import type { Errno, SendMessage } from './ports.ts';

const SERVER = { address: '192.168.1.100', port: 8080 };

/** A stream socket whose protocol takes `fit` bytes with the first packet. */
function opening(fit: number) {
  const { kernel, sockets } = start();
  const socket = sockets.socket(AF_INET, SOCK_STREAM);
  const proto = kernel.made as FakeStream & { fastopen: (...call: never[]) => number | Errno };
  const calls: [length: number, waits: boolean, port: number | undefined][] = [];
  proto.fastopen = (now: number, data: Uint8Array, message: SendMessage): number | Errno => {
    const { address, waits } = message;
    const port = address?.family === 'IPv4' ? address.port : undefined;
    calls.push([data.length, waits, port]);
    if (proto.state !== 'unconnected' && proto.state !== 'deferred') return 'EISCONN';
    if (proto.state === 'unconnected') {
      const errno = proto.connect(now, address as never);
      if (errno !== 'EINPROGRESS') return errno as Errno;
    }
    proto.state = 'connecting';
    const count = Math.min(fit, data.length);
    proto.sent.push(...data.subarray(0, count));
    return count;
  };
  return { kernel, socket, proto, calls };
}

describe('a send with MSG_FASTOPEN', () => {
  it('connects with its first bytes, waits for the handshake and sends the rest', async () => {
    const { calls, kernel, proto, socket } = opening(3);
    const seen = watch(
      socket.sendmsg({ data: [bytes('ab'), bytes('cde'), bytes('f')], address: SERVER, flags: MSG_FASTOPEN }),
    );
    await settle();
    expect([text(proto.sent), seen.state, kernel.waiters]).toEqual(['abc', 'pending', 1]);
    proto.finishConnect();
    await settle();
    expect([text(proto.sent), seen.value, kernel.waiters]).toEqual(['abcdef', 6, 0]);
    expect(calls).toEqual([[6, true, 8080]]);
    expect(proto.flags).toEqual([MSG_FASTOPEN | 0x8000, MSG_FASTOPEN]); // more follows the first
  });

  it('waits for the handshake even where all went with the first packet, or there was nothing to send', async () => {
    for (const data of ['abc', '']) {
      const { proto, socket } = opening(10);
      const seen = watch(socket.sendto(data, SERVER, MSG_FASTOPEN));
      await settle();
      expect(seen.state).toBe('pending');
      proto.finishConnect();
      await settle();
      expect(seen.value).toBe(data.length);
    }
  });

  it('that does not wait says what went, and EINPROGRESS, then EALREADY, where nothing did', async () => {
    const { proto, socket } = opening(3);
    const flags = MSG_FASTOPEN | MSG_DONTWAIT;
    expect(await socket.sendto('abcde', SERVER, flags)).toBe(3);
    await expect(socket.sendto('de', SERVER, flags)).rejects.toMatchObject({ code: 'EALREADY' });
    await expect(socket.send('de', MSG_DONTWAIT)).rejects.toMatchObject({ code: 'EAGAIN' });
    proto.finishConnect();
    expect(await socket.sendto('de', SERVER, flags)).toBe(2);
    await expect(socket.sendto('f', SERVER, flags)).rejects.toMatchObject({ code: 'EISCONN' });
    const other = opening(0);
    await expect(other.socket.sendto('abc', SERVER, flags)).rejects.toMatchObject({ code: 'EINPROGRESS' });
  });

  it('fails as connect does though bytes went with the first packet, and may be tried again', async () => {
    const { calls, proto, socket } = opening(3);
    const seen = watch(socket.sendto('abc', SERVER, MSG_FASTOPEN));
    await settle();
    proto.finishConnect('ECONNREFUSED');
    await settle();
    expect(seen.error).toMatchObject({ code: 'ECONNREFUSED', syscall: 'sendto' });
    await expect(socket.sendto('abc', { ...SERVER, port: 9 }, MSG_FASTOPEN)).rejects.toMatchObject({
      code: 'ENETUNREACH',
    });
    expect(calls).toHaveLength(2);
  });

  it('says how many went where the handshake outlasts SO_SNDTIMEO', async () => {
    const { kernel, socket } = opening(3);
    socket.setsockopt(SOL_SOCKET, SO_SNDTIMEO, 10);
    const seen = watch(socket.sendto('abcde', SERVER, MSG_FASTOPEN));
    await settle();
    await kernel.advance(10_000);
    await settle();
    expect(seen.value).toBe(3);
  });

  it('is a send as any other where the protocol has no such thing', async () => {
    const { proto, socket } = connected();
    expect(await socket.send('abc', MSG_FASTOPEN)).toBe(3);
    expect(text(proto.sent)).toBe('abc');
  });
});

describe('a connect that waits for data', () => {
  it('is done at once; the first send opens the connection, MSG_FASTOPEN or not', async () => {
    for (const flags of [0, MSG_FASTOPEN]) {
      const { calls, proto, socket } = opening(3);
      proto.connect = () => {
        proto.state = 'deferred';
        return undefined;
      };
      await socket.connect(SERVER);
      await expect(socket.connect(SERVER)).rejects.toMatchObject({ code: 'EISCONN' });
      expect(await socket.send('abcde', flags | MSG_DONTWAIT)).toBe(3);
      expect(calls).toEqual([[5, false, undefined]]);
      proto.finishConnect();
      expect(await socket.send('de')).toBe(2);
      expect(calls).toHaveLength(1);
    }
  });

  it('is EINPROGRESS for a send of nothing that does not wait', async () => {
    const { proto, socket } = opening(3);
    proto.connect = () => {
      proto.state = 'deferred';
      return undefined;
    };
    await socket.connect(SERVER);
    await expect(socket.send('', MSG_DONTWAIT)).rejects.toMatchObject({ code: 'EINPROGRESS' });
  });
});
