import type { Frame } from '@stack/nic-sim';
import {
  AF_INET,
  SO_LINGER,
  SOCK_STREAM,
  SOL_SOCKET,
  SOL_TCP,
  type Socket,
  TCP_INFO,
  TCP_MD5SIG,
  TCP_MD5SIG_EXT,
  TCP_MD5SIG_FLAG_IFINDEX,
  TCP_MD5SIG_FLAG_PREFIX,
  TCP_SYNCNT,
  TCP_USER_TIMEOUT,
} from '@stack/socket';
import * as tcp from '@stack/tcp';
import { describe, expect, it } from 'vitest';
import { type Lan, type LanOptions, lan, pattern } from './fixture.ts';
import { mac } from './mac.ts';
import { marking } from './marking.fixture.ts';
import {
  countersOf,
  dropsOf,
  hasSack,
  keyBytes,
  open,
  type Seen,
  segmentsOf,
  serve,
} from './signed.fixture.ts';

const A = '192.168.1.10';
const B = '192.168.1.100';
const KEY = { key: keyBytes('secret') };

const signed = (options: LanOptions = {}): Lan => lan({ mac, delay: 1000, ...options });
const setKey = (socket: Socket, addr: string, key = KEY.key) =>
  socket.setsockopt(SOL_TCP, TCP_MD5SIG, { addr, key });
const isSigned = ({ options }: Seen) => options.some(({ kind }) => kind === tcp.TCPOPT_MD5SIG);

