import { describe, expect, it } from 'vitest';
import { type FakeStream, settle, start } from '../fixture.ts';
import { listen, type Socket } from '../index.ts';

function server() {
  const { kernel, sockets } = start();
  const listener = listen(sockets, { address: '192.168.1.100', port: 80 });
  return { kernel, sockets, listener, proto: kernel.made as FakeStream };
}

describe('listen', () => {
  it('binds with SO_REUSEADDR and tells where', () => {
    const { listener, proto } = server();
    expect(proto.sk.reuse).toBe(true);
    expect(listener.address).toEqual({ address: '192.168.1.100', family: 'IPv4', port: 80 });
    expect(proto.state).toBe('listening');
  });

  it('leaves no socket behind where it fails', () => {
    const { sockets } = start();
    expect(() => listen(sockets, { port: 99 })).toThrow('bind EADDRINUSE 0.0.0.0:99');
    expect(sockets.size).toBe(0);
  });

  it('gives connections as they come, until it is closed', async () => {
    const { listener, proto } = server();
    const seen: Socket[] = [];
    const loop = (async () => {
      for await (const connection of listener) seen.push(connection);
    })();
    await settle();
    proto.offer();
    proto.offer();
    await settle();
    expect(seen).toHaveLength(2);
    await listener.close();
    await loop;
    expect(seen.every(({ closed }) => !closed)).toBe(true);
    await listener[Symbol.asyncDispose]();
  });

  it('passes over connections that broke', async () => {
    const { listener, proto } = server();
    const { accept } = proto;
    let broken = 1;
    proto.accept = (now) => (broken-- > 0 ? 'ECONNABORTED' : accept.call(proto, now));
    proto.offer();
    for await (const connection of listener) {
      expect(connection.fd).toBe(4);
      break;
    }
    expect(listener.socket.closed).toBe(false);
    proto.accept = () => 'ENOBUFS';
    await expect(listener[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'ENOBUFS' });
  });
});
