import { text as textOf } from 'node:stream/consumers';
import { describe, expect, it, vi } from 'vitest';
import { bytes, connected, settle, text } from './fixture.ts';
import { MSG_MORE, SO_KEEPALIVE, SOL_SOCKET } from './index.ts';
import { SocketDuplex, type SocketDuplexOptions } from './node.ts';

/** A duplex, and what happens to it. */
function duplex(options?: SocketDuplexOptions) {
  const made = connected();
  const one = new SocketDuplex(made.socket, options);
  const events: string[] = [];
  for (const name of ['end', 'finish', 'timeout', 'close']) one.on(name, () => events.push(name));
  one.on('error', (error) => events.push(error.message));
  return { ...made, one, events };
}

/** Passes what streams put off, too. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('a duplex', () => {
  it('gives what comes, and ends when the peer does', async () => {
    const { one, peer, socket, events } = duplex();
    const got = textOf(one);
    for (const part of ['hello', ' world']) {
      peer.sent = [...bytes(part)];
      peer.deliver();
      await turn();
    }
    peer.hasFinished = true;
    peer.deliver();
    expect(await got).toBe('hello world');
    await turn();
    expect(events).toEqual(['end', 'finish', 'close']);
    expect(socket.closed).toBe(true);
  });

  it('reads no more than its buffer holds ahead of its reader', async () => {
    const { one, proto } = duplex();
    proto.received = new Array(400_000).fill(1);
    one.read(0);
    await turn();
    expect(one.readableLength).toBeGreaterThan(0);
    expect(proto.received.length).toBeGreaterThan(200_000);
    one.destroy();
  });

  it('may go on sending when the peer has ended, if it likes', async () => {
    const { one, peer, proto, socket, events } = duplex({ allowHalfOpen: true });
    one.resume();
    peer.hasFinished = true;
    peer.deliver();
    await turn();
    expect(events).toEqual(['end']);
    one.end('late');
    await turn();
    expect(text(proto.sent)).toBe('late');
    expect(proto.hasFinished).toBe(true);
    expect([socket.closed, events]).toEqual([true, ['end', 'finish', 'close']]);
  });

  it('is done with a write when the socket has taken it', async () => {
    const { one, proto } = duplex();
    const done = vi.fn();
    one.write(new Uint8Array(1500), done);
    await turn();
    expect([proto.sent.length, done.mock.calls.length]).toEqual([1000, 0]);
    proto.deliver();
    await turn();
    expect([proto.sent.length, done.mock.calls.length]).toEqual([500, 1]);
    one.destroy();
  });

  it('sends what was corked as if it were one', async () => {
    const { one, proto } = duplex();
    one.cork();
    for (const part of ['head', 'body', 'tail']) one.write(part);
    one.uncork();
    await turn();
    expect(text(proto.sent)).toBe('headbodytail');
    expect(proto.flags).toEqual([MSG_MORE, MSG_MORE, 0]);
    one.destroy();
  });

  it('destroyed, closes, and what was written before is sent', async () => {
    const { one, proto, socket, events } = duplex();
    one.write('last words');
    one.destroy(new Error('enough'));
    expect([socket.closed, text(proto.sent)]).toEqual([true, 'last words']);
    await turn();
    expect(events).toEqual(['enough', 'close']);
    expect(proto.sk.linger).toBe(-1);
  });

  it('resets where it is asked to', async () => {
    const { one, proto, socket, events } = duplex();
    one.resetAndDestroy();
    await turn();
    expect([socket.closed, proto.sk.linger, events]).toEqual([true, 0, ['close']]);
    expect(one.resetAndDestroy().destroyed).toBe(true);
  });

  it('fails with what breaks the connection while it reads', async () => {
    const { one, proto, socket, events } = duplex();
    one.resume();
    await turn();
    proto.fail('ECONNRESET');
    await turn();
    expect([socket.closed, events]).toEqual([true, ['recv ECONNRESET', 'close']]);
    expect(one.errored).toMatchObject({ code: 'ECONNRESET', errno: -104, syscall: 'recv' });
  });

  it('fails with what breaks the connection while it writes', async () => {
    const { one, proto, events } = duplex();
    const done = vi.fn();
    proto.fail('EPIPE');
    one.write('x', done);
    await turn();
    expect(events).toEqual(['send EPIPE', 'close']);
    expect(done).toHaveBeenCalledWith(expect.objectContaining({ code: 'EPIPE' }));
  });

  it('ends on a connection that was reset, there being nobody to tell', async () => {
    const { one, proto, events } = duplex();
    proto.state = 'unconnected';
    one.end();
    await turn();
    expect(events).toEqual(['finish']);
    one.destroy();
  });

  it.each(['reading', 'writing'])(
    'ends without an error when somebody closes the socket while it is %s',
    async (doing) => {
      const { one, proto, socket, events } = duplex();
      if (doing === 'reading') one.resume();
      else {
        proto.room = 0;
        one.write('x');
      }
      await turn();
      await socket.close();
      await turn();
      expect([one.destroyed, events]).toEqual([true, ['close']]);
    },
  );

  it('knows both addresses, while there are some', async () => {
    const { one } = duplex();
    const names = () => [one.localAddress, one.localPort, one.remoteAddress, one.remotePort];
    expect(names()).toEqual(['192.168.1.10', 40_000, '192.168.1.100', 80]);
    one.destroy();
    expect(names()).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('sets options', () => {
    const { one, socket, proto } = duplex();
    one.setNoDelay();
    one.setKeepAlive(true, 1500).ref().unref();
    expect(proto.options).toEqual(
      new Map([
        ['TCP_NODELAY', 1],
        ['TCP_KEEPIDLE', 1],
      ]),
    );
    expect(socket.getsockopt(SOL_SOCKET, SO_KEEPALIVE)).toBe(1);
    one.destroy();
  });
});

describe('a timeout', () => {
  it('comes when neither side has said anything for so long', async () => {
    const { one, kernel, peer, events } = duplex();
    one.setTimeout(50);
    one.resume();
    await turn();
    await kernel.advance(40_000);
    peer.sent = [...bytes('x')];
    peer.deliver();
    await turn();
    await kernel.advance(40_000);
    one.write('y');
    await turn();
    await kernel.advance(49_999);
    expect(events).toEqual([]);
    await kernel.advance(1);
    expect([events, kernel.armed]).toEqual([['timeout'], 0]);
    one.destroy();
  });

  it('is told to whoever waits for the next, unless it is taken back', async () => {
    const { one, kernel } = duplex();
    const told = vi.fn();
    one.setTimeout(50, told);
    expect(one.timeout).toBe(50);
    one.setTimeout(0, told);
    expect(kernel.armed).toBe(0);
    await kernel.advance(100_000);
    expect(told).not.toHaveBeenCalled();
    one.setTimeout(50, told);
    await kernel.advance(50_000);
    one.setTimeout(50);
    await kernel.advance(50_000);
    expect(told).toHaveBeenCalledTimes(1);
    one.destroy();
  });

  it('does not outlive the socket', async () => {
    const { one, kernel } = duplex();
    one.setTimeout(50);
    one.write('x');
    expect(kernel.armed).toBe(1);
    one.destroy();
    await settle();
    expect(kernel.armed).toBe(0);
  });
});
