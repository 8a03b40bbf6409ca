/** What calls answer in odd places: each row as Linux 6.18 does, observed with the same calls in network namespaces. */
import {
  type AddressInput,
  AF_INET,
  AF_UNSPEC,
  IP_MTU_DISCOVER,
  IP_PMTUDISC_DO,
  IP_RECVERR,
  IP_TTL,
  IPPROTO_ICMP,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_OOB,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  SHUT_RD,
  SHUT_WR,
  SO_DONTROUTE,
  SO_ERROR,
  SO_MARK,
  SO_PRIORITY,
  SO_REUSEADDR,
  SO_TIMESTAMP,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  SOL_IP,
  SOL_SOCKET,
  SOL_TCP,
  SOL_UDP,
  type Socket,
  TCP_CONGESTION,
  TCP_NODELAY,
  UDP_CORK,
} from '@stack/socket';
import { describe, expect, it } from 'vitest';
import { lan, routed } from './fixture.ts';
import { vethPair } from './index.ts';

const B = '192.168.1.100';

/** The code that a call fails with; what it gives, where it does not fail. */
async function answer(call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    return (error as { code?: string }).code ?? error;
  }
}

/** A connection from a to b:7, both ends. */
async function connection() {
  const { clock, a, b } = lan();
  const listener = b.socket(AF_INET, SOCK_STREAM);
  listener.bind({ port: 7 });
  listener.listen(1);
  const near = a.socket(AF_INET, SOCK_STREAM);
  const [far] = await clock.run(Promise.all([listener.accept(), near.connect({ address: B, port: 7 })]));
  return { clock, a, b, near, far };
}

describe('TCP', () => {
  it('a connect that failed leaves a socket that never was connected', async () => {
    const { clock, a } = lan();
    const socket = a.socket(AF_INET, SOCK_STREAM);
    expect(await clock.run(answer(() => socket.connect({ address: B, port: 9 })))).toBe('ECONNREFUSED');
    expect(socket.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(0);
    expect(await answer(() => socket.send('x'))).toBe('EPIPE');
    expect(await answer(() => socket.recv(10))).toBe('ENOTCONN');
    expect(await socket.poll(POLLIN | POLLOUT, 0)).toBe(POLLOUT | POLLHUP);
    expect(await clock.run(answer(() => socket.connect({ address: B, port: 9 })))).toBe('ECONNREFUSED');
  });

  it('shutdown calls a handshake off, and another may begin', async () => {
    const { clock, a } = lan();
    const socket = a.socket(AF_INET, SOCK_STREAM);
    socket.nonblocking = true;
    const connect = () => answer(() => socket.connect({ address: '192.168.1.77', port: 9 }));
    expect([await connect(), await connect()]).toEqual(['EINPROGRESS', 'EALREADY']);
    socket.shutdown(SHUT_RD);
    expect(await answer(() => socket.shutdown(SHUT_WR))).toBe('ENOTCONN');
    expect([await connect(), await connect()]).toEqual(['EINPROGRESS', 'EALREADY']);
    await socket.close();
    await clock.runFor(1000);
  });

  it('to nobody in particular is to oneself', async () => {
    const { clock, a } = lan();
    const listener = a.socket(AF_INET, SOCK_STREAM);
    listener.bind({ port: 7 });
    listener.listen(1);
    const socket = a.socket(AF_INET, SOCK_STREAM);
    await clock.run(socket.connect({ address: '0.0.0.0', port: 7 }));
    expect(socket.getpeername()).toMatchObject({ address: '127.0.0.1', port: 7 });
    const other = a.socket(AF_INET, SOCK_STREAM);
    expect(await clock.run(answer(() => other.connect({ address: '0.0.0.0', port: 9 })))).toBe(
      'ECONNREFUSED',
    );
  });

  it.each(['255.255.255.255', '192.168.1.255', '224.0.0.1'])('binds to %s, as UDP does', (address) => {
    const { a } = lan();
    for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
      const socket = a.socket(AF_INET, type);
      socket.bind({ address, port: 80 });
      expect(socket.getsockname()).toMatchObject({ address, port: 80 });
    }
  });

  it('a receive of nothing waits, fails and ends as any other', async () => {
    const { clock, near, far, a } = await connection();
    expect(await answer(() => far.recv(0, MSG_DONTWAIT))).toBe('EAGAIN');
    const waiting = far.recv(0);
    await near.send('x');
    expect(await clock.run(waiting)).toHaveLength(0);
    expect(await far.recv(0, MSG_DONTWAIT)).toHaveLength(0);
    expect(await far.recv(9)).toHaveLength(1);
    near.shutdown(SHUT_WR);
    await clock.runFor(1000);
    expect(await far.recv(0)).toHaveLength(0);
    expect(await answer(() => a.socket(AF_INET, SOCK_STREAM).recv(0))).toBe('ENOTCONN');
  });
});

