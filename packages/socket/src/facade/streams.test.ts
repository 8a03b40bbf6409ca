import { describe, expect, it } from 'vitest';
import { bytes, connected, settle, text, watch } from '../fixture.ts';
import { isSocketError, SocketStreams } from '../index.ts';

function streams(options?: { allowHalfOpen?: boolean }) {
  const made = connected();
  const both = new SocketStreams(made.socket, options);
  return { ...made, both, readable: both.readable, writable: both.writable, closed: watch(both.closed) };
}

describe('reading', () => {
  it('gives what comes, in order, until the peer ends', async () => {
    const { both, readable, peer, socket, closed } = streams();
    const chunks: string[] = [];
    const reading = (async () => {
      for await (const chunk of readable) chunks.push(text(chunk));
    })();
    await settle();
    for (const part of ['hello', ' ', 'world']) {
      peer.sent = [...bytes(part)];
      peer.deliver();
      await settle();
    }
    expect(chunks).toEqual(['hello', ' ', 'world']);
    peer.hasFinished = true;
    peer.deliver();
    await reading;
    await both.closed;
    expect(socket.closed).toBe(true);
    expect(closed.state).toBe('resolved');
  });

  it('takes nothing from the socket until somebody reads', async () => {
    const { readable, proto } = streams();
    proto.received = [...bytes('waiting')];
    await settle();
    expect(proto.received).toHaveLength(7);
    const reader = readable.getReader();
    expect(text((await reader.read()).value as Uint8Array)).toBe('waiting');
    proto.received = [...bytes('more')];
    await settle();
    expect(proto.received).toHaveLength(4);
    await reader.read();
    expect(proto.received).toHaveLength(0);
  });

  it('reads into the reader’s own memory, without a buffer of its own', async () => {
    const { readable, proto, peer } = streams({ allowHalfOpen: true });
    const reader = readable.getReader({ mode: 'byob' });
    const reading = watch(reader.read(new Uint8Array(4)));
    await settle();
    peer.sent = [...bytes('abcdef')];
    peer.deliver();
    await settle();
    expect(text(reading.value?.value as Uint8Array)).toBe('abcd');
    expect(proto.sizes.every((size) => size === 4)).toBe(true);
    expect(text((await reader.read(new Uint8Array(4))).value as Uint8Array)).toBe('ef');
    const last = watch(reader.read(new Uint8Array(4)));
    peer.hasFinished = true;
    peer.deliver();
    await settle();
    expect(last.value?.done).toBe(true);
  });

  it('fails with what breaks the connection, and so does writing', async () => {
    const { readable, writable, proto, socket, closed } = streams();
    const reading = watch(readable.getReader().read());
    await settle();
    proto.fail('ECONNRESET');
    await settle();
    expect(isSocketError(reading.error, 'ECONNRESET')).toBe(true);
    expect(isSocketError(closed.error, 'ECONNRESET')).toBe(true);
    expect(socket.closed).toBe(true);
    await expect(writable.getWriter().write(bytes('x'))).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('cancelled, receives no more; writing goes on, and its end closes the socket', async () => {
    const { readable, writable, proto, socket, closed } = streams();
    const reader = readable.getReader();
    const reading = watch(reader.read());
    await settle();
    await reader.cancel('enough');
    expect(reading.value).toEqual({ done: true, value: undefined });
    const writer = writable.getWriter();
    await writer.write(bytes('still'));
    expect(text(proto.sent)).toBe('still');
    expect(socket.closed).toBe(false);
    await writer.close();
    await settle();
    expect(socket.closed).toBe(true);
    expect(closed.state).toBe('resolved');
  });
});

describe('writing', () => {
  it('is done when the send buffer has it: back-pressure reaches the writer', async () => {
    const { writable, proto, peer } = streams();
    proto.room = 4;
    const writer = writable.getWriter();
    expect(writer.desiredSize).toBe(1);
    const writes = ['0123456789', 'abc'].map((part) => watch(writer.write(bytes(part))));
    await settle();
    const ready = watch(writer.ready as Promise<unknown>);
    await settle();
    expect(ready.state).toBe('pending');
    expect(writes.map(({ state }) => state)).toEqual(['pending', 'pending']);
    for (let i = 0; i < 4; i++) {
      proto.deliver();
      await settle();
    }
    expect(writes.map(({ state }) => state)).toEqual(['resolved', 'resolved']);
    expect(ready.state).toBe('resolved');
    expect(text(peer.received)).toBe('0123456789abc');
  });

  it('takes any view and buffers, and nothing else', async () => {
    const { writable, proto, closed } = streams();
    const writer = writable.getWriter();
    await writer.write(new DataView(bytes('xaby').buffer as ArrayBuffer, 1, 2) as never);
    await writer.write(bytes('cd').buffer as never);
    expect(text(proto.sent)).toBe('abcd');
    await expect(writer.write('text' as never)).rejects.toThrow(TypeError);
    await settle();
    expect(closed.error).toBeInstanceOf(TypeError);
  });

  it('closed, tells the peer, and reading goes on', async () => {
    const { readable, writable, peer, proto, socket, closed } = streams();
    const writer = writable.getWriter();
    void writer.write(bytes('request'));
    await writer.close();
    expect(proto.hasFinished).toBe(true);
    proto.deliver();
    expect(text(peer.received)).toBe('request');
    expect(socket.closed).toBe(false);
    const reader = readable.getReader();
    peer.sent = [...bytes('answer')];
    peer.deliver();
    expect(text((await reader.read()).value as Uint8Array)).toBe('answer');
    peer.hasFinished = true;
    peer.deliver();
    expect((await reader.read()).done).toBe(true);
    await settle();
    expect(closed.state).toBe('resolved');
  });

  it('aborted, resets the connection', async () => {
    const { readable, writable, proto, socket, closed } = streams();
    const reading = watch(readable.getReader().read());
    await settle();
    await writable.abort(new Error('no more'));
    await settle();
    expect(proto.sk.linger).toBe(0);
    expect(proto.isClosed).toBe(true);
    expect(socket.closed).toBe(true);
    expect((reading.error as Error).message).toBe('no more');
    expect((closed.error as Error).message).toBe('no more');
  });
});

describe('half-closed connections', () => {
  it('are not kept: the peer’s end is answered after the writes that were begun', async () => {
    const { readable, writable, proto, peer, socket, closed } = streams();
    proto.room = 2;
    const writer = writable.getWriter();
    const writes = ['abcd', 'ef', 'gh'].map((part) => watch(writer.write(bytes(part))));
    const reading = watch(readable.getReader().read());
    await settle();
    peer.hasFinished = true;
    peer.deliver();
    await settle();
    expect(reading.value?.done).toBe(true);
    expect(proto.hasFinished).toBe(false);
    for (let i = 0; i < 5; i++) {
      proto.deliver();
      await settle();
    }
    expect(writes.map(({ state }) => state)).toEqual(['resolved', 'resolved', 'resolved']);
    expect(text(peer.received)).toBe('abcdefgh');
    expect(proto.hasFinished).toBe(true);
    expect(socket.closed).toBe(true);
    expect(closed.state).toBe('resolved');
    await expect(writer.write(bytes('late'))).rejects.toMatchObject({ code: 'EPIPE' });
  });

  it('are kept with allowHalfOpen', async () => {
    const { readable, writable, proto, peer, socket, closed } = streams({ allowHalfOpen: true });
    const reading = watch(readable.getReader().read());
    peer.hasFinished = true;
    await settle();
    peer.deliver();
    await settle();
    expect(reading.value?.done).toBe(true);
    const writer = writable.getWriter();
    await writer.write(bytes('late'));
    expect(text(proto.sent)).toBe('late');
    expect(socket.closed).toBe(false);
    await writer.close();
    await settle();
    expect(closed.state).toBe('resolved');
  });
});

describe('close()', () => {
  it('ends both streams and the socket, gracefully', async () => {
    const { both, readable, writable, proto, closed } = streams();
    const writer = writable.getWriter();
    await writer.write(bytes('bye'));
    const reading = watch(readable.getReader().read());
    await settle();
    expect(both.close()).toBe(both.closed);
    await both.close();
    await settle();
    expect(reading.value).toEqual({ done: true, value: undefined });
    expect(proto.isClosed).toBe(true);
    expect(proto.sk.linger).toBe(-1);
    expect(closed.state).toBe('resolved');
    await expect(writer.write(bytes('x'))).rejects.toMatchObject({ code: 'EBADF' });
  });

  it('with a reason: writes that are not done fail with it', async () => {
    const { both, writable, proto } = streams();
    proto.room = 1;
    const writer = writable.getWriter();
    const writes = [watch(writer.write(bytes('abc'))), watch(writer.write(bytes('d')))];
    writer.closed.catch(() => undefined);
    await settle();
    await both.close('changed my mind');
    await settle();
    expect(writes[1]?.error).toBe('changed my mind');
    expect(writes[0]?.state).not.toBe('pending');
  });
});

describe('pipes', () => {
  it('an echo server is one line', async () => {
    const { readable, writable, proto, peer, closed } = streams();
    const echo = watch(readable.pipeTo(writable));
    await settle();
    peer.sent = [...bytes('echo this')];
    peer.deliver();
    await settle();
    proto.deliver();
    expect(text(peer.received)).toBe('echo this');
    peer.hasFinished = true;
    peer.deliver();
    await settle();
    await new Promise((resolve) =>
      (globalThis as unknown as { setTimeout(f: unknown): void }).setTimeout(resolve),
    );
    expect(proto.hasFinished).toBe(true);
    expect(closed.state).toBe('resolved');
    expect(echo.state).not.toBe('pending');
  });
});
