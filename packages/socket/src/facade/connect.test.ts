import { describe, expect, it } from 'vitest';
import { bytes, FakeSignal, FakeStream, settle, start, text, watch } from '../fixture.ts';
import { connect, isSocketError, SOL_TCP, TCP_NODELAY } from '../index.ts';

function client(address: Parameters<typeof connect>[1], options?: Parameters<typeof connect>[2]) {
  const { kernel, sockets } = start();
  const connection = connect(sockets, address, options);
  const proto = kernel.made as FakeStream;
  const peer = new FakeStream();
  const answer = () => {
    proto.join(peer, '192.168.1.10', 40_000);
    peer.peer = proto;
    proto.finishConnect();
  };
  return { kernel, sockets, connection, proto, peer, answer };
}

describe('connect', () => {
  it.each([
    ['text', '192.168.1.100:80'],
    ['two parts', { hostname: '192.168.1.100', port: 80 }],
  ])('takes an address as %s, and tells both ends when it is there', async (_, address) => {
    const { connection, answer } = client(address);
    const opened = watch(connection.opened);
    await settle();
    expect(opened.state).toBe('pending');
    answer();
    expect(await connection.opened).toEqual({
      remoteAddress: '192.168.1.100:80',
      localAddress: '192.168.1.10:40000',
      alpn: null,
    });
    expect(connection.upgraded).toBe(false);
    expect(connection.secureTransport).toBe('off');
  });

  it('lets bytes be written before the connection is there', async () => {
    const { connection, proto, answer } = client('192.168.1.100:80');
    const writing = watch(connection.writable.getWriter().write(bytes('early')));
    await settle();
    expect(writing.state).toBe('pending');
    answer();
    await settle();
    expect(writing.state).toBe('resolved');
    expect(text(proto.sent)).toBe('early');
  });

  it('fails everywhere when the connection cannot be had', async () => {
    const { sockets, connection, proto } = client('192.168.1.100:80');
    const seen = [connection.opened, connection.closed, connection.readable.getReader().read()].map(
      watch<unknown>,
    );
    const writing = watch(connection.writable.getWriter().write(bytes('x')));
    await settle();
    proto.finishConnect('ECONNREFUSED');
    await settle();
    for (const { error } of [...seen, writing]) expect(isSocketError(error, 'ECONNREFUSED')).toBe(true);
    expect(sockets.size).toBe(0);
  });

  it('fails at the signal', async () => {
    const signal = new FakeSignal();
    const { connection, sockets } = client('192.168.1.100:80', { signal });
    const opened = watch(connection.opened);
    await settle();
    signal.abort('enough');
    await settle();
    expect(opened.error).toBe('enough');
    expect(sockets.size).toBe(0);
  });

  it('closes while it connects', async () => {
    const { connection, sockets } = client('192.168.1.100:80');
    const opened = watch(connection.opened);
    await connection.close();
    await settle();
    expect(isSocketError(opened.error, 'EBADF')).toBe(true);
    expect(sockets.size).toBe(0);
  });

  it('knows localhost, and asks for other names', async () => {
    const { proto } = client('localhost:80');
    await settle();
    expect(proto.remote).toEqual({ address: '127.0.0.1', family: 'IPv4', port: 80 });
    const other = client({ hostname: 'example.com', port: 80 }, { lookup: async () => '192.0.2.7' });
    await settle();
    expect(other.proto.remote).toEqual({ address: '192.0.2.7', family: 'IPv4', port: 80 });
    expect(() => client('example.com:80')).toThrow(TypeError);
  });

  it('lets the socket be prepared', () => {
    const { proto } = client('10.0.0.1:80', {
      prepare: (socket) => socket.setsockopt(SOL_TCP, TCP_NODELAY, 1),
    });
    expect(proto.options.get('TCP_NODELAY')).toBe(1);
  });

  it.each([
    '',
    'host',
    ':80',
    '10.0.0.1:',
    '10.0.0.1:0',
    '10.0.0.1:65536',
    '10.0.0.1:8x',
    { hostname: '10.0.0.1', port: 1.5 },
  ])('refuses %o', (address) => {
    expect(() => client(address)).toThrow(TypeError);
  });

  it('has no TLS', () => {
    expect(() => client('10.0.0.1:80', { secureTransport: 'on' as 'off' })).toThrow(TypeError);
    expect(() => client('10.0.0.1:80').connection.startTls()).toThrow(TypeError);
  });
});