describe('datagrams', () => {
  it.each([
    ['UDP', SOCK_DGRAM, 0],
    ['raw', SOCK_RAW, IPPROTO_ICMP],
    ['ping', SOCK_DGRAM, IPPROTO_ICMP],
  ])('%s: who shut reading down hears of the end only where it would wait', async (_, type, protocol) => {
    const { a } = lan();
    const socket = a.socket(AF_INET, type, protocol);
    expect(await answer(() => socket.shutdown(SHUT_RD))).toBe('ENOTCONN');
    expect(await answer(() => socket.recv(10, MSG_DONTWAIT))).toBe('EAGAIN');
    expect(await answer(() => socket.recvmsg({ length: 10, flags: MSG_ERRQUEUE }))).toBe('EAGAIN');
    expect(await socket.recv(10)).toHaveLength(0);
  });

  it('a peer without a port has no name', async () => {
    const { a } = lan();
    const name = async (socket: Socket, port: number) => {
      await socket.connect({ address: B, port });
      return answer(() => socket.getpeername());
    };
    const peer = (port: number) => ({ address: B, family: 'IPv4', port });
    expect(await name(a.socket(AF_INET, SOCK_DGRAM), 0)).toBe('ENOTCONN');
    expect(await name(a.socket(AF_INET, SOCK_DGRAM), 9)).toEqual(peer(9));
    expect(await name(a.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), 0)).toBe('ENOTCONN');
    expect(await name(a.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), 9)).toEqual(peer(9));
  });

  it('AF_UNSPEC is any address', async () => {
    const { a } = lan();
    const unspec: AddressInput = { family: 'unspec' };
    for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
      const socket = a.socket(AF_INET, type);
      socket.bind(unspec);
      expect(socket.getsockname()).toMatchObject({ address: '0.0.0.0' });
      expect(await answer(() => socket.bind(unspec))).toBe('EINVAL');
    }
    expect(await answer(() => a.socket(AF_INET, SOCK_DGRAM).sendto('x', unspec))).toBe('EINVAL');
    expect(await answer(() => a.socket(AF_UNSPEC, SOCK_DGRAM))).toBe('EAFNOSUPPORT');
  });

  it('the entry of a datagram that is too long names the port of the peer, not its own', async () => {
    const { a } = lan();
    const socket = a.socket(AF_INET, SOCK_DGRAM);
    socket.setsockopt(SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
    socket.setsockopt(SOL_IP, IP_RECVERR, 1);
    const port = async () => {
      const long = new Uint8Array(1473);
      expect(await answer(() => socket.sendto(long, { address: B, port: 9 }))).toBe('EMSGSIZE');
      return ((await socket.recvmsg({ length: 1, flags: MSG_ERRQUEUE })).address as { port: number }).port;
    };
    expect(await port()).toBe(0);
    await socket.connect({ address: B, port: 5 });
    expect(await port()).toBe(5);
  });

  it.each([
    [0, 'EINVAL'],
    [1, 2],
    [255, 2],
    [256, 'EINVAL'],
    [-1, 'EINVAL'],
    [1.5, 'EINVAL'],
  ])('a control message of TTL %s: %s', async (value, expected) => {
    const { a } = lan();
    const socket = a.socket(AF_INET, SOCK_DGRAM);
    const control = [{ level: SOL_IP, type: IP_TTL, value }];
    expect(
      await answer(() => socket.sendmsg({ data: 'hi', address: { address: B, port: 9 }, control })),
    ).toBe(expected);
  });

  it.each([
    ['UDP', SOCK_DGRAM, 0],
    ['raw', SOCK_RAW, IPPROTO_ICMP],
    ['ping', SOCK_DGRAM, IPPROTO_ICMP],
  ])('%s: a control message of SO_MARK chooses the route of one packet', async (_, type, protocol) => {
    const { clock, a } = lan();
    a.rule.add({ fwmark: 7, table: 100 });
    a.route.add('default', { type: 'prohibit', table: 100 });
    const socket = a.socket(AF_INET, type, protocol);
    const data = Uint8Array.of(8, 0, 0xf7, 0xff, 0, 0, 0, 0);
    await socket.connect({ address: B, port: 9 });
    const send = (value: number) =>
      answer(() => socket.sendmsg({ data, control: [{ level: SOL_SOCKET, type: SO_MARK, value }] }));
    expect([await send(0), await send(7), await send(8)]).toEqual([8, 'EACCES', 8]);
    await clock.runFor(10_000);
  });

  it('a raw ICMP socket reads type and code first, and what it sends is counted', async () => {
    const { clock, a } = lan();
    const socket = a.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    const to = { address: B, port: 0 };
    expect(await answer(() => socket.sendto(Uint8Array.of(8), to))).toBe('EFAULT');
    await socket.sendto(Uint8Array.of(8, 0, 0xf7, 0xff, 0, 0, 0, 0), to);
    await socket.sendto(Uint8Array.of(99, 0), to);
    await clock.runFor(10_000);
    const { IcmpOutMsgs, IcmpOutEchos, IcmpMsgOutType8, IcmpMsgOutType99 } = a.nstat();
    expect([IcmpOutMsgs, IcmpOutEchos, IcmpMsgOutType8, IcmpMsgOutType99]).toEqual([2, 1, 1, 1]);
    expect(await answer(() => socket.recv(10, MSG_OOB))).toBe('EOPNOTSUPP');
    expect(socket.getsockopt(SOL_SOCKET, SO_REUSEADDR)).toBe(1);
  });
});

