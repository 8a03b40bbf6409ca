/** TCP_REPAIR of signed connections: keys are set anew, TCP_AO_REPAIR has the numbers. */
import {
  AF_INET,
  SOCK_STREAM,
  SOL_TCP,
  type Socket,
  TCP_AO_ADD_KEY,
  TCP_AO_INFO,
  TCP_AO_REPAIR,
  TCP_MD5SIG,
  TCP_REPAIR,
  TCP_REPAIR_ON,
  type TcpAoAdd,
  type TcpAoRepair,
} from '@stack/socket';
import { expect, it } from 'vitest';
import { type Lan, lan, pattern } from './fixture.ts';
import { mac } from './mac.ts';
import { checkpoint, restore } from './repair.fixture.ts';
import { dropsOf, keyBytes, open, serve } from './signed.fixture.ts';

const A = '192.168.1.10';
const B = '192.168.1.100';

/** What the peer makes of the byte that asks for its window, when the new socket goes on. */
const PROBE = { TCP_OLD_SEQUENCE: 1 };

const setMd5 = (socket: Socket, addr: string) =>
  socket.setsockopt(SOL_TCP, TCP_MD5SIG, { addr, key: keyBytes('secret') });
const addKey = (socket: Socket, addr: string, part: Partial<TcpAoAdd> = {}) => {
  const key = { prefix: 32, sndid: 1, rcvid: 1, algName: 'hmac(sha1)', key: keyBytes('secret') };
  socket.setsockopt(SOL_TCP, TCP_AO_ADD_KEY, { addr, ...key, ...part });
};
const code = (name: string) => expect.objectContaining({ code: name });

/** Sends so many bytes, and waits for as many. */
async function echo(socket: Socket, length: number): Promise<void> {
  await socket.sendall(pattern(length, length));
  for (let left = length; left > 0; ) left -= (await socket.recv(left)).length;
}

function fresh(host: Lan['a']): Socket {
  return host.socket(AF_INET, SOCK_STREAM);
}

it.each([
  ['a key', true],
  ['none', false],
])('MD5: the new socket has %s', async (_, hasKey) => {
  const { a, b, clock } = lan({ mac, delay: 1000 });
  serve(b, (socket) => setMd5(socket, A));
  const client = open(a, (socket) => setMd5(socket, B));
  await clock.run(client.echo(50_000));
  const taken = await checkpoint(client.socket);
  const socket = fresh(a);
  if (hasKey) setMd5(socket, B);
  await clock.run(restore(socket, taken));
  if (hasKey) {
    await clock.run(echo(socket, 50_000));
    expect([dropsOf(a), dropsOf(b)]).toEqual([{}, PROBE]);
  } else {
    await socket.send('x');
    await clock.runFor(1_000_000);
    expect(Object.keys(dropsOf(b))).toEqual(['TCP_MD5NOTFOUND']);
  }
});

it.each([
  ['before it connects', true, {}],
  ['when it is connected', false, { setCurrent: true, setRnext: true }],
  ['when it is connected, and the only one of them is in use', false, {}],
])('TCP-AO, behind the wraps of both numbers: the new socket has its key %s', async (_, before, part) => {
  const { a, b, clock } = lan({ mac, delay: 1000 });
  a.tcp.secure.seq = () => -20_000;
  b.tcp.secure.seq = () => -30_000;
  serve(b, (socket) => addKey(socket, A));
  const client = open(a, (socket) => addKey(socket, B));
  await clock.run(client.echo(50_000));
  client.socket.setsockopt(SOL_TCP, TCP_REPAIR, TCP_REPAIR_ON);
  const numbers = client.socket.getsockopt(SOL_TCP, TCP_AO_REPAIR);
  const isns = { sntIsn: 2 ** 32 - 20_000, rcvIsn: 2 ** 32 - 30_000 };
  expect(numbers).toEqual({ ...isns, sndSne: 1, rcvSne: 1 });
  const taken = await checkpoint(client.socket);
  const socket = fresh(a);
  if (before) addKey(socket, B, part);
  const connected = () => {
    if (!before) addKey(socket, B, part);
    socket.setsockopt(SOL_TCP, TCP_AO_REPAIR, numbers);
    expect(socket.getsockopt(SOL_TCP, TCP_AO_REPAIR)).toEqual(numbers);
  };
  await clock.run(restore(socket, taken, connected));
  expect(socket.getsockopt(SOL_TCP, TCP_AO_INFO)).toMatchObject({ current: 1, rnext: 1 });
  await clock.run(echo(socket, 50_000));
  expect([dropsOf(a), dropsOf(b)]).toEqual([{}, PROBE]);
});

it('TCP_AO_REPAIR knows of a wrap that the last ACK told of', async () => {
  const { a, b, clock } = lan({ mac, delay: 1000 });
  a.tcp.secure.seq = () => -20_000;
  const listener = fresh(b);
  addKey(listener, A);
  listener.bind({ port: 179 });
  listener.listen(1);
  const client = open(a, (socket) => addKey(socket, B));
  await clock.run(client.connect());
  await clock.run(client.socket.sendall(pattern(20_000, 1)));
  await clock.runFor(1_000_000);
  client.socket.setsockopt(SOL_TCP, TCP_REPAIR, TCP_REPAIR_ON);
  expect(client.socket.getsockopt(SOL_TCP, TCP_AO_REPAIR)).toMatchObject({ sndSne: 1, rcvSne: 0 });
});

it('TCP_AO_REPAIR refuses what it cannot do', () => {
  const { a } = lan({ mac });
  const socket = fresh(a);
  const numbers = { sntIsn: 1, rcvIsn: 2, sndSne: 3, rcvSne: 4 };
  const get = () => socket.getsockopt(SOL_TCP, TCP_AO_REPAIR);
  const set = (part: object) => () =>
    socket.setsockopt(SOL_TCP, TCP_AO_REPAIR, { ...numbers, ...part } as TcpAoRepair);
  addKey(socket, B);
  for (const call of [get, set({})]) expect(call).toThrow(code('EPERM'));
  socket.setsockopt(SOL_TCP, TCP_REPAIR, TCP_REPAIR_ON);
  for (const name of Object.keys(numbers)) expect(set({ [name]: 0.5 })).toThrow(code('EINVAL'));
  set({})();
  expect(get()).toEqual(numbers);
  const other = fresh(a);
  other.setsockopt(SOL_TCP, TCP_REPAIR, TCP_REPAIR_ON);
  expect(() => other.getsockopt(SOL_TCP, TCP_AO_REPAIR)).toThrow(code('ENOENT'));
  expect(() => other.setsockopt(SOL_TCP, TCP_AO_REPAIR, numbers)).toThrow(code('ENOENT'));
  const plain = fresh(lan().a);
  expect(() => plain.setsockopt(SOL_TCP, TCP_AO_REPAIR, numbers)).toThrow(code('ENOPROTOOPT'));
  expect(() => plain.getsockopt(SOL_TCP, TCP_AO_REPAIR)).toThrow(code('ENOPROTOOPT'));
});
