import { AF_INET, SHUT_WR, SOCK_STREAM, type Socket } from '@stack/socket';
import { expect, it } from 'vitest';
import { lan } from './fixture.ts';
import type { Host } from './host.ts';

/** What a host that is closed should have no more. */
function left({ pool: { stats }, timers, tcp }: Host): object {
  return { skbs: stats.skbs, pages: stats.inUse, timers: timers.pending, sockets: tcp.socketsAllocated };
}

it('leaves no timer, no packet and no socket behind, whatever its connections were doing', async () => {
  const { clock, a, b } = lan();
  const elsewhere = a.process();
  const listener = b.socket(AF_INET, SOCK_STREAM);
  listener.bind({ port: 80 });
  listener.listen(8);
  const address = { address: '192.168.1.100', port: 80 };
  const connect = async (socket: Socket): Promise<[Socket, Socket]> => {
    const accepting = listener.accept();
    await socket.connect(address);
    return [socket, await accepting];
  };
  const sockets = [a, a, a, a, elsewhere].map((host) => host.socket(AF_INET, SOCK_STREAM));
  const run = async (): Promise<void> => {
    const [first, atFirst] = await connect(sockets[0] as Socket);
    await first.close();
    await atFirst.close(); // TIME-WAIT
    const [full, atFull] = await connect(sockets[1] as Socket);
    full.nonblocking = true;
    await full.send(new Uint8Array(1_000_000)); // more than a window, and nobody reads
    const [half] = await connect(sockets[2] as Socket);
    half.shutdown(SHUT_WR);
    await (sockets[3] as Socket).connect(address); // nobody accepts
    const [, atOther] = await connect(sockets[4] as Socket); // of another process
    await atOther.send('not read');
    await atFull.send('not read either');
    await clock.sleep(1_000_000);
  };
  await clock.run(run());
  await clock.run(a.close());
  await clock.run(elsewhere.close());
  await clock.run(b.close());
  await clock.run();
  const nothing = { skbs: 0, pages: 0, timers: 0, sockets: 0 };
  expect(left(a)).toEqual(nothing);
  expect(left(b)).toEqual(nothing);
  expect(clock.pending).toBe(0);
  expect(clock.now()).toBeLessThan(5_000_000); // and nothing had to run out
});

it('tells who waits in another process', async () => {
  const { clock, a, b } = lan();
  const listener = b.socket(AF_INET, SOCK_STREAM);
  listener.bind({ port: 80 });
  listener.listen(8);
  const elsewhere = a.process();
  const socket = elsewhere.socket(AF_INET, SOCK_STREAM);
  await clock.run(socket.connect({ address: '192.168.1.100', port: 80 }));
  const waiting = expect(clock.run(socket.recv(1))).rejects.toMatchObject({ code: 'ECONNABORTED' });
  await a.close();
  await waiting;
});