describe('SO_TIMESTAMP', () => {
  it.each(['a NIC', 'a veth', 'lo'])('tells when a datagram came in by %s', async (kind) => {
    const { clock, a, b } = lan();
    if (kind === 'a veth') {
      const [near, far] = vethPair({ addresses: [0x02_00_00_00_00_21, 0x02_00_00_00_00_22] });
      a.link.add(near, { up: true });
      b.link.add(far, { up: true });
      a.addr.add('10.0.0.1/24', { dev: 'veth0' });
      b.addr.add('10.0.0.2/24', { dev: 'veth1' });
    }
    const [from, address] = kind === 'lo' ? [b, '127.0.0.1'] : [a, kind === 'a NIC' ? B : '10.0.0.2'];
    await clock.runFor(5_000_000);
    const receiver = b.socket(AF_INET, SOCK_DGRAM);
    receiver.bind({ port: 9 });
    const sender = from.socket(AF_INET, SOCK_DGRAM);
    const received = async () => {
      await sender.sendto('x', { address, port: 9 });
      return (await clock.run(receiver.recvmsg({ length: 9 }))).control;
    };
    expect(await received()).toEqual([]);
    receiver.setsockopt(SOL_SOCKET, SO_TIMESTAMP, 1);
    expect(await received()).toMatchObject([{ level: SOL_SOCKET, type: SO_TIMESTAMP, value: { sec: 5 } }]);
  });

  it('is for those alone who asked, on a stream too', async () => {
    const { clock, near, far } = await connection();
    const received = async () => {
      await near.send('x');
      return (await clock.run(far.recvmsg({ length: 9 }))).control;
    };
    expect(await received()).toEqual([]);
    far.setsockopt(SOL_SOCKET, SO_TIMESTAMP, 1);
    expect(await received()).toMatchObject([{ level: SOL_SOCKET, type: SO_TIMESTAMP }]);
  });
});

it('a send that finds no port does not wait for one', async () => {
  const { a } = lan({ sysctl: { 'net.ipv4.ip_local_port_range': [40_000, 40_000] } });
  const send = () => answer(() => a.socket(AF_INET, SOCK_DGRAM).sendto('x', { address: B, port: 9 }));
  expect([await send(), await send()]).toEqual([1, 'EAGAIN']);
});

it('ip_nonlocal_bind lets anything be bound', () => {
  const { a } = lan();
  for (const type of [SOCK_STREAM, SOCK_DGRAM, SOCK_RAW]) {
    const bind = () =>
      a.socket(AF_INET, type, type === SOCK_RAW ? 1 : 0).bind({ address: '10.9.9.9', port: 80 });
    a.sysctl.set('net.ipv4.ip_nonlocal_bind', 0);
    expect(bind).toThrow(expect.objectContaining({ code: 'EADDRNOTAVAIL' }));
    a.sysctl.set('net.ipv4.ip_nonlocal_bind', 1);
    expect(bind).not.toThrow();
  }
});

