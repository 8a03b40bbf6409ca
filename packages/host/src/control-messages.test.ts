/** Control messages of TCP sockets, from the option to what `recvmsg` hands over. */
import { AF_INET, SOCK_STREAM, SOL_TCP, type Socket, TCP_CM_INQ, TCP_INQ } from '@stack/socket';
import { describe, expect, it } from 'vitest';
import { lan } from './fixture.ts';

/** A connection from a to b, whose listener was made ready by `prepare`. */
async function connected(prepare: (listener: Socket) => void = () => {}) {
  const { clock, a, b } = lan();
  const listener = b.socket(AF_INET, SOCK_STREAM);
  prepare(listener);
  listener.bind({ port: 7 });
  listener.listen(1);
  const client = a.socket(AF_INET, SOCK_STREAM);
  const [server] = await clock.run(
    Promise.all([listener.accept(), client.connect({ address: '192.168.1.100', port: 7 })]),
  );
  return { clock, a, b, client, server };
}

describe('TCP_INQ', () => {
  it('tells what is left to read, and 1 where that is the end; a listener hands it on', async () => {
    const { clock, client, server } = await connected((listener) => listener.setsockopt(SOL_TCP, TCP_INQ, 1));
    await client.send(new Uint8Array(1000));
    await clock.runFor(1000);
    const left = async (length: number) =>
      (await server.recvmsg({ length })).control.map(({ level, type, value }) => [level, type, value]);
    expect(await left(300)).toEqual([[SOL_TCP, TCP_CM_INQ, 700]]);
    expect(await left(700)).toEqual([[SOL_TCP, TCP_CM_INQ, 0]]);
    await client.send(new Uint8Array(10));
    await client.close();
    await clock.runFor(1000);
    expect(await left(10)).toEqual([[SOL_TCP, TCP_CM_INQ, 1]]);
    expect(await left(10)).toEqual([[SOL_TCP, TCP_CM_INQ, 1]]);
    server.setsockopt(SOL_TCP, TCP_INQ, 0);
    expect(await left(10)).toEqual([]);
  });
});
