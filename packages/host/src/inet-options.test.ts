/** Options of level SOL_IP where layers meet: what a connection inherits, who may bind, and where a source route leads. */
import {
  AF_INET,
  IP_OPTIONS,
  IP_TTL,
  MSG_WAITALL,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_IP,
  SOL_TCP,
  TCP_INFO,
} from '@stack/socket';
import { expect, it } from 'vitest';
import { lan, routed } from './fixture.ts';
import { createHost, type HostOptions, VirtualClock } from './index.ts';

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

/** A client that reaches the server through a source route, and a server that has no route back: `connect` ends at the accepted connection. */
async function sourceRouted(sysctl: HostOptions['sysctl'] = {}) {
  const { clock, client, router, server } = routed({ sysctl });
  for (const host of [router, server]) host.sysctl.write('net.ipv4.conf.all.accept_source_route', '1');
  for (const host of [client, router, server])
    host.sysctl.write('net.ipv4.conf.eth0.accept_source_route', '1');
  client.sysctl.write('net.ipv4.conf.all.accept_source_route', '1');
  router.sysctl.write('net.ipv4.conf.eth1.accept_source_route', '1');
  server.route.del('default');
  const listener = server.socket(AF_INET, SOCK_STREAM);
  listener.bind({ port: 7 });
  listener.listen(1);
  const socket = client.socket(AF_INET, SOCK_STREAM);
  const given = Uint8Array.of(131, 11, 4, 10, 0, 1, 1, 10, 0, 2, 2, 0); // LSRR by the router
  socket.setsockopt(SOL_IP, IP_OPTIONS, given);
  const connect = async () => {
    const ends = Promise.all([listener.accept(), socket.connect({ address: '10.0.2.2', port: 7 })]);
    return (await clock.run(ends))[0];
  };
  return { clock, client, server, socket, given, connect };
}

it.each([
  ['of a SYN', {}],
  ['of the ACK of a SYN cookie', { 'net.ipv4.tcp_syncookies': '2' }],
] as const)('answers over the return route %s, and so does the connection (MUST-53)', async (_, sysctl) => {
  const { clock, socket, connect } = await sourceRouted(sysctl);
  const connection = await connect();
  expect(connection.getsockopt(SOL_IP, IP_OPTIONS)).toEqual(Uint8Array.of(131, 7, 4, 10, 0, 2, 1, 0));
  expect(await clock.run(connection.send('there'))).toBe(5);
  expect((await clock.run(socket.recv(9))).length).toBe(5);
});

it('keeps the source route that the application gave, whichever arrives (MUST-52)', async () => {
  const { clock, socket, given, connect } = await sourceRouted();
  const connection = await connect();
  await clock.run(connection.send('there'));
  await clock.run(socket.recv(9));
  expect(socket.getsockopt(SOL_IP, IP_OPTIONS)).toEqual(given);
});

it('leaves room for the options in each segment', async () => {
  const { clock, client, server, socket, connect } = await sourceRouted();
  const connection = await connect();
  expect(socket.getsockopt(SOL_TCP, TCP_INFO).sndMss).toBe(1448 - 12);
  expect(connection.getsockopt(SOL_TCP, TCP_INFO).sndMss).toBe(1448 - 8);
  await clock.run(Promise.all([connection.send(new Uint8Array(20_000)), socket.recv(20_000, MSG_WAITALL)]));
  expect(server.nstat().IpFragCreates ?? 0).toBe(0);
  expect(client.nstat().IpReasmReqds ?? 0).toBe(0);
  socket.setsockopt(SOL_IP, IP_OPTIONS, new Uint8Array(0));
  expect(socket.getsockopt(SOL_TCP, TCP_INFO).sndMss).toBe(1448);
});
