/** Options of level SOL_IP where layers meet: what a connection inherits, who may bind, and where a source route leads. */
import { AF_INET, IP_OPTIONS, IP_TTL, SOCK_DGRAM, SOCK_STREAM, SOL_IP } from '@stack/socket';
import { expect, it } from 'vitest';
import { lan, routed } from './fixture.ts';
import { createHost, VirtualClock } from './index.ts';

/** A listener on b:7 with options set, and a connection to it that was accepted. */
async function accepted() {
  const { clock, a, b } = lan();
  const listener = b.socket(AF_INET, SOCK_STREAM);
  listener.setsockopt(SOL_IP, IP_TTL, 5);
  listener.setsockopt(SOL_IP, IP_OPTIONS, Uint8Array.of(1, 1, 1, 0));
  listener.bind({ port: 7 });
  listener.listen(1);
  const socket = a.socket(AF_INET, SOCK_STREAM);
  const [connection] = await clock.run(
    Promise.all([listener.accept(), socket.connect({ address: '192.168.1.100', port: 7 })]),
  );
  return { clock, b, connection };
}

it('hands the options of a listener on to its connections, but for IP options', async () => {
  const { b, connection } = await accepted();
  const ttls: number[] = [];
  b.trace.on('net:net_dev_queue', ({ skb }) => ttls.push(skb.view.getUint8(skb.data + 14 + 8)));
  expect(connection.getsockopt(SOL_IP, IP_TTL)).toBe(5);
  expect(connection.getsockopt(SOL_IP, IP_OPTIONS)).toEqual(new Uint8Array(0));
  await connection.send('x');
  expect(ttls).toEqual([5]);
});

it('keeps the ports below ip_unprivileged_port_start from who has no privilege', () => {
  const host = createHost({ clock: new VirtualClock(), privileged: false });
  for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
    expect(() => host.socket(AF_INET, type).bind({ port: 80 })).toThrow(
      expect.objectContaining({ code: 'EACCES' }),
    );
    host.socket(AF_INET, type).bind({ port: 1024 });
  }
});

it('sends the data of a send() that waits for the handshake with its third segment', async () => {
  const { clock, a, b } = lan();
  const listener = b.socket(AF_INET, SOCK_STREAM);
  listener.bind({ port: 7 });
  listener.listen(1);
  const socket = a.socket(AF_INET, SOCK_STREAM);
  socket.nonblocking = true;
  await expect(socket.connect({ address: '192.168.1.100', port: 7 })).rejects.toMatchObject({
    code: 'EINPROGRESS',
  });
  socket.nonblocking = false;
  expect(await clock.run(socket.send('GET'))).toBe(3);
  await clock.runFor(100_000);
  expect(a.nstat().TcpOutSegs).toBe(2); // SYN, and ACK with data
  expect((await (await listener.accept()).recv(9)).length).toBe(3);
});

it('sends by the first hop of a source route, where no route leads to the destination (MUST-51)', async () => {
  const { clock, client, router } = routed();
  client.route.del('default');
  const hop = Uint8Array.of(131, 11, 4, 10, 0, 1, 1, 10, 0, 2, 2, 0); // LSRR by the router
  for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
    const plain = client.socket(AF_INET, type);
    await expect(clock.run(plain.connect({ address: '10.0.2.2', port: 9 }))).rejects.toMatchObject({
      code: 'ENETUNREACH',
    });
    const before = router.nstat().IpInReceives ?? 0;
    const socket = client.socket(AF_INET, type);
    socket.setsockopt(SOL_IP, IP_OPTIONS, hop);
    const connected = socket.connect({ address: '10.0.2.2', port: 9 });
    if (type === SOCK_DGRAM) {
      await connected;
      expect(socket.getpeername()).toMatchObject({ address: '10.0.2.2' });
      await socket.send('x');
    } else connected.catch(() => undefined);
    await clock.runFor(1000);
    expect(router.nstat().IpInReceives).toBe(before + 1);
  }
});