it('a connection inherits SO_DONTROUTE from its listener, and no SO_PRIORITY', async () => {
  const { clock, a, b } = lan();
  const listener = b.socket(AF_INET, SOCK_STREAM);
  listener.setsockopt(SOL_SOCKET, SO_DONTROUTE, 1);
  listener.setsockopt(SOL_SOCKET, SO_PRIORITY, 3);
  listener.bind({ port: 7 });
  listener.listen(1);
  const connecting = a.socket(AF_INET, SOCK_STREAM).connect({ address: B, port: 7 });
  const [child] = await clock.run(Promise.all([listener.accept(), connecting]));
  expect(child.getsockopt(SOL_SOCKET, SO_DONTROUTE)).toBe(1);
  expect(child.getsockopt(SOL_SOCKET, SO_PRIORITY)).toBe(0);
});

describe('options', () => {
  it('SO_DONTROUTE keeps to the links', async () => {
    const { clock, client } = routed();
    const far = { address: '10.0.2.2', port: 9 };
    for (const [type, protocol] of [
      [SOCK_STREAM, 0],
      [SOCK_DGRAM, 0],
      [SOCK_RAW, IPPROTO_ICMP],
    ] as const) {
      const socket = client.socket(AF_INET, type, protocol);
      expect(socket.getsockopt(SOL_SOCKET, SO_DONTROUTE)).toBe(0);
      socket.setsockopt(SOL_SOCKET, SO_DONTROUTE, 1);
      expect(socket.getsockopt(SOL_SOCKET, SO_DONTROUTE)).toBe(1);
      expect(await clock.run(answer(() => socket.connect(far)))).toBe('ENETUNREACH');
      socket.setsockopt(SOL_SOCKET, SO_DONTROUTE, 0);
      expect(await clock.run(answer(() => socket.connect(far)))).toBe(
        type === SOCK_STREAM ? 'ECONNREFUSED' : undefined,
      );
    }
  });

  it.each([
    ['a level of another protocol', SOCK_DGRAM, SOL_TCP, TCP_NODELAY],
    ['a level of another protocol', SOCK_STREAM, SOL_UDP, UDP_CORK],
    ['a level that is nobody’s', SOCK_STREAM, 555, 1],
  ])('%s: neither set nor read, with different words', async (_, type, level, option) => {
    const socket = lan().a.socket(AF_INET, type);
    expect(await answer(() => socket.setsockopt(level, option, 1))).toBe('ENOPROTOOPT');
    expect(await answer(() => socket.getsockopt(level, option))).toBe('EOPNOTSUPP');
  });

  it('no congestion control is EINVAL, an unknown one ENOENT', async () => {
    const socket = lan().a.socket(AF_INET, SOCK_STREAM);
    expect(await answer(() => socket.setsockopt(SOL_TCP, TCP_CONGESTION, ''))).toBe('EINVAL');
    expect(await answer(() => socket.setsockopt(SOL_TCP, TCP_CONGESTION, 'nosuch'))).toBe('ENOENT');
  });

  it.each([
    [SOCK_STREAM, -1, 'EINVAL'],
    [SOCK_STREAM, 17, 'EPROTONOSUPPORT'],
    [SOCK_STREAM, 263, 'EINVAL'],
    [SOCK_RAW, 300, 'EINVAL'],
    [SOCK_RAW, 0, 'EPROTONOSUPPORT'],
  ])('a socket of type %i with protocol %i: %s', async (type, protocol, expected) => {
    expect(await answer(() => lan().a.socket(AF_INET, type, protocol))).toBe(expected);
  });
});

it('the fragments of a datagram are counted one by one', async () => {
  const { clock, a, b } = lan();
  const receiver = b.socket(AF_INET, SOCK_DGRAM);
  receiver.bind({ port: 9 });
  await a.socket(AF_INET, SOCK_DGRAM).sendto(new Uint8Array(5000), { address: B, port: 9 });
  await clock.run(receiver.recv(5000));
  const { IpOutRequests, IpOutTransmits, IpExtOutOctets, IpFragCreates } = a.nstat();
  expect([IpOutRequests, IpOutTransmits, IpExtOutOctets, IpFragCreates]).toEqual([1, 4, 5088, 4]);
  expect(b.nstat().IpExtInOctets).toBe(5088);
});

it('a router counts what it would forward, also where it is too long', async () => {
  const { clock, client, router } = routed({ farMtu: 1000 });
  const socket = client.socket(AF_INET, SOCK_DGRAM);
  socket.setsockopt(SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
  await socket.connect({ address: '10.0.2.2', port: 9 });
  await socket.send(new Uint8Array(1400));
  await clock.runFor(10_000);
  expect(await socket.poll(POLLERR, 0)).toBe(POLLERR);
  expect(router.nstat()).toMatchObject({ IpForwDatagrams: 1, IpFragFails: 1, IpOutTransmits: 1 }); // the error
});