describe('TCP_MD5SIG', () => {
  it('signs every segment of a connection, from the SYN to the last ACK of TIME-WAIT', async () => {
    const network = signed();
    const seen = segmentsOf(network.wire);
    const listener = serve(network.b, (socket) => setKey(socket, A));
    const socket = open(network.a, (own) => setKey(own, B));
    const sent = pattern(100_000, 1);
    const back = await network.clock.run(socket.exchange(sent));
    expect(back).toEqual(sent);
    await network.clock.run(listener.close());
    await network.clock.runFor(90_000_000);
    expect(seen.length).toBeGreaterThan(100);
    expect(seen.every(isSigned)).toBe(true);
    expect(network.a.drops).toEqual({});
    expect(network.b.drops).toEqual({});
    // No super-packet: what the card cut could not be signed.
    expect(Math.max(...seen.map(({ length }) => length))).toBe(1500 - 20 - 20 - 20);
  });

  it('goes without timestamps, and SYNs keep what else they have', async () => {
    const network = signed();
    const seen = segmentsOf(network.wire);
    serve(network.b, (socket) => setKey(socket, A));
    const socket = open(network.a, (own) => setKey(own, B));
    await network.clock.run(socket.connect());
    const kinds = (index: number) => (seen[index] as Seen).options.map(({ kind }) => kind);
    for (const index of [0, 1]) expect(kinds(index)).toEqual([1, 1, 19, 2, 1, 1, 4, 1, 3]);
    expect(socket.socket.getsockopt(SOL_TCP, TCP_INFO)).toMatchObject({ options: 2 | 4, sndMss: 1440 });
  });

  it.each([1, 2, 3])('survives loss, reordering and corruption (seed %i)', async (seed) => {
    const network = signed({
      seed,
      loss: 0.03,
      reorder: 0.05,
      reorderDelay: 3000,
      duplicate: 0.01,
      corrupt: 0.01,
    });
    serve(network.b, (socket) => setKey(socket, A));
    const socket = open(network.a, (own) => setKey(own, B));
    const sent = pattern(200_000, seed);
    expect(await network.clock.run(socket.exchange(sent))).toEqual(sent);
    for (const host of [network.a, network.b]) {
      expect(host.nstat()).toMatchObject({ TcpExtTCPMD5Failure: 0, TcpExtTCPMD5NotFound: 0 });
    }
  });

  it.each([
    ['a wrong key', 'other', 'secret', 'TCP_MD5FAILURE', 'TcpExtTCPMD5Failure'],
    ['no key', '', 'secret', 'TCP_MD5NOTFOUND', 'TcpExtTCPMD5NotFound'],
    ['a key for nobody', 'secret', '', 'TCP_MD5UNEXPECTED', 'TcpExtTCPMD5Unexpected'],
  ])('%s: the connection times out, without an answer', async (_, ours, theirs, reason, counter) => {
    const network = signed();
    const seen = segmentsOf(network.wire);
    serve(network.b, (socket) => theirs !== '' && setKey(socket, A, keyBytes(theirs)));
    const socket = open(network.a, (own) => {
      if (ours !== '') setKey(own, B, keyBytes(ours));
      own.setsockopt(SOL_TCP, TCP_SYNCNT, 2);
    });
    await expect(network.clock.run(socket.connect())).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(seen.length).toBeGreaterThan(2);
    expect(seen.every(({ flags }) => flags === tcp.SYN)).toBe(true);
    expect(dropsOf(network.b)).toEqual({ [reason]: seen.length });
    expect(network.b.nstat()[counter]).toBe(seen.length);
  });

  it('signs a RST', async () => {
    const network = signed();
    const seen = segmentsOf(network.wire);
    const listener = serve(network.b, (socket) => setKey(socket, A));
    const socket = open(network.a, (own) => setKey(own, B));
    await network.clock.run(socket.connect());
    socket.socket.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: true, linger: 0 });
    await network.clock.run(socket.socket.close());
    await expect(network.clock.run(listener.failed)).resolves.toMatchObject({ code: 'ECONNRESET' });
    const last = seen.at(-1) as Seen;
    expect(last.flags & tcp.RST).not.toBe(0);
    expect(isSigned(last)).toBe(true);
  });

  it.each([
    ['a RST without a signature', '', 'TCP_MD5NOTFOUND', 'TcpExtTCPMD5NotFound'],
    ['one of another key', 'other', 'TCP_MD5FAILURE', 'TcpExtTCPMD5Failure'],
  ])('%s ends nothing', async (_, key, reason, counter) => {
    const network = signed();
    const seen = segmentsOf(network.wire);
    const server = serve(network.b, (socket) => setKey(socket, A));
    const { connect, socket } = open(network.a, (own) => setKey(own, B));
    await network.clock.run(connect());
    const theirs = (await network.clock.run(server.accepted)) as Socket;
    setKey(socket, B, keyBytes(key));
    socket.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: true, linger: 0 });
    await network.clock.run(socket.close());
    await network.clock.runFor(1_000_000);
    expect((seen.at(-1) as Seen).flags & tcp.RST).not.toBe(0);
    expect(dropsOf(network.b)).toEqual({ [reason]: 1 });
    expect(network.b.nstat()).toMatchObject({ [counter]: 1, TcpEstabResets: 0 });
    expect(theirs.getsockopt(SOL_TCP, TCP_INFO)).toMatchObject({ state: 1 });
  });

  it('answers SYNs with cookies as ever', async () => {
    const network = signed({ sysctl: { 'net.ipv4.tcp_syncookies': 2 } });
    const seen = segmentsOf(network.wire);
    serve(network.b, (socket) => setKey(socket, A));
    const client = open(network.a, (own) => setKey(own, B));
    await network.clock.run(client.echo(100_000));
    expect(seen.every(isSigned)).toBe(true);
    expect(network.b.nstat()).toMatchObject({
      TcpExtSyncookiesSent: 1,
      TcpExtSyncookiesRecv: 1,
      TcpExtSyncookiesFailed: 0,
    });
    // Its SYN has no timestamps: all else is forgotten, and the SYN-ACK says so.
    expect(client.socket.getsockopt(SOL_TCP, TCP_INFO)).toMatchObject({ options: 0 });
    expect([dropsOf(network.a), dropsOf(network.b)]).toEqual([{}, {}]);
  });

  it('goes together with Accurate ECN', async () => {
    const marks = marking(30).loss;
    const loss = (index: number, frame: Frame) => marks(index, frame) || index % 40 === 19;
    const network = signed({ delay: 5000, loss, sysctl: { 'net.ipv4.tcp_ecn': 3 } });
    const seen = segmentsOf(network.wire);
    serve(network.b, (socket) => setKey(socket, A));
    const client = open(network.a, (own) => setKey(own, B));
    await network.clock.run(client.echo(300_000));
    expect(seen.every(isSigned)).toBe(true);
    expect([dropsOf(network.a), dropsOf(network.b)]).toEqual([{}, {}]);
    const told = countersOf(seen);
    expect(told[1]).toBe(2); // what a SYN-ACK has room for beside the signature
    expect(new Set(told)).toContain(3);
    // And there are blocks of SACK beside both, as far as there is room.
    expect(seen.some((segment, index) => told[index] !== 0 && hasSack(segment))).toBe(true);
    const { deliveredCe = 0 } = client.socket.getsockopt(SOL_TCP, TCP_INFO);
    expect(deliveredCe).toBeGreaterThan(5);
  });

  it('signs the RST that refuses data after a close', async () => {
    const network = signed();
    const seen = segmentsOf(network.wire);
    const server = serve(network.b, (socket) => setKey(socket, A));
    const client = open(network.a, (own) => setKey(own, B));
    await network.clock.run(client.echo(10));
    await network.clock.run((await network.clock.run(server.accepted)).close());
    await network.clock.runFor(100_000);
    await network.clock.run(client.socket.sendall(pattern(10, 1)));
    await network.clock.runFor(100_000);
    const last = seen.at(-1) as Seen;
    expect([last.flags & tcp.RST, isSigned(last)]).toEqual([tcp.RST, true]);
    expect(dropsOf(network.a)).not.toHaveProperty('TCP_MD5NOTFOUND');
  });

  it('signs segments as large as they come', async () => {
    const network = signed();
    const seen = segmentsOf(network.wire);
    for (const host of [network.a, network.b]) host.link.set('eth0', { mtu: 9000 });
    serve(network.b, (socket) => setKey(socket, A));
    const client = open(network.a, (own) => setKey(own, B));
    await network.clock.run(client.echo(50_000));
    expect(Math.max(...seen.map(({ length }) => length))).toBe(9000 - 20 - 20 - 20);
    expect([dropsOf(network.a), dropsOf(network.b)]).toEqual([{}, {}]);
  });

  it('keeps the bytes of a key, and a key for a device beside another', async () => {
    const network = signed();
    const key = keyBytes('first');
    const flags = TCP_MD5SIG_FLAG_IFINDEX;
    const server = serve(network.b, (socket) => {
      setKey(socket, A, KEY.key);
      setKey(socket, A, key);
      key.fill(0);
      socket.setsockopt(SOL_TCP, TCP_MD5SIG_EXT, { addr: A, flags, key: KEY.key });
      socket.setsockopt(SOL_TCP, TCP_MD5SIG_EXT, { addr: A, flags, key: new Uint8Array(0) });
    });
    const client = open(network.a, (own) => setKey(own, B, keyBytes('first')));
    await network.clock.run(client.echo(10));
    await network.clock.run(server.accepted);
    expect(dropsOf(network.b)).toEqual({});
  });

  it('does not refuse a signed SYN where nobody listens', async () => {
    // Nobody there could sign the RST.
    const network = signed();
    const seen = segmentsOf(network.wire);
    const socket = open(network.a, (own) => {
      setKey(own, B);
      own.setsockopt(SOL_TCP, TCP_SYNCNT, 1);
    });
    await expect(network.clock.run(socket.connect())).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(seen.every(({ flags }) => flags === tcp.SYN)).toBe(true);
    expect(dropsOf(network.b)).toEqual({ NO_SOCKET: seen.length });
  });

  it('changes the key of a connection: what comes with the old one is dropped', async () => {
    const network = signed();
    const listener = serve(network.b, (socket) => setKey(socket, A));
    const socket = open(network.a, (own) => setKey(own, B));
    await network.clock.run(socket.connect());
    await network.clock.run(socket.echo(10));
    await network.clock.runFor(1_000_000); // nothing is on its way
    const next = keyBytes('next');
    setKey(socket.socket, B, next);
    setKey((await network.clock.run(listener.accepted)) as Socket, A, next);
    await network.clock.run(socket.echo(3000));
    expect(dropsOf(network.b)).toEqual({});
    setKey(socket.socket, B, KEY.key);
    socket.socket.setsockopt(SOL_TCP, TCP_USER_TIMEOUT, 5000);
    await expect(network.clock.run(socket.echo(10))).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(Object.keys(dropsOf(network.b))).toEqual(['TCP_MD5FAILURE']);
  });

  it('takes the key of the longest prefix', async () => {
    const network = signed();
    const prefix = (addr: string, prefixlen: number, key: string) => ({
      addr,
      prefixlen,
      flags: TCP_MD5SIG_FLAG_PREFIX,
      key: keyBytes(key),
    });
    serve(network.b, (socket) => {
      socket.setsockopt(SOL_TCP, TCP_MD5SIG_EXT, prefix('192.168.1.0', 24, 'near'));
      socket.setsockopt(SOL_TCP, TCP_MD5SIG_EXT, prefix('192.168.0.0', 16, 'far'));
      socket.setsockopt(SOL_TCP, TCP_MD5SIG_EXT, prefix('10.0.0.0', 8, 'other'));
    });
    const socket = open(network.a, (own) => setKey(own, B, keyBytes('near')));
    await network.clock.run(socket.echo(100));
    expect(dropsOf(network.b)).toEqual({});
  });

  it('refuses what Linux refuses', () => {
    const { a } = signed();
    const socket = a.socket(AF_INET, SOCK_STREAM);
    const set = (option: typeof TCP_MD5SIG | typeof TCP_MD5SIG_EXT, value: object) => () =>
      socket.setsockopt(SOL_TCP, option, value as never);
    const code = (name: string) => expect.objectContaining({ code: name });
    const peer = { addr: B, key: new Uint8Array(0) };
    expect(set(TCP_MD5SIG, peer)).toThrow(code('ENOENT'));
    expect(set(TCP_MD5SIG, { addr: B, key: new Uint8Array(81) })).toThrow(code('EINVAL'));
    expect(set(TCP_MD5SIG, { addr: 'b', key: KEY.key })).toThrow(code('EINVAL'));
    expect(set(TCP_MD5SIG, { addr: B })).toThrow(code('EINVAL'));
    expect(set(TCP_MD5SIG, { ...KEY })).toThrow(code('EINVAL'));
    const flags = TCP_MD5SIG_FLAG_PREFIX | TCP_MD5SIG_FLAG_IFINDEX;
    expect(set(TCP_MD5SIG_EXT, { ...peer, ...KEY, flags, prefixlen: 33 })).toThrow(code('EINVAL'));
    expect(set(TCP_MD5SIG_EXT, { ...peer, ...KEY, flags, prefixlen: 32, ifindex: 1 })).toThrow(
      code('EINVAL'),
    );
    set(TCP_MD5SIG, { addr: B, key: new Uint8Array(80) })();
    set(TCP_MD5SIG, peer)();
    expect(set(TCP_MD5SIG, peer)).toThrow(code('ENOENT'));
    expect(() => socket.getsockopt(SOL_TCP, TCP_MD5SIG)).toThrow(code('ENOPROTOOPT'));
  });

  it('is no option of a host without a mac', () => {
    const plain = lan().a.socket(AF_INET, SOCK_STREAM);
    expect(() => setKey(plain, B)).toThrow(expect.objectContaining({ code: 'ENOPROTOOPT' }));
  });
});
